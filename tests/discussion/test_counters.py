"""Whatever several people do to a content at the same time, its counters equal the recount of the rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import CERTIFICATES, Actor, Company
from tests.patience import patiently

REACTIONS = [f"reactions/{kind}" for kind in ("like", "thank", "favourite")]
Step = tuple[str, str, Any]
STEPS = st.one_of(
    st.tuples(st.sampled_from(["PUT", "DELETE"]), st.sampled_from([*REACTIONS, "follow"]), st.none()),
    st.tuples(st.just("PUT"), st.just("rating"), st.fixed_dictionaries({"score": st.integers(1, 5)})),
    st.tuples(st.just("DELETE"), st.just("rating"), st.none()),
    st.tuples(st.just("POST"), st.just("views"), st.fixed_dictionaries({"dwell_ms": st.integers(0, 9)})),
    st.tuples(st.just("POST"), st.just("comments"), st.fixed_dictionaries({"body": st.just("好")})),
    st.tuples(st.just("DELETE"), st.just("comments"), st.none()),
)
# Two threads for each of two people and one for the third: the same person meets itself as well.
SCRIPTS = st.lists(st.lists(STEPS, max_size=8), min_size=5, max_size=5)

RECOUNT = """SELECT
  (SELECT count(*) FROM comment WHERE content_id = $1 AND NOT deleted) AS comments,
  (SELECT count(*) FROM reaction WHERE content_id = $1 AND kind = 'like') AS likes,
  (SELECT count(*) FROM reaction WHERE content_id = $1 AND kind = 'thank') AS thanks,
  (SELECT count(*) FROM reaction WHERE content_id = $1 AND kind = 'favourite') AS favourites,
  (SELECT count(*) FROM follow WHERE content_id = $1) AS followers,
  (SELECT count(*) FROM viewing WHERE content_id = $1) AS views,
  (SELECT count(*) FROM rating WHERE content_id = $1) AS ratings,
  (SELECT coalesce(sum(score), 0) FROM rating WHERE content_id = $1) AS rating_sum"""


def player(company: Company, item: dict[str, Any], actor: Actor) -> Callable[[list[Step]], None]:
    """Plays a script as one person, over a connection of its own."""

    def play(script: list[Step]) -> None:
        written: list[str] = []
        headers = {"Authorization": f"Bearer {actor.key}"}
        with httpx.Client(
            base_url=f"{company.server.url}/v1", headers=headers, timeout=30, verify=CERTIFICATES
        ) as client:
            for method, path, body in script:
                if (method, path) == ("DELETE", "comments"):
                    if written:
                        comment = f"/comments/{written.pop()}"
                        gone = patiently(partial(client.delete, comment, headers={"If-Match": '"1"'}))
                        assert gone.status_code == 204, gone.text
                    continue
                response = patiently(partial(client.request, method, f"/content/{item['id']}/{path}", json=body))
                assert response.status_code in (201, 204), response.text
                if path == "comments":
                    written.append(response.json()["id"])

    return play


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCRIPTS)
def test_counters_equal_the_recount(company: Company, scripts: list[list[Step]]) -> None:
    item = company.employee.item()
    people = [company.colleague, company.outsider, company.hr, company.colleague, company.outsider]
    with ThreadPoolExecutor(len(people)) as pool:
        plays = [
            pool.submit(player(company, item, actor), script) for actor, script in zip(people, scripts, strict=True)
        ]
        for play in plays:
            play.result()
    recount = dict(company.server.sql(RECOUNT, item["id"])[0])
    stored = dict(company.server.sql("SELECT * FROM content_counter WHERE content_id = $1", item["id"])[0])
    assert {name: stored[name] for name in recount} == recount
