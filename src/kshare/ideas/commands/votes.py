"""Votes: one for each person and idea."""

from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.content.authorship import tell
from kshare.core.access import Permission
from kshare.core.writing import Work, command
from kshare.ideas.models import IdeaRow, VoteRow
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.ideas.shapes.votes import IdeaVoted, IdeaVoteWithdrawn


@command(Permission.idea_propose)
async def vote_for_idea(work: Work, id: UUID) -> UUID:
    """Votes for an idea; again changes nothing."""
    idea = await work.load(IDEA_GUARD, id, "vote")
    vote = pg_insert(VoteRow).values(content_id=id, person_id=work.principal.id, created_at=work.now)
    done = await work.session.execute(vote.on_conflict_do_nothing().returning(VoteRow.content_id))
    if done.one_or_none() is not None:
        await count_votes(work, id)
        tell(work, idea, IdeaVoted(content_id=id))
    return id


@command(Permission.idea_propose)
async def withdraw_vote(work: Work, id: UUID) -> UUID:
    """Takes a vote back; without one nothing changes."""
    idea = await work.load(IDEA_GUARD, id, "vote")
    mine = (VoteRow.content_id == id, VoteRow.person_id == work.principal.id)
    done = await work.session.execute(delete(VoteRow).where(*mine).returning(VoteRow.content_id))
    if done.one_or_none() is not None:
        await count_votes(work, id)
        tell(work, idea, IdeaVoteWithdrawn(content_id=id))
    return id


async def count_votes(work: Work, *ideas: UUID) -> None:
    """Counts anew the people who vote for these ideas or for what was merged into them."""
    voters = (
        select(func.count(VoteRow.person_id.distinct()))
        .where((VoteRow.content_id == IdeaRow.id) | (VoteRow.content_id == func.any(IdeaRow.members)))
        .correlate(IdeaRow)
        .scalar_subquery()
    )
    query = update(IdeaRow).where(IdeaRow.id.in_(ideas)).values(votes=voters)
    await work.session.execute(query.execution_options(synchronize_session=False))
