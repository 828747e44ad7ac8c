"""The system's user a server runs as, and what belongs to that user alone. PostgreSQL refuses to run as root."""

import contextlib
import os
import pwd
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from kshare.core.postgres.errors import WAY_OUT, PostgresError

_SYSTEM_USER = "embedded_postgres"  # for root only


class AsUser(TypedDict, total=False):
    """The arguments with which `subprocess` runs a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The server's user; `ours` says that it is the one kshare runs as."""

    uid: int
    gid: int
    ours: bool

    def arguments(self) -> AsUser:
        """What `subprocess` needs to run a program as this user."""
        return {} if self.ours else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, directory: Path) -> bool:
        """Whether this user can get into the directory: asked of the kernel, which also knows about access lists.

        Always true for our own user, whose attempts say for themselves why they fail.
        """
        if self.ours:
            return True
        command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]
        done = subprocess.run(command, cwd="/", check=False, capture_output=True, **self.arguments())  # noqa: S603
        return done.returncode == 0

    def make_private(self, directory: Path) -> None:
        """Make a directory that only this user can enter, or make sure that it is one.

        In the directory for temporary files anybody may have made it first, to get between us and the server.
        """
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self.uid, os.geteuid()):
            raise PostgresError(f"{directory} is not a directory of user {self.uid}; remove it")
        if not self.ours:
            os.chown(directory, self.uid, self.gid, follow_symlinks=False)
        directory.chmod(0o700)

    def open_private(self, path: Path, flags: int) -> int:
        """A descriptor of a file that only this user can read, made if missing; never through a symlink."""
        descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if not self.ours:
                os.fchown(descriptor, self.uid, self.gid)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def server_account(directory: Path) -> Account:
    """The user the server has to run as. Makes `directory` and all in it belong to that user.

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
        return Account(os.geteuid(), os.getegid(), ours=True)
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, ours=False)
    entry = _system_user()
    account = Account(entry.pw_uid, entry.pw_gid, ours=False)
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
        f"kshare runs as root, which PostgreSQL refuses to, and a user for it cannot be made ({problem}): {WAY_OUT}"
    )
