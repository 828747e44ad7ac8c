"""Challenges, as callers ask for them."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StrictBool

from kshare.challenges.shapes import ChallengeFormat, ChallengePhase
from kshare.content.shapes import Language, State
from kshare.content.taxonomy_shapes import TagName
from kshare.core.access import Classification
from kshare.core.moments import Moment
from kshare.core.principal import EVERYONE
from kshare.core.reading import Ask, Patch
from kshare.core.text import line, prose

Title = Annotated[str, line(1, 200)]
Summary = Annotated[str, prose(0, 1000)]
Body = Annotated[str, prose(0, 200_000)]
Remark = Annotated[str, prose(0, 2000)]
Reason = Annotated[str, prose(1, 500)]
Label = Annotated[str, line(1, 100)]
Tags = Annotated[list[TagName], Field(max_length=20)]
Audience = Annotated[list[UUID], Field(min_length=1, max_length=100)]
TeamSize = Annotated[int, Field(ge=1, le=100)]


class CriterionAsk(Ask):
    """What entries are to be judged by."""

    name: Label
    """Its name."""
    weight: Annotated[int, Field(ge=1, le=100)]
    """In per cent."""
    description: Remark = ""
    """What a judge should look at."""


class PrizeAsk(Ask):
    """What is to be won."""

    name: Label
    """Its name."""
    description: Remark = ""
    """What it is: an amount, time, a journey."""
    places: Annotated[int, Field(ge=1, le=100)] = 1
    """For how many places it is, behind those of the prizes before it."""


Criteria = Annotated[list[CriterionAsk], Field(min_length=1, max_length=20)]
Prizes = Annotated[list[PrizeAsk], Field(max_length=20)]
Judges = Annotated[list[UUID], Field(min_length=1, max_length=50)]
OVERALL = CriterionAsk(name="总体印象 Overall", weight=100)


class CreateChallenge(Ask):
    """A new challenge, a draft unless it is to be published at once."""

    format: ChallengeFormat = ChallengeFormat.challenge
    """How it is taken part in."""
    title: Title
    """The title, best a question."""
    summary: Summary = ""
    """What it is about, in a sentence or two."""
    body: Body = ""
    """The text, in Markdown (CommonMark)."""
    language: Language = Language.zh
    """The language it is written in."""
    category_id: UUID | None = None
    """Its place in the category tree."""
    tags: Tags = []  # noqa: RUF012
    """Tags by name or synonym; unknown ones are created."""
    audience: Audience = [EVERYONE]  # noqa: RUF012
    """Ids of the departments, groups and people it is for; by default everyone."""
    classification: Classification = Classification.internal
    """How secret it is; not above your own clearance, nor above that of a judge."""
    opens_at: Moment | None = None
    """From when on it takes entries; by default as soon as it is published."""
    closes_at: Moment
    """The deadline, to the second; fractions are cut off."""
    judging_until: Moment | None = None
    """Until when judges score; by default two weeks after the deadline."""
    criteria: Criteria = [OVERALL]  # noqa: RUF012
    """What entries are judged by; the weights add up to 100. By default the overall impression."""
    prizes: Prizes = []  # noqa: RUF012
    """What can be won, the first place first."""
    judges: Judges
    """Ids of the people who judge; not yourself, since you publish the results."""
    team_min: TeamSize | None = None
    """The fewest people a team may have; only of a hackathon, by default 2."""
    team_max: TeamSize | None = None
    """The most people a team may have; only of a hackathon, by default 6."""
    publish: StrictBool = False
    """Publish it at once."""


class UpdateChallenge(Patch):
    """Changes to a challenge before it opens; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"category_id"})

    title: Title | None = None
    """The title."""
    summary: Summary | None = None
    """What it is about, in a sentence or two."""
    body: Body | None = None
    """The text, in Markdown (CommonMark)."""
    language: Language | None = None
    """The language it is written in."""
    category_id: UUID | None = None
    """Its place in the category tree; null takes it out."""
    tags: Tags | None = None
    """All its tags from now on."""
    audience: Audience | None = None
    """Whom it is for from now on."""
    classification: Classification | None = None
    """How secret it is; not above your own clearance, nor above that of a judge."""
    opens_at: Moment | None = None
    """From when on it takes entries; a time to come."""
    closes_at: Moment | None = None
    """The deadline, to the second; fractions are cut off."""
    judging_until: Moment | None = None
    """Until when judges score."""
    criteria: Criteria | None = None
    """All criteria from now on; the weights add up to 100."""
    prizes: Prizes | None = None
    """All prizes from now on."""
    judges: Judges | None = None
    """All judges from now on."""
    team_min: TeamSize | None = None
    """The fewest people a team may have; only of a hackathon."""
    team_max: TeamSize | None = None
    """The most people a team may have; only of a hackathon."""


class ExtendChallenge(Ask):
    """Put a deadline off after the challenge has opened."""

    closes_at: Moment | None = None
    """The new deadline, later than it was; only while it takes entries."""
    judging_until: Moment | None = None
    """The new end of judging, later than it was. A deadline that comes closer to it moves it by itself: what time there
    was to judge stays."""
    reason: Reason
    """Why, for everybody to read."""


class EnterChallenge(Ask):
    """An entry to a challenge."""

    idea_id: UUID
    """Your own idea, or that of your team. Sponsor and judges must be able to see it."""
    team_id: UUID | None = None
    """The team that enters it, which you are in; a hackathon needs one."""


class ScoreAsk(Ask):
    """A score for one criterion."""

    criterion_id: UUID
    """The criterion."""
    score: Annotated[int, Field(ge=0, le=10)]
    """0 to 10."""


class ScoreEntry(Ask):
    """What you, a judge, think of an entry. It replaces what you thought before."""

    scores: Annotated[list[ScoreAsk], Field(max_length=20)] = []  # noqa: RUF012
    """A score for each criterion."""
    abstain: StrictBool = False
    """Give no scores, for reasons of your own; what is your own you cannot score."""
    comment: Remark = ""
    """What you say to the entrants; read by all when the results are published."""


class PublishResults(Ask):
    """Publish the results of a challenge, all of them at once."""

    force: StrictBool = False
    """Although judges have not scored every entry."""
    reason: Reason | None = None
    """Why, for everybody to read; needed with `force`."""


class ChallengeFilter(Ask):
    """Which challenges; all conditions must hold. Without `state`, published ones."""

    phase: ChallengePhase | None = None
    """That are so far; for drafts use `state`."""
    format: ChallengeFormat | None = None
    """Of this format."""
    state: State | None = None
    """In this state; drafts are only your own."""
    author: UUID | None = None
    """Sponsored by this person."""


class ScorecardFilter(Ask):
    """Which scorecards; all conditions must hold."""

    entry: UUID | None = None
    """Of this entry."""
    judge: UUID | None = None
    """By this judge."""


class AwardFilter(Ask):
    """Which awards; all conditions must hold."""

    challenge: UUID | None = None
    """In this challenge."""
    idea: UUID | None = None
    """Of this idea."""
