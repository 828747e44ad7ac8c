"""The only code that changes benefits: claiming, committing, verifying, correcting.

The lock of the benefit's row decides who is first: whoever would give a figure that is there already is told which.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kshare.benefits.models import BenefitEntryRow, BenefitRow
from kshare.benefits.reads import BENEFIT_GUARD, ENTRY_GUARD, VERIFIABLE
from kshare.benefits.shapes import (
    BenefitClaimed,
    BenefitCommitted,
    BenefitCorrected,
    BenefitLevel,
    BenefitRevised,
    BenefitType,
    BenefitVerified,
    ClaimBenefit,
    CorrectFigure,
    Figure,
    GiveFigure,
    ReviseBenefit,
)
from kshare.content.authorship import acting_at, acting_id, acting_person, tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.amounts import HOURS, check_places
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Expected, Work, apply, command, stale
from kshare.ideas.commands.carrying import check_underway, load_carried_out, load_with_idea, standing
from kshare.ideas.commands.stages import move_idea


@command(Permission.idea_propose)
async def claim_benefit(work: Work, idea_id: UUID, ask: ClaimBenefit) -> UUID:
    """A benefit that those who carry the idea out expect of it."""
    idea = await load_carried_out(work, idea_id)
    unit = _unit_of(ask)
    _check_figure(ask, unit)
    currency = ask.cost_currency or ask.currency if ask.cost is not None else None
    if ask.cost is not None and currency is None:
        raise invalid("/cost_currency", "currency_missing", "Money needs a currency.")
    if ask.cost is None and ask.cost_currency is not None:
        raise invalid("/cost_currency", "currency_unused", "There is no cost.")
    check_places(ask.cost, currency or "", "/cost")
    benefit = BenefitRow(
        id=acting_id(work, idea),
        content_id=idea.id,
        type=ask.type.value,
        unit=unit,
        recurrence=ask.recurrence.value,
        starts_on=ask.starts_on,
        basis=ask.basis,
        cost=ask.cost,
        cost_currency=currency,
        person_id=acting_person(work, idea),
        version=1,
        created_at=acting_at(work, idea),
    )
    work.add(benefit)
    await work.flush()
    _enter(work, benefit, idea, BenefitLevel.claimed, ask.first_year, ask.months)
    event = BenefitClaimed(
        content_id=idea.id, benefit_id=benefit.id, type=benefit.type, unit=unit, first_year=ask.first_year
    )
    tell(work, idea, event)
    return benefit.id


@command(Permission.idea_propose)
async def revise_benefit(work: Work, id: UUID, ask: ReviseBenefit, version: Expected) -> UUID:
    """Changes the basis or the start of a claim, as long as nobody else stands for the benefit."""
    benefit, idea = await load_with_idea(work, BENEFIT_GUARD, id, "revise", version=version)
    check_underway(idea)
    for level in (BenefitLevel.committed, BenefitLevel.verified):
        if await _present(work, id, level) is not None:
            raise DomainError("conflict", f"The benefit is {level.value} already; what it rests on stays as it is.")
    if changed := apply(benefit, ask.changes()):
        tell(work, idea, BenefitRevised(content_id=idea.id, benefit_id=id, fields=changed))
    return id


@command(Permission.idea_manage)
async def commit_benefit(work: Work, id: UUID, ask: GiveFigure, version: Expected = None) -> UUID:
    """Commits to a figure, by whoever manages the idea."""
    benefit, idea = await load_with_idea(work, BENEFIT_GUARD, id, "commit")
    check_underway(idea)
    await _give(work, benefit, idea, BenefitLevel.committed, ask, version)
    event = BenefitCommitted(content_id=idea.id, benefit_id=id, unit=benefit.unit, first_year=ask.first_year)
    tell(work, idea, event)
    return id


@command(Permission.benefit_verify)
async def verify_benefit(work: Work, id: UUID, ask: GiveFigure, version: Expected = None) -> UUID:
    """Verifies a figure, by finance. The first benefit that is verified makes an implemented idea a verified one."""
    benefit, idea = await load_with_idea(work, BENEFIT_GUARD, id, "verify")
    if idea.state != "published" or idea.stage not in VERIFIABLE:
        detail = f"Benefits are verified once the idea is implemented; this one is {standing(idea)}."
        raise DomainError("conflict", detail)
    await _give(work, benefit, idea, BenefitLevel.verified, ask, version)
    event = BenefitVerified(content_id=idea.id, benefit_id=id, unit=benefit.unit, first_year=ask.first_year)
    tell(work, idea, event)
    if idea.stage == "implemented":
        await move_idea(work, idea, "verified")
    return id


@command(Permission.idea_propose)
async def correct_benefit_entry(work: Work, id: UUID, ask: CorrectFigure) -> UUID:
    """Puts another figure in the place of the present one, by those who could have given it; answers the new entry."""
    wrong, idea = await load_with_idea(work, ENTRY_GUARD, id, "correct")
    benefit = await work.load(BENEFIT_GUARD, wrong.benefit_id)
    level = BenefitLevel(wrong.level)
    present = await _present(work, benefit.id, level)
    assert present is not None
    if present.id != id:
        detail = "It was corrected already; only the present figure can be."
        raise DomainError("conflict", detail, extra={"entry": _shown(present)})
    _check_figure(ask, benefit.unit)
    _lift(benefit)
    entry = _enter(
        work, benefit, idea, level, ask.first_year, ask.months, ask.reason, corrects=id, number=present.number + 1
    )
    event = BenefitCorrected(
        content_id=idea.id,
        benefit_id=benefit.id,
        level=level.value,
        corrects=id,
        unit=benefit.unit,
        first_year=ask.first_year,
    )
    tell(work, idea, event)
    return entry


async def _give(
    work: Work, benefit: BenefitRow, idea: ContentRow, level: BenefitLevel, ask: GiveFigure, version: Expected
) -> None:
    """The first figure of a level for a loaded benefit; raises 409 with the entry when there is one already."""
    present = await _present(work, benefit.id, level)
    if present is not None:
        detail = f"It is {level.value} already; correct that figure if it is wrong."
        raise DomainError("conflict", detail, extra={"entry": _shown(present)})
    expected = version if isinstance(version, frozenset) else (version,)
    if version is not None and benefit.version not in expected:
        raise stale(benefit.version)
    _check_figure(ask, benefit.unit)
    _lift(benefit)
    setattr(benefit, f"is_{level.value}", True)
    _enter(work, benefit, idea, level, ask.first_year, ask.months, ask.note)


def _lift(benefit: BenefitRow) -> None:
    """A new figure is a new version of the benefit."""
    benefit.version += 1


def _enter(
    work: Work,
    benefit: BenefitRow,
    idea: ContentRow,
    level: BenefitLevel,
    first_year: Decimal,
    months: list[Decimal] | None,
    note: str | None = None,
    *,
    corrects: UUID | None = None,
    number: int = 1,
) -> UUID:
    entry = acting_id(work, idea)
    work.append(
        BenefitEntryRow,
        id=entry,
        benefit_id=benefit.id,
        content_id=benefit.content_id,
        level=level.value,
        number=number,
        first_year=first_year,
        months=months,
        corrects=corrects,
        note=note,
        person_id=acting_person(work, idea),
        created_at=acting_at(work, idea),
    )
    return entry


def _unit_of(ask: ClaimBenefit) -> str:
    """What the figures count; raises 422 for money without a currency, and for what does not fit the type."""
    if ask.type.is_money:
        if ask.currency is None:
            raise invalid("/currency", "currency_missing", "Money needs a currency.")
        if ask.unit is not None:
            raise invalid("/unit", "unit_mismatch", "The unit of money is its currency.")
        return ask.currency
    if ask.currency is not None:
        raise invalid("/currency", "currency_unused", "Only money has a currency.")
    if ask.type is BenefitType.time:
        if ask.unit not in (None, HOURS):
            raise invalid("/unit", "unit_mismatch", "Time is counted in hours.")
        return HOURS
    if ask.unit is None:
        raise invalid("/unit", "missing", "Say what is counted.")
    return ask.unit


def _check_figure(ask: Figure | CorrectFigure, unit: str) -> None:
    check_places(ask.first_year, unit, "/first_year")
    if ask.months is None:
        return
    for position, month in enumerate(ask.months):
        check_places(month, unit, f"/months/{position}")
    if sum(ask.months) != ask.first_year:
        raise invalid("/months", "months_sum", "The twelve months must add up to first_year.")


async def _present(work: Work, benefit_id: UUID, level: BenefitLevel) -> Any:
    """The present figure of a level, or None."""
    of_level = (BenefitEntryRow.benefit_id == benefit_id, BenefitEntryRow.level == level.value)
    columns = (BenefitEntryRow.id, BenefitEntryRow.number, BenefitEntryRow.first_year, BenefitEntryRow.level)
    query = select(*columns).where(*of_level).order_by(BenefitEntryRow.number.desc()).limit(1)
    return (await work.session.execute(query)).one_or_none()


def _shown(entry: Any) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "level": entry.level,
        "number": entry.number,
        "first_year": str(entry.first_year),
    }
