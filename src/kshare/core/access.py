"""Who may do what: the permissions, and the one table that says which role has which.

Seeing is decided by `readers` and `classification` of each row (core/reading.py); doing is decided here. A
permission is held company-wide, or within departments or categories when the role was assigned for those only.
What a key may do = its scopes ∩ its owner's permissions.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """What an operation can ask for; also the scopes a key can have."""

    people_read = "people_read"
    people_manage = "people_manage"
    roles_manage = "roles_manage"
    keys_own = "keys_own"
    keys_manage = "keys_manage"
    content_read = "content_read"
    knowledge_write = "knowledge_write"
    knowledge_manage = "knowledge_manage"
    comment_write = "comment_write"
    comment_moderate = "comment_moderate"
    react = "react"
    taxonomy_manage = "taxonomy_manage"
    search = "search"
    events_read = "events_read"
    access_explain = "access_explain"


class Role(StrEnum):
    """What a person is to the system; assigned company-wide, for a department subtree or for a category subtree."""

    employee = "employee"
    reviewer = "reviewer"
    knowledge_manager = "knowledge_manager"
    committee = "committee"
    finance = "finance"
    hr = "hr"
    administrator = "administrator"


class Classification(StrEnum):
    """How secret a content is; stored as 0 to 3 and compared with a person's clearance."""

    public = "public"
    internal = "internal"
    confidential = "confidential"
    restricted = "restricted"

    @property
    def level(self) -> int:
        return list(Classification).index(self)


P = Permission
_EMPLOYEE = frozenset(
    {P.people_read, P.keys_own, P.content_read, P.knowledge_write, P.comment_write, P.react, P.search, P.events_read}
)
_KNOWLEDGE_MANAGER = _EMPLOYEE | {P.knowledge_manage, P.comment_moderate, P.taxonomy_manage}

ROLES: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.employee: _EMPLOYEE,
        Role.reviewer: _EMPLOYEE | {P.comment_moderate},
        Role.knowledge_manager: _KNOWLEDGE_MANAGER,
        Role.committee: _EMPLOYEE,
        Role.finance: _EMPLOYEE,
        Role.hr: _EMPLOYEE | {P.people_manage},
        Role.administrator: _KNOWLEDGE_MANAGER | {P.people_manage, P.roles_manage, P.keys_manage, P.access_explain},
    }
)
"""The role table. Every active person is an employee; a service account has only the roles assigned to it."""

SCOPABLE: frozenset[Permission] = frozenset({P.knowledge_manage, P.comment_moderate})
"""Permissions on content, which a role assigned for a department or a category gives within it. A role so
assigned gives nothing company-wide: people, taxonomy and keys have no department of their own to check against."""
