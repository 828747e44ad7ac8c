"""How unsealings and credits are read, and who may take part in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, func, or_, text

from kshare.content.anonymity.models import CreditRow, OpeningRow, UnsealingRow
from kshare.content.anonymity.shapes import Credit, Opening, Unsealing
from kshare.content.models import ContentRow
from kshare.content.visibility import visible_content, visible_through_content
from kshare.core.access import Permission
from kshare.core.reading import Alias, Filter, Listing, Many, One, Order, View, Viewer, allowed_list, everyone_sees
from kshare.core.writing import Guard
from kshare.people.reads import PERSON

OPEN_HOURS = 24
"""Hours for which the two may open it, once the second has agreed."""


def _open_until(row: Alias) -> ColumnElement[Any]:
    until: ColumnElement[Any] = row.approved_at + text(f"interval '{OPEN_HOURS} hours'")
    return until


def _one_of_the_two(row: Alias) -> ColumnElement[bool]:
    return or_(row.requested_by_id == Viewer.id, row.approved_by_id == Viewer.id)


def visible_unsealing(row: Alias) -> ColumnElement[bool]:
    """Whoever may unseal sees all requests about what they see."""
    return and_(Viewer.holds(Permission.unseal), visible_through_content(row))


SEALED_GUARD = Guard("content", ContentRow, visible_content)
UNSEALING_GUARD = Guard(
    "unsealing",
    UnsealingRow,
    visible_unsealing,
    {
        "approve": lambda row: and_(row.approved_at.is_(None), row.requested_by_id != Viewer.id),
        "open": lambda row: and_(_one_of_the_two(row), _open_until(row) > func.now()),
    },
)

_OPENING = View(
    "opening",
    Opening,
    OpeningRow,
    everyone_sees,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)
UNSEALING = View(
    "unsealing",
    Unsealing,
    UnsealingRow,
    visible_unsealing,
    {
        "requested_by": One(PERSON, on=lambda row, person: person.id == row.requested_by_id),
        "approved_by": One(PERSON, on=lambda row, person: person.id == row.approved_by_id),
        "open_until": _open_until,
        "openings": Many(
            _OPENING,
            on=lambda row, opening: opening.unsealing_id == row.id,
            order=lambda opening: (opening.at, opening.id),
            first=50,
            seen_with_parent=True,
        ),
        "permissions": lambda row: allowed_list(UNSEALING_GUARD.rules_for(row)),
    },
)
UNSEALINGS = Listing(
    "unsealings",
    UNSEALING,
    filters={"content": Filter(Uuid, lambda row, value: row.content_id == value)},
    orders={"newest": Order((("requested_at", datetime), ("id", UUID)), "Newest request first.")},
    default_order="newest",
)

CREDIT = View("credit", Credit, CreditRow, lambda row: row.person_id == Viewer.id)
CREDITS = Listing(
    "my_credits",
    CREDIT,
    filters={},
    orders={"newest": Order((("day", datetime), ("id", UUID)), "Newest first.")},
    default_order="newest",
)
