"""What becomes of a grant: used, returned, corrected."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from kshare.content.authorship import acting_at, acting_id, acting_person, tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.amounts import check_places
from kshare.core.errors import DomainError, not_found
from kshare.core.writing import Expected, Work, command
from kshare.ideas.commands.carrying import check_underway, load_with_idea
from kshare.resources.commands.budgets import change_balance
from kshare.resources.models import BudgetRow, ResourceEntryRow, ResourceGrantRow, ResourceRequestRow
from kshare.resources.reads import GRANT_GUARD
from kshare.resources.shapes import (
    BudgetEntryKind,
    CorrectResourceEntry,
    ResourceEntryCorrected,
    ResourceEntryKind,
    ResourcesReturned,
    ResourcesUsed,
    ReturnResources,
    UseResources,
)


@command(Permission.idea_propose)
async def use_resource_grant(work: Work, id: UUID, ask: UseResources, version: Expected = None) -> UUID:
    """Enters that some of a grant was used."""
    grant, idea = await load_with_idea(work, GRANT_GUARD, id, "use", version=version)
    check_underway(idea)
    await _check_left(work, grant, ask.amount)
    grant.used += ask.amount
    await _enter(work, grant, idea, ResourceEntryKind.used, ask.amount, ask.note)
    tell(work, idea, ResourcesUsed(content_id=idea.id, grant_id=id, amount=ask.amount))
    return id


@command(Permission.idea_propose)
async def return_resource_grant(work: Work, id: UUID, ask: ReturnResources, version: Expected = None) -> UUID:
    """Gives some of a grant, or what is left of it, back to its budget; also for an idea that is not done after all."""
    grant, idea = await load_with_idea(work, GRANT_GUARD, id, "return", version=version)
    amount = _left(grant) if ask.amount is None else ask.amount
    await _check_left(work, grant, amount)
    grant.returned += amount
    await _enter(work, grant, idea, ResourceEntryKind.returned, amount, ask.note)
    await _give_back(work, grant, idea, amount, BudgetEntryKind.returned, ask.note)
    tell(work, idea, ResourcesReturned(content_id=idea.id, grant_id=id, amount=amount))
    return id


@command(Permission.idea_propose)
async def correct_resource_entry(work: Work, id: UUID, ask: CorrectResourceEntry) -> UUID:
    """Enters by how much another entry was wrong; answers the new one. A return that was too much is taken from the
    budget again, if it still has as much."""
    wrong = await _entry(work, id)
    grant, idea = await load_with_idea(work, GRANT_GUARD, wrong.grant_id, "correct")
    if wrong.corrects is not None:
        raise DomainError(
            "conflict",
            "This is a correction itself; correct the entry it corrects.",
            extra={"corrects": str(wrong.corrects)},
        )
    corrections = select(func.coalesce(func.sum(ResourceEntryRow.amount), 0)).where(ResourceEntryRow.corrects == id)
    difference: Decimal = ask.amount - wrong.amount - (await work.session.execute(corrections)).scalar_one()
    if difference == 0:
        raise DomainError("conflict", f"It says {ask.amount} already.")
    await _check_left(work, grant, difference)
    if wrong.kind == ResourceEntryKind.used.value:
        grant.used += difference
    else:
        grant.returned += difference
    kind = ResourceEntryKind(wrong.kind)
    entry = await _enter(work, grant, idea, kind, difference, ask.reason, corrects=id)
    if kind is ResourceEntryKind.returned:
        await _give_back(work, grant, idea, difference, BudgetEntryKind.corrected, ask.reason)
    event = ResourceEntryCorrected(content_id=idea.id, grant_id=grant.id, entry_id=id, amount=ask.amount)
    tell(work, idea, event)
    return entry


async def _entry(work: Work, id: UUID) -> ResourceEntryRow:
    """An entry of a grant that the caller sees; entries never change, so it needs no lock."""
    seen = GRANT_GUARD.visible(ResourceEntryRow)
    assert seen is not None
    query = select(ResourceEntryRow).where(ResourceEntryRow.id == id, seen)
    entry = (await work.session.execute(query, work.principal.binds)).scalar_one_or_none()
    if entry is None:
        raise not_found("resource entry")
    return entry


def _left(grant: ResourceGrantRow) -> Decimal:
    return grant.amount - grant.used - grant.returned


async def _check_left(work: Work, grant: ResourceGrantRow, amount: Decimal) -> None:
    """Raises 409 with what is left when that is less than `amount`, and 422 for a fraction of what has none."""
    budget = select(BudgetRow.unit).where(BudgetRow.id == grant.budget_id)
    unit = (await work.session.execute(budget)).scalar_one()
    check_places(amount, unit, "/amount")
    left = _left(grant)
    if amount > left or left == amount == 0:
        message = f"Only {left} {unit} of the grant are left." if left else "Nothing of the grant is left."
        raise DomainError("conflict", message, extra={"available": str(left), "unit": unit})


async def _enter(
    work: Work,
    grant: ResourceGrantRow,
    idea: ContentRow,
    kind: ResourceEntryKind,
    amount: Decimal,
    note: str | None,
    corrects: UUID | None = None,
) -> UUID:
    """Writes an entry of a grant that was loaded for it, and what its request has come to."""
    grant.entries += 1
    entry = acting_id(work, idea)
    work.append(
        ResourceEntryRow,
        id=entry,
        grant_id=grant.id,
        content_id=grant.content_id,
        number=grant.entries,
        kind=kind.value,
        amount=amount,
        corrects=corrects,
        note=note,
        person_id=acting_person(work, idea),
        created_at=acting_at(work, idea),
    )
    query = select(ResourceRequestRow).where(ResourceRequestRow.id == grant.request_id).with_for_update(key_share=True)
    request = (await work.session.execute(query)).scalar_one()
    request.state = "granted" if _left(grant) else "returned" if grant.returned else "used_up"
    return entry


async def _give_back(
    work: Work, grant: ResourceGrantRow, idea: ContentRow, amount: Decimal, kind: BudgetEntryKind, note: str | None
) -> None:
    await work.flush()
    await change_balance(
        work,
        grant.budget_id,
        amount,
        kind,
        grant_id=grant.id,
        note=note,
        person_id=acting_person(work, idea),
        at=acting_at(work, idea),
        id=acting_id(work, idea),
    )
