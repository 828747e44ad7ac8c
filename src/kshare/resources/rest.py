"""Resources through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.resources.commands import budgets, grants, requests
from kshare.resources.reads import (
    BUDGET,
    BUDGET_ENTRIES,
    BUDGETS,
    IDEA_RESOURCE_REQUESTS,
    RESOURCE_ENTRIES,
    RESOURCE_ENTRY,
    RESOURCE_GRANT,
    RESOURCE_REQUEST,
    RESOURCE_REQUESTS,
)
from kshare.resources.shapes import BudgetFilter, ResourceRequestFilter

door = Door("Resources", "What ideas need: budgets, what is asked of them, granted, used and returned.")
READ = Permission.content_read
BUDGETS_, ONE_BUDGET = "/budgets", "/budgets/{id}"
OF_IDEA, REQUESTS, REQUEST = "/ideas/{id}/resource-requests", "/resource-requests", "/resource-requests/{id}"
GRANT = "/resource-grants/{id}"

# ---- budgets --------------------------------------------------------------------------------------------------------

door.page(BUDGETS_, BUDGETS, "listBudgets", "List budgets", READ, BudgetFilter)
door.one(ONE_BUDGET, BUDGET, "getBudget", "Get a budget", READ)
door.command(
    "POST", BUDGETS_, budgets.create_budget, "createBudget", "Set up a budget",
    "Its owner grants from it, and everybody who manages budgets. Amounts are text with two decimals in every answer; "
    "send text, or a whole number.",
    view=BUDGET, created_at=BUDGETS_,
)  # fmt: skip
door.command(
    "PATCH", ONE_BUDGET, budgets.update_budget, "updateBudget", "Change a budget",
    "What is left out stays as it is. Its amount is adjusted instead.",
    view=BUDGET,
)  # fmt: skip
door.command(
    "POST", ONE_BUDGET + "/adjust", budgets.adjust_budget, "adjustBudget", "Raise or cut a budget",
    "Cut by no more than its balance: 409 tells what is `available`.",
    view=BUDGET,
)  # fmt: skip
door.page(
    ONE_BUDGET + "/entries", BUDGET_ENTRIES, "listBudgetEntries", "List the ledger of a budget", READ,
    fixed={"budget": "id"},
)  # fmt: skip

# ---- requests -------------------------------------------------------------------------------------------------------

door.page(
    OF_IDEA, IDEA_RESOURCE_REQUESTS, "listResourceRequestsOfIdea", "List what is asked for an idea", READ,
    fixed={"idea": "id"},
)  # fmt: skip
door.command(
    "POST", OF_IDEA, requests.request_resources, "requestResources", "Ask for a resource that an idea needs",
    "For its authors and managers, once it is approved.",
    view=RESOURCE_REQUEST, created_at=REQUESTS,
)  # fmt: skip
door.page(REQUESTS, RESOURCE_REQUESTS, "listResourceRequests", "List what is asked for all ideas", READ,
          ResourceRequestFilter)  # fmt: skip
door.one(REQUEST, RESOURCE_REQUEST, "getResourceRequest", "Get a request for a resource", READ)
door.command(
    "POST", REQUEST + "/grant", requests.grant_resource_request, "grantResourceRequest", "Grant a request",
    "For those who manage budgets and for the owner of the budget, and never for an idea of their own. A part can be "
    "granted; the rest can be asked for anew. 409 when it is answered already, or with what is `available` when the "
    "budget has too little.",
    view=RESOURCE_REQUEST,
)  # fmt: skip
door.command(
    "POST", REQUEST + "/decline", requests.decline_resource_request, "declineResourceRequest", "Decline a request",
    "With a reason, by those who could grant it.",
    view=RESOURCE_REQUEST,
)  # fmt: skip
door.command(
    "POST", REQUEST + "/withdraw", requests.withdraw_resource_request, "withdrawResourceRequest", "Withdraw a request",
    "Before it is answered, by those who carry the idea out.",
    view=RESOURCE_REQUEST,
)  # fmt: skip

# ---- grants ---------------------------------------------------------------------------------------------------------

door.one(GRANT, RESOURCE_GRANT, "getResourceGrant", "Get a grant", READ)
door.command(
    "POST", GRANT + "/use", grants.use_resource_grant, "useResourceGrant", "Enter that some of a grant was used",
    "By those who carry the idea out. 409 with what is `available` when less is left.",
    view=RESOURCE_GRANT,
)  # fmt: skip
door.command(
    "POST", GRANT + "/return", grants.return_resource_grant, "returnResourceGrant", "Give some of a grant back",
    "By those who carry the idea out and by the people of the budget, which has it again at once; without an amount "
    "all that is left.",
    view=RESOURCE_GRANT,
)  # fmt: skip
door.page(
    GRANT + "/entries", RESOURCE_ENTRIES, "listResourceEntries", "List what became of a grant", READ,
    fixed={"grant": "id"},
)  # fmt: skip
door.one("/resource-entries/{id}", RESOURCE_ENTRY, "getResourceEntry", "Get a use or a return", READ)
door.command(
    "POST", "/resource-entries/{id}/correct", grants.correct_resource_entry, "correctResourceEntry",
    "Correct a use or a return",
    "Entries stay as they are: the answer is another one, by how much the first was wrong.",
    view=RESOURCE_ENTRY, created_at="/resource-entries",
)  # fmt: skip
