"""How the journal is read by those who were not there: in order, once settled, and as far as they may see it now.

An entry is seen by those whom it was written for (its own readers and classification) who, if it concerns a content,
may also see that content at the moment of reading: an audience may have become smaller since. What happened to a
content that is gone is seen by the entry's own readers.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    SmallInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from kshare.content.journal import visible_entry
from kshare.core.access import Permission
from kshare.core.errors import DomainError, FieldError
from kshare.core.journal import Happened, JournalRow, Xid8, settled
from kshare.core.principal import Principal
from kshare.core.reading import Alias, One, Selection, Statement, View, Viewer, compiled, json_object
from kshare.edge.kernel import Kernel
from kshare.edge.reads import fetch
from kshare.events.shapes import Event, EventType
from kshare.people.reads import PERSON

SCANNED = 5_000
"""Entries one read looks at, at most: somebody who sees little of a long journal reads it in several requests."""


def visible_event(row: Alias) -> ColumnElement[bool]:
    """Who sees an entry in the feed."""
    return and_(visible_entry(row), Viewer.holds(Permission.events_read))


EVENT = View(
    "event",
    Event,
    JournalRow,
    visible_event,
    {
        "type": lambda row: row.happened,
        "actor": One(PERSON, on=lambda row, person: person.id == row.actor_id),
    },
)

# ---- types ----------------------------------------------------------------------------------------------------------


@cache
def event_types() -> dict[str, EventType]:
    """Every type of event, by name: the classes the slices record. What they have in common is called `…Happened`."""
    types: dict[str, EventType] = {}
    for happened in sorted(_recorded(Happened), key=lambda one: one.event_name()):
        name = happened.event_name()
        if name in types:
            raise ValueError(f"two slices record {name}")
        description = " ".join((happened.__doc__ or "").split())
        payload = happened.model_json_schema()
        types[name] = EventType(type=name, about=happened.about, description=description, payload=payload)
    return types


def _recorded(base: type[Happened]) -> Iterator[type[Happened]]:
    for derived in base.__subclasses__():
        yield from _recorded(derived)
        if derived.__module__.startswith("kshare.") and not derived.__name__.endswith("Happened"):
            yield derived


def checked_types(names: Sequence[str] | None, pointer: str = "?types") -> frozenset[str]:
    """The types a caller names; 422 for one that there is not."""
    for name in names or ():
        if name not in event_types():
            raise DomainError(
                "invalid",
                "There is no such type of event; /v1/event-types lists them.",
                [FieldError(pointer, "enum", "not a type of event")],
            )
    return frozenset(names or ())


# ---- places in the journal ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the journal, whether or not the caller may see what lies there."""

    xid: int
    number: int


START = Position(0, 0)

Place = UUID | Position
"""Where to read on: behind an event, or behind a position."""


def sealed(secret: bytes, position: Position) -> str:
    """A position as callers get it. Encrypted, and another text each time: neither how much happens that they may not
    see, nor whether anything does, is theirs to know."""
    nonce = secrets.token_bytes(12)
    plain = position.xid.to_bytes(8, "big") + position.number.to_bytes(8, "big")
    return base64.urlsafe_b64encode(nonce + _cipher(secret).encrypt(nonce, plain, None)).decode()


def place_of(secret: bytes, after: str) -> Place:
    """The place that `after` names; raises `invalid_cursor`."""
    try:
        if len(after) == 36:
            return UUID(after)
        raw = base64.b64decode(after.encode("ascii"), b"-_", validate=True)
        plain = _cipher(secret).decrypt(raw[:12], raw[12:], None)
    except (ValueError, binascii.Error, InvalidTag):
        raise unknown_place() from None
    return Position(int.from_bytes(plain[:8], "big"), int.from_bytes(plain[8:], "big"))


def unknown_place() -> DomainError:
    """The answer to an `after` that leads nowhere."""
    detail = "`after` is neither the id of an event that is still kept nor a `latest` of ours; start without it."
    return DomainError("invalid_cursor", detail)


@cache
def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(hmac.digest(secret, b"kshare journal position", "sha256"))


# ---- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, as JSON, once for each selection; where the next read starts, and whether it will find more."""

    ids: Sequence[UUID]
    types: Sequence[str]
    items: Sequence[Sequence[bytes]]
    place: Place
    more: bool

    def latest(self, secret: bytes) -> str:
        """The place as callers get it."""
        return sealed(secret, self.place) if isinstance(self.place, Position) else str(self.place)


async def read_events(
    kernel: Kernel,
    principal: Principal,
    place: Place,
    types: frozenset[str],
    limit: int,
    selections: tuple[Selection, ...],
) -> Batch:
    """What the principal may see behind a place, `limit` events at most; raises `invalid_cursor` for an unknown one."""
    statement = _statement(selections, by_id=isinstance(place, UUID), typed=bool(types))
    values: dict[str, Any] = {"limit": limit, "types": list(types)}
    if isinstance(place, Position):
        values |= {"xid": place.xid, "number": place.number}
    else:
        values["after"] = place
    row = await fetch(kernel, principal, statement, values)
    assert row is not None
    if not row["known"]:
        raise unknown_place()
    ids, names = row["ids"] or [], row["types"] or []
    items = [(row[f"items{index}"] or [])[:limit] for index in range(len(selections))]
    if len(ids) > limit:
        return Batch(ids[:limit], names[:limit], items, ids[limit - 1], True)
    scanned = 0
    if row["reached"] is not None:
        xid, number, scanned = orjson.loads(row["reached"])
        place = Position(int(xid), number)
    return Batch(ids, names, items, place, scanned == SCANNED)


async def newest_place(kernel: Kernel, principal: Principal) -> Position:
    """The end of what has settled by now."""
    row = await fetch(kernel, principal, _newest(), {})
    return START if row is None else Position(row["xid"], row["number"])


def _newest() -> Statement:
    def build() -> Any:
        newest = select(JournalRow.xid, JournalRow.number).where(settled())
        return newest.order_by(JournalRow.xid.desc(), JournalRow.number.desc()).limit(literal_column("1"))

    return compiled("newest event", build)


def _statement(selections: tuple[Selection, ...], *, by_id: bool, typed: bool) -> Statement:
    """One row: arrays of what was found (`limit` and one more), and how far the scan reached if it found no more."""
    key: Hashable = ("events", selections, by_id, typed)

    def build() -> Any:
        row = aliased(JournalRow, _scan(by_id).subquery())
        items = [json_object(EVENT, row, selection).label(f"item{n}") for n, selection in enumerate(selections)]
        limit = bindparam("limit", type_=SmallInteger)
        found = select(row.id, row.happened, *items).where(EVENT.condition(row))
        if typed:
            found = found.where(row.happened == func.any(bindparam("types", type_=ARRAY(Text))))
        rows = found.order_by(row.xid, row.number).limit(limit + 1).subquery()

        # Numbered in the order of the journal, and not as the rows happen to come, which is before they are sorted.
        number = func.row_number().over(order_by=(JournalRow.xid, JournalRow.number)).label("n")
        step = _scan(by_id).with_only_columns(JournalRow.xid, JournalRow.number, number).subquery()
        last = select(step).order_by(step.c.n.desc()).limit(literal_column("1")).subquery()
        reached = select(func.json_build_array(last.c.xid, last.c.number, last.c.n)).scalar_subquery()
        return select(
            func.array_agg(rows.c.id).label("ids"),
            func.array_agg(rows.c.happened).label("types"),
            *[func.array_agg(rows.c[item.name]).label(f"items{n}") for n, item in enumerate(items)],
            case((func.count() > limit, null()), else_=reached).label("reached"),
            (exists(_after_id(JournalRow.id)) if by_id else true()).label("known"),
        ).select_from(rows)

    return compiled(key, build)


def _scan(by_id: bool) -> Select[Any]:
    """The next entries of the journal in order, whoever may see them; they are only looked at as far as needed."""
    start: list[Any] = [bindparam("xid", type_=Xid8), bindparam("number", type_=BigInteger)]
    if by_id:
        start = [_after_id(JournalRow.xid).scalar_subquery(), _after_id(JournalRow.number).scalar_subquery()]
    place = tuple_(JournalRow.xid, JournalRow.number)
    entries = select(JournalRow).where(place > tuple_(*start), settled())
    return entries.order_by(JournalRow.xid, JournalRow.number).limit(literal_column(str(SCANNED)))


def _after_id(column: Any) -> Select[Any]:
    after = aliased(JournalRow)
    return select(getattr(after, column.key)).where(after.id == bindparam("after", type_=Uuid))
