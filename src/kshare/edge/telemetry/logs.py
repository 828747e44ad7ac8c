"""Log lines: one form for ours and those of libraries, written in bundles."""

import asyncio
import atexit
import logging
import os
import sys
from threading import Lock
from typing import Any, BinaryIO

import structlog
from structlog.typing import EventDict, Processor

from kshare.core.settings import Settings
from kshare.edge.telemetry.rendering import json_bytes


class LineWriter:
    """Gathers log lines and writes them together: a system call costs more than everything else about a line.

    Lines wait at most `delay` seconds, and not at all when they are urgent, when no event loop runs or when `most`
    bytes have gathered. A clean exit loses none; a killed process loses the lines of the last `delay` seconds, of which
    none is a warning.
    """

    def __init__(self, stream: BinaryIO | None = None, delay: float = 0.2, most: int = 64 * 1024) -> None:
        self.stream = stream  # None is whatever stderr is at the time of writing
        self.delay = delay
        self.most = most
        self._lock = Lock()
        self._lines: list[bytes] = []
        self._size = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def write(self, line: bytes, *, urgent: bool = False) -> None:
        """Takes one line, without its newline."""
        with self._lock:
            self._lines.append(line)
            self._size += len(line)
        if urgent or self._size >= self.most or not self._will_flush():
            self.flush()

    def flush(self) -> None:
        """Writes what has gathered. A stream that is gone is no reason to fail a request."""
        with self._lock:
            lines, self._lines, self._size, self._loop = self._lines, [], 0, None
            if lines:
                try:
                    stream = self.stream or sys.stderr.buffer
                    stream.write(b"\n".join(lines) + b"\n")
                    stream.flush()
                except (OSError, ValueError, AttributeError):
                    return

    def _will_flush(self) -> bool:
        """Sees to a flush by the running event loop; False where there is none."""
        if not self.delay:
            return False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        # A loop that ended with a flush outstanding is not this one, so the next loop gets its own.
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(self.delay, self.flush)
        return True


class _Lines:
    """The logger under structlog: the method it is called by says how urgent a line is."""

    def debug(self, line: str | bytes) -> None:
        _writer.write(line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace"))

    def warning(self, line: str | bytes) -> None:
        _writer.write(line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace"), urgent=True)

    info = msg = log = debug
    warn = error = err = critical = fatal = failure = exception = warning


class _Handler(logging.Handler):
    """Brings the lines of libraries, which use the standard `logging`, into the same form and stream."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        (_Lines.warning if record.levelno >= logging.WARNING else _Lines.debug)(_lines, line)


_writer = LineWriter()
_lines = _Lines()
atexit.register(lambda: _writer.flush())
if hasattr(os, "register_at_fork"):
    # A child must not write its parent's waiting lines a second time.
    os.register_at_fork(before=lambda: _writer.flush())


def _render_json(_: object, __: str, event: EventDict) -> bytes:
    return json_bytes(event)


def configure_logging(settings: Settings, stream: BinaryIO | None = None) -> None:
    """Sets structlog and the standard `logging` to one form, on stderr (`stream` is for tests).

    stdout stays free for what a command prints. JSON lines are written in bundles (see `LineWriter`), lines for the
    console at once. Uvicorn's access log is silenced, since the gate writes a better one: run Uvicorn with
    `log_config=None`, or it sets up its own.
    """
    console = settings.log_format == "console"
    _writer.flush()
    _writer.stream = stream
    _writer.delay = 0 if console else 0.2

    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor
    if console:
        # The plain traceback: the pretty one prints local variables, and with them bodies and secrets.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(timestamp_key="at", exception_formatter=plain)
        shared.pop()
    else:
        renderer = _render_json

    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=lambda *_: _lines,
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_text(renderer)],
        )
    )
    # Libraries talk at "info" about every connection they open; what they warn about matters.
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if settings.log_level == "debug" else logging.WARNING)
    logging.getLogger("uvicorn").setLevel(settings.log_level.upper())
    # It would print a traceback while PostgreSQL is away; that it is, and when it is back, our own watch tells.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
    logging.getLogger("uvicorn.access").propagate = False


def _as_text(renderer: Processor) -> Processor:
    """The standard `logging` insists on text."""

    def render(logger: Any, name: str, event: EventDict) -> str:
        line = renderer(logger, name, event)
        return line.decode() if isinstance(line, bytes) else str(line)

    return render


def flush_logs() -> None:
    """Writes the log lines that wait; for the end of an orderly shutdown."""
    _writer.flush()
