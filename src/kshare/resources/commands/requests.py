"""Asking for resources, and answering."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from kshare.content.authorship import acting_at, acting_id, acting_person, tell
from kshare.core.access import Permission
from kshare.core.amounts import check_places
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.writing import Expected, Work, command
from kshare.ideas.commands.carrying import check_underway, load_carried_out, load_with_idea
from kshare.resources.commands.budgets import change_balance, unit_of
from kshare.resources.models import BudgetRow, ResourceGrantRow, ResourceRequestRow
from kshare.resources.reads import BUDGET_GUARD, REQUEST_GUARD
from kshare.resources.shapes import (
    BudgetEntryKind,
    DeclineResources,
    GrantResources,
    RequestResources,
    ResourceRequestWithdrawn,
    ResourcesDeclined,
    ResourcesGranted,
    ResourcesRequested,
)


@command(Permission.idea_propose)
async def request_resources(work: Work, idea_id: UUID, ask: RequestResources) -> UUID:
    """Asks for something that an approved idea needs."""
    idea = await load_carried_out(work, idea_id)
    unit = unit_of(ask.kind, ask.currency, ask.amount)
    if ask.needed_by is not None and ask.needed_by <= work.today:
        raise invalid("/needed_by", "in_the_past", "This must be a day to come.")
    request = ResourceRequestRow(
        id=acting_id(work, idea),
        content_id=idea.id,
        kind=ask.kind.value,
        unit=unit,
        amount=ask.amount,
        purpose=ask.purpose,
        needed_by=ask.needed_by,
        state="requested",
        person_id=acting_person(work, idea),
        created_at=acting_at(work, idea),
    )
    work.add(request)
    await work.flush()
    event = ResourcesRequested(
        content_id=idea.id, request_id=request.id, kind=request.kind, unit=unit, amount=ask.amount
    )
    tell(work, idea, event)
    return request.id


@command(Permission.idea_propose)
async def grant_resource_request(work: Work, id: UUID, ask: GrantResources, version: Expected = None) -> UUID:
    """Grants a request, or a part of it, from a budget that has as much."""
    request, idea = await load_with_idea(work, REQUEST_GUARD, id, "grant", version=version)
    await _check_open(work, request)
    check_underway(idea)
    amount = request.amount if ask.amount is None else ask.amount
    check_places(amount, request.unit, "/amount")
    if amount > request.amount:
        raise invalid("/amount", "more_than_asked", f"Only {request.amount} {request.unit} were asked for.")
    budget = await _budget(work, ask.budget_id)
    if (budget.kind, budget.unit) != (request.kind, request.unit):
        message = f"The budget holds {budget.kind} in {budget.unit}; asked for are {request.kind} in {request.unit}."
        raise invalid("/budget_id", "unit_mismatch", message)
    _check_days(budget, work.today)
    grant = ResourceGrantRow(
        id=new_id(),
        request_id=request.id,
        content_id=request.content_id,
        budget_id=budget.id,
        amount=amount,
        used=Decimal(0),
        returned=Decimal(0),
        entries=0,
        person_id=work.principal.id,
        note=ask.note,
        created_at=work.now,
    )
    work.add(grant)
    request.state, request.decided_by, request.decided_at = "granted", work.principal.id, work.now
    await work.flush()
    await change_balance(work, budget.id, -amount, BudgetEntryKind.granted, grant_id=grant.id, note=ask.note)
    event = ResourcesGranted(
        content_id=idea.id, request_id=request.id, grant_id=grant.id, unit=request.unit, amount=amount
    )
    tell(work, idea, event)
    return request.id


@command(Permission.idea_propose)
async def decline_resource_request(work: Work, id: UUID, ask: DeclineResources, version: Expected = None) -> UUID:
    """Declines a request, with a reason."""
    request, idea = await load_with_idea(work, REQUEST_GUARD, id, "decline", version=version)
    await _check_open(work, request)
    request.state, request.decided_by, request.decided_at = "declined", work.principal.id, work.now
    request.reason = ask.reason
    tell(work, idea, ResourcesDeclined(content_id=idea.id, request_id=request.id))
    return id


@command(Permission.idea_propose)
async def withdraw_resource_request(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Takes a request back that nobody has answered."""
    request, idea = await load_with_idea(work, REQUEST_GUARD, id, "withdraw", version=version)
    await _check_open(work, request)
    request.state = "withdrawn"
    tell(work, idea, ResourceRequestWithdrawn(content_id=idea.id, request_id=request.id))
    return id


async def _check_open(work: Work, request: ResourceRequestRow) -> None:
    """Raises 409 with the answer for a request that has one."""
    if request.state == "requested":
        return
    extra: dict[str, object] = {"state": request.state}
    given = select(ResourceGrantRow.id, ResourceGrantRow.amount).where(ResourceGrantRow.request_id == request.id)
    if (grant := (await work.session.execute(given)).one_or_none()) is not None:
        extra["grant"] = {"id": str(grant.id), "amount": str(grant.amount)}
    raise DomainError("conflict", f"The request is {request.state.replace('_', ' ')} already.", extra=extra)


async def _budget(work: Work, id: UUID) -> BudgetRow:
    """The budget, if the caller may grant from it: those who may see it may. Unlocked, for its balance is changed by
    a statement that looks as well; what is decided here (kind, unit) never changes."""
    query = select(BudgetRow).where(BudgetRow.id == id, BUDGET_GUARD.rules["grant"](BudgetRow))
    budget = (await work.session.execute(query, work.principal.binds)).scalar_one_or_none()
    if budget is None:
        raise invalid("/budget_id", "unknown_reference", "There is no such budget, or you may not grant from it.")
    return budget


def _check_days(budget: BudgetRow, day: date) -> None:
    if day < budget.starts_on:
        raise DomainError("conflict", f"The budget starts on {budget.starts_on}.")
    if budget.ends_on is not None and day > budget.ends_on:
        raise DomainError("conflict", f"The budget ended on {budget.ends_on}.")
