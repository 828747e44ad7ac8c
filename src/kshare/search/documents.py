"""Documents: what a content is found by, and how documents are written.

Besides its words a document has lexemes that no text can contain, since they begin with `=`: `=d` (it is one), its
eras (search/eras.py), and what it can be filtered by: type, author, category, department (`=o`), tags, language, kind.
With them a filter is a part of the tsquery, and the index intersects it with the words. Who may see a content is not
among them: that is asked of the content itself, so that a changed audience takes effect at once.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.words import CUTTER_VERSION, tsvector_text
from kshare.search.eras import BEGINNING, ERA_SIZE, era_lexemes
from kshare.search.models import EraRow

ANY = "=d"
"""The lexeme of every document."""

MARKS = {"type": "y", "author": "a", "category": "c", "department": "o", "tag": "t", "language": "l", "kind": "k"}
"""The letter of each filter's lexemes."""


def mark(filter: str, value: object) -> str:
    """The lexeme of a filter's value."""
    return f"={MARKS[filter]}{value}"


@dataclass(frozen=True, slots=True)
class Found:
    """The two vectors of a document, as text."""

    head: str
    words: str


def document(row: Any) -> Found:
    """What a content is found by; `row` has the columns of `_TEXTS`."""
    named = " ".join(filter(None, (*row.tags, row.category, row.category_en, row.author)))
    marks = [ANY, mark("type", row.kind), mark("kind", row.variety)]
    marks += [mark("author", row.author_id), mark("language", row.language)]
    marks += [mark("tag", tag) for tag in row.tag_ids]
    if row.category_id:
        marks.append(mark("category", row.category_id))
    if row.department_id:
        marks.append(mark("department", row.department_id))
    head = tsvector_text([(row.title, "A"), (named, "B")])
    words = tsvector_text([(row.title, "A"), (named, "B"), (row.summary, "C"), (row.body, "D")])
    return Found(head, " ".join((words, *(f"'{lexeme}'" for lexeme in marks))))


# Archived and unpublished contents have no document; whoever may see the others is not asked here.
_TEXTS = text(
    """SELECT c.id, c.listed_at, c.title, c.summary, c.body, c.language, c.kind, c.variety, c.author_id, c.category_id,
  c.department_id, p.name AS author, g.name AS category, g.name_en AS category_en,
  coalesce(t.ids, '{}') AS tag_ids, coalesce(t.names, '{}') AS tags
FROM content c
  JOIN person p ON p.id = c.author_id
  LEFT JOIN category g ON g.id = c.category_id
  LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT n.tag_id) AS ids, array_agg(n.name ORDER BY n.preferred DESC, n.name) AS names
    FROM content_tag ct JOIN tag_name n ON n.tag_id = ct.tag_id WHERE ct.content_id = c.id) t ON true
WHERE c.id = ANY(:ids) AND c.state = 'published' ORDER BY c.listed_at, c.id"""
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))

_WRITE = text(
    """INSERT INTO search_document (content_id, listed_at, head, words, cutter, indexed_at)
SELECT d.id, d.listed_at, CAST(d.head AS tsvector), CAST(d.words AS tsvector), :cutter, now()
FROM unnest(:ids, :listed, :heads, :words) AS d (id, listed_at, head, words)
ON CONFLICT (content_id) DO UPDATE SET listed_at = excluded.listed_at, head = excluded.head, words = excluded.words,
  cutter = excluded.cutter, indexed_at = excluded.indexed_at"""
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("listed", type_=ARRAY(DateTime(timezone=True))),
    bindparam("heads", type_=ARRAY(Text)),
    bindparam("words", type_=ARRAY(Text)),
)

_WRITTEN = text("SELECT content_id FROM search_document WHERE content_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)
_REMOVE = text("DELETE FROM search_document WHERE content_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)


async def write_documents(session: AsyncSession, ids: Sequence[UUID]) -> int:
    """Writes the documents of these contents as the contents are now; idempotent. The number that are published.

    Indexers wait for each other (the advisory lock), so that an older text never overwrites a newer one. Texts are cut
    in a thread, and rows are written after that, together: the transaction is short from its first write on.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('kshare search documents', 0))"))
    rows = (await session.execute(_TEXTS, {"ids": list(ids)})).all()
    cut = [await asyncio.to_thread(document, row) for row in rows]
    gone = set(ids) - {row.id for row in rows}
    if gone:
        await session.execute(_REMOVE, {"ids": list(gone)})
    if not rows:
        return 0
    written = (await session.execute(_WRITTEN, {"ids": [row.id for row in rows]})).scalars()
    known = set(written)
    eras = await _eras_of(session, [(row.listed_at, row.id not in known) for row in rows])
    values = {
        "ids": [row.id for row in rows],
        "listed": [row.listed_at for row in rows],
        "heads": [found.head for found in cut],
        "words": [
            " ".join((found.words, *(f"'{lexeme}'" for lexeme in era_lexemes(era))))
            for found, era in zip(cut, eras, strict=True)
        ],
        "cutter": CUTTER_VERSION,
    }
    await session.execute(_WRITE, values)
    # What the index keeps pending is read whole by every search.
    await session.execute(select(func.gin_clean_pending_list(text("'ix_search_document_words'::regclass"))))
    return len(rows)


async def _eras_of(session: AsyncSession, moments: Sequence[tuple[datetime, bool]]) -> list[int]:
    """The era of each moment (in order); opens new eras as the newest one fills with documents that are new."""
    eras = list((await session.execute(select(EraRow).order_by(EraRow.number))).scalars())
    if not eras:
        eras.append(EraRow(number=0, starts=BEGINNING, documents=0, latest=BEGINNING))
        session.add(eras[0])
    starts = [era.starts for era in eras]
    starts[0] = BEGINNING
    numbers = []
    for moment, new in moments:
        newest = eras[-1]
        if newest.documents >= ERA_SIZE and moment > newest.latest:
            eras.append(EraRow(number=newest.number + 1, starts=moment, documents=0, latest=moment))
            session.add(eras[-1])
            starts.append(moment)
        number = max(bisect_right(starts, moment) - 1, 0)
        era = eras[number]
        era.documents += new
        era.latest = max(era.latest, moment)
        numbers.append(number)
    await session.flush()
    return numbers


async def plan_eras(session: AsyncSession) -> None:
    """Lays out the eras for what is published already. Only while there is no document: eras cannot be moved."""
    layout = text(
        """WITH listed AS (
  SELECT listed_at, row_number() OVER (ORDER BY listed_at, id) - 1 AS n FROM content WHERE state = 'published'),
starting AS (SELECT DISTINCT listed_at FROM listed WHERE n % :size = 0),
numbered AS (SELECT listed_at, row_number() OVER (ORDER BY listed_at) - 1 AS number FROM starting)
SELECT number, listed_at FROM numbered ORDER BY number"""
    )
    rows = (await session.execute(layout, {"size": ERA_SIZE})).all()
    planned = [
        {
            "number": row.number,
            "starts": BEGINNING if row.number == 0 else row.listed_at,
            "documents": 0,
            "latest": BEGINNING if row.number == 0 else row.listed_at,
        }
        for row in rows
    ]
    for start in range(0, len(planned), 1000):
        await session.execute(pg_insert(EraRow).on_conflict_do_nothing(), planned[start : start + 1000])
