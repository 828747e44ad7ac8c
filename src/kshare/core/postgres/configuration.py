"""The settings a server is started with."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from kshare.core.postgres.home import PORT

_DEFAULTS = {
    "cluster_name": "kshare",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",  # our statements are short: compiling them costs more than it gives
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


def settings_arguments(sockets: Path, replaced: Mapping[str, str]) -> list[str]:
    """The server's command-line arguments: our defaults, what replaces them, and what nothing may replace."""
    settings = _DEFAULTS | {"shared_buffers": _shared_buffers()} | dict(replaced)
    settings |= {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "log_destination": "stderr",
        "logging_collector": "off",
    }
    return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]


def _shared_buffers() -> str:
    """256 MB, or an eighth of a small machine's or container's memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(Path(limit).read_text()))
    return f"{min(256, max(16, memory // 8 // 1024**2))}MB"
