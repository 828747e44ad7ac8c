"""Rows of people: persons and services, departments, groups, roles and keys."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class DepartmentRow(Row):
    """A department; `path` holds the ids from the root down to itself, so that a subtree is one condition."""

    __tablename__ = "department"
    __table_args__ = (
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external"),
        UniqueConstraint("external_source", "external_id", name="uq_department_external"),
        Index("ix_department_path", "path", postgresql_using="gin"),
        Index("ix_department_tree", "path", unique=True),
        Index("ix_department_parent_id_name_id", "parent_id", "name", "id"),
        Index("ix_department_name_id", "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    name_en: Mapped[str | None]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


_LISTED_BY = ("department_id", "manager_id", "kind", "active")
"""The columns people are listed by, each in both orders of the list."""

SEARCH_WORDS = "array_to_tsvector(array_remove(string_to_array(search_name, ' '), ''))"
"""The words of `search_name` in a form whose index finds their beginnings."""


class PersonRow(Row):
    """A person, or a service account (`kind`).

    `department_id` is the present membership (see MembershipRow), or the last one of those who have left. `subject` is
    the identity provider's name for the person, and begins with the provider's own. `search_name` holds the words the
    person is found by, each by its beginning (names.py).
    """

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'service', 'system')", name="kind"),
        CheckConstraint("clearance BETWEEN 0 AND 3", name="clearance"),
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external"),
        # Signing in compares it with the provider's address, in lower case.
        CheckConstraint("email = lower(email)", name="email"),
        UniqueConstraint("external_source", "external_id", name="uq_person_external"),
        Index("ix_person_sort_name_id", "sort_name", "id"),
        *(Index(f"ix_person_{column}_sort_name_id", column, "sort_name", "id") for column in _LISTED_BY),
        *(Index(f"ix_person_{column}_id", column, "id") for column in _LISTED_BY),
        Index("ix_person_search_words", text(SEARCH_WORDS), postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(default="person")
    name: Mapped[str]
    sort_name: Mapped[str]
    search_name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    subject: Mapped[str | None] = mapped_column(unique=True)
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    title: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="zh")
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    manager_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    clearance: Mapped[int] = mapped_column(SmallInteger, default=1)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class MembershipRow(Row):
    """Who was in which department from when to when (`until` excluded; open for the present one)."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("until IS NULL OR until >= since", name="order"),
        Index("uq_membership_present", "person_id", unique=True, postgresql_where=text("until IS NULL")),
        Index("ix_membership_department_id_since", "department_id", "since"),
        Index("ix_membership_person_id_since", "person_id", "since"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    since: Mapped[date]
    until: Mapped[date | None]


class GroupRow(Row):
    """A named set of people that can be an audience."""

    __tablename__ = "people_group"
    __table_args__ = (Index("ix_people_group_name_id", "name", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class GroupMemberRow(Row):
    """A person in a group."""

    __tablename__ = "group_member"
    __table_args__ = (Index("ix_group_member_person_id", "person_id"),)

    group_id: Mapped[UUID] = mapped_column(ForeignKey("people_group.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)


class RoleAssignmentRow(Row):
    """A role of a person: company-wide, for a department subtree, or for a category subtree (content/)."""

    __tablename__ = "role_assignment"
    __table_args__ = (
        CheckConstraint("department_id IS NULL OR category_id IS NULL", name="one_scope"),
        UniqueConstraint(
            "person_id",
            "role",
            "department_id",
            "category_id",
            name="uq_role_assignment_whole",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    role: Mapped[str]
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id", ondelete="CASCADE"))
    category_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class KeyRow(Row):
    """An API key. Only its SHA-256 is kept: the key itself is random enough that a slow hash would add nothing.

    `by_other`: somebody else than its owner made it, or made the key it was made with. Whoever has it may be that
    person, so it does not open what its owner wrote without their name.
    """

    __tablename__ = "api_key"
    __table_args__ = (Index("ix_api_key_person_id_id", "person_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hint: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    by_other: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SubjectRow(Row):
    """Everything that can be an audience, by name: a database view over people, departments, groups and everyone."""

    __tablename__ = "subject"
    __table_args__ = ({"info": {"is_view": True}},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
