"""The command line: `kshare`. Each command says what it does while it does it, and fails with words, not a traceback."""

import typer

from kshare.cli import contract, server
from kshare.cli.common import Commands

app = typer.Typer(
    name="kshare",
    cls=Commands,
    help="The headless backend with which a company shares knowledge. Every option is also a variable KSHARE_*.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
server.add_to(app)
contract.add_to(app)

__all__ = ["app"]
