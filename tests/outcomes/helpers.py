"""Series and their values, for the tests of outcomes."""

from typing import Any
from uuid import UUID, uuid4

from tests.conftest import Actor, Company

PUT = """mutation($id: ID!, $input: PutOutcomeValuesInput!) { putOutcomeValues(id: $id, input: $input) {
  seriesId new corrected unchanged } }"""
_VALUE = "id seriesId department { id name } month value number current note person { id name } recordedAt"
_ASKED = "seriesId: $id, filter: $filter, first: 100, orderBy: oldest"
LISTS = f"""query($id: ID!, $filter: OutcomeValueFilter) {{
  outcomeValues({_ASKED}) {{ totalCount nodes {{ {_VALUE} }} }}
  outcomeHistory({_ASKED}) {{ totalCount nodes {{ {_VALUE} }} }} }}"""


def series(company: Company, **fields: Any) -> dict[str, Any]:
    """A new series of finance's."""
    body = {"name": f"研发周期 {uuid4().hex[:6]}", "unit": "天", "better": "lower"} | fields
    response = company.finance.rest.post("/outcome-series", json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def of(month: str, value: Any, department: UUID | None = None, **fields: Any) -> dict[str, Any]:
    """A value as it is sent; of the whole company unless a department is named."""
    named = {} if department is None else {"department_id": str(department)}
    return {"month": month, "value": value, **named, **fields}


def put(actor: Actor, series_id: str, *values: dict[str, Any]) -> tuple[int, int, int]:
    """How many were new, corrected and unchanged."""
    response = actor.rest.put(f"/outcome-series/{series_id}/values", json={"values": list(values)})
    assert response.status_code == 200, response.text
    count = response.json()
    assert count["series_id"] == series_id
    return count["new"], count["corrected"], count["unchanged"]


def put_by_graphql(actor: Actor, series_id: str, *values: dict[str, Any]) -> tuple[int, int, int]:
    """The same through the other door."""
    camel = [{"departmentId" if name == "department_id" else name: v for name, v in one.items()} for one in values]
    count = actor.data(PUT, id=series_id, input={"values": camel})["putOutcomeValues"]
    assert count["seriesId"] == series_id
    return count["new"], count["corrected"], count["unchanged"]


def seen(actor: Actor, series_id: str, **filters: Any) -> list[tuple[Any, ...]]:
    """What somebody sees of the present values, the first month first: (month, department, value)."""
    return [(one["month"], _name(one), one["value"]) for one in _listed(actor, series_id, "values", filters)]


def history(actor: Actor, series_id: str, **filters: Any) -> list[tuple[Any, ...]]:
    """What somebody sees of all that was said, in order: (month, department, number, value, whether it is current)."""
    return [
        (one["month"], _name(one), one["number"], one["value"], one["current"])
        for one in _listed(actor, series_id, "history", filters)
    ]


def _name(value: dict[str, Any]) -> str | None:
    return None if value["department"] is None else str(value["department"]["name"])


def _listed(actor: Actor, series_id: str, which: str, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """A list of values, which both doors show alike."""
    params = {"order": "oldest", "limit": 100, **filters}
    response = actor.rest.get(f"/outcome-series/{series_id}/{which}", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    shown = actor.data(LISTS, id=series_id, filter=filters)["outcome" + which.title()]
    assert shown["totalCount"] == len(items)
    for rest, graphql in zip(items, shown["nodes"], strict=True):
        assert graphql["department"] == (rest["department"] and {n: rest["department"][n] for n in ("id", "name")})
        assert graphql["person"]["id"] == rest["person"]["id"]
        assert graphql["seriesId"] == rest["series_id"]
        assert graphql["recordedAt"] == rest["recorded_at"]
        assert all(graphql[name] == rest[name] for name in ("id", "month", "value", "number", "current", "note"))
    return items
