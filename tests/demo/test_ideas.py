"""The ideas of the demo company hang together."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Loop, Server, cloned_database, live_server

from kshare.console import Console
from kshare.core.database import Database
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.settings import Settings
from kshare.demo.load import load_demo
from kshare.ideas.stages import TRANSITIONS

Demo = tuple[Server, dict[str, httpx.Client]]


@pytest.fixture(scope="module")
def demo(postgres_url: str, loop: Loop) -> Iterator[Demo]:
    """A server with the demo company, and a client for each demo role."""
    with tempfile.TemporaryDirectory() as folder, cloned_database(postgres_url, loop) as url:
        # Both need the same key file: anonymous authors sign in and find what is theirs.
        settings = Settings(_env_file=None, data_dir=Path(folder))

        async def load() -> dict[str, str]:
            database = Database(url, settings)
            began = time.process_time()
            keys = await load_demo(database, Path(folder), Console())
            print(f"loaded in {time.process_time() - began:.1f} s")
            await database.engine.dispose()
            return keys

        keys = loop.run(load())
        with live_server(url, loop, data_dir=Path(folder), seal_keys=None) as server:
            yield server, _clients(server, keys)


def _clients(server: Server, keys: dict[str, str]) -> dict[str, httpx.Client]:
    return {
        role: httpx.Client(base_url=f"{server.url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        for role, key in keys.items()
    }


def stages(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {idea["title"]: idea for idea in client.get("/ideas", params={"limit": 100}).json()["items"]}


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
