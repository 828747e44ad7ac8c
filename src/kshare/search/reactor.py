"""Keeps documents true to what they are made of, as the journal tells of it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.content.models import ContentRow, ContentTagRow
from kshare.core.journal import Entry, Reactor
from kshare.search.documents import write_documents
from kshare.search.models import RefreshRow

_NAMED: Mapping[str, tuple[str, str | None]] = {
    "category_changed": ("category", None),
    "tag_changed": ("tag", None),
    # The postings of the tag that is gone are those of the other by now.
    "tag_merged": ("tag", "into"),
    "person_changed": ("author", None),
}
"""What changes a name that documents contain: what it names, and where in the payload its id is if elsewhere."""


class SearchIndexer(Reactor):
    """Writes a document anew whenever something happens to its content or to what it is named after."""

    name = "search"

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        contents = dict.fromkeys(
            entry.content_id for entry in entries if entry.object_kind == "content" and entry.content_id is not None
        )
        if contents:
            await write_documents(session, list(contents))
        for entry in entries:
            if (named := _NAMED.get(entry.happened)) is not None:
                about, field = named
                object_id = UUID(entry.payload[field]) if field else entry.object_id
                session.add(RefreshRow(about=about, object_id=object_id))

    async def catch_up(self, session: AsyncSession) -> bool:
        """A tag may stand on any number of contents, so a renamed one is worked off batch by batch."""
        task = await session.scalar(select(RefreshRow).order_by(RefreshRow.id).limit(1))
        if task is None:
            return False
        query = select(ContentRow.id).where(_names(task)).order_by(ContentRow.id).limit(self.batch)
        if task.after is not None:
            query = query.where(ContentRow.id > task.after)
        ids = list((await session.execute(query)).scalars())
        if ids:
            await write_documents(session, ids)
            task.after = ids[-1]
        if len(ids) < self.batch:
            await session.delete(task)
        return True


def _names(task: RefreshRow) -> ColumnElement[bool]:
    if task.about == "category":
        return ContentRow.category_id == task.object_id
    if task.about == "author":
        return ContentRow.author_id == task.object_id
    return ContentRow.id.in_(select(ContentTagRow.id).where(ContentTagRow.tag_id == task.object_id))
