import asyncio, time, random
from tests.events.test_promise import Writer, write, now, replay
def test_it(company):
    rng = random.Random(1)
    url, reader = company.server.database_url, company.employee
    loop = company.server.loop.loop
    for round in range(4):
        plan=[Writer(rng.random()*.6, rng.randint(1,3), rng.random()*.3, rng.random()<.75) for _ in range(rng.randint(4,12))]
        after, seen = now(reader), []
        async def all_write():
            return await asyncio.gather(*(write(url, reader.id, writer) for writer in plan))
        writing = asyncio.run_coroutine_threadsafe(all_write(), loop)
        deadline, committed = time.monotonic() + 8, None
        n=0
        while time.monotonic() < deadline and (committed is None or len(seen) < len(committed)):
            if committed is None and writing.done():
                committed = [id for ids in writing.result() for id in ids]
            page = replay(reader, after, limit=2)
            n+=1
            after = page["latest"]
            seen += [event["id"] for event in page["items"]]
        print(round, plan, len(seen), len(committed), n, set(seen)==set(committed), time.monotonic()-deadline+8)
        if set(seen)!=set(committed):
            for r in company.server.sql("SELECT id::text, xid, number, at, (select (pg_current_snapshot())::text) s FROM journal WHERE id = ANY($1::uuid[]) ORDER BY xid, number", sorted(set(seen)|set(committed))):
                print(dict(r), r["id"] in seen, r["id"] in committed)
            assert False
