"""The rows of a review, locked in the order in which everybody locks them: the content, the panel, the review."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm.attributes import set_committed_value

from kshare.content.models import ContentRow
from kshare.core.errors import DomainError, not_found
from kshare.core.writing import Work
from kshare.reviews.models import AssignmentRow, PanelRow, ReviewRow
from kshare.reviews.reads.panels import PANEL_GUARD
from kshare.reviews.reads.seeing import ASSIGNMENT_GUARD, REVIEW_GUARD


async def lock_content(work: Work, id: UUID) -> ContentRow:
    """A content, whoever sees it; what refers to it need not wait."""
    query = select(ContentRow).where(ContentRow.id == id).with_for_update(key_share=True)
    return (await work.session.execute(query)).scalar_one()


async def lock_review(work: Work, id: UUID) -> ReviewRow:
    """A review as it is now."""
    query = select(ReviewRow).where(ReviewRow.id == id).with_for_update(key_share=True)
    return (await work.session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def load_review(work: Work, id: UUID, action: str) -> tuple[ReviewRow, ContentRow]:
    """A review and its content, locked; raises 404, then 403."""
    found = await work.facts(REVIEW_GUARD, id, action, ReviewRow.content_id)
    content = await lock_content(work, found.content_id)
    return await work.load(REVIEW_GUARD, id, action), content


async def load_assignment(work: Work, id: UUID, action: str) -> tuple[AssignmentRow, ReviewRow, ContentRow]:
    """An assignment of a review with all it belongs to, locked; raises 404, then 403. One of a whole panel is not found
    here."""
    found = await work.facts(ASSIGNMENT_GUARD, id, action, AssignmentRow.review_id, AssignmentRow.content_id)
    if found.review_id is None:
        raise not_found("assignment")
    content = await lock_content(work, found.content_id)
    review = await lock_review(work, found.review_id)
    return await work.load(ASSIGNMENT_GUARD, id, action), review, content


async def lock_panel(work: Work, id: UUID, action: str) -> tuple[PanelRow, dict[UUID, ContentRow], list[ReviewRow]]:
    """A panel with all that it judges, samples too, locked: contents by their ids, and reviews in order. Raises 404,
    then 403, and 409 if something was added at the same moment."""
    await work.facts(PANEL_GUARD, id, action, PanelRow.id)
    of_panel = select(ReviewRow.content_id).where(ReviewRow.panel_id == id)
    query = select(ContentRow).where(ContentRow.id.in_(of_panel)).order_by(ContentRow.id)
    locked = (await work.session.execute(query.with_for_update(key_share=True))).scalars()
    contents = {content.id: content for content in locked}
    panel = await work.load(PANEL_GUARD, id, action)
    judged = select(ReviewRow).where(ReviewRow.panel_id == id).order_by(ReviewRow.id).with_for_update(key_share=True)
    found = await work.session.execute(judged.execution_options(populate_existing=True))
    reviews = list(found.scalars())
    if any(review.content_id not in contents for review in reviews):
        raise DomainError("version_conflict", "Somebody else changed the panel at the same moment.")
    return panel, contents, reviews


_SHARE = text(
    """WITH judge AS (
  SELECT a.content_id, a.person_id FROM review_assignment a
  WHERE a.content_id = ANY(:ids) AND a.state IN ('asked', 'given')
  UNION SELECT r.content_id, p.chair_id FROM review r JOIN review_panel p ON p.id = r.panel_id
  WHERE r.content_id = ANY(:ids) AND r.state NOT IN ('preparing', 'withdrawn')
  UNION SELECT r.content_id, a.person_id FROM review r JOIN review_assignment a
    ON a.panel_id = r.panel_id AND a.review_id IS NULL AND a.state IN ('asked', 'given')
  WHERE r.content_id = ANY(:ids) AND r.state <> 'withdrawn' AND NOT EXISTS (
    SELECT FROM review_assignment c
    WHERE c.review_id = r.id AND c.person_id = a.person_id AND c.state = 'conflicted')),
reviewer AS (
  SELECT c.id, coalesce(
    array_agg(j.person_id ORDER BY j.person_id) FILTER (WHERE j.person_id IS NOT NULL), '{}') AS people
  FROM content c LEFT JOIN judge j ON j.content_id = c.id WHERE c.id = ANY(:ids) GROUP BY c.id)
UPDATE content c SET reviewers = w.people, readers = ARRAY(
  SELECT DISTINCT one FROM unnest(
    CASE c.state WHEN 'draft' THEN '{}' ELSE c.audience END || c.owner_id || w.people) AS one)
FROM reviewer w WHERE w.id = c.id AND c.reviewers IS DISTINCT FROM w.people
RETURNING c.id, c.reviewers, c.readers"""
)


async def share_with_judges(work: Work, contents: Collection[ContentRow]) -> None:
    """Makes those who judge a content, and no longer those who do not, its readers. Its version stays, and so does the
    time of its last change: neither may tell of a judgement."""
    await work.flush()
    by_id: dict[UUID, Any] = {content.id: content for content in contents}
    found = await work.session.execute(_SHARE, {"ids": list(by_id)})
    for row in found:
        set_committed_value(by_id[row.id], "reviewers", row.reviewers)
        set_committed_value(by_id[row.id], "readers", row.readers)
