"""Making suggestions and storing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.aside import aside
from kshare.core.clock import midnight
from kshare.core.principal import ANONYMOUS_ID
from kshare.ideas.likeness.weights import Weights
from kshare.ideas.models import (
    TriageCategoryRow,
    TriageNeighbourRow,
    TriageReasonRow,
    TriageReviewerRow,
    TriageRow,
)
from kshare.ideas.triage.assessing import Matter
from kshare.ideas.triage.neighbours import Reviewer, Text, candidates, reviewers
from kshare.ideas.triage.reasons import Reason
from kshare.ideas.triage.suggesting import CategoryWords, Existing, Suggestion, nearest, suggest


@dataclass(frozen=True, slots=True)
class Made:
    """A suggestion for an idea, ready to be stored."""

    idea: Any
    suggestion: Suggestion
    reviewers: Sequence[Reviewer]


def matter_of(row: Any) -> Matter:
    """What an idea says; `row` has the columns of a content and of the idea it is."""
    answers: Mapping[str, str] = {one["field"]: one["text"] for one in row.answers or ()}
    return Matter(row.title, row.summary, row.body, row.template, answers)


async def make(
    session: AsyncSession,
    idea: Text,
    weights: Weights,
    categories: Sequence[CategoryWords],
    arrived: Sequence[Existing] = (),
) -> Made:
    """What is suggested for an idea; `arrived` came with it, and is not known to the database yet."""
    found = await candidates(session, idea, weights, [one.id for one in arrived])
    suggestion = await aside(_compute, idea, [*found, *arrived], weights, categories)
    return Made(idea.row, suggestion, await reviewers(session, idea.row, suggestion.evidence))


def _compute(
    idea: Text, existing: Sequence[Existing], weights: Weights, categories: Sequence[CategoryWords]
) -> Suggestion:
    neighbours = nearest(idea.print, existing, weights)
    return suggest(matter_of(idea.row), idea.print, neighbours, categories, weights, idea.row.department_id)


async def store(session: AsyncSession, made: Sequence[Made], now: datetime, model_due: Mapping[UUID, bool]) -> None:
    """Stores suggestions in place of earlier ones, but for ideas whose triage a person has confirmed meanwhile."""
    ids = [one.idea.id for one in made]
    await session.execute(delete(TriageRow).where(TriageRow.id.in_(ids), TriageRow.confirmed_at.is_(None)))
    rows = [_row(one, now, model_due.get(one.idea.id, False)) for one in made]
    stored = pg_insert(TriageRow).values(rows).on_conflict_do_nothing().returning(TriageRow.id)
    known = set((await session.execute(stored)).scalars())
    new = [one for one in made if one.idea.id in known]
    for table, rows in _details(new).items():
        if rows:
            await session.execute(insert(table), rows)


def _row(made: Made, now: datetime, model_due: bool) -> dict[str, Any]:
    suggestion = made.suggestion
    return {
        "id": made.idea.id,
        "source": "corpus",
        "revision": made.idea.revision,
        "category_id": suggestion.category_id,
        "size": suggestion.size,
        "novelty": suggestion.novelty,
        "completeness": suggestion.completeness,
        "reach": suggestion.reach,
        # What is made at once when something appears would tell the time at which its unnamed author was at work.
        "suggested_at": midnight(now) if made.idea.author_id == ANONYMOUS_ID else now,
        "model_due_at": now if model_due else None,
        "model_attempts": 0,
    }


def _details(made: Sequence[Made]) -> dict[type[Any], list[dict[str, Any]]]:
    rows: dict[type[Any], list[dict[str, Any]]] = {
        TriageCategoryRow: [],
        TriageReviewerRow: [],
        TriageNeighbourRow: [],
        TriageReasonRow: [],
    }
    for one in made:
        content = {"content_id": one.idea.id}
        rows[TriageCategoryRow] += (
            {**content, "category_id": id, "weight": weight} for id, weight in one.suggestion.categories
        )
        rows[TriageReviewerRow] += (
            {
                **content,
                "person_id": reviewer.person_id,
                "position": position,
                "reason": reviewer.reason,
                "contents": reviewer.contents,
                "confirmed": False,
            }
            for position, reviewer in enumerate(one.reviewers)
        )
        rows[TriageNeighbourRow] += (
            {**content, "other_id": id, "likeness": likeness} for id, likeness in one.suggestion.alike
        )
        rows[TriageReasonRow] += reason_rows(one.idea.id, one.suggestion.reasons)
    return rows


def reason_rows(content_id: UUID, reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """Reasons as they are stored."""
    return [
        {
            "content_id": content_id,
            "position": position,
            "aspect": reason.aspect.value,
            "code": reason.code.value,
            "parameters": dict(reason.parameters),
            "words": reason.words,
            "words_en": reason.words_en,
        }
        for position, reason in enumerate(reasons)
    ]
