"""From credentials to a principal: API keys and OIDC access tokens.

A principal is remembered for a short time, so that a warm read is one statement. Whatever changes what somebody may
see or do calls `principals_changed`: this process forgets at commit, the others are told through LISTEN/NOTIFY within
milliseconds, and while a process cannot listen it remembers nobody.
"""

import asyncio
import contextlib
import json
import time
import weakref
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from kshare.core.access import ROLES, SCOPABLE, Permission, Role
from kshare.core.bounded import BoundedCache
from kshare.core.clock import midnight, now
from kshare.core.database import Database
from kshare.core.errors import DomainError, unavailable
from kshare.core.principal import EVERYONE, Principal
from kshare.core.sealing import Keyring, derived
from kshare.core.writing import Work, writing
from kshare.people import keys
from kshare.people.events import SignInLinked
from kshare.people.oidc import Claims, ProviderUnavailable, TokenRefused, TokenVerifier

log = structlog.get_logger()

CHANNEL = "kshare_principals"
_REMEMBERED = 30.0
"""Seconds a principal is remembered at most."""

# Who somebody is, in one statement. Categories belong to a floor above (content/), so they are named here as a table
# only; a role assigned for a category or a department holds for all below it.
_PERSON = """
SELECT p.id, p.kind, p.name, p.clearance, p.department_id, {key_columns},
  ARRAY(SELECT unnest(d.path) FROM department d WHERE d.id = p.department_id) AS departments,
  ARRAY(SELECT m.group_id FROM group_member m WHERE m.person_id = p.id) AS groups,
  (SELECT coalesce(json_agg(json_build_object('role', r.role,
     'departments', CASE WHEN r.department_id IS NOT NULL THEN
        (SELECT coalesce(json_agg(s.id), '[]') FROM department s WHERE s.path @> ARRAY[r.department_id]) END,
     'categories', CASE WHEN r.category_id IS NOT NULL THEN
        (SELECT coalesce(json_agg(c.id), '[]') FROM category c WHERE c.path @> ARRAY[r.category_id]) END)), '[]')
   FROM role_assignment r WHERE r.person_id = p.id) AS roles
FROM person p {join} WHERE p.active AND {condition}
"""
_BY_KEY = _PERSON.format(
    key_columns="k.id AS key_id, k.scopes, k.expires_at, k.by_other",
    join="JOIN api_key k ON k.person_id = p.id",
    condition="k.digest = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())",
)
_NO_KEY = "NULL::uuid AS key_id, NULL::text[] AS scopes, NULL::timestamptz AS expires_at, false AS by_other"
_BY_SUBJECT = _PERSON.format(key_columns=_NO_KEY, join="", condition="p.subject = $1")
_BY_EMAIL = _PERSON.format(
    key_columns=_NO_KEY,
    join="",
    condition="p.kind = 'person' AND p.email = $1 AND (p.subject IS NULL OR NOT starts_with(p.subject, $2))",
)
# In one statement, so that of two tokens with one address only the first is linked.
_LINK = text(
    "UPDATE person SET subject = :subject WHERE id = :id AND active AND email = :email"
    " AND (subject IS NULL OR NOT starts_with(subject, :issuer)) RETURNING id"
)
_BY_ID = _PERSON.format(key_columns=_NO_KEY, join="", condition="p.id = $1")


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    until: float
    expires_at: datetime | None


class SignIn:
    """Authenticates requests of one process. `open()` starts listening for changes, `close()` stops."""

    _open: ClassVar["weakref.WeakSet[SignIn]"] = weakref.WeakSet()

    def __init__(self, database: Database, verifier: TokenVerifier | None = None) -> None:
        self._database = database
        self._verifier = verifier
        self._remembered: BoundedCache[bytes, _Remembered] = BoundedCache(10_000)
        self._used_keys: dict[UUID, datetime] = {}
        self._listening = False
        self._generation = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Starts listening; until that works, nobody is remembered."""
        SignIn._open.add(self)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._note_uses())]

    async def close(self) -> None:
        """Stops listening and writes down the last uses of keys."""
        SignIn._open.discard(self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._write_uses()
        if self._verifier is not None:
            await self._verifier.close()

    async def principal(self, authorization: str | None) -> Principal:
        """Who sends this `Authorization` header; raises `unauthenticated` or, without provider, `unavailable`."""
        if not authorization:
            raise _refused("Send `Authorization: Bearer` with a key or an access token.")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _refused("Only the Bearer scheme is known.")
        if token.startswith(keys.PREFIX):
            return await self._by_key(token)
        if self._verifier is None:
            raise _refused("This is no key of kshare, and no identity provider is configured.")
        return await self._by_token(token)

    def forget(self) -> None:
        """Forgets everybody: something about somebody changed."""
        self._generation += 1
        self._remembered.clear()

    async def _by_key(self, key: str) -> Principal:
        fingerprint = keys.digest(key)
        remembered = self._recall(fingerprint)
        if remembered is None:
            if not keys.well_formed(key):
                raise _refused("This key is mistyped: its checksum is wrong.")
            remembered = await self._look_up(fingerprint, _BY_KEY, fingerprint)
            if remembered is None:
                raise _refused("This key is unknown, expired or revoked.")
        if remembered.key_id is not None:
            # The day alone: a time would say who was at work when something anonymous appeared.
            self._used_keys[remembered.key_id] = midnight(now())
        return remembered

    async def _by_token(self, token: str) -> Principal:
        assert self._verifier is not None
        try:
            claims = await self._verifier.verify(token)
        except TokenRefused as refusal:
            raise _refused(f"The access token was refused: {refusal.reason}.") from None
        except ProviderUnavailable:
            raise unavailable("The identity provider cannot be reached.", 5) from None
        # A provider's subjects are its own: another provider may give the same name to somebody else.
        issuer = f"{claims.issuer} "
        subject = issuer + claims.subject
        fingerprint = b"oidc:" + subject.encode()
        principal = self._recall(fingerprint) or await self._look_up(fingerprint, _BY_SUBJECT, subject)
        if principal is None:
            await self._link_by_verified_email(claims, issuer, subject)
            principal = await self._look_up(fingerprint, _BY_SUBJECT, subject)
        if principal is None:
            raise _refused("No person here belongs to this token.")
        return principal

    async def _link_by_verified_email(self, claims: Claims, issuer: str, subject: str) -> None:
        """First sign-in of a person known by e-mail: from now on the subject decides, so that a re-used address of
        somebody who left opens nothing. After a change of provider everybody signs in for the first time again."""
        if not (claims.email and claims.email_verified):
            raise _refused("No person here belongs to this token, and it carries no verified e-mail address.")
        email = claims.email.strip().lower()
        person = await self._look_up(None, _BY_EMAIL, email, issuer)
        if person is None:
            return
        values = {"subject": subject, "id": person.id, "email": email, "issuer": issuer}
        # The subject may be that of somebody who has left: then nobody is linked to it again.
        with contextlib.suppress(IntegrityError):
            async with writing(self._database, person) as work:
                if (await work.session.execute(_LINK, values)).first() is not None:
                    work.record(SignInLinked(person_id=person.id), person.id, [person.id])

    async def person(self, id: UUID) -> Principal | None:
        """An active person as a principal, without a key and without their pseudonym: through it, whoever explains the
        access of one person after the other would learn who wrote something anonymous."""
        return await self._look_up(None, _BY_ID, id, known=False)

    def _recall(self, fingerprint: bytes) -> Principal | None:
        remembered = self._remembered.get(fingerprint)
        if remembered is None or remembered.until < time.monotonic():
            return None
        if remembered.expires_at is not None and remembered.expires_at <= now():
            return None
        return remembered.principal

    async def _look_up(
        self, fingerprint: bytes | None, sql: str, *values: object, known: bool = True
    ) -> Principal | None:
        generation = self._generation
        row = await self._database.fetch_row(sql, values)
        if row is None:
            return None
        principal = _principal(row, self._database.keyring if known else None)
        # Somebody may have changed while we were reading: what was read before that is not worth remembering.
        if fingerprint is not None and self._listening and generation == self._generation:
            until = time.monotonic() + _REMEMBERED
            self._remembered[fingerprint] = _Remembered(principal, until, row["expires_at"])
        return principal

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._database.dsn, timeout=5)
                try:
                    lost = asyncio.Event()
                    connection.add_termination_listener(lambda *_, lost=lost: lost.set())
                    await connection.add_listener(CHANNEL, lambda *_: self.forget())
                    self.forget()
                    self._listening = True
                    while not lost.is_set():
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(lost.wait(), 5)
                        if not lost.is_set():
                            # A connection that died silently would leave us remembering the revoked.
                            await connection.fetchval("SELECT 1", timeout=2)
                finally:
                    self._listening = False
                    self.forget()
                    connection.terminate()
            except Exception as error:
                # Whatever it is: without listening nobody is remembered, which is slow but safe, so keep trying.
                log.warning("not_listening", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _note_uses(self) -> None:
        while True:
            await asyncio.sleep(30)
            try:
                await self._write_uses()
            except Exception:
                log.warning("key_uses_not_written")

    async def _write_uses(self) -> None:
        used, self._used_keys = self._used_keys, {}
        if used:
            async with self._database.engine.begin() as connection:
                await connection.execute(
                    text("UPDATE api_key SET last_used_at = greatest(last_used_at, :at) WHERE id = :id"),
                    [{"id": id, "at": at} for id, at in sorted(used.items())],
                )


def _refused(detail: str) -> DomainError:
    return DomainError("unauthenticated", detail)


def _principal(row: asyncpg.Record, keyring: Keyring | None) -> Principal:
    permissions: set[Permission] = set(ROLES[Role.employee]) if row["kind"] == "person" else set()
    departments: dict[Permission, set[UUID]] = {}
    categories: dict[Permission, set[UUID]] = {}
    for assignment in json.loads(row["roles"]):
        granted = ROLES.get(assignment["role"], frozenset())
        within, places = departments, assignment["departments"]
        if places is None:
            within, places = categories, assignment["categories"]
        if places is None:
            permissions |= granted
            continue
        for permission in granted & SCOPABLE:
            within.setdefault(permission, set()).update(UUID(place) for place in places)
    scopes = row["scopes"]
    if scopes is not None:
        allowed = {Permission(scope) for scope in scopes if scope in Permission.__members__}
        permissions &= allowed
        departments = {p: ids for p, ids in departments.items() if p in allowed}
        categories = {p: ids for p, ids in categories.items() if p in allowed}
    # A service account is a program: whoever makes its keys is whoever runs it.
    by_other = row["by_other"] and row["kind"] == "person"
    seed = None if keyring is None or by_other else keyring.seed(row["id"])
    pseudonym = None if seed is None else derived(seed, "pseudonym")
    subjects = (row["id"], *row["departments"], *row["groups"], EVERYONE)
    return Principal(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        subjects=subjects if pseudonym is None else (*subjects, pseudonym),
        clearance=row["clearance"],
        permissions=frozenset(permissions),
        departments={p: tuple(ids) for p, ids in departments.items()},
        categories={p: tuple(ids) for p, ids in categories.items()},
        department_id=row["department_id"],
        key_id=row["key_id"],
        pseudonym=pseudonym,
        seed=seed,
        by_other=by_other,
    )


async def principals_changed(work: Work) -> None:
    """To be called by every command that changes what somebody may see or do."""
    await work.session.execute(text(f"NOTIFY {CHANNEL}"))
    if _forget_everywhere not in work.after_commit:
        work.after_commit.append(_forget_everywhere)


def _forget_everywhere() -> None:
    """In this process at once; the notification would take a moment, and the very next request must know."""
    for sign_in in list(SignIn._open):
        sign_in.forget()
