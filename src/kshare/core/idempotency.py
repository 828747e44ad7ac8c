"""Answers kept for repeated requests: the key is inserted in the same transaction as the write it belongs to."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Index, LargeBinary, SmallInteger, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Database, Row, translate
from kshare.core.errors import DomainError
from kshare.core.writing import Work

KEPT = timedelta(hours=24)
"""How long an answer is kept for a repeated request."""

log = structlog.get_logger()


class IdempotencyRow(Row):
    """A request that was answered, and its answer. `principal_id` is an alias made for this key alone, so that the row
    does not tell whose request it was (docs/adr/0007-anonymity.md)."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created_at", "created_at"),)

    principal_id: Mapped[UUID] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    unnamed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Its caller acted as an author who is not shown."""
    created_at: Mapped[datetime] = mapped_column(default=now)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as both doors give it."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that carries an Idempotency-Key: whose, for which operation, and a digest of what it asks."""

    operation: str
    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, operation: str, key: str, *parts: bytes) -> "Repeatable":
        """Raises 422 for a key that is empty, longer than 255 characters or not printable ASCII."""
        if not 0 < len(key) <= 255 or not key.isascii() or not key.isprintable():
            raise DomainError("invalid", "Idempotency-Key must be 1 to 255 printable ASCII characters.")
        return cls(operation, key, hashlib.sha256(b"\0".join(parts)).digest())

    def alias(self, work: Work) -> UUID:
        """The caller, as kept with the answer."""
        return work.principal.alias("idempotency", self.operation, self.key)


async def earlier_answer(work: Work, request: Repeatable) -> Answer | None:
    """The stored answer of the same request, or None when it is new; holds the key until the transaction ends.

    Raises `idempotency_in_progress` while another request with the key runs, `idempotency_mismatch` for another body.
    """
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 1))")
    alias = request.alias(work)
    name = f"{alias}/{request.operation}/{request.key}"
    if not (await work.session.execute(lock, {"name": name})).scalar_one():
        raise DomainError(
            "idempotency_in_progress",
            "A request with this Idempotency-Key is still running.",
            headers={"Retry-After": "1"},
        )
    query = select(IdempotencyRow).where(
        IdempotencyRow.principal_id == alias,
        IdempotencyRow.operation == request.operation,
        IdempotencyRow.key == request.key,
    )
    row = (await work.session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    if row.created_at < work.now - KEPT:
        await work.session.delete(row)
        await work.flush()
        return None
    if row.fingerprint != request.fingerprint:
        raise DomainError("idempotency_mismatch", "This Idempotency-Key was used with another request.")
    work.unnamed = row.unnamed
    return Answer(row.status, dict(row.headers), row.body)


def keep_answer(work: Work, request: Repeatable, answer: Answer) -> None:
    """Stores the answer with the write it answers."""
    work.add(
        IdempotencyRow(
            principal_id=request.alias(work),
            operation=request.operation,
            key=request.key,
            fingerprint=request.fingerprint,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            unnamed=work.unnamed,
        )
    )


async def keep_forgetting(database: Database, *, every: float = 600.0) -> None:
    """Removes answers older than 24 hours every so many seconds, until cancelled; several processes may do so."""
    while True:
        try:
            async with database.engine.begin() as connection:
                await connection.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < now() - KEPT))
        except Exception as error:
            if translate(error) is None:
                log.warning("old_answers_not_forgotten", exc_info=True)
        await asyncio.sleep(every)
