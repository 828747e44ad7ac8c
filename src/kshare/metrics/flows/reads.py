"""Reading the flow of knowledge: who may ask for which, and the stored cells as matrices."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.models import COMPANY
from kshare.metrics.periods import Grain, Period
from kshare.metrics.reads import checked_department, checked_periods, refreshed_at, today

MOST_QUARTERS = 12
"""Quarters of one answer."""

_CELLS = """SELECT quarter, from_id, to_id, pairs, people, reason FROM metric_flow
WHERE within_id = $1 AND quarter BETWEEN $2 AND $3"""
_TOP = """WITH top AS (SELECT (array_agg(id))[1] AS id FROM department WHERE parent_id IS NULL HAVING count(*) = 1)
SELECT d.id, d.name, d.name_en, top.id AS within FROM department d LEFT JOIN top ON true
WHERE CASE WHEN top.id IS NULL THEN d.parent_id IS NULL ELSE top.id IN (d.id, d.parent_id) END
ORDER BY d.id IS DISTINCT FROM top.id, d.name, d.id"""
"""The departments at the top; where there is only one, everybody is below it: what the company looks like is seen in it
and those next below."""
_PARTS = "SELECT id, name, name_en FROM department WHERE id = $1 OR parent_id = $1 ORDER BY id <> $1, name, id"


@dataclass(frozen=True, slots=True)
class AskedFlow:
    """Which matrices; checked."""

    quarters: Sequence[Period]
    department: UUID | None

    @classmethod
    def of(cls, kernel: Kernel, first: date | None, last: date | None, department: UUID | None) -> "AskedFlow":
        """What is asked for; 422 for quarters that run backwards, or too many of them."""
        if first is None:
            first = Period.of(Grain.quarter, last or today(kernel)).later(-3).start
        quarters = checked_periods(kernel, Grain.quarter, first, last)
        if len(quarters) > MOST_QUARTERS:
            raise invalid("?from", "too_many_periods", f"these are more than {MOST_QUARTERS} quarters")
        return cls(quarters, department)


async def knowledge_flow(kernel: Kernel, principal: Principal, asked: AskedFlow) -> dict[str, Any]:
    """The matrices, as `KnowledgeFlow`.

    Everybody sees the one of the company. That of a department shows the departments in it side by side, so it is for
    those who may see them all: 403 for others, 422 if there is no such department.
    """
    department, within = None, asked.department
    if within is not None:
        department = await checked_department(kernel, principal, within, "?department")
        if not _sees_all_of(principal, within):
            raise DomainError("forbidden", "You need `metrics_read_all` for all departments that it is about.")
        parts = await kernel.database.fetch(_PARTS, (within,))
    else:
        parts = await kernel.database.fetch(_TOP, ())
        within = parts[0]["within"] if parts else None
    place = {part["id"]: number for number, part in enumerate(parts)}
    values = (within or COMPANY, asked.quarters[0].start, asked.quarters[-1].start)
    cells: defaultdict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in await kernel.database.fetch(_CELLS, values):
        # They are of the tree as it was when they were computed; what hangs elsewhere by now comes with the next ones.
        if row["from_id"] in place and row["to_id"] in place:
            cells[row["quarter"]].append(dict(row))
    day = today(kernel)
    return {
        "department": department,
        "departments": [{"id": str(part["id"]), "name": part["name"], "name_en": part["name_en"]} for part in parts],
        "items": [_matrix(quarter, cells[quarter.start], place, day) for quarter in asked.quarters],
        "as_of": await refreshed_at(kernel),
    }


def _sees_all_of(principal: Principal, department: UUID) -> bool:
    everywhere = Permission.metrics_read_all
    return everywhere in principal.permissions or department in principal.departments.get(everywhere, ())


def _matrix(quarter: Period, cells: list[dict[str, Any]], place: dict[UUID, int], day: date) -> dict[str, Any]:
    ordered = sorted(cells, key=lambda cell: (place[cell["from_id"]], place[cell["to_id"]]))
    return {
        "period": quarter.label,
        "start": quarter.start,
        "end": quarter.end - timedelta(days=1),
        "provisional": quarter.start <= day < quarter.end,
        "cells": [
            {
                "from_id": str(cell["from_id"]),
                "to_id": str(cell["to_id"]),
                **{name: cell[name] for name in ("pairs", "people", "reason")},
            }
            for cell in ordered
        ],
    }
