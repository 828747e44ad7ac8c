"""`kshare serve`, `worker`, `migrate`, `reindex`, `recount`: what runs, and what it runs on."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from kshare import serving
from kshare.cli.common import Problem, finish, settings, with_database
from kshare.console import Console
from kshare.core.database import Database
from kshare.store import shared_postgres

Host = Annotated[str | None, typer.Option(help="Address to listen on [KSHARE_HOST; default 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port to listen on [KSHARE_PORT; default 8000].")]
Workers = Annotated[int | None, typer.Option(help="Processes that serve [KSHARE_WORKERS; default 1].")]
Demo = Annotated[
    bool | None, typer.Option("--demo/--no-demo", help="Load the demo company into an empty database [KSHARE_DEMO].")
]


def serve(host: Host = None, port: Port = None, workers: Workers = None, demo: Demo = None) -> None:
    """Serve both doors and start all they need. That is PostgreSQL, migrations and the reactors."""
    console = Console()
    given = settings(host=host, port=port, workers=workers, demo=demo)
    if console.alive and "log_format" not in given.model_fields_set:
        given = given.model_copy(update={"log_format": "console"})
    serving.serve(given, console)


def worker() -> None:
    """Run the reactors alone, beside any number of servers."""
    console, given = Console(), settings()
    store: AbstractAsyncContextManager[str] = shared_postgres(given, console)
    serving.work(given, console, store=store)


Force = Annotated[bool, typer.Option("--force", envvar="KSHARE_REINDEX_FORCE", help="Also what is up to date.")]


def reindex(force: Force = False) -> None:
    """Write anew what is missing or out of date: search documents, and what ideas are compared by."""
    from kshare.ideas.likeness import rewrite_prints
    from kshare.search.reindex import reindex as write_anew

    async def work(database: Database, console: Console) -> tuple[int, int]:
        with console.measured("Indexing") as progress:
            documents = await write_anew(database, progress, force=force)
        with console.measured("Comparing ideas") as progress:
            return documents, await rewrite_prints(database, progress, force=force)

    console = Console()
    documents, prints = with_database(work, console)
    console.say(f"{documents} documents written")
    console.say(f"{prints} ideas made comparable")


def recount() -> None:
    """Bring the account of contributions to what happened, and compute all figures anew."""
    from kshare.contributions.ledger import complete
    from kshare.metrics.rebuild import rebuild

    async def work(database: Database, console: Console) -> tuple[int, int]:
        with console.measured("Completing the account") as progress:
            entries = await complete(database, progress)
        with console.measured("Computing figures") as progress:
            return entries, await rebuild(database, progress)

    console = Console()
    entries, figures = with_database(work, console)
    console.say(f"{entries} entries written")
    console.say(f"{figures} figures changed")


Check = Annotated[
    bool,
    typer.Option("--check", envvar="KSHARE_MIGRATE_CHECK", help="Also compare the tables with the code; for CI."),
]


def migrate(check: Check = False) -> None:
    """Bring the database to the newest schema."""

    async def work(database: Database, console: Console) -> list[str]:
        from kshare.tables import drift

        return await drift(database) if check else []

    console = Console()
    differences = with_database(work, console)
    for line in differences:
        console.say(line)
    if differences:
        raise Problem("the tables differ from the models: a migration is missing")
    console.say("The database is at the newest schema.")


def doctor() -> None:
    """Say what is configured, reachable or wrong. Each fault comes with what to do about it."""
    from kshare.doctor import State, examine

    console, given = Console(), settings()
    states: list[State] = []

    async def look() -> None:
        async for finding in examine(given, Console(error=True)):
            states.append(finding.state)
            console.say(f"{finding.state:<5} {finding.check:<18} {finding.found}")
            if finding.cure:
                console.say(f"{'':<24} -> {finding.cure}")

    finish(look())
    console.say(f"{states.count(State.fail)} wrong, {states.count(State.warn)} to look at")
    if State.fail in states:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)
    app.command()(reindex)
    app.command()(recount)
    app.command()(doctor)
