"""Rows of content: the one parent of everything that is shared, with its categories, tags, counters and revisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, SmallInteger, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id
from kshare.core.principal import ANONYMOUS_ID


class CategoryRow(Row):
    """A place in the category tree; `path` holds the ids from the root down to itself."""

    __tablename__ = "category"
    __table_args__ = (
        Index("ix_category_path", "path", postgresql_using="gin"),
        Index("ix_category_parent_id", "parent_id"),
        Index("ix_category_name_id", "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    name_en: Mapped[str | None]
    description: Mapped[str | None]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("category.id"))
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class TagRow(Row):
    """A tag by its preferred name. One that came into being on a content, and not by a knowledge manager's hand, is
    seen only by those who see a content with it: a name alone can tell too much."""

    __tablename__ = "tag"
    __table_args__ = (Index("ix_tag_name_id", "name", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    curated: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class TagNameRow(Row):
    """Every name that leads to a tag: its preferred one and its synonyms, case and width folded, each only once."""

    __tablename__ = "tag_name"
    __table_args__ = (Index("ix_tag_name_tag_id", "tag_id"),)

    folded: Mapped[str] = mapped_column(primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"))
    name: Mapped[str]
    preferred: Mapped[bool] = mapped_column(default=False)


_PUBLISHED = text("state = 'published'")


def _its_author(context: Any) -> UUID:
    """Whose a row is unless something else is said: its author's."""
    author: UUID = context.get_current_parameters()["author_id"]
    return author


def _list_index(column: str, by: str = "listed") -> Index:
    """An index for a list of what is published with one value of a column, the newest or latest changed first."""
    newest_first = (text(f"{by}_at DESC"), text("id DESC"))
    return Index(f"ix_content_{column}_{by}", "kind", column, *newest_first, postgresql_where=_PUBLISHED)


def _own_anonymous_index(by: str) -> Index:
    """An index for the list of what somebody wrote without showing their name; it holds nothing else."""
    newest_first = (text(f"{by}_at DESC"), text("id DESC"))
    anonymous = text(f"author_id = '{ANONYMOUS_ID}'")
    return Index(f"ix_content_own_anonymous_{by}", "kind", "owner_id", *newest_first, postgresql_where=anonymous)


class ContentRow(Row):
    """One shared thing. `kind` says which sort of content it is, `variety` which sort of that kind (an SOP, a case).

    `audience` is what its author chose; `readers` is derived from it and decides who sees the row: a draft is read
    by its author alone. `stage` is how far it has come, for kinds that go through stages. `owner_id` is whose it is:
    the author's id, or the author's pseudonym where `author_id` shows nobody (content/authorship.py). `listed_at` is
    its place in lists: the time of publication, of creation before that. `revision` is the text that readers see;
    `latest_revision` is later while one waits for its review, open in `review_id`. `reviewers` are among the readers;
    what was written before `reviewed_from` they do not see of a draft.
    """

    __tablename__ = "content"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published', 'archived')", name="state"),
        CheckConstraint("classification BETWEEN 0 AND 3", name="classification"),
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external"),
        Index("ix_content_kind_state_listed", "kind", "state", text("listed_at DESC"), text("id DESC")),
        Index("ix_content_kind_state_updated", "kind", "state", text("updated_at DESC"), text("id DESC")),
        _list_index("variety"),
        _list_index("stage"),
        _list_index("author_id"),
        _list_index("category_id"),
        _list_index("department_id"),
        _list_index("language"),
        # Not by sort or language, whose few values are met soon enough along the index of the whole list.
        _list_index("author_id", "updated"),
        _list_index("category_id", "updated"),
        _list_index("department_id", "updated"),
        _list_index("stage", "updated"),
        _own_anonymous_index("listed"),
        _own_anonymous_index("updated"),
        Index("ix_content_owner_in_review", "owner_id", postgresql_where=text("review_id IS NOT NULL")),
        Index("ix_content_author_id_state_listed", "author_id", "state", text("listed_at DESC"), text("id DESC")),
        Index(
            "uq_content_external",
            "kind",
            "external_source",
            "external_id",
            "owner_id",
            unique=True,
            postgresql_where=text("external_source IS NOT NULL"),
        ),
        # Long texts out of line: lists walk rows in order, and rows without bodies are many to a page of storage.
        {"postgresql_with": {"toast_tuple_target": 512}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    variety: Mapped[str]
    stage: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="draft")
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="zh")
    author_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[UUID] = mapped_column(default=_its_author)
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("category.id"))
    audience: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    readers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    classification: Mapped[int] = mapped_column(SmallInteger, default=1)
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)
    latest_revision: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    reviewers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list, server_default=text("'{}'"))
    reviewed_from: Mapped[int | None]
    review_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]
    listed_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ContentTagRow(Row):
    """A tag on a content. It carries the content's places in lists, so that a tag's list is one walk along an index.

    Triggers keep them true (migration 0006), so that no command of any kind of content has to remember it.
    """

    __tablename__ = "content_tag"
    __table_args__ = (
        Index("ix_content_tag_listed", "tag_id", text("listed_at DESC"), text("content_id DESC")),
        Index("ix_content_tag_updated", "tag_id", text("updated_at DESC"), text("content_id DESC")),
    )

    id: Mapped[UUID] = mapped_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tag.id"), primary_key=True)
    listed_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CounterRow(Row):
    """How often a content was discussed and used. Apart from the content, so that a view never waits for an edit."""

    __tablename__ = "content_counter"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    comments: Mapped[int] = mapped_column(default=0)
    likes: Mapped[int] = mapped_column(default=0)
    thanks: Mapped[int] = mapped_column(default=0)
    favourites: Mapped[int] = mapped_column(default=0)
    followers: Mapped[int] = mapped_column(default=0)
    views: Mapped[int] = mapped_column(default=0)
    ratings: Mapped[int] = mapped_column(default=0)
    rating_sum: Mapped[int] = mapped_column(default=0)


class RevisionRow(Row):
    """A content's text as it was. The one numbered `revision` equals the content. Readers were never shown one that is
    `held`: it waits for its review, or did not pass it."""

    __tablename__ = "content_revision"

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    note: Mapped[str | None]
    held: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
