"""Why a person sees a content, or does not: every rule that decides it, with what it decided on."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func

from kshare.content.models import ContentRow
from kshare.content.reads import AUDIENCE_MEMBER, CONTENT, classification_name, level_name
from kshare.content.shapes import ContentAccess
from kshare.content.visibility import visible_content
from kshare.core.access import SCOPABLE, Permission
from kshare.core.errors import invalid
from kshare.core.principal import Principal
from kshare.core.reading import Alias, Many, Pick, Selection, View, Viewer, allowed_list, everyone_sees
from kshare.core.writing import require
from kshare.edge.kernel import Kernel
from kshare.edge.reads import OneRead, read_one


def _held(permission: Permission) -> Any:
    def held(row: Alias) -> ColumnElement[bool]:
        if permission in SCOPABLE:
            return Viewer.holds_within(permission, row.department_id, row.category_id)
        return Viewer.holds(permission)

    return held


ACCESS = View(
    "content",
    ContentAccess,
    ContentRow,
    visible_content,
    {
        "visible": visible_content,
        "because": Many(
            AUDIENCE_MEMBER,
            on=lambda row, subject: and_(subject.id == func.any(row.readers), subject.id == func.any(Viewer.subjects)),
            order=lambda subject: (subject.kind, subject.name, subject.id),
            first=100,
        ),
        "classification": classification_name,
        "clearance": lambda _: level_name(Viewer.clearance),
        "permissions": lambda row: allowed_list({p.value: _held(p)(row) for p in Permission}),
    },
)
# Read through the eyes of somebody who may well not see the content, and only after the caller was found to see it.
_OF_ANYBODY = replace(ACCESS, visible=everyone_sees)


async def access_of(kernel: Kernel, principal: Principal, content_id: UUID, person_id: UUID | None) -> OneRead:
    """The read that explains the access of the caller, or of another person, which takes `access_explain`.

    Only content the caller sees is explained: 404 otherwise. Raises 422 for a person who is unknown or has left.
    """
    if person_id is None or person_id == principal.id:
        return OneRead(ACCESS, content_id)
    require(principal, Permission.access_explain)
    await read_one(kernel, principal, OneRead(CONTENT, content_id), Selection((Pick("id", "id"),)))
    person = await kernel.principal_of(person_id)
    if person is None:
        raise invalid("?person", "unknown_reference", "There is no such person, or the person has left.")
    return OneRead(_OF_ANYBODY, content_id, seen_by=person)
