"""Series of outcomes through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.door import Door
from kshare.edge.rest import Call, Written
from kshare.outcomes import commands
from kshare.outcomes.reads import ALL_OUTCOME_SERIES, OUTCOME_HISTORY, OUTCOME_SERIES, OUTCOME_VALUE, OUTCOME_VALUES
from kshare.outcomes.shapes import OutcomeSeriesFilter, OutcomeValueFilter, OutcomeValuesCount, PutOutcomeValues

door = Door(
    "Outcomes", "Business figures that other systems measure, by department and month, beside those of sharing."
)
READ, MANAGE = Permission.metrics_read, Permission.outcomes_manage
ALL, ONE = "/outcome-series", "/outcome-series/{id}"

door.page(ALL, ALL_OUTCOME_SERIES, "listOutcomeSeries", "List series of outcomes", READ, OutcomeSeriesFilter)
door.command(
    "POST", ALL, commands.create_outcome_series, "createOutcomeSeries", "Set up a series of outcomes",
    "Its values are put one by one, or many at once.",
    view=OUTCOME_SERIES, created_at=ALL,
)  # fmt: skip
door.by_external_id(
    ALL, OUTCOME_SERIES, commands.put_outcome_series, "a series of outcomes", READ,
    "A nightly job is simply re-run: the first time creates, later ones update, and what is left out or equal stays "
    "as it is.",
)  # fmt: skip
door.one(ONE, OUTCOME_SERIES, "getOutcomeSeries", "Get a series of outcomes", READ)
door.command(
    "PATCH", ONE, commands.update_outcome_series, "updateOutcomeSeries", "Change a series of outcomes",
    "What is left out stays as it is.",
    view=OUTCOME_SERIES,
)  # fmt: skip
door.command(
    "DELETE", ONE, commands.delete_outcome_series, "deleteOutcomeSeries", "Delete a series without values",
    "`conflict` once it has values, which are kept, corrected ones too: archive it instead.",
    view=OUTCOME_SERIES,
)  # fmt: skip
door.page(
    ONE + "/values", OUTCOME_VALUES, "listOutcomeValues", "List the present values of a series", READ,
    OutcomeValueFilter, fixed={"series": "id"},
)  # fmt: skip


@door.operation(
    "PUT", ONE + "/values", "putOutcomeValues", "Put values of a series", MANAGE, body=PutOutcomeValues,
    answer=OutcomeValuesCount,
)  # fmt: skip
async def put_values(call: Call) -> Response:
    """Whatever differs from what is known is added, and what it corrects stays readable with its time; what is the
    same changes nothing, so that a nightly job is simply re-run. All values are taken or, if one is refused, none;
    `conflict` when the series is archived."""
    id, ask = call.path_id(), await call.body(PutOutcomeValues)

    async def perform(work: Work) -> Written:
        count = await commands.put_outcome_values(work, id, ask)
        return Written(body=count.model_dump_json().encode())

    return await call.write(perform)


door.page(
    ONE + "/history", OUTCOME_HISTORY, "listOutcomeHistory", "List all that was ever said in a series", READ,
    OutcomeValueFilter, fixed={"series": "id"},
)  # fmt: skip
door.one("/outcome-values/{id}", OUTCOME_VALUE, "getOutcomeValue", "Get a value of a series", READ)
