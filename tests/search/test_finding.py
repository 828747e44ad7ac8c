"""What is found by which words, through both doors."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.search.asking import found, ids, marker, search

TITLE = "高压变频器散热风道改造与轴承失效复盘"
BODY = """# 背景

本季度我们对高压变频器的散热风道进行了改造，验证了新的润滑脂在**低温条件**下的表现。
The bearing SKF 6205-2RS failed after 300 h; see ISO 281 for the rating life & <b>limits</b>.
"""


@pytest.fixture(scope="module")
def item(company: Company) -> dict[str, Any]:
    made = company.employee.item(
        title=TITLE, summary="一次停机的前因后果", body=BODY, tags=["失效分析", "Root cause"], kind="retrospective"
    )
    company.server.settle()
    return made


@pytest.mark.parametrize(
    "query",
    [
        "轴承",  # two characters inside a title
        "变频",  # inside a longer word
        "频器",  # across where a cutter would cut
        "风道改造",
        "润滑脂",
        "停机",  # in the summary
        "失效分析",  # a tag
        "ROOT cause",
        "林知夏",  # the author
        "skf 轴承",  # both languages in one query
        "轴承SKF",
        "６２０５",  # full width
        "ISO 281",
        '"散热风道"',
        "“低温条件”",
        "「rating life」",
        '"failed after" 轴承',
        "轴承 -齿轮箱",
        '轴承 -"after failed"',
        "低温条件下的表现",
        "轴",
    ],
)
def test_it_is_found_by(item: dict[str, Any], company: Company, query: str) -> None:
    assert item["id"] in found(company.colleague, query)


@pytest.mark.parametrize(
    "query",
    [
        "齿轮箱",
        "轴承 齿轮箱",
        "轴承 -润滑",
        '轴承 -"散热风道"',
        '"风道散热"',
        '"after failed"',
        "承轴",
        "620",  # not the beginning of a number, but a number of its own
        "retrospective",  # what it is filtered by is no word of it
        "=d",
        "zh",
    ],
)
def test_it_is_not_found_by(item: dict[str, Any], company: Company, query: str) -> None:
    assert item["id"] not in found(company.colleague, query)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(TITLE) - 2))
def test_any_two_characters_of_a_title_find_it(item: dict[str, Any], company: Company, at: int) -> None:
    assert item["id"] in ids(search(company.colleague, TITLE[at : at + 2]))


def test_what_is_shown_of_a_hit(item: dict[str, Any], company: Company) -> None:
    page = search(company.colleague, 'skf "散热风道"')
    hit = next(hit for hit in page["items"] if hit["content"]["id"] == item["id"])
    assert hit["title"] == "高压变频器<mark>散热风道</mark>改造与轴承失效复盘"
    assert "<mark>散热风道</mark>" in hit["snippet"]
    assert "<mark>SKF</mark>" in hit["snippet"]
    assert "<b>" not in hit["snippet"]
    assert "**" not in hit["snippet"]
    assert page["terms"] == ["skf", "散热风道"]
    content = hit["content"]
    assert (content["type"], content["kind"], content["author"]["name"]) == (
        "knowledge_item",
        "retrospective",
        "林知夏",
    )
    assert [tag["name"] for tag in content["tags"]] == ["Root cause", "失效分析"]
    assert "body" not in content
    assert "readers" not in content


def test_highlights_are_escaped(company: Company) -> None:
    word = marker()
    company.employee.item(title=f"<script>alert('{word}')</script>", body=f"<img src=x onerror={word}> a & {word}")
    company.server.settle()
    hit = search(company.colleague, word)["items"][0]
    assert hit["title"] == f"&lt;script&gt;alert(&#x27;<mark>{word}</mark>&#x27;)&lt;/script&gt;"
    rest = hit["snippet"].replace(f"<mark>{word}</mark>", "")
    assert "<" not in rest
    assert "&amp;" in rest


def test_a_title_counts_for_more_than_a_text(company: Company) -> None:
    word = marker()
    in_text = company.employee.item(title="其他事项", body=f"{word} {word} {word}")
    in_title = company.employee.item(title=f"关于 {word}")
    in_passing = company.employee.item(title="另一事项", body=f"{word} 一次")
    company.server.settle()
    assert found(company.colleague, word) == [in_title["id"], in_text["id"], in_passing["id"]]


def test_drafts_and_archived_items_are_not_found(company: Company) -> None:
    word = marker()
    draft = company.employee.item(title=f"{word} 草稿", publish=False)
    company.server.settle()
    assert found(company.employee, word) == []
    company.employee.rest.post(f"/knowledge-items/{draft['id']}/publish")
    company.server.settle()
    assert found(company.colleague, word) == [draft["id"]]
    company.employee.rest.post(f"/knowledge-items/{draft['id']}/archive")
    # The state is asked of the item itself, so this does not wait for the index.
    assert found(company.colleague, word) == []
    company.server.settle()
    assert company.server.sql("SELECT FROM search_document WHERE content_id = $1", draft["id"]) == []
    company.employee.rest.post(f"/knowledge-items/{draft['id']}/publish")
    company.server.settle()
    assert found(company.colleague, word) == [draft["id"]]


def test_a_revised_text_is_found_by_its_new_words_only(company: Company) -> None:
    old, new = marker(), marker()
    item = company.employee.item(title="某事", body=old)
    etag = company.employee.rest.get(f"/knowledge-items/{item['id']}").headers["etag"]
    changed = company.employee.rest.patch(
        f"/knowledge-items/{item['id']}", json={"body": new}, headers={"If-Match": etag}
    )
    assert changed.status_code == 200, changed.text
    company.server.settle()
    assert found(company.colleague, old) == []
    assert found(company.colleague, new) == [item["id"]]


# ---- filters and facets ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf(company: Company) -> dict[str, Any]:
    """A few items that differ in everything one can filter by; all have the word `word`."""
    word = marker()
    top = _made(company.manager, "/categories", {"name": f"类目 {word}"})
    below = _made(company.manager, "/categories", {"name": f"下级 {word}", "parent_id": top})
    items = [
        company.employee.item(title=f"{word} 一", kind="sop", category_id=below, tags=[f"甲{word}"], language="zh"),
        company.employee.item(title=f"{word} two", kind="case", category_id=top, tags=[f"乙{word}"], language="en"),
        company.outsider.item(title=f"{word} 三", kind="sop", tags=[f"甲{word}", f"乙{word}"], language="zh"),
    ]
    company.server.settle()
    return {"word": word, "top": top, "below": below, "ids": [item["id"] for item in items]}


def _made(actor: Actor, path: str, body: dict[str, Any]) -> str:
    answer = actor.rest.post(path, json=body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def test_filters(shelf: dict[str, Any], company: Company) -> None:
    word, (one, two, three) = shelf["word"], shelf["ids"]

    def kept(**filters: Any) -> set[str]:
        return set(found(company.colleague, word, **filters))

    assert kept() == {one, two, three}
    assert kept(kind="sop") == {one, three}
    assert kept(category=shelf["top"]) == {one, two}
    assert kept(category=shelf["below"]) == {one}
    assert kept(tag=f"甲{word}".upper()) == {one, three}
    assert kept(author=str(company.outsider.id)) == {three}
    assert kept(department=str(company.departments["rd"])) == {one, two}
    assert kept(department=str(company.departments["root"])) == {one, two, three}
    assert kept(language="en") == {two}
    assert kept(kind="sop", tag=f"乙{word}", language="zh") == {three}
    assert kept(tag="没有这个标签") == set()
    assert kept(category=str(company.outsider.id)) == set()


def test_filtering_by_date(shelf: dict[str, Any], company: Company) -> None:
    word = shelf["word"]
    published = {
        hit["content"]["id"]: hit["content"]["published_at"] for hit in search(company.colleague, word)["items"]
    }
    one, two, three = shelf["ids"]
    assert set(found(company.colleague, word, published_from=published[two])) == {two, three}
    assert set(found(company.colleague, word, published_before=published[two])) == {one}
    assert found(company.colleague, word, published_from=published[two], published_before=published[three]) == [two]


def test_ideas_are_found_by_their_type(company: Company) -> None:
    word = marker()
    idea = company.employee.rest.post("/ideas", json={"title": f"仓库 {word}"}).json()["id"]
    item = company.employee.item(title=f"仓库 {word}")["id"]
    company.server.settle()
    assert set(found(company.colleague, word)) == {idea, item}
    assert found(company.colleague, word, type="idea") == [idea]
    assert found(company.colleague, word, type="knowledge_item") == [item]
    facets = search(company.colleague, word)["facets"]
    assert {entry["value"]: entry["count"] for entry in facets["type"]} == {"idea": 1, "knowledge_item": 1}
    assert [entry["value"] for entry in facets["kind"]] == ["sop"]


def test_facets_count_what_is_found(shelf: dict[str, Any], company: Company) -> None:
    word, facets = shelf["word"], search(company.colleague, shelf["word"])["facets"]
    assert facets["kind"] == [
        {"value": "sop", "name": "sop", "count": 2},
        {"value": "case", "name": "case", "count": 1},
    ]
    assert {entry["value"]: entry["count"] for entry in facets["tag"]} == {f"甲{word}": 2, f"乙{word}": 2}
    assert {(e["value"], e["name"], e["count"]) for e in facets["author"]} == {
        (str(company.employee.id), "林知夏", 2),
        (str(company.outsider.id), "Anna Weber", 1),
    }
    assert {e["value"]: e["count"] for e in facets["category"]} == {shelf["top"]: 1, shelf["below"]: 1}
    assert {e["name"]: e["count"] for e in facets["department"]} == {"rd_pressure": 2, "sales": 1}
    assert {e["value"]: e["count"] for e in facets["language"]} == {"zh": 2, "en": 1}
    assert facets["type"] == [{"value": "knowledge_item", "name": "knowledge_item", "count": 3}]
    narrowed = search(company.colleague, word, language="en")["facets"]
    assert narrowed["kind"] == [{"value": "case", "name": "case", "count": 1}]
    assert search(company.colleague, word, facets=False)["facets"] is None


def test_a_moved_category_and_a_renamed_tag_follow(company: Company) -> None:
    word = marker()
    a = _made(company.manager, "/categories", {"name": f"甲 {word}"})
    b = _made(company.manager, "/categories", {"name": f"乙 {word}"})
    item = company.employee.item(title="无关标题", category_id=a, tags=[f"旧名{word}"])
    company.server.settle()
    assert found(company.colleague, "无关标题", category=b) == []
    etag = company.manager.rest.get(f"/categories/{a}").headers["etag"]
    moved = company.manager.rest.patch(f"/categories/{a}", json={"parent_id": b}, headers={"If-Match": etag})
    assert moved.status_code == 200, moved.text
    assert item["id"] in found(company.colleague, "无关标题", category=b)

    tag = search(company.colleague, "无关标题", category=b)["items"][0]["content"]["tags"][0]["id"]
    etag = company.manager.rest.get(f"/tags/{tag}").headers["etag"]
    new = marker()
    renamed = company.manager.rest.patch(f"/tags/{tag}", json={"name": f"新名{new}"}, headers={"If-Match": etag})
    assert renamed.status_code == 200, renamed.text
    company.server.settle()
    assert ids(search(company.colleague, new)) == [item["id"]]
    assert found(company.colleague, new) == [item["id"]]
