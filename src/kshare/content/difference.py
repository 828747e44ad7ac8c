"""The difference between two revisions of a content."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import JSON, Integer, Select, Uuid, bindparam, func, literal_column, select
from sqlalchemy.orm import aliased

from kshare.content.reads import REVISION
from kshare.core.aside import aside
from kshare.core.diff import unified
from kshare.core.errors import not_found
from kshare.core.principal import Principal
from kshare.core.reading import Pick, Selection, compiled, json_object
from kshare.edge.kernel import Kernel
from kshare.edge.reads import Bespoke, Connection, fetch

_TEXT = Selection(Pick(name, name) for name in ("number", "title", "summary", "body"))


def _both() -> Select[Any]:
    def revision(number: str) -> Any:
        row = aliased(REVISION.row)
        of_content = row.content_id == bindparam("content_id", type_=Uuid)  # type: ignore[attr-defined]
        numbered = row.number == bindparam(number, type_=Integer)  # type: ignore[attr-defined]
        return (
            select(json_object(REVISION, row, _TEXT))
            .where(of_content, numbered, REVISION.condition(row))
            .scalar_subquery()
        )

    parts: tuple[Any, ...] = (
        literal_column("'before'"),
        revision("before"),
        literal_column("'after'"),
        revision("after"),
    )
    return select(func.json_build_object(*parts, type_=JSON).label("json"))


async def difference(
    kernel: Kernel, principal: Principal, content_id: UUID, before: int, after: int, selection: Selection | None = None
) -> bytes:
    """What changed from one revision to the other, as the JSON of a `Difference` or of what is selected from it.

    Raises 404 when either revision does not exist or is hidden.
    """
    values = {"content_id": content_id, "before": before, "after": after}
    row = await fetch(kernel, principal, compiled("difference", _both), values)
    assert row is not None
    texts = orjson.loads(row["json"])
    if texts["before"] is None or texts["after"] is None:
        raise not_found("revision")
    return await aside(_compared, texts["before"], texts["after"], selection)


@dataclass(frozen=True, slots=True)
class DifferenceRead(Bespoke):
    """A difference as a query selects from it."""

    content_id: UUID
    before: int
    after: int

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        return await difference(kernel, principal, self.content_id, self.before, self.after, selection)


def _compared(old: Mapping[str, Any], new: Mapping[str, Any], selection: Selection | None) -> bytes:
    # Plain values and no models, of which a difference of two long texts would need hundreds of thousands.
    found = {
        "from_revision": old["number"],
        "to_revision": new["number"],
        "from_title": old["title"],
        "to_title": new["title"],
        "from_summary": old["summary"],
        "to_summary": new["summary"],
        "hunks": [
            {
                "from_line": hunk.from_line,
                "to_line": hunk.to_line,
                "lines": [{"op": _OPS[line.op], "text": line.text} for line in hunk.lines],
            }
            for hunk in unified(old["body"], new["body"])
        ],
    }
    return orjson.dumps(found if selection is None else _selected(found, selection))


def _selected(value: Any, selection: Selection | None) -> Any:
    if selection is None:
        return value
    if isinstance(value, list):
        return [_selected(one, selection) for one in value]
    return {pick.name: pick.typename or _selected(value[pick.field], pick.selection) for pick in selection}


_OPS = {" ": "kept", "-": "removed", "+": "added"}
