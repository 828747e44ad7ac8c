"""Resources: as readers see them, as callers ask for them, as the journal records them."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.core.amounts import Amount, AmountOrNothing, Currency, Exact, SignedAmount
from kshare.core.choices import Choice
from kshare.core.journal import Happened
from kshare.core.moments import Day
from kshare.core.reading import Ask, Entity, Patch
from kshare.core.text import line, prose
from kshare.people.shapes import DepartmentSummary, PersonSummary


class ResourceKind(Choice):
    """What sort of resource."""

    hours = "hours", "Working hours of those who carry an idea out."
    money = "money", "Money, in one currency."
    equipment = "equipment", "Equipment, counted in pieces."
    expert_time = "expert_time", "Hours of people who know the matter."


class ResourceRequestState(Choice):
    """What became of a request."""

    requested = "requested", "It awaits an answer."
    granted = "granted", "Something was granted, and some of that is left."
    declined = "declined", "Nothing was granted; a reason was given."
    withdrawn = "withdrawn", "Whoever asked no longer needs it."
    used_up = "used_up", "All that was granted was used."
    returned = "returned", "What was granted and not used went back to its budget."


class BudgetEntryKind(Choice):
    """Why the balance of a budget changed."""

    opened = "opened", "It was set up with this amount."
    adjusted = "adjusted", "It was raised or cut."
    granted = "granted", "So much was granted from it."
    returned = "returned", "So much came back from a grant."
    corrected = "corrected", "A return was entered wrongly; this is by how much."


class ResourceEntryKind(Choice):
    """What became of a part of a grant."""

    used = "used", "It was used."
    returned = "returned", "It went back to its budget."


class Budget(Entity):
    """Something of which resources are granted."""

    name: str
    """Its name."""
    kind: ResourceKind
    """Of what sort of resource."""
    unit: str
    """What its amounts count: a currency (ISO 4217), `hours` or `pieces`."""
    amount: Exact
    """What it was set up with, as raised and cut since."""
    balance: Exact
    """What can still be granted: the sum of its ledger."""
    owner: PersonSummary
    """Who grants from it, beside those who manage budgets."""
    department: DepartmentSummary | None
    """Whose budget it is; null for the whole company's."""
    starts_on: date
    """The first day on which it can be granted from."""
    ends_on: date | None
    """The last day; null: no end."""
    version: int
    """Grows with every change, of its balance too."""
    created_at: datetime
    """When it was set up."""
    permissions: list[str]
    """What you may do with it."""


class BudgetEntry(Entity):
    """A line of a budget's ledger."""

    number: int
    """1 for the first, then one more with each."""
    kind: BudgetEntryKind
    """Why the balance changed."""
    amount: Exact
    """By how much; negative where it became less."""
    balance: Exact
    """What was left then."""
    grant_id: UUID | None
    """The grant it belongs to."""
    note: str | None
    """What was said of it."""
    person: PersonSummary
    """Who did it."""
    created_at: datetime
    """When."""


class ResourceGrant(Entity):
    """What was granted to a request."""

    request_id: UUID
    """The request."""
    idea_id: UUID
    """The idea it is for."""
    budget_id: UUID
    """The budget it came from."""
    budget_name: str
    """The name of that budget."""
    unit: str
    """What the amounts count: a currency (ISO 4217), `hours` or `pieces`."""
    amount: Exact
    """How much."""
    used: Exact
    """How much of it was used."""
    returned: Exact
    """How much of it went back."""
    left: Exact
    """How much of it is left to be used or returned."""
    person: PersonSummary
    """Who granted it."""
    note: str | None
    """What was said of it."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was granted."""
    permissions: list[str]
    """What you may do with it."""


class ResourceEntry(Entity):
    """A use or a return of some of a grant, or a correction of one."""

    grant_id: UUID
    """The grant."""
    number: int
    """1 for the first of its grant, then one more with each."""
    kind: ResourceEntryKind
    """Used or returned."""
    amount: Exact
    """How much; of a correction, by how much more (or, negative, less) than the entry it corrects had said."""
    corrects: UUID | None
    """The entry it corrects."""
    note: str | None
    """For what, or why."""
    person: PersonSummary
    """Who entered it."""
    created_at: datetime
    """When."""


class ResourceRequest(Entity):
    """What is asked for an idea."""

    idea_id: UUID
    """The idea."""
    kind: ResourceKind
    """What sort of resource."""
    unit: str
    """What the amount counts: a currency (ISO 4217), `hours` or `pieces`."""
    amount: Exact
    """How much is asked for."""
    purpose: str
    """What for."""
    needed_by: date | None
    """When it is needed at the latest."""
    state: ResourceRequestState
    """What became of it."""
    person: PersonSummary
    """Who asks."""
    decided_by: PersonSummary | None
    """Who granted or declined it."""
    decided_at: datetime | None
    """When."""
    reason: str | None
    """Why it was declined."""
    grant: ResourceGrant | None
    """What was granted."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was asked."""
    permissions: list[str]
    """What you may do with it."""


Name = Annotated[str, line(1, 200)]
Purpose = Annotated[str, prose(1, 2000)]
Note = Annotated[str, prose(1, 1000)]


class CreateBudget(Ask):
    """A new budget."""

    name: Name
    """Its name."""
    kind: ResourceKind
    """Of what sort of resource."""
    amount: Amount
    """How much there is: text with up to two decimals, or a whole number. Equipment is counted in whole pieces."""
    currency: Currency | None = None
    """The currency of money (ISO 4217); of nothing else."""
    owner_id: UUID | None = None
    """Who grants from it; by default you."""
    department_id: UUID | None = None
    """Whose budget it is; by default the whole company's."""
    starts_on: Day | None = None
    """The first day on which it can be granted from; by default today."""
    ends_on: Day | None = None
    """The last day; by default there is no end."""


class UpdateBudget(Patch):
    """Changes to a budget; what is left out stays as it is. Its amount is adjusted instead, which its ledger keeps."""

    nullable: ClassVar[frozenset[str]] = frozenset({"department_id", "ends_on"})

    name: Name | None = None
    """Its name."""
    owner_id: UUID | None = None
    """Who grants from it."""
    department_id: UUID | None = None
    """Whose budget it is; null: the whole company's."""
    starts_on: Day | None = None
    """The first day on which it can be granted from."""
    ends_on: Day | None = None
    """The last day; null: no end."""


class AdjustBudget(Ask):
    """Raise or cut a budget."""

    amount: SignedAmount
    """By how much; negative cuts it, by no more than its balance."""
    reason: Note
    """Why."""


class BudgetFilter(Ask):
    """Which budgets; all conditions must hold."""

    kind: ResourceKind | None = None
    """Of this sort of resource."""
    owner: UUID | None = None
    """Of which this person is the owner."""
    department: UUID | None = None
    """Of this department itself."""


class RequestResources(Ask):
    """Ask for a resource that an idea needs."""

    kind: ResourceKind
    """What sort of resource."""
    amount: Amount
    """How much: text with up to two decimals, or a whole number. Equipment is counted in whole pieces."""
    currency: Currency | None = None
    """The currency of money (ISO 4217); of nothing else."""
    purpose: Purpose
    """What for; of equipment and expert time also which."""
    needed_by: Day | None = None
    """When it is needed at the latest; a day to come."""


class GrantResources(Ask):
    """Grant a request, or a part of it."""

    budget_id: UUID
    """The budget it comes from: of the same kind and unit."""
    amount: Amount | None = None
    """How much; by default all that was asked for, and never more."""
    note: Note | None = None
    """What to say of it."""


class DeclineResources(Ask):
    """Decline a request."""

    reason: Note
    """Why."""


class UseResources(Ask):
    """Enter that some of a grant was used."""

    amount: Amount
    """How much; no more than is left."""
    note: Note | None = None
    """For what."""


class ReturnResources(Ask):
    """Give what was granted and is not needed back to its budget."""

    amount: Amount | None = None
    """How much; by default all that is left."""
    note: Note | None = None
    """Why."""


class CorrectResourceEntry(Ask):
    """Say what an entry should have said. The entry stays; the correction is another one."""

    amount: AmountOrNothing
    """How much it really was."""
    reason: Note
    """What was wrong."""


class ResourceRequestFilter(Ask):
    """Which requests; all conditions must hold."""

    state: ResourceRequestState | None = None
    """In this state; `requested` are those that await an answer."""
    kind: ResourceKind | None = None
    """For this sort of resource."""


class BudgetHappened(Happened):
    """Something that happened to a budget."""

    about: ClassVar[str] = "budget"
    budget_id: UUID
    """The budget."""


class BudgetCreated(BudgetHappened):
    """A budget was set up. Its owner is told, and who did it."""

    kind: str
    """Of what sort of resource."""


class BudgetChanged(BudgetHappened):
    """The name, owner, department or days of a budget were changed; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class BudgetAdjusted(BudgetHappened):
    """A budget was raised or cut."""

    amount: Exact
    """By how much."""


class ResourcesRequested(ContentHappened):
    """Something was asked for an idea that is to be carried out."""

    request_id: UUID
    """The request."""
    kind: str
    """What sort of resource."""
    unit: str
    """What the amount counts."""
    amount: Exact
    """How much."""


class ResourcesGranted(ContentHappened):
    """A request was granted, or a part of it."""

    request_id: UUID
    """The request."""
    grant_id: UUID
    """The grant."""
    unit: str
    """What the amount counts."""
    amount: Exact
    """How much."""


class ResourcesDeclined(ContentHappened):
    """A request was declined."""

    request_id: UUID
    """The request."""


class ResourceRequestWithdrawn(ContentHappened):
    """A request was withdrawn before it was answered."""

    request_id: UUID
    """The request."""


class ResourcesUsed(ContentHappened):
    """Some of a grant was used."""

    grant_id: UUID
    """The grant."""
    amount: Exact
    """How much."""


class ResourcesReturned(ContentHappened):
    """Some of a grant went back to its budget."""

    grant_id: UUID
    """The grant."""
    amount: Exact
    """How much."""


class ResourceEntryCorrected(ContentHappened):
    """An entry of a grant was wrong and was corrected by another."""

    grant_id: UUID
    """The grant."""
    entry_id: UUID
    """The entry that was wrong."""
    amount: Exact
    """What it should have said."""
