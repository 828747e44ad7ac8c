"""The yardstick: the least an ASGI application can do to give the same answers.

No framework, no model, no middleware: a path is compared, a key is looked up in a dictionary, one hand-written
statement with the same visibility rule makes the same JSON, and the bytes are sent. It checks nothing, logs nothing,
limits nothing. Served by the same Uvicorn with the same settings, it says what the platform itself costs.
"""

import hashlib
import os
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import asyncpg
import orjson

# The same rule as in kshare, in the form that lets PostgreSQL walk the index (content/reads.py, visible_content).
VISIBLE = "CASE WHEN c.readers && $1 THEN c.classification <= $2 ELSE false END"

# The page first, its JSON after: hand-written SQL that builds JSON before it sorts is five times slower.
NEWEST = f"""(SELECT c.* FROM content c WHERE c.kind = 'knowledge_item' AND c.state = 'published' AND {VISIBLE}
  ORDER BY c.listed_at DESC, c.id DESC LIMIT 20)"""

# What the REST list shows of an item, by hand.
SUMMARY = """json_build_object('id', c.id, 'state', c.state, 'title', c.title, 'summary', c.summary, 'language', c.language,
 'author', (SELECT json_build_object('id', p.id, 'name', p.name, 'title', p.title) FROM person p WHERE p.id = c.author_id),
 'department', (SELECT json_build_object('id', d.id, 'name', d.name, 'name_en', d.name_en) FROM department d WHERE d.id = c.department_id),
 'category', (SELECT json_build_object('id', g.id, 'name', g.name, 'name_en', g.name_en) FROM category g WHERE g.id = c.category_id),
 'tags', (SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name) ORDER BY t.name), '[]')
          FROM content_tag ct JOIN tag t ON t.id = ct.tag_id WHERE ct.content_id = c.id),
 'classification', (ARRAY['public','internal','confidential','restricted'])[c.classification + 1],
 'counters', (SELECT json_build_object('comments', n.comments, 'likes', n.likes, 'thanks', n.thanks, 'favourites', n.favourites,
    'followers', n.followers, 'views', n.views, 'ratings', n.ratings, 'rating', round(n.rating_sum::numeric / nullif(n.ratings, 0), 2))
    FROM content_counter n WHERE n.content_id = c.id),
 'revision', c.revision, 'version', c.version, 'created_at', c.created_at, 'updated_at', c.updated_at,
 'published_at', c.published_at, 'kind', c.variety,
 'permissions', to_json(array_remove(ARRAY[CASE WHEN c.author_id = $3 THEN 'edit' END, CASE WHEN c.author_id = $3 THEN 'restore' END,
    CASE WHEN c.author_id = $3 AND c.state <> 'published' THEN 'publish' END, CASE WHEN c.author_id = $3 AND c.state = 'published' THEN 'archive' END,
    CASE WHEN c.state <> 'draft' THEN 'comment' END, CASE WHEN c.state <> 'draft' THEN 'react' END], NULL))__MORE__)"""

PAGE = f"""SELECT json_build_object('items', coalesce(json_agg(q.j), '[]')) FROM (
  SELECT {SUMMARY.replace("__MORE__", "")} AS j FROM {NEWEST} c) q"""

DETAIL = """, 'body', c.body, 'external_source', c.external_source, 'external_id', c.external_id,
 'audience', (SELECT coalesce(json_agg(json_build_object('id', s.id, 'kind', s.kind, 'name', s.name)), '[]') FROM subject s WHERE s.id = ANY(c.audience))"""

ONE = f"""SELECT {SUMMARY.replace("__MORE__", DETAIL)} FROM content c
  WHERE c.id = $4 AND c.kind = 'knowledge_item' AND {VISIBLE}"""

AUTHORS = f"""SELECT json_build_object('data', json_build_object('knowledgeItems', json_build_object('nodes', coalesce(json_agg(q.j), '[]')))) FROM (
  SELECT json_build_object('id', c.id, 'title', c.title, 'publishedAt', c.published_at, 'author',
    (SELECT json_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.id = c.author_id)) AS j FROM {NEWEST} c) q"""

COMMENTS = f"""SELECT json_build_object('data', json_build_object('knowledgeItems', json_build_object('nodes', coalesce(json_agg(q.j), '[]')))) FROM (
  SELECT json_build_object('id', c.id, 'title', c.title, 'comments',
    (SELECT coalesce(json_agg(k.j), '[]') FROM (SELECT json_build_object('body', m.body, 'author',
        (SELECT json_build_object('name', p.name) FROM person p WHERE p.id = m.author_id)) AS j
      FROM comment m WHERE m.content_id = c.id AND m.parent_id IS NULL ORDER BY m.created_at DESC, m.id DESC LIMIT 3) k)) AS j FROM {NEWEST} c) q"""

SUBJECTS = """SELECT p.id, p.clearance, p.department_id, ARRAY(SELECT unnest(d.path) FROM department d WHERE d.id = p.department_id)
  || p.id || '00000000-0000-7000-8000-000000000001'::uuid AS subjects
  FROM api_key k JOIN person p ON p.id = k.person_id WHERE k.digest = $1 AND k.revoked_at IS NULL"""


async def _ready(connection: Any) -> None:
    await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")


class NoReset(asyncpg.Connection):  # type: ignore[type-arg]
    def get_reset_query(self) -> str:
        return ""


class Bare:
    """The application; `BENCH_DSN` says where the data is."""

    def __init__(self) -> None:
        self.pool: Any = None
        self.people: dict[bytes, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        who = await self._who(next(value for name, value in scope["headers"] if name == b"authorization"))
        if scope["method"] == "GET":
            status, body = 200, await self._read(scope["path"], scope["query_string"], who)
        else:
            raw = b""
            while True:
                message = await receive()
                raw += message.get("body", b"")
                if not message.get("more_body"):
                    break
            document = orjson.loads(raw)
            if scope["path"] == "/graphql":
                statement = COMMENTS if "comments" in document["query"] else AUTHORS
                status, body = 200, await self.pool.fetchval(statement, who["subjects"], who["clearance"])
            else:
                status, body = 201, await self._create(document, who)
        await send({"type": "http.response.start", "status": status, "headers": [
            (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.pool = await asyncpg.create_pool(
                    os.environ["BENCH_DSN"], min_size=2, max_size=10, init=_ready, connection_class=NoReset,
                    server_settings={"timezone": "UTC", "jit": "off", "plan_cache_mode": "force_generic_plan"},
                )
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _who(self, header: bytes) -> Any:
        who = self.people.get(header)
        if who is None:
            who = await self.pool.fetchrow(SUBJECTS, hashlib.sha256(header[7:]).digest())
            self.people[header] = who
        return who

    async def _read(self, path: str, query: bytes, who: Any) -> bytes:
        parse_qsl(query.decode())
        if path == "/v1/knowledge-items":
            body: bytes = await self.pool.fetchval(PAGE, who["subjects"], who["clearance"], who["id"])
        else:
            id = UUID(path.rsplit("/", 1)[1])
            body = await self.pool.fetchval(ONE, who["subjects"], who["clearance"], who["id"], id)
        return body

    async def _create(self, ask: dict[str, Any], who: Any) -> bytes:
        id, readers = uuid4(), [UUID("00000000-0000-7000-8000-000000000001"), who["id"]]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO content (id, kind, variety, state, title, summary, body, language, author_id, department_id, audience,"
                " readers, classification, revision, version, created_at, updated_at, published_at, listed_at) VALUES"
                " ($1, 'knowledge_item', $2, 'published', $3, '', $4, 'zh', $5, $6, $7, $8, 1, 1, 1, now(), now(), now(), now())",
                id, ask["kind"], ask["title"], ask["body"], who["id"], who["department_id"], readers[:1], readers,
            )
            await connection.execute(
                "INSERT INTO content_counter (content_id, comments, likes, thanks, favourites, followers, views, ratings, rating_sum)"
                " VALUES ($1, 0, 0, 0, 0, 0, 0, 0, 0)", id,
            )
            await connection.execute(
                "INSERT INTO content_revision (content_id, number, id, title, summary, body, author_id, created_at)"
                " VALUES ($1, 1, $2, $3, '', $4, $5, now())", id, uuid4(), ask["title"], ask["body"], who["id"],
            )
            for happened in ("knowledge_item_created", "knowledge_item_published"):
                await connection.execute(
                    "INSERT INTO journal (id, happened, actor_id, object_kind, object_id, content_id, readers, classification, payload, at)"
                    " VALUES ($1, $2, $3, 'content', $4, $4, $5, 1, '{}', now())", uuid4(), happened, who["id"], id, readers,
                )
            body: bytes = await connection.fetchval(ONE, readers, 1, who["id"], id)
        return body


app = Bare()
