"""Resources through GraphQL."""

from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Department, Person
from kshare.resources import shapes
from kshare.resources.commands import budgets, grants, requests
from kshare.resources.reads import (
    BUDGET,
    BUDGET_ENTRIES,
    BUDGET_ENTRY,
    BUDGETS,
    IDEA_RESOURCE_REQUESTS,
    RESOURCE_ENTRIES,
    RESOURCE_ENTRY,
    RESOURCE_GRANT,
    RESOURCE_REQUEST,
    RESOURCE_REQUESTS,
)

READ = Permission.content_read

for enum in (
    shapes.ResourceKind,
    shapes.ResourceRequestState,
    shapes.BudgetEntryKind,
    shapes.ResourceEntryKind,
):
    enum_type(enum)


@object_type
class Budget(shapes.Budget):
    __doc__ = shapes.Budget.__doc__
    owner: Person
    """Who grants from it, beside those who manage budgets."""
    department: Department | None
    """Whose budget it is; null for the whole company's."""


@object_type
class BudgetEntry(shapes.BudgetEntry):
    __doc__ = shapes.BudgetEntry.__doc__
    person: Person
    """Who did it."""


@object_type
class ResourceGrant(shapes.ResourceGrant):
    __doc__ = shapes.ResourceGrant.__doc__
    person: Person
    """Who granted it."""


@object_type
class ResourceEntry(shapes.ResourceEntry):
    __doc__ = shapes.ResourceEntry.__doc__
    person: Person
    """Who entered it."""


@object_type
class ResourceRequest(shapes.ResourceRequest):
    __doc__ = shapes.ResourceRequest.__doc__
    person: Person
    """Who asks."""
    decided_by: Person | None
    """Who granted or declined it."""
    grant: ResourceGrant | None
    """What was granted."""


VIEWS |= {
    "Budget": (BUDGET, READ),
    "BudgetEntry": (BUDGET_ENTRY, READ),
    "ResourceRequest": (RESOURCE_REQUEST, READ),
    "ResourceGrant": (RESOURCE_GRANT, READ),
    "ResourceEntry": (RESOURCE_ENTRY, READ),
}
BudgetConnection = connection_type(Budget, "Budget")
BudgetEntryConnection = connection_type(BudgetEntry, "BudgetEntry")
ResourceRequestConnection = connection_type(ResourceRequest, "ResourceRequest")
IdeaResourceRequestConnection = connection_type(ResourceRequest, "IdeaResourceRequest")
ResourceEntryConnection = connection_type(ResourceEntry, "ResourceEntry")
input_type(shapes.BudgetFilter, name="BudgetFilter")
input_type(shapes.ResourceRequestFilter, name="ResourceRequestFilter")


class Query:
    budgets = list_field(BUDGETS, BudgetConnection, shapes.BudgetFilter, READ, "Budgets you may see.")
    budget = one_field(BUDGET, Budget, READ, "One budget.")
    budget_entries = list_field(
        BUDGET_ENTRIES, BudgetEntryConnection, None, READ, "The ledger of a budget.", fixed={"budget_id": "budget"}
    )
    resource_requests = list_field(
        RESOURCE_REQUESTS,
        ResourceRequestConnection,
        shapes.ResourceRequestFilter,
        READ,
        "What is asked for all ideas you may see.",
    )
    idea_resource_requests = list_field(
        IDEA_RESOURCE_REQUESTS,
        IdeaResourceRequestConnection,
        None,
        READ,
        "What is asked for an idea.",
        fixed={"idea_id": "idea"},
    )
    resource_request = one_field(RESOURCE_REQUEST, ResourceRequest, READ, "One request for a resource.")
    resource_grant = one_field(RESOURCE_GRANT, ResourceGrant, READ, "One grant.")
    resource_entry = one_field(RESOURCE_ENTRY, ResourceEntry, READ, "One use or return.")
    resource_entries = list_field(
        RESOURCE_ENTRIES,
        ResourceEntryConnection,
        None,
        READ,
        "What became of a grant.",
        fixed={"resource_grant_id": "grant"},
    )


class Mutation:
    create_budget = command_field(budgets.create_budget, Budget, BUDGET, "Set up a budget.")
    update_budget = command_field(
        budgets.update_budget, Budget, BUDGET, "Change a budget; what is left out stays as it is."
    )
    adjust_budget = command_field(budgets.adjust_budget, Budget, BUDGET, "Raise or cut a budget.")
    request_resources = command_field(
        requests.request_resources, ResourceRequest, RESOURCE_REQUEST, "Ask for a resource that an idea needs."
    )
    grant_resource_request = command_field(
        requests.grant_resource_request, ResourceRequest, RESOURCE_REQUEST, "Grant a request, or a part of it."
    )
    decline_resource_request = command_field(
        requests.decline_resource_request, ResourceRequest, RESOURCE_REQUEST, "Decline a request, with a reason."
    )
    withdraw_resource_request = command_field(
        requests.withdraw_resource_request, ResourceRequest, RESOURCE_REQUEST, "Take back what nobody has answered."
    )
    use_resource_grant = command_field(
        grants.use_resource_grant, ResourceGrant, RESOURCE_GRANT, "Enter that some of a grant was used."
    )
    return_resource_grant = command_field(
        grants.return_resource_grant, ResourceGrant, RESOURCE_GRANT, "Give some of a grant, or all that is left, back."
    )
    correct_resource_entry = command_field(
        grants.correct_resource_entry, ResourceEntry, RESOURCE_ENTRY, "Correct a use or a return by another entry."
    )
