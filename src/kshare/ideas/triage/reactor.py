"""Suggests as soon as an idea has arrived, and anew when what it says has changed."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.access import Classification
from kshare.core.aside import aside
from kshare.core.clock import now
from kshare.core.journal import Entry, Reactor
from kshare.core.settings import Settings
from kshare.ideas.stages import UNDECIDED
from kshare.ideas.triage.neighbours import Text, category_words, text_of, texts_of, weights_now, write_prints
from kshare.ideas.triage.storing import make, store

log = structlog.get_logger()

_SUGGESTING = {"idea_submitted", "idea_revised", "idea_reinstated"}
_COMPARED = {"knowledge_item_published", "knowledge_item_revised"}
_FIELDS = {"answers", "template"}


class Triage(Reactor):
    """Makes a suggestion for every idea that is submitted or says something else, from what exists and what it says."""

    name = "triage"
    batch = 100

    def __init__(self, settings: Settings | None) -> None:
        self._asks_model = settings is not None and settings.llm_url is not None
        self._most_secret = Classification(settings.llm_classification).level if settings is not None else 0

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        """Reads first and writes at the end. An idea that cannot be taken apart is left out, and logged."""
        asked = dict.fromkeys(entry.content_id for entry in entries if _says_something(entry))
        compared = dict.fromkeys(entry.content_id for entry in entries if entry.happened in _COMPARED)
        ids = [id for id in {**compared, **asked} if id is not None]
        if not ids:
            return
        texts = [text for row in await texts_of(session, ids) if (text := await _taken_apart(row)) is not None]
        open_ideas = [text for text in texts if text.row.id in asked and _awaits_decision(text)]
        made = []
        if open_ideas:
            weights, categories = await weights_now(session), await category_words(session)
            for idea in open_ideas:
                arrived = [other.existing() for other in texts if other.row.id < idea.row.id]
                made.append(await make(session, idea, weights, categories, arrived))
        await write_prints(session, texts)
        if made:
            due = {one.idea.id: self._may_be_sent(one.idea.classification) for one in made}
            await store(session, made, now(), due)

    def _may_be_sent(self, classification: int) -> bool:
        return self._asks_model and classification <= self._most_secret


def _says_something(entry: Entry) -> bool:
    changed = entry.happened == "idea_changed" and not _FIELDS.isdisjoint(entry.payload.get("fields", ()))
    return changed or entry.happened in _SUGGESTING


def _awaits_decision(text: Text) -> bool:
    return text.row.kind == "idea" and text.row.stage in UNDECIDED


async def _taken_apart(row: object) -> Text | None:
    try:
        return await aside(text_of, row)
    except Exception:
        content_id: UUID = row.id  # type: ignore[attr-defined]
        log.warning("triage_failed", content_id=str(content_id), exc_info=True)
        return None
