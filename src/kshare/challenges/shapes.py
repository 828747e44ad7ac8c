"""Challenges, entries and scorecards, as readers see them."""

from datetime import datetime
from uuid import UUID

from kshare.content.shapes import AudienceMember, ContentSummary
from kshare.core.choices import Choice
from kshare.core.reading import Entity, Shape
from kshare.discussion.shapes import MyRelation
from kshare.people.shapes import PersonSummary
from kshare.teams.shapes import IdeaCard, TeamCard


class ChallengeFormat(Choice):
    """How a challenge is taken part in."""

    challenge = "challenge", "People enter ideas, alone or as a team."
    hackathon = "hackathon", "Teams of a given size enter what they made."


class ChallengePhase(Choice):
    """How far a challenge is, which follows from its times."""

    draft = "draft", "Only its sponsor sees it."
    announced = "announced", "Its audience reads it; it does not take entries yet."
    open = "open", "It takes entries."
    judging = "judging", "The deadline has passed; judges score the entries."
    published = "published", "The results are known."


class Criterion(Entity):
    """What entries are judged by."""

    name: str
    """Its name."""
    weight: int
    """In per cent; all weights of a challenge add up to 100."""
    description: str
    """What a judge should look at."""


class Prize(Entity):
    """What can be won."""

    name: str
    """Its name."""
    description: str
    """What it is: an amount, time, a journey."""
    places: int
    """For how many places it is, behind those of the prizes before it."""


class Extension(Entity):
    """A deadline that was put off after the challenge had opened."""

    person: PersonSummary
    """Who put it off."""
    closes_at: datetime
    """The deadline from then on."""
    judging_until: datetime
    """The end of judging from then on."""
    reason: str
    """Why."""
    created_at: datetime
    """When it was put off."""


class ChallengeSummary(ContentSummary):
    """A challenge as lists show it; its author is its sponsor."""

    format: ChallengeFormat
    """How it is taken part in."""
    phase: ChallengePhase
    """How far it is."""
    opens_at: datetime | None
    """From when on it takes entries; null for a draft that opens as soon as it is published."""
    closes_at: datetime
    """The deadline, to the second by the server's time: an entry in this second is too late."""
    judging_until: datetime
    """Until when judges score."""
    results_at: datetime | None
    """When the results were published."""


class Challenge(ChallengeSummary):
    """A sponsor's question that ideas answer."""

    body: str
    """The text, in Markdown (CommonMark)."""
    body_html: str | None = None
    """The text as sanitised HTML; only if asked for (REST: `include=body_html`)."""
    audience: list[AudienceMember]
    """Whom it is shared with; its judges see it as well."""
    mine: MyRelation
    """What you did with it."""
    criteria: list[Criterion]
    """What entries are judged by."""
    prizes: list[Prize]
    """What can be won, the first place first."""
    judges: list[PersonSummary]
    """Who judges. Nobody judges what they take part in."""
    team_min: int | None
    """The fewest people a team may have; null unless it is a hackathon."""
    team_max: int | None
    """The most people a team may have; null unless it is a hackathon."""
    extensions: list[Extension]
    """Each time that a deadline was put off after it had opened."""
    results_note: str | None
    """Why the results were published before every judge had scored every entry."""


class ChallengeCard(Entity):
    """A challenge, as shown beside other things."""

    title: str
    """The title."""
    format: ChallengeFormat
    """How it is taken part in."""
    phase: ChallengePhase
    """How far it is."""


class ChallengeEntry(Entity):
    """An idea in a challenge. Seen by whoever sees both."""

    challenge: ChallengeCard
    """The challenge."""
    idea: IdeaCard
    """The idea."""
    team: TeamCard | None
    """The team that enters it, if you may see it."""
    entered_by: PersonSummary
    """Who entered it."""
    created_at: datetime
    """When it was entered; of an anonymous idea only the day."""
    withdrawn_at: datetime | None
    """When it was withdrawn."""
    rank: int | None
    """Its place among all entries, 1 for the best; null until the results are published, and without any score. Entries
    with the same score share a rank, and the places they fill together are left out behind them: 1, 1, 3."""
    score: float | None
    """The mean over its judges of their weighted scores, 0 to 10, to four places."""
    tied: int | None
    """How many other entries have the very same score. Each gets the prize of the rank they share, and the prizes of
    the places left out behind them are not given."""
    prize: Prize | None
    """What it won."""
    permissions: list[str]
    """What you may do with it."""


class CriterionScore(Shape):
    """A score for one criterion."""

    criterion: Criterion
    """The criterion."""
    score: int
    """0 to 10."""


class Scorecard(Entity):
    """What a judge thinks of an entry. Until the results are published only that judge sees it."""

    entry_id: UUID
    """The entry."""
    judge: PersonSummary
    """The judge."""
    abstained: bool
    """The judge gives no scores, for reasons of their own."""
    scores: list[CriterionScore]
    """A score for each criterion; none of a judge who abstains."""
    comment: str
    """What the judge says to the entrants."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was written."""
    updated_at: datetime
    """When it last changed."""
