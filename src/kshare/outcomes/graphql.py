"""Series of outcomes through GraphQL."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.core.access import Permission
from kshare.core.moments import Month
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    mutation,
    object_type,
    one_field,
)
from kshare.outcomes import commands, shapes
from kshare.outcomes.reads import ALL_OUTCOME_SERIES, OUTCOME_HISTORY, OUTCOME_SERIES, OUTCOME_VALUE, OUTCOME_VALUES
from kshare.people.graphql import Department, Person

READ = Permission.metrics_read

for enum in (shapes.OutcomeDirection, shapes.OutcomeLevel):
    enum_type(enum)


@object_type
class OutcomeSeries(shapes.OutcomeSeries):
    __doc__ = shapes.OutcomeSeries.__doc__


@object_type
class OutcomeValue(shapes.OutcomeValue):
    __doc__ = shapes.OutcomeValue.__doc__
    department: Department | None
    """The department it was measured in; null for the whole company. Nothing is added up: values are as they came."""
    person: Person
    """Who sent it."""


@object_type
class OutcomeValuesCount(shapes.OutcomeValuesCount):
    __doc__ = shapes.OutcomeValuesCount.__doc__


class OutcomeValueFilter(shapes.OutcomeValueFilter):
    __doc__ = shapes.OutcomeValueFilter.__doc__
    from_: Annotated[Month | None, strawberry.field(name="from")] = None
    """Of this month, as `2026-03`, and those after it."""


VIEWS |= {"OutcomeSeries": (OUTCOME_SERIES, READ), "OutcomeValue": (OUTCOME_VALUE, READ)}
OutcomeSeriesConnection = connection_type(OutcomeSeries, "OutcomeSeries")
OutcomeValueConnection = connection_type(OutcomeValue, "OutcomeValue")
OutcomeHistoryConnection = connection_type(OutcomeValue, "OutcomeHistory")
input_type(shapes.OutcomeSeriesFilter, name="OutcomeSeriesFilter")
input_type(OutcomeValueFilter, name="OutcomeValueFilter")
for ask in (shapes.GivenOutcome, shapes.PutOutcomeValues):
    input_type(ask)


class Query:
    all_outcome_series = list_field(
        ALL_OUTCOME_SERIES,
        OutcomeSeriesConnection,
        shapes.OutcomeSeriesFilter,
        READ,
        "Series of business figures that other systems measure.",
    )
    outcome_series = one_field(OUTCOME_SERIES, OutcomeSeries, READ, "One series of outcomes.")
    outcome_value = one_field(OUTCOME_VALUE, OutcomeValue, READ, "One value of a series.")
    outcome_values = list_field(
        OUTCOME_VALUES,
        OutcomeValueConnection,
        OutcomeValueFilter,
        READ,
        "The present values of a series that you may see.",
        fixed={"series_id": "series"},
    )
    outcome_history = list_field(
        OUTCOME_HISTORY,
        OutcomeHistoryConnection,
        OutcomeValueFilter,
        READ,
        "All that was ever said in a series and that you may see, with what was corrected.",
        fixed={"series_id": "series"},
    )


class Mutation:
    create_outcome_series = command_field(
        commands.create_outcome_series, OutcomeSeries, OUTCOME_SERIES, "Set up a series of outcomes."
    )
    update_outcome_series = command_field(
        commands.update_outcome_series,
        OutcomeSeries,
        OUTCOME_SERIES,
        "Change a series of outcomes; what is left out stays as it is.",
    )
    put_outcome_series = command_field(
        commands.put_outcome_series,
        OutcomeSeries,
        OUTCOME_SERIES,
        "Create or update a series of outcomes by its id in another system.",
    )
    delete_outcome_series = command_field(
        commands.delete_outcome_series, UUID, None, "Delete a series that has no values; answers its id."
    )

    @mutation("Put values of a series; what is the same as before changes nothing.")
    async def put_outcome_values(
        self,
        info: Info,
        id: Annotated[UUID, strawberry.argument(description="The series.")],
        input: Annotated[shapes.PutOutcomeValues, strawberry.argument(description="What is asked for.")],
    ) -> OutcomeValuesCount | None:
        count = await commands.put_outcome_values(info.context.work, id, input)
        return OutcomeValuesCount(**count.model_dump())
