"""Merging ideas that are the same, and undoing it.

Nothing is moved (docs/adr/0006-ideas.md): the merged idea points to its target and is archived, the target knows its
members, and what it shows is a union over them. Votes are counted anew under the locks of all ideas whose members
change, which voting takes as well.
"""

from uuid import UUID

from sqlalchemy import select

from kshare.content.authorship import tell
from kshare.content.commands import set_state
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.writing import Work, command
from kshare.ideas.commands.alike import seen_alike
from kshare.ideas.commands.clock import start_clock, stop_clock
from kshare.ideas.commands.rows import idea_of
from kshare.ideas.commands.votes import count_votes
from kshare.ideas.models import IdeaRow
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.ideas.shapes.merging import IdeaMerged, IdeaUnmerged, MergeIdea
from kshare.ideas.stages import UNDERWAY


@command(Permission.idea_propose)
async def merge_idea(work: Work, id: UUID, ask: MergeIdea) -> UUID:
    """Merges an idea into another, which is the answer. Both must stand for themselves, whoever reads one must be able
    to read the other, and what is being carried out stays what it is."""
    await work.lock_name(_MERGING)
    idea = await work.load(IDEA_GUARD, id)
    target = await work.load(IDEA_GUARD, ask.into_id)
    await work.load(IDEA_GUARD, idea.id, "merge")
    await work.load(IDEA_GUARD, target.id, "merge")
    if idea is target:
        raise DomainError("conflict", "An idea cannot be merged into itself.")
    row, target_row = await idea_of(work, idea), await idea_of(work, target)
    _check_stands("idea", idea, row)
    _check_stands("other idea", target, target_row)
    if idea.stage in UNDERWAY:
        raise DomainError("conflict", "What is being carried out cannot be merged; merge the other one into it.")
    if not await seen_alike(work, idea, target):
        raise DomainError("conflict", "Not everybody who may read one of them may read the other.")
    row.merged_into = target.id
    target_row.members = [*target_row.members, idea.id, *row.members]
    await set_state(work, idea, "archived")
    await stop_clock(work, idea)
    await work.flush()
    await count_votes(work, target.id)
    for content in (idea, target):
        tell(work, content, IdeaMerged(content_id=content.id, idea_id=idea.id, into_id=target.id))
    return target.id


@command(Permission.idea_propose)
async def unmerge_idea(work: Work, id: UUID) -> UUID:
    """Undoes the merging of an idea: it stands for itself again, with what had been merged into it before."""
    await work.lock_name(_MERGING)
    idea = await work.load(IDEA_GUARD, id, "unmerge")
    row = await idea_of(work, idea)
    if row.merged_into is None:
        raise DomainError("conflict", "It was not merged into another.")
    gone, above = {idea.id, *row.members}, list[ContentRow]()
    upwards: UUID | None = row.merged_into
    while upwards is not None:
        # Voting locks the content, too: nobody votes for what is just now losing a member.
        locked = select(ContentRow).where(ContentRow.id == upwards).with_for_update(key_share=True)
        above.append((await work.session.execute(locked)).scalar_one())
        higher = await idea_of(work, above[-1])
        higher.members = [member for member in higher.members if member not in gone]
        upwards = higher.merged_into
    row.merged_into = None
    await set_state(work, idea, "published")
    await start_clock(work, idea)
    await work.flush()
    await count_votes(work, *(content.id for content in above))
    for content in (idea, above[0]):
        tell(work, content, IdeaUnmerged(content_id=content.id, idea_id=idea.id, from_id=above[0].id))
    return idea.id


_MERGING = "ideas/merging"
"""One merging after the other: two that meet could otherwise close a circle."""


def _check_stands(which: str, idea: ContentRow, row: IdeaRow) -> None:
    """Raises 409 unless the idea was submitted and neither merged nor withdrawn."""
    if row.merged_into is not None:
        raise DomainError("conflict", f"The {which} was merged into another already.")
    if idea.state != "published":
        what = "is a draft" if idea.state == "draft" else "was withdrawn"
        raise DomainError("conflict", f"The {which} {what}.")
