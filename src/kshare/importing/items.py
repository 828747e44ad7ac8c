"""What files say becomes knowledge items, a transaction each: stopped half-way, nothing is lost and nothing doubled.

A file is known by its external id. The journal keeps a digest of what was imported, so that a file which has not
changed since is passed over, whatever has become of its item meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func, or_, select
from sqlalchemy.exc import DBAPIError

from kshare.content.commands import date_back
from kshare.content.models import CategoryRow, ContentRow
from kshare.content.policies import policy_for
from kshare.content.shapes import Language, State
from kshare.content.taxonomy import create_category
from kshare.content.taxonomy_shapes import CreateCategory
from kshare.core.access import Classification
from kshare.core.database import Database, translate
from kshare.core.errors import DomainError
from kshare.core.journal import JournalRow
from kshare.core.principal import EVERYONE, SYSTEM, SYSTEM_ID, Principal
from kshare.core.writing import Work, writing
from kshare.importing.files import Document, Unreadable
from kshare.knowledge.commands import archive_knowledge_item, put_knowledge_item
from kshare.knowledge.shapes import CreateKnowledgeItem, KnowledgeItemImported, KnowledgeKind
from kshare.people.models import DepartmentRow, GroupRow, PersonRow
from kshare.people.signin import SignIn


class Outcome(StrEnum):
    """What became of a file."""

    created = "created"
    updated = "updated"
    unchanged = "unchanged"
    waiting = "waiting"
    """Stored, and not shown before it is submitted for review and has passed."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a file says nothing."""

    author: Principal = SYSTEM
    kind: KnowledgeKind = KnowledgeKind.insight
    source: str = "import"
    create_categories: bool = False


class Importer:
    """Stores documents. Raises `Unreadable` for what a document says wrongly; then nothing of it is stored."""

    def __init__(self, database: Database, defaults: Defaults) -> None:
        self._database = database
        self._defaults = defaults
        self._sign_in = SignIn(database)
        self._authors: dict[str, Principal] = {}

    async def author(self, email: str) -> Principal:
        """The person of an e-mail address, as whom items are written."""
        email = email.strip().lower()
        if email not in self._authors:
            async with self._database.sessions() as session:
                id = await session.scalar(select(PersonRow.id).where(PersonRow.email == email))
            found = await self._sign_in.person(id) if id is not None else None
            if found is None:
                raise Unreadable(f"author: nobody at work here has the e-mail address {email}")
            self._authors[email] = found
        return self._authors[email]

    async def store(self, external_id: str, document: Document) -> Outcome:
        """Creates the document's item, or updates it if the document has changed since it was last imported."""
        front = document.front
        given = _one_line(front, "author")
        author = await self.author(given) if given else self._defaults.author
        external_id = _one_line(front, "external_id") or external_id
        try:
            async with writing(self._database, author) as work:
                return await self._store(work, external_id, document)
        except DomainError as error:
            if error.problem.status >= 500:
                raise
            places = [f"{place.pointer.strip('/')}: {place.message}" for place in error.errors]
            raise Unreadable("; ".join(places) or error.detail) from None
        except DBAPIError as error:
            known = translate(error)
            if known is None or known.problem.status >= 500:
                raise
            raise Unreadable(known.detail) from None

    async def _store(self, work: Work, external_id: str, document: Document) -> Outcome:
        front, source = document.front, self._defaults.source
        before = await self._imported(work, external_id)
        if before == document.digest:
            return Outcome.unchanged
        state = _state(front)
        ask = await self._ask(work, document, publish=state != State.draft)
        reviewed = await policy_for(work, "knowledge_item", ask.category_id, ask.kind.value) is not None
        if reviewed and work.principal.id == SYSTEM_ID:
            raise Unreadable("author: this category and kind is reviewed; name the person who submits it for review")
        if reviewed and ask.publish:
            ask = ask.model_copy(update={"publish": False})
        id, created = await put_knowledge_item(work, source, external_id, ask)
        item = await work.session.get_one(ContentRow, id)
        if created:
            published = _moment(front, "published_at", "published", "date")
            written = _moment(front, "created_at", "created") or published
            await date_back(work, item, written, published if ask.publish else None)
            if state == State.archived and ask.publish:
                await archive_knowledge_item(work, id)
        work.record(
            KnowledgeItemImported(content_id=id, source=source, digest=document.digest),
            id,
            item.readers,
            classification=item.classification,
            content_id=id,
        )
        if (state != State.draft and item.published_at is None) or item.latest_revision != item.revision:
            return Outcome.waiting
        return Outcome.created if created else Outcome.updated

    async def _imported(self, work: Work, external_id: str) -> str | None:
        """The digest of the document the item was last imported from. Raises `Unreadable` if it is somebody else's."""
        query = (
            select(JournalRow.payload["digest"].astext, ContentRow.author_id)
            .join(ContentRow, ContentRow.id == JournalRow.object_id)
            .where(
                ContentRow.kind == "knowledge_item",
                ContentRow.external_source == self._defaults.source,
                ContentRow.external_id == external_id,
                JournalRow.happened == KnowledgeItemImported.event_name(),
            )
            .order_by(JournalRow.number.desc())
            .limit(1)
        )
        found = (await work.session.execute(query)).one_or_none()
        if found is None:
            return None
        digest, author_id = found
        if author_id != work.principal.id:
            # Names from outside are each author's own: it would become a second item.
            raise Unreadable("author: it was imported as written by somebody else, and that cannot be changed")
        return str(digest)

    async def _ask(self, work: Work, document: Document, *, publish: bool) -> CreateKnowledgeItem:
        front = document.front
        kind = _one_line(front, "kind") or self._defaults.kind.value
        fields: dict[str, Any] = {
            "kind": _member(KnowledgeKind, kind, "kind"),
            "title": document.title,
            "summary": _text(front, "summary") or _text(front, "description") or "",
            "body": document.body,
            "language": _language(front, document),
            "tags": _names(front, "tags"),
            "category_id": await self._category(work, front),
            "audience": await _audience(work, front),
            "classification": _classification(front),
            "publish": publish,
        }
        try:
            return CreateKnowledgeItem(**fields)
        except ValidationError as error:
            raise Unreadable("; ".join(_broken(one) for one in error.errors(include_url=False))) from None

    async def _category(self, work: Work, front: Mapping[str, Any]) -> UUID | None:
        """The category of a path of names, such as `工程技术/传感器技术`, or of a single name that only one has."""
        value = front.get("category", front.get("categories"))
        if value is None or value == [] or value == "":
            return None
        names = [str(part).strip() for part in (value if isinstance(value, list) else str(value).split("/"))]
        if len(names) == 1:
            anywhere = (await work.session.execute(select(CategoryRow.id).where(_named(names[0])).limit(2))).scalars()
            if len(found := list(anywhere)) == 1:
                return found[0]
        here: UUID | None = None
        for name in names:
            below = select(CategoryRow.id).where(_named(name), CategoryRow.parent_id.is_not_distinct_from(here))
            id = (await work.session.execute(below.limit(1))).scalar_one_or_none()
            if id is None:
                if not self._defaults.create_categories:
                    raise Unreadable(
                        f"category: there is no {'/'.join(names)}; make it, or import with --create-categories"
                    )
                id = await self._new_category(work, name, here)
            here = id
        return here

    async def _new_category(self, work: Work, name: str, parent: UUID | None) -> UUID:
        """A category made by the system, in this transaction: the author need not manage the taxonomy."""
        return await create_category(
            Work(SYSTEM, work.session, shared=work.shared), CreateCategory(name=name, parent_id=parent)
        )


def _named(name: str) -> Any:
    return or_(func.lower(CategoryRow.name) == name.lower(), func.lower(CategoryRow.name_en) == name.lower())


# ---- front matter ---------------------------------------------------------------------------------------------------


def _text(front: Mapping[str, Any], name: str) -> str | None:
    value = front.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float | date):
        return str(value)
    raise Unreadable(f"{name}: this must be a text")


def _one_line(front: Mapping[str, Any], name: str) -> str | None:
    value = _text(front, name)
    return value.strip() if value else None


def _names(front: Mapping[str, Any], name: str) -> list[str]:
    value = front.get(name)
    if value is None:
        return []
    parts = value if isinstance(value, list) else str(value).replace("，", ",").split(",")
    return [text for part in parts if (text := str(part).strip())]


def _member(enum: type[StrEnum], value: str, name: str) -> StrEnum:
    try:
        return enum(value.lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        raise Unreadable(f"{name}: {value!r} is none of {', '.join(enum)}") from None


def _language(front: Mapping[str, Any], document: Document) -> StrEnum:
    value = _one_line(front, "language") or _one_line(front, "lang") or document.language
    return _member(Language, value.lower().partition("-")[0].partition("_")[0], "language")


def _classification(front: Mapping[str, Any]) -> Classification:
    value = front.get("classification", Classification.internal.value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(Classification):
        return list(Classification)[value]
    return Classification(_member(Classification, str(value), "classification"))


def _state(front: Mapping[str, Any]) -> State:
    if front.get("draft") is True:
        return State.draft
    return State(_member(State, _one_line(front, "state") or State.published.value, "state"))


def _moment(front: Mapping[str, Any], *names: str) -> datetime | None:
    """The first of these that is there, in UTC if it names no time zone; not in the future."""
    for name in names:
        value = front.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                raise Unreadable(f"{name}: {value!r} is no date such as 2026-03-18 or 2026-03-18T09:30:00Z") from None
        if not isinstance(value, date):
            raise Unreadable(f"{name}: this is no date")
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if not datetime(1900, 1, 1, tzinfo=UTC) <= moment <= datetime.now(UTC):
            raise Unreadable(f"{name}: {moment:%Y-%m-%d} is in the future, or before 1900")
        return moment
    return None


async def _audience(work: Work, front: Mapping[str, Any]) -> list[UUID]:
    """`everyone`, `department:` and its name or external id, `group:` and its name, `person:` and an e-mail address."""
    names = _names(front, "audience")
    return [await _subject(work, name) for name in names] if names else [EVERYONE]


async def _subject(work: Work, given: str) -> UUID:
    if given.lower() == "everyone":
        return EVERYONE
    kind, _, name = (part.strip() for part in given.partition(":"))
    if kind == "department":
        query = select(DepartmentRow.id).where(
            or_(DepartmentRow.external_id == name, DepartmentRow.name == name, DepartmentRow.name_en == name)
        )
    elif kind == "group":
        query = select(GroupRow.id).where(GroupRow.name == name)
    elif kind == "person":
        query = select(PersonRow.id).where(PersonRow.email == name.lower())
    else:
        raise Unreadable(f"audience: {given!r} is not everyone, department:…, group:… or person:…")
    found = list((await work.session.execute(query.limit(2))).scalars())
    if len(found) != 1:
        raise Unreadable(f"audience: there {'are several' if found else 'is no'} {kind} {name!r}")
    return found[0]


def _broken(error: Any) -> str:
    return f"{'/'.join(map(str, error['loc']))}: {error['msg']}"
