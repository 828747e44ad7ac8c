"""What the demo company reviews hangs together."""

from typing import Any

import httpx
from tests.demo.conftest import Demo


def listed(client: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    response = client.get(path, params={"limit": 100} | query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def panel(client: httpx.Client, name: str) -> dict[str, Any]:
    (found,) = (one for one in listed(client, "/panels") if one["name"] == name)
    shown: dict[str, Any] = client.get(f"/panels/{found['id']}").json()
    return shown


def test_a_finished_panel_has_results_and_one_was_decided_otherwise(demo: Demo) -> None:
    _, clients = demo
    reviewer = clients["reviewer"]
    finished = panel(reviewer, "三季度改善评审")
    assert (finished["state"], finished["ideas"], len(finished["members"])) == ("closed", 8, 5)
    results = listed(reviewer, f"/panels/{finished['id']}/results")
    scores = [one["result"]["score"] for one in results]
    assert scores == sorted(scores, reverse=True)
    judges = {one["subject"]["title"]: one["result"]["judges"] for one in results}
    assert judges.pop("返修单必须带三张照片") == 4, "one had a conflict of interest"
    assert set(judges.values()) == {5}
    assert [one["result"]["advice"] for one in results] == ["approve"] * 4 + ["undecided"] * 2 + ["decline"] * 2
    overall = listed(reviewer, f"/panels/{finished['id']}/agreement")[0]
    assert overall["criterion"] is None
    assert overall["low"] < overall["alpha"] < overall["high"]
    deviations = listed(clients["committee"], f"/panels/{finished['id']}/deviations")
    assert [one["person"]["name"] for one in deviations if one["flagged"]] == ["Stefan Bauer"]
    (own,) = listed(reviewer, f"/panels/{finished['id']}/calibration")
    assert [len(one["scores"]) for one in own["criteria"]] == [3, 3, 3, 3], "three samples, four criteria"
    scrap = next(one["subject"]["id"] for one in results if one["subject"]["title"] == "每周报废前三名上看板")
    decision = reviewer.get(f"/ideas/{scrap}").json()["decision"]
    assert (decision["advice"], decision["outcome"]) == ("decline", "approved")
    assert decision["explanation"]


def test_a_running_panel_is_blind_and_its_authors_unnamed(demo: Demo) -> None:
    _, clients = demo
    chair, member = clients["committee"], clients["reviewer"]
    running = panel(chair, "研发改善评审")
    assert (running["state"], running["hide_author"]) == ("open", True)
    assert running["progress"] == {"asked": 19, "given": 8}
    assert panel(member, "研发改善评审")["progress"] is None
    for client in (chair, member):
        assert listed(client, f"/panels/{running['id']}/results") == []
    owed = listed(member, "/me/reviews")
    assert all(one["review"]["subject"]["author"] is None for one in owed)
    assert len([one for one in owed if one["review"]["panel"]["id"] == running["id"]]) == 4


def test_a_round_of_comparisons_ranks_a_challenge(demo: Demo) -> None:
    _, clients = demo
    month = panel(clients["committee"], "质量月两两比较")
    results = [one["result"] for one in listed(clients["committee"], f"/panels/{month['id']}/results")]
    assert [one["rank"] for one in results] == list(range(1, 9))
    assert all(one["low"] < one["strength"] < one["high"] for one in results)
    assert all(0.5 <= one["certainty"] <= 1 for one in results[:-1])


def test_a_procedure_keeps_its_approved_text_while_the_next_is_judged(demo: Demo) -> None:
    _, clients = demo
    (found,) = (one for one in listed(clients["reviewer"], "/knowledge-items", kind="sop") if "Warm-up" in one["title"])
    item = clients["reviewer"].get(f"/knowledge-items/{found['id']}").json()
    assert "three times" in item["body"] and "five times" not in item["body"]
    judged = listed(clients["manager"], "/reviews", content=found["id"])
    assert [one["state"] for one in judged] == ["open", "approved", "changes_requested"]
    assert judged[0]["revision"] == judged[0]["latest_revision"] == 3
