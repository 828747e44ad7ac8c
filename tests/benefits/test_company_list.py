"""The list of all benefits: what awaits whom, by which filters, and who sees what of it, through both doors."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.benefits.test_benefits import claimed
from tests.conftest import Actor, Company
from tests.resources.helpers import approved, made

LIST = """query($f: BenefitFilter, $n: Int! = 100, $a: String, $o: BenefitOrder! = newest) {
  benefits(filter: $f, first: $n, after: $a, orderBy: $o) {
    totalCount pageInfo { endCursor hasNextPage } nodes { id ideaId ideaTitle } } }"""


@pytest.fixture
def author(company: Company) -> Actor:
    """Somebody alone in a new department below rd, so that its benefits are this test's."""
    parent = str(company.departments["rd"])
    name = f"工段 {uuid4().hex[:6]}"
    company.departments[name] = UUID(made(company.admin, "/departments", name=name, parent_id=parent)["id"])
    return company.hire("工段长", name)


def listed(actor: Actor, author: Actor, **filters: Any) -> list[str]:
    """The ids of the benefits of the author's department, the last first, if both doors say the same."""
    filters = {"department": str(author.department_id)} | filters
    items = actor.rest.get("/benefits", params=filters | {"limit": 100})
    assert items.status_code == 200, items.text
    ids = [benefit["id"] for benefit in items.json()["items"]]
    shown = actor.data(LIST, f=filters)["benefits"]
    assert [benefit["id"] for benefit in shown["nodes"]] == ids
    assert shown["totalCount"] == len(ids)
    return ids


def untrue(company: Company) -> int:
    """How many benefits do not say what their ideas and figures say."""
    has = "EXISTS (SELECT FROM benefit_entry e WHERE e.benefit_id = b.id AND e.level = '{}')"
    wrong = [
        "b.stage IS DISTINCT FROM CASE WHEN c.state = 'published' THEN c.stage END",
        "b.department_id IS DISTINCT FROM c.department_id",
        f"b.is_committed <> {has.format('committed')}",
        f"b.is_verified <> {has.format('verified')}",
    ]
    query = f"SELECT count(*) AS n FROM benefit b JOIN content c ON c.id = b.content_id WHERE {' OR '.join(wrong)}"
    return int(company.server.sql(query)[0]["n"])


def test_what_awaits_commitment_and_what_verification(company: Company, author: Actor) -> None:
    young, done = approved(company, author), approved(company, author, stage="implemented")
    first, second, third = claimed(author, young)["id"], claimed(author, done)["id"], claimed(author, done)["id"]
    finance, committee = company.finance, company.committee
    assert listed(finance, author) == [third, second, first]
    assert listed(committee, author, awaiting="commitment") == [third, second, first]
    assert listed(finance, author, awaiting="verification") == [third, second]
    made(committee, f"/benefits/{second}/commit", first_year=5)
    assert listed(committee, author, awaiting="commitment") == [third, first]
    assert listed(finance, author, awaiting="verification") == [third, second]
    # The idea is a verified one from now on; what else it brings is still to be looked at.
    verified = made(finance, f"/benefits/{second}/verify", first_year=5)["verified"]["id"]
    made(finance, f"/benefit-entries/{verified}/correct", first_year=4, reason="退货")
    assert listed(finance, author, awaiting="verification") == [third]
    made(finance, f"/benefits/{third}/verify", first_year=5)
    assert listed(finance, author, awaiting="verification") == []
    assert listed(committee, author, awaiting="commitment") == [third, first]
    # What rests awaits nobody, and does again when it goes on.
    made(author, f"/ideas/{young}/withdraw")
    assert listed(committee, author, awaiting="commitment") == [third]
    assert untrue(company) == 0
    made(author, f"/ideas/{young}/reinstate")
    assert listed(committee, author, awaiting="commitment") == [third, first]
    made(author, f"/ideas/{young}/implementation")
    assert listed(finance, author, awaiting="verification") == [first]
    assert listed(finance, author) == [third, second, first]
    assert untrue(company) == 0


def test_what_a_gate_ended_awaits_nobody(company: Company, author: Actor) -> None:
    idea = approved(company, author)
    benefit = claimed(author, idea)["id"]
    assert listed(company.committee, author, awaiting="commitment") == [benefit]
    for decision, awaiting in (("hold", [benefit]), ("kill", [])):
        gate = made(author, f"/ideas/{idea}/gates", title="还做吗")["id"]
        made(company.committee, f"/gates/{gate}/decision", decision=decision, reason="电价改了。")
        assert listed(company.committee, author, awaiting="commitment") == awaiting
    assert listed(company.committee, author) == [benefit]
    assert untrue(company) == 0


def test_filters_hold_together_and_orders_turn_round(company: Company, author: Actor) -> None:
    one, two = approved(company, author), approved(company, author)
    money = claimed(author, one)["id"]
    time = claimed(author, one, type="time", currency=None)["id"]
    other = claimed(author, two)["id"]
    reader = company.outsider
    assert listed(reader, author, type="saving") == [other, money]
    assert listed(reader, author, idea=one) == [time, money]
    assert listed(reader, author, idea=one, type="time", awaiting="commitment") == [time]
    assert listed(reader, author, type="safety") == []
    assert listed(reader, author, idea=str(uuid4())) == []
    assert listed(reader, author, department=str(company.departments["sales"]), idea=one) == []
    above = reader.rest.get("/benefits", params={"department": str(company.departments["rd"]), "limit": 100}).json()
    assert {money, time, other} <= {benefit["id"] for benefit in above["items"]}
    named = {benefit["id"]: benefit for benefit in above["items"]}[other]
    assert (named["idea_id"], named["idea_title"]) == (two, reader.rest.get(f"/ideas/{two}").json()["title"])
    assert named["claimed"]["first_year"] == "120000.00"
    oldest = {"department": str(author.department_id)}
    items = reader.rest.get("/benefits", params=oldest | {"order": "oldest"}).json()["items"]
    assert [benefit["id"] for benefit in items] == [money, time, other]
    nodes = reader.data(LIST, f=oldest, o="oldest")["benefits"]["nodes"]
    assert [benefit["id"] for benefit in nodes] == [money, time, other]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_show_each_once(company: Company, author: Actor, order: str) -> None:
    idea = approved(company, author)
    made_ = [claimed(author, idea)["id"] for _ in range(5)]
    wanted = made_ if order == "oldest" else made_[::-1]
    asked = {"department": str(author.department_id), "awaiting": "commitment"}
    found, cursor = [], None
    for size in (2, 2, 1):
        params = asked | {"limit": 2, "order": order} | ({"cursor": cursor} if cursor else {})
        page = company.finance.rest.get("/benefits", params=params).json()
        assert len(page["items"]) == size
        found += [benefit["id"] for benefit in page["items"]]
        cursor = page["next_cursor"]
    assert (found, cursor) == (wanted, None)
    first = company.finance.data(LIST, f=asked, n=3, o=order)["benefits"]
    rest = company.finance.data(LIST, f=asked, n=3, o=order, a=first["pageInfo"]["endCursor"])["benefits"]
    assert [benefit["id"] for benefit in first["nodes"] + rest["nodes"]] == wanted
    assert (first["totalCount"], rest["pageInfo"]["hasNextPage"]) == (5, False)
    cursor = first["pageInfo"]["endCursor"]
    other = company.finance.rest.get("/benefits", params=asked | {"awaiting": "verification", "cursor": cursor})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_mismatch")


def test_benefits_of_a_hidden_idea_are_neither_listed_nor_counted(company: Company, author: Actor) -> None:
    idea = approved(company, author, audience=[str(company.departments["rd"])])
    made(author, f"/ideas/{idea}/implementation")
    benefit = claimed(author, idea)["id"]
    for filters in ({}, {"awaiting": "verification"}, {"awaiting": "commitment"}, {"type": "saving"}, {"idea": idea}):
        assert listed(company.colleague, author, **filters) == [benefit]
        for stranger in (company.outsider, company.finance, company.committee, company.admin):
            assert listed(stranger, author, **filters) == []
    for stranger in (company.outsider, company.finance):
        assert benefit not in stranger.rest.get("/benefits", params={"limit": 100}).text
    assert company.anonymous.get("/benefits").status_code == 401


def test_a_department_does_not_tell_who_is_not_shown(company: Company, author: Actor) -> None:
    idea = approved(company, author, stage="implemented", anonymous=True)
    benefit = claimed(author, idea)["id"]
    for actor in (author, company.finance):
        assert listed(actor, author) == []
        awaiting = actor.rest.get("/benefits", params={"awaiting": "verification", "idea": idea}).json()["items"]
        assert [one["id"] for one in awaiting] == [benefit]
        assert author.name not in str(awaiting) and str(author.id) not in str(awaiting)
    assert untrue(company) == 0


@pytest.mark.parametrize(
    "asked, pointer",
    [
        ({"awaiting": "applause"}, "?awaiting"),
        ({"type": "happiness"}, "?type"),
        ({"idea": "x"}, "?idea"),
        ({"department": "x"}, "?department"),
        ({"order": "amount"}, "?order"),
        ({"limit": 0}, "?limit"),
        ({"level": "claimed"}, "?level"),
    ],
)
def test_wrong_questions_are_pointed_at(company: Company, asked: dict[str, Any], pointer: str) -> None:
    response = company.finance.rest.get("/benefits", params=asked)
    assert response.status_code == 422, response.text
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    if pointer in ("?awaiting", "?type", "?idea"):
        refused = company.finance.graphql(LIST, f=asked)
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", refused
