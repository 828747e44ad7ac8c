"""Writes what ideas brought: claimed, committed to, verified."""

from uuid import UUID

from kshare.benefits.models import BenefitEntryRow, BenefitRow
from kshare.benefits.shapes import BenefitClaimed, BenefitCommitted, BenefitHappened, BenefitLevel, BenefitVerified
from kshare.core.ids import new_id
from kshare.demo.history.records import Figure, Gain, Idea
from kshare.demo.history.writing.desk import Desk


def write_gain(desk: Desk, idea: Idea, gain: Gain) -> None:
    """A benefit with its figures."""
    id, content_id = new_id(gain.claimed.at), desk.contents[idea.key]
    desk.append(
        BenefitRow,
        id=id,
        content_id=content_id,
        type=gain.type,
        unit=gain.unit,
        recurrence="yearly",
        starts_on=gain.starts_on,
        basis=gain.basis,
        cost=gain.cost,
        cost_currency=None if gain.cost is None else gain.unit,
        is_committed=gain.committed is not None,
        is_verified=gain.verified is not None,
        person_id=desk.person(gain.claimed.actor),
        version=1 + sum(figure is not None for figure in (gain.committed, gain.verified)),
        created_at=gain.claimed.at,
    )
    about = {"content_id": content_id, "benefit_id": id, "unit": gain.unit}
    claimed = BenefitClaimed.model_validate({**about, "type": gain.type, "first_year": gain.claimed.amount})
    _enter(desk, idea, id, BenefitLevel.claimed, gain.claimed, claimed)
    if gain.committed is not None:
        committed = BenefitCommitted.model_validate({**about, "first_year": gain.committed.amount})
        _enter(desk, idea, id, BenefitLevel.committed, gain.committed, committed)
    if gain.verified is not None:
        verified = BenefitVerified.model_validate({**about, "first_year": gain.verified.amount})
        _enter(desk, idea, id, BenefitLevel.verified, gain.verified, verified)


def _enter(desk: Desk, idea: Idea, benefit: UUID, level: BenefitLevel, figure: Figure, event: BenefitHappened) -> None:
    desk.append(
        BenefitEntryRow,
        id=new_id(figure.at),
        benefit_id=benefit,
        content_id=desk.contents[idea.key],
        level=level.value,
        number=1,
        first_year=figure.amount,
        person_id=desk.person(figure.actor),
        created_at=figure.at,
    )
    desk.tell(idea, event, figure.actor, figure.at)
