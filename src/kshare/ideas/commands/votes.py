"""Votes: one for each person and group of merged ideas, counted where they were given."""

from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.writing import Work, command
from kshare.ideas.commands.rows import idea_of
from kshare.ideas.models import IdeaRow, VoteRow
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.ideas.shapes.votes import IdeaVoted, IdeaVoteWithdrawn
from kshare.ideas.stages import UNDECIDED


@command(Permission.idea_propose)
async def vote_for_idea(work: Work, id: UUID) -> UUID:
    """Votes for an idea; again, or after a vote for something merged into it, changes nothing."""
    idea = await work.load(IDEA_GUARD, id, "vote")
    _check_open(idea)
    group = [id, *(await idea_of(work, idea)).members]
    mine = select(VoteRow.person_id).where(VoteRow.person_id == work.principal.id, VoteRow.content_id.in_(group))
    if (await work.session.execute(mine.limit(1))).first() is None:
        vote = {"content_id": id, "person_id": work.principal.id, "created_at": work.now}
        await work.session.execute(pg_insert(VoteRow).values(**vote))
        await count_votes(work, id)
        tell(work, idea, IdeaVoted(content_id=id))
    return id


@command(Permission.idea_propose)
async def withdraw_vote(work: Work, id: UUID) -> UUID:
    """Takes a vote back, wherever in the group of merged ideas it was given; without one nothing changes."""
    idea = await work.load(IDEA_GUARD, id)
    _check_open(idea)
    group = [id, *(await idea_of(work, idea)).members]
    mine = (VoteRow.person_id == work.principal.id, VoteRow.content_id.in_(group))
    gone = await work.session.execute(delete(VoteRow).where(*mine).returning(VoteRow.content_id))
    if gone.first() is not None:
        await count_votes(work, *group)
        tell(work, idea, IdeaVoteWithdrawn(content_id=id))
    return id


def _check_open(idea: ContentRow) -> None:
    """Raises 409 where votes do not count: for a draft, and once the idea is decided on, withdrawn or merged."""
    if idea.state == "draft":
        raise DomainError("conflict", "Nobody votes for a draft.")
    if idea.state == "archived":
        raise DomainError("conflict", "It was withdrawn, or merged into another.")
    if idea.stage not in UNDECIDED:
        raise DomainError(
            "conflict", f"It is {idea.stage}, so votes change nothing any more.", extra={"stage": idea.stage}
        )


async def count_votes(work: Work, *ideas: UUID) -> None:
    """Counts anew the people who vote for these ideas or for what was merged into them."""
    voters = (
        select(func.count(VoteRow.person_id.distinct()))
        .where(VoteRow.content_id == func.any(func.array_append(IdeaRow.members, IdeaRow.id)))
        .correlate(IdeaRow)
        .scalar_subquery()
    )
    query = update(IdeaRow).where(IdeaRow.id.in_(ideas)).values(votes=voters)
    await work.session.execute(query.execution_options(synchronize_session=False))
