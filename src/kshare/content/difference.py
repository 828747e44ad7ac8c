"""The difference between two revisions of a content."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import JSON, Integer, Select, Uuid, bindparam, func, literal_column, select
from sqlalchemy.orm import aliased

from kshare.content.reads import REVISION
from kshare.content.shapes import Difference, DifferenceHunk, DifferenceLine, DifferenceOp
from kshare.core.diff import unified
from kshare.core.errors import not_found
from kshare.core.principal import Principal
from kshare.core.reading import Pick, Selection, compiled, json_object
from kshare.edge.kernel import Kernel
from kshare.edge.reads import fetch

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


async def difference(kernel: Kernel, principal: Principal, content_id: UUID, before: int, after: int) -> Difference:
    """What changed from one revision to the other; raises 404 when either does not exist or is hidden."""
    values = {"content_id": content_id, "before": before, "after": after}
    row = await fetch(kernel, principal, compiled("difference", _both), values)
    assert row is not None
    texts = orjson.loads(row["json"])
    old, new = texts["before"], texts["after"]
    if old is None or new is None:
        raise not_found("revision")
    hunks = [
        DifferenceHunk(
            from_line=hunk.from_line,
            to_line=hunk.to_line,
            lines=[DifferenceLine(op=_OPS[line.op], text=line.text) for line in hunk.lines],
        )
        for hunk in unified(old["body"], new["body"])
    ]
    return Difference(
        from_revision=before,
        to_revision=after,
        from_title=old["title"],
        to_title=new["title"],
        from_summary=old["summary"],
        to_summary=new["summary"],
        hunks=hunks,
    )


_OPS = {" ": DifferenceOp.kept, "-": DifferenceOp.removed, "+": DifferenceOp.added}
