"""`kshare serve`, `worker`, `migrate`: what runs, and what it runs on."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from kshare import serving
from kshare.cli.common import finish, settings
from kshare.console import Console
from kshare.core.database import Database
from kshare.store import bring_up_to_date, shared_postgres

Host = Annotated[str | None, typer.Option(help="Address to listen on [KSHARE_HOST; default 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port to listen on [KSHARE_PORT; default 8000].")]
Workers = Annotated[int | None, typer.Option(help="Processes that serve [KSHARE_WORKERS; default 1].")]
Demo = Annotated[
    bool | None, typer.Option("--demo/--no-demo", help="Load the demo company into an empty database [KSHARE_DEMO].")
]


def serve(host: Host = None, port: Port = None, workers: Workers = None, demo: Demo = None) -> None:
    """Serve both doors, and start all that this needs: PostgreSQL, migrations, the reactors."""
    console = Console()
    given = settings(host=host, port=port, workers=workers, demo=demo)
    if console.alive and "log_format" not in given.model_fields_set:
        given = given.model_copy(update={"log_format": "console"})
    serving.serve(given, console)


def worker() -> None:
    """Run the reactors alone, beside any number of servers and workers."""
    console, given = Console(), settings()
    store: AbstractAsyncContextManager[str] = shared_postgres(given, console)
    serving.work(given, console, store=store)


def migrate() -> None:
    """Bring the database to the newest schema."""
    console, given = Console(), settings()

    async def run() -> None:
        async with shared_postgres(given, console) as url:
            database = Database(url, given)
            try:
                await bring_up_to_date(database, console)
            finally:
                await database.close()
        console.say("The database is at the newest schema.")

    finish(run())


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)
