"""Keeps the account true to the tables, as the journal tells what has changed in them."""

import time
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.contributions.ledger import BATCH, LEASE, credits_of, late_reviews, misplaced, missing_credits, reconcile
from kshare.contributions.models import RedatedRow
from kshare.core.journal import Entry, Reactor

_OF_NO_ACCOUNT = {
    "comment_edited",
    "followed",
    "idea_vote_withdrawn",
    "idea_voted",
    "rated",
    "rating_withdrawn",
    "reacted",
    "reaction_withdrawn",
    "review_judged",
    "unfollowed",
}
"""What happens to contents most often and changes no account. Anything else may, for all that this module knows."""

_MEMBERSHIP = {"person_left", "person_moved", "person_returned"}

_LOOK = 3600.0
"""Seconds from one look for what no entry of the journal tells of to the next: credits, and reviews of what shows no
author, which are entered when their day is over (docs/adr/0007-anonymity.md)."""

_FIRST = UUID(int=0)

PEOPLE = 50
"""People whose entries one transaction moves at most."""


class ContributionsKeeper(Reactor):
    """Works out the account of contents anew whenever something happened to them."""

    name = LEASE
    batch = BATCH

    def __init__(self) -> None:
        self._look_at = 0.0
        self._after = _FIRST

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        contents = {entry.content_id for entry in entries if entry.happened not in _OF_NO_ACCOUNT}
        if known := sorted(id for id in contents if id is not None):
            await reconcile(session, known)
        moved = {entry.object_id for entry in entries if entry.happened in _MEMBERSHIP}
        if moved:
            again = pg_insert(RedatedRow).values([{"person_id": id, "after": None} for id in sorted(moved)])
            await session.execute(again.on_conflict_do_update(index_elements=["person_id"], set_={"after": None}))

    async def catch_up(self, session: AsyncSession) -> bool:
        """Moves entries of people whose memberships changed, and enters what the journal does not tell of."""
        if await _move_entries(session):
            return True
        if time.monotonic() >= self._look_at:
            if await enter_credits(session):
                return True
            if late := await late_reviews(session, self._after):
                await reconcile(session, late)
                self._after = late[-1]
                return True
            self._look_at, self._after = time.monotonic() + _LOOK, _FIRST
        return False


async def enter_credits(session: AsyncSession) -> int:
    """Enters a bounded part of the credits that are not in the account; how many."""
    credits = await missing_credits(session)
    return await reconcile(session, (), credits) if credits else 0


async def _move_entries(session: AsyncSession) -> bool:
    """Brings a bounded part of entries into the departments in which their people were; False if there are none."""
    tasks = (await session.execute(select(RedatedRow).order_by(RedatedRow.person_id).limit(PEOPLE))).scalars().all()
    looked_at = 0
    for task in tasks:
        contents = await misplaced(session, task.person_id, task.after)
        looked_at += len(contents)
        if len(contents) == BATCH:
            await reconcile(session, contents)
            task.after = contents[-1]
        else:
            await reconcile(session, contents, await credits_of(session, task.person_id))
            await session.delete(task)
        if looked_at >= BATCH:
            break
    await session.flush()
    return bool(tasks)
