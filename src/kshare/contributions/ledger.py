"""Bringing the account into agreement with the tables: what is missing is entered, what holds no more is corrected."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, Uuid, bindparam, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.contributions.expected import EXPECTED, department_on
from kshare.contributions.models import ContributionRow
from kshare.core.clock import midnight, now
from kshare.core.database import UNHURRIED, Database
from kshare.core.ids import new_id
from kshare.core.journal import hold_lease, outlasting
from kshare.core.principal import ANONYMOUS_ID

BATCH = 200
"""Contents that one transaction looks at."""

CREDITS = 1_000
"""Credits that one transaction enters."""

_COLUMNS = """content_id, person_id, department_id, rule, rule_version, occurred_on,
    CAST(date_trunc('month', CAST(occurred_on AS timestamp)) AS date) AS month, object_kind, object_id"""
_AGREE = """s.object_id = x.object_id AND s.person_id = x.person_id AND s.rule = x.rule
    AND s.rule_version = x.rule_version AND s.occurred_on = x.occurred_on AND s.weight = x.weight
    AND s.department_id IS NOT DISTINCT FROM x.department_id"""
_STANDS = "e.corrects_id IS NULL AND NOT EXISTS (SELECT FROM contribution x WHERE x.corrects_id = e.id)"
"""That an entry was not corrected, nor is a correction itself."""

# A correction comes before what takes its place.
_DIFFERENCE = text(
    f"""WITH {EXPECTED}, standing AS (
  SELECT e.* FROM contribution e
  WHERE (e.content_id = ANY(:contents) OR (e.rule = 'credited' AND e.object_id = ANY(:credits))) AND {_STANDS}
), difference AS (
  SELECT {_COLUMNS}, -weight AS weight, id AS corrects_id, 0 AS step FROM standing s
  WHERE NOT EXISTS (SELECT FROM expected x WHERE {_AGREE})
  UNION ALL
  SELECT {_COLUMNS}, weight, NULL, 1 FROM expected x
  WHERE NOT EXISTS (SELECT FROM standing s WHERE {_AGREE})
)
SELECT *, (SELECT max(recorded_at) FROM contribution) AS latest FROM difference
ORDER BY content_id, object_id, rule, person_id, step"""
).bindparams(
    bindparam("contents", type_=ARRAY(Uuid)), bindparam("credits", type_=ARRAY(Uuid)), bindparam("zone", type_=Text),
    bindparam("midnight", type_=DateTime(timezone=True)),
)  # fmt: skip
_ENTRY = (
    *("content_id", "person_id", "department_id", "rule", "rule_version", "occurred_on", "month"),
    *("object_kind", "object_id", "weight", "corrects_id"),
)

_MISPLACED = text(
    f"""SELECT DISTINCT e.content_id FROM contribution e
WHERE e.person_id = :person AND e.content_id > :after AND {_STANDS}
  AND e.department_id IS DISTINCT FROM {department_on("e.person_id", "e.occurred_on")}
ORDER BY e.content_id LIMIT {BATCH}"""
).bindparams(bindparam("person", type_=Uuid), bindparam("after", type_=Uuid))
_CREDITS_OF = text("SELECT id FROM credit WHERE person_id = :person").bindparams(bindparam("person", type_=Uuid))
_MISSING_CREDITS = text(
    f"""SELECT k.id FROM credit k
WHERE NOT EXISTS (SELECT FROM contribution e WHERE e.rule = 'credited' AND e.object_id = k.id)
ORDER BY k.day, k.id LIMIT {CREDITS}"""
)
_LATE_REVIEWS = text(
    f"""SELECT DISTINCT r.content_id FROM review r JOIN content c ON c.id = r.content_id
WHERE c.author_id = '{ANONYMOUS_ID}' AND r.closed_at < :midnight AND r.closed_at >= :since AND r.content_id > :after
  AND EXISTS (SELECT FROM review_assignment a JOIN review_judgement j ON j.assignment_id = a.id
    WHERE a.review_id = r.id AND a.state <> 'conflicted')
  AND NOT EXISTS (SELECT FROM contribution e WHERE e.rule = 'review_given' AND e.object_id = r.id)
ORDER BY r.content_id LIMIT {BATCH}"""
).bindparams(
    bindparam("midnight", type_=DateTime(timezone=True)), bindparam("since", type_=DateTime(timezone=True)),
    bindparam("after", type_=Uuid),
)  # fmt: skip
_LATE = timedelta(days=31)

_MICROSECOND = timedelta(microseconds=1)


async def reconcile(session: AsyncSession, contents: Sequence[UUID], credits: Sequence[UUID] = ()) -> int:
    """Appends what the account of these contents and credits lacks to say what the tables say; how many entries.

    Idempotent. Only for who holds the lease of the reactor, whose name `LEASE` has: entries are appended by one at a
    time, each step with a time of its own later than all before.
    """
    values = {
        "contents": list(contents), "credits": list(credits), "zone": session.info["time_zone"],
        "midnight": midnight(now()),
    }  # fmt: skip
    rows = (await session.execute(_DIFFERENCE, values)).all()
    if not rows:
        return 0
    moment = now()
    if rows[0].latest is not None:
        moment = max(moment, rows[0].latest + _MICROSECOND)
    entries: list[dict[str, Any]] = [
        {"id": new_id(), "recorded_at": moment, **{name: getattr(row, name) for name in _ENTRY}} for row in rows
    ]
    await session.execute(insert(ContributionRow), entries)
    # Whoever has read an entry must find it again.
    await outlasting(session)
    return len(entries)


async def misplaced(session: AsyncSession, person_id: UUID, after: UUID | None) -> list[UUID]:
    """The next contents, by id, in whose account the person is not where the memberships say."""
    found = await session.execute(_MISPLACED, {"person": person_id, "after": after or UUID(int=0)})
    return list(found.scalars())


async def credits_of(session: AsyncSession, person_id: UUID) -> list[UUID]:
    """What a person was credited with."""
    return list((await session.execute(_CREDITS_OF, {"person": person_id})).scalars())


async def missing_credits(session: AsyncSession) -> list[UUID]:
    """Credits that are not in the account yet, the oldest first."""
    return list((await session.execute(_MISSING_CREDITS)).scalars())


async def late_reviews(session: AsyncSession, after: UUID) -> list[UUID]:
    """The next contents, by id, whose author is not shown and whose judges wait for the entry of a review that ended
    on an earlier day, at most a month ago: nothing in the journal tells that a day is over."""
    day = midnight(now())
    found = await session.execute(_LATE_REVIEWS, {"midnight": day, "since": day - _LATE, "after": after})
    return list(found.scalars())


LEASE = "contributions"
"""Who holds the lease of this name appends to the account: the reactor, or `complete`."""

Report = Callable[[int, int], None]
"""Is told how many contents were looked at, of how many."""

_NEXT = text(f"SELECT id FROM content WHERE id > :after ORDER BY id LIMIT {BATCH}").bindparams(
    bindparam("after", type_=Uuid)
)


async def complete(database: Database, report: Report = lambda done, of: None) -> int:
    """Looks at every content and credit, and appends what is missing; how many entries.

    For what the journal does not tell of. Runs beside a serving system, and may be stopped and started again.
    """
    appended, done, after = 0, 0, UUID(int=0)
    async with database.sessions() as session, session.begin():
        await session.execute(UNHURRIED)
        total = int(await session.scalar(text("SELECT count(*) FROM content")) or 0)
    report(0, total)
    while True:
        async with database.sessions() as session, session.begin():
            await session.execute(UNHURRIED)
            await hold_lease(session, LEASE)
            ids = list((await session.execute(_NEXT, {"after": after})).scalars())
            credits = [] if ids else await missing_credits(session)
            if not ids and not credits:
                return appended
            appended += await reconcile(session, ids, credits)
        if ids:
            after, done = ids[-1], done + len(ids)
            report(done, max(done, total))
