"""Whom to ask: who may judge a content at all, and who of them fits best and has least to do."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from kshare.content.models import ContentRow
from kshare.core.writing import Work
from kshare.reviews.models import ReviewRow

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
    WHERE c.id = :content AND (r.held OR c.kind = 'idea' OR c.state = 'draft')),
line AS (
  SELECT p.manager_id AS id FROM person p JOIN author a ON a.id = p.id
  JOIN content c ON c.id = :content AND c.kind = 'idea' AND c.variety = 'large'
  UNION SELECT p.manager_id FROM line l JOIN person p ON p.id = l.id)
SELECT id FROM author UNION SELECT id FROM line WHERE id IS NOT NULL
UNION SELECT person_id FROM review_assignment WHERE review_id = :review
UNION SELECT person_id FROM review_assignment WHERE content_id = :content AND state = 'conflicted'
UNION SELECT p.chair_id FROM review r JOIN review_panel p ON p.id = r.panel_id WHERE r.id = :review AND NOT EXISTS (
  SELECT FROM review_panel_member m WHERE m.panel_id = p.id AND m.person_id = p.chair_id)
UNION SELECT submitted_by FROM review WHERE id = :review AND method = 'scores' AND panel_id IS NULL"""
)
"""Who may not judge a content. The owner of what is anonymous is here by their pseudonym alone, which excludes nobody:
whoever is left out would be known to be its author. They are refused when they judge."""

_CANDIDATES = text(
    """WITH place AS (
  SELECT c.classification, coalesce(d.path, '{}') AS departments, coalesce(g.path, '{}') AS categories, c.category_id,
    c.kind
  FROM content c LEFT JOIN department d ON d.id = c.department_id LEFT JOIN category g ON g.id = c.category_id
  WHERE c.id = :content),
suited AS (
  SELECT p.id, r.scoped FROM person p CROSS JOIN place
  CROSS JOIN LATERAL (
    SELECT count(*) > 0 AS held, bool_or(a.department_id IS NOT NULL OR a.category_id IS NOT NULL) AS scoped
    FROM role_assignment a WHERE a.person_id = p.id AND a.role = ANY(:roles)
      AND (a.department_id IS NULL OR a.department_id = ANY(place.departments))
      AND (a.category_id IS NULL OR a.category_id = ANY(place.categories))) r
  WHERE p.kind = 'person' AND p.active AND p.clearance >= place.classification AND NOT p.id = ANY(:excluded)
    AND (CAST(:only AS uuid[]) IS NULL OR p.id = ANY(:only))
    AND (:roles = CAST('{}' AS text[]) OR 'employee' = ANY(:roles) OR r.held)
    AND (:groups = CAST('{}' AS uuid[]) OR EXISTS (
      SELECT FROM group_member m WHERE m.person_id = p.id AND m.group_id = ANY(:groups)))
    AND (:departments = CAST('{}' AS uuid[]) OR EXISTS (
      SELECT FROM department d WHERE d.id = p.department_id AND d.path && :departments))),
known AS (
  SELECT s.id, s.scoped, (SELECT count(*) FROM (
    SELECT FROM content k WHERE k.author_id = s.id AND k.state = 'published' AND k.kind = 'knowledge_item'
      AND k.category_id IN (SELECT g.id FROM category g, place WHERE g.path @> ARRAY[place.category_id]) LIMIT 20) w
    ) AS items,
    (SELECT count(*) FROM review_assignment o WHERE o.person_id = s.id AND o.open AND o.state = 'asked') AS load
  FROM suited s)
SELECT id FROM known WHERE items >= :expertise
ORDER BY 2 * coalesce(scoped, false)::int + least(items, 3) - load DESC, load, md5(id::text || CAST(:seed AS text))
LIMIT :most"""
)
"""Fit is a role for just this department or category, and up to three published items in the category; each judgement
that is awaited already takes away as much as one item gives."""


async def excluded(work: Work, review: ReviewRow) -> list[UUID]:
    """Who may not judge what is reviewed."""
    await work.flush()
    rows = await work.session.execute(_EXCLUDED, {"content": review.content_id, "review": review.id})
    return list(rows.scalars())


async def candidates(
    work: Work, review: ReviewRow, content: ContentRow, most: int = MOST, *, only: Collection[UUID] | None = None
) -> list[UUID]:
    """Who can be asked, the best first; of `only` these if given, whatever the policy says of roles and groups."""
    roles = review.roles
    if not (roles or review.groups or review.departments or review.expertise):
        roles = _USUAL[content.kind]
    anybody = only is not None
    values = {
        "content": content.id,
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
