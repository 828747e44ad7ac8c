"""The ideas of the demo company hang together."""

import time
from typing import Any

import httpx
from tests.demo.conftest import Demo

from kshare.core.principal import ANONYMOUS_ID
from kshare.ideas.stages import TRANSITIONS


def stages(client: httpx.Client) -> dict[str, dict[str, Any]]:
    ideas: dict[str, dict[str, Any]] = {}
    query: dict[str, Any] = {"limit": 100}
    while query.get("cursor", "first") is not None:
        page = client.get("/ideas", params=query).json()
        ideas |= {idea["title"]: idea for idea in page["items"]}
        query["cursor"] = page["next_cursor"]
    return ideas


def test_every_stage_is_there_and_nobody_is_named_who_wished_it_not(demo: Demo) -> None:
    _, clients = demo
    ideas = stages(clients["employee"])
    assert {idea["stage"] for idea in ideas.values()} == set(TRANSITIONS)
    unnamed = [idea for idea in ideas.values() if idea["anonymous"]]
    assert len(unnamed) >= 3
    assert all(idea["author"]["id"] == str(ANONYMOUS_ID) and idea["department"] is None for idea in unnamed)
    assert all(idea["votes"] > 0 for idea in ideas.values())


def test_one_idea_went_all_the_way(demo: Demo) -> None:
    _, clients = demo
    idea = stages(clients["employee"])["叉车改在夜间充电，避开峰段电价"]
    assert idea["stage"] == "verified"
    assert idea["votes"] > 14, "those of the duplicate count too"
    shown = clients["employee"].get(f"/ideas/{idea['id']}/incubation").json()
    assert [pilot["outcome"] for pilot in shown["pilots"]] == ["succeeded"]
    assert [gate["decision"] for gate in shown["gates"]] == ["go"]
    assert all(site["state"] == "done" for site in shown["rollout"])
    (benefit,) = clients["employee"].get(f"/ideas/{idea['id']}/benefits").json()["items"]
    figures = [benefit[level]["first_year"] for level in ("claimed", "committed", "verified")]
    assert [float(figure) for figure in figures] == [86000, 80000, 77350.4]
    story = clients["employee"].get(f"/ideas/{idea['id']}/timeline", params={"limit": 100}).json()["items"]
    assert len(story) > 20
    times = [entry["at"] for entry in story]
    assert times in (sorted(times), sorted(times, reverse=True))


def test_what_is_late_has_been_escalated(demo: Demo) -> None:
    server, clients = demo
    deadline = time.monotonic() + 60
    while not (late := clients["employee"].get("/ideas/overdue").json()["items"]) or not late[0]["escalations"]:
        assert time.monotonic() < deadline, late
        server.application.worker.wake()
        time.sleep(0.2)
    assert "老化房门口装一块温度显示屏" in [one["idea"]["title"] for one in late]


def test_each_demo_key_may_do_what_its_role_is_for(demo: Demo) -> None:
    _, clients = demo
    ideas = stages(clients["committee"])
    assert "decide" in ideas["供应商来料看板，迟交和批退一眼能看"]["permissions"]
    assert "decide" not in stages(clients["employee"])["供应商来料看板，迟交和批退一眼能看"]["permissions"]
    budgets = clients["finance"].get("/budgets").json()["items"]
    assert {budget["name"] for budget in budgets} == {"持续改善专项", "改善工时池"}
    challenge = clients["employee"].get("/challenges").json()["items"][0]
    entries = clients["employee"].get(f"/challenges/{challenge['id']}/entries").json()["items"]
    assert len(entries) == 3
    (team,) = clients["employee"].get("/teams").json()["items"]
    assert {one["department"]["name"] for one in team["departments"]} == {"客户服务部", "云平台组"}
