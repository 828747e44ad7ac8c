"""What is asked of everybody who does something for an idea that is being carried out."""

from typing import Any, TypeVar
from uuid import UUID

from kshare.content.models import ContentRow
from kshare.core.database import Row
from kshare.core.errors import DomainError
from kshare.core.writing import Expected, Guard, Work
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.ideas.stages import UNDERWAY

R = TypeVar("R", bound=Row)


async def load_carried_out(work: Work, id: UUID) -> ContentRow:
    """An idea that the caller carries out, locked: its authors and managers. Raises 404, then 403, and 409 when it is
    not, or no longer, to be done."""
    idea = await work.load(IDEA_GUARD, id, "carry_out")
    check_underway(idea)
    return idea


async def load_with_idea(
    work: Work, guard: Guard[R], id: UUID, action: str, *, version: Expected = None
) -> tuple[R, ContentRow]:
    """What belongs to an idea (a row with `content_id`), and the idea, both locked: the idea first, as everybody locks
    them. Raises 404, then 403."""
    row: Any = guard.row
    found = await work.facts(guard, id, action, row.content_id)
    idea = await work.load(IDEA_GUARD, found.content_id)
    return await work.load(guard, id, action, version=version), idea


def check_underway(idea: ContentRow) -> None:
    """Raises 409 unless the idea is approved and neither withdrawn nor merged."""
    if idea.state != "published" or idea.stage not in UNDERWAY:
        detail = f"This is for ideas that were approved; this one is {standing(idea)}."
        raise DomainError("conflict", detail, extra={"stage": idea.stage})


def standing(idea: ContentRow) -> str:
    """Where an idea stands, in words."""
    return str(idea.stage) if idea.state == "published" else "withdrawn or merged"
