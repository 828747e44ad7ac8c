"""What exists and may be like an idea, and who knows of it; read with the eyes of the system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Float, Integer, LargeBinary, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.principal import ANONYMOUS_ID, EVERYONE
from kshare.ideas.likeness.text import Print, packed, pairs, print_of, unpacked
from kshare.ideas.likeness.weights import READ as COUNTS
from kshare.ideas.likeness.weights import Weights, levels_of
from kshare.ideas.triage.suggesting import SHOWN, CategoryWords, Existing

_KEPT: Final = 24
"""Tokens of summary and body by which a content is found."""
_ASKED: Final = 20
"""Keys by which others are looked for, the heaviest and rarest."""
_COMMON: Final = 0.05
"""Keys that a larger part of all ideas has find too much."""
_MOST: Final = 300
"""Contents that are compared with one idea."""
_MOST_CATEGORIES: Final = 500


@dataclass(frozen=True, slots=True)
class Text:
    """A published idea or knowledge item as it is compared and assessed."""

    row: Any
    """The columns of `_TEXTS`."""
    print: Print

    @property
    def keys(self) -> list[int]:
        """What it is found by."""
        return [*self.print.title, *self.print.rest[:_KEPT], *pairs(self.print.title)]

    def existing(self) -> Existing:
        """As a neighbour of what comes with it."""
        row = self.row
        size = row.variety if row.kind == "idea" else None
        return Existing(row.id, self.print.title, self.print.rest, row.category_id, size, row.department_id, False)


_TEXTS = text(
    """SELECT c.id, c.kind, c.variety, c.stage, c.state, c.title, c.summary, c.body, c.revision, c.category_id,
  c.department_id, c.author_id, c.audience, c.classification, i.template, i.answers
FROM content c LEFT JOIN idea i ON i.content_id = c.id
WHERE c.id = ANY(:ids) AND c.state = 'published' AND c.kind IN ('idea', 'knowledge_item') ORDER BY c.id"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def texts_of(session: AsyncSession, ids: Sequence[UUID]) -> list[Any]:
    """The published ideas and knowledge items among these contents, as they are now."""
    return list((await session.execute(_TEXTS, {"ids": list(ids)})).all())


def text_of(row: Any) -> Text:
    """A content taken apart; takes some milliseconds for a long one."""
    return Text(row, print_of(row.title, row.summary, row.body))


_WRITE = text(
    """INSERT INTO triage_print (content_id, keys, title, rest) VALUES (:id, :keys, :title, :rest)
ON CONFLICT (content_id) DO UPDATE SET keys = excluded.keys, title = excluded.title, rest = excluded.rest"""
).bindparams(
    bindparam("keys", type_=ARRAY(Integer)),
    bindparam("title", type_=LargeBinary),
    bindparam("rest", type_=LargeBinary),
)


async def write_prints(session: AsyncSession, texts: Sequence[Text]) -> None:
    """Keeps what others will be compared with."""
    rows = [
        {"id": one.row.id, "keys": one.keys, "title": packed(one.print.title), "rest": packed(one.print.rest)}
        for one in texts
    ]
    if rows:
        await session.execute(_WRITE, rows)


async def weights_now(session: AsyncSession) -> Weights:
    """What words weigh for somebody with every clearance."""
    rows = (await session.execute(text(COUNTS))).mappings().all()
    return levels_of(rows)[-1]


_FIND = text(
    """SELECT p.content_id AS id, p.title, p.rest, c.category_id, c.department_id,
  CASE WHEN c.kind = 'idea' THEN c.variety END AS size,
  c.classification <= :classification AND (:everyone = ANY(c.readers) OR c.readers @> :audience) AS shared
FROM triage_print p JOIN content c ON c.id = p.content_id
WHERE p.keys && :keys AND c.state = 'published' AND c.id <> ALL(:without) LIMIT :most"""
).bindparams(
    bindparam("keys", type_=ARRAY(Integer)),
    bindparam("audience", type_=ARRAY(Uuid)),
    bindparam("everyone", type_=Uuid),
    bindparam("without", type_=ARRAY(Uuid)),
)


async def candidates(session: AsyncSession, idea: Text, weights: Weights, without: Sequence[UUID]) -> list[Existing]:
    """What has a word or a pair of words in common with an idea that is not common to many."""
    rare = [key for key in idea.keys if weights.shares.get(key, 0) <= _COMMON]
    keys = sorted(rare, key=lambda key: (-weights(key), key))[:_ASKED]
    if not keys:
        return []
    values = {
        "keys": keys,
        "without": [idea.row.id, *without],
        "classification": idea.row.classification,
        "audience": idea.row.audience,
        "everyone": EVERYONE,
        "most": _MOST,
    }
    return [
        Existing(
            row.id, unpacked(row.title), unpacked(row.rest), row.category_id, row.size, row.department_id, row.shared
        )
        for row in await session.execute(_FIND, values)
    ]


async def category_words(session: AsyncSession) -> list[CategoryWords]:
    """The categories and what they are called."""
    query = text("SELECT id, name, name_en, description FROM category ORDER BY id LIMIT :most")
    rows = await session.execute(query, {"most": _MOST_CATEGORIES})
    found = []
    for row in rows:
        taken = print_of(row.name, row.name_en or "", row.description or "")
        found.append(CategoryWords(row.id, frozenset((*taken.title, *taken.rest))))
    return found


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who knows the matter."""

    person_id: UUID
    reason: str
    contents: int


# That a person `p` of a department `o` is there, is cleared and is in the audience. Text of ours, without any input.
_READS: Final = """p.kind = 'person' AND p.active AND p.clearance >= :classification
  AND (:everyone = ANY(:audience) OR p.id = ANY(:audience) OR o.path && :audience
    OR EXISTS (SELECT FROM group_member m WHERE m.person_id = p.id AND m.group_id = ANY(:audience)))"""

# Only of named contents and published decisions, and only people who may read the idea themselves.
_REVIEWERS = text(
    f"""WITH evidence AS (
  SELECT c.id, e.likeness, c.author_id FROM unnest(:ids, :scores) AS e (id, likeness) JOIN content c ON c.id = e.id
  WHERE c.author_id <> :anonymous AND c.state = 'published'),
known AS (
  SELECT id, likeness, author_id AS person_id, 'wrote_similar' AS reason FROM evidence
  UNION SELECT e.id, e.likeness, s.person_id, 'wrote_similar'
    FROM evidence e JOIN idea_coauthor s ON s.content_id = e.id
  UNION SELECT e.id, e.likeness * 0.8, d.decided_by, 'decided_on_similar'
    FROM evidence e JOIN idea_decision d ON d.content_id = e.id AND d.current AND d.published_at IS NOT NULL),
counted AS (
  SELECT person_id, reason, count(*)::int AS contents, sum(likeness) AS score FROM known GROUP BY person_id, reason),
best AS (SELECT DISTINCT ON (person_id) *, sum(score) OVER (PARTITION BY person_id) AS whole FROM counted
  ORDER BY person_id, score DESC, reason)
SELECT b.person_id, b.reason, b.contents FROM best b JOIN person p ON p.id = b.person_id
  LEFT JOIN department o ON o.id = p.department_id
WHERE {_READS} AND p.id <> ALL(:without)
ORDER BY b.whole DESC, b.person_id LIMIT :most"""  # noqa: S608
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("scores", type_=ARRAY(Float)),
    bindparam("without", type_=ARRAY(Uuid)),
    bindparam("audience", type_=ARRAY(Uuid)),
    bindparam("everyone", type_=Uuid),
    bindparam("anonymous", type_=Uuid),
)


async def reviewers(session: AsyncSession, idea: Any, evidence: Sequence[tuple[UUID, float]]) -> list[Reviewer]:
    """Who wrote or decided on what is like an idea (`idea` has the columns of a content); neither its author nor a
    co-author. Who an unnamed author is nobody knows here, and so they are treated like everybody else."""
    if not evidence:
        return []
    own = text("SELECT person_id FROM idea_coauthor WHERE content_id = :id")
    without = [idea.author_id, *(await session.execute(own, {"id": idea.id})).scalars()]
    values = {
        "ids": [id for id, _ in evidence],
        "scores": [likeness for _, likeness in evidence],
        "anonymous": ANONYMOUS_ID,
        "classification": idea.classification,
        "without": without,
        "audience": list(idea.audience),
        "everyone": EVERYONE,
        "most": SHOWN,
    }
    rows = await session.execute(_REVIEWERS, values)
    return [Reviewer(row.person_id, row.reason, row.contents) for row in rows]


_MAY_READ = text(
    f"""SELECT p.id FROM person p LEFT JOIN department o ON o.id = p.department_id
WHERE p.id = ANY(:people) AND {_READS}"""  # noqa: S608
).bindparams(
    bindparam("people", type_=ARRAY(Uuid)),
    bindparam("audience", type_=ARRAY(Uuid)),
    bindparam("everyone", type_=Uuid),
)


async def may_read(session: AsyncSession, idea: Any, people: Sequence[UUID]) -> set[UUID]:
    """Which of these are people who are there and may read an idea (which has the columns of a content)."""
    values = {
        "people": list(people),
        "classification": idea.classification,
        "audience": list(idea.audience),
        "everyone": EVERYONE,
    }
    return set((await session.execute(_MAY_READ, values)).scalars())
