"""Asks the model about ideas that are triaged already, and lets its choice stand in place of the corpus's.

No transaction is open while the model is asked: ideas are claimed in a short one, and what was answered is stored in
another, unless a person has confirmed or the idea says something else meanwhile. A claim ends by itself, so that an
idea is asked about again when a process dies with it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import structlog
from sqlalchemy import ScalarSelect, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.content.models import CategoryRow
from kshare.core.access import Classification
from kshare.core.clock import midnight, now
from kshare.core.database import Database
from kshare.core.journal import Entry, Reactor
from kshare.core.settings import Settings
from kshare.ideas.models import TriageReasonRow, TriageRow
from kshare.ideas.triage.model import (
    Answered,
    AnswerRefused,
    Model,
    ModelUnavailable,
    Question,
    most_tokens,
    offered,
)
from kshare.ideas.triage.neighbours import texts_of
from kshare.ideas.triage.reasons import Reason
from kshare.ideas.triage.storing import matter_of, reason_rows

log = structlog.get_logger()

AT_ONCE: Final = 4
ATTEMPTS: Final = 3
_CLAIMED: Final = timedelta(minutes=5)
_AGAIN: Final = timedelta(minutes=1)
_MOST_CATEGORIES: Final = 100


@dataclass(frozen=True, slots=True)
class _Claim:
    """An idea to ask about, and the tokens set aside for it."""

    id: UUID
    revision: int
    suggested_at: datetime
    attempts: int
    question: Question
    categories: dict[str, UUID]
    body: dict[str, Any]
    tokens: int


class ModelTriage(Reactor):
    """Asks about a few ideas at a time."""

    name = "triage_model"
    batch = 2_000

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._most_secret = Classification(settings.llm_classification).level

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        """What there is to ask about is in the suggestions, not in the journal."""

    async def afterwards(self, database: Database) -> bool:
        """Asks about ideas that are due, outside of any transaction."""
        due = select(TriageRow.id).where(TriageRow.model_due_at <= now()).limit(1)
        async with database.sessions() as session:
            if (await session.execute(due)).first() is None:
                return False
        async with database.sessions() as session, session.begin():
            found, claims = await self._claim(session)
        if claims:
            async with httpx.AsyncClient() as http:
                model = Model(self._settings, http)
                await asyncio.gather(*(self._ask(database, model, claim) for claim in claims))
        return found

    async def _claim(self, session: AsyncSession) -> tuple[bool, list[_Claim]]:
        """Takes what is due for the next minutes; whether there was any, and what there are tokens for."""
        query = select(TriageRow).where(TriageRow.model_due_at <= now(), TriageRow.confirmed_at.is_(None))
        query = query.order_by(TriageRow.model_due_at, TriageRow.id).limit(AT_ONCE).with_for_update(skip_locked=True)
        rows = {row.id: row for row in (await session.execute(query)).scalars()}
        texts = {one.id: one for one in await texts_of(session, list(rows))} if rows else {}
        names = text("SELECT id, name, name_en FROM category ORDER BY name, id LIMIT :most")
        categories = (await session.execute(names, {"most": _MOST_CATEGORIES})).all() if texts else []
        keys = offered([(one.name, one.name_en) for one in categories])
        claims = []
        for id, row in rows.items():
            idea = texts.get(id)
            if idea is None or idea.classification > self._most_secret:
                row.model_due_at = None
                continue
            question = Question(matter_of(idea), keys)
            body = question.body(self._settings.llm_model)
            tokens = most_tokens(body)
            if not await _set_aside(session, tokens, self._settings.llm_daily_tokens):
                row.model_due_at = midnight(now()) + timedelta(days=1)
                continue
            row.model_due_at = now() + _CLAIMED
            row.model_attempts += 1
            ids = dict(zip(keys, (one.id for one in categories), strict=True))
            claims.append(_Claim(id, row.revision, row.suggested_at, row.model_attempts, question, ids, body, tokens))
        return bool(rows), claims

    async def _ask(self, database: Database, model: Model, claim: _Claim) -> None:
        """Asks about one idea and stores what comes of it; an idea that fails holds up no other."""
        answered: Answered | None = None
        again = None
        spent: int | None = claim.tokens
        try:
            answered = await model.ask(claim.question, claim.body)
            spent = answered.tokens
        except ModelUnavailable as error:
            log.warning("triage_model_unavailable", content_id=str(claim.id), reason=str(error))
            again = now() + _AGAIN * 4 ** (claim.attempts - 1) if claim.attempts < ATTEMPTS else None
            spent = claim.tokens if error.spent else 0
        except AnswerRefused as error:
            log.warning("triage_model_refused", content_id=str(claim.id), reason=str(error))
            spent = error.tokens
        except Exception:
            log.warning("triage_model_failed", content_id=str(claim.id), exc_info=True)
        async with database.sessions() as session, session.begin():
            await _store(session, claim, answered, again)
            if spent is not None and spent != claim.tokens:
                await session.execute(_SETTLE, {"more": spent - claim.tokens, "day": midnight(now()).date()})


async def _store(session: AsyncSession, claim: _Claim, answered: Answered | None, again: datetime | None) -> None:
    same = (
        TriageRow.id == claim.id,
        TriageRow.confirmed_at.is_(None),
        TriageRow.revision == claim.revision,
        TriageRow.suggested_at == claim.suggested_at,
        # A suggestion made anew has not been asked about yet.
        TriageRow.model_attempts == claim.attempts,
    )
    values: dict[str, Any] = {"model_due_at": again}
    if answered is not None:
        verdict = answered.verdict
        values |= {
            "source": "model",
            "category_id": _category(claim, answered),
            "size": verdict.size,
            "novelty": verdict.novelty,
            "completeness": verdict.completeness,
            "reach": verdict.reach,
        }
    changed = update(TriageRow).where(*same).values(**values).returning(TriageRow.id)
    if (await session.execute(changed)).first() is None or answered is None:
        return
    await session.execute(delete(TriageReasonRow).where(TriageReasonRow.content_id == claim.id))
    reasons = [Reason(code) for code in dict.fromkeys(answered.verdict.reasons)]
    if reasons:
        await session.execute(insert(TriageReasonRow), reason_rows(claim.id, reasons))


def _category(claim: _Claim, answered: Answered) -> ScalarSelect[UUID] | None:
    """The category that was chosen, unless it was deleted meanwhile."""
    if answered.category is None:
        return None
    chosen = select(CategoryRow.id).where(CategoryRow.id == claim.categories[answered.category])
    return chosen.scalar_subquery()


_SET_ASIDE = text(
    """INSERT INTO model_use (day, tokens, calls) VALUES (:day, :tokens, 1)
ON CONFLICT (day) DO UPDATE SET tokens = model_use.tokens + excluded.tokens, calls = model_use.calls + 1
WHERE model_use.tokens + excluded.tokens <= :most RETURNING tokens"""
)
_SETTLE = text("UPDATE model_use SET tokens = greatest(tokens + :more, 0) WHERE day = :day")


async def _set_aside(session: AsyncSession, tokens: int, most: int) -> bool:
    """Counts the tokens of a call before it is made; False if the day has not so many left."""
    if tokens > most:
        return False
    values = {"day": midnight(now()).date(), "tokens": tokens, "most": most}
    return (await session.execute(_SET_ASIDE, values)).first() is not None
