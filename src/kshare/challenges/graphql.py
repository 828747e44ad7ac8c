"""Challenges through GraphQL."""

from uuid import UUID

from kshare.challenges import asks, shapes
from kshare.challenges.commands import challenge, entries, judging
from kshare.challenges.reads import (
    AWARDS,
    CHALLENGE,
    CHALLENGES,
    ENTRIES,
    ENTRY,
    RESULTS,
    SCORECARD,
    SCORECARDS,
)
from kshare.content.graphql import ContentFields
from kshare.core.access import Permission
from kshare.discussion.graphql import Comment
from kshare.edge.graphql import (
    VIEWS,
    First,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    many_field,
    object_type,
    one_field,
)
from kshare.ideas.graphql.idea import Idea
from kshare.people.graphql import Person
from kshare.teams.graphql import Team

READ = Permission.content_read

for enum in (shapes.ChallengeFormat, shapes.ChallengePhase):
    enum_type(enum)
Criterion = object_type(shapes.Criterion, name="ChallengeCriterion")
Prize = object_type(shapes.Prize, name="ChallengePrize")
CriterionScore = object_type(shapes.CriterionScore)


@object_type
class ChallengeExtension(shapes.Extension):
    __doc__ = shapes.Extension.__doc__
    person: Person
    """Who put it off."""


@object_type
class Challenge(ContentFields, shapes.Challenge):
    __doc__ = shapes.Challenge.__doc__
    judges: list[Person]  # type: ignore[assignment]  # a field is read, never assigned
    """Who judges. Nobody judges what they take part in."""
    extensions: list[ChallengeExtension]  # type: ignore[assignment]
    """Each time that a deadline was put off after it had opened."""

    @many_field("The newest comments that answer it directly; deleted ones only where they hold replies.")
    def comments(self, first: First = 3) -> list[Comment]:
        raise NotImplementedError


@object_type
class ChallengeEntry(shapes.ChallengeEntry):
    __doc__ = shapes.ChallengeEntry.__doc__
    challenge: Challenge  # type: ignore[assignment]
    """The challenge."""
    idea: Idea  # type: ignore[assignment]
    """The idea."""
    team: Team | None
    """The team that enters it, if you may see it."""
    entered_by: Person
    """Who entered it."""


@object_type
class ChallengeScorecard(shapes.Scorecard):
    __doc__ = shapes.Scorecard.__doc__
    judge: Person
    """The judge."""


VIEWS |= {
    "Challenge": (CHALLENGE, READ),
    "ChallengeEntry": (ENTRY, READ),
    "ChallengeScorecard": (SCORECARD, READ),
}
ChallengeConnection = connection_type(Challenge, "Challenge")
ChallengeEntryConnection = connection_type(ChallengeEntry, "ChallengeEntry")
ChallengeResultConnection = connection_type(ChallengeEntry, "ChallengeResult")
AwardConnection = connection_type(ChallengeEntry, "Award")
ChallengeScorecardConnection = connection_type(ChallengeScorecard, "ChallengeScorecard")
for filters in (asks.ChallengeFilter, asks.ScorecardFilter, asks.AwardFilter):
    input_type(filters, name=filters.__name__)
input_type(asks.CriterionAsk, name="ChallengeCriterionInput")
input_type(asks.PrizeAsk, name="ChallengePrizeInput")
input_type(asks.ScoreAsk, name="CriterionScoreInput")
_OF = {"challenge_id": "challenge"}


class Query:
    challenges = list_field(CHALLENGES, ChallengeConnection, asks.ChallengeFilter, READ, "Challenges you may see.")
    challenge = one_field(CHALLENGE, Challenge, READ, "One challenge.")
    challenge_entries = list_field(
        ENTRIES, ChallengeEntryConnection, None, READ, "The entries of a challenge.", fixed=_OF
    )
    challenge_entry = one_field(ENTRY, ChallengeEntry, READ, "One entry of a challenge.")
    challenge_results = list_field(
        RESULTS, ChallengeResultConnection, None, READ, "The entries of a challenge by rank, once published.", fixed=_OF
    )
    challenge_scorecards = list_field(
        SCORECARDS,
        ChallengeScorecardConnection,
        asks.ScorecardFilter,
        READ,
        "Your own scorecards in a challenge; everybody's once the results are published.",
        fixed=_OF,
    )
    challenge_scorecard = one_field(SCORECARD, ChallengeScorecard, READ, "One scorecard.")
    awards = list_field(AWARDS, AwardConnection, asks.AwardFilter, READ, "Entries that won a prize.")


class Mutation:
    create_challenge = command_field(
        challenge.create_challenge, Challenge, CHALLENGE, "Create a challenge, a draft unless `publish` is true."
    )
    update_challenge = command_field(
        challenge.update_challenge, Challenge, CHALLENGE, "Update a challenge before it opens."
    )
    delete_challenge = command_field(challenge.delete_challenge, UUID, None, "Delete a draft; answers its id.")
    publish_challenge = command_field(challenge.publish_challenge, Challenge, CHALLENGE, "Publish a challenge.")
    extend_challenge = command_field(
        challenge.extend_challenge, Challenge, CHALLENGE, "Put a deadline off after a challenge has opened."
    )
    enter_challenge = command_field(
        entries.enter_challenge, ChallengeEntry, ENTRY, "Enter an idea in a challenge, before its deadline."
    )
    withdraw_challenge_entry = command_field(
        entries.withdraw_entry, ChallengeEntry, ENTRY, "Withdraw an entry, until the results are published."
    )
    score_challenge_entry = command_field(
        judging.score_entry, ChallengeScorecard, SCORECARD, "Score an entry you judge; again replaces it."
    )
    publish_challenge_results = command_field(
        judging.publish_results, Challenge, CHALLENGE, "Publish the results of a challenge, all at once."
    )
