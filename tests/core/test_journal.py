"""The workers that react to the journal: each entry once, whatever fails, and nobody waits for somebody else."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Loop, cloned_database

from kshare.core.clock import now
from kshare.core.database import Database
from kshare.core.ids import new_id
from kshare.core.journal import _MOVE, Entry, Reactor, Watch, Worker, mend_restored
from kshare.core.settings import Settings

SETTINGS = Settings(_env_file=None)


class Diary(Reactor):
    """Writes down what it is given, in the transaction it is given."""

    name = "diary"
    batch = 7

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        for entry in entries:
            await self.read(entry)
        await session.execute(
            text("INSERT INTO diary (reactor, entry, fence) VALUES (:reactor, :entry, :fence)"),
            [{"reactor": self.name, "entry": entry.id, "fence": fence} for entry in entries],
        )

    async def read(self, entry: Entry) -> None:
        """For those who do more than that."""


@pytest.fixture
def url(postgres_url: str, loop: Loop) -> Iterator[str]:
    with cloned_database(postgres_url, loop) as url:
        loop.run(prepare(url))
        yield url


async def prepare(url: str) -> None:
    async with opened(url) as database, database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE diary (number serial, reactor text, entry uuid, fence bigint)"))


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url, SETTINGS)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


_INSERT = text(
    "INSERT INTO journal (id, happened, actor_id, object_kind, object_id, readers, classification, payload, at)"
    " VALUES (:id, 'tested', :id, 'test', :id, '{}', 0, '{}', now())"
)


async def happen(database: Database, count: int) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    async with database.engine.begin() as connection:
        await connection.execute(_INSERT, [{"id": id} for id in ids])
    return ids


async def diary(database: Database, name: str = "diary") -> list[UUID]:
    async with database.engine.connect() as connection:
        rows = await connection.execute(text("SELECT entry FROM diary WHERE reactor = :n ORDER BY number"), {"n": name})
        return [row.entry for row in rows]


async def until(database: Database, ids: Sequence[UUID], name: str = "diary", seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while len(await diary(database, name)) < len(ids):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert await diary(database, name) == list(ids)


@asynccontextmanager
async def running(database: Database, *reactors: Reactor, poll: float = 0.05) -> AsyncIterator[Worker]:
    worker = Worker(database, reactors, poll=poll)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_workers_side_by_side_process_each_entry_once(url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(url) as one, opened(url) as two:
            async with running(one, Diary()) as worker, running(two, Diary()), running(two, Diary()):
                ids = []
                for count in (1, 30, 3, 50, 2):
                    ids += await happen(one, count)
                    worker.wake()
                    await asyncio.sleep(0.05)
                await until(one, ids)
                await asyncio.sleep(0.3)
            assert await diary(one) == ids

    loop.run(scenario())


def test_a_failing_reactor_holds_up_no_other_and_loses_nothing(url: str, loop: Loop) -> None:
    class Faulty(Diary):
        name = "faulty"
        poison: UUID | None = None

        async def read(self, entry: Entry) -> None:
            if entry.id == self.poison:
                raise RuntimeError("it does not agree with me")

    async def scenario() -> None:
        async with opened(url) as database:
            faulty = Faulty()
            ids = await happen(database, 20)
            faulty.poison = ids[10]
            async with running(database, Diary(), faulty):
                await until(database, ids)
                # What came before the entry that fails is done, although it was in one batch with it.
                await until(database, ids[:10], "faulty")
                await asyncio.sleep(0.5)
                assert await diary(database, "faulty") == ids[:10]
                faulty.poison = None
                await until(database, ids, "faulty")

    loop.run(scenario())


def test_commits_do_not_hurry_a_reactor_that_fails(url: str, loop: Loop) -> None:
    class Hopeless(Diary):
        tries = 0

        async def read(self, entry: Entry) -> None:
            self.tries += 1
            raise RuntimeError("never")

    async def scenario() -> None:
        async with opened(url) as database:
            hopeless = Hopeless()
            await happen(database, 1)
            async with running(database, hopeless, poll=0.2) as worker:
                # The entry settles when older transactions have ended, those of other tests' databases too.
                for _ in range(1_000):
                    if hopeless.tries:
                        break
                    await asyncio.sleep(0.02)
                for _ in range(100):
                    worker.wake()
                    await asyncio.sleep(0.01)
            assert 1 <= hopeless.tries <= 3

    loop.run(scenario())


def test_a_worker_that_dies_in_the_middle_loses_nothing_and_doubles_nothing(url: str, loop: Loop) -> None:
    class Mortal(Diary):
        def __init__(self) -> None:
            self.there, self.fences = asyncio.Event(), list[int]()

        async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
            await super().react(session, entries, fence)
            self.fences.append(fence)
            if len(self.fences) == 2:
                self.there.set()
                await asyncio.sleep(60)

    async def scenario() -> None:
        async with opened(url) as database, opened(url) as other:
            ids = await happen(database, 20)
            mortal = Mortal()
            async with running(database, mortal):
                await mortal.there.wait()
            # One batch is done, the second was written but never committed.
            assert await diary(other) == ids[:7]
            survivor = Mortal()
            async with running(other, survivor):
                await survivor.there.wait()
            async with running(other, Diary()):
                await until(other, ids)
            # Nobody was ever given a token that somebody before had, not even one who came to nothing.
            assert sorted({*mortal.fences, *survivor.fences}) == mortal.fences + survivor.fences

    loop.run(scenario())


def test_a_backend_that_is_killed_gives_its_lease_back(url: str, loop: Loop) -> None:
    class Cut(Diary):
        cuts = 2

        async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
            await super().react(session, entries, fence)
            if self.cuts:
                self.cuts -= 1
                await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async def scenario() -> None:
        async with opened(url) as database:
            ids = await happen(database, 15)
            async with running(database, Cut()):
                await until(database, ids)

    loop.run(scenario())


def test_a_slow_reactor_keeps_nothing_from_settling_before_it_writes(url: str, loop: Loop) -> None:
    class Slow(Diary):
        name = "slow"

        def __init__(self) -> None:
            self.there, self.go_on = asyncio.Event(), asyncio.Event()

        async def read(self, entry: Entry) -> None:
            self.there.set()
            await self.go_on.wait()

    async def scenario() -> None:
        async with opened(url) as database:
            slow = Slow()
            first = await happen(database, 1)
            async with running(database, slow, Diary()):
                await slow.there.wait()
                second = await happen(database, 1)
                await until(database, first + second, seconds=5)
                slow.go_on.set()
                await until(database, first + second, "slow", seconds=5)

    loop.run(scenario())


async def transaction_ids_of(database: Database, worker: Worker, looks: int) -> int:
    """How many transaction ids the server gave out, to whomever, while the worker looked so many times for work."""
    newest = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS x"
    before = await database.fetch_row(newest, ())
    for _ in range(looks):
        assert not await worker.step(Diary())
    after = await database.fetch_row(newest, ())
    assert before is not None
    assert after is not None
    return int(after["x"]) - int(before["x"])


def test_looking_for_work_takes_no_transaction_id(url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            ids = await happen(database, 1)
            worker = Worker(database, [Diary()])
            async with asyncio.timeout(15):
                # Nothing while an older transaction of somebody else is open.
                while not await worker.step(Diary()):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await until(database, ids)
            # Other tests write on the same server at the same time: what counts is that not every look took an id.
            taken = [await transaction_ids_of(database, worker, looks=20) for _ in range(5)]
            assert min(taken) < 20

    loop.run(scenario())


def test_an_entry_waits_for_older_transactions_and_then_comes_soon(url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(url) as database, running(database, Diary(), poll=0.1) as worker:
            async with database.engine.begin() as older:
                early = new_id()
                await older.execute(_INSERT, {"id": early})
                late = await happen(database, 1)
                worker.wake()
                await asyncio.sleep(0.3)
                assert await diary(database) == []
            # In the order of the transactions, not of the commits.
            await until(database, [early, *late])

    loop.run(scenario())


def test_a_journal_restored_on_another_server_is_read_on(url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            ids = await happen(database, 10)
            async with running(database, Diary()):
                await until(database, ids)
            more = await happen(database, 5)
            async with database.engine.begin() as connection:
                # As a dump brings them: the transaction ids of a server that was far ahead.
                ahead = "CAST(CAST(CAST(CAST(xid AS text) AS bigint) + 5000000000 AS text) AS xid8)"
                await connection.execute(text(f"UPDATE journal SET xid = {ahead}"))
                await connection.execute(text(f"UPDATE reactor SET xid = {ahead}"))
            last = await happen(database, 1)
            async with running(database, Diary()):
                await until(database, ids + more + last)
            assert not await mend_restored(database)
            assert await diary(database) == ids + more + last

    loop.run(scenario())


def test_one_watch_tells_all_listeners_and_looks_for_nobody(url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            watch = Watch(database, poll=0.05)
            task = asyncio.create_task(watch.run())
            await happen(database, 1)
            await asyncio.sleep(0.2)
            assert watch.generation == 0
            with watch.listening(), watch.listening():
                await watch.wait(0, 2)
                seen = watch.generation
                assert seen == 1
                waits = [asyncio.create_task(watch.wait(seen, 10)) for _ in range(50)]
                await happen(database, 1)
                await asyncio.wait_for(asyncio.gather(*waits), 3)
                waits = [asyncio.create_task(watch.wait(watch.generation, 10)) for _ in range(50)]
                await asyncio.sleep(0)
                watch.close()
                await asyncio.wait_for(asyncio.gather(*waits), 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    loop.run(scenario())


def test_only_what_is_in_the_journal_waits_for_the_disk(url: str, loop: Loop) -> None:
    async def scenario() -> None:
        place = {"name": "diary", "xid": 1, "number": 1, "updated_at": now()}
        async with opened(url) as database:
            for fence, tells in enumerate((False, True), 1):
                async with database.sessions() as session, session.begin():
                    await session.execute(text("SET LOCAL synchronous_commit = on"))
                    if tells:
                        await session.execute(_INSERT, {"id": new_id()})
                    assert await session.scalar(_MOVE, {**place, "fence": fence}) == fence
                    assert await session.scalar(text("SHOW synchronous_commit")) == ("on" if tells else "off")

    loop.run(scenario())
