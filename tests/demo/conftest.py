"""A server with the demo company."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import Loop, Server, cloned_database, live_server

from kshare.console import Console
from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.demo.load import load_demo

Demo = tuple[Server, dict[str, httpx.Client]]


@pytest.fixture(scope="session")
def demo(postgres_url: str, loop: Loop) -> Iterator[Demo]:
    """A server with the demo company, and a client for each demo role."""
    with tempfile.TemporaryDirectory() as folder, cloned_database(postgres_url, loop) as url:
        # Both need the same key file: anonymous authors sign in and find what is theirs.
        settings = Settings(_env_file=None, data_dir=Path(folder))

        async def load() -> dict[str, str]:
            database = Database(url, settings)
            began = time.process_time()
            keys = await load_demo(database, Path(folder), Console())
            print(f"loaded in {time.process_time() - began:.1f} s")
            await database.engine.dispose()
            return keys

        keys = loop.run(load(), timeout=300)
        with live_server(url, loop, data_dir=Path(folder), seal_keys=None) as server:
            yield server, _clients(server, keys)


def _clients(server: Server, keys: dict[str, str]) -> dict[str, httpx.Client]:
    return {
        role: httpx.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        for role, key in keys.items()
    }
