"""What needs arithmetic on top of a statement: the next pair of a judge, and how far a panel is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import JSON, ColumnElement, Select, case, exists, func, null, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import visible_content
from kshare.core.aside import aside
from kshare.core.errors import DomainError, not_found
from kshare.core.principal import Principal
from kshare.core.reading import Selection, Viewer, compiled, constant, whole
from kshare.edge.kernel import Kernel
from kshare.edge.reads import Bespoke, Connection, OneRead, fetch, read_one
from kshare.reviews.figures.pairing import next_pair as choose
from kshare.reviews.figures.ranking import Comparison, NotConnected, rank
from kshare.reviews.models import AssignmentRow, ComparisonRow, PanelRow, ReviewRow
from kshare.reviews.reads.comparing import (
    NEXT_PAIR,
    OUTCOMES,
    PAIRS_GUARD,
    PANEL_ID,
    check_comparing,
    counts,
    is_compared,
    may_compare,
    not_taking_part,
    visible_panel,
)
from kshare.reviews.shapes.comparing import NextPair

Json = dict[str, Any]
Rows = list[tuple[str, str, str]]
"""Comparisons: the ids of both reviews, and the outcome where it may be known."""

# ---- what statements find -------------------------------------------------------------------------------------------


def _list(values: tuple[Any, ...], by: Any, *conditions: Any) -> ColumnElement[Any]:
    """The values of all rows that meet the conditions, as lists, in an order."""
    array = func.json_build_array(*values, type_=JSON)
    return select(func.json_agg(aggregate_order_by(array, by))).where(*conditions).scalar_subquery()


def _compared(*, blind: bool) -> ColumnElement[Any]:
    """The comparisons of the panel that count: what was compared with what, and the outcome; `blind`, only of those
    that the viewer made."""
    row = aliased(ComparisonRow)
    outcome = case((row.person_id == Viewer.id, row.outcome), else_=null()) if blind else row.outcome
    return _list((row.first_id, row.second_id, outcome), row.id, row.panel_id == PANEL_ID, counts(row))


def _panel(action: str, *facts: Any) -> Select[Any]:
    """What there is of a panel that the viewer sees, and whether they may do this with it."""
    row = aliased(PanelRow)
    parts: tuple[Any, ...] = (
        constant("may"),
        PAIRS_GUARD.rules[action](row),
        constant("method"),
        row.method,
        constant("state"),
        row.state,
        *facts,
    )
    found = select(func.json_build_object(*parts, type_=JSON).label("json"))
    return found.where(row.id == PANEL_ID, visible_panel(row))


def _for_judge() -> Select[Any]:
    row, seat = aliased(ReviewRow), aliased(AssignmentRow)
    takes_part = exists().where(
        seat.panel_id == PANEL_ID,
        seat.review_id.is_(None),
        seat.person_id == Viewer.id,
        seat.state.in_([constant("asked"), constant("given")]),
    )
    return _panel(
        "compare",
        constant("takes_part"),
        takes_part,
        constant("entries"),
        _list((row.id, may_compare(row)), row.id, row.panel_id == PANEL_ID, is_compared(row)),
        constant("compared"),
        _compared(blind=True),
    )


def _for_chair() -> Select[Any]:
    row, content = aliased(ReviewRow), aliased(ContentRow)
    title = case((visible_content(content), content.title), else_=null())
    # Whose idea was withdrawn meanwhile is not ranked when the panel closes.
    there = (content.id == row.content_id, content.state == constant("published"))
    return _panel(
        "see_standing",
        constant("entries"),
        _list((row.id, content.id, title), row.id, row.panel_id == PANEL_ID, is_compared(row), *there),
        constant("compared"),
        _compared(blind=False),
    )


async def _facts(kernel: Kernel, principal: Principal, panel_id: UUID, action: str, refusal: str) -> Json:
    """What a statement finds. Raises 404, 403, and 409 for a panel in which nothing can be compared."""
    build = _for_judge if action == "compare" else _for_chair
    row = await fetch(kernel, principal, compiled(("pairs", action), build), {"panel_id": panel_id})
    if row is None:
        raise not_found("panel")
    found: Json = orjson.loads(row["json"])
    if not found["may"]:
        raise DomainError("forbidden", refusal)
    check_comparing(found["method"], found["state"])
    return found


# ---- the next pair --------------------------------------------------------------------------------------------------


async def next_pair(
    kernel: Kernel,
    principal: Principal,
    panel_id: UUID,
    selection: Selection | None = None,
    connection: Connection | None = None,
    sizes: Mapping[str, int] | None = None,
) -> bytes:
    """The two ideas that the caller should compare next, as the JSON of a `NextPair` or of what is selected from it.

    Raises 404, 403 for who is no member, and 409 for a panel that is not open or does not compare.
    """
    found = await _facts(kernel, principal, panel_id, "compare", "You are not a member of this panel.")
    if not found["takes_part"]:
        raise not_taking_part()
    # Judges differ in their ids; how far each is, is mixed in there.
    pair, compared, left = await aside(_choose, found["entries"] or [], found["compared"] or [], principal.id.int)
    values = {"first_id": pair[0], "second_id": pair[1], "compared": compared, "left": left, **(sizes or {})}
    picks = whole(NextPair, NEXT_PAIR) if selection is None else selection
    body, _ = await read_one(kernel, principal, OneRead(NEXT_PAIR, panel_id), picks, connection, values)
    return body


def _choose(
    entries: list[tuple[str, bool]], compared: Rows, drawn: int
) -> tuple[tuple[UUID | None, UUID | None], int, int]:
    """The ids of the next two, how many the judge has compared, and how many pairs they still could."""
    number = {id: place for place, (id, _) in enumerate(entries)}
    known = [row for row in compared if row[0] in number and row[1] in number]
    every = [(number[first], number[second]) for first, second, _ in known]
    own = [Comparison(number[one], number[other], OUTCOMES[outcome]) for one, other, outcome in known if outcome]
    allowed = {number[id] for id, may in entries if may}
    pair = choose(len(entries), compared=every, own=own, allowed=allowed, drawn=drawn)
    done = sum(answer.first in allowed and answer.second in allowed for answer in own)
    left = len(allowed) * (len(allowed) - 1) // 2 - done
    chosen = (None, None) if pair is None else (UUID(entries[pair[0]][0]), UUID(entries[pair[1]][0]))
    return chosen, len(own), left


@dataclass(frozen=True, slots=True)
class NextPairRead(Bespoke):
    """The next pair as a query selects from it."""

    panel_id: UUID

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        return await next_pair(kernel, principal, self.panel_id, selection, connection, sizes)


# ---- how far a panel is ---------------------------------------------------------------------------------------------


async def standing(kernel: Kernel, principal: Principal, panel_id: UUID, selection: Selection | None = None) -> bytes:
    """How far a panel is, for its chair, as the JSON of a `PanelStanding` or of what is selected from it.

    Raises 404, 403 for everybody else and for a chair who judges as well, and 409 as `next_pair` does.
    """
    refusal = "Only the chair sees how far a panel is, unless they judge in it."
    found = await _facts(kernel, principal, panel_id, "see_standing", refusal)
    return await aside(_standing, found["entries"] or [], found["compared"] or [], selection)


@dataclass(frozen=True, slots=True)
class StandingRead(Bespoke):
    """How far a panel is, as a query selects from it."""

    panel_id: UUID

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        return await standing(kernel, principal, self.panel_id, selection)


def _standing(entries: list[list[Any]], compared: Rows, selection: Selection | None) -> bytes:
    number = {entry[0]: place for place, entry in enumerate(entries)}
    answers = [
        Comparison(number[first], number[second], OUTCOMES[outcome])
        for first, second, outcome in compared
        if first in number and second in number
    ]
    found: Json = {"comparisons": len(answers), "connected": True, "missing": [], "ranking": []}
    try:
        ranked = rank(len(entries), answers)
    except NotConnected as error:
        found["connected"] = False
        found["missing"] = [{"ideas": len(group), **_named(entries[group[0]])} for group in error.components]
    else:
        found["ranking"] = [
            {
                **_named(entries[place.entry]),
                "rank": place.rank,
                "strength": round(place.strength, 6),
                "low": round(place.low, 6),
                "high": round(place.high, 6),
                "certainty": None if place.certainty is None else round(place.certainty, 6),
            }
            for place in ranked
        ]
    return orjson.dumps(found if selection is None else _selected(found, selection))


def _named(entry: list[Any]) -> Json:
    return dict(zip(("review_id", "idea_id", "title"), entry, strict=True))


def _selected(value: Any, selection: Selection | None) -> Any:
    if selection is None:
        return value
    if isinstance(value, list):
        return [_selected(one, selection) for one in value]
    return {pick.name: pick.typename or _selected(value[pick.field], pick.selection) for pick in selection}
