"""`kshare seal`: the keys that seal anonymous authors."""

import typer
from rich.table import Table

from kshare.cli.common import Problem, with_database
from kshare.console import Console
from kshare.core.database import Database

seal = typer.Typer(no_args_is_help=True, help="Keys that seal who wrote something anonymous.")


@seal.command("rotate")
def rotate() -> None:
    """Add a key and seal everything anew with it. Pseudonyms stay, and so does what authors may do.

    In production this also makes the first key file. A rotation that was interrupted goes on.
    """
    from kshare.content.anonymity.rotation import rewrap_all, unfinished
    from kshare.core.sealing import BrokenSeal

    async def work(database: Database, console: Console) -> None:
        keyring = database.keyring
        if not keyring.available or not await unfinished(database):
            console.say(f"added the key {keyring.add_key()} to {keyring.path}")
        else:
            console.say(f"going on with the rotation to the key {keyring.newest}; run it again for another key")
        total = await unfinished(database)
        with console.measured("Sealing anew", total) as tell:
            done = 0

            def advance(more: int) -> None:
                nonlocal done
                done += more
                tell(done, total)

            try:
                done = await rewrap_all(database, advance)
            except BrokenSeal as broken:
                raise Problem(f"a seal does not open: {broken}; `kshare seal status` says of which key") from None
        console.say(f"{done} sealed anew")

    with_database(work)


@seal.command("status")
def status() -> None:
    """Show the keys, how much each of them seals, and whether the file is the right one."""
    from kshare.content.anonymity.rotation import KeyUse, use_of_keys

    table = Table("key", "seals", "state", box=None, pad_edge=False)

    async def work(database: Database, console: Console) -> list[KeyUse]:
        if not database.keyring.available:
            console.say("there is no key file: nothing can be written anonymously")
        return await use_of_keys(database)

    console = Console(error=True)
    uses = with_database(work, console)
    for position, use in enumerate(uses):
        state = "does not open what it sealed" if not use.found else "seals" if position == len(uses) - 1 else "opens"
        table.add_row(use.key_id, str(use.seals), state)
    if uses:
        Console().table(table)
    if not all(use.found for use in uses):
        raise Problem("some seals cannot be opened with this file: is it the one they were made with?")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(seal, name="seal")
