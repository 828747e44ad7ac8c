"""The clock of an idea: when an answer is due, and on whose desk the idea lies.

It runs while somebody owes an answer: in the stages that have a service level, and neither while the idea waits for its
author nor while it is withdrawn or merged. What its unnamed author does to it is counted from the beginning of the day,
since a due time tells the moment from which it was counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kshare.content.authorship import acting_at, tell
from kshare.content.commands import lasting_readers
from kshare.content.models import ContentRow
from kshare.core.principal import ANONYMOUS_ID, EVERYONE
from kshare.core.writing import Work
from kshare.ideas.calendar import add_working_days, working_days_between
from kshare.ideas.commands.rows import idea_of
from kshare.ideas.commands.terms import terms_of
from kshare.ideas.models import CoauthorRow, DecisionRow, EscalationRow, IdeaRow
from kshare.ideas.shapes.clock import IdeaEscalated, IdeaHandedOn, IdeaOverdue

ESCALATION_DAYS = 2
"""Working days that each person up the line has, after the idea was due, before it goes on to the next."""

LEFT_BEHIND = datetime(1970, 1, 1, tzinfo=UTC)
"""When an idea escalates whose desk nobody sits at any more: at the next occasion, whatever becomes due meanwhile."""


async def clock_of_new(work: Work, idea: ContentRow, coauthors: Collection[UUID]) -> dict[str, Any]:
    """The clock of a new idea, whose co-authors are known: values of its row. That of a draft does not run yet."""
    at = acting_at(work, idea)
    return {"stage_since": at, **await _started(work, idea, at, coauthors)}


async def begin_stage(work: Work, idea: ContentRow, row: IdeaRow) -> None:
    """Starts the clock of the stage in which the idea is from now on, on the desk where the line begins."""
    at = acting_at(work, idea)
    row.stage_since = at
    row.waiting_since = row.question_id = row.days_used = row.returns_on = None
    row.escalations = 0
    started = await _started(work, idea, at, await _coauthors(work, idea))
    if started["clock_from"] is None:
        # Whoever had it on the desk and comes too late is told so.
        started["desk_id"] = row.desk_id
    for name, value in started.items():
        setattr(row, name, value)


async def _started(work: Work, idea: ContentRow, at: datetime, coauthors: Collection[UUID]) -> dict[str, Any]:
    terms = await terms_of(work)
    if idea.state != "published" or not terms.runs(idea.variety, idea.stage):
        return {"clock_from": None, "due_at": None, "escalates_at": None, "desk_id": None}
    due = terms.due(idea.variety, idea.stage, at)
    desk = await _desk(work, idea, coauthors)
    return {"clock_from": at, "due_at": due, "escalates_at": due, "desk_id": desk}


async def stop_clock(work: Work, idea: ContentRow) -> None:
    """Stops the clock of a loaded idea that is being withdrawn or merged; what was used of its time stays used."""
    row = await idea_of(work, idea)
    row.returns_on = None
    await _stop(work, idea, row)


async def _stop(work: Work, idea: ContentRow, row: IdeaRow) -> None:
    if row.clock_from is None:
        return
    used = working_days_between((await terms_of(work)).calendar, row.clock_from, acting_at(work, idea))
    row.days_used = _decimal(max(used, Fraction(0)))
    row.clock_from = None
    await set_due(work, idea.variety, idea.stage, row)


async def start_clock(work: Work, idea: ContentRow) -> None:
    """Lets the clock of a loaded idea that was reinstated or unmerged go on, unless it still waits for its author."""
    row = await idea_of(work, idea)
    if idea.stage == "deferred":
        current = select(DecisionRow.until).where(DecisionRow.content_id == idea.id, DecisionRow.current)
        row.returns_on = (await work.session.execute(current)).scalar_one_or_none()
    if row.waiting_since is None:
        await _go_on(work, idea, row, acting_at(work, idea))


async def wait_for_author(work: Work, idea: ContentRow, row: IdeaRow, question: UUID) -> None:
    """Stops the clock until the author has answered; of several questions the last is the one to be answered."""
    row.question_id = question
    row.waiting_since = row.waiting_since or work.now
    await _stop(work, idea, row)


async def author_answered(work: Work, idea: ContentRow, row: IdeaRow) -> None:
    """Lets the clock go on."""
    at = max(acting_at(work, idea), row.waiting_since or work.now)
    row.waiting_since = row.question_id = None
    await _go_on(work, idea, row, at)


async def _go_on(work: Work, idea: ContentRow, row: IdeaRow, at: datetime) -> None:
    if row.days_used is None:
        return
    calendar = (await terms_of(work)).calendar
    row.clock_from = add_working_days(calendar, at, -Fraction(row.days_used))
    row.days_used = None
    await set_due(work, idea.variety, idea.stage, row)


async def set_due(work: Work, size: str, stage: str | None, row: IdeaRow) -> None:
    """Computes anew when an answer is due. Where the line was gone up already, the next step keeps its own time."""
    terms = await terms_of(work)
    row.due_at = None if row.clock_from is None else terms.due(size, stage, row.clock_from)
    if row.escalates_at == LEFT_BEHIND:
        return
    if row.due_at is None:
        row.escalates_at = None
    elif row.due_at > work.now or row.escalations == 0:
        row.escalates_at = row.due_at
    elif row.desk_id is not None and row.escalates_at is None:
        row.escalates_at = add_working_days(terms.calendar, work.now, ESCALATION_DAYS)


async def clock_changed(work: Work, idea: ContentRow) -> None:
    """To be called when the size, the readers or the co-authors of a loaded idea have changed: another time may be due,
    and who has it on the desk may be one of its authors by now, or see it no more."""
    row = await idea_of(work, idea)
    await work.flush()
    if row.clock_from is not None or row.days_used is not None:
        coauthors = await _coauthors(work, idea)
        line = await _line_of(work, idea, idea.author_id, coauthors)
        if row.desk_id not in line:
            row.desk_id = line[0] if line else None
            if row.escalates_at == LEFT_BEHIND:
                row.escalates_at = None
    await set_due(work, idea.variety, idea.stage, row)


async def escalate(work: Work, idea: ContentRow, row: IdeaRow) -> None:
    """Takes an overdue idea up the line: to the superior of whoever has it, in the end to the committee. There it
    stays, and stays overdue. One that is not overdue is only handed on: whoever had it has left."""
    late = row.due_at is not None and row.due_at <= work.now
    if late and row.due_at is not None and row.escalations == 0:
        tell(work, idea, IdeaOverdue(content_id=idea.id, due_at=row.due_at))
    row.escalates_at = None if late else row.due_at
    if row.desk_id is None:
        return
    above = await _line_of(work, idea, row.desk_id, await _coauthors(work, idea))
    before, row.desk_id = row.desk_id, above[0] if above else None
    if not late:
        tell(work, idea, IdeaHandedOn(content_id=idea.id, from_person=before, to_person=row.desk_id))
        return
    row.escalations += 1
    work.add(EscalationRow(content_id=idea.id, step=row.escalations, from_id=before, to_id=row.desk_id, at=work.now))
    event = IdeaEscalated(content_id=idea.id, from_person=before, to_person=row.desk_id, step=row.escalations)
    tell(work, idea, event)
    if row.desk_id is not None:
        calendar = (await terms_of(work)).calendar
        row.escalates_at = add_working_days(calendar, work.now, ESCALATION_DAYS)


def _decimal(days: Fraction) -> Decimal:
    return round(Decimal(days.numerator) / Decimal(days.denominator), 6)


# ---- whose desk -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Superior:
    """Somebody above a person, with what decides what they see."""

    id: UUID
    subjects: frozenset[UUID]
    clearance: int


_LINE = text(
    "WITH RECURSIVE line(id, depth) AS (SELECT manager_id, 1 FROM person WHERE id = :person"
    " UNION ALL SELECT p.manager_id, depth + 1 FROM line JOIN person p ON p.id = line.id"
    " WHERE p.manager_id IS NOT NULL AND depth < 50)"
    " SELECT p.id, p.clearance, array_cat(ARRAY(SELECT unnest(d.path) FROM department d WHERE d.id = p.department_id),"
    " ARRAY(SELECT m.group_id FROM group_member m WHERE m.person_id = p.id)) AS subjects"
    " FROM line JOIN person p ON p.id = line.id WHERE p.active AND p.kind = 'person' ORDER BY line.depth"
)


async def _desk(work: Work, idea: ContentRow, coauthors: Collection[UUID]) -> UUID | None:
    line = await _line_of(work, idea, idea.author_id, coauthors)
    return line[0] if line else None


async def _line_of(work: Work, idea: ContentRow, person: UUID, coauthors: Collection[UUID]) -> list[UUID]:
    """Whoever is above a person, may see the idea and is none of its authors, the nearest first; nobody for a large
    idea, which is the committee's, and for an anonymous one, where a desk would tell whose it is."""
    if idea.variety != "small" or idea.author_id == ANONYMOUS_ID:
        return []
    # Not who reads it only to review it: a desk would stay when that is over.
    readers = frozenset(lasting_readers(idea))
    return [
        superior.id
        for superior in await _superiors(work, person)
        if superior.id not in coauthors
        and superior.id != idea.owner_id
        and superior.clearance >= (idea.classification or 0)
        and not readers.isdisjoint(superior.subjects)
    ]


async def _superiors(work: Work, person: UUID) -> list[_Superior]:
    """Everybody above a person; looked up once a transaction."""
    known: dict[UUID, list[_Superior]] = work.session.info.setdefault("ideas_superiors", {})
    if person not in known:
        found = await work.session.execute(_LINE, {"person": person})
        known[person] = [
            _Superior(row.id, frozenset((row.id, *row.subjects, EVERYONE)), row.clearance) for row in found
        ]
    return known[person]


async def _coauthors(work: Work, idea: ContentRow) -> Collection[UUID]:
    query = select(CoauthorRow.person_id).where(CoauthorRow.content_id == idea.id)
    return set((await work.session.execute(query)).scalars())
