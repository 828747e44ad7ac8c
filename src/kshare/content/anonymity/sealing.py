"""Making a content anonymous, and opening its seal."""

from typing import Any
from uuid import UUID

from kshare.content.anonymity.models import SealRow
from kshare.content.models import ContentRow
from kshare.core.clock import midnight
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.sealing import BrokenSeal, Sealed
from kshare.core.writing import Work

NOT_SET_UP = "This server has no keys with which to seal who wrote something."


def conceal(work: Work, content: ContentRow) -> None:
    """Makes a new content of the caller's anonymous, before anything else is made of it.

    It belongs to their pseudonym, tells the day and not the time, not even by its id, and no department; who it was is
    sealed. Raises `anonymity_not_set_up` without keys, `forbidden` with a key that somebody else made, and 422 for a
    draft: what only its author sees has nothing to hide, and would keep the times of its making.
    """
    work.unnamed = True
    if content.state != "published":
        raise invalid("/anonymous", "anonymous_draft", "A draft cannot be anonymous: submit it at once.")
    if work.principal.by_other:
        detail = "Somebody else made this key for you, who could see what you write with it: use a key of your own."
        raise DomainError("forbidden", detail)
    if work.principal.pseudonym is None:
        raise DomainError("anonymity_not_set_up", NOT_SET_UP)
    day = midnight(work.now)
    content.id = new_id(day)
    content.author_id, content.owner_id = ANONYMOUS_ID, work.principal.pseudonym
    content.department_id = None
    content.created_at = content.updated_at = content.published_at = content.listed_at = day
    sealed = work.keyring.seal(content.id, work.principal.id)
    work.append(
        SealRow,
        content_id=content.id,
        key_id=sealed.key_id,
        data_key=sealed.data_key,
        author=sealed.author,
        credited=False,
    )


def check_still_anonymous(work: Work, existing: Any) -> None:
    """Raises 422 where something is to be anonymous that was written under the caller's name before."""
    if existing.owner_id != work.principal.pseudonym:
        raise invalid("/anonymous", "anonymous_too_late", "It was written under your name, which is known by now.")
    work.unnamed = True


async def seal_of(work: Work, content_id: UUID) -> Sealed:
    """The seal of a content; raises `conflict` where nothing is sealed."""
    row = await work.session.get(SealRow, content_id)
    if row is None:
        raise DomainError("conflict", "Its author is shown; there is nothing to unseal.")
    return Sealed(row.key_id, row.data_key, row.author)


async def sealed_author(work: Work, content_id: UUID) -> UUID:
    """Who wrote it. For those who may know: see unsealing.py. Raises `conflict` for a seal that does not open."""
    sealed = await seal_of(work, content_id)
    try:
        return work.keyring.open(content_id, sealed)
    except BrokenSeal as broken:
        raise DomainError("conflict", f"The seal does not open: {broken}.") from None
