"""What every kind of content does the same way when it changes; called by the commands of the kinds.

These functions check what they are given and keep derived columns (`readers`, places in lists, revisions) true.
Permissions are the calling command's business.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.content.authorship import acting_person
from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, CounterRow, RevisionRow, TagNameRow, TagRow
from kshare.content.taxonomy_shapes import folded
from kshare.core.access import Classification
from kshare.core.errors import invalid
from kshare.core.ids import new_id
from kshare.core.writing import Work
from kshare.people.models import SubjectRow


def readers_of(content: ContentRow) -> list[UUID]:
    """Who reads it: its author alone while it is a draft, else the audience and the author."""
    if content.state == "draft":
        return [content.owner_id]
    return list(dict.fromkeys((*content.audience, content.owner_id)))


async def check_audience(work: Work, audience: Sequence[UUID]) -> None:
    """Raises 422 for an id that is no person, department or group, nor everyone."""
    known = set((await work.session.execute(select(SubjectRow.id).where(SubjectRow.id.in_(audience)))).scalars())
    for position, subject in enumerate(audience):
        if subject not in known:
            raise invalid(f"/audience/{position}", "unknown_reference", "There is no such department, group or person.")


async def check_category(work: Work, category_id: UUID | None) -> None:
    """Raises 422 for a category that does not exist."""
    if category_id is not None and await work.session.get(CategoryRow, category_id) is None:
        raise invalid("/category_id", "unknown_reference", "There is no such category.")


def check_classification(work: Work, classification: Classification) -> None:
    """Raises 422 for a classification above the caller's own clearance, which would hide it from its author."""
    if classification.level > work.principal.clearance:
        raise invalid("/classification", "above_clearance", "This is above your own clearance.")


async def add_content(work: Work, content: ContentRow, tags: Sequence[str], note: str | None = None) -> None:
    """Stores a new content with its counters, tags and first revision."""
    content.id = content.id or new_id()
    content.owner_id = content.owner_id or content.author_id
    content.readers = readers_of(content)
    work.add(content)
    work.append(CounterRow, content_id=content.id, **_NO_COUNTS)
    _add_revision(work, content, note)
    if tags:
        await work.flush()
        await set_tags(work, content, tags)


async def revise(work: Work, content: ContentRow, note: str | None) -> None:
    """Keeps the text it has now as its newest revision."""
    content.revision += 1
    _add_revision(work, content, note)


def _add_revision(work: Work, content: ContentRow, note: str | None) -> None:
    work.append(
        RevisionRow,
        content_id=content.id,
        number=content.revision or 1,
        id=new_id(),
        title=content.title,
        summary=content.summary or "",
        body=content.body or "",
        note=note,
        author_id=acting_person(work, content),
        created_at=work.now,
    )


_COUNTS = ("comments", "likes", "thanks", "favourites", "followers", "views", "ratings", "rating_sum")
_NO_COUNTS = dict.fromkeys(_COUNTS, 0)


async def set_state(work: Work, content: ContentRow, state: str) -> None:
    """Moves it to a state; the first publication gives it its place in lists."""
    content.state = state
    if state == "published" and content.published_at is None:
        content.published_at = content.listed_at = work.now
    content.readers = readers_of(content)
    content.updated_at = work.now


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
    wanted = {folded(name): name.strip() for name in names}
    known = select(TagNameRow.folded, TagNameRow.tag_id).where(TagNameRow.folded.in_(wanted))
    ids: dict[str, UUID] = {row.folded: row.tag_id for row in await work.session.execute(known)}
    # In one order for everybody, so that two writers of the same new tags wait for each other instead of deadlocking.
    for key in sorted(wanted.keys() - ids.keys()):
        ids[key] = await _tag_named(work, key, wanted[key])
    has = set(
        (await work.session.execute(select(ContentTagRow.tag_id).where(ContentTagRow.id == content.id))).scalars()
    )
    # In the order of ids, as merging locks them.
    tags = sorted(set(ids.values()))
    if has == set(tags):
        return False
    await work.session.execute(delete(ContentTagRow).where(ContentTagRow.id == content.id))
    rows = [{"id": content.id, "tag_id": tag_id} for tag_id in tags]
    if rows:
        await work.session.execute(pg_insert(ContentTagRow), rows)
    return True


async def _tag_named(work: Work, key: str, name: str) -> UUID:
    """The tag of a name that was unknown a moment ago; created unless somebody else has just done so."""
    tag = TagRow(id=new_id(), name=name)
    work.add(tag)
    await work.flush()
    named = pg_insert(TagNameRow).values(folded=key, tag_id=tag.id, name=name, preferred=True)
    if (await work.session.execute(named.on_conflict_do_nothing().returning(TagNameRow.tag_id))).scalar() is not None:
        return tag.id
    await work.session.delete(tag)
    await work.flush()
    existing = select(TagNameRow.tag_id).where(TagNameRow.folded == key)
    return (await work.session.execute(existing)).scalar_one()
