"""What all commands share: settings, and errors that people can act on."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError as UnreadableSettings
from typer.core import TyperGroup

from kshare.console import Console, Refused
from kshare.core.database import Database
from kshare.core.errors import DomainError
from kshare.core.postgres import DirectoryInUse, PostgresError
from kshare.core.settings import Settings, SettingsError
from kshare.store import opened

T = TypeVar("T")
A = TypeVar("A", bound=BaseModel)

REFUSED = 2
"""The exit status of a command that did not start: a wrong setting, a directory in use, a database away."""

_EXPECTED = (DirectoryInUse, PostgresError, Refused, SettingsError)


class Problem(Exception):
    """What keeps a command from its work, in words for a person; exit status 1."""


class Commands(TyperGroup):
    """Turns what is expected to go wrong into a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except _EXPECTED as error:
            raise _ended(str(error), REFUSED) from None
        except Problem as error:
            raise _ended(str(error), 1) from None
        except DomainError as error:
            places = "".join(f"\n  {place.pointer}: {place.message}" for place in error.errors)
            raise _ended((error.detail or error.problem.cause) + places, 1) from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise _ended("stopped", 130) from None


def _ended(message: str, status: int) -> typer.Exit:
    sys.stdout.flush()
    typer.echo(f"kshare: {message}", err=True)
    return typer.Exit(status)


def settings(**given: Any) -> Settings:
    """The settings, with what was given on the command line before everything else. Raises `SettingsError`."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("\n        ".join(_line(one) for one in error.errors(include_url=False))) from None
    except UnreadableSettings as error:
        field = re.search(r'field "(\w+)"', str(error))
        name = f"KSHARE_{field[1].upper()}" if field else "the settings"
        raise SettingsError(f'{name}: this must be JSON, such as ["a", "b"] ({error.__cause__})') from None


def _line(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    return f"KSHARE_{str(error['loc'][0]).upper()}: {message}"


def asked(ask: type[A], **fields: Any) -> A:
    """What a command asks of the domain; raises `Problem` for what breaks its rules."""
    try:
        return ask(**fields)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise Problem("; ".join(lines)) from None


def with_database(work: Callable[[Database, Console], Awaitable[T]], console: Console | None = None) -> T:
    """Runs something on the database: beside a running `kshare serve`, or on a PostgreSQL started for it."""
    configured, out = settings(), console or Console()

    async def run() -> T:
        # Rows are written in the order in which tables refer to each other, for which all of them must be known.
        import_module("kshare.tables")
        async with opened(configured, out) as database:
            return await work(database, out)

    return finish(run())


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end, or to a Ctrl-C, after which everything it opened is closed."""
    return asyncio.run(work)
