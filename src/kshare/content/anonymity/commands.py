"""Learning who wrote something anonymous: asked for by one person, agreed to by another, every time on record.

These are official acts: they are recorded by name and time, whoever wrote the content.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from kshare.content.anonymity.models import OpeningRow, UnsealingRow
from kshare.content.anonymity.reads import OPEN_HOURS, SEALED_GUARD, UNSEALING_GUARD
from kshare.content.anonymity.sealing import seal_of, sealed_author
from kshare.content.anonymity.shapes import (
    AuthorUnsealed,
    RequestUnsealing,
    UnsealingApproved,
    UnsealingHappened,
    UnsealingRequested,
)
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.writing import Work, command
from kshare.people.models import PersonRow

_OPEN = timedelta(hours=OPEN_HOURS)


@command(Permission.unseal)
async def request_unsealing(work: Work, content_id: UUID, ask: RequestUnsealing) -> UUID:
    """Asks to learn who wrote a content; another person has to agree. One request at a time."""
    content = await work.load(SEALED_GUARD, content_id)
    _in_person(work)
    await seal_of(work, content_id)
    waiting = or_(UnsealingRow.approved_at.is_(None), UnsealingRow.approved_at > work.now - _OPEN)
    query = select(UnsealingRow.id).where(UnsealingRow.content_id == content_id, waiting)
    if (running := (await work.session.execute(query)).scalars().first()) is not None:
        raise DomainError("conflict", "Somebody has asked for it already.", extra={"unsealing_id": str(running)})
    unsealing = UnsealingRow(
        content_id=content_id, reason=ask.reason, requested_by_id=work.principal.id, requested_at=work.now
    )
    work.add(unsealing)
    await work.flush()
    event = UnsealingRequested(content_id=content_id, unsealing_id=unsealing.id)
    _record(work, content, event, [work.principal.id])
    return unsealing.id


@command(Permission.unseal)
async def approve_unsealing(work: Work, id: UUID) -> UUID:
    """Agrees to somebody else's request; from now on both may open it for a day."""
    unsealing = await work.load(UNSEALING_GUARD, id)
    _in_person(work)
    if unsealing.requested_by_id == work.principal.id:
        raise DomainError("forbidden", "Somebody else has to agree to what you ask for.")
    if unsealing.approved_at is not None:
        raise DomainError("conflict", "Somebody has agreed to it already.")
    unsealing.approved_by_id, unsealing.approved_at = work.principal.id, work.now
    content = await work.load(SEALED_GUARD, unsealing.content_id)
    event = UnsealingApproved(content_id=content.id, unsealing_id=id)
    _record(work, content, event, [unsealing.requested_by_id, work.principal.id])
    return id


@command(Permission.unseal)
async def open_unsealing(work: Work, id: UUID) -> tuple[UUID, UUID, str]:
    """Tells one of the two who it was: (the content, the author's id, the author's name). The author hears of it."""
    unsealing = await work.load(UNSEALING_GUARD, id)
    _in_person(work)
    if work.principal.id not in (unsealing.requested_by_id, unsealing.approved_by_id):
        raise DomainError("forbidden", "Only who asked and who agreed may open it.")
    if unsealing.approved_by_id is None or unsealing.approved_at is None:
        raise DomainError("conflict", "Nobody else has agreed to it yet.")
    if unsealing.approved_at <= work.now - _OPEN:
        raise DomainError("conflict", f"It could be opened for {OPEN_HOURS} hours, which are over: ask anew.")
    content = await work.load(SEALED_GUARD, unsealing.content_id)
    author = await sealed_author(work, content.id)
    name = await work.session.scalar(select(PersonRow.name).where(PersonRow.id == author))
    work.add(OpeningRow(unsealing_id=id, person_id=work.principal.id, at=work.now))
    event = AuthorUnsealed(content_id=content.id, unsealing_id=id)
    _record(work, content, event, [unsealing.requested_by_id, unsealing.approved_by_id, content.owner_id])
    return content.id, author, name or ""


def _in_person(work: Work) -> None:
    """Programs are not people: who could give a service account the permission could be both of the two."""
    if work.principal.kind != "person":
        raise DomainError("forbidden", "Only people may learn who wrote something anonymous, not programs.")


def _record(work: Work, content: ContentRow, event: UnsealingHappened, readers: list[UUID]) -> None:
    work.record(event, event.unsealing_id, readers, classification=content.classification, content_id=content.id)
