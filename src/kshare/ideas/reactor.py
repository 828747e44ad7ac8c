"""What happens to ideas when nobody does anything: they become overdue and go up the line, deferred ones come back, and
due times follow the service levels and the calendar."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.clock import day_in, now
from kshare.core.database import UNHURRIED
from kshare.core.journal import Entry, Reactor
from kshare.core.principal import SYSTEM
from kshare.core.writing import Work
from kshare.ideas.commands.clock import LEFT_BEHIND, escalate, set_due
from kshare.ideas.commands.stages import move_idea
from kshare.ideas.commands.terms import terms_of
from kshare.ideas.models import IdeaRow, WorkingTimeRow
from kshare.ideas.shapes.clock import IdeaReturned
from kshare.people.events import PersonLeft
from kshare.people.models import PersonRow

MOST = 100
"""Ideas that one transaction escalates or brings back, and thrice as many whose due times it moves."""


class IdeaClock(Reactor):
    """Looks for what has become due whenever there is nothing else to do: one statement while nothing is.

    Its rows are locked as commands lock them, the content first, and what somebody is just changing is left for the
    next time; so it waits for nobody.
    """

    name = "idea_clock"
    batch = 2_000

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        """Time passes by itself; but whoever leaves leaves a desk behind, and what lies on it is handed on."""
        left = {entry.object_id for entry in entries if entry.happened == PersonLeft.event_name()}
        if left:
            gone = select(PersonRow.id).where(PersonRow.id.in_(left), not_(PersonRow.active))
            unanswered = or_(IdeaRow.clock_from.is_not(None), IdeaRow.days_used.is_not(None))
            handed_on = update(IdeaRow).where(IdeaRow.desk_id.in_(gone), unanswered).values(escalates_at=LEFT_BEHIND)
            await session.execute(handed_on.execution_options(synchronize_session=False))

    async def catch_up(self, session: AsyncSession) -> bool:
        """Works off a part of what has become due."""
        moment = now()
        today = day_in(ZoneInfo(session.info["time_zone"]), moment)
        late = select(IdeaRow.id).where(IdeaRow.escalates_at <= moment).exists()
        back = select(IdeaRow.id).where(IdeaRow.returns_on <= today).exists()
        moved = select(WorkingTimeRow.id).where(WorkingTimeRow.pending).exists()
        terms, returning, overdue = (await session.execute(select(moved, back, late))).one()
        if not (terms or returning or overdue):
            return False
        work = Work(SYSTEM, session)
        if terms:
            # First, since what is overdue may not be by the new terms.
            await _move_due_times(work)
            await work.flush()
            return True
        done = 0
        due = ((IdeaRow.returns_on, today, _bring_back), (IdeaRow.escalates_at, moment, escalate))
        for column, until, act in due:
            query = select(ContentRow, IdeaRow).join(IdeaRow, IdeaRow.id == ContentRow.id)
            query = query.where(column <= until).order_by(column).limit(MOST)
            locked = query.with_for_update(of=[ContentRow, IdeaRow], skip_locked=True)
            for idea, row in (await session.execute(locked)).all():
                await act(work, idea, row)
                done += 1
        await work.flush()
        return done >= MOST


async def _bring_back(work: Work, idea: ContentRow, row: IdeaRow) -> None:
    row.returns_on = None
    if idea.state == "published" and idea.stage == "deferred":
        tell(work, idea, IdeaReturned(content_id=idea.id))
        await move_idea(work, idea, "screening")


async def _move_due_times(work: Work) -> None:
    """Computes anew, by the present terms, when answers are due to a part of the ideas whose clocks run."""
    await work.session.execute(UNHURRIED)
    # Before the row is locked, as those do who change the terms: the other way round each would wait for the other.
    await terms_of(work)
    pending = select(WorkingTimeRow).where(WorkingTimeRow.pending).with_for_update()
    place = (await work.session.execute(pending)).scalar_one_or_none()
    if place is None:
        return
    query = select(IdeaRow).where(IdeaRow.clock_from.is_not(None)).order_by(IdeaRow.id).limit(3 * MOST)
    if place.after is not None:
        query = query.where(IdeaRow.id > place.after)
    rows = (await work.session.execute(query.with_for_update())).scalars().all()
    # Read once the rows are locked: a stage changes together with its clock.
    facts = select(ContentRow.id, ContentRow.variety, ContentRow.stage)
    found = await work.session.execute(facts.where(ContentRow.id.in_([row.id for row in rows])))
    contents = {content.id: content for content in found}
    for row in rows:
        if row.clock_from is not None and row.id in contents:
            await set_due(work, contents[row.id].variety, contents[row.id].stage, row)
    if len(rows) < 3 * MOST:
        place.pending, place.after = False, None
    else:
        place.after = rows[-1].id
