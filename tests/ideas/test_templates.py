"""Templates and thinking tools through both doors."""

from uuid import uuid4

import pytest
from tests.conftest import Company

from kshare.ideas.templates.triz import CONTRADICTIONS, PARAMETERS, PRINCIPLES

KNOWN_CELLS = {
    (1, 3): [15, 8, 29, 34],
    (1, 14): [28, 27, 18, 40],
    (1, 27): [1, 3, 11, 27],
    (2, 10): [8, 10, 19, 35],
    (3, 1): [8, 15, 29, 34],
    (5, 14): [3, 15, 40, 14],
    (9, 1): [2, 28, 13, 38],
    (9, 10): [13, 28, 15, 19],
    (9, 19): [8, 15, 35, 38],
    (10, 9): [13, 28, 15, 12],
    (12, 14): [30, 14, 10, 40],
    (13, 29): [18],
    (14, 1): [1, 8, 40, 15],
    (14, 10): [10, 18, 3, 14],
    (19, 9): [8, 15, 35],
    (21, 17): [2, 14, 17, 25],
    (25, 39): [],
    (27, 36): [13, 35, 1],
    (30, 35): [35, 11, 22, 31],
    (33, 36): [32, 26, 12, 17],
    (36, 33): [27, 9, 26, 24],
    (38, 39): [5, 12, 35, 26],
    (39, 38): [5, 12, 35, 26],
    (9, 25): [],
}
"""Cells of the published table, improving parameter first."""


@pytest.mark.parametrize(("pair", "principles"), KNOWN_CELLS.items())
def test_a_contradiction_is_answered_as_published(
    company: Company, pair: tuple[int, int], principles: list[int]
) -> None:
    improving, worsening = pair
    found = company.employee.rest.get("/triz/contradiction", params={"improving": improving, "worsening": worsening})
    assert found.status_code == 200, found.text
    assert [one["number"] for one in found.json()["principles"]] == principles
    query = """query($a: Int!, $b: Int!) {
      trizContradiction(improving: $a, worsening: $b) { improving { number } principles { number nameEn } } }"""
    answer = company.employee.data(query, a=improving, b=worsening)["trizContradiction"]
    assert answer["improving"] == {"number": improving}
    assert [one["number"] for one in answer["principles"]] == principles


def test_the_table_is_whole() -> None:
    assert (len(PARAMETERS), len(PRINCIPLES), len(CONTRADICTIONS)) == (39, 40, 1248)
    assert {row for row, _ in CONTRADICTIONS} == set(range(1, 40)) == {column for _, column in CONTRADICTIONS}
    for (improving, worsening), principles in CONTRADICTIONS.items():
        assert improving != worsening
        assert 1 <= len(principles) <= 4
        assert len(set(principles)) == len(principles)
        assert all(1 <= number <= 40 for number in principles)
    # 58 cells name one principle, and every principle is named somewhere.
    assert sum(len(principles) == 1 for principles in CONTRADICTIONS.values()) == 58
    assert {number for principles in CONTRADICTIONS.values() for number in principles} == set(range(1, 41))


def test_parameters_and_principles_are_listed(company: Company) -> None:
    parameters = company.employee.rest.get("/triz/parameters").json()["items"]
    principles = company.employee.rest.get("/triz/principles").json()["items"]
    assert [one["number"] for one in parameters] == list(range(1, 40))
    assert [one["number"] for one in principles] == list(range(1, 41))
    assert parameters[13] == {"number": 14, "name": "强度", "name_en": "Strength"}
    assert all(one["explanation"] and one["explanation_en"] for one in principles)
    data = company.employee.data(
        "{ trizParameters { number name nameEn } trizPrinciples { number name nameEn explanation explanationEn } }"
    )
    assert [one["nameEn"] for one in data["trizParameters"]] == [one["name_en"] for one in parameters]
    assert [one["explanationEn"] for one in data["trizPrinciples"]] == [one["explanation_en"] for one in principles]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"improving": 0, "worsening": 1}, "?improving"),
        ({"improving": 1, "worsening": 40}, "?worsening"),
        ({"improving": 1}, "?worsening"),
        ({"improving": "一", "worsening": 1}, "?improving"),
    ],
)
def test_a_parameter_there_is_not_is_refused(company: Company, query: dict[str, object], pointer: str) -> None:
    response = company.employee.rest.get("/triz/contradiction", params=query)
    assert response.status_code == 422
    assert [one["pointer"] for one in response.json()["errors"]] == [pointer]


def test_a_parameter_there_is_not_is_refused_by_graphql(company: Company) -> None:
    response = company.employee.graphql("{ trizContradiction(improving: 40, worsening: 1) { principles { number } } }")
    assert response["errors"][0]["extensions"]["code"] == "INVALID"
    assert response["errors"][0]["extensions"]["errors"][0]["pointer"] == "/improving"


def test_templates_say_what_they_ask_for(company: Company) -> None:
    items = company.employee.rest.get("/idea-templates").json()["items"]
    assert [one["key"] for one in items] == [
        "problem_solution",
        "design_thinking",
        "six_hats",
        "lean_experiment",
        "triz",
    ]
    for template in items:
        assert company.employee.rest.get(f"/idea-templates/{template['key']}").json() == template
        assert any(field["required"] for field in template["fields"])
        keys = [field["key"] for field in template["fields"]]
        assert len(set(keys)) == len(keys)
    assert company.employee.rest.get("/idea-templates/nine_hats").status_code == 404
    data = company.employee.data(
        '{ ideaTemplates { key nameEn fields { key prompt required maxLength } } ideaTemplate(template: "triz") {'
        " name aboutEn fields { key parameter } } }"
    )
    assert [one["key"] for one in data["ideaTemplates"]] == [one["key"] for one in items]
    assert [one["key"] for one in data["ideaTemplate"]["fields"] if one["parameter"]] == ["improving", "worsening"]


def _answers(**texts: str) -> list[dict[str, str]]:
    return [{"field": field, "text": text} for field, text in texts.items()]


CONTRADICTION = {
    "title": "更轻又更牢的搬运托盘",
    "template": "triz",
    "answers": _answers(solution="换成复合材料的蜂窝板。", system="搬运托盘", improving="1", worsening="14"),
}


def test_an_idea_answers_its_template(company: Company) -> None:
    idea = company.employee.rest.post("/ideas", json=CONTRADICTION).json()
    assert idea["template"] == "triz"
    # In the template's order, not in that in which they were sent.
    assert [one["field"] for one in idea["answers"]] == ["system", "improving", "worsening", "solution"]
    query = "query($id: ID!) { idea(id: $id) { template answers { key: field text } } }"
    seen = company.colleague.data(query, id=idea["id"])["idea"]
    assert seen["answers"] == [{"key": one["field"], "text": one["text"]} for one in idea["answers"]]


def test_answers_are_revised(company: Company) -> None:
    change = """mutation($id: ID!, $version: Int!, $input: ReviseIdeaInput!) {
      reviseIdea(id: $id, expectedVersion: $version, input: $input) { version template answers { field text } } }"""
    idea = company.employee.rest.post("/ideas", json=CONTRADICTION).json()
    better = _answers(system="托盘", improving="1", worsening="13", solution="空心。")
    done = company.employee.data(change, id=idea["id"], version=idea["version"], input={"answers": better})
    assert done["reviseIdea"]["answers"] == better
    bare = company.employee.rest.patch(
        f"/ideas/{idea['id']}", json={"template": None}, headers={"If-Match": "*"}
    ).json()
    assert (bare["template"], bare["answers"]) == (None, [])
    events = company.server.sql(
        "SELECT payload ->> 'fields' AS fields FROM journal WHERE object_id = $1 AND happened = 'idea_changed'"
        " ORDER BY number", idea["id"],
    )  # fmt: skip
    assert [row["fields"] for row in events] == ['["answers"]', '["template", "answers"]']


_REFUSED = [
    ({"answers": _answers(problem="坏了")}, "/answers", "no_template"),
    ({"template": "nine_hats"}, "/template", "unknown_reference"),
    ({"template": "triz", "answers": _answers(colour="红")}, "/answers/0/field", "unknown_reference"),
    (
        {"template": "triz", "answers": [*_answers(ideal="零"), *_answers(ideal="一")]},
        "/answers/1/field",
        "duplicate",
    ),
    ({"template": "triz", "answers": _answers(ideal="很" * 1001)}, "/answers/0/text", "string_too_long"),
    ({"template": "triz", "answers": _answers(system="x", improving="40")}, "/answers/1/text", "triz_parameter"),
    ({"template": "triz", "answers": _answers(improving="0")}, "/answers/0/text", "triz_parameter"),
    ({"template": "triz", "answers": _answers(system="托盘")}, "/answers", "answer_missing"),
    ({"template": "triz"}, "/answers", "answer_missing"),
]


@pytest.mark.parametrize(("sent", "pointer", "code"), _REFUSED)
def test_answers_that_do_not_fit_are_refused(
    company: Company, sent: dict[str, object], pointer: str, code: str
) -> None:
    title = f"不成立 {uuid4().hex}"
    response = company.employee.rest.post("/ideas", json={"title": title, **sent}, headers={"Accept-Language": "zh"})
    assert response.status_code == 422, response.text
    [error] = response.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert not error["message"].isascii()
    query = "mutation($input: ProposeIdeaInput!) { proposeIdea(input: $input) { id } }"
    answer = company.employee.graphql(query, input={"title": title, **sent})
    places = answer["errors"][0]["extensions"]["errors"]
    assert [(one["pointer"], one["code"]) for one in places] == [(f"/input{pointer}", code)] or [
        (one["pointer"], one["code"]) for one in places
    ] == [(pointer, code)]
    assert not company.server.sql("SELECT FROM content WHERE title = $1", title)


def test_a_draft_may_lack_answers_and_is_submitted_with_them(company: Company) -> None:
    half = {"title": "想了一半", "template": "lean_experiment", "answers": _answers(hypothesis="贴标签能少找工具")}
    draft = company.employee.rest.post("/ideas", json={**half, "draft": True}).json()
    refused = company.employee.rest.post(f"/ideas/{draft['id']}/submit")
    assert refused.status_code == 409, refused.text
    assert "experiment" in refused.json()["detail"]
    assert company.employee.rest.get(f"/ideas/{draft['id']}").json()["stage"] is None
    whole = _answers(
        hypothesis="贴标签能少找工具", riskiest="大家会放回去", experiment="一个柜子贴一周", measure="找工具的次数"
    )
    sent = {"answers": whole}
    company.employee.rest.patch(f"/ideas/{draft['id']}", json=sent, headers={"If-Match": "*"}).raise_for_status()
    assert company.employee.rest.post(f"/ideas/{draft['id']}/submit").json()["stage"] == "submitted"


def test_a_nightly_job_changes_nothing_the_second_time(company: Company) -> None:
    place = f"/ideas/by-external-id/box/{uuid4().hex}"
    first = company.employee.rest.put(place, json=CONTRADICTION)
    assert first.status_code == 201, first.text
    again = company.employee.rest.put(place, json=CONTRADICTION)
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"])
