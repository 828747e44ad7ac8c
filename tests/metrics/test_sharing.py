"""The metrics of sharing as a company would meet them: through both doors, with the rows behind them."""

from typing import Any

from tests.conftest import Actor, Company
from tests.metrics.helpers import crowd, figures, rebuilt, rolled_up, today, values

MONTH = f"{today():%Y-%m}"
FLOW = """query($department: ID) { knowledgeFlow(departmentId: $department) {
  department { id name } departments { id name }
  items { period start end provisional cells { fromId toId pairs people reason } } } }"""


def rows(actor: Actor, metric: str) -> list[dict[str, Any]]:
    """The rows behind this month's value."""
    answer = actor.rest.get(f"/metrics/{metric}/rows", params={"period": MONTH, "limit": 100})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_items_are_read_thanked_for_and_linked_to(fresh: Company) -> None:
    authors = crowd(fresh, "rd", 6)
    items = [author.item() for author in authors]
    used = items[0]["id"]
    for reader in (authors[0], *authors[1:4]):
        assert reader.rest.post(f"/content/{used}/views", json={}).status_code < 300
        reader.rest.put(f"/content/{used}/reactions/thank")
    authors[1].item(body=f"参见[条目](/knowledge-items/{used})，以及 {used}")
    authors[0].item(body=f"参见 {used}")
    rolled_up(fresh.server)
    # Neither what an owner does with their own, nor a second link of the same content, counts.
    assert [values(fresh.employee, name)[-1]["numerator"] for name in ("item_views", "item_thanks", "item_links")] == [
        *(3, 3, 1)
    ]
    assert values(fresh.employee, "item_views")[-1]["denominator"] == 8


def test_who_links_is_told_to_those_who_see_it(fresh: Company) -> None:
    authors = crowd(fresh, "rd", 6)
    item, *_ = [author.item() for author in authors]
    hidden = [str(fresh.departments["rd"])]
    linking = authors[1].item(title="研发内部", body=str(item["id"]), audience=hidden)
    rolled_up(fresh.server)
    assert linking["id"] in [row["content"]["id"] for row in rows(fresh.colleague, "item_links") if row["numerator"]]
    assert not [row for row in rows(fresh.outsider, "item_links") if row["numerator"]]


def test_searches_are_told_without_rows(fresh: Company) -> None:
    people = crowd(fresh, "sales", 6)
    for number, person in enumerate(people):
        person.item(title="压力传感器校准")
        person.rest.get("/search", params={"q": "压力" if number else "不存在的词"})
    rolled_up(fresh.server)
    value = values(fresh.employee, "searches_without_hit")[-1]
    assert value["denominator"] == 6 and value["people"] == 6
    answer = fresh.hr.rest.get("/metrics/searches_without_hit/rows", params={"period": MONTH})
    assert answer.status_code == 404 and answer.json()["code"] == "not_found"
    query = 'query($p: String!) { metricRows(id: "searches_without_hit", period: $p) { nextCursor } }'
    assert fresh.hr.graphql(query, p=MONTH)["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_knowledge_flows_between_departments(fresh: Company) -> None:
    item = fresh.outsider.item()
    for reader in crowd(fresh, "rd_pressure", 5):
        assert reader.rest.post(f"/content/{item['id']}/views", json={}).status_code < 300
    # Four people are too few.
    other = fresh.colleague.item()
    for reader in crowd(fresh, "sales", 4):
        assert reader.rest.post(f"/content/{other['id']}/views", json={}).status_code < 300
    rolled_up(fresh.server)
    flow = fresh.employee.rest.get("/knowledge-flow").json()
    sales, rd = str(fresh.departments["sales"]), str(fresh.departments["rd"])
    assert {"root", "rd", "sales"} == {part["name"] for part in flow["departments"]} and len(flow["items"]) == 4
    cells = {(cell["from_id"], cell["to_id"]): cell for cell in flow["items"][-1]["cells"]}
    assert cells[sales, rd] | {"pairs": 5, "people": 5, "reason": None} == cells[sales, rd]
    assert cells[rd, sales]["reason"] == "too_few_people" and cells[rd, sales]["pairs"] is None
    shown = fresh.employee.data(FLOW, department=None)["knowledgeFlow"]
    assert shown["departments"] == [{"id": one["id"], "name": one["name"]} for one in flow["departments"]]
    assert [cell["pairs"] for cell in shown["items"][-1]["cells"]] == [c["pairs"] for c in flow["items"][-1]["cells"]]
    before = figures(fresh.server)
    rebuilt(fresh.server)
    assert figures(fresh.server) == before
