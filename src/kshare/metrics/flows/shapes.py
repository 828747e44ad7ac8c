"""The flow of knowledge as readers see it and as callers ask for it."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.core.moments import Day
from kshare.core.reading import Ask, Shape
from kshare.metrics.shapes import FigureDepartment, Untold


class FlowCell(Shape):
    """How much the people of one department used what those of another wrote."""

    from_id: UUID
    """The department whose knowledge it is, with all below it; the department in question itself stands for those who
    are in none of those below it."""
    to_id: UUID
    """The department whose people used it."""
    pairs: int | None
    """Distinct pairs of a person and a knowledge item that they read, thanked for, kept or commented on."""
    people: int | None
    """How many distinct people these are."""
    reason: Untold | None
    """Why there are no numbers."""


class FlowMatrix(Shape):
    """Who used whose knowledge in a quarter."""

    period: str
    """The quarter: `2026-Q2`."""
    start: date
    """Its first day."""
    end: date
    """Its last day."""
    provisional: bool
    """The quarter is not over."""
    cells: list[FlowCell]
    """The cells in which there is anything; of the others there was nothing."""


class KnowledgeFlow(Shape):
    """The flow of knowledge between departments, quarter by quarter."""

    department: FigureDepartment | None
    """The department between whose parts it is; null for the company."""
    departments: list[FigureDepartment]
    """The rows and columns of each matrix: the departments next below it, and itself."""
    items: list[FlowMatrix]
    """A matrix for each quarter, the oldest first."""
    as_of: datetime | None
    """When figures were brought up to date last; null before the first time."""


class KnowledgeFlowQuery(Ask):
    """Of which quarters, between the parts of what."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    """A day in the first quarter; by default three quarters before the last."""
    to: Day | None = None
    """A day in the last quarter; by default today."""
    department: UUID | None = None
    """Between the parts of this department; otherwise of the company."""
