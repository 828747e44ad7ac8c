"""Whether a database that was seeded earlier still has the schema of today, and what can be done about it.

Seeding takes minutes, so a seeded database is migrated like any other. While a schema is being worked on, its
migrations also change after they ran; so the result is compared with a new database, and indexes that differ are made
anew. For any other difference the database has to be seeded again.
"""

from typing import Any

import asyncpg

from kshare import migrate
from kshare.core.database import Database
from kshare.core.settings import Settings

Connection = asyncpg.Connection

_TABLES = """
SELECT c.relname || '.' || a.attname AS what, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.attstorage, a.attidentity, pg_get_expr(d.adbin, d.adrelid)) AS how
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
UNION ALL SELECT relname, array_to_string(reloptions, ',') FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
UNION ALL SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'
"""
_INDEXES = """
SELECT indexname AS what, indexdef AS how FROM pg_indexes i WHERE schemaname = 'public'
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = format('public.%I', i.indexname)::regclass)
"""


async def migrated(url: str) -> None:
    """Brings a database to the newest schema."""
    database = Database(url, Settings(_env_file=None))
    try:
        await migrate.upgrade(database)
    finally:
        await database.close()


async def brought_up_to_date(connection: Connection, url: str, new: Connection) -> str | None:
    """Migrates a seeded database and makes its indexes those of a new one; why it must be seeded again, if it must."""
    try:
        await migrated(url)
    except Exception as error:  # whatever it is, seeding again is the way out
        return f"it cannot be migrated: {type(error).__name__}: {error}"
    present, wanted = await _facts(connection, _TABLES), await _facts(new, _TABLES)
    if present != wanted:
        different = sorted({what for what, _ in set(present.items()) ^ set(wanted.items())})
        return f"its schema differs in {', '.join(different[:5])}"
    indexes, wanted_indexes = await _facts(connection, _INDEXES), await _facts(new, _INDEXES)
    for name, definition in indexes.items():
        if wanted_indexes.get(name) != definition:
            await connection.execute(f'DROP INDEX "{name}"')
    for name, definition in wanted_indexes.items():
        if indexes.get(name) != definition:
            await connection.execute(definition)
    return None


async def _facts(connection: Connection, sql: str) -> dict[str, Any]:
    return {row["what"]: row["how"] for row in await connection.fetch(sql)}
