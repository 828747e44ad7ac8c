"""Asking for resources, and what becomes of it, through both doors."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.conftest import Actor, Company
from tests.resources.helpers import approved, budget, everything, granted, made, request

REQUEST = """query($id: ID!) { resourceRequest(id: $id) { ideaId kind unit amount purpose neededBy state reason
  person { name } decidedBy { name } permissions
  grant { id amount used returned left unit budgetName person { name } permissions } } }"""


def status(actor: Actor, path: str, **body: Any) -> int:
    return actor.rest.post(path, json=body).status_code


def test_what_an_idea_needs_is_asked_granted_used_and_returned(company: Company) -> None:
    source, idea = budget(company), approved(company)
    needed_by = (date.today() + timedelta(days=30)).isoformat()
    asked = request(company.employee, idea, "2500.50", needed_by=needed_by)
    assert (asked["state"], asked["amount"], asked["unit"], asked["grant"]) == ("requested", "2500.50", "CNY", None)
    assert asked["permissions"] == ["withdraw"]
    path = f"/resource-requests/{asked['id']}"
    assert company.finance.rest.get(path).json()["permissions"] == ["grant", "decline"]
    answer = made(company.finance, f"{path}/grant", budget_id=source["id"], amount="2000.00", note="先做一条线")
    grant = answer["grant"]
    assert (answer["state"], grant["amount"], grant["left"]) == ("granted", "2000.00", "2000.00")
    assert grant["budget_name"] == source["name"]
    assert answer["decided_by"]["id"] == str(company.finance.id)
    used = made(company.employee, f"/resource-grants/{grant['id']}/use", amount="1200.25", note="夹具")
    assert (used["used"], used["left"], used["permissions"]) == ("1200.25", "799.75", ["use", "return", "correct"])
    back = made(company.employee, f"/resource-grants/{grant['id']}/return", note="剩余")
    assert (back["returned"], back["left"], back["permissions"]) == ("799.75", "0.00", ["correct"])
    seen = company.outsider.rest.get(path).json()
    assert (seen["state"], seen["permissions"], seen["grant"]["permissions"]) == ("returned", [], [])
    assert seen["grant"]["budget_name"] == source["name"], "whoever sees the request sees where it came from"
    shown = company.outsider.data(REQUEST, id=asked["id"])["resourceRequest"]
    assert (shown["ideaId"], shown["neededBy"], shown["state"]) == (idea, needed_by, "returned")
    for name in ("amount", "used", "returned", "left", "unit", "permissions"):
        assert shown["grant"][name] == seen["grant"][name]
    assert company.finance.rest.get(f"/budgets/{source['id']}").json()["balance"] == "8799.75"
    ledger = company.finance.rest.get(f"/budgets/{source['id']}/entries").json()["items"]
    assert [(e["kind"], e["amount"], e["balance"], e["grant_id"]) for e in ledger] == [
        ("returned", "799.75", "8799.75", grant["id"]),
        ("granted", "-2000.00", "8000.00", grant["id"]),
        ("opened", "10000.00", "10000.00", None),
    ]
    entries = company.outsider.rest.get(f"/resource-grants/{grant['id']}/entries").json()["items"]
    assert [(e["number"], e["kind"], e["amount"], e["note"]) for e in entries] == [
        (2, "returned", "799.75", "剩余"),
        (1, "used", "1200.25", "夹具"),
    ]


def test_the_same_story_through_graphql(company: Company) -> None:
    owner = company.colleague
    create = "mutation($i: CreateBudgetInput!) { createBudget(input: $i) { id } }"
    body = {"name": "专家工时", "kind": "expert_time", "amount": "40.5", "ownerId": str(owner.id)}
    source = company.finance.data(create, i=body)["createBudget"]["id"]
    idea = approved(company)
    ask = """mutation($idea: ID!, $i: RequestResourcesInput!) {
      requestResources(ideaId: $idea, input: $i) { id state amount unit } }"""
    wanted = {"kind": "expert_time", "amount": "8.25", "purpose": "材料专家评审"}
    asked = company.employee.data(ask, idea=idea, i=wanted)["requestResources"]
    assert (asked["amount"], asked["unit"]) == ("8.25", "hours")
    grant = """mutation($id: ID!, $i: GrantResourcesInput!) {
      grantResourceRequest(id: $id, input: $i) { state grant { id left } } }"""
    answer = owner.data(grant, id=asked["id"], i={"budgetId": source})["grantResourceRequest"]
    assert (answer["state"], answer["grant"]["left"]) == ("granted", "8.25")
    use = """mutation($id: ID!, $u: UseResourcesInput!, $r: ReturnResourcesInput!) {
      useResourceGrant(id: $id, input: $u) { used left } returnResourceGrant(id: $id, input: $r) { returned left } }"""
    done = company.employee.data(use, id=answer["grant"]["id"], u={"amount": "8.20"}, r={})
    assert done["useResourceGrant"] == {"used": "8.20", "left": "0.05"}
    assert done["returnResourceGrant"] == {"returned": "0.05", "left": "0.00"}
    listed = company.outsider.data(
        """query($idea: ID!, $g: ID!) { ideaResourceRequests(ideaId: $idea) { totalCount nodes { id state } }
          resourceEntries(resourceGrantId: $g) { nodes { id kind amount person { name } } } }""",
        idea=idea,
        g=answer["grant"]["id"],
    )
    assert listed["ideaResourceRequests"] == {"totalCount": 1, "nodes": [{"id": asked["id"], "state": "returned"}]}
    assert [e["amount"] for e in listed["resourceEntries"]["nodes"]] == ["0.05", "8.20"]
    correct = """mutation($id: ID!, $i: CorrectResourceEntryInput!) {
      correctResourceEntry(id: $id, input: $i) { amount corrects } }"""
    wrong = listed["resourceEntries"]["nodes"][1]["id"]
    corrected = company.employee.data(correct, id=wrong, i={"amount": 7, "reason": "多记了"})["correctResourceEntry"]
    assert corrected == {"amount": "-1.20", "corrects": wrong}
    other = company.employee.data(ask, idea=idea, i=wanted)["requestResources"]["id"]
    withdraw = "mutation($id: ID!) { withdrawResourceRequest(id: $id) { state } }"
    assert company.employee.data(withdraw, id=other)["withdrawResourceRequest"] == {"state": "withdrawn"}
    third = company.employee.data(ask, idea=idea, i=wanted)["requestResources"]["id"]
    decline = """mutation($id: ID!, $i: DeclineResourcesInput!) {
      declineResourceRequest(id: $id, input: $i) { state reason } }"""
    no = owner.data(decline, id=third, i={"reason": "专家休假"})["declineResourceRequest"]
    assert no == {"state": "declined", "reason": "专家休假"}


def test_who_does_not_carry_the_idea_out_asks_for_nothing(company: Company) -> None:
    idea, early = approved(company), approved(company, stage="evaluation")
    hidden = approved(company, company.colleague, audience=[str(company.departments["rd"])])
    body = {"kind": "hours", "amount": 5, "purpose": "改造"}
    before = everything(company)
    for actor in (company.outsider, company.finance, company.reviewer):
        assert status(actor, f"/ideas/{idea}/resource-requests", **body) == 403
    assert status(company.employee, f"/ideas/{early}/resource-requests", **body) == 409
    assert status(company.outsider, f"/ideas/{hidden}/resource-requests", **body) == 404
    assert company.outsider.rest.get(f"/ideas/{hidden}/resource-requests").status_code == 404
    assert everything(company) == before
    made(company.committee, f"/ideas/{idea}/resource-requests", **body)


def test_a_hidden_request_does_not_exist(company: Company) -> None:
    idea = approved(company, company.colleague, audience=[str(company.departments["rd"])])
    asked = request(company.colleague, idea)
    before = everything(company)
    path, rest = f"/resource-requests/{asked['id']}", company.finance.rest
    assert rest.get(path).status_code == 404
    assert rest.post(f"{path}/grant", json={"budget_id": str(uuid4())}).status_code == 404
    assert rest.post(f"{path}/decline", json={"reason": "不"}).status_code == 404
    assert rest.post(f"{path}/withdraw").status_code == 404
    listed = company.finance.rest.get("/resource-requests", params={"state": "requested", "limit": 100}).json()["items"]
    assert asked["id"] not in [one["id"] for one in listed]
    answer = company.finance.graphql(REQUEST, id=asked["id"])
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert everything(company) == before


def test_who_grants(company: Company) -> None:
    mine, theirs = budget(company, owner_id=str(company.colleague.id)), budget(company)
    asked = request(company.employee, approved(company))
    path = f"/resource-requests/{asked['id']}/grant"
    before = everything(company)
    for actor in (company.employee, company.outsider, company.committee):
        assert status(actor, path, budget_id=mine["id"]) == 403
        assert status(actor, path.replace("grant", "decline"), reason="不行") == 403
    refused = company.colleague.rest.post(path, json={"budget_id": theirs["id"]})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_reference")
    assert everything(company) == before
    assert made(company.colleague, path, budget_id=mine["id"])["grant"]["budget_id"] == mine["id"]


def test_nobody_grants_to_an_idea_of_their_own(company: Company) -> None:
    source = budget(company)
    asked = request(company.finance, approved(company, company.finance))
    before = everything(company)
    assert "grant" not in asked["permissions"]
    assert status(company.finance, f"/resource-requests/{asked['id']}/grant", budget_id=source["id"]) == 403
    assert everything(company) == before


def test_units_do_not_mix(company: Company) -> None:
    asked = request(company.employee, approved(company))
    others = (budget(company, currency="EUR"), budget(company, kind="hours", currency=None))
    before = everything(company)
    for source in others:
        refused = company.finance.rest.post(f"/resource-requests/{asked['id']}/grant", json={"budget_id": source["id"]})
        assert (refused.status_code, refused.json()["errors"][0]) == (
            422,
            refused.json()["errors"][0] | {"pointer": "/budget_id", "code": "unit_mismatch"},
        )
    assert everything(company) == before


def test_no_more_than_was_asked_and_no_more_than_there_is(company: Company) -> None:
    small = budget(company, amount="999.99")
    asked = request(company.employee, approved(company))
    path = f"/resource-requests/{asked['id']}/grant"
    before = everything(company)
    more = company.finance.rest.post(path, json={"budget_id": small["id"], "amount": "1000.01"})
    assert (more.status_code, more.json()["errors"][0]["code"]) == (422, "more_than_asked")
    over = company.finance.rest.post(path, json={"budget_id": small["id"]})
    assert (over.status_code, over.json()["available"], over.json()["unit"]) == (409, "999.99", "CNY")
    assert everything(company) == before
    assert made(company.finance, path, budget_id=small["id"], amount="999.99")["grant"]["amount"] == "999.99"
    again = company.finance.rest.post(path, json={"budget_id": small["id"]})
    assert (again.status_code, again.json()["state"], again.json()["grant"]["amount"]) == (409, "granted", "999.99")


def test_an_answered_request_stays_answered(company: Company) -> None:
    _, answer = granted(company)
    withdrawn = request(company.employee, approved(company))
    assert made(company.employee, f"/resource-requests/{withdrawn['id']}/withdraw")["state"] == "withdrawn"
    before = everything(company)
    for id in (answer["id"], withdrawn["id"]):
        assert status(company.finance, f"/resource-requests/{id}/decline", reason="不") == 409
        assert company.employee.rest.post(f"/resource-requests/{id}/withdraw").status_code == 409
    assert everything(company) == before


def test_a_withdrawn_idea_gets_nothing_but_gives_back(company: Company) -> None:
    source, answer = granted(company)
    idea, grant = answer["idea_id"], f"/resource-grants/{answer['grant']['id']}"
    asked = request(company.employee, idea)
    assert company.employee.rest.post(f"/ideas/{idea}/withdraw").status_code == 200
    before = everything(company)
    assert status(company.finance, f"/resource-requests/{asked['id']}/grant", budget_id=source["id"]) == 409
    assert status(company.employee, f"{grant}/use", amount=1) == 409
    assert everything(company) == before
    assert made(company.finance, f"{grant}/return")["returned"] == "1000.00"


def test_who_uses_and_returns(company: Company) -> None:
    _, answer = granted(company)
    grant = f"/resource-grants/{answer['grant']['id']}"
    before = everything(company)
    for actor in (company.outsider, company.reviewer):
        assert status(actor, f"{grant}/use", amount=1) == 403
        assert status(actor, f"{grant}/return", amount=1) == 403
    assert status(company.finance, f"{grant}/use", amount=1) == 403
    for amount in ("1000.01", 5000):
        over = company.employee.rest.post(f"{grant}/use", json={"amount": amount})
        assert (over.status_code, over.json()["available"]) == (409, "1000.00")
        assert status(company.employee, f"{grant}/return", amount=amount) == 409
    assert everything(company) == before
    assert made(company.employee, f"{grant}/use", amount=1000)["left"] == "0.00"
    assert company.employee.rest.get(f"/resource-requests/{answer['id']}").json()["state"] == "used_up"
    assert status(company.employee, f"{grant}/return") == 409


def test_a_wrong_entry_is_corrected_by_another(company: Company) -> None:
    source, answer = granted(company)
    grant, balance = f"/resource-grants/{answer['grant']['id']}", f"/budgets/{source['id']}"
    made(company.employee, f"{grant}/use", amount=700)
    made(company.employee, f"{grant}/return", amount=300)
    returned, used = company.employee.rest.get(f"{grant}/entries").json()["items"]
    fixed = made(company.employee, f"/resource-entries/{used['id']}/correct", amount=600, reason="重复入账")
    assert (fixed["amount"], fixed["corrects"], fixed["kind"]) == ("-100.00", used["id"], "used")
    assert company.employee.rest.get(grant).json()["left"] == "100.00"
    assert company.employee.rest.get(f"/resource-requests/{answer['id']}").json()["state"] == "granted"
    made(company.finance, f"/resource-entries/{returned['id']}/correct", amount="250.50", reason="少还了")
    assert company.finance.rest.get(balance).json()["balance"] == "9250.50"
    now = company.employee.rest.get(grant).json()
    assert (now["used"], now["returned"], now["left"]) == ("600.00", "250.50", "149.50")
    before = everything(company)
    for id, amount, expected in ((used["id"], 750, 409), (used["id"], 600, 409), (fixed["id"], 1, 409)):
        assert status(company.employee, f"/resource-entries/{id}/correct", amount=amount, reason="再改") == expected
    assert status(company.outsider, f"/resource-entries/{used['id']}/correct", amount=1, reason="乱改") == 403
    assert status(company.employee, f"/resource-entries/{uuid4()}/correct", amount=1, reason="没有") == 404
    assert everything(company) == before
    made(company.finance, f"{balance}/adjust", amount="-9250.50", reason="清零")
    taken = company.employee.rest.post(
        f"/resource-entries/{returned['id']}/correct", json={"amount": 200, "reason": "还多了"}
    )
    assert (taken.status_code, taken.json()["available"]) == (409, "0.00"), "what came back was given away since"


@pytest.mark.parametrize(
    "fields, pointer",
    [
        ({"amount": "-1"}, "/amount"),
        ({"amount": "0"}, "/amount"),
        ({"amount": "1.999"}, "/amount"),
        ({"amount": "NaN"}, "/amount"),
        ({"currency": "XYZ"}, "/currency"),
        ({"currency": None}, "/currency"),
        ({"needed_by": "2020-01-01"}, "/needed_by"),
        ({"needed_by": "2026-02-30"}, "/needed_by"),
        ({"purpose": "   "}, "/purpose"),
        ({"purpose": None}, "/purpose"),
        ({"kind": "people"}, "/kind"),
    ],
)
def test_wrong_requests_are_refused_with_the_place(company: Company, fields: dict[str, Any], pointer: str) -> None:
    idea = approved(company)
    body = {"kind": "money", "currency": "CNY", "amount": "10.00", "purpose": "夹具"} | fields
    before = everything(company)
    response = company.employee.rest.post(f"/ideas/{idea}/resource-requests", json=body)
    assert response.status_code == 422, response.text
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert everything(company) == before


def test_requests_to_decide_on_are_a_list(company: Company) -> None:
    asked = request(company.employee, approved(company))
    hours = request(company.employee, approved(company), "3", kind="hours", currency=None)

    def ids(**filters: str) -> list[str]:
        items = company.finance.rest.get("/resource-requests", params={"limit": 100, **filters}).json()["items"]
        return [item["id"] for item in items]

    assert ids(state="requested")[:2] == [hours["id"], asked["id"]]
    assert ids(kind="hours")[0] == hours["id"]
    assert asked["id"] not in ids(state="declined")
    query = """query($f: ResourceRequestFilter) { resourceRequests(filter: $f) { nodes { id permissions } } }"""
    found = company.finance.data(query, f={"state": "requested", "kind": "hours"})["resourceRequests"]["nodes"]
    assert found[0] == {"id": hours["id"], "permissions": ["grant", "decline"]}


def test_what_happened_is_told_to_those_who_see_the_idea(company: Company) -> None:
    _, answer = granted(company)
    made(company.employee, f"/resource-grants/{answer['grant']['id']}/use", amount="12.50")
    company.server.settled()
    told = company.server.sql(
        "SELECT happened, payload FROM journal WHERE content_id = $1 AND happened LIKE 'resources%' ORDER BY number",
        answer["idea_id"],
    )
    assert [row["happened"] for row in told] == ["resources_requested", "resources_granted", "resources_used"]
    assert '"amount":"12.50"' in told[-1]["payload"].replace(" ", "")


def test_an_unnamed_author_asks_uses_and_returns_unnamed(company: Company) -> None:
    author = company.hire("匿名作者", "sales")
    source, idea = budget(company), approved(company, author, anonymous=True)
    asked = request(author, idea)
    grant = made(company.finance, f"/resource-requests/{asked['id']}/grant", budget_id=source["id"])["grant"]["id"]
    made(author, f"/resource-grants/{grant}/use", amount=100)
    made(author, f"/resource-grants/{grant}/return", amount=900)
    entry = author.rest.get(f"/resource-grants/{grant}/entries").json()["items"][0]
    made(author, f"/resource-entries/{entry['id']}/correct", amount=800, reason="记错")
    tables = {"resource_request": "content_id", "resource_grant": "content_id", "resource_entry": "content_id"}
    tables |= {"journal": "content_id", "budget_entry": "budget_id"}
    for table, column in tables.items():
        of = source["id"] if column == "budget_id" else idea
        rows = company.server.sql(f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE {column} = $1", of)
        assert rows
        assert not any(str(author.id) in row["row"] for row in rows), table
    for entry in company.finance.rest.get(f"/budgets/{source['id']}/entries").json()["items"][:2]:
        assert "T00:00:00" in entry["created_at"], "the day and not the time"


# ---- two at once, and anything at all -------------------------------------------------------------------------------


def test_two_grants_at_once_cannot_overdraw(company: Company) -> None:
    source = budget(company, amount=1000)
    asked = [request(company.employee, approved(company), "400") for _ in range(6)]

    def grant(one: dict[str, Any]) -> int:
        return status(company.finance, f"/resource-requests/{one['id']}/grant", budget_id=source["id"])

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(grant, asked))
    assert answers == [200, 200, 409, 409, 409, 409]
    assert company.finance.rest.get(f"/budgets/{source['id']}").json()["balance"] == "200.00"
    ledger = company.finance.rest.get(f"/budgets/{source['id']}/entries").json()["items"]
    assert [entry["balance"] for entry in ledger] == ["200.00", "600.00", "1000.00"]


def test_one_request_is_granted_once(company: Company) -> None:
    source, asked = budget(company), request(company.employee, approved(company))
    with ThreadPoolExecutor(4) as threads:
        path = f"/resource-requests/{asked['id']}/grant"
        answers = list(
            threads.map(lambda _: company.finance.rest.post(path, json={"budget_id": source["id"]}), range(4))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert all("grant" in a.json() for a in answers if a.status_code == 409), "the losers are told the answer"
    assert company.finance.rest.get(f"/budgets/{source['id']}").json()["balance"] == "9000.00"


CENTS = st.integers(1, 60_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")


def test_the_ledger_always_adds_up(company: Company) -> None:
    """Whatever is granted, used, returned, corrected and adjusted, in whatever order."""

    class Ledger(RuleBasedStateMachine):
        @initialize(amount=CENTS)
        def open(self, amount: str) -> None:
            self.source = budget(company, amount=amount)["id"]
            self.idea, self.balance = approved(company), Decimal(amount)
            self.grants: dict[str, list[Decimal]] = {}

        @rule(amount=CENTS)
        def grant(self, amount: str) -> None:
            asked = request(company.employee, self.idea, amount)
            path = f"/resource-requests/{asked['id']}/grant"
            response = company.finance.rest.post(path, json={"budget_id": self.source})
            fits = Decimal(amount) <= self.balance
            assert response.status_code == (200 if fits else 409)
            if fits:
                self.balance -= Decimal(amount)
                self.grants[response.json()["grant"]["id"]] = [Decimal(amount), Decimal(0), Decimal(0)]

        @rule(amount=CENTS, use=st.booleans(), which=st.integers(0, 9))
        def spend(self, amount: str, use: bool, which: int) -> None:
            if not self.grants:
                return
            id = list(self.grants)[which % len(self.grants)]
            given, used, returned = self.grants[id]
            fits = Decimal(amount) <= given - used - returned
            done = status(company.employee, f"/resource-grants/{id}/{'use' if use else 'return'}", amount=amount)
            assert done == (200 if fits else 409)
            if fits:
                self.grants[id][1 if use else 2] += Decimal(amount)
                self.balance += 0 if use else Decimal(amount)

        @rule(amount=CENTS, which=st.integers(0, 9))
        def correct(self, amount: str, which: int) -> None:
            entries = [e for id in self.grants for e in self._entries(id) if e["corrects"] is None]
            if not entries:
                return
            entry = entries[which % len(entries)]
            given, used, returned = self.grants[entry["grant_id"]]
            now = sum(
                Decimal(e["amount"])
                for e in self._entries(entry["grant_id"])
                if entry["id"] in (e["id"], e["corrects"])
            )
            more = Decimal(amount) - now
            is_return = entry["kind"] == "returned"
            fits = more != 0 and more <= given - used - returned and (not is_return or self.balance + more >= 0)
            path = f"/resource-entries/{entry['id']}/correct"
            done = status(company.employee, path, amount=amount, reason="更正")
            assert done == (201 if fits else 409)
            if fits:
                self.grants[entry["grant_id"]][2 if is_return else 1] += more
                self.balance += more if is_return else 0

        @rule(amount=CENTS, sign=st.sampled_from(["", "-"]))
        def adjust(self, amount: str, sign: str) -> None:
            change = Decimal(sign + amount)
            done = status(company.finance, f"/budgets/{self.source}/adjust", amount=sign + amount, reason="调整")
            assert done == (200 if self.balance + change >= 0 else 409)
            self.balance += change if done == 200 else 0

        def _entries(self, grant: str) -> list[dict[str, Any]]:
            page = company.employee.rest.get(f"/resource-grants/{grant}/entries", params={"limit": 100})
            items: list[dict[str, Any]] = page.json()["items"]
            return items

        @invariant()
        def adds_up(self) -> None:
            if not hasattr(self, "source"):
                return
            shown = company.finance.rest.get(f"/budgets/{self.source}").json()
            ledger = company.finance.rest.get(f"/budgets/{self.source}/entries", params={"limit": 100}).json()["items"]
            total = sum(Decimal(entry["amount"]) for entry in ledger)
            assert Decimal(shown["balance"]) == total == self.balance >= 0
            assert Decimal(shown["amount"]) == sum(
                Decimal(e["amount"]) for e in ledger if e["kind"] in ("opened", "adjusted")
            )
            for id, (given, used, returned) in self.grants.items():
                grant = company.employee.rest.get(f"/resource-grants/{id}").json()
                assert [Decimal(grant[name]) for name in ("amount", "used", "returned")] == [given, used, returned]
                assert used + returned <= given

    run_state_machine_as_test(
        Ledger,
        settings=settings(max_examples=6, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )
