"""Whose a content is, and as whom its owner acts on it (docs/adr/0007-anonymity.md)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.core.clock import midnight
from kshare.core.ids import new_id
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.writing import Work


def owns(work: Work, content: Any) -> bool:
    """Whether the caller owns the content (anything with `owner_id`), under their name or anonymously."""
    return content.owner_id in work.principal.selves


def acting_person(work: Work, content: Any) -> UUID:
    """The person to write down as whoever does something to a content (anything with `author_id` and `owner_id`):
    the caller, or nobody in particular when it is the caller's own anonymous content."""
    anonymous = content.author_id == ANONYMOUS_ID and owns(work, content)
    return ANONYMOUS_ID if anonymous else work.principal.id


def owner_in(work: Work, content: Any) -> UUID:
    """The id under which the caller owns what they add to a content: their own, or their pseudonym where they act as
    its unnamed author."""
    pseudonym = work.principal.pseudonym
    return pseudonym if pseudonym is not None and acting_person(work, content) == ANONYMOUS_ID else work.principal.id


def acting_at(work: Work, content: Any) -> datetime:
    """The time to write down for what the caller does to a content: now, or only the day where they act as its unnamed
    author, since a time can tell who was at work."""
    return midnight(work.now) if acting_person(work, content) == ANONYMOUS_ID else work.now


def acting_id(work: Work, content: Any) -> UUID:
    """A fresh id for what the caller makes on a content; one that tells only the day where they act as its unnamed
    author, as ids tell the time of their making."""
    at = acting_at(work, content)
    return new_id() if at == work.now else new_id(at)


def touch(work: Work, content: Any) -> None:
    """Notes that the caller changed it, never earlier than the last change that is known."""
    content.updated_at = max(content.updated_at, acting_at(work, content))


def tell(
    work: Work,
    content: Any,
    event: ContentHappened,
    object_id: UUID | None = None,
    *,
    readers: Sequence[UUID] | None = None,
) -> None:
    """Records what the caller did to a content (or to `object_id`, which belongs to it); its readers hear of it, or
    only those of `readers`. An unnamed author stays unnamed."""
    unnamed = acting_person(work, content) == ANONYMOUS_ID
    work.record(
        event,
        object_id or content.id,
        list(content.readers if readers is None else readers),
        classification=content.classification,
        content_id=content.id,
        actor_id=ANONYMOUS_ID if unnamed else None,
        at=acting_at(work, content) if unnamed else None,
    )
