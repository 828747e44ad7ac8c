"""Search documents for a seeded database.

Cutting a million texts would take longer than all the rest. Texts are put together from pieces, so only the pieces
are cut, by kshare's own words, and PostgreSQL puts their vectors together. A sample is then compared with the documents
that kshare itself would have written.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.progress import through
from bench.text import VOCABULARY
from kshare.console import Console
from kshare.core.words import CUTTER_VERSION, Weight, tsvector_text
from kshare.search import documents
from kshare.search.eras import BEGINNING, ERA_SIZE, era_lexemes

CHUNK = 8
"""Eras whose documents are written by one statement."""

SAMPLE = 40

_WEIGHTS: dict[str, Weight] = {"title": "A", "name": "B", "summary": "C", "paragraph": "D"}

_PREPARE = """
CREATE AGGREGATE bench.joined (tsvector) (sfunc = tsvector_concat, stype = tsvector, initcond = '');
ALTER TABLE bench.texts ADD PRIMARY KEY (kind, language, number);
ALTER TABLE bench.pieces ADD PRIMARY KEY (content_id);
ALTER TABLE bench.names ADD PRIMARY KEY (id);
CREATE TABLE bench.eras (number int PRIMARY KEY, lexemes text[]);
CREATE TABLE bench.listed AS SELECT c.id, c.listed_at, c.author_id, c.category_id, c.department_id, c.language,
  c.kind, c.variety, ((row_number() OVER (ORDER BY c.listed_at, c.id) - 1) / $size)::int AS era
  FROM content c WHERE c.state = 'published' ORDER BY c.listed_at, c.id;
CREATE INDEX ON bench.listed (era);
INSERT INTO search_era (number, starts, documents, latest)
  SELECT era, CASE era WHEN 0 THEN '$beginning'::timestamptz ELSE min(listed_at) END, count(*), max(listed_at)
  FROM bench.listed GROUP BY era ORDER BY era;
ANALYZE bench.texts, bench.pieces, bench.names, bench.listed, content_tag;
"""

_INSERT = """
INSERT INTO search_document (content_id, listed_at, head, words, cutter, indexed_at)
SELECT l.id, l.listed_at, part.head, part.head || s.vector || part.body || part.marks || e.lexemes, $3, now()
FROM bench.listed l
  JOIN bench.pieces p ON p.content_id = l.id
  JOIN bench.eras era ON era.number = l.era
  JOIN bench.texts t ON (t.kind, t.language, t.number) = ('title', p.language, p.title)
  JOIN bench.texts s ON (s.kind, s.language, s.number) = ('summary', p.language, p.summary)
  JOIN bench.names author ON author.id = l.author_id
  LEFT JOIN bench.names category ON category.id = l.category_id
  CROSS JOIN LATERAL (
    SELECT bench.joined(n.vector ORDER BY n.name) AS vector, array_agg($4::text || n.id) AS marks
    FROM content_tag ct JOIN bench.names n ON n.id = ct.tag_id WHERE ct.content_id = l.id) tags
  CROSS JOIN LATERAL (SELECT
    t.vector || coalesce(tags.vector, '') || coalesce(category.vector, '') || author.vector AS head,
    (SELECT bench.joined(b.vector ORDER BY place) FROM unnest(p.paragraphs) WITH ORDINALITY AS n (number, place)
      JOIN bench.texts b ON (b.kind, b.language, b.number) = ('paragraph', p.language, n.number)) AS body,
    array_to_tsvector(array_remove(tags.marks || ARRAY[$5, $6::text || l.author_id, $7::text || l.language,
      $8::text || l.variety, $9::text || l.category_id, $10::text || l.department_id, $11::text || l.kind],
      NULL)) AS marks) part
  CROSS JOIN LATERAL (SELECT array_to_tsvector(era.lexemes) AS lexemes) e
WHERE l.era >= $1 AND l.era < $2
"""

Connection = asyncpg.Connection


class Different(Exception):
    """A seeded document is not what kshare would have written; the message shows both."""


@dataclass(frozen=True)
class Terms:
    """Words of two characters, by how many documents they stand in."""

    common: list[str]
    medium: list[str]
    rare: list[str]


async def seed_documents(connection: Connection, console: Console) -> Terms:
    """Writes the documents of all that is published, and finds words to search for."""
    with console.step("Cutting texts into words"):
        await _cut(connection)
    prepare = _PREPARE.replace("$size", str(ERA_SIZE)).replace("$beginning", BEGINNING.isoformat())
    await connection.execute(prepare)
    eras = await connection.fetchval("SELECT count(*) FROM search_era")
    lexemes = [(era, era_lexemes(era)) for era in range(eras)]
    await connection.copy_records_to_table("eras", schema_name="bench", records=lexemes)
    marks = documents.MARKS
    names = ("tag", "author", "language", "kind", "category", "department", "type")
    prefixes = {name: f"={marks[name]}" for name in names}
    first, *rest = (prefixes[name] for name in names)
    starts = range(0, eras, CHUNK)
    for start in through(console, f"Writing search documents, {CHUNK * ERA_SIZE:,} at a time", starts):
        await connection.execute(_INSERT, start, start + CHUNK, CUTTER_VERSION, first, documents.ANY, *rest)
    await _compare(connection)
    terms = await _terms(connection)
    await connection.execute("DROP TABLE bench.texts, bench.pieces, bench.names, bench.eras, bench.listed")
    return terms


async def _cut(connection: Connection) -> None:
    """Replaces the pieces, and the names documents are found by, with themselves and their vectors."""
    await connection.execute(
        "ALTER TABLE bench.texts ADD vector tsvector; CREATE TABLE bench.names (id uuid, name text, vector tsvector)"
    )
    rows = await connection.fetch("SELECT kind, language, number, text FROM bench.texts")
    cut = [(*row, tsvector_text([(row["text"], _WEIGHTS[row["kind"]])])) for row in rows]
    await connection.execute(
        "CREATE TEMP TABLE cut (kind text, language text, number int, text text, vector text) ON COMMIT DROP;"
        "CREATE TEMP TABLE named (id uuid, name text, vector text) ON COMMIT DROP"
    )
    await connection.copy_records_to_table("cut", records=cut)
    named = await connection.fetch(
        "SELECT id, name FROM person UNION ALL SELECT id, name FROM category UNION ALL SELECT id, name FROM tag"
    )
    vectors = [(row["id"], row["name"], tsvector_text([(row["name"], _WEIGHTS["name"])])) for row in named]
    await connection.copy_records_to_table("named", records=vectors)
    await connection.execute(
        "TRUNCATE bench.texts; INSERT INTO bench.texts SELECT kind, language, number, text, vector::tsvector FROM cut;"
        "INSERT INTO bench.names SELECT id, name, vector::tsvector FROM named"
    )


async def _compare(connection: Connection) -> None:
    """Raises Different unless some documents have the lexemes that kshare would give them."""
    ids = [
        row["content_id"] for row in await connection.fetch(f"SELECT content_id FROM search_document LIMIT {SAMPLE}")
    ]
    texts = str(documents._TEXTS.text).replace(":ids", "$1")
    for row in await connection.fetch(texts, ids):
        found = documents.document(_Attributes(row))
        for column, text in (("head", found.head), ("words", found.words)):
            (vectors,) = await connection.fetch(
                f"SELECT tsvector_to_array({column}), tsvector_to_array($2::text::tsvector) FROM search_document"
                " WHERE content_id = $1",
                row["id"],
                text,
            )
            stored, made = vectors
            eras = {lexeme for lexeme in stored if lexeme[0] == "=" and lexeme[1].isdigit()}
            if set(stored) - eras != set(made):
                raise Different(f"{column} of {row['id']}: seeded\n{sorted(stored)}\nkshare\n{sorted(made)}")


class _Attributes:
    """A record whose columns are attributes, as SQLAlchemy's rows are."""

    def __init__(self, record: Any) -> None:
        self.__dict__.update(record)


async def _terms(connection: Connection) -> Terms:
    """Chinese words of two characters that stand in many, some and few of the paragraphs."""
    rows = await connection.fetch(
        "SELECT word, ndoc::float / (SELECT count(*) FROM bench.texts WHERE kind = 'paragraph') AS p"
        " FROM ts_stat($$SELECT vector FROM bench.texts WHERE kind = 'paragraph'$$)"
        " WHERE word = ANY($1) ORDER BY md5(word)",
        VOCABULARY,
    )

    def between(least: float, most: float) -> list[str]:
        return [row["word"] for row in rows if least <= row["p"] < most][:20]

    return Terms(between(0.08, 1), between(0.005, 0.03), between(0, 0.0003))
