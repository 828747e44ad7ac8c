"""What was searched for, and how much it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.ids import new_id
from kshare.core.notes import Note
from kshare.core.words import fold
from kshare.search.models import SearchedTextRow, SearchRow


@dataclass(frozen=True, slots=True)
class Searched(Note):
    """Somebody searched; `person_id` is an alias of theirs, which tells searches of one person from those of others but
    not whose they are. `hits` is the number found, or a lower bound when `exact` is false."""

    person_id: UUID
    query: str
    filters: Mapping[str, Any]
    hits: int
    exact: bool
    at: datetime

    @classmethod
    async def write(cls, session: AsyncSession, notes: Sequence[Self]) -> None:
        """Each search as a row, and the searches for one text as one row that counts them."""
        await session.execute(
            insert(SearchRow),
            [
                {
                    "id": new_id(),
                    "person_id": note.person_id,
                    "query": note.query,
                    "filters": dict(note.filters),
                    "hits": note.hits,
                    "exact": note.exact,
                    "at": note.at,
                }
                for note in notes
            ],
        )
        texts: dict[str, list[Self]] = {}
        for note in notes:
            texts.setdefault(" ".join(fold(note.query).split()), []).append(note)
        # In one order for everybody, so that two processes counting the same texts do not lock each other out.
        counted = [
            {
                "id": new_id(),
                "text": text,
                "searches": len(same),
                "misses": sum(1 for note in same if note.hits == 0),
                "last_hits": same[-1].hits,
                "without_hits": same[-1].hits == 0,
                "last_at": same[-1].at,
            }
            for text, same in sorted(texts.items())
        ]
        added = pg_insert(SearchedTextRow).values(counted)
        new = added.excluded
        await session.execute(
            added.on_conflict_do_update(
                index_elements=[SearchedTextRow.text],
                set_={
                    "searches": SearchedTextRow.searches + new.searches,
                    "misses": SearchedTextRow.misses + new.misses,
                    "last_hits": new.last_hits,
                    "without_hits": new.without_hits,
                    "last_at": new.last_at,
                },
            )
        )
