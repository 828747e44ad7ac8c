"""Inside a running server: the superuser's connection, and the role and database of the application."""

from typing import TypeAlias

import asyncpg

from kshare.core.postgres.errors import PostgresError
from kshare.core.postgres.home import PORT, ROLE, SUPERUSER, Home

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_CONNECT_PATIENCE = 10.0  # seconds


async def connect(home: Home, patience: float = _CONNECT_PATIENCE) -> Connection:
    """A connection of the superuser, within so many seconds."""
    return await asyncpg.connect(
        host=str(home.sockets),
        port=PORT,
        user=SUPERUSER,
        password=home.superuser_password,
        database="postgres",  # not the application's: that can be dropped and cloned under the watch
        ssl=False,
        timeout=patience,
        command_timeout=60,
        server_settings={"application_name": "kshare supervisor"},
    )


async def close(connection: Connection) -> None:
    """Close a connection without letting a server that just died disturb us."""
    try:
        await connection.close(timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


async def provide_database(home: Home) -> None:
    """Make the application's role and database, or make sure that the role is what the URL says."""
    try:
        connection = await connect(home)
        try:
            await _provide_role(connection, home.role_password)
            await _provide_database(connection)
        finally:
            await close(connection)
    except asyncpg.PostgresError as error:
        raise PostgresError(f"PostgreSQL cannot make the database {ROLE}: {error}") from error


async def _provide_role(connection: Connection, password: str) -> None:
    known = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", ROLE)
    # Passwords are hexadecimal, checked when read: nothing to quote. DDL takes no parameters.
    await connection.execute(
        f"{'ALTER' if known else 'CREATE'} ROLE {ROLE} LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION "
        f"NOBYPASSRLS PASSWORD '{password}'"
    )


async def _provide_database(connection: Connection) -> None:
    if await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", ROLE):
        return
    character_type = await connection.fetchval("SELECT datctype FROM pg_database WHERE datname = 'template0'")
    await connection.execute(
        f"CREATE DATABASE {ROLE} OWNER {ROLE} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin "
        f"BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE '{character_type}'"
    )
