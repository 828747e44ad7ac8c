"""The account of contributions through REST."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from kshare.contributions.export import Export
from kshare.contributions.reads import (
    CONTRIBUTION,
    CONTRIBUTION_TOTALS,
    CONTRIBUTIONS,
    checked_months,
    own_unless_allowed,
    seen_along,
)
from kshare.contributions.rules import shown
from kshare.contributions.shapes import (
    Contribution,
    ContributionExport,
    ContributionFormat,
    ContributionPeriods,
    ContributionRules,
    ContributionTotal,
)
from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.core.writing import require
from kshare.edge.csv import MEDIA_TYPE
from kshare.edge.door import Door
from kshare.edge.lists import page_of, page_query
from kshare.edge.reads import PageRead, binds
from kshare.edge.rest import Call, authorization_of

door = Door("Contributions", "An account of who contributed what, for people themselves and for HR.")
READ = Permission.metrics_read
PAGE = ("invalid_cursor", "cursor_mismatch")
KNOWN = {304: "You have it already."}

_TYPES = {ContributionFormat.ndjson: "application/x-ndjson", ContributionFormat.csv: MEDIA_TYPE}
_QUERY: Any = page_query(CONTRIBUTIONS, ContributionExport)
_TOTALS_QUERY: Any = page_query(CONTRIBUTION_TOTALS, ContributionPeriods)


@door.operation(
    "GET", "/contributions", "listContributions", "Read the account of contributions", READ,
    query=_QUERY, answer=page_of(Contribution), also=tuple(_TYPES.values()), problems=PAGE, other_statuses=KNOWN,
)  # fmt: skip
async def contributions(call: Call) -> Response:
    """Your own; with the permission `contributions_read` those of everybody, or of the departments it was given for.

    To pull it night by night: read page by page to the end, remember the `recorded_at` of the last entry, and ask with
    it as `updated_since` the next time. What was recorded at that very time comes again, so know entries by their
    `id`. Nothing is ever changed or removed, and nothing is added before an entry that could be read: what holds no
    more is corrected by an entry with the opposite weight, so that the sum of all weights is right at any time.

    With `format=ndjson` or `format=csv` everything from there on is one answer; one that was broken off is read on with
    the `recorded_at` of its last entry. In a table, texts that a spreadsheet would compute begin with an apostrophe.
    Every answer has an `ETag`: with `If-None-Match`, a pull of nothing new is answered 304."""
    query = call.query(_QUERY)
    filters = own_unless_allowed(call.principal, _given(query, ContributionExport, but="format"))
    read = PageRead(seen_along(call.principal, filters), filters, query.order, query.limit, query.cursor)
    if query.format is ContributionFormat.json:
        return await call.listed(read, tagged=True)
    return await _exported(call, Export(call.kernel, read, query.format))


def _given(query: BaseModel, filters: type[BaseModel], but: str) -> Mapping[str, Any]:
    names = [name for name in filters.model_fields if name != but]
    return {name: value for name in names if (value := getattr(query, name)) is not None}


async def _exported(call: Call, export: Export) -> Response:
    # Before anything is read: it must not stand for an entry that came too late to be among what is sent.
    headers = {"ETag": await export.tag(call.principal)}
    if call.has(headers["ETag"]):
        return Response(status_code=304, headers=headers)
    first = await export.first(call.principal)
    headers["Content-Disposition"] = f'attachment; filename="contributions.{export.format.value}"'

    async def caller() -> Principal:
        principal = await call.kernel.authenticate(authorization_of(call.request))
        require(principal, READ)
        return principal

    return StreamingResponse(export.parts(first, caller), 200, headers, _TYPES[export.format])


door.one("/contributions/{id}", CONTRIBUTION, "getContribution", "Get an entry of the account", READ)


@door.operation(
    "GET", "/contribution-totals", "listContributionTotals", "Add up contributions by person and period", READ,
    query=_TOTALS_QUERY, answer=page_of(ContributionTotal), problems=PAGE,
)  # fmt: skip
async def totals(call: Call) -> Response:
    """What the entries of each person come to in each month, quarter or year, of the entries that you see: added up
    they are the same to the last digit. Periods are whole ones, and at most 120 months altogether."""
    query = call.query(_TOTALS_QUERY)
    months = checked_months(binds(call.kernel, call.principal)["today"], query.from_, query.to, query.by)
    given = {name: value for name in ("person", "department") if (value := getattr(query, name)) is not None}
    filters = own_unless_allowed(call.principal, given)
    return await call.listed(
        PageRead(CONTRIBUTION_TOTALS, {**months, **filters}, query.order, query.limit, query.cursor)
    )


@door.operation(
    "GET", "/contribution-rules", "listContributionRules", "List the rules of the account", READ,
    answer=ContributionRules,
)  # fmt: skip
async def rules(call: Call) -> Response:
    """What counts as a contribution and how much, in Chinese and in English. A view, a like or a vote never counts."""
    return Response(orjson.dumps({"items": shown()}), 200, None, "application/json")
