import time
from tests.events.test_feed import replay, record
from kshare.events import reads
from kshare.core.reading import whole
from kshare.events.shapes import Event
def test_it(fresh):
    c=fresh
    record(c, count=200_000, readers=[c.employee.id])
    ids=record(c, count=3000)
    fresh.server.sql("ANALYZE journal")
    def t(f,n=30):
        v=[]
        for _ in range(n):
            b=time.perf_counter(); f(); v.append(time.perf_counter()-b)
        v.sort(); return round(v[n//2]*1000,2)
    mid=str(ids[1000])
    m=["page20", t(lambda: replay(c.employee, limit=20)), "page100", t(lambda: replay(c.employee, limit=100)), "by id", t(lambda: replay(c.employee, mid, limit=20)),
      "end", t(lambda: replay(c.employee, str(ids[-1]))), "sees nothing of 5000", t(lambda: replay(c.outsider)), "one item", t(lambda: c.employee.rest.get("/knowledge-items"))]
    item=c.employee.item()
    record(c,count=6000,content_id=item["id"],readers=[c.employee.id]) 
    m+=["content types none", t(lambda: replay(c.employee, str(ids[-1]), types="knowledge_item_deleted")), "content none", t(lambda: replay(c.outsider, str(ids[-1])))]
    print("\nMS", *m)
    st=reads._statement((whole(Event, reads.EVENT),), by_id=False, typed=True)
    vals={"xid": 0, "number": 0, "limit": 20, "types":["knowledge_item_deleted"], "viewer_subjects":[c.employee.id], "viewer_clearance":1, "viewer_permissions":["events_read","content_read"], "viewer_id": c.employee.id,"viewer_key_id":None}
    binds=[vals[n] if n in vals else st.constants.get(n) for n in st.names]
    for r in fresh.server.sql("EXPLAIN (ANALYZE, BUFFERS) "+st.sql, *binds): print("PL", r["QUERY PLAN"])
    print("PL", st.sql)
