"""What reviews mean for the decision on an idea: while one is under way nobody decides, and its advice is answered."""

from collections.abc import Collection
from uuid import UUID

from kshare.content.models import ContentRow
from kshare.content.policies import policy_of
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Work
from kshare.ideas.commands.rows import idea_of, ideas_of
from kshare.ideas.models import IdeaRow
from kshare.ideas.shapes.decisions import Outcome

_AGAINST = {("approve", Outcome.declined), ("decline", Outcome.approved)}


async def judging_began(work: Work, *ideas: ContentRow) -> None:
    """Notes on loaded ideas that a review of each is under way."""
    for row in (await ideas_of(work, ideas)).values():
        row.judged_by += 1


async def judging_ended(work: Work, ended: Collection[tuple[ContentRow, UUID, str | None]]) -> None:
    """Notes on loaded ideas that a review of each, whose id is given, is over, and what it advises; None when it came
    to nothing."""
    rows = await ideas_of(work, [idea for idea, _, _ in ended])
    for idea, review_id, advice in ended:
        row = rows[idea.id]
        row.judged_by -= 1
        if advice is not None:
            row.advice, row.advice_id = advice, review_id


async def check_advised(work: Work, idea: ContentRow, outcome: Outcome, explanation: str | None) -> IdeaRow:
    """The row of a loaded idea that can be decided on. Raises 409 while it is being judged, and where a policy asks for
    a review that there has not been; 422 for a decision against the advice that says nothing."""
    row = await idea_of(work, idea)
    if row.judged_by:
        raise DomainError("conflict", "It is being judged; decide when that is over.")
    if row.advice is None and (policy := await policy_of(work, idea)) is not None:
        extra = {"policy": {"id": str(policy.id), "needs": policy.needs, "quorum": policy.quorum}}
        raise DomainError("conflict", "Ideas like this are reviewed before they are decided on.", extra=extra)
    if (row.advice, outcome) in _AGAINST and explanation is None:
        detail = f"The review advises to {row.advice}; say why it is decided otherwise."
        raise invalid("/explanation", "against_advice", detail)
    return row
