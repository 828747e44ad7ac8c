"""Ideas that are alike, through both doors."""

import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from bench import likeness_quality
from hypothesis import given
from hypothesis.strategies import text
from tests.access.world import fingerprint
from tests.conftest import Actor, Company

from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.ideas.likeness import nearest, rewrite_prints, weights
from kshare.ideas.likeness.prints import count_words
from kshare.ideas.likeness.scoring import Scorer
from kshare.ideas.likeness.text import packed, print_of, unpacked

FIND = """query($input: FindSimilarIdeasInput!) { similarIdeas(input: $input) {
  duplicates { score words merged idea { id title } } related { score words idea { id title } } } }"""


def propose(actor: Actor, title: str, **fields: Any) -> dict[str, Any]:
    response = actor.rest.post("/ideas", json={"title": title} | fields)
    assert response.status_code == 201, response.text
    idea: dict[str, Any] = response.json()
    return idea


def found(actor: Actor, title: str, **fields: Any) -> dict[str, Any]:
    """What both doors answer, which is the same."""
    ask = {"title": title} | fields
    response = actor.rest.post("/ideas:similar", json=ask)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    told = actor.data(FIND, input=ask)["similarIdeas"]
    for name in ("duplicates", "related"):
        assert [(one["idea"]["id"], one["score"], one["words"]) for one in told[name]] == [
            (one["idea"]["id"], one["score"], one["words"]) for one in answer[name]
        ]
    return answer


def compared(company: Company) -> None:
    """Waits until everything that was written can be found."""
    deadline = time.monotonic() + 60
    behind = """SELECT count(*) AS n FROM journal j LEFT JOIN reactor r ON r.name = 'likeness'
      WHERE r.name IS NULL OR (j.xid, j.number) > (r.xid, r.number)"""
    while company.server.sql(behind)[0]["n"]:
        assert time.monotonic() < deadline, "ideas are not compared"
        company.server.application.worker.wake()
        time.sleep(0.05)


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return [one["idea"]["id"] for one in entries]


def marked() -> str:
    """A word that nothing else has."""
    return f"qz{uuid4().hex[:10]}"


def test_a_near_duplicate_is_offered_while_typing(company: Company) -> None:
    word = marked()
    idea = propose(company.outsider, f"{word} 车间门口装感应灯", summary="夜班进门摸黑找开关。")
    compared(company)
    answer = found(company.employee, f"在 {word} 车间入口安装声控照明")
    assert ids(answer["duplicates"])[0] == idea["id"]
    first = answer["duplicates"][0]
    assert 0.46 <= first["score"] <= 1
    assert {word, "照明", "入口"} <= set(first["words"])
    assert first["idea"]["author"]["id"] == str(company.outsider.id)
    assert idea["id"] not in ids(answer["related"])


def test_related_ideas_come_from_other_departments(company: Company) -> None:
    word = marked()
    ours = propose(company.colleague, f"{word} 换模架专人预热")
    theirs = propose(company.outsider, f"{word} 订单合并排产")
    compared(company)
    title = f"{word} 采购铝合金夹板"
    answer = found(company.colleague, title)
    assert answer["duplicates"] == []
    # Other tests have made ideas, too.
    related = {one["idea"]["id"]: one for one in answer["related"]}
    assert theirs["id"] in related and ours["id"] not in related
    assert 0.25 <= related[theirs["id"]]["score"] < 0.46
    assert related[theirs["id"]]["words"] == [word]
    others = ids(found(company.outsider, title)["related"])
    assert ours["id"] in others and theirs["id"] not in others
    # Of a submitted one: other departments than its own, whoever asks.
    own = propose(company.colleague, title)
    compared(company)
    for actor in (company.colleague, company.outsider):
        others = ids(of_idea(actor, own["id"])["related"])
        assert theirs["id"] in others and ours["id"] not in others


SIMILAR_TO = """query($id: ID!) { ideasSimilarTo(id: $id) {
  duplicates { score words idea { id } } related { score words idea { id } } } }"""


def of_idea(actor: Actor, id: str) -> dict[str, Any]:
    response = actor.rest.get(f"/ideas/{id}/similar")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    told = actor.data(SIMILAR_TO, id=id)["ideasSimilarTo"]
    assert {name: ids(told[name]) for name in told} == {name: ids(answer[name]) for name in answer}
    return answer


def test_a_submitted_idea_is_compared_without_itself(company: Company) -> None:
    word = marked()
    first = propose(company.employee, f"Duplex printing by default {word}")
    second = propose(company.outsider, f"Print double-sided by default {word}", body="Saves half of the paper.")
    compared(company)
    assert ids(of_idea(company.reviewer, first["id"])["duplicates"]) == [second["id"]]
    assert ids(of_idea(company.reviewer, second["id"])["duplicates"]) == [first["id"]]
    answer = found(company.reviewer, f"double-sided printing {word}", exclude=[first["id"]])
    assert ids(answer["duplicates"]) == [second["id"]]
    draft = propose(company.employee, f"duplex printing {word}", draft=True)
    compared(company)
    assert set(ids(of_idea(company.employee, draft["id"])["duplicates"])) == {first["id"], second["id"]}


def test_half_a_title_finds_the_whole(company: Company) -> None:
    word = marked()
    idea = propose(company.outsider, f"{word} 空压机余热回收烧洗澡水", summary="热量现在全部排到屋顶。")
    compared(company)
    assert ids(found(company.employee, f"{word} 空压机余热")["duplicates"])[0] == idea["id"]
    # Of the word alone nobody knows what it will be; that it is offered at all is enough.
    answer = found(company.employee, word)
    assert ids(answer["duplicates"] + answer["related"]) == [idea["id"]]


def test_what_is_revised_is_compared_as_it_is_now(company: Company) -> None:
    before, after = marked(), marked()
    idea = propose(company.employee, f"{before} 食堂错峰就餐")
    compared(company)
    assert ids(found(company.colleague, f"{before} 食堂错峰就餐")["duplicates"]) == [idea["id"]]
    tag = company.employee.rest.get(f"/ideas/{idea['id']}").headers["etag"]
    change = {"title": f"{after} 叉车倒车雷达"}
    assert company.employee.rest.patch(f"/ideas/{idea['id']}", json=change, headers={"If-Match": tag}).is_success
    compared(company)
    assert found(company.colleague, f"{before} 电梯") == {"duplicates": [], "related": []}
    assert ids(found(company.colleague, f"叉车加装雷达 {after}")["duplicates"]) == [idea["id"]]


def hidden_ways(company: Company, word: str) -> list[tuple[dict[str, Any], Actor]]:
    """The same idea, hidden from the employee in every way there is."""
    title, body = f"{word} 老化房门口装温度显示屏", f"{word} 每次进去看温度要换鞋套。"
    sales = [str(company.departments["sales"])]
    made = [
        (propose(company.outsider, title, body=body, audience=sales), company.outsider),
        (propose(company.admin, title, body=body, classification="restricted"), company.admin),
        (propose(company.outsider, title, body=body, audience=[str(company.outsider.id)]), company.outsider),
        (propose(company.colleague, title, body=body, draft=True), company.colleague),
    ]
    withdrawn = propose(company.outsider, title, body=body)
    assert company.outsider.rest.post(f"/ideas/{withdrawn['id']}/withdraw").status_code == 200
    return [*made, (withdrawn, company.outsider)]


def test_what_is_hidden_is_never_offered_and_changes_nothing(fresh: Company) -> None:
    # Whatever else is alike would be offered as well.
    company = fresh
    word, other = marked(), marked()
    seen = propose(company.colleague, f"{word} 老化房外面加温度显示")
    compared(company)
    title = f"{word} {other} 老化房温度显示屏装在门外"
    before = found(company.employee, title)
    assert ids(before["duplicates"]) == [seen["id"]]
    hidden = hidden_ways(company, word)
    # Many more, all of them about the other word, so that counting them would make it common.
    sales = {"audience": [str(company.departments["sales"])]}
    items = [{"title": f"{word} {other} 第{n}次提温度显示屏", **sales} for n in range(60)]
    assert company.outsider.rest.post("/ideas:batch", json={"items": items}).status_code == 207
    compared(company)
    recount(company)
    assert found(company.employee, title) == before
    for idea, owner in hidden:
        assert company.employee.rest.get(f"/ideas/{idea['id']}/similar").status_code in (200, 404)
        if owner.rest.get(f"/ideas/{idea['id']}").json()["state"] == "published":
            assert company.employee.rest.get(f"/ideas/{idea['id']}/similar").json()["code"] == "not_found"
            told = company.employee.graphql(SIMILAR_TO, id=idea["id"])
            assert told["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    # Whoever may see them is offered them.
    offered = found(company.outsider, title, limit=20)
    shown = ids(offered["duplicates"])
    assert hidden[0][0]["id"] in shown or len(shown) == 20
    assert hidden[3][0]["id"] not in ids(found(company.colleague, title, limit=20)["duplicates"])


def with_database(company: Company, work: Callable[[Database], Awaitable[Any]]) -> Any:
    """Does something as the system would, on connections of its own."""

    async def run() -> Any:
        database = Database(company.server.database_url, Settings(_env_file=None))
        try:
            return await work(database)
        finally:
            await database.engine.dispose()

    return company.server.loop.run(run(), 120)


def recount(company: Company) -> None:
    """Counts words anew, as happens when many ideas have been written, and lets the server look at once."""

    async def count(database: Database) -> None:
        async with database.sessions() as session, session.begin():
            await count_words(session)

    with_database(company, count)
    weights.forget(company.server.application.database)


def test_words_are_weighed_by_what_the_viewer_may_read(fresh: Company) -> None:
    """The same words have other weights for those who may read other ideas."""
    items = [{"title": f"扭矩 {marked()} {marked()} {marked()}", "classification": "restricted"} for _ in range(60)]
    assert fresh.admin.rest.post("/ideas:batch", json={"items": items}).status_code == 207
    propose(fresh.outsider, "扭矩扳手工装每天点检")
    compared(fresh)
    recount(fresh)
    rows = fresh.server.sql("SELECT level, ideas, cardinality(tokens) AS common FROM likeness_count ORDER BY level")
    assert [(row["ideas"], row["common"]) for row in rows[:3]] == [(0, 0), (1, 0), (1, 0)]
    assert rows[3]["ideas"] == 61
    assert rows[3]["common"] >= 1
    title = "扭矩扳手校准工装"
    [theirs] = found(fresh.employee, title)["duplicates"]
    mine = {one["idea"]["id"]: one["score"] for one in found(fresh.admin, title, limit=20)["duplicates"]}
    assert mine[theirs["idea"]["id"]] != theirs["score"]


def test_a_merged_idea_leads_to_its_target(company: Company) -> None:
    word, other = marked(), marked()
    target = propose(company.outsider, f"{other} 展厅双语说明牌")
    merged = propose(company.colleague, f"{word} 扫码领用备件登记")
    deeper = propose(company.reviewer, f"{word} 扫码领用备件登记表")
    for idea, into in ((deeper, merged), (merged, target)):
        done = company.committee.rest.post(f"/ideas/{idea['id']}/merge", json={"into_id": into["id"]})
        assert done.status_code == 200, done.text
    compared(company)
    answer = found(company.employee, f"{word} 扫码领用备件")
    assert ids(answer["duplicates"]) == [target["id"]]
    assert answer["duplicates"][0]["merged"] in (merged["id"], deeper["id"])
    assert word in answer["duplicates"][0]["words"]
    # What was merged into an idea is not offered as another one.
    assert of_idea(company.employee, target["id"]) == {"duplicates": [], "related": []}
    assert company.committee.rest.post(f"/ideas/{merged['id']}/unmerge").status_code == 200
    compared(company)
    assert ids(found(company.employee, f"{word} 扫码领用备件")["duplicates"]) == [merged["id"]]


def test_an_anonymous_idea_tells_no_department(company: Company) -> None:
    word = marked()
    idea = propose(company.outsider, f"{word} 夜班食堂热饭", anonymous=True)
    compared(company)
    same = found(company.employee, f"{word} 夜班食堂热饭")
    assert ids(same["duplicates"]) == [idea["id"]]
    assert same["duplicates"][0]["idea"]["department"] is None
    # Whether it is from another department is not known to anybody, not even to its author.
    for actor in (company.employee, company.outsider):
        assert found(actor, f"{word} 屋面防水卷材") == {"duplicates": [], "related": []}


def test_wrong_input(company: Company) -> None:
    post = company.employee.rest.post
    refused = (
        ({}, "/title"), ({"title": ""}, "/title"), ({"title": "  "}, "/title"), ({"title": "x" * 201}, "/title"),
        ({"title": "x" * 100_000}, "/title"), ({"title": "a\u0000b"}, "/title"), ({"title": "x", "limit": 0}, "/limit"),
        ({"title": "x", "limit": 21}, "/limit"), ({"title": "x", "exclude": ["x"]}, "/exclude/0"),
        ({"title": "x", "summary": "y" * 3001}, "/summary"), ({"title": "x", "colour": 1}, "/colour"),
    )  # fmt: skip
    for body, pointer in refused:
        response = post("/ideas:similar", json=body)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer), body
        if "title" in body and pointer not in ("/colour", "/exclude/0"):
            assert "errors" in company.employee.graphql(FIND, input=body)
    nothing = {"duplicates": [], "related": []}
    for title in ("!!!", "。。。……", "的", "the", "12 34", "🙂🙂", "¿?", "a", "‑—–"):
        assert found(company.employee, title) == nothing, title
    assert company.employee.rest.get("/ideas/x/similar").status_code == 422
    assert company.employee.rest.get(f"/ideas/{uuid4()}/similar").json()["code"] == "not_found"
    item = company.employee.item()
    assert company.employee.rest.get(f"/ideas/{item['id']}/similar").json()["code"] == "not_found"
    assert "errors" in company.employee.graphql(
        "query($id: ID!) { ideasSimilarTo(id: $id, limit: 21) { related { score } } }", id=str(uuid4())
    )


def test_a_long_text_is_read_at_its_beginning(company: Company) -> None:
    word = marked()
    idea = propose(company.outsider, f"{word} 冷却水循环", body="冷却水现在直排。" + "字" * 100_000)
    compared(company)
    answer = found(company.employee, f"{word} 冷却水循环", body="水" * 100_000)
    assert ids(answer["duplicates"]) == [idea["id"]]
    answer = found(company.employee, f"{word} 冷却水循环", body="。" * 100_000)
    assert ids(answer["duplicates"]) == [idea["id"]]


def test_who_may_not_read_content_may_not_look_for_it(company: Company) -> None:
    idea = propose(company.employee, "叉车充电错峰")
    without = company.hire("无权", "rd", scopes=["idea_propose"])
    company.server.settle()
    before = fingerprint(company.server)
    ask = {"title": "叉车充电错峰"}
    for client, status in ((company.anonymous, 401), (without.rest, 403)):
        assert client.post("/ideas:similar", json=ask).status_code == status
        assert client.get(f"/ideas/{idea['id']}/similar").status_code == status
    assert without.graphql(FIND, input=ask)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert without.graphql(SIMILAR_TO, id=idea["id"])["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    # Whoever may look writes nothing either.
    assert company.colleague.rest.post("/ideas:similar", json=ask).status_code == 200
    assert fingerprint(company.server) == before


def test_a_named_request_gets_its_answer_again(company: Company) -> None:
    word = marked()
    key = {"Idempotency-Key": uuid4().hex}
    ask = {"title": f"{word} 叉车充电错峰"}
    first = company.employee.rest.post("/ideas:similar", json=ask, headers=key)
    propose(company.colleague, f"{word} 叉车充电错峰")
    compared(company)
    again = company.employee.rest.post("/ideas:similar", json=ask, headers=key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert company.employee.rest.post("/ideas:similar", json=ask).json() != first.json()
    other = company.employee.rest.post("/ideas:similar", json={"title": "别的"}, headers=key)
    assert other.json()["code"] == "idempotency_mismatch"


def test_reindex_restores_everything(fresh: Company) -> None:
    idea = propose(fresh.outsider, "叉车加装倒车雷达", summary="倒车撞过两次货架。")
    propose(fresh.outsider, "草稿", draft=True)
    compared(fresh)
    ask = "给叉车装上雷达"
    before = found(fresh.employee, ask)
    assert ids(before["duplicates"]) == [idea["id"]]
    prints = fresh.server.sql("SELECT content_id, keys, title, rest FROM likeness ORDER BY content_id")
    assert len(prints) == 1
    fresh.server.sql("DELETE FROM likeness")
    fresh.server.sql("DELETE FROM likeness_count")
    assert found(fresh.employee, ask) == {"duplicates": [], "related": []}

    assert with_database(fresh, rewrite_prints) == 1
    assert fresh.server.sql("SELECT content_id, keys, title, rest FROM likeness ORDER BY content_id") == prints
    assert fresh.server.sql("SELECT count(*) AS n FROM likeness_count")[0]["n"] == 4
    assert found(fresh.employee, ask) == before
    assert with_database(fresh, rewrite_prints) == 0
    fresh.server.sql("UPDATE likeness SET version = 'older'")
    assert with_database(fresh, rewrite_prints) == 1
    assert with_database(fresh, lambda database: rewrite_prints(database, force=True)) == 1


def test_the_system_asks_for_the_nearest(fresh: Company) -> None:
    # Whatever else is alike would be offered as well.
    company = fresh
    word = marked()
    sales = {"audience": [str(company.departments["sales"])]}
    near = propose(company.outsider, f"{word} 叉车倒车雷达", **sales)
    far = propose(company.outsider, f"{word} 展厅双语说明牌", **sales)
    compared(company)

    async def ask(database: Database) -> Any:
        async with database.sessions() as session:
            every = await nearest(session, f"{word} 叉车加装倒车雷达")
            return every, await nearest(session, f"{word} 叉车加装倒车雷达", without=[UUID(near["id"])])

    every, without = with_database(company, ask)
    assert str(every[0][0]) == near["id"]
    assert every[0][1] > 0.6 > dict(every)[UUID(far["id"])]
    assert [score for _, score in every] == sorted((score for _, score in every), reverse=True)
    assert dict(without) == dict(every[1:]) | dict(without[len(every) - 1 :])


def test_quality_on_the_labelled_pairs() -> None:
    every = likeness_quality.judged(likeness_quality.pairs())
    assert len(every) >= 200
    unseen = [one for one in every if not one.pair.chosen_on]
    for group in (every, unseen):
        quality = likeness_quality.duplicates(group)
        assert quality.precision >= 0.82
        assert quality.recall >= 0.78
        shown = likeness_quality.offered(group)
        assert shown.precision >= 0.75
        assert shown.recall >= 0.82


@given(text(max_size=300), text(max_size=300))
def test_likeness_is_a_number_for_any_text_and_one_for_the_same(first: str, second: str) -> None:
    one, other = print_of(first), print_of(second, second, first)
    score = Scorer.of(one, weights.NOTHING_COUNTED).score(other.title, other.rest)
    assert 0 <= score <= 1
    if one.title:
        assert Scorer.of(one, weights.NOTHING_COUNTED).score(one.title, ()) == 1
    assert unpacked(packed(other.rest)) == other.rest
    assert len(other.title) <= 24
    assert len(other.rest) <= 64
