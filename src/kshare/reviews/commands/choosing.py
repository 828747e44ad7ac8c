"""Whom to ask: who may judge a content at all, and who of them fits best and has least to do."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, exists, or_, select, text

from kshare.content.models import ContentRow
from kshare.core.writing import Work
from kshare.people.models import PersonRow
from kshare.reviews.models import AssignmentRow, ReviewRow
from kshare.reviews.reads.seeing import awaits

MOST = 50
"""Reviewers of one review."""

_USUAL = {"knowledge_item": ["reviewer", "knowledge_manager"], "idea": ["reviewer", "committee"]}
"""The roles of those who are asked where a policy names nobody."""

_EXCLUDED = text(
    """WITH RECURSIVE author AS (
  SELECT owner_id AS id FROM content WHERE id = :content
  UNION SELECT author_id FROM content WHERE id = :content
  UNION SELECT person_id FROM idea_coauthor WHERE content_id = :content
  UNION SELECT r.author_id FROM content_revision r JOIN content c ON c.id = r.content_id
    WHERE c.id = :content AND (c.kind = 'idea' OR c.state = 'draft' OR r.number > c.revision)),
line AS (
  SELECT p.manager_id AS id FROM person p JOIN author a ON a.id = p.id
  JOIN content c ON c.id = :content AND c.kind = 'idea' AND c.variety = 'large'
  UNION SELECT p.manager_id FROM line l JOIN person p ON p.id = l.id)
SELECT id FROM author UNION SELECT id FROM line WHERE id IS NOT NULL
UNION SELECT person_id FROM review_assignment WHERE content_id = :content AND state = 'conflicted'
UNION SELECT p.chair_id FROM review r JOIN review_panel p ON p.id = r.panel_id WHERE r.id = :review AND NOT EXISTS (
  SELECT FROM review_panel_member m WHERE m.panel_id = p.id AND m.person_id = p.chair_id)
UNION SELECT submitted_by FROM review WHERE id = :review AND method = 'scores' AND panel_id IS NULL
UNION SELECT person_id FROM review_assignment WHERE review_id = CAST(:asked_in AS uuid)
UNION SELECT p.chair_id FROM review r JOIN review_panel p ON p.id = r.panel_id
  WHERE r.id = CAST(:asked_in AS uuid) AND r.state = 'open'"""
)
"""Who may not judge a content: its authors, whoever wrote what readers do not see yet, of a large idea those above its
authors, who has a conflict, who leads it; and who was asked already. The owner of what is anonymous is here by their
pseudonym alone, which excludes nobody: whoever is left out would be known to be its author. They are refused when they
judge."""

_CANDIDATES = text(
    """WITH place AS (
  SELECT c.classification, coalesce(d.path, '{}') AS departments, coalesce(g.path, '{}') AS categories, c.category_id,
    c.kind
  FROM content c LEFT JOIN department d ON d.id = c.department_id LEFT JOIN category g ON g.id = c.category_id
  WHERE c.id = :content),
before AS (
  SELECT r.id, r.state FROM review r
  WHERE r.content_id = :content AND r.id <> :review AND r.panel_id IS NULL AND r.state <> 'open'
  ORDER BY r.closed_at DESC, r.id DESC LIMIT 1),
suited AS (
  SELECT p.id, r.scoped FROM person p CROSS JOIN place
  CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS held, bool_or(a.department_id IS NOT NULL OR a.category_id IS NOT NULL) AS scoped
    FROM role_assignment a WHERE a.person_id = p.id AND a.role = ANY(:roles)
      AND (a.department_id IS NULL OR a.department_id = ANY(place.departments))
      AND (a.category_id IS NULL OR a.category_id = ANY(place.categories))) r
  WHERE p.kind = 'person' AND p.active AND p.clearance >= place.classification AND NOT p.id = ANY(:excluded)
    AND (CAST(:only AS uuid[]) IS NULL OR p.id = ANY(:only))
    AND NOT EXISTS (SELECT FROM review r WHERE r.id = :review AND r.panel_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM review_panel_member m WHERE m.panel_id = r.panel_id AND m.person_id = p.id))
    AND (:roles = CAST('{}' AS text[]) OR 'employee' = ANY(:roles) OR r.held)
    AND (:groups = CAST('{}' AS uuid[]) OR EXISTS (
      SELECT FROM group_member m WHERE m.person_id = p.id AND m.group_id = ANY(:groups)))
    AND (:departments = CAST('{}' AS uuid[]) OR EXISTS (
      SELECT FROM department d WHERE d.id = p.department_id AND d.path && :departments))),
known AS (
  SELECT s.id, s.scoped, EXISTS (
    SELECT FROM review_judgement j JOIN before b ON b.id = j.review_id
    WHERE j.person_id = s.id AND b.state IN ('changes_requested', 'rejected', 'withdrawn')) AS judged,
    (SELECT count(*) FROM (
    SELECT FROM content k WHERE k.author_id = s.id AND k.state = 'published' AND k.kind = 'knowledge_item'
      AND k.category_id IN (SELECT g.id FROM category g, place WHERE g.path @> ARRAY[place.category_id]) LIMIT 20) w
    ) AS items,
    (SELECT count(*) FROM review_assignment o
      WHERE o.person_id = s.id AND o.open AND o.state IN ('asked', 'given')) AS load
  FROM suited s)
SELECT id FROM known WHERE items >= :expertise
ORDER BY judged DESC, 2 * coalesce(scoped, false)::int + least(items, 3) - load DESC, load,
  md5(id::text || CAST(:seed AS text))
LIMIT :most"""
)
"""First who judged the round before, which did not pass: they know what should have changed. Then by fit, which is a
role for just this department or category, and up to three published items in the category; each open review
that somebody takes part in takes away as much as one item gives, whether they have judged or not: who is asked next
would tell."""


async def excluded(work: Work, review: ReviewRow) -> list[UUID]:
    """Who is not asked to judge what is reviewed: who may not, and who was asked already."""
    await work.flush()
    return await _excluded(work, review, asked_in=review.id)


async def _excluded(work: Work, review: ReviewRow, asked_in: UUID | None) -> list[UUID]:
    values = {"content": review.content_id, "review": review.id, "asked_in": asked_in}
    return list((await work.session.execute(_EXCLUDED, values)).scalars())


async def is_barred(work: Work, review: ReviewRow, person_id: UUID) -> bool:
    """Whether somebody may not judge what is reviewed, though they were asked: they had a part in it since."""
    return person_id in await _excluded(work, review, asked_in=None)


async def unable(work: Work, review: ReviewRow, content: ContentRow) -> list[AssignmentRow]:
    """The open assignments, locked, of those who may not judge any more what they were asked to: they have a part in it
    by now, or owe a judgement of what they are not cleared for."""
    barred = AssignmentRow.person_id.in_(await _excluded(work, review, asked_in=None))
    uncleared = exists().where(PersonRow.id == AssignmentRow.person_id, PersonRow.clearance < content.classification)
    query = select(AssignmentRow).where(
        AssignmentRow.review_id == review.id,
        AssignmentRow.open,
        AssignmentRow.state.in_(("asked", "given")),
        or_(barred, and_(uncleared, awaits(AssignmentRow))),
    )
    return list((await work.session.execute(query.order_by(AssignmentRow.id).with_for_update())).scalars())


async def candidates(
    work: Work,
    review: ReviewRow,
    content: ContentRow,
    most: int = MOST,
    *,
    only: Collection[UUID] | None = None,
    suited: bool = False,
) -> list[UUID]:
    """Who can be asked, the best first; of `only` these if given, whatever the policy says of roles and groups, unless
    they are to be `suited` by it as well."""
    roles = review.roles
    if not (roles or review.groups or review.departments or review.expertise):
        roles = _USUAL[content.kind]
    anybody = only is not None and not suited
    values = {
        "content": content.id,
        "review": review.id,
        "excluded": await excluded(work, review),
        "only": None if only is None else list(only),
        "roles": [] if anybody else roles,
        "groups": [] if anybody else review.groups,
        "departments": [] if anybody else review.departments,
        "expertise": 0 if anybody else review.expertise,
        "seed": str(review.id),
        "most": most,
    }
    return list((await work.session.execute(_CANDIDATES, values)).scalars())
