"""What whoever writes a content of any kind asks for, checked and brought into the shape of its columns."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from kshare.content.commands import TEXT as TEXT
from kshare.content.commands import check_audience, check_category, check_classification
from kshare.content.models import ContentRow
from kshare.core.access import Classification
from kshare.core.choices import Choice
from kshare.core.principal import EVERYONE
from kshare.core.reading.shapes import Patch
from kshare.core.writing import Work


class Asked(Protocol):
    """What every form for a new content has."""

    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def language(self) -> Choice: ...
    @property
    def category_id(self) -> UUID | None: ...
    @property
    def audience(self) -> Sequence[UUID]: ...
    @property
    def classification(self) -> Classification: ...


async def new_content(
    work: Work,
    ask: Asked,
    kind: str,
    variety: Choice,
    *,
    shown: bool,
    external: tuple[str, str] | None = None,
    category_known: bool = False,
) -> ContentRow:
    """A content of the caller's as they ask for it, `shown` to its audience or a draft; `add_content` stores it.
    `category_known`: somebody has just found that there is the category.

    Raises 422 for an audience or a category that does not exist, and for a classification above the caller's clearance.
    """
    if ask.audience != [EVERYONE]:
        await check_audience(work, ask.audience)
    if not category_known:
        await check_category(work, ask.category_id)
    check_classification(work, ask.classification)
    return ContentRow(
        kind=kind,
        variety=variety.value,
        state="published" if shown else "draft",
        title=ask.title,
        summary=ask.summary,
        body=ask.body,
        language=ask.language.value,
        author_id=work.principal.id,
        department_id=work.principal.department_id,
        category_id=ask.category_id,
        audience=list(dict.fromkeys(ask.audience)),
        classification=ask.classification.level,
        external_source=external[0] if external else None,
        external_id=external[1] if external else None,
        revision=1,
        created_at=work.now,
        updated_at=work.now,
        published_at=work.now if shown else None,
        listed_at=work.now,
    )


async def checked_changes(work: Work, ask: Patch, variety: str | None = None) -> dict[str, Any]:
    """What is to change, by column, with everything else that was sent as it is. `variety` is what the form calls the
    column of that name. Raises what `new_content` raises."""
    changes = ask.changes()
    if "audience" in changes:
        await check_audience(work, changes["audience"])
        changes["audience"] = list(dict.fromkeys(changes["audience"]))
    if "category_id" in changes:
        await check_category(work, changes["category_id"])
    if "classification" in changes:
        check_classification(work, changes["classification"])
        changes["classification"] = changes["classification"].level
    if "language" in changes:
        changes["language"] = changes["language"].value
    if variety in changes:
        changes["variety"] = changes.pop(variety).value
    return changes
