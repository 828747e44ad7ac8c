"""A pytest plugin that makes life hard for tests: `make test ARGS="-p tests.disorder" JOBS=4`.

The tests run in a random order, first the files and then what is in each, while another process keeps transactions
open for up to two seconds, as a slow client of the same PostgreSQL would: what they hold back, readers of the journal
see later. With more jobs than cores everything is slow as well. What fails then relied on what other tests had done, or
on being quick; or it shows a fault of kshare. `KSHARE_TEST_SEED` gives the same order again.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby

import asyncpg
import pytest

SEED = os.environ.setdefault("KSHARE_TEST_SEED", str(random.randrange(10_000)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"in the order of KSHARE_TEST_SEED={SEED}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    chance = random.Random(int(SEED))
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.location[0])]
    chance.shuffle(files)
    for tests in files:
        chance.shuffle(tests)
    items[:] = [item for tests in files for item in tests]


@pytest.fixture(scope="session", autouse=True)
def slow_client(postgres_url: str) -> Iterator[None]:
    """A process of its own: some tests count the statements of theirs."""
    process = subprocess.Popen([sys.executable, __file__, postgres_url])
    yield
    process.terminate()
    process.wait()


async def _hold_transactions(url: str) -> None:
    connection = await asyncpg.connect(url)
    while True:
        async with connection.transaction():
            await connection.execute("SELECT pg_current_xact_id()")
            await asyncio.sleep(random.choice([0.05, 0.3, 1, 2]))
        await asyncio.sleep(random.choice([0, 0.2, 1]))


if __name__ == "__main__":
    asyncio.run(_hold_transactions(sys.argv[1]))
