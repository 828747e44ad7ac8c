"""Asking the read path for something, from either door: one object, a page, or any object by its id."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from kshare.core.clock import day_in, now
from kshare.core.errors import not_found
from kshare.core.paging import CursorKey
from kshare.core.principal import Principal
from kshare.core.reading import (
    Listing,
    PageForm,
    Selection,
    Statement,
    View,
    checked_limit,
    filters_asked,
    node_statement,
    one_statement,
    page_statement,
    render,
)
from kshare.edge.kernel import Kernel


@dataclass(frozen=True, slots=True)
class OneRead:
    """One object: by its id, or by the columns that tell it from all others."""

    view: View[Any]
    id: UUID | None = None
    by: Mapping[str, Any] = field(default_factory=dict)
    seen_by: Principal | None = None
    """Through whose eyes; the caller's unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page of a list."""

    listing: Listing[Any]
    filters: Mapping[str, Any]
    order: str
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class NodeRead:
    """Whichever object has this id."""

    id: UUID


class Bespoke(ABC):
    """A read with a statement of its own. It is given what the query selects from its type."""

    __slots__ = ()

    @abstractmethod
    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: "Connection | None",
    ) -> bytes | None:
        """The JSON of the answer, or None; `sizes` are the bound sizes of nested lists, for the statement's values."""


Connection: TypeAlias = asyncpg.Connection


def binds(kernel: Kernel, principal: Principal) -> dict[str, Any]:
    """What every read may refer to: the viewer, and which day it is in the company."""
    return {**principal.binds, "today": day_in(ZoneInfo(kernel.settings.time_zone), now())}


async def fetch(
    kernel: Kernel,
    principal: Principal,
    statement: Statement,
    values: Mapping[str, Any],
    connection: Connection | None = None,
) -> asyncpg.Record | None:
    """Runs a read: on the read pool, or on the connection of the transaction whose changes it is to see."""
    bound = binds(kernel, principal)
    bound.update(values)
    arguments = statement.bind(bound)
    if connection is not None:
        return await connection.fetchrow(statement.sql, *arguments)
    return await kernel.database.fetch_row(statement.sql, arguments)


async def read_one(
    kernel: Kernel,
    principal: Principal,
    read: OneRead,
    selection: Selection,
    connection: Connection | None = None,
    extra: Mapping[str, Any] | None = None,
) -> tuple[bytes, int | None]:
    """The JSON of an object and its version; raises 404 for what does not exist or is hidden."""
    by = read.by or {"id": read.id}
    statement = one_statement(read.view, selection, tuple(by))
    values = by if extra is None else {**by, **extra}
    row = await fetch(kernel, read.seen_by or principal, statement, values, connection)
    if row is None:
        raise not_found(read.view.name)
    return await render(statement, row["json"]), row["version"]


async def read_page(
    kernel: Kernel,
    principal: Principal,
    read: PageRead,
    form: PageForm,
    extra: Mapping[str, Any] | None = None,
    connection: Connection | None = None,
) -> tuple[bytes, str | None]:
    """The JSON of a page and the cursor of the next one; raises 400 for a cursor of something else."""
    listing, order = read.listing, read.order
    key = CursorKey(kernel.settings.signing_secret, listing.name, read.filters, order)
    values: dict[str, Any] = {"limit": checked_limit(read.limit), "cursor_key": key.value, **(extra or {})}
    for name, value in read.filters.items():
        values[f"f_{name}"] = value
    values["has_previous"] = read.cursor is not None
    if read.cursor is not None:
        kinds = [kind for _, kind in listing.orders[order].told]
        for index, value in enumerate(key.values(read.cursor, kinds)):
            values[f"key_{index}"] = value
    asked, after = filters_asked(listing, read.filters), read.cursor is not None
    statement = page_statement(listing, asked, order, after=after, form=form, size=read.limit)
    row = await fetch(kernel, principal, statement, values, connection)
    assert row is not None
    if not row["found"]:
        assert listing.of is not None
        raise not_found(listing.of[1].name)
    return await render(statement, row["json"]), row["next_cursor"]


async def read_node(
    kernel: Kernel,
    principal: Principal,
    read: NodeRead,
    picks: Sequence[tuple[View[Any], Selection]],
    extra: Mapping[str, Any] | None = None,
) -> bytes | None:
    """The JSON of whichever object has the id, or None."""
    statement = node_statement(picks)
    row = await fetch(kernel, principal, statement, {"id": read.id, **(extra or {})})
    return None if row is None or row["json"] is None else await render(statement, row["json"])
