"""The account as NDJSON and as a table: everything from some place on, page by page, in bounded memory."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from kshare.contributions.reads import CONTRIBUTIONS, OTHERS
from kshare.contributions.shapes import ContributionFormat, ContributionOrder
from kshare.core.principal import Principal
from kshare.core.reading import PageForm, Pick, Selection
from kshare.edge.csv import table_head, table_rows
from kshare.edge.kernel import Kernel
from kshare.edge.reads import PageRead, read_page

PAGE = 100
"""Entries that are held at once."""

COLUMNS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "id": lambda entry: entry["id"],
    "recorded_at": lambda entry: entry["recorded_at"],
    "occurred_on": lambda entry: entry["occurred_on"],
    "person_id": lambda entry: entry["person"]["id"],
    "person_name": lambda entry: entry["person"]["name"],
    "department_id": lambda entry: _of(entry["department"], "id"),
    "department_name": lambda entry: _of(entry["department"], "name"),
    "rule": lambda entry: entry["rule"],
    "rule_version": lambda entry: entry["rule_version"],
    "weight": lambda entry: Decimal(entry["weight"]),
    "object_kind": lambda entry: _of(entry["object"], "kind"),
    "object_id": lambda entry: _of(entry["object"], "id"),
    "object_content_id": lambda entry: _of(entry["object"], "content_id"),
    "object_title": lambda entry: _of(entry["object"], "title"),
    "corrects": lambda entry: entry["corrects"],
}
"""The columns of the table, and where each comes from."""


def _of(part: dict[str, Any] | None, name: str) -> Any:
    return None if part is None else part[name]


def csv_rows(entries: Iterable[dict[str, Any]]) -> bytes:
    """Entries as lines of the table."""
    return table_rows([value(entry) for value in COLUMNS.values()] for entry in entries)


def ndjson_rows(entries: Iterable[dict[str, Any]]) -> bytes:
    """Entries as JSON, each on a line."""
    return b"".join(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in entries)


@dataclass(frozen=True, slots=True)
class Export:
    """Everything of a list from some place on."""

    kernel: Kernel
    read: PageRead
    format: ContributionFormat

    async def tag(self, principal: Principal) -> str:
        """The ETag of what the stream would be, from the newest entry of it alone, which is one cheap read.

        Entries are only ever added, at the end of the one order. So what a stream from the same place has is told by
        the newest of its entries, by whose contributions the viewer may see, and by which departments lie below the
        one that was asked for. It is a weak one: names and titles beside the entries may be others by now.
        """
        newest = replace(self.read, order=ContributionOrder.newest.value, limit=1, cursor=None)
        body, _ = await read_page(self.kernel, principal, newest, _NEWEST)
        sees = (OTHERS in principal.permissions, sorted(map(str, principal.departments.get(OTHERS, ()))))
        asked = (self.format.value, self.read.order, self.read.cursor, sorted(self.read.filters.items()))
        below = await self._below()
        whole = orjson.dumps([body.decode(), str(principal.id), sees, asked, below], default=str)
        return f'W/"{hashlib.blake2b(whole, digest_size=12).hexdigest()}"'

    async def _below(self) -> str | None:
        """What tells the departments below the one that was asked for."""
        department = self.read.filters.get("department")
        if department is None:
            return None
        row = await self.kernel.database.fetch_row(_BELOW, (department,))
        assert row is not None
        return str(row["ids"])

    async def first(self, principal: Principal) -> tuple[bytes, str | None]:
        """The first page; read before the answer begins, so that what is wrong can still be answered as such."""
        return await read_page(self.kernel, principal, self._page(self.read.cursor), _WHOLE)

    async def parts(
        self, first: tuple[bytes, str | None], caller: Callable[[], Awaitable[Principal]]
    ) -> AsyncIterator[bytes]:
        """The bytes of the stream. `caller` says who asks, anew for each page: who may do it no more gets no more."""
        table = self.format is ContributionFormat.csv
        rows = csv_rows if table else ndjson_rows
        body, following = first
        yield (table_head(COLUMNS) if table else b"") + rows(orjson.loads(body)["items"])
        while following is not None:
            body, following = await read_page(self.kernel, await caller(), self._page(following), _WHOLE)
            yield rows(orjson.loads(body)["items"])

    def _page(self, cursor: str | None) -> PageRead:
        return replace(self.read, cursor=cursor, limit=PAGE)


_WHOLE = PageForm(rest=CONTRIBUTIONS.selection)
_NEWEST = PageForm(rest=Selection([Pick("id", "id")]))
_BELOW = "SELECT md5(string_agg(id::text, ',' ORDER BY id)) AS ids FROM department WHERE path @> ARRAY[$1::uuid]"
