"""The promise of the journal: whatever commits, in whatever order, every entry is seen, by the feed exactly once."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Company
from tests.events.following import server_sent
from tests.events.test_feed import now, replay

from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE


@dataclass(frozen=True)
class Writer:
    """A transaction: when it begins, how long it waits between its entries and before its end, how it ends."""

    begins: float
    entries: int
    pause: float
    commits: bool


writers = st.builds(
    Writer, st.floats(0, 0.6), st.integers(1, 3), st.floats(0, 0.3), st.sampled_from([True, True, True, False])
)


async def write(url: str, actor: UUID, writer: Writer) -> list[str]:
    """The ids of the entries, if they are there to stay."""
    await asyncio.sleep(writer.begins)
    connection: Any = await asyncpg.connect(url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        ids = [new_id() for _ in range(writer.entries)]
        for id in ids:
            await connection.execute(
                "INSERT INTO journal (id, happened, actor_id, object_kind, object_id, readers, classification, payload,"
                " at) VALUES ($1, 'tested', $2, 'test', $1, $3, 0, '{}', now())",
                id, actor, [EVERYONE],
            )  # fmt: skip
            await asyncio.sleep(writer.pause)
        if not writer.commits:
            await transaction.rollback()
            return []
        await transaction.commit()
        return [str(id) for id in ids]
    finally:
        await connection.close()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=st.lists(writers, min_size=4, max_size=12))
def test_every_entry_is_seen_exactly_once(company: Company, plan: list[Writer]) -> None:
    url, reader = company.server.database_url.replace("+asyncpg", ""), company.employee
    loop = company.server.loop.loop
    after, seen = now(reader), list[str]()

    async def all_write() -> list[list[str]]:
        return await asyncio.gather(*(write(url, reader.id, writer) for writer in plan))

    with server_sent(reader, after=after) as following:
        writing = asyncio.run_coroutine_threadsafe(all_write(), loop)
        deadline, committed = time.monotonic() + 15, None
        while time.monotonic() < deadline and (committed is None or len(seen) < len(committed)):
            if committed is None and writing.done():
                committed = [id for ids in writing.result() for id in ids]
            page = replay(reader, after, limit=2)
            after = page["latest"]
            seen += [event["id"] for event in page["items"]]
        assert committed is not None
        seen += [event["id"] for event in replay(reader, after)["items"]]
        following.wait(lambda: len(following.sent) >= len(committed))
    assert sorted(seen) == sorted(committed)
    assert set(following.ids()) == set(committed)
    rows = company.server.sql("SELECT id::text FROM journal WHERE id = ANY($1::uuid[]) ORDER BY xid, number", committed)
    assert seen == [row["id"] for row in rows]
    assert list(dict.fromkeys(following.ids())) == seen
