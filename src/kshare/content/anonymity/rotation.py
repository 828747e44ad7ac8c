"""Changing the key that seals: a new one, and then every data key encrypted anew, a bounded number at a time."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from kshare.content.anonymity.models import SealRow
from kshare.content.models import ContentRow
from kshare.core.database import Database
from kshare.core.sealing import BrokenSeal, Sealed, derived

BATCH = 500


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key of the file, or one that seals name: how many it seals, and whether it is there and opens one of them."""

    key_id: str
    seals: int
    found: bool


async def unfinished(database: Database) -> int:
    """Seals whose data key is not encrypted with the newest key."""
    async with database.sessions() as session:
        query = select(func.count()).select_from(SealRow).where(SealRow.key_id != database.keyring.newest)
        return (await session.execute(query)).scalar_one()


async def rewrap_all(database: Database, progress: Callable[[int], object]) -> int:
    """Encrypts every data key anew that is not under the newest key; the number of them. What is done stays done when
    it is interrupted. Raises BrokenSeal for a seal that does not open."""
    keyring, done = database.keyring, 0
    while True:
        async with database.sessions() as session, session.begin():
            older = select(SealRow).where(SealRow.key_id != keyring.newest).order_by(SealRow.key_id, SealRow.content_id)
            seals = (await session.execute(older.limit(BATCH).with_for_update())).scalars().all()
            for seal in seals:
                anew = keyring.rewrap(seal.content_id, Sealed(seal.key_id, seal.data_key, seal.author))
                seal.key_id, seal.data_key = anew.key_id, anew.data_key
        if not seals:
            return done
        done += len(seals)
        progress(len(seals))


async def use_of_keys(database: Database) -> list[KeyUse]:
    """How many seals each key has; of one seal of each, whether the file is the one that it was made with."""
    keyring = database.keyring
    async with database.sessions() as session:
        counted = select(SealRow.key_id, func.count()).group_by(SealRow.key_id).order_by(SealRow.key_id)
        counts: dict[str, int] = {row[0]: row[1] for row in await session.execute(counted)}
        uses = []
        for key_id in dict.fromkeys((*keyring.key_ids, *counts)):
            some = select(SealRow, ContentRow.owner_id).join(ContentRow, ContentRow.id == SealRow.content_id)
            found = (await session.execute(some.where(SealRow.key_id == key_id).limit(1))).one_or_none()
            right = key_id in keyring.key_ids
            if found is not None:
                seal, owner_id = found
                try:
                    seed = keyring.seed(keyring.open(seal.content_id, Sealed(key_id, seal.data_key, seal.author)))
                    right = seed is not None and derived(seed, "pseudonym") == owner_id
                except BrokenSeal:
                    right = False
            uses.append(KeyUse(key_id, counts.get(key_id, 0), right))
        return uses
