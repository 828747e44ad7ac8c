"""`kshare contract`: the promises of both doors as files."""

from pathlib import Path
from typing import Annotated

import typer

from kshare.cli.common import Problem
from kshare.console import Console

group = typer.Typer(no_args_is_help=True, help="The contract of both doors, as files that are committed.")

Folder = Annotated[
    Path, typer.Option(envvar="KSHARE_CONTRACT_FOLDER", help="Where openapi.json and schema.graphql are.")
]


@group.command()
def write(folder: Folder = Path("openapi")) -> None:
    """Write openapi.json and schema.graphql as this code promises them."""
    from kshare import contract

    changed = contract.write(folder)
    console = Console()
    for path in changed:
        console.say(f"wrote {path}")
    if not changed:
        console.say("nothing changed")


@group.command()
def check(folder: Folder = Path("openapi")) -> None:
    """Show how the files differ from what this code promises; exit status 1 if they do."""
    from kshare import contract

    lines = contract.differences(folder)
    if lines:
        console = Console()
        for line in lines:
            console.say(line)
        raise Problem(
            f"the contract has changed ({sum(line[:1] in '+-' for line in lines)} lines): if that is intended and v1 "
            "does not break, run `kshare contract write` and commit the files with the reason"
        )
    Console().say("the contract is as committed")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(group, name="contract")
