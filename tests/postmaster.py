"""The main process of a PostgreSQL server that runs on a data directory."""

from pathlib import Path


def main_process(directory: Path) -> int:
    """Its process id; `ProcessLookupError` while a starting server has not written it yet."""
    lines = (directory / "pgdata" / "postmaster.pid").read_text().splitlines()
    if not lines:
        raise ProcessLookupError(f"no process has put its number into {directory} yet")
    return int(lines[0])
