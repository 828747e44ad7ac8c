"""Benefits of ideas: three figures that are never mixed, through both doors."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Actor, Company
from tests.resources.helpers import approved, everything, made

LONG_AGO = (date.today() - timedelta(days=400)).isoformat()
BENEFIT = """query($id: ID!) { benefit(id: $id) { ideaId type unit recurrence startsOn basis cost costCurrency version
  claimed { firstYear number person { name } } committed { firstYear } verified { firstYear months permissions }
  realisedOfClaimed realisedOfCommitted permissions } }"""


def claimed(actor: Actor, idea: str, amount: Any = "120000.00", **fields: Any) -> dict[str, Any]:
    """A yearly saving in yuan."""
    body = {
        "type": "saving",
        "currency": "CNY",
        "first_year": amount,
        "starts_on": LONG_AGO,
        "basis": "每班少停机一小时",
    }
    body |= fields
    return made(actor, f"/ideas/{idea}/benefits", **{name: value for name, value in body.items() if value is not None})


def status(actor: Actor, path: str, **body: Any) -> int:
    return actor.rest.post(path, json=body).status_code


def test_three_figures_side_by_side(company: Company) -> None:
    idea = approved(company, stage="implemented")
    benefit = claimed(company.employee, idea, cost="8000.00")
    path = f"/benefits/{benefit['id']}"
    assert (benefit["unit"], benefit["cost"], benefit["cost_currency"]) == ("CNY", "8000.00", "CNY")
    assert benefit["claimed"]["first_year"] == "120000.00"
    assert (benefit["committed"], benefit["verified"], benefit["realised_of_claimed"]) == (None, None, None)
    assert benefit["permissions"] == ["revise"]
    assert company.committee.rest.get(path).json()["permissions"] == ["revise", "commit"]
    assert company.finance.rest.get(path).json()["permissions"] == ["verify"]
    made(company.committee, f"{path}/commit", first_year=100000, note="按八成保守估计")
    months = ["6666.66"] * 11 + ["6666.74"]
    verified = made(company.finance, f"{path}/verify", first_year="80000.00", months=months)
    figures = [verified[level]["first_year"] for level in ("claimed", "committed", "verified")]
    assert figures == ["120000.00", "100000.00", "80000.00"]
    assert verified["verified"]["months"] == months
    assert (verified["realised_of_claimed"], verified["realised_of_committed"]) == (0.6667, 0.8)
    assert verified["permissions"] == []
    assert company.outsider.rest.get(f"/ideas/{idea}").json()["stage"] == "verified"
    shown = company.outsider.data(BENEFIT, id=benefit["id"])["benefit"]
    rest = company.outsider.rest.get(path).json()
    for name in ("type", "unit", "recurrence", "basis", "cost", "version", "permissions"):
        assert shown[name] == rest[name]
    assert (shown["realisedOfClaimed"], shown["realisedOfCommitted"]) == (0.6667, 0.8)
    assert shown["verified"] == {"firstYear": "80000.00", "months": months, "permissions": []}
    assert shown["claimed"]["person"]["name"] == company.employee.rest.get("/me").json()["person"]["name"]


def test_the_same_story_through_graphql(company: Company) -> None:
    idea = approved(company, stage="implemented")
    claim = """mutation($idea: ID!, $i: ClaimBenefitInput!) {
      claimBenefit(ideaId: $idea, input: $i) { id unit version claimed { firstYear } } }"""
    body = {"type": "time", "firstYear": "260.5", "startsOn": LONG_AGO, "basis": "每天少走一小时"}
    benefit = company.employee.data(claim, idea=idea, i=body)["claimBenefit"]
    assert (benefit["unit"], benefit["claimed"]["firstYear"]) == ("hours", "260.50")
    revise = """mutation($id: ID!, $v: Int!, $i: ReviseBenefitInput!) {
      reviseBenefit(id: $id, expectedVersion: $v, input: $i) { basis version } }"""
    revised = company.employee.data(revise, id=benefit["id"], v=benefit["version"], i={"basis": "每班少走半小时"})
    assert revised["reviseBenefit"]["basis"] == "每班少走半小时"
    commit = "mutation($id: ID!, $i: GiveFigureInput!) { commitBenefit(id: $id, input: $i) { version } }"
    version = company.committee.data(commit, id=benefit["id"], i={"firstYear": 250})["commitBenefit"]["version"]
    verify = """mutation($id: ID!, $v: Int, $i: GiveFigureInput!) {
      verifyBenefit(id: $id, expectedVersion: $v, input: $i) { verified { id firstYear } realisedOfCommitted } }"""
    stale = company.finance.graphql(verify, id=benefit["id"], v=version - 1, i={"firstYear": 200})
    assert stale["errors"][0]["extensions"]["code"] == "CONFLICT"
    done = company.finance.data(verify, id=benefit["id"], v=version, i={"firstYear": 200})["verifyBenefit"]
    assert (done["verified"]["firstYear"], done["realisedOfCommitted"]) == ("200.00", 0.8)
    correct = """mutation($id: ID!, $i: CorrectFigureInput!) {
      correctBenefitEntry(id: $id, input: $i) { number level firstYear corrects note } }"""
    entry = company.finance.data(correct, id=done["verified"]["id"], i={"firstYear": "-12.5", "reason": "返工"})
    assert entry["correctBenefitEntry"] == {
        "number": 2, "level": "verified", "firstYear": "-12.50", "corrects": done["verified"]["id"], "note": "返工"
    }  # fmt: skip
    listed = company.outsider.data(
        """query($idea: ID!, $b: ID!) { ideaBenefits(ideaId: $idea) { totalCount nodes { id verified { firstYear } } }
          benefitEntries(benefitId: $b, filter: {level: verified}) { nodes { number firstYear } }
          ideaBenefitTotals(id: $idea) { ideaId totals { type unit benefits claimed committed verified } } }""",
        idea=idea,
        b=benefit["id"],
    )
    assert listed["ideaBenefits"]["nodes"] == [{"id": benefit["id"], "verified": {"firstYear": "-12.50"}}]
    assert [e["firstYear"] for e in listed["benefitEntries"]["nodes"]] == ["-12.50", "200.00"]
    total = {"type": "time", "unit": "hours", "benefits": 1}
    figures = {"claimed": "260.50", "committed": "250.00", "verified": "-12.50"}
    assert listed["ideaBenefitTotals"] == {"ideaId": idea, "totals": [total | figures]}


def test_finance_alone_verifies_and_never_its_own(company: Company) -> None:
    colleague = company.hire("同事财务", "root", roles=(("finance", None),))
    own = approved(company, company.finance, stage="implemented")
    shares = [{"person_id": str(a.id), "share": 50} for a in (company.employee, company.finance)]
    shared = approved(company, stage="implemented", coauthors=shares)
    mine, ours = claimed(company.finance, own), claimed(company.employee, shared)
    before = everything(company)
    for benefit in (mine, ours):
        path = f"/benefits/{benefit['id']}"
        for actor in (company.finance, company.employee, company.committee, company.admin, company.outsider):
            assert status(actor, f"{path}/verify", first_year=1) == 403
        assert "verify" not in company.finance.rest.get(path).json()["permissions"]
        query = "mutation($id: ID!) { verifyBenefit(id: $id, input: {firstYear: 1}) { id } }"
        refused = company.finance.graphql(query, id=benefit["id"])
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert everything(company) == before
    for benefit in (mine, ours):
        assert made(colleague, f"/benefits/{benefit['id']}/verify", first_year=1)["verified"]["first_year"] == "1.00"


def test_the_unnamed_author_in_finance_does_not_verify_either(company: Company) -> None:
    author = company.hire("匿名财务", "root", roles=(("finance", None),))
    idea = approved(company, author, stage="implemented", anonymous=True)
    benefit = claimed(author, idea)
    assert benefit["person"]["id"] != str(author.id)
    seen = company.outsider.rest.get(f"/benefits/{benefit['id']}").json()
    assert seen["created_at"].endswith("00:00:00+00:00") or seen["created_at"].endswith("00:00:00Z")
    before = everything(company)
    assert status(author, f"/benefits/{benefit['id']}/verify", first_year=1) == 403
    assert everything(company) == before
    rows = company.server.sql("SELECT to_jsonb(b)::text AS row FROM benefit b WHERE id = $1", benefit["id"])
    rows += company.server.sql(
        "SELECT to_jsonb(e)::text AS row FROM benefit_entry e WHERE benefit_id = $1", benefit["id"]
    )
    rows += company.server.sql("SELECT to_jsonb(j)::text AS row FROM journal j WHERE content_id = $1", idea)
    assert not any(str(author.id) in row["row"] for row in rows)
    made(company.finance, f"/benefits/{benefit['id']}/verify", first_year=1)


def test_who_claims_and_who_commits(company: Company) -> None:
    manager = company.hire("委员作者", "rd", roles=(("committee", None),))
    idea, own = approved(company), approved(company, manager)
    early = approved(company, stage="screening")
    hidden = approved(company, company.colleague, audience=[str(company.departments["rd"])])
    benefit, theirs = claimed(company.employee, idea), claimed(manager, own)
    body = {"type": "saving", "currency": "CNY", "first_year": 1, "starts_on": LONG_AGO, "basis": "估计"}
    before = everything(company)
    for actor in (company.outsider, company.finance):
        assert status(actor, f"/ideas/{idea}/benefits", **body) == 403
        assert status(actor, f"/benefits/{benefit['id']}/commit", first_year=1) == 403
        headers = {"If-Match": "*"}
        assert actor.rest.patch(f"/benefits/{benefit['id']}", json={"basis": "x"}, headers=headers).status_code == 403
    assert status(company.employee, f"/benefits/{benefit['id']}/commit", first_year=1) == 403
    assert status(manager, f"/benefits/{theirs['id']}/commit", first_year=1) == 403, "of their own idea"
    assert status(company.employee, f"/ideas/{early}/benefits", **body) == 409
    assert status(company.outsider, f"/ideas/{hidden}/benefits", **body) == 404
    for path in ("benefits", "benefit-totals"):
        assert company.outsider.rest.get(f"/ideas/{hidden}/{path}").status_code == 404
    assert everything(company) == before


def test_a_hidden_benefit_does_not_exist(company: Company) -> None:
    idea = approved(company, company.colleague, audience=[str(company.departments["rd"])])
    benefit = claimed(company.colleague, idea)
    path, entry = f"/benefits/{benefit['id']}", f"/benefit-entries/{benefit['claimed']['id']}"
    before = everything(company)
    for url in (path, f"{path}/entries", entry):
        assert company.finance.rest.get(url).status_code == 404
    for url in (f"{path}/commit", f"{path}/verify"):
        assert status(company.finance if "verify" in url else company.committee, url, first_year=1) == 404
    assert status(company.finance, f"{entry}/correct", first_year=1, reason="x") == 404
    assert company.finance.data("query($id: ID!) { node(id: $id) { id } }", id=benefit["id"]) == {"node": None}
    assert everything(company) == before


def test_what_is_not_implemented_is_not_verified(company: Company) -> None:
    benefit = claimed(company.employee, approved(company))
    before = everything(company)
    refused = company.finance.rest.post(f"/benefits/{benefit['id']}/verify", json={"first_year": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "verify" not in company.finance.rest.get(f"/benefits/{benefit['id']}").json()["permissions"]
    assert everything(company) == before


def test_corrections_are_new_entries_and_history_stays(company: Company) -> None:
    idea = approved(company, stage="implemented")
    benefit = claimed(company.employee, idea)
    path = f"/benefits/{benefit['id']}"
    verified = made(company.finance, f"{path}/verify", first_year="50000.00")
    first = verified["verified"]["id"]
    second = made(company.finance, f"/benefit-entries/{first}/correct", first_year="-3000.00", reason="客户退货，倒扣")
    assert (second["number"], second["corrects"], second["first_year"]) == (2, first, "-3000.00")
    now = company.outsider.rest.get(path).json()
    assert now["verified"]["first_year"] == "-3000.00"
    assert now["claimed"]["first_year"] == "120000.00", "levels are never mixed"
    assert now["version"] > verified["version"]
    assert now["realised_of_claimed"] == -0.025
    entries = company.outsider.rest.get(f"{path}/entries").json()["items"]
    assert [(e["level"], e["number"], e["first_year"]) for e in entries] == [
        ("verified", 2, "-3000.00"), ("verified", 1, "50000.00"), ("claimed", 1, "120000.00"),
    ]  # fmt: skip
    levels = company.outsider.rest.get(f"{path}/entries", params={"level": "claimed"}).json()["items"]
    assert [entry["number"] for entry in levels] == [1]
    assert company.outsider.rest.get(f"/benefit-entries/{first}").json()["first_year"] == "50000.00"
    before = everything(company)
    late = company.finance.rest.post(f"/benefit-entries/{first}/correct", json={"first_year": 1, "reason": "再来"})
    assert (late.status_code, late.json()["entry"]["id"]) == (409, second["id"])
    for actor in (company.employee, company.committee, company.outsider):
        assert status(actor, f"/benefit-entries/{second['id']}/correct", first_year=1, reason="改") == 403
    assert (
        status(company.finance, f"/benefit-entries/{benefit['claimed']['id']}/correct", first_year=1, reason="改")
        == 403
    )
    assert status(company.finance, f"/benefit-entries/{uuid4()}/correct", first_year=1, reason="改") == 404
    assert everything(company) == before
    made(company.employee, f"/benefit-entries/{benefit['claimed']['id']}/correct", first_year=100000, reason="算错")
    assert company.outsider.rest.get(path).json()["claimed"]["first_year"] == "100000.00"


def test_what_others_stand_for_is_not_rewritten(company: Company) -> None:
    benefit = claimed(company.employee, approved(company))
    path = f"/benefits/{benefit['id']}"
    made(company.committee, f"{path}/commit", first_year=1)
    before = everything(company)
    late = company.employee.rest.patch(path, json={"starts_on": "2020-01-01"}, headers={"If-Match": "*"})
    assert late.status_code == 409
    again = company.committee.rest.post(f"{path}/commit", json={"first_year": 2})
    assert (again.status_code, again.json()["entry"]["first_year"]) == (409, "1.00")
    assert everything(company) == before


def test_two_verify_at_once_and_one_wins(company: Company) -> None:
    other = company.hire("第二位财务", "root", roles=(("finance", None),))
    idea = approved(company, stage="implemented")
    benefit = claimed(company.employee, idea)
    path, headers = f"/benefits/{benefit['id']}/verify", {"If-Match": f'"{benefit["version"]}"'}

    def verify(actor: Actor) -> Any:
        return actor.rest.post(path, json={"first_year": 10 if actor is other else 20}, headers=headers)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(verify, (company.finance, other, company.finance, other)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["entry"] == {
                "id": won["verified"]["id"], "level": "verified", "number": 1,
                "first_year": won["verified"]["first_year"],
            }  # fmt: skip
    assert len(company.finance.rest.get(f"/benefits/{benefit['id']}/entries").json()["items"]) == 2
    moved = "SELECT count(*) AS n FROM journal WHERE content_id = $1 AND payload->>'to_stage' = 'verified'"
    assert company.server.sql(moved, idea)[0]["n"] == 1


def test_two_benefits_of_one_idea_verified_at_once_move_it_once(company: Company) -> None:
    idea = approved(company, stage="implemented")
    paths = [f"/benefits/{claimed(company.employee, idea)['id']}/verify" for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda path: status(company.finance, path, first_year=5), paths)) == [200, 200, 200]
    moved = "SELECT count(*) AS n FROM journal WHERE content_id = $1 AND payload->>'to_stage' = 'verified'"
    assert company.server.sql(moved, idea)[0]["n"] == 1


def test_totals_keep_types_units_and_levels_apart(company: Company) -> None:
    idea = approved(company, stage="implemented")
    one = claimed(company.employee, idea, "100.10")
    two = claimed(company.employee, idea, "200.20")
    claimed(company.employee, idea, "300.00", currency="EUR")
    claimed(company.employee, idea, 400, type="revenue")
    young = claimed(company.employee, idea, "50.00", starts_on=date.today().isoformat())
    claimed(company.employee, idea, 7, type="quality", currency=None, unit="客诉")
    made(company.committee, f"/benefits/{one['id']}/commit", first_year="80.00")
    for benefit, amount in ((one, "60.00"), (two, "10.01"), (young, "50.00")):
        made(company.finance, f"/benefits/{benefit['id']}/verify", first_year=amount)
    answer = company.outsider.rest.get(f"/ideas/{idea}/benefit-totals").json()
    assert answer["idea_id"] == idea
    totals = {(total["type"], total["unit"]): total for total in answer["totals"]}
    assert set(totals) == {("saving", "CNY"), ("saving", "EUR"), ("revenue", "CNY"), ("quality", "客诉")}
    saving = totals["saving", "CNY"]
    assert (saving["benefits"], saving["claimed"], saving["committed"], saving["verified"]) == (
        3, "350.30", "80.00", "120.01",
    )  # fmt: skip
    # Of what began a year ago: 60.00 + 10.01 of 300.30 claimed; 60.00 of 80.00 committed.
    assert (saving["realised_of_claimed"], saving["realised_of_committed"]) == (0.2331, 0.75)
    euros = totals["saving", "EUR"]
    assert (euros["claimed"], euros["verified"], euros["realised_of_claimed"]) == ("300.00", None, None)
    shown = company.outsider.rest.get(f"/benefits/{young['id']}").json()
    assert shown["realised_of_claimed"] is None, "its first year is not over"
    listed = company.outsider.rest.get(f"/ideas/{idea}/benefits", params={"limit": 2}).json()
    assert (len(listed["items"]), listed["next_cursor"] is not None) == (2, True)
    nothing = company.outsider.rest.get(f"/ideas/{approved(company)}/benefit-totals").json()
    assert nothing["totals"] == []


TWELVE = ["10.00"] * 12


@pytest.mark.parametrize(
    "fields, pointer, code",
    [
        ({"first_year": "-1"}, "/first_year", "greater_than"),
        ({"first_year": 0}, "/first_year", "greater_than"),
        ({"first_year": 1.5}, "/first_year", "amount_as_text"),
        ({"first_year": "1e999"}, "/first_year", "decimal_parsing"),
        ({"first_year": "NaN"}, "/first_year", "decimal_parsing"),
        ({"first_year": "0.001"}, "/first_year", "decimal_max_places"),
        ({"months": TWELVE}, "/months", "months_sum"),
        ({"months": TWELVE[:11]}, "/months", "too_short"),
        ({"months": [*TWELVE[:11], "-1"]}, "/months/11", "greater_than_equal"),
        ({"currency": "ABC"}, "/currency", "currency"),
        ({"currency": None}, "/currency", "currency_missing"),
        ({"unit": "元"}, "/unit", "unit_mismatch"),
        ({"type": "time"}, "/currency", "currency_unused"),
        ({"type": "time", "currency": None, "unit": "days"}, "/unit", "unit_mismatch"),
        ({"type": "safety", "currency": None}, "/unit", "missing"),
        ({"type": "happiness"}, "/type", "enum"),
        ({"currency": "JPY", "first_year": "0.5"}, "/first_year", "whole_number"),
        ({"cost": 5, "type": "time", "currency": None}, "/cost_currency", "currency_missing"),
        ({"cost_currency": "CNY"}, "/cost_currency", "currency_unused"),
        ({"starts_on": "2026-13-01"}, "/starts_on", "date_from_datetime_parsing"),
        ({"basis": ""}, "/basis", "string_too_short"),
        ({"verified": 5}, "/verified", "extra_forbidden"),
    ],
)
def test_wrong_claims_are_refused_with_the_place(
    company: Company, fields: dict[str, Any], pointer: str, code: str
) -> None:
    idea = approved(company)
    body = {"type": "saving", "currency": "CNY", "first_year": 100, "starts_on": LONG_AGO, "basis": "估计"} | fields
    before = everything(company)
    response = company.employee.rest.post(f"/ideas/{idea}/benefits", json=body)
    assert response.status_code == 422, response.text
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    if not code.startswith("date"):
        assert code in [error["code"] for error in response.json()["errors"]]
    assert everything(company) == before


def test_amounts_add_up_to_the_last_cent(company: Company) -> None:
    idea = approved(company, stage="implemented")
    for _ in range(10):
        claimed(company.employee, idea, "0.10")
    claimed(company.employee, idea, "999999999999.99")
    total = company.outsider.rest.get(f"/ideas/{idea}/benefit-totals").json()["totals"][0]
    assert total["claimed"] == "1000000000000.99"
