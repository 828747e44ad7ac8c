"""All commands, in the order in which `kshare --help` shows them."""

import typer

from kshare.cli import contract, imports, people, seal, server
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
people.add_to(app)
seal.add_to(app)
imports.add_to(app)
contract.add_to(app)

__all__ = ["app"]
