"""Who sees a challenge and who may do what with it, where its fields come from, and the lists of challenges.

An entry is seen by whoever sees the challenge and the idea. A scorecard is seen by the judge who wrote it, and by
whoever sees the entry once the results are published; until then nothing that others see depends on it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, case, func, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.challenges.models import (
    ChallengeRow,
    CriterionRow,
    EntryRow,
    ExtensionRow,
    JudgeRow,
    ListedChallenge,
    PrizeRow,
    ScorecardRow,
    ScoreRow,
)
from kshare.challenges.shapes import (
    Challenge,
    ChallengeEntry,
    ChallengeSummary,
    Criterion,
    CriterionScore,
    Extension,
    Prize,
    Scorecard,
)
from kshare.content.models import ContentRow
from kshare.content.reads import AUDIENCE, CONTENT_FIELDS, CONTENT_FILTERS, NEWEST, published_unless_asked
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.markup import render_html
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Rendered,
    Source,
    View,
    Viewer,
    allowed_list,
    constant,
    everyone_sees,
    there_is,
)
from kshare.core.writing import Guard, Rule
from kshare.discussion.reads import DISCUSSION_RULES, MINE, NEWEST_COMMENTS
from kshare.ideas.reads.idea import IDEA, is_own
from kshare.people.reads import PERSON
from kshare.teams.reads import TEAM, is_member

# Not now(), which is when a transaction began: it may have waited for a lock since.
_moment = func.statement_timestamp()

# ---- who sees and who may -------------------------------------------------------------------------------------------


def is_challenge(row: Alias) -> ColumnElement[bool]:
    """Which content is a challenge."""
    kind: ColumnElement[bool] = row.kind == constant("challenge")
    return kind


def is_judge(challenge_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The viewer judges the challenge."""
    judge = aliased(JudgeRow)
    mine = select(judge.person_id).where(judge.challenge_id == challenge_id, judge.person_id == Viewer.id)
    return there_is(mine)


def _while(*phases: str) -> Rule:
    """The challenge that a content is is in one of these phases."""

    def holds(row: Alias) -> ColumnElement[bool]:
        times = aliased(ChallengeRow)
        now_in = _phase(row.state, times).in_([constant(phase) for phase in phases])
        return there_is(select(times.id).where(times.id == row.id, now_in))

    return holds


def _phase(state: ColumnElement[Any], times: Alias) -> ColumnElement[Any]:
    return case(
        (state == constant("draft"), constant("draft")),
        (times.results_at.is_not(None), constant("published")),
        (times.opens_at > _moment, constant("announced")),
        (times.closes_at > _moment, constant("open")),
        else_=constant("judging"),
    )


def _manages(row: Alias) -> ColumnElement[bool]:
    """Its sponsor, and others who sponsor challenges; never a judge, who would learn how far the others are."""
    return and_(Viewer.holds(Permission.challenge_manage), not_(is_judge(row.id)))


def _enter(row: Alias) -> ColumnElement[bool]:
    """Everybody but those who decide on it."""
    outside = and_(row.author_id != Viewer.id, not_(is_judge(row.id)))
    return and_(outside, Viewer.holds(Permission.idea_propose))


CHALLENGE_GUARD = Guard(
    "challenge",
    ContentRow,
    visible_content,
    {
        "edit": _manages,
        "publish": _manages,
        "delete": _manages,
        "extend": _manages,
        "publish_results": _manages,
        "enter": _enter,
        **DISCUSSION_RULES,
    },
    is_challenge,
    {
        "edit": _while("draft", "announced"),
        "publish": _while("draft"),
        "delete": _while("draft"),
        "extend": _while("open", "judging"),
        "publish_results": _while("judging"),
        "enter": _while("open"),
    },
)


def visible_entry(row: Alias) -> ColumnElement[bool]:
    """Seen by whoever sees both the challenge and the idea."""
    challenge, idea = aliased(ContentRow), aliased(ContentRow)
    return and_(
        there_is(select(challenge.id).where(challenge.id == row.challenge_id, visible_content(challenge))),
        there_is(select(idea.id).where(idea.id == row.content_id, visible_content(idea))),
    )


def _own_idea(row: Alias) -> ColumnElement[bool]:
    idea = aliased(ContentRow)
    return there_is(select(idea.id).where(idea.id == row.content_id, is_own(idea)))


def _undecided(row: Alias) -> ColumnElement[bool]:
    challenge = aliased(ChallengeRow)
    open_ = there_is(select(challenge.id).where(challenge.id == row.challenge_id, challenge.results_at.is_(None)))
    return and_(row.withdrawn_at.is_(None), open_)


def _withdraw(row: Alias) -> ColumnElement[bool]:
    entrants = or_(_own_idea(row), is_member(row.team_id, lead=True))
    return and_(entrants, Viewer.holds(Permission.idea_propose))


def _judge(row: Alias) -> ColumnElement[bool]:
    return and_(is_judge(row.challenge_id), Viewer.holds(Permission.content_read))


def _being_judged(row: Alias) -> ColumnElement[bool]:
    """Between the deadline and the end of judging."""
    times = aliased(ChallengeRow)
    within = and_(times.closes_at <= _moment, times.judging_until > _moment)
    return and_(_undecided(row), there_is(select(times.id).where(times.id == row.challenge_id, within)))


def takes_part(row: Alias) -> ColumnElement[bool]:
    """The viewer has a share in the entry's idea, or is in its team."""
    return or_(_own_idea(row), is_member(row.team_id))


ENTRY_GUARD = Guard(
    "entry",
    EntryRow,
    visible_entry,
    {
        "withdraw": _withdraw,
        "abstain": _judge,
        "score": lambda row: and_(_judge(row), not_(takes_part(row))),
    },
    states={"withdraw": _undecided, "abstain": _being_judged, "score": _being_judged},
)


def visible_scorecard(row: Alias) -> ColumnElement[bool]:
    """Seen by the judge who wrote it, and with the entry once the results are published."""
    challenge, entry = aliased(ChallengeRow), aliased(EntryRow)
    published = select(challenge.id).where(challenge.id == row.challenge_id, challenge.results_at.is_not(None))
    seen = there_is(select(entry.id).where(entry.id == row.entry_id, visible_entry(entry)))
    return and_(or_(row.judge_id == Viewer.id, there_is(published)), seen)


# ---- challenges -----------------------------------------------------------------------------------------------------

_CRITERION = View("criterion", Criterion, CriterionRow, everyone_sees)
_PRIZE = View("prize", Prize, PrizeRow, everyone_sees)
_EXTENSION = View(
    "extension",
    Extension,
    ExtensionRow,
    everyone_sees,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)


def _parts(view: View[Any], order: Any, first: int) -> Source:
    """What belongs to a challenge and is seen with it."""
    return Many(view, on=lambda row, part: part.challenge_id == row.id, order=order, first=first, seen_with_parent=True)


CHALLENGE = View(
    "challenge",
    Challenge,
    ListedChallenge,
    visible_content,
    {
        **CONTENT_FIELDS,
        "format": lambda row: row.variety,
        "phase": lambda row: _phase(row.state, row),
        "audience": AUDIENCE,
        "mine": MINE,
        "comments": NEWEST_COMMENTS,
        "body_html": Rendered("body", render_html),
        "criteria": _parts(_CRITERION, lambda part: (part.position, part.id), 20),
        "prizes": _parts(_PRIZE, lambda part: (part.position, part.id), 20),
        "extensions": _parts(_EXTENSION, lambda part: (part.id,), 100),
        "judges": Many(
            PERSON,
            on=lambda row, judge: judge.challenge_id == row.id,
            through=JudgeRow,
            link=lambda judge, person: person.id == judge.person_id,
            order=lambda person: (person.sort_name, person.id),
            first=50,
        ),
        "permissions": lambda row: allowed_list(CHALLENGE_GUARD.rules_for(row)),
    },
    is_challenge,
)

CHALLENGES = Listing(
    "challenges",
    CHALLENGE,
    filters={
        "phase": Filter(Text, lambda row, value: _phase(row.state, row) == value),
        "format": Filter(Text, lambda row, value: row.variety == value),
        "state": CONTENT_FILTERS["state"],
        "author": CONTENT_FILTERS["author"],
    },
    orders={
        "newest": NEWEST,
        "closing_soon": Order(
            (("closes_at", datetime), ("id", UUID)),
            "The earliest deadline first; with `phase=open` the next one.",
            descending=False,
        ),
    },
    default_order="newest",
    summary=ChallengeSummary,
    implied=published_unless_asked,
)

# ---- entries, results, awards ---------------------------------------------------------------------------------------

ENTRY = View(
    "entry",
    ChallengeEntry,
    EntryRow,
    visible_entry,
    {
        "challenge": One(CHALLENGE, on=lambda row, challenge: challenge.id == row.challenge_id, seen_with_parent=True),
        "idea": One(IDEA, on=lambda row, idea: idea.id == row.content_id, seen_with_parent=True),
        "team": One(TEAM, on=lambda row, team: team.id == row.team_id),
        "entered_by": One(PERSON, on=lambda row, person: person.id == row.entered_by),
        "prize": One(_PRIZE, on=lambda row, prize: prize.id == row.prize_id, seen_with_parent=True),
        "permissions": lambda row: allowed_list(ENTRY_GUARD.rules_for(row)),
    },
)
_OF_CHALLENGE = Filter(Uuid, lambda row, value: row.challenge_id == value)

ENTRIES = Listing(
    "challenge_entries",
    ENTRY,
    of=("challenge", CHALLENGE),
    filters={"challenge": _OF_CHALLENGE},
    # Ids grow with time, those of anonymous ideas day by day.
    orders={"newest": Order((("id", UUID),), "Newest first.")},
    default_order="newest",
    implied=lambda row, _: row.withdrawn_at.is_(None),
)
RESULTS = Listing(
    "challenge_results",
    ENTRY,
    of=("challenge", CHALLENGE),
    filters={"challenge": _OF_CHALLENGE},
    orders={"rank": Order((("rank", int), ("id", UUID)), "The best first.", descending=False)},
    default_order="rank",
    implied=lambda row, _: row.rank.is_not(None),
)
AWARDS = Listing(
    "awards",
    ENTRY,
    filters={"challenge": _OF_CHALLENGE, "idea": Filter(Uuid, lambda row, value: row.content_id == value)},
    orders={"newest": Order((("ranked_at", datetime), ("id", UUID)), "Last awarded first.")},
    default_order="newest",
    implied=lambda row, _: row.prize_id.is_not(None),
)

# ---- scorecards -----------------------------------------------------------------------------------------------------

_SCORE = View(
    "score",
    CriterionScore,
    ScoreRow,
    everyone_sees,
    {"criterion": One(_CRITERION, on=lambda row, criterion: criterion.id == row.criterion_id)},
)


def _place(score: Alias) -> ColumnElement[Any]:
    criterion = aliased(CriterionRow)
    return select(criterion.position).where(criterion.id == score.criterion_id).scalar_subquery()


SCORECARD = View(
    "scorecard",
    Scorecard,
    ScorecardRow,
    visible_scorecard,
    {
        "judge": One(PERSON, on=lambda row, person: person.id == row.judge_id),
        "scores": Many(
            _SCORE,
            on=lambda row, score: score.scorecard_id == row.id,
            order=lambda score: (_place(score),),
            first=20,
            seen_with_parent=True,
        ),
    },
)
SCORECARDS = Listing(
    "challenge_scorecards",
    SCORECARD,
    of=("challenge", CHALLENGE),
    filters={
        "challenge": _OF_CHALLENGE,
        "entry": Filter(Uuid, lambda row, value: row.entry_id == value),
        "judge": Filter(Uuid, lambda row, value: row.judge_id == value),
    },
    orders={"newest": Order((("id", UUID),), "Newest first.")},
    default_order="newest",
)
