"""What contents are called: by other systems, and by tags; looked up for one, or for all of a bulk at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select

from kshare.content.models import ContentRow, TagNameRow
from kshare.content.taxonomy_shapes import folded
from kshare.core.writing import Work


class Named(NamedTuple):
    """A content that the caller named so before."""

    id: UUID
    state: str
    owner_id: UUID


async def content_named(work: Work, kind: str, source: str, external_id: str) -> Named | None:
    """The caller's own content that another system calls so; holds the name until the transaction ends."""
    known = _known(work, kind)
    if (source, external_id) not in known:
        await _look_up(work, kind, [(source, external_id)], known)
    found = known[source, external_id]
    if found is not None:
        # Something of this bulk may have it, and is to be found by whoever changes it now.
        await work.flush()
    return found


def remember_name(work: Work, kind: str, source: str, external_id: str, named: Named) -> None:
    """Lets the rest of a bulk find what has just got a name."""
    _known(work, kind)[source, external_id] = named


def remember_new(
    work: Work, kind: str, source: str, external_id: str, id: UUID, state: str, *, anonymous: bool
) -> None:
    """Lets the rest of a bulk find what the caller has just made, unnamed or under their name."""
    pseudonym = work.principal.pseudonym if anonymous else None
    remember_name(work, kind, source, external_id, Named(id, state, pseudonym or work.principal.id))


def _known(work: Work, kind: str) -> dict[tuple[str, str], Named | None]:
    """What is known of names already; nothing outside of a bulk."""
    return {} if work.memory is None else work.memory.setdefault(("named", kind), {})


async def _look_up(
    work: Work, kind: str, names: Sequence[tuple[str, str]], known: dict[tuple[str, str], Named | None]
) -> None:
    await work.lock_names(f"{kind}/{source}/{external_id}" for source, external_id in names)
    by_source: defaultdict[str, list[str]] = defaultdict(list)
    for source, external_id in names:
        by_source[source].append(external_id)
        known[source, external_id] = None
    for source, ids in by_source.items():
        given: ColumnElement[bool] = (
            ContentRow.external_id == ids[0] if len(ids) == 1 else ContentRow.external_id.in_(ids)
        )
        query = select(ContentRow.id, ContentRow.state, ContentRow.owner_id, ContentRow.external_id).where(
            ContentRow.kind == kind,
            ContentRow.owner_id.in_(work.principal.selves),
            ContentRow.external_source == source,
            given,
        )
        for row in await work.session.execute(query):
            known[source, row.external_id] = Named(row.id, row.state, row.owner_id)


async def tags_named(work: Work, names: Iterable[str]) -> dict[str, UUID]:
    """The tags that these names, folded, lead to, as far as there are any."""
    known: dict[str, UUID | None] = {} if work.memory is None else work.memory.setdefault("tags", {})
    if missing := [name for name in names if name not in known]:
        known.update(dict.fromkeys(missing))
        query = select(TagNameRow.folded, TagNameRow.tag_id).where(TagNameRow.folded.in_(missing))
        known.update({row.folded: row.tag_id for row in await work.session.execute(query)})
    return {name: tag for name in names if (tag := known[name]) is not None}


def remember_tag(work: Work, name: str, tag: UUID) -> None:
    """Lets the rest of a bulk find a tag that has just been made."""
    if work.memory is not None:
        work.memory.setdefault("tags", {})[name] = tag


async def look_ahead(work: Work, kind: str, asks: Sequence[Any]) -> None:
    """Looks up everything that the asks of a bulk (with `external_source`, `external_id` and `tags`) call by name."""
    names = {(ask.external_source, ask.external_id): None for ask in asks if ask.external_source and ask.external_id}
    if names:
        await _look_up(work, kind, list(names), _known(work, kind))
    if tags := {folded(tag) for ask in asks for tag in ask.tags}:
        await tags_named(work, sorted(tags))
