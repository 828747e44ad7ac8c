"""Submitting a content for review, and taking that back."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from kshare.content.authorship import acting_at, acting_id, acting_person, tell
from kshare.content.commands import quietly
from kshare.content.models import ContentRow
from kshare.content.policies import policy_of
from kshare.content.reads import CONTENT
from kshare.core.access import Permission
from kshare.core.errors import DomainError, not_found
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.writing import Guard, Work, command
from kshare.ideas.commands.advice import judging_began
from kshare.ideas.reads.decision import refuse_second
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.ideas.stages import OPEN
from kshare.knowledge.reads import KNOWLEDGE_GUARD
from kshare.reviews.commands.assigning import ask_everybody, ask_to_judge, due_after
from kshare.reviews.commands.choosing import candidates
from kshare.reviews.commands.closing import end_review
from kshare.reviews.commands.rows import load_review, share_with_judges
from kshare.reviews.models import FormRow, FormVersionRow, ReviewRow
from kshare.reviews.shapes.asks import AssignReviewer, SubmitForReview, WithdrawReview
from kshare.reviews.shapes.events import ReviewSubmitted

_GUARDS: dict[str, Guard[ContentRow]] = {"knowledge_item": KNOWLEDGE_GUARD, "idea": IDEA_GUARD}


@command(Permission.review)
async def submit_for_review(work: Work, content_id: UUID, ask: SubmitForReview) -> UUID:
    """Has a content judged under the policy that holds for it."""
    seen = select(ContentRow.kind).where(ContentRow.id == content_id, CONTENT.condition(ContentRow))
    kind = await work.session.scalar(seen, work.principal.binds)
    if kind is None:
        raise not_found("content")
    if kind not in _GUARDS:
        raise DomainError("conflict", "Knowledge items and ideas are reviewed; this is neither.")
    content = await work.load(_GUARDS[kind], content_id, "submit_for_review")
    if content.review_id is not None:
        detail = "It is being reviewed already."
        raise DomainError("conflict", detail, extra={"review_id": str(content.review_id)})
    _check_ready(content)
    if content.kind == "idea":
        await refuse_second(work, content)
    policy = await policy_of(work, content)
    if policy is None:
        raise DomainError("conflict", "No policy asks for a review of this.")
    review = await _begin(work, content, policy, ask.note)
    await work.flush()
    await ask_everybody(work, review, content)
    event = ReviewSubmitted(content_id=content.id, review_id=review.id, revision=review.revision)
    tell(work, content, event, readers=list({content.owner_id, review.submitted_by}))
    return review.id


def _check_ready(content: ContentRow) -> None:
    if content.kind == "idea":
        if content.state != "published" or content.stage not in OPEN:
            raise DomainError(
                "conflict", "Ideas are reviewed while a decision is owed.", extra={"stage": content.stage}
            )
    elif content.state == "archived" and content.latest_revision == content.revision:
        raise DomainError("conflict", "It is archived; publish it again without a review.")
    elif content.state == "published" and content.latest_revision == content.revision:
        raise DomainError("conflict", "Readers see its newest text already; there is nothing to review.")


async def _begin(work: Work, content: ContentRow, policy: Any, note: str | None) -> ReviewRow:
    version = None
    if content.kind == "idea":
        newest = select(FormVersionRow.id).join(FormRow, FormRow.id == FormVersionRow.form_id)
        query = newest.where(FormRow.id == policy.form_id, FormVersionRow.number == FormRow.number)
        version = await work.session.scalar(query)
        if version is None:
            raise DomainError("conflict", "The policy names no form to score it on.")
    at = acting_at(work, content)
    review = ReviewRow(
        id=acting_id(work, content),
        content_id=content.id,
        method="scores" if content.kind == "idea" else "verdict",
        state="open",
        revision=content.latest_revision,
        note=note,
        submitted_by=acting_person(work, content),
        submitted_at=at,
        due_at=await due_after(work, at, policy.working_days),
        policy_id=policy.id,
        needs=policy.needs,
        required={"one": 1, "quorum": policy.quorum, "all": 0}[policy.needs],
        roles=policy.roles,
        groups=policy.groups,
        departments=policy.departments,
        expertise=policy.expertise,
        working_days=policy.working_days,
        steps_in_id=policy.steps_in_id,
        form_version_id=version,
    )
    work.add(review)
    began = content.reviewed_from
    if began is None or began <= content.revision < content.latest_revision:
        began = content.latest_revision
    await quietly(work, content, review_id=review.id, reviewed_from=began)
    if content.kind == "idea":
        await judging_began(work, content)
    return review


@command(Permission.review)
async def withdraw_review(work: Work, id: UUID, ask: WithdrawReview) -> UUID:
    """Takes a review back; who was asked is released."""
    review, content = await load_review(work, id, "withdraw")
    check_open(review)
    if review.panel_id is not None:
        raise DomainError(
            "conflict", "It belongs to a panel; close the panel, or take the idea out of it before it opens."
        )
    if acting_person(work, content) == ANONYMOUS_ID:
        work.unnamed = True
    review.reason = ask.reason
    await end_review(work, review, content, "withdrawn")
    return id


@command(Permission.review)
async def assign_reviewer(work: Work, id: UUID, ask: AssignReviewer) -> UUID:
    """Asks one more person, whom whoever manages the reviews names."""
    review, content = await load_review(work, id, "assign")
    check_open(review)
    if review.panel_id is not None:
        raise DomainError("conflict", "It belongs to a panel, whose members judge.")
    if not await candidates(work, review, content, only=[ask.person_id]):
        raise DomainError("conflict", CANNOT_BE_ASKED)
    if review.needs == "all" and review.panel_id is None:
        review.required += 1
    await ask_to_judge(work, review, content, ask.person_id)
    await share_with_judges(work, [content])
    return id


CANNOT_BE_ASKED = (
    "This person cannot be asked: an author, somebody asked before or with a conflict, who is not cleared for it, "
    "who is no longer here, or whom the policy does not suit."
)


def check_open(review: ReviewRow) -> None:
    """Raises 409 for a review that has not begun or is over."""
    if review.state != "open":
        raise DomainError("conflict", f"The review is not open but {review.state}.", extra={"state": review.state})
