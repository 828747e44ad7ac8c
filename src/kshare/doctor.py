"""`kshare doctor`: what is configured, what is reachable, what is wrong, and what to do about it. Changes nothing."""

import os
import platform
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import asyncpg
import httpx
from graphql import GraphQLError
from sqlalchemy import make_url

from kshare import api, migrate
from kshare.console import Console, Refused
from kshare.core.database import Database
from kshare.core.errors import DomainError
from kshare.core.postgres import DirectoryInUse, DirectoryLock, PostgresError
from kshare.core.settings import Settings, SettingsError
from kshare.core.words import CUTTER_VERSION
from kshare.edge.graphql_documents import trusted_documents
from kshare.edge.graphql_limits import Document, InvalidDocument, Limits
from kshare.people.provider import token_verifier
from kshare.search.reindex import stale_documents
from kshare.store import postgres_directory, shared_postgres

_PATIENCE = 5.0
_LITTLE_SPACE = 2 * 1024**3
_NO_SPACE = 256 * 1024**2
_SKEW = 2.0
_LAG = 60.0
_EXTENSIONS = ("pg_trgm", "btree_gin")


class State(StrEnum):
    """How a check came out."""

    ok = "ok"
    warn = "warn"
    fail = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it found, and what to do if that is not well."""

    state: State
    check: str
    found: str
    cure: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(State.ok, check, found)


def warn(check: str, found: str, cure: str) -> Finding:
    """It works, but not for long or not for everybody."""
    return Finding(State.warn, check, found, cure)


def fail(check: str, found: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(State.fail, check, found, cure)


async def examine(settings: Settings, console: Console) -> AsyncIterator[Finding]:
    """Everything there is to find, check by check."""
    for finding in (*_configured(settings), *_directory(settings)):
        yield finding
    try:
        if settings.database_url is None and not (postgres_directory(settings) / "pgdata").exists():
            yield ok("PostgreSQL", "our own, which will be made at the first start")
        else:
            async with shared_postgres(settings, console, patience=_PATIENCE) as url:
                async for finding in _database(settings, url):
                    yield finding
    except (Refused, PostgresError) as error:
        yield fail("PostgreSQL", str(error), "See above; nothing works without it.")
    async for finding in _others(settings):
        yield finding


# ---- what is configured ---------------------------------------------------------------------------------------------


def _configured(settings: Settings) -> Iterator[Finding]:
    python = f"{platform.python_version()} at {sys.executable}"
    yield ok("Python", python)
    file = Path(".env")
    given = sorted(f"KSHARE_{name.upper()}" for name in settings.model_fields_set)
    source = f" (read from the environment and {file.resolve()})" if file.exists() else ""
    yield ok("Settings", (", ".join(given) or "all at their defaults") + source)
    known = {f"KSHARE_{name.upper()}" for name in Settings.model_fields}
    commands = ("KSHARE_IMPORT_", "KSHARE_KEY_", "KSHARE_PERSON_", "KSHARE_PEOPLE_", "KSHARE_CONTRACT_", "KSHARE_TEST_")
    others = ("KSHARE_MIGRATE_CHECK", "KSHARE_REINDEX_FORCE")
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith("KSHARE_") and name not in (*known, *others) and not name.startswith(commands)
    )
    if unknown:
        yield warn("Unknown variables", ", ".join(unknown), "They have no effect: correct or remove them.")
    yield from _secret(settings)
    exposed = settings.host not in ("127.0.0.1", "::1", "localhost")
    if exposed and settings.environment == "development":
        yield warn(
            "Environment",
            f"development, but listening on {settings.host}",
            "Set KSHARE_ENVIRONMENT=production where others can reach it.",
        )
    else:
        yield ok("Environment", settings.environment)
    if settings.demo and settings.environment == "production":
        yield fail("Demo", "KSHARE_DEMO is set in production", "Unset it: the keys of the demo lie in a file.")


def _secret(settings: Settings) -> Iterator[Finding]:
    cure = 'Set KSHARE_SECRET, e.g. to what `python3 -c "import secrets; print(secrets.token_urlsafe(48))"` prints.'
    if settings.secret is None:
        if settings.environment == "production":
            yield fail("Secret", "KSHARE_SECRET is not set", cure)
        else:
            yield ok("Secret", "generated into the data directory")
        return
    value = settings.secret.get_secret_value()
    if len(value) < 32:
        yield fail("Secret", f"KSHARE_SECRET has only {len(value)} characters", cure)
    elif len(set(value)) < 10:
        yield warn("Secret", "KSHARE_SECRET repeats a few characters", cure)
    else:
        yield ok("Secret", "KSHARE_SECRET is set")


# ---- the data directory ---------------------------------------------------------------------------------------------


def _directory(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir.expanduser().resolve()
    if not path.is_dir():
        nearest = next(place for place in (path, *path.parents) if place.exists())
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            yield ok("Data directory", f"{path} will be made at the first start")
        else:
            reason = "cannot be written to" if nearest.is_dir() else "is no directory"
            yield fail(
                "Data directory", f"{path} cannot be made: {nearest} {reason}", "Set KSHARE_DATA_DIR to another."
            )
        return
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    allowed = 0o711 if os.geteuid() == 0 else 0o700
    if not os.access(path, os.W_OK | os.X_OK):
        yield fail(
            "Data directory", f"{path} cannot be written to", f"Give it to the user kshare runs as: chown {path}"
        )
    elif mode & ~allowed:
        yield warn("Data directory", f"{path} is open to other users ({mode:04o})", f"chmod {allowed:o} {path}")
    else:
        yield ok("Data directory", str(path))
    for name in ("secrets.json", "demo-keys.json", "seal-keys.json"):
        file = path / name
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield fail(name, "other users can read it", f"chmod 600 {file}, and replace what is in it")
    lock = DirectoryLock(path)
    try:
        lock.acquire()
    except DirectoryInUse:
        owner = (path / "kshare.lock").read_text().strip()
        yield ok("In use", f"by process {owner}")
    except OSError as error:
        yield fail("In use", f"kshare.lock cannot be opened: {error.strerror}", "Run kshare as the directory's owner.")
    else:
        lock.release()
        yield ok("In use", "by nobody")
    free = shutil.disk_usage(path).free
    found = f"{free / 1024**3:.1f} GB free"
    if free < _NO_SPACE:
        yield fail("Disk", found, "Make room: PostgreSQL stops when the disk is full.")
    elif free < _LITTLE_SPACE:
        yield warn("Disk", found, "Make room soon: PostgreSQL stops when the disk is full.")
    else:
        yield ok("Disk", found)


# ---- PostgreSQL -----------------------------------------------------------------------------------------------------


async def _database(settings: Settings, url: str) -> AsyncIterator[Finding]:
    kind = "given by KSHARE_DATABASE_URL" if settings.database_url else "our own"
    database = Database(url, settings)
    connection = await asyncpg.connect(database.dsn, timeout=_PATIENCE)
    try:
        yield ok("PostgreSQL", f"{connection.get_server_version().major}, {kind}")
        for finding in await _server(settings, connection):
            yield finding
        revision = await _revision(connection)
        if revision == migrate.newest():
            yield ok("Migrations", f"at {revision}, the newest")
            for finding in await _work_left(database, connection):
                yield finding
        else:
            yield fail(
                "Migrations",
                f"at {revision or 'none'}, not at {migrate.newest()}",
                "Run `kshare migrate`, or start kshare.",
            )
    finally:
        await connection.close(timeout=_PATIENCE)
        await database.close()


async def _revision(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return revision


async def _server(settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]") -> Sequence[Finding]:
    findings = []
    facts = await connection.fetchrow(
        "SELECT pg_encoding_to_char(encoding) AS encoding, datctype, clock_timestamp() AS now,"
        " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,"
        " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used"
        " FROM pg_database WHERE datname = current_database()"
    )
    assert facts is not None
    if facts["encoding"] != "UTF8":
        findings.append(fail("Encoding", facts["encoding"], "Create the database anew with ENCODING 'UTF8'."))
    elif facts["datctype"] in ("C", "POSIX"):
        findings.append(
            warn(
                "Locale",
                f"LC_CTYPE is {facts['datctype']}: names in Chinese are not found by a part of them",
                "Create the database anew with LC_CTYPE 'C.UTF-8' or another UTF-8 locale.",
            )
        )
    else:
        findings.append(ok("Encoding", f"UTF8, {facts['datctype']}"))
    rows = await connection.fetch(
        "SELECT name, installed_version FROM pg_available_extensions WHERE name = ANY($1)", list(_EXTENSIONS)
    )
    available = {row["name"] for row in rows}
    if missing := [name for name in _EXTENSIONS if name not in available]:
        cure = "Install PostgreSQL's contrib package (Debian: postgresql-contrib) on its server."
        findings.append(fail("Extensions", f"{', '.join(missing)} cannot be had", cure))
    else:
        findings.append(ok("Extensions", ", ".join(_EXTENSIONS)))
    # One more for each process that listens for changed principals, one for the supervision.
    wanted = settings.workers * (settings.read_pool + settings.write_pool + 2) + 1
    sizes = f"{settings.workers} x ({settings.read_pool} + {settings.write_pool} + 2)"
    if wanted > facts["most"]:
        findings.append(
            warn(
                "Connections",
                f"{sizes} wanted, {facts['most']} allowed",
                "Raise max_connections, or lower KSHARE_WORKERS, KSHARE_READ_POOL or KSHARE_WRITE_POOL.",
            )
        )
    else:
        findings.append(ok("Connections", f"{wanted} wanted, {facts['most']} allowed, {facts['used']} in use"))
    skew = abs((datetime.now(UTC) - facts["now"]).total_seconds())
    if skew > _SKEW:
        findings.append(warn("Clock", f"{skew:.0f} s apart from PostgreSQL's", "Run NTP on both machines."))
    else:
        findings.append(ok("Clock", "the same as PostgreSQL's"))
    return findings


async def _work_left(database: Database, connection: "asyncpg.Connection[asyncpg.Record]") -> Sequence[Finding]:
    """What the reactors have not done yet."""
    findings = []
    administrators = await connection.fetchval(
        "SELECT count(*) FROM role_assignment r JOIN person p ON p.id = r.person_id AND p.active"
        " WHERE r.role = 'administrator' AND r.department_id IS NULL AND r.category_id IS NULL"
    )
    if administrators:
        findings.append(ok("Administrators", str(administrators)))
    else:
        cure = "Make the first one: kshare people add --admin --email … --name …"
        findings.append(warn("Administrators", "there is none", cure))
    for reactor in api.reactors():
        behind = await connection.fetchrow(
            "SELECT count(*) AS entries, extract(epoch FROM clock_timestamp() - min(j.at))::float8 AS seconds FROM"
            " (SELECT at FROM journal WHERE (xid, number) > (coalesce((SELECT xid FROM reactor WHERE name = $1), '0'),"
            " coalesce((SELECT number FROM reactor WHERE name = $1), 0)) ORDER BY xid, number LIMIT 10000) j",
            reactor.name,
        )
        assert behind is not None
        held = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kshare' AND pid <> pg_backend_pid()"
        )
        entries = f"{behind['entries']} entries behind"
        if behind["entries"] and held and behind["seconds"] > _LAG:
            findings.append(
                warn(f"Reactor {reactor.name}", entries, "See the log for `reactor_failed`; start `kshare worker`s.")
            )
        elif behind["entries"]:
            findings.append(ok(f"Reactor {reactor.name}", f"{entries}; it goes on with `kshare serve` or `worker`"))
        else:
            findings.append(ok(f"Reactor {reactor.name}", "has read the whole journal"))
    if stale := await stale_documents(database):
        cure = f"Wait for the reactors; if it stays, run `kshare reindex` (the cutter is {CUTTER_VERSION})."
        findings.append(warn("Search", f"{stale} items are not found as they should be", cure))
    else:
        findings.append(ok("Search", "every document is up to date"))
    return findings


# ---- the outside world ----------------------------------------------------------------------------------------------


async def _others(settings: Settings) -> AsyncIterator[Finding]:
    if settings.oidc_issuer is None:
        yield ok("Sign-in", "by key only; KSHARE_OIDC_ISSUER is not set")
    else:
        try:
            token_verifier(settings)
            yield await _identity_provider(settings.oidc_issuer)
        except SettingsError as error:
            yield fail("Identity provider", str(error), "Correct it; kshare does not start with this.")
    if settings.graphql_documents is not None:
        yield _documents(settings)
    if settings.redis_url is not None:
        yield await _redis(settings.redis_url.get_secret_value())
    elif settings.workers > 1:
        cure = "Set KSHARE_REDIS_URL to count them together."
        yield warn("Rate limits", f"each of {settings.workers} processes counts by itself", cure)


def _documents(settings: Settings) -> Finding:
    """Whether the trusted documents can be read and fit the schema of this version."""
    try:
        documents = trusted_documents(settings)
    except SettingsError as error:
        return fail("GraphQL documents", str(error), "Correct it; kshare does not start with this.")
    schema, limits = api.schema(), Limits()
    refused = {}
    for digest, source in documents.items():
        try:
            Document(schema, source, limits)
        except InvalidDocument as invalid:
            refused[digest] = invalid.errors[0].message
        except (GraphQLError, DomainError) as error:
            refused[digest] = str(error)
    if refused:
        digest, reason = next(iter(refused.items()))
        found = f"{len(refused)} of {len(documents)} do not fit the schema, e.g. {digest[:12]}…: {reason}"
        return warn("GraphQL documents", found, "Build the clients anew against this schema.")
    return ok(
        "GraphQL documents", f"{len(documents)}, {'and no others' if settings.graphql_trusted_only else 'and any'}"
    )


async def _identity_provider(issuer: str) -> Finding:
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    cure = "Correct KSHARE_OIDC_ISSUER, or let this machine reach it; until then access tokens are answered with 503."
    try:
        async with httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False) as client:
            answer = await client.get(address)
            answer.raise_for_status()
            named, keys = answer.json()["issuer"], answer.json()["jwks_uri"]
            if named.rstrip("/") != issuer.rstrip("/"):
                return fail("Identity provider", f"{address} is of the issuer {named}", cure)
            found = await client.get(keys)
            found.raise_for_status()
            return ok("Identity provider", f"{issuer}, {len(found.json()['keys'])} keys")
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        return fail("Identity provider", f"{address}: {type(error).__name__}: {error}", cure)


async def _redis(url: str) -> Finding:
    where = make_url(url).render_as_string(hide_password=True)
    try:
        from limits.aio.storage import RedisStorage

        if await RedisStorage(f"async+{url}").check():
            return ok("Redis", where)
        reason = "no answer"
    except Exception as error:  # whatever a client library raises, it is not reachable
        reason = f"{type(error).__name__}: {error}"
    return warn("Redis", f"{where}: {reason}", "Start it or correct KSHARE_REDIS_URL; each process counts by itself.")
