"""The row of an idea, for whatever changes it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from kshare.content.models import ContentRow
from kshare.core.writing import Work
from kshare.ideas.models import IdeaRow


async def idea_of(work: Work, content: ContentRow) -> IdeaRow:
    """The idea that a content is, locked."""
    query = select(IdeaRow).where(IdeaRow.id == content.id).with_for_update()
    return (await work.session.execute(query)).scalar_one()


async def ideas_of(work: Work, contents: Collection[ContentRow]) -> dict[UUID, IdeaRow]:
    """The ideas that some contents are, by their ids, locked in this order."""
    if not contents:
        return {}
    query = select(IdeaRow).where(IdeaRow.id.in_([content.id for content in contents])).order_by(IdeaRow.id)
    return {idea.id: idea for idea in (await work.session.execute(query.with_for_update())).scalars()}
