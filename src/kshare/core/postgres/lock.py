"""One kshare to a data directory: a lock that ends with its process."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


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
