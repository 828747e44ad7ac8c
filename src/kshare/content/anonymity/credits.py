"""Credit for what was written anonymously: in batches, tied to no content, when enough people share one.

A batch says of each person how many of their contents it counts, and nothing else. It waits until the contents of at
least five people are in it, and for four weeks after the one before, so that a credit does not answer the question who
wrote the one thing that has appeared meanwhile.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.content.anonymity.models import CreditRow, SealRow
from kshare.content.anonymity.shapes import CreditReason
from kshare.content.models import ContentRow
from kshare.core.clock import midnight, now
from kshare.core.ids import new_id
from kshare.core.journal import Entry, Reactor
from kshare.core.sealing import BrokenSeal, Keyring, Sealed

log = structlog.get_logger()

FEWEST = 5
"""People a batch has at least."""
PAUSE = timedelta(days=28)
"""From one batch to the next at least."""
_MOST = 5_000
"""Contents a batch counts at most; the others wait for the next."""
_LOOK = 3600.0
"""Seconds from one look to the next."""


class ContributionCredits(Reactor):
    """Writes a batch of credits when one is due. It reads nothing of the journal."""

    name = "credits"

    def __init__(self) -> None:
        self._look_at = 0.0

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        return

    async def catch_up(self, session: AsyncSession) -> bool:
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _LOOK
            await write_batch(session)
        return False


async def write_batch(session: AsyncSession) -> int:
    """Writes the batch that is due, if one is; the number of people in it."""
    keyring: Keyring = session.info["keyring"]
    today = midnight(now())
    reason = CreditReason.contribution.value
    last = await session.scalar(select(func.max(CreditRow.day)).where(CreditRow.reason == reason))
    if not keyring.available or (last is not None and today.date() - last < PAUSE):
        return 0
    # What is withdrawn is not counted, unless it has come back by the next time.
    query = select(SealRow).join(ContentRow, ContentRow.id == SealRow.content_id)
    query = query.where(~SealRow.credited, ContentRow.state == "published", ContentRow.created_at < today)
    seals = (await session.execute(query.order_by(SealRow.content_id).limit(_MOST))).scalars().all()
    amounts: Counter[UUID] = Counter()
    counted: list[UUID] = []
    for seal in seals:
        try:
            author = keyring.open(seal.content_id, Sealed(seal.key_id, seal.data_key, seal.author))
        except BrokenSeal as broken:
            log.warning("seal_does_not_open", content_id=str(seal.content_id), reason=str(broken))
            continue
        amounts[author] += 1
        counted.append(seal.content_id)
    if len(amounts) < FEWEST:
        return 0
    session.add_all(
        CreditRow(id=new_id(today), person_id=person, reason=reason, amount=amount, day=today.date())
        for person, amount in sorted(amounts.items())
    )
    await session.execute(update(SealRow).where(SealRow.content_id.in_(counted)).values(credited=True))
    await session.flush()
    return len(amounts)
