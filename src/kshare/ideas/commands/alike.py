"""Whether two ideas are read by the same people, as those must be that are one (docs/adr/0006-ideas.md)."""

from sqlalchemy import func, select, text

from kshare.content.commands import lasting_readers
from kshare.content.models import ContentRow
from kshare.core.errors import DomainError
from kshare.core.principal import ANONYMOUS_ID, EVERYONE
from kshare.core.writing import Work
from kshare.ideas.models import IdeaRow


async def seen_alike(work: Work, idea: ContentRow, other: ContentRow) -> bool:
    """Whether everybody who may read one of two ideas may read the other: they are equally secret, and everybody in
    the audience of one is in that of the other at this moment, its author included.

    An unnamed author counts as one of the audience: a refusal on their account would tell who they are.
    """
    if idea.classification != other.classification:
        return False
    return await _covers(work, idea, other) and await _covers(work, other, idea)


async def check_members_see(work: Work, idea: ContentRow) -> None:
    """Raises 409 unless an idea is still seen by the same people as everything that was merged into it."""
    members = select(ContentRow).join(IdeaRow, ContentRow.id == func.any(IdeaRow.members))
    for member in (await work.session.execute(members.where(IdeaRow.id == idea.id))).scalars():
        if not await seen_alike(work, idea, member):
            raise DomainError("conflict", "Not everybody could read what was merged into it; undo the merging first.")


async def _covers(work: Work, idea: ContentRow, other: ContentRow) -> bool:
    """Whether the audience of an idea has everybody in it for whom another is."""
    audience = set(idea.audience)
    unnamed = other.author_id == ANONYMOUS_ID
    asked = {*other.audience} if unnamed else {*other.audience, other.owner_id}
    if EVERYONE in audience or asked <= audience:
        return True
    if EVERYONE in asked:
        return False
    values = {"asked": list(asked), "audience": lasting_readers(idea)}
    return not (await work.session.execute(_OUTSIDE, values)).scalar_one()


_OUTSIDE = text("""SELECT EXISTS (
    SELECT FROM department d WHERE d.id = ANY(:asked) AND NOT d.path && CAST(:audience AS uuid[]))
  OR EXISTS (
    SELECT FROM person p LEFT JOIN department d ON d.id = p.department_id
    WHERE p.id IN (SELECT unnest(CAST(:asked AS uuid[]))
        UNION SELECT m.person_id FROM group_member m WHERE m.group_id = ANY(:asked))
      AND p.active AND p.id <> ALL(:audience) AND (d.path && CAST(:audience AS uuid[])) IS NOT TRUE
      AND NOT EXISTS (SELECT FROM group_member g WHERE g.person_id = p.id AND g.group_id = ANY(:audience)))""")
"""Whether any of the subjects asked about is not wholly within an audience: a department is if it, or one above it, is
in it; a person by name, by department or by a group; a group if all its members are. Who has left reads nothing."""
