"""Who may do what: the permissions, and the one table that says which role has which.

Seeing is decided by `readers` and `classification` of each row (core/reading.py); doing is decided here. A
permission is held company-wide, or within departments or categories when the role was assigned for those only.
What a key may do = its scopes ∩ its owner's permissions.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kshare.core.choices import Choice


class Permission(Choice):
    """What an operation can ask for; also the scopes a key can have."""

    people_read = "people_read", "Read people, departments, groups and roles."
    people_manage = "people_manage", "Add and change people, departments and groups."
    roles_manage = "roles_manage", "Assign and remove roles."
    keys_own = "keys_own", "See, create and revoke keys of your own."
    keys_manage = "keys_manage", "Create and revoke the keys of others, and service accounts."
    content_read = "content_read", "Read content whose audience you are in."
    knowledge_write = "knowledge_write", "Write knowledge items, and change your own."
    knowledge_manage = "knowledge_manage", "Change, publish and archive the knowledge items of others."
    idea_propose = "idea_propose", "Propose ideas, change your own, and vote for those of others."
    idea_decide = "idea_decide", "Screen ideas and decide on them."
    idea_manage = "idea_manage", "Merge ideas, change those of others, and set how long each stage may take."
    challenge_manage = "challenge_manage", "Sponsor challenges and hackathons, and judge them."
    budget_manage = "budget_manage", "Manage budgets, and grant resources from them."
    benefit_verify = "benefit_verify", "Verify the benefits of ideas."
    review = "review", "Judge what you are asked to judge."
    review_manage = "review_manage", "Set what is reviewed, by whom and on which form; lead panels."
    comment_write = "comment_write", "Comment, and change your own comments."
    comment_moderate = "comment_moderate", "Delete the comments of others."
    react = "react", "React to content, rate it, follow it, and record views."
    metrics_read = "metrics_read", "Read figures of the company and your own departments, and your account."
    metrics_read_all = "metrics_read_all", "Read the figures of all departments."
    contributions_read = "contributions_read", "Read the contributions of others."
    outcomes_manage = "outcomes_manage", "Keep series of figures from outside, such as cycle times."
    taxonomy_manage = "taxonomy_manage", "Manage categories and tags, and see what is searched for."
    search = "search", "Search."
    events_read = "events_read", "Read and follow events."
    unseal = "unseal", "Together with somebody else who may: learn who wrote something anonymous."
    access_explain = "access_explain", "See why another person sees a content, or does not."


class Role(Choice):
    """What a person is to the system; assigned company-wide, for a department subtree or for a category subtree."""

    employee = (
        "employee",
        "Reads, writes own knowledge and ideas, judges, comments, reacts, searches. Every active person is one.",
    )
    reviewer = "reviewer", "Reviews where a policy asks for it, moderates comments."
    knowledge_manager = "knowledge_manager", "Manages all knowledge, its reviews, comments, categories and tags."
    committee = "committee", "Decides on ideas, merges and manages them, leads panels, sponsors challenges."
    finance = "finance", "Manages budgets, grants resources, verifies benefits."
    hr = (
        "hr",
        "Manages people, departments and groups, reads their contributions; one of the two who can unseal an author.",
    )
    administrator = (
        "administrator",
        "All of it but the verifying of benefits; assigns roles, manages keys, explains who sees what.",
    )


class Classification(Choice):
    """How secret a content is; stored as 0 to 3 and compared with a person's clearance."""

    public = "public", "May be known outside of the company."
    internal = "internal", "For the company; this is what people are cleared for unless something else is said."
    confidential = "confidential", "For people cleared for it."
    restricted = "restricted", "For people with the highest clearance only."

    @property
    def level(self) -> int:
        return list(Classification).index(self)


P = Permission
_READER = frozenset({P.people_read, P.keys_own, P.content_read, P.search, P.events_read})
_EMPLOYEE = _READER | {P.knowledge_write, P.idea_propose, P.review, P.comment_write, P.react, P.metrics_read}
_KNOWLEDGE_MANAGER = (
    _EMPLOYEE | {P.knowledge_manage, P.review_manage, P.comment_moderate, P.taxonomy_manage} | {P.metrics_read_all}
)
_COMMITTEE = _EMPLOYEE | {P.idea_decide, P.idea_manage, P.review_manage, P.challenge_manage, P.metrics_read_all}

ROLES: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.employee: _EMPLOYEE,
        Role.reviewer: _EMPLOYEE | {P.comment_moderate},
        Role.knowledge_manager: _KNOWLEDGE_MANAGER,
        Role.committee: _COMMITTEE,
        Role.finance: _EMPLOYEE | {P.budget_manage, P.benefit_verify, P.metrics_read_all, P.outcomes_manage},
        Role.hr: _EMPLOYEE | {P.people_manage, P.unseal, P.metrics_read_all, P.contributions_read, P.outcomes_manage},
        Role.administrator: _KNOWLEDGE_MANAGER
        | _COMMITTEE
        | {P.people_manage, P.roles_manage, P.keys_manage, P.access_explain, P.budget_manage, P.unseal}
        | {P.contributions_read, P.outcomes_manage},
    }
)
"""The role table. Every active person is an employee; a service account has only the roles assigned to it."""

SCOPABLE: frozenset[Permission] = frozenset(
    {P.knowledge_manage, P.comment_moderate, P.idea_decide, P.idea_manage, P.review_manage}
    | {P.metrics_read_all, P.contributions_read}
)
"""Permissions on content and on figures, which a role assigned for a department or a category gives within it. A role
so assigned gives nothing company-wide: people, taxonomy and keys have no department of their own to check against."""
