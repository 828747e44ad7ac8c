"""The row of an idea, for whatever changes it."""

from sqlalchemy import select

from kshare.content.models import ContentRow
from kshare.core.writing import Work
from kshare.ideas.models import IdeaRow


async def idea_of(work: Work, content: ContentRow) -> IdeaRow:
    """The idea that a content is, locked."""
    query = select(IdeaRow).where(IdeaRow.id == content.id).with_for_update()
    return (await work.session.execute(query)).scalar_one()
