"""The decision on an idea, as everybody who sees the idea reads it, and as those learn of it who come too late."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT_CARD
from kshare.content.visibility import visible_through_content
from kshare.core.errors import DomainError
from kshare.core.reading import Alias, One, Source, View
from kshare.core.writing import Work
from kshare.ideas.models import DecisionRow
from kshare.ideas.shapes.decisions import Decision
from kshare.ideas.stages import TRANSITIONS
from kshare.people.models import PersonRow
from kshare.people.reads import PERSON

DECISION_FIELDS: dict[str, Source] = {
    "idea": One(CONTENT_CARD, on=lambda row, content: content.id == row.content_id, seen_with_parent=True),
    "decided_by": One(PERSON, on=lambda row, person: person.id == row.decided_by),
}


def _published(row: Alias) -> ColumnElement[bool]:
    return and_(row.published_at.is_not(None), visible_through_content(row))


PUBLISHED_DECISION = View("decision", Decision, DecisionRow, _published, DECISION_FIELDS)

STANDING: Source = One(
    PUBLISHED_DECISION, on=lambda row, decision: and_(decision.content_id == row.id, decision.current)
)
"""The published decision that stands, for the view of an idea."""


async def standing(work: Work, idea_id: UUID, *, private: bool = False) -> dict[str, Any] | None:
    """The decision that stands, as the answer to whoever comes too late tells it; a private one only if asked for."""
    query = (
        select(DecisionRow, PersonRow.name)
        .join(PersonRow, PersonRow.id == DecisionRow.decided_by)
        .where(DecisionRow.content_id == idea_id, DecisionRow.current)
    )
    if not private:
        query = query.where(DecisionRow.published_at.is_not(None))
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        return None
    decision: DecisionRow = found[0]
    return {
        "id": str(decision.id),
        "outcome": decision.outcome,
        "reason": decision.reason,
        "explanation": decision.explanation,
        "until": decision.until and decision.until.isoformat(),
        "decided_by": {"id": str(decision.decided_by), "name": found[1]},
        "decided_at": decision.decided_at.isoformat(),
        "private": decision.published_at is None,
    }


async def refuse_second(work: Work, idea: ContentRow) -> None:
    """Raises 409 with the decision if there is one already that is not published yet. Only for those who may know."""
    if (decision := await standing(work, idea.id, private=True)) is not None:
        allowed = list(TRANSITIONS[idea.stage or "verified"])
        extra = {"stage": idea.stage, "allowed": allowed, "decision": decision}
        raise DomainError("conflict", "It was decided already; the decision is not published yet.", extra=extra)
