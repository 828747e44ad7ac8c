"""Rows of search: one document for each published content, the eras they fall into, and what was searched for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class DocumentRow(Row):
    """What a published content is found by. Who may see it is asked of the content, never of this row.

    `words` holds the whole text and, as lexemes no text can contain, the filters it answers to (search/documents.py);
    `head` the title, tags, category and author alone, small enough to be ranked by the hundred.
    """

    __tablename__ = "search_document"
    __table_args__ = (
        Index(
            "ix_search_document_words",
            "head",
            "words",
            postgresql_using="gin",
            # Indexers empty the list of pending entries themselves, once a batch: a search must not read a long one.
            postgresql_with={"gin_pending_list_limit": 32768},
        ),
    )

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    listed_at: Mapped[datetime]
    head: Mapped[str] = mapped_column(TSVECTOR)
    words: Mapped[str] = mapped_column(TSVECTOR)
    cutter: Mapped[str]
    indexed_at: Mapped[datetime] = mapped_column(default=now)


class EraRow(Row):
    """A stretch of time in which about a thousand contents were published; it ends where the next one starts."""

    __tablename__ = "search_era"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    starts: Mapped[datetime] = mapped_column(unique=True)
    documents: Mapped[int] = mapped_column(default=0)
    latest: Mapped[datetime]
    """The newest publication in it so far; a new era can only start after it."""


class RefreshRow(Row):
    """Documents to be written anew because something they name has changed; worked off in batches, by content id."""

    __tablename__ = "search_refresh"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    about: Mapped[str]
    object_id: Mapped[UUID]
    after: Mapped[UUID | None]


class SearchRow(Row):
    """One search: what was asked for, and how much it found. `person_id` is an alias (docs/adr/0007-anonymity.md): what
    somebody looks for before they write would tell who has written it."""

    __tablename__ = "search_query"
    __table_args__ = (
        Index("ix_search_query_person_id_at", "person_id", "at"),
        Index("ix_search_query_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID]
    query: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    hits: Mapped[int]
    exact: Mapped[bool]
    at: Mapped[datetime] = mapped_column(default=now)


class SearchedTextRow(Row):
    """All searches for one text together: counted as they are recorded, so that reading them costs nothing."""

    __tablename__ = "searched_text"
    __table_args__ = (
        Index("ix_searched_text_searches_id", text("searches DESC"), text("id DESC")),
        Index("ix_searched_text_last_at_id", text("last_at DESC"), text("id DESC")),
        Index("ix_searched_text_without_hits_searches_id", "without_hits", text("searches DESC"), text("id DESC")),
        Index("ix_searched_text_without_hits_last_at_id", "without_hits", text("last_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    text: Mapped[str] = mapped_column(unique=True)
    searches: Mapped[int]
    misses: Mapped[int]
    last_hits: Mapped[int]
    without_hits: Mapped[bool]
    last_at: Mapped[datetime]
