"""Setting up, changing and adjusting budgets, and the one way their balances change."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm.util import identity_key

from kshare.core.access import Permission
from kshare.core.amounts import HOURS, PIECES, check_places
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.writing import Expected, Work, apply, command
from kshare.people.models import DepartmentRow, PersonRow
from kshare.resources.models import BudgetEntryRow, BudgetRow
from kshare.resources.reads import BUDGET_GUARD
from kshare.resources.shapes import (
    AdjustBudget,
    BudgetAdjusted,
    BudgetChanged,
    BudgetCreated,
    BudgetEntryKind,
    BudgetHappened,
    CreateBudget,
    ResourceKind,
    UpdateBudget,
)


def unit_of(kind: ResourceKind, currency: str | None, amount: Decimal) -> str:
    """What amounts of this kind count; raises 422 for money without a currency, for a currency of anything else, and
    for fractions of what is counted in whole."""
    if kind is ResourceKind.money and currency is None:
        raise invalid("/currency", "currency_missing", "Money needs a currency.")
    if kind is not ResourceKind.money and currency is not None:
        raise invalid("/currency", "currency_unused", "Only money has a currency.")
    unit = currency or (PIECES if kind is ResourceKind.equipment else HOURS)
    check_places(amount, unit, "/amount")
    return unit


@command(Permission.budget_manage)
async def create_budget(work: Work, ask: CreateBudget) -> UUID:
    """A new budget with its first entry."""
    unit = unit_of(ask.kind, ask.currency, ask.amount)
    owner = ask.owner_id or work.principal.id
    await _check_owner(work, owner)
    await _check_department(work, ask.department_id)
    starts_on = ask.starts_on or work.today
    _check_days(starts_on, ask.ends_on)
    budget = BudgetRow(
        id=new_id(),
        name=ask.name,
        kind=ask.kind.value,
        unit=unit,
        amount=ask.amount,
        balance=Decimal(0),
        entries=0,
        owner_id=owner,
        department_id=ask.department_id,
        starts_on=starts_on,
        ends_on=ask.ends_on,
        created_at=work.now,
    )
    work.add(budget)
    await work.flush()
    await change_balance(work, budget.id, ask.amount, BudgetEntryKind.opened)
    _tell(work, budget, BudgetCreated(budget_id=budget.id, kind=budget.kind))
    return budget.id


@command(Permission.budget_manage)
async def update_budget(work: Work, id: UUID, ask: UpdateBudget, version: Expected) -> UUID:
    """Changes what was sent; amounts are adjusted instead."""
    budget = await work.load(BUDGET_GUARD, id, "edit", version=version)
    changes = ask.changes()
    if "owner_id" in changes:
        await _check_owner(work, changes["owner_id"])
    await _check_department(work, changes.get("department_id"))
    _check_days(changes.get("starts_on", budget.starts_on), changes.get("ends_on", budget.ends_on))
    before = budget.owner_id
    if changed := apply(budget, changes):
        _tell(work, budget, BudgetChanged(budget_id=id, fields=changed), before)
    return id


@command(Permission.budget_manage)
async def adjust_budget(work: Work, id: UUID, ask: AdjustBudget, version: Expected = None) -> UUID:
    """Raises or cuts a budget, by no more than what is left of it."""
    budget = await work.load(BUDGET_GUARD, id, "adjust", version=version)
    if ask.amount == 0:
        raise invalid("/amount", "value_error", "By nothing is no adjustment.")
    check_places(ask.amount, budget.unit, "/amount")
    await change_balance(work, id, ask.amount, BudgetEntryKind.adjusted, note=ask.reason, total=ask.amount)
    _tell(work, budget, BudgetAdjusted(budget_id=id, amount=ask.amount))
    return id


async def change_balance(
    work: Work,
    budget_id: UUID,
    amount: Decimal,
    kind: BudgetEntryKind,
    *,
    grant_id: UUID | None = None,
    note: str | None = None,
    total: Decimal = Decimal(0),
    person_id: UUID | None = None,
    at: datetime | None = None,
    id: UUID | None = None,
) -> None:
    """Adds to a balance, or takes from it, and writes the entry; raises 409 with what there is when it is too little.

    One statement looks and changes, so that of two grants that are too much together the later one is refused.
    """
    change = (
        update(BudgetRow)
        .where(BudgetRow.id == budget_id, BudgetRow.balance + amount >= 0)
        .values(
            balance=BudgetRow.balance + amount,
            amount=BudgetRow.amount + total,
            entries=BudgetRow.entries + 1,
            version=BudgetRow.version + 1,
        )
        .returning(BudgetRow.balance, BudgetRow.entries)
        .execution_options(synchronize_session=False)
    )
    done = (await work.session.execute(change)).one_or_none()
    # Another command of the same request must not find the row as it was before.
    key = identity_key(BudgetRow, budget_id)
    if key in work.session.identity_map:
        work.session.expunge(work.session.identity_map[key])
    if done is None:
        held = select(BudgetRow.balance, BudgetRow.unit).where(BudgetRow.id == budget_id)
        left = (await work.session.execute(held)).one()
        raise DomainError(
            "conflict",
            f"The budget has only {left.balance} {left.unit} left.",
            extra={"available": str(left.balance), "unit": left.unit},
        )
    work.append(
        BudgetEntryRow,
        id=id or new_id(),
        budget_id=budget_id,
        number=done.entries,
        kind=kind.value,
        amount=amount,
        balance=done.balance,
        grant_id=grant_id,
        note=note,
        person_id=person_id or work.principal.id,
        created_at=at or work.now,
    )


async def _check_owner(work: Work, person_id: UUID) -> None:
    query = select(PersonRow.id).where(PersonRow.id == person_id, PersonRow.kind != "system", PersonRow.active)
    if (await work.session.execute(query)).first() is None:
        raise invalid("/owner_id", "unknown_reference", "There is no such person, or the person has left.")


async def _check_department(work: Work, department_id: UUID | None) -> None:
    if department_id is not None and await work.session.get(DepartmentRow, department_id) is None:
        raise invalid("/department_id", "unknown_reference", "There is no such department.")


def _check_days(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise invalid("/ends_on", "value_error", "It cannot end before it starts.")


def _tell(work: Work, budget: BudgetRow, event: BudgetHappened, *others: UUID) -> None:
    """Its owner hears of it, and who did it."""
    work.record(event, budget.id, list(dict.fromkeys((budget.owner_id, work.principal.id, *others))))
