"""The statement that tells which entries there should be, by the rules and what is in the tables now.

Drafts have none, and whatever shows no author is nobody's: its author is no person to these statements. Days are those
of the company's time zone.
"""

from kshare.contributions.rules import RULES, SETTLING_DAYS
from kshare.core.principal import ANONYMOUS_ID

_RULES = ", ".join(f"('{rule.id}', {rule.version}, {rule.weight})" for rule in RULES.values())


def _day(moment: str) -> str:
    return f"CAST({moment} AT TIME ZONE CAST(:zone AS text) AS date)"


def department_on(person: str, day: str) -> str:
    """Where somebody was on a day, as a subquery: in the department that they came to last, if they had not left."""
    return f"""(SELECT m.department_id FROM membership m WHERE m.person_id = {person} AND m.since <= {day}
    AND (m.until IS NULL OR m.until > {day}) ORDER BY m.since DESC, m.id DESC LIMIT 1)"""


_ALL = "0 AS low, 100 AS high, 1 AS times"
_SHARE = "i.low, i.high, 1 AS times"

_PUBLISHED = f"""SELECT c.id AS content_id, c.author_id AS person_id, 'item_published' AS rule,
  {_day("c.published_at")} AS occurred_on, 'knowledge_item' AS object_kind, c.id AS object_id, {_ALL}
FROM shown c WHERE c.kind = 'knowledge_item'"""

_IMPROVED = f"""SELECT * FROM (
  SELECT DISTINCT ON (r.content_id, r.author_id, d.day)
    r.content_id, r.author_id, 'item_improved', d.day, 'revision', r.id, {_ALL}
  FROM shown c JOIN content_revision r ON r.content_id = c.id
    CROSS JOIN LATERAL (SELECT {_day("r.created_at")} AS day, {_day("c.published_at")} AS published) d
  WHERE c.kind = 'knowledge_item' AND r.number > 1 AND r.number <= c.revision AND NOT r.held
    AND r.created_at >= c.published_at AND (r.author_id <> c.author_id OR d.day >= d.published + {SETTLING_DAYS})
  ORDER BY r.content_id, r.author_id, d.day, r.number) improved"""

_PROPOSED = (
    f"""SELECT i.id, i.person_id, 'idea_proposed', {_day("i.published_at")}, 'idea', i.id, {_SHARE} FROM ideas i"""
)

_ADOPTED = f"""SELECT i.id, i.person_id, 'idea_adopted', {_day("d.decided_at")}, 'idea', i.id, {_SHARE}
FROM ideas i JOIN idea_decision d ON d.content_id = i.id
WHERE d.current AND d.outcome = 'approved' AND d.published_at IS NOT NULL"""

# When it came there is told by the journal alone.
_IMPLEMENTED = f"""SELECT i.id, i.person_id, 'idea_implemented', {_day("j.at")}, 'idea', i.id, {_SHARE}
FROM ideas i CROSS JOIN LATERAL (SELECT max(e.at) AS at FROM journal e
  WHERE e.content_id = i.id AND e.happened = 'idea_stage_changed' AND e.payload ->> 'to_stage' = 'implemented') j
WHERE i.stage IN ('implemented', 'verified') AND j.at IS NOT NULL"""

_COMMENTED = f"""SELECT m.content_id, m.author_id, 'comment_written', {_day("m.created_at")}, 'comment', m.id, {_ALL}
FROM shown c JOIN comment m ON m.content_id = c.id
WHERE NOT m.deleted AND m.author_id <> c.author_id
  AND NOT EXISTS (SELECT FROM idea_coauthor s WHERE s.content_id = c.id AND s.person_id = m.author_id)"""

# Nothing may tell of a judgement before its review is over (docs/adr/0008-reviews.md). A review may be of a draft. It
# is the unnamed author who ends one by withdrawing: an entry made at that moment would tell when they were at work.
_REVIEWED = f"""SELECT r.content_id, a.person_id, 'review_given', {_day("r.closed_at")}, 'review', r.id, {_ALL}
FROM asked c JOIN review r ON r.content_id = c.id JOIN review_assignment a ON a.review_id = r.id
WHERE r.state NOT IN ('preparing', 'open') AND r.closed_at IS NOT NULL AND a.state <> 'conflicted'
  AND (c.author_id <> '{ANONYMOUS_ID}' OR r.closed_at < :midnight)
  AND EXISTS (SELECT FROM review_judgement j WHERE j.assignment_id = a.id)"""

_CREDITED = """SELECT CAST(NULL AS uuid), k.person_id, 'credited', k.day, 'credit', k.id, 0, 100, k.amount
FROM credit k WHERE k.id = ANY(:credits)"""

_EVERY = (_PUBLISHED, _IMPROVED, _PROPOSED, _ADOPTED, _IMPLEMENTED, _COMMENTED, _REVIEWED, _CREDITED)

# Each share is the difference of two rounded sums, so that together they are the whole weight to the last digit.
EXPECTED = f"""asked AS MATERIALIZED (
  SELECT id, kind, state, stage, author_id, revision, published_at FROM content WHERE id = ANY(:contents)
), shown AS (
  SELECT * FROM asked WHERE state <> 'draft' AND published_at IS NOT NULL
), shares AS (
  SELECT c.id, c.stage, c.published_at, coalesce(s.person_id, c.author_id) AS person_id,
    coalesce(s.share, 100) AS share,
    coalesce(sum(s.share) OVER (PARTITION BY c.id ORDER BY s.person_id), 100) AS high
  FROM shown c JOIN idea i ON i.content_id = c.id LEFT JOIN idea_coauthor s ON s.content_id = c.id
    JOIN person author ON author.id = c.author_id AND author.kind <> 'system'
  WHERE c.kind = 'idea' AND (c.state = 'published' OR i.merged_into IS NOT NULL)
), ideas AS (
  SELECT *, high - share AS low FROM shares
), counted AS (
{" UNION ALL ".join(_EVERY)}
), weights (rule, rule_version, weight) AS (VALUES {_RULES}
), expected AS (
  SELECT e.content_id, e.person_id, {department_on("e.person_id", "e.occurred_on")} AS department_id,
    e.rule, w.rule_version, e.occurred_on, e.object_kind, e.object_id,
    round(w.weight * e.times * e.high / 100, 2) - round(w.weight * e.times * e.low / 100, 2) AS weight
  FROM counted e JOIN weights w ON w.rule = e.rule JOIN person p ON p.id = e.person_id AND p.kind = 'person'
)"""
"""Common table expressions, the last of which, `expected`, has the entries there should be of the bound `contents` and
`credits`; `zone` is the company's time zone, `midnight` the beginning of this day in UTC, as authors who are not shown
are told of by the day (docs/adr/0007-anonymity.md)."""
