"""What the server says: one file, kept from growing without end."""

import contextlib
import os
import shutil
from pathlib import Path

from kshare.core.postgres.account import Account

_LOG_BYTES = 10 * 1024 * 1024
_TAIL_BYTES = 4096
_TAIL_LINES = 15


class ServerLog:
    """The file that the server and the programs that prepare it write to."""

    def __init__(self, path: Path, account: Account) -> None:
        self._path = path
        self._account = account
        self._start = 0  # where the words of the current process begin

    def open(self) -> int:
        """A descriptor for a new process to write to, to be closed by the caller; `tail` begins there."""
        descriptor = self._account.open_private(self._path, os.O_WRONLY | os.O_APPEND)
        self._start = os.fstat(descriptor).st_size
        return descriptor

    def trim(self) -> None:
        """Keep the log below two pieces of 10 MB.

        The server holds the file open for appending, so the file is copied and emptied, not renamed; a line written
        between the two is lost, which is a fair price for needing neither a pipe nor one of the server's processes.
        """
        with contextlib.suppress(OSError):
            if self._path.stat().st_size <= _LOG_BYTES:
                return
            older = self._path.with_name(self._path.name + ".1")
            older.unlink(missing_ok=True)
            with (
                open(self._account.open_private(self._path, os.O_RDWR), "r+b") as log,
                open(self._account.open_private(older, os.O_WRONLY | os.O_EXCL), "wb") as copy,
            ):
                shutil.copyfileobj(log, copy)
                log.truncate(0)

    def tail(self) -> str:
        """The last lines the current process wrote, for an error message."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, "rb") as log:
                size = os.fstat(descriptor).st_size
                start = self._start if self._start <= size else 0
                log.seek(max(start, size - _TAIL_BYTES))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return "\n".join([f"{self._path}:", *(lines[-_TAIL_LINES:] or ["(empty)"])])
