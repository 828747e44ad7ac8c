"""Seeds a database of the benchmark: a migrated schema, a company, and as many items as asked for.

Everything is written in one transaction that begins by emptying the tables, so that PostgreSQL need not log it;
secondary indexes and foreign keys are taken away first and made anew at the end, from their own definitions.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from bench.company import FOUNDED, Company, Person, found, store, uuid7
from bench.documents import Terms, seed_documents
from bench.progress import through
from bench.text import Pool, Writer, Zipf, pools
from kshare.console import Console
from kshare.core.principal import EVERYONE
from kshare.knowledge.shapes import KnowledgeKind

VERSION = 4
"""Grows when what is seeded changes; databases seeded by another version are seeded again."""

CHUNK = 5_000
DISCUSSED, RECENT = 400, timedelta(days=4)
"""So many of the newest items, and all of the last days, have three comments or more."""

WRITERS = 10
"""So many of those with keys have more than a page of drafts, whatever the size of the database."""

_DRAFTS = """
WITH draft AS (
  SELECT id, row_number() OVER (ORDER BY id) AS n FROM content WHERE state = 'draft' ORDER BY id LIMIT 250),
given AS (SELECT d.id, p.id AS author_id, p.department_id FROM draft d
  JOIN unnest($1::uuid[]) WITH ORDINALITY AS w (id, place) ON w.place = 1 + d.n % 10 JOIN person p ON p.id = w.id),
written AS (UPDATE content_revision r SET author_id = g.author_id FROM given g WHERE r.content_id = g.id)
UPDATE content c SET author_id = g.author_id, owner_id = g.author_id, department_id = g.department_id,
  readers = ARRAY[g.author_id], classification = least(c.classification, 1) FROM given g WHERE c.id = g.id
"""

_TABLES = {
    "content": (
        "id kind variety state title summary body language author_id owner_id department_id category_id audience"
        " readers classification revision version created_at updated_at published_at listed_at"
    ),
    "content_counter": "content_id comments likes thanks favourites followers views ratings rating_sum",
    "content_revision": "content_id number id title summary body note author_id created_at",
    "content_tag": "content_id tag_id listed_at",
    "comment": "id content_id parent_id author_id owner_id body mentions deleted version created_at",
    "reaction": "content_id person_id kind created_at",
    "rating": "content_id person_id score created_at updated_at",
    "bench.pieces": "content_id title summary paragraphs language",
}

Connection = asyncpg.Connection


@dataclass
class Seeded:
    """What measurements need to know of a seeded database."""

    items: int
    keys: list[tuple[str, UUID]]
    """Keys of ordinary employees, with their ids."""
    terms: Terms


@dataclass
class _Words:
    """The pieces texts are made of, and what is drawn from."""

    pools: dict[str, Pool]
    comments: Zipf[str]
    tags: Zipf[UUID]
    categories: Zipf[UUID]
    authors: Zipf[Person]
    varieties: Zipf[str]


async def seeded(connection: Connection, items: int) -> Seeded | None:
    """What is known of a database that has been seeded completely, by this version."""
    if await connection.fetchval("SELECT to_regclass('bench.seed')") is None:
        return None
    facts = json.loads(await connection.fetchval("SELECT facts FROM bench.seed"))
    if (facts["version"], facts["items"]) != (VERSION, items):
        return None
    return Seeded(items, [(key, UUID(id)) for key, id in facts["keys"]], Terms(**facts["terms"]))


async def seed(connection: Connection, items: int, console: Console) -> Seeded:
    """Fills a database that has the newest schema."""
    random, writer = Random(items), Writer(items)
    with console.step("Writing texts"):
        company = found(random)
        words = _Words(
            pools(writer, 20_000),
            Zipf([writer.comment() for _ in range(5_000)], 2_000),
            Zipf([id for id, _ in company.tags]),
            Zipf(list(company.categories), 10),
            Zipf(company.people, 60),
            Zipf([kind.value for kind in KnowledgeKind], 3),
        )
    await connection.execute("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench")
    await connection.execute("SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 2")
    await connection.execute("SET synchronous_commit = off; SET work_mem = '256MB'")
    async with connection.transaction():
        await connection.execute("CREATE TABLE bench.texts (kind text, language text, number int, text text)")
        await connection.execute(
            "CREATE TABLE bench.pieces (content_id uuid, title int, summary int, paragraphs int[], language text)"
        )
        restore = await _strip(connection)
        await store(connection, company, random)
        await _texts(connection, words.pools)
        with console.counted(f"Seeding {items:,} items", -(-items // CHUNK)) as advance:
            for batch in _items(items, company, words, random):
                for table, columns in _TABLES.items():
                    schema, _, name = table.rpartition(".")
                    await connection.copy_records_to_table(
                        name, schema_name=schema or None, records=batch[table], columns=columns.split()
                    )
                advance()
        await connection.execute(_DRAFTS, [person.id for _, person in company.keys[:WRITERS]])
        terms = await seed_documents(connection, console)
        for statement in through(console, "Making indexes and foreign keys", restore):
            await connection.execute(statement)
    for table in through(console, "Vacuuming", [table for table in (*_TABLES, "search_document") if "." not in table]):
        await connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}")
    await connection.execute("VACUUM (FREEZE, ANALYZE)")
    facts = Seeded(items, [(key, person.id) for key, person in company.keys], terms)
    known = {
        "version": VERSION,
        "items": items,
        "keys": [(key, str(id)) for key, id in facts.keys],
        "terms": asdict(terms),
    }
    await connection.execute("CREATE TABLE bench.seed AS SELECT $1::jsonb AS facts", json.dumps(known))
    return facts


async def _strip(connection: Connection) -> list[str]:
    """Empties all tables and takes secondary indexes and foreign keys away; the statements that bring them back."""
    tables = await connection.fetch(
        "SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND relname <> 'alembic_version'"
    )
    names = ", ".join(row["name"] for row in tables)
    # What the migrations themselves put there: nobody in particular, working times, service levels.
    given = {row["name"]: await connection.fetch(f"SELECT * FROM {row['name']}") for row in tables}
    await connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    indexes = await connection.fetch(
        "SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i"
        " JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = 'public'::regnamespace"
        " WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)"
        " AND t.relname <> 'alembic_version' ORDER BY 1"
    )
    foreign = await connection.fetch(
        "SELECT conrelid::regclass::text AS owner, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    for row in foreign:
        await connection.execute(f'ALTER TABLE {row["owner"]} DROP CONSTRAINT "{row["conname"]}"')
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    for name, rows in given.items():
        if rows:
            await connection.copy_records_to_table(name, records=map(tuple, rows), columns=list(rows[0].keys()))
    return [row["definition"] for row in indexes] + [
        f'ALTER TABLE {row["owner"]} ADD CONSTRAINT "{row["conname"]}" {row["definition"]}' for row in foreign
    ]


async def _texts(connection: Connection, made: dict[str, Pool]) -> None:
    """The pieces by number, from which the search documents are put together."""
    rows = [
        (kind, pool.language, number, text)
        for pool in made.values()
        for kind, texts in (("title", pool.titles), ("summary", pool.sentences), ("paragraph", pool.paragraphs))
        for number, text in enumerate(texts)
    ]
    await connection.copy_records_to_table(
        "texts", schema_name="bench", records=rows, columns=["kind", "language", "number", "text"]
    )


def _items(items: int, company: Company, words: _Words, random: Random) -> Iterator[dict[str, list[Any]]]:
    """The rows of all items, in the order of their creation, by the chunk."""
    until = datetime.now(UTC) - timedelta(hours=1)
    step = (until - FOUNDED) / items
    for start in range(0, items, CHUNK):
        amount = min(CHUNK, items - start)
        batch: dict[str, list[Any]] = {table: [] for table in _TABLES}
        # What is drawn for every item is drawn for all of the chunk at once.
        drawn = zip(
            words.authors.draw(random, amount),
            words.varieties.draw(random, amount),
            words.categories.draw(random, amount),
            random.choices(("zh", "en"), weights=(95, 5), k=amount),
            random.choices(("published", "draft", "archived"), weights=(93, 4, 3), k=amount),
            random.choices((0, 1, 2, 3), weights=(20, 71, 7, 2), k=amount),
            strict=True,
        )
        for number, fields in enumerate(drawn, start):
            created = FOUNDED + step * (number + random.random())
            discussed = items - number <= DISCUSSED or until - created < RECENT
            _item(batch, created, until, fields, company, words, random, discussed=discussed)
        yield batch


def _item(
    batch: dict[str, list[Any]],
    created: datetime,
    until: datetime,
    fields: tuple[Person, str, UUID, str, str, int],
    company: Company,
    words: _Words,
    random: Random,
    *,
    discussed: bool,
) -> None:
    author, variety, category, language, state, classification = fields
    id, pool = uuid7(created, random), words.pools[language]
    title, summary = int(random.random() * len(pool.titles)), int(random.random() * len(pool.sentences))
    amount = random.choices(range(1, 7), _PARAGRAPHS)[0]
    paragraphs = random.choices(range(len(pool.paragraphs)), k=amount)
    texts = (
        pool.titles[title],
        pool.sentences[summary],
        "\n\n".join([pool.paragraphs[number] for number in paragraphs]),
    )
    audience = _audience(author, company, random)
    readers = [author.id] if state == "draft" else list(dict.fromkeys((*audience, author.id)))
    waited = min(timedelta(hours=random.expovariate(0.2)), (until - created) * random.random())
    published = None if state == "draft" else created + waited
    listed = published or created
    changed = listed if random.random() < 0.7 else listed + (until - listed) * random.random() ** 3
    batch["content"].append((
        id, "knowledge_item", variety, state, *texts, language, author.id, author.id, author.department,
        category if random.random() < 0.95 else None, audience, readers, min(classification, author.clearance),
        1, 1, created, changed, published, listed,
    ))  # fmt: skip
    batch["content_revision"].append((id, 1, uuid7(created, random), *texts, None, author.id, created))
    batch["bench.pieces"].append((id, title, summary, paragraphs, language))
    tags = set(words.tags.draw(random, random.choice(_TAGS)))
    batch["content_tag"].extend((id, tag, listed) for tag in tags)
    likes = ratings = rating_sum = comments = 0
    if state != "draft":
        comments = _discuss(batch["comment"], id, listed, until, company.people, words, random, discussed=discussed)
        if (chance := random.random()) < 0.25:
            fans = {random.choice(company.people).id for _ in range(1 + int(chance * 16))}
            likes = len(fans)
            batch["reaction"].extend((id, fan, "like", listed) for fan in fans)
        if chance > 0.9:
            judges = {random.choice(company.people).id for _ in range(random.randint(1, 3))} - {author.id}
            scores = [(judge, random.choice((3, 4, 4, 5, 5))) for judge in judges]
            ratings, rating_sum = len(scores), sum(score for _, score in scores)
            batch["rating"].extend((id, judge, score, listed, listed) for judge, score in scores)
    views = 0 if state == "draft" else int(random.expovariate(0.02))
    batch["content_counter"].append((id, comments, likes, 0, 0, 0, views, ratings, rating_sum))


_TAGS = (0, 1, 1, 2, 2, 3, 4)
_PARAGRAPHS = (45, 28, 14, 7, 4, 2)
"""How many documents of a hundred have one paragraph, two, three …"""


def _audience(author: Person, company: Company, random: Random) -> list[UUID]:
    """Mostly everyone; sometimes a department, now and then a group or a few people."""
    chance = random.random()
    if chance < 0.85:
        return [EVERYONE]
    if chance < 0.97:
        path = company.departments[author.department]
        return [random.choice(path[1:])] if chance < 0.93 else [random.choice(company.working)]
    if chance < 0.985:
        return [random.choice(company.groups)]
    return [person.id for person in random.sample(company.people, 3)]


def _discuss(
    rows: list[Any],
    content: UUID,
    listed: datetime,
    until: datetime,
    people: list[Person],
    words: _Words,
    random: Random,
    *,
    discussed: bool,
) -> int:
    """Adds comments, some of which answer one before; how many."""
    amount = random.randint(3, 7) if discussed else random.choices(range(8), cum_weights=_COMMENTS)[0]
    before: list[UUID] = []
    for body in words.comments.draw(random, amount):
        listed = min(listed + timedelta(minutes=random.expovariate(0.01)), until)
        id = uuid7(listed, random)
        answers = before[-1] if before and random.random() < 0.2 and len(before) >= 3 else None
        author = random.choice(people).id
        rows.append((id, content, answers, author, author, body, [], False, 1, listed))
        before.append(id)
    return amount


_COMMENTS = list(accumulate((78, 10, 4, 3, 2, 1, 1, 1)))
