"""Who sees budgets, requests and grants, who may do what with them, and their lists.

Requests and grants are seen by whoever sees the idea; budgets by their owner and by those who manage budgets. A grant
shows its budget's name to all who see the grant. Nobody grants anything to an idea of their own.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, literal_column, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.visibility import visible_through_content
from kshare.core.access import Permission
from kshare.core.amounts import as_text, exact
from kshare.core.reading import Alias, Filter, Listing, One, Order, View, Viewer, allowed_list, constant
from kshare.core.writing import Guard
from kshare.ideas.reads.idea import IDEA, is_own, is_underway, may_carry_out, of_idea
from kshare.people.reads import DEPARTMENT, PERSON
from kshare.resources.models import (
    BudgetEntryRow,
    BudgetRow,
    ResourceEntryRow,
    ResourceGrantRow,
    ResourceRequestRow,
)
from kshare.resources.shapes import Budget, BudgetEntry, ResourceEntry, ResourceGrant, ResourceRequest


def _manages(_: Alias) -> ColumnElement[bool]:
    return Viewer.holds(Permission.budget_manage)


def _grants_from(row: Alias) -> ColumnElement[bool]:
    return or_(Viewer.holds(Permission.budget_manage), row.owner_id == Viewer.id)


_carries_out = of_idea(may_carry_out)
_of_others = of_idea(lambda idea: not_(is_own(idea)))
_underway = of_idea(is_underway)


def _has_budget(row: Alias) -> ColumnElement[bool]:
    """Somebody who could answer the request: manages budgets, or owns one of this kind and unit."""
    budget = aliased(BudgetRow)
    owned = select(budget.id).where(budget.owner_id == Viewer.id, budget.kind == row.kind, budget.unit == row.unit)
    return or_(Viewer.holds(Permission.budget_manage), owned.exists())


def _decides(row: Alias) -> ColumnElement[bool]:
    return and_(_has_budget(row), _of_others(row))


def _grants_of(row: Alias) -> ColumnElement[bool]:
    """The people of the budget a grant came from; for an entry, of its grant's."""
    budget = aliased(BudgetRow)
    owned = select(budget.id).where(budget.id == row.budget_id, budget.owner_id == Viewer.id)
    return or_(Viewer.holds(Permission.budget_manage), owned.exists())


def _returns(row: Alias) -> ColumnElement[bool]:
    return or_(_carries_out(row), and_(_grants_of(row), _of_others(row)))


def _open(row: Alias) -> ColumnElement[bool]:
    waiting: ColumnElement[bool] = row.state == constant("requested")
    return waiting


def _left(row: Alias) -> Any:
    return row.amount - row.used - row.returned


def _something_left(row: Alias) -> ColumnElement[bool]:
    some: ColumnElement[bool] = _left(row) > literal_column("0")
    return some


BUDGET_GUARD = Guard("budget", BudgetRow, _grants_from, {"edit": _manages, "adjust": _manages, "grant": _grants_from})
REQUEST_GUARD = Guard(
    "resource request",
    ResourceRequestRow,
    visible_through_content,
    {"grant": _decides, "decline": _decides, "withdraw": _carries_out},
    states={"grant": lambda row: and_(_open(row), _underway(row)), "decline": _open, "withdraw": _open},
)
GRANT_GUARD = Guard(
    "resource grant",
    ResourceGrantRow,
    visible_through_content,
    {"use": _carries_out, "return": _returns, "correct": _returns},
    states={
        "use": lambda row: and_(_something_left(row), _underway(row)),
        "return": _something_left,
        "correct": lambda row: row.entries > literal_column("0"),
    },
)

BUDGET = View(
    "budget",
    Budget,
    BudgetRow,
    _grants_from,
    {
        "amount": exact("amount"),
        "balance": exact("balance"),
        "owner": One(PERSON, on=lambda row, person: person.id == row.owner_id),
        "department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id),
        "permissions": lambda row: allowed_list(BUDGET_GUARD.rules_for(row)),
    },
)
BUDGETS = Listing(
    "budgets",
    BUDGET,
    filters={
        "kind": Filter(Text, lambda row, value: row.kind == value),
        "owner": Filter(Uuid, lambda row, value: row.owner_id == value),
        "department": Filter(Uuid, lambda row, value: row.department_id == value),
    },
    orders={"name": Order((("name", str), ("id", UUID)), "By name.", descending=False)},
    default_order="name",
)


def _visible_with_budget(row: Alias) -> ColumnElement[bool]:
    budget = aliased(BudgetRow)
    return select(budget.id).where(budget.id == row.budget_id, _grants_from(budget)).exists()


BUDGET_ENTRY = View(
    "budget entry",
    BudgetEntry,
    BudgetEntryRow,
    _visible_with_budget,
    {
        "amount": exact("amount"),
        "balance": exact("balance"),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
    },
)
NEWEST_NUMBER = Order((("number", int), ("id", UUID)), "The last one first.")
BUDGET_ENTRIES = Listing(
    "budget_entries",
    BUDGET_ENTRY,
    of=("budget", BUDGET),
    filters={"budget": Filter(Uuid, lambda row, value: row.budget_id == value)},
    orders={"newest": NEWEST_NUMBER},
    default_order="newest",
)


def _budget_name(row: Alias) -> ColumnElement[Any]:
    budget = aliased(BudgetRow)
    return select(budget.name).where(budget.id == row.budget_id).scalar_subquery()


def _unit(row: Alias) -> ColumnElement[Any]:
    budget = aliased(BudgetRow)
    return select(budget.unit).where(budget.id == row.budget_id).scalar_subquery()


RESOURCE_GRANT = View(
    "resource grant",
    ResourceGrant,
    ResourceGrantRow,
    visible_through_content,
    {
        "idea_id": lambda row: row.content_id,
        "budget_name": _budget_name,
        "unit": _unit,
        "amount": exact("amount"),
        "used": exact("used"),
        "returned": exact("returned"),
        "left": lambda row: as_text(_left(row)),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "permissions": lambda row: allowed_list(GRANT_GUARD.rules_for(row)),
    },
)

RESOURCE_ENTRY = View(
    "resource entry",
    ResourceEntry,
    ResourceEntryRow,
    visible_through_content,
    {
        "amount": exact("amount"),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
    },
)
RESOURCE_ENTRIES = Listing(
    "resource_entries",
    RESOURCE_ENTRY,
    of=("grant", RESOURCE_GRANT),
    filters={"grant": Filter(Uuid, lambda row, value: row.grant_id == value)},
    orders={"newest": NEWEST_NUMBER},
    default_order="newest",
)

RESOURCE_REQUEST = View(
    "resource request",
    ResourceRequest,
    ResourceRequestRow,
    visible_through_content,
    {
        "idea_id": lambda row: row.content_id,
        "amount": exact("amount"),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "decided_by": One(PERSON, on=lambda row, person: person.id == row.decided_by),
        "grant": One(RESOURCE_GRANT, on=lambda row, grant: grant.request_id == row.id, seen_with_parent=True),
        "permissions": lambda row: allowed_list(REQUEST_GUARD.rules_for(row)),
    },
)
_NEWEST = {"newest": Order((("created_at", datetime), ("id", UUID)), "The last that was asked first.")}
RESOURCE_REQUESTS = Listing(
    "resource_requests",
    RESOURCE_REQUEST,
    filters={
        "state": Filter(Text, lambda row, value: row.state == value),
        "kind": Filter(Text, lambda row, value: row.kind == value),
    },
    orders=_NEWEST,
    default_order="newest",
)
IDEA_RESOURCE_REQUESTS = Listing(
    "idea_resource_requests",
    RESOURCE_REQUEST,
    of=("idea", IDEA),
    filters={"idea": Filter(Uuid, lambda row, value: row.content_id == value)},
    orders=_NEWEST,
    default_order="newest",
)
