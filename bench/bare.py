"""The yardstick: the least an ASGI application can do to give the same answers.

No framework, no model, no middleware: a path is compared, a key is looked up in a dictionary, one hand-written
statement with the same visibility rule makes the same JSON, and the bytes are sent. It checks nothing, logs nothing,
limits nothing, and knows only ordinary employees. Served by the same Uvicorn with the same settings, it says what the
platform itself costs. Before anything is measured, its answers are compared with kshare's (bench/ratios.py).
"""

import asyncio
import hashlib
import os
import sys
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uuid_utils.compat
import uvicorn
import uvloop

EVERYONE = UUID("00000000-0000-7000-8000-000000000001")

# The same rule as in kshare, in the form that lets PostgreSQL walk the index (content/reads.py, visible_content).
VISIBLE = "CASE WHEN c.readers && $1 THEN c.classification <= $2 ELSE false END"


def newest(amount: int, kind: str = "knowledge_item") -> str:
    """The page first, its JSON after: hand-written SQL that builds JSON before it sorts is five times slower."""
    return f"""(SELECT c.* FROM content c WHERE c.kind = '{kind}' AND c.state = 'published' AND {VISIBLE}
      ORDER BY c.listed_at DESC, c.id DESC LIMIT {amount})"""


# What the REST lists show of any content, by hand.
CONTENT = """'id', c.id, 'state', c.state, 'title', c.title, 'summary', c.summary, 'language', c.language,
 'author', (SELECT json_build_object('id', p.id, 'name', p.name, 'title', p.title)
    FROM person p WHERE p.id = c.author_id),
 'department', (SELECT json_build_object('id', d.id, 'name', d.name, 'name_en', d.name_en)
    FROM department d WHERE d.id = c.department_id),
 'category', (SELECT json_build_object('id', g.id, 'name', g.name, 'name_en', g.name_en)
    FROM category g WHERE g.id = c.category_id),
 'tags', (SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name) ORDER BY t.name), '[]')
    FROM content_tag ct JOIN tag t ON t.id = ct.tag_id WHERE ct.content_id = c.id),
 'classification', (ARRAY['public', 'internal', 'confidential', 'restricted'])[c.classification + 1],
 'counters', (SELECT json_build_object('comments', n.comments, 'likes', n.likes, 'thanks', n.thanks,
    'favourites', n.favourites, 'followers', n.followers, 'views', n.views, 'ratings', n.ratings,
    'rating', round(n.rating_sum::numeric / nullif(n.ratings, 0), 2)) FROM content_counter n WHERE n.content_id = c.id),
 'revision', c.revision, 'version', c.version, 'created_at', c.created_at, 'updated_at', c.updated_at,
 'published_at', c.published_at, 'anonymous', c.author_id = '00000000-0000-7000-8000-000000000003'"""

SUMMARY = f"""{CONTENT}, 'kind', c.variety,
 'permissions', to_json(array_remove(ARRAY[
    CASE WHEN c.author_id = $3 THEN 'edit' END,
    CASE WHEN c.author_id = $3 THEN 'restore' END,
    CASE WHEN c.author_id = $3 AND (c.state <> 'published' OR c.latest_revision > c.revision) THEN 'publish' END,
    CASE WHEN c.author_id = $3 AND c.review_id IS NULL AND (c.state = 'draft' OR c.latest_revision > c.revision)
      THEN 'submit_for_review' END,
    CASE WHEN c.author_id = $3 AND c.state = 'published' THEN 'archive' END,
    CASE WHEN c.author_id = $3 AND c.state = 'draft' THEN 'delete' END,
    CASE WHEN c.state <> 'draft' THEN 'comment' END,
    CASE WHEN c.state <> 'draft' THEN 'react' END,
    CASE WHEN c.state <> 'draft' AND c.author_id <> $3 THEN 'rate' END], NULL))"""

PAGE = f"""SELECT json_build_object('items', coalesce(json_agg(q.j) FILTER (WHERE q.n <= 20), '[]'),
    'next_cursor', CASE WHEN count(*) > 20 THEN (array_agg(q.at) FILTER (WHERE q.n = 20))[1] END)
  FROM (SELECT row_number() OVER () AS n, c.listed_at || '/' || c.id AS at, json_build_object({SUMMARY}) AS j
    FROM {newest(21)} c LIMIT 21) q"""

# The idea's own row is joined once, and whether it is the viewer's is found once.
IDEA = f"""{CONTENT}, 'size', c.variety, 'stage', c.stage, 'votes', i.votes, 'due_at', i.due_at,
 'voted', EXISTS (SELECT FROM idea_vote v WHERE v.content_id = ANY(i.members || c.id) AND v.person_id = $3),
 'permissions', to_json(array_remove(ARRAY[
    CASE WHEN m.mine THEN 'edit' END,
    CASE WHEN c.owner_id = $3 THEN 'withdraw' END,
    CASE WHEN m.undecided AND NOT m.mine AND NOT EXISTS (
      SELECT FROM content o WHERE o.id = ANY(i.members) AND (o.owner_id = $3 OR EXISTS (
        SELECT FROM idea_coauthor s WHERE s.content_id = o.id AND s.person_id = $3))) THEN 'vote' END,
    CASE WHEN m.undecided AND m.desk THEN 'decide' END,
    CASE WHEN c.stage = 'declined' AND m.desk THEN 'reopen' END,
    CASE WHEN i.waiting_since IS NOT NULL AND m.mine THEN 'answer' END,
    CASE WHEN c.stage IN ('approved', 'in_pilot', 'implemented', 'verified') AND m.mine THEN 'carry_out' END,
    CASE WHEN m.mine THEN 'found_team' END,
    CASE WHEN m.desk THEN 'merge' END,
    'comment', 'react',
    CASE WHEN c.owner_id <> $3 THEN 'rate' END], NULL))"""

IDEAS = f"""SELECT json_build_object('items', coalesce(json_agg(q.j) FILTER (WHERE q.n <= 20), '[]'),
    'next_cursor', CASE WHEN count(*) > 20 THEN (array_agg(q.at) FILTER (WHERE q.n = 20))[1] END)
  FROM (SELECT row_number() OVER () AS n, c.listed_at || '/' || c.id AS at, json_build_object({IDEA}) AS j
    FROM {newest(21, "idea")} c JOIN idea i ON i.content_id = c.id CROSS JOIN LATERAL (
      SELECT o.mine, c.stage IN ('submitted', 'screening', 'evaluation', 'deferred') AS undecided,
        i.desk_id = $3 AND NOT o.mine AS desk
      FROM (SELECT c.owner_id = $3 OR EXISTS (SELECT FROM idea_coauthor s
        WHERE s.content_id = c.id AND s.person_id = $3) AS mine) o) m LIMIT 21) q"""

DETAIL = """, 'body', c.body, 'own', c.owner_id = $3,
 'pending_revision', CASE WHEN c.latest_revision > c.revision AND (c.owner_id = $3 OR $3 = ANY(c.reviewers))
    THEN c.latest_revision END,
 'external_source', c.external_source, 'external_id', c.external_id,
 'audience', (SELECT coalesce(json_agg(json_build_object('id', s.id, 'kind', s.kind, 'name', s.name)
    ORDER BY s.kind, s.name), '[]') FROM subject s WHERE s.id = ANY(c.audience)),
 'mine', json_build_object(
    'liked', EXISTS (SELECT FROM reaction r WHERE r.content_id = c.id AND r.person_id = $3 AND r.kind = 'like'),
    'thanked', EXISTS (SELECT FROM reaction r WHERE r.content_id = c.id AND r.person_id = $3 AND r.kind = 'thank'),
    'favourite', EXISTS (SELECT FROM reaction r WHERE r.content_id = c.id AND r.person_id = $3
        AND r.kind = 'favourite'),
    'following', EXISTS (SELECT FROM follow f WHERE f.content_id = c.id AND f.person_id = $3),
    'rating', (SELECT r.score FROM rating r WHERE r.content_id = c.id AND r.person_id = $3))"""

ONE = f"""SELECT json_build_object({SUMMARY}{DETAIL}) FROM content c
  WHERE c.id = $4 AND c.kind = 'knowledge_item' AND {VISIBLE}"""


def graphql(node: str) -> str:
    """The answer to a query for 20 nodes."""
    return f"""SELECT json_build_object('data', json_build_object('knowledgeItems', json_build_object('nodes',
      coalesce(json_agg(q.j), '[]')))) FROM (SELECT {node} AS j FROM {newest(20)} c) q"""


AUTHORS = graphql(
    """json_build_object('id', c.id, 'title', c.title, 'publishedAt', c.published_at, 'author',
      (SELECT json_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.id = c.author_id))"""
)
COMMENTS = graphql(
    """json_build_object('id', c.id, 'title', c.title, 'comments', (SELECT coalesce(json_agg(k.j), '[]') FROM (
      SELECT json_build_object('body', CASE WHEN NOT m.deleted THEN m.body END, 'author',
        (SELECT json_build_object('name', p.name) FROM person p WHERE p.id = m.author_id)) AS j
      FROM comment m WHERE m.content_id = c.id AND m.parent_id IS NULL
        AND (NOT m.deleted OR EXISTS (SELECT FROM comment r WHERE r.parent_id = m.id))
      ORDER BY m.created_at DESC, m.id DESC LIMIT 3) k))"""
)

SUBJECTS = """SELECT p.id, p.clearance, p.department_id, ARRAY[p.id, $2]
    || ARRAY(SELECT unnest(d.path) FROM department d WHERE d.id = p.department_id)
    || ARRAY(SELECT m.group_id FROM group_member m WHERE m.person_id = p.id) AS subjects
  FROM api_key k JOIN person p ON p.id = k.person_id WHERE k.digest = $1 AND k.revoked_at IS NULL AND p.active"""

INSERT_CONTENT = """INSERT INTO content (id, kind, variety, state, title, summary, body, language, author_id,
    owner_id, department_id, audience, readers, classification, revision, version, created_at, updated_at, published_at,
    listed_at) VALUES ($1, 'knowledge_item', $2, 'published', $3, '', $4, 'zh', $5, $5, $6, $7, $8, 1, 1, 1,
    now(), now(), now(), now())"""

INSERT_COUNTER = """INSERT INTO content_counter (content_id, comments, likes, thanks, favourites, followers, views,
    ratings, rating_sum) VALUES ($1, 0, 0, 0, 0, 0, 0, 0, 0)"""

INSERT_REVISION = """INSERT INTO content_revision (content_id, number, id, title, summary, body, author_id, created_at)
  VALUES ($1, 1, $2, $3, '', $4, $5, now())"""

INSERT_JOURNAL = """INSERT INTO journal (id, happened, actor_id, object_kind, object_id, content_id, readers,
    classification, payload, at) VALUES ($1, $2, $3, 'content', $4, $4, $5, 1, $6, now())"""


class Connection(asyncpg.Connection):
    """Handed back to the pool as it is, without the statement that would clean up."""

    def get_reset_query(self) -> str:
        return ""


async def json_as_bytes(connection: Any) -> None:
    """Answers arrive as `json`: its bytes are sent on untouched."""
    await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")


class Bare:
    """The application; `BENCH_DSN` says where the data is."""

    def __init__(self) -> None:
        self.pool: Any = None
        self.people: dict[bytes, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        status, body = 200, b"{}"
        if scope["path"] != "/livez":
            who = await self._who(next(value for name, value in scope["headers"] if name == b"authorization"))
            if scope["method"] == "GET":
                body = await self._read(scope["path"], who)
            else:
                status, body = await self._post(scope["path"], await self._body(receive), who)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.pool = await asyncpg.create_pool(
                    os.environ["BENCH_DSN"],
                    min_size=2,
                    max_size=10,
                    init=json_as_bytes,
                    connection_class=Connection,
                    # As kshare's pool for reads has it (core/database.py).
                    server_settings={
                        "timezone": "UTC",
                        "jit": "off",
                        "plan_cache_mode": "force_generic_plan",
                        "random_page_cost": "1.1",
                    },
                )
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _who(self, header: bytes) -> Any:
        who = self.people.get(header)
        if who is None:
            who = await self.pool.fetchrow(SUBJECTS, hashlib.sha256(header[7:]).digest(), EVERYONE)
            self.people[header] = who
        return who

    async def _read(self, path: str, who: Any) -> bytes:
        values = who["subjects"], who["clearance"], who["id"]
        if path == "/v1/knowledge-items":
            body: bytes = await self.pool.fetchval(PAGE, *values)
        elif path == "/v1/ideas":
            body = await self.pool.fetchval(IDEAS, *values)
        else:
            body = await self.pool.fetchval(ONE, *values, UUID(path.rsplit("/", 1)[1]))
        return body

    async def _body(self, receive: Any) -> Any:
        raw, more = b"", True
        while more:
            message = await receive()
            raw += message["body"]
            more = message.get("more_body", False)
        return orjson.loads(raw)

    async def _post(self, path: str, document: dict[str, Any], who: Any) -> tuple[int, bytes]:
        if path == "/v1/knowledge-items":
            return 201, await self._create(document, who)
        statement = COMMENTS if "comments" in document["query"] else AUTHORS
        return 200, await self.pool.fetchval(statement, who["subjects"], who["clearance"])

    async def _create(self, ask: dict[str, Any], who: Any) -> bytes:
        id, audience, readers = uuid_utils.compat.uuid7(), [EVERYONE], [EVERYONE, who["id"]]
        kind, title, text, author = ask["kind"], ask["title"], ask["body"], who["id"]
        payload = orjson.dumps({"content_id": id, "kind": kind}).decode()
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                INSERT_CONTENT, id, kind, title, text, author, who["department_id"], audience, readers
            )
            await connection.execute(INSERT_COUNTER, id)
            await connection.execute(INSERT_REVISION, id, uuid_utils.compat.uuid7(), title, text, author)
            for happened in ("knowledge_item_created", "knowledge_item_published"):
                entry = uuid_utils.compat.uuid7(), happened, author, id, readers, payload
                await connection.execute(INSERT_JOURNAL, *entry)
            body: bytes = await connection.fetchval(ONE, who["subjects"], who["clearance"], author, id)
        return body


def main(port: int) -> None:
    """Serves it as kshare is served (serving.py)."""
    config = uvicorn.Config(
        Bare(),
        host="127.0.0.1",
        port=port,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]))
