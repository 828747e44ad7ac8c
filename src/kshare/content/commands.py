"""What every kind of content does the same way when it changes; called by the commands of the kinds.

These functions check what they are given and keep derived columns (`readers`, places in lists, revisions) true.
Permissions are the calling command's business.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, delete, inspect, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from kshare.content.authorship import acting_at, acting_id, acting_person, touch
from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, CounterRow, RevisionRow, TagNameRow, TagRow
from kshare.content.naming import remember_tag, tags_named
from kshare.content.policies import no_such_category
from kshare.content.taxonomy_shapes import folded
from kshare.core.access import Classification
from kshare.core.errors import invalid
from kshare.core.ids import new_id
from kshare.core.writing import Work
from kshare.people.models import SubjectRow

TEXT = ("title", "summary", "body")
"""The columns of which every change is kept as a revision."""


def readers_of(content: ContentRow) -> list[UUID]:
    """Who reads it: its author and its reviewers alone while it is a draft, else the audience as well."""
    return list(dict.fromkeys((*lasting_readers(content), *(content.reviewers or ()))))


def lasting_readers(content: ContentRow) -> list[UUID]:
    """Who reads it whether or not they are asked to review it."""
    audience = () if content.state == "draft" else content.audience
    return list(dict.fromkeys((*audience, content.owner_id)))


async def _known(work: Work, identity: InstrumentedAttribute[UUID], ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Whether there is something with each of these ids; in a bulk each is looked up once."""
    known: dict[UUID, bool] = {} if work.memory is None else work.memory.setdefault(identity, {})
    if missing := [id for id in ids if id not in known]:
        found = set((await work.session.execute(select(identity).where(identity.in_(missing)))).scalars())
        known.update({id: id in found for id in missing})
    return known


async def check_audience(work: Work, audience: Sequence[UUID]) -> None:
    """Raises 422 for an id that is no person, department or group, nor everyone."""
    known = await _known(work, SubjectRow.id, audience)
    for position, subject in enumerate(audience):
        if not known[subject]:
            raise invalid(f"/audience/{position}", "unknown_reference", "There is no such department, group or person.")


async def check_category(work: Work, category_id: UUID | None) -> None:
    """Raises 422 for a category that does not exist."""
    if category_id is not None and not (await _known(work, CategoryRow.id, [category_id]))[category_id]:
        raise no_such_category()


def check_classification(work: Work, classification: Classification) -> None:
    """Raises 422 for a classification above the caller's own clearance, which would hide it from its author."""
    if classification.level > work.principal.clearance:
        raise invalid("/classification", "above_clearance", "This is above your own clearance.")


async def add_content(
    work: Work, content: ContentRow, tags: Sequence[str], note: str | None = None, *, forget: bool = False
) -> None:
    """Stores a new content with its counters, tags and first revision. With `forget` it is stored as it is now,
    whatever becomes of the object, and spared the bookkeeping of the session: rows that refer to it are appended, too,
    or added after a flush."""
    content.id = content.id or new_id()
    content.owner_id = content.owner_id or content.author_id
    content.reviewers = []
    content.latest_revision = content.revision = content.revision or 1
    content.readers = readers_of(content)
    if forget:
        work.append(ContentRow, **{name: content.__dict__.get(name, default) for name, default in _COLUMNS})
    else:
        work.add(content)
    work.append(CounterRow, content_id=content.id, **_NO_COUNTS)
    _add_revision(work, content, note)
    for tag_id in await _tags_of(work, content, tags) if tags else ():
        work.append(ContentTagRow, id=content.id, tag_id=tag_id)


_COLUMNS = [
    (attribute.key, default.arg if isinstance(default := column.default, ScalarElementColumnDefault) else None)
    for attribute in inspect(ContentRow).column_attrs
    if isinstance(column := attribute.columns[0], Column)
]
"""The attributes of a content, with what each is if nothing else is said."""


async def revise(work: Work, content: ContentRow, note: str | None) -> None:
    """Keeps the text it has now as its newest revision, which readers see."""
    await _catch_up(work, content)
    content.revision = content.latest_revision = content.latest_revision + 1
    _add_revision(work, content, note)


async def hold_back(work: Work, content: ContentRow, text: Mapping[str, str], note: str | None) -> None:
    """Keeps another text as its newest revision, which readers do not see before it is reviewed; see `quietly`."""
    await quietly(work, content, latest_revision=content.latest_revision + 1)
    _add_revision(work, content, note, text)


async def quietly(work: Work, content: ContentRow, **values: Any) -> None:
    """Changes columns of a locked content that say how far its review is. Its version stays, and so does the time of
    its last change: neither may tell readers of what they do not see."""
    await work.session.flush()
    query = update(ContentRow).where(ContentRow.id == content.id).values(values)
    await work.session.execute(query.execution_options(synchronize_session=False))
    for name, value in values.items():
        set_committed_value(content, name, value)


def seen_version(content: Any) -> int:
    """The version of a content (anything with these columns) for those who see its newest text: each text that is held
    back counts, so that two who go on writing it learn of each other. Readers see it without."""
    version: int = content.version + content.latest_revision - content.revision
    return version


async def _catch_up(work: Work, content: ContentRow) -> None:
    """Lets the version for all be that for those who saw the newest text, before all see it: it never goes back."""
    if content.latest_revision != content.revision:
        await quietly(work, content, version=seen_version(content))


async def newest_text(work: Work, content: ContentRow) -> dict[str, str]:
    """Its newest text by column: what readers see, or what waits for its review."""
    row: Any = content
    if content.latest_revision != content.revision:
        numbered = (RevisionRow.content_id == content.id, RevisionRow.number == content.latest_revision)
        row = (await work.session.execute(select(RevisionRow).where(*numbered))).scalar_one()
    return {name: getattr(row, name) for name in TEXT}


async def show_newest(work: Work, content: ContentRow) -> bool:
    """Shows readers its newest text; False if they see it already."""
    if content.latest_revision == content.revision:
        return False
    await _catch_up(work, content)
    for name, value in (await newest_text(work, content)).items():
        setattr(content, name, value)
    content.revision = content.latest_revision
    newest = (RevisionRow.content_id == content.id, RevisionRow.number == content.revision)
    await work.session.execute(update(RevisionRow).where(*newest).values(held=False))
    return True


def _add_revision(work: Work, content: ContentRow, note: str | None, text: Mapping[str, str] | None = None) -> None:
    shown = text or {name: getattr(content, name) or "" for name in TEXT}
    work.append(
        RevisionRow,
        content_id=content.id,
        number=content.latest_revision or 1,
        id=acting_id(work, content),
        **shown,
        note=note,
        held=text is not None,
        author_id=acting_person(work, content),
        created_at=acting_at(work, content),
    )


_COUNTS = ("comments", "likes", "thanks", "favourites", "followers", "views", "ratings", "rating_sum")
_NO_COUNTS = dict.fromkeys(_COUNTS, 0)


async def set_state(work: Work, content: ContentRow, state: str) -> None:
    """Moves it to a state; the first publication gives it its place in lists."""
    content.state = state
    if state == "published" and content.published_at is None:
        content.published_at = content.listed_at = acting_at(work, content)
    content.readers = readers_of(content)
    touch(work, content)


async def date_back(work: Work, content: ContentRow, created: datetime | None, published: datetime | None) -> None:
    """Gives something that was just brought from elsewhere the dates it had there: of its creation and publication.

    Only the content gets them, which says when it was written; the journal says when it came here.
    """
    if created is None and published is None:
        return
    if content.published_at is not None and published is not None:
        content.published_at = content.listed_at = published
    content.created_at = min(date for date in (created, published) if date is not None)
    if content.published_at is None:
        content.listed_at = content.created_at
    content.updated_at = max(content.created_at, content.listed_at)
    first = update(RevisionRow).where(RevisionRow.content_id == content.id)
    await work.session.execute(first.values(created_at=content.created_at))


async def set_tags(work: Work, content: ContentRow, names: Sequence[str]) -> bool:
    """Makes these its tags; synonyms lead to their tag, unknown names become tags. False if it had just these."""
    tags = await _tags_of(work, content, names)
    has = set(
        (await work.session.execute(select(ContentTagRow.tag_id).where(ContentTagRow.id == content.id))).scalars()
    )
    if has == set(tags):
        return False
    await work.session.execute(delete(ContentTagRow).where(ContentTagRow.id == content.id))
    rows = [{"id": content.id, "tag_id": tag_id} for tag_id in tags]
    if rows:
        await work.session.execute(pg_insert(ContentTagRow), rows)
    return True


async def _tags_of(work: Work, content: ContentRow, names: Sequence[str]) -> list[UUID]:
    """The tags that names lead to, unknown ones made; in the order of ids, as merging locks them."""
    wanted = {folded(name): name.strip() for name in names}
    ids = await tags_named(work, wanted)
    # In one order for everybody, so that two writers of the same new tags wait for each other instead of deadlocking.
    for key in sorted(wanted.keys() - ids.keys()):
        ids[key] = await _tag_named(work, content, key, wanted[key])
        remember_tag(work, key, ids[key])
    return sorted(set(ids.values()))


async def _tag_named(work: Work, content: ContentRow, key: str, name: str) -> UUID:
    """The tag of a name that was unknown a moment ago; created unless somebody else has just done so."""
    at = acting_at(work, content)
    tag = TagRow(id=acting_id(work, content), name=name, created_at=at, updated_at=at)
    work.add(tag)
    await work.flush()
    named = pg_insert(TagNameRow).values(folded=key, tag_id=tag.id, name=name, preferred=True)
    if (await work.session.execute(named.on_conflict_do_nothing().returning(TagNameRow.tag_id))).scalar() is not None:
        return tag.id
    await work.session.delete(tag)
    await work.flush()
    existing = select(TagNameRow.tag_id).where(TagNameRow.folded == key)
    return (await work.session.execute(existing)).scalar_one()
