"""The command line: `kshare`. Commands say what they do while they do it, and fail with words, not a traceback."""

import sys


def app() -> None:
    """Runs the command that was given. What it needs is imported here, so that a Ctrl-C can come at any time."""
    try:
        from kshare.cli import commands

        commands.app(prog_name="kshare")
    except KeyboardInterrupt:
        sys.stderr.write("kshare: stopped\n")
        sys.exit(130)
