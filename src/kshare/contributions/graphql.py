"""The account of contributions through GraphQL."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry

from kshare.contributions import shapes
from kshare.contributions.reads import (
    CONTRIBUTION,
    CONTRIBUTION_TOTALS,
    checked_months,
    own_unless_allowed,
    seen_along,
)
from kshare.contributions.rules import shown
from kshare.contributions.shapes import ContributionOrder, ContributionPeriod
from kshare.core.access import Permission
from kshare.core.reading import checked_limit
from kshare.edge.graphql import (
    VIEWS,
    Info,
    PlainRead,
    connection_type,
    enum_type,
    field,
    input_type,
    object_type,
    one_field,
)
from kshare.edge.reads import PageRead, binds
from kshare.people.graphql import Department, Person

READ = Permission.metrics_read

enum_type(ContributionOrder)
enum_type(ContributionPeriod)
object_type(shapes.ContributionRule)
object_type(shapes.ContributionObject)


@object_type
class Contribution(shapes.Contribution):
    __doc__ = shapes.Contribution.__doc__
    person: Person
    """Who contributed."""
    department: Department | None
    """Where the person was on that day by their memberships; null if nowhere."""


@object_type
class ContributionTotal(shapes.ContributionTotal):
    __doc__ = shapes.ContributionTotal.__doc__
    person: Person
    """Who contributed."""


VIEWS["Contribution"] = (CONTRIBUTION, READ)
ContributionConnection = connection_type(Contribution, "Contribution")
ContributionTotalConnection = connection_type(ContributionTotal, "ContributionTotal")
ContributionFilter = input_type(shapes.ContributionFilter, name="ContributionFilter")

First = Annotated[int, strawberry.argument(description="Entries on the page, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")]
Which = Annotated[ContributionFilter | None, strawberry.argument(description="Which entries.")]  # type: ignore[valid-type]
Order = Annotated[ContributionOrder, strawberry.argument(description="The order.")]
From = Annotated[
    date | None,
    strawberry.argument(
        name="from", description="A day in the first period; by default the first day of the year of `to`."
    ),
]
To = Annotated[date | None, strawberry.argument(description="A day in the last period; by default today.")]
By = Annotated[ContributionPeriod, strawberry.argument(description="How long the periods are.")]
OfPerson = Annotated[UUID | None, strawberry.argument(description="Of this person.")]
OfDepartment = Annotated[
    UUID | None,
    strawberry.argument(description="Of what people did while they were in this department, or in one below it."),
]


class Query:
    @field("The account of contributions: your own, and with `contributions_read` those of others.")
    def contributions(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Which = None,
        order_by: Order = ContributionOrder.oldest,
    ) -> ContributionConnection:  # type: ignore[valid-type]
        principal = _reader(info)
        asked: Any = {} if filter is None else {name: getattr(filter, name) for name in type(filter).model_fields}
        filters = own_unless_allowed(principal, {name: value for name, value in asked.items() if value is not None})
        return PageRead(seen_along(principal, filters), filters, order_by.value, checked_limit(first, "first"), after)

    contribution = one_field(CONTRIBUTION, Contribution, READ, "One entry of the account.")

    @field("What contributions come to, by person and period; at most 120 months altogether.")
    def contribution_totals(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        from_: From = None,
        to: To = None,
        by: By = ContributionPeriod.month,
        person_id: OfPerson = None,
        department_id: OfDepartment = None,
    ) -> ContributionTotalConnection:  # type: ignore[valid-type]
        principal = _reader(info)
        months = checked_months(binds(info.context.kernel, principal)["today"], from_, to, by)
        given = {"person": person_id, "department": department_id}
        filters = own_unless_allowed(principal, {name: value for name, value in given.items() if value is not None})
        limit = checked_limit(first, "first")
        return PageRead(CONTRIBUTION_TOTALS, {**months, **filters}, CONTRIBUTION_TOTALS.default_order, limit, after)

    @field("The rules of the account: what counts as a contribution, and how much.")
    def contribution_rules(self, info: Info) -> list[shapes.ContributionRule]:
        info.context.demand(READ)
        return PlainRead.of(shown())  # type: ignore[return-value]


def _reader(info: Info) -> Any:
    info.context.demand(READ)
    return info.context.principal
