"""People from a table of the HR system. What is good is stored, what is not is reported by its line.

People are known by their external id, then by their e-mail address, so that the same file can be read again and a newer
one brings only its changes. An empty cell leaves alone what is there.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func, or_, select
from sqlalchemy.exc import DBAPIError

from kshare.core.access import Classification, Permission
from kshare.core.database import translate
from kshare.core.errors import DomainError
from kshare.core.writing import Work, require
from kshare.people.asks import CreateDepartment, CreatePerson, MovePerson, PutPerson, UpdatePerson
from kshare.people.commands.departments import TREE, create_department
from kshare.people.commands.persons import MANAGERS, create_person, move_person, put_person, update_person
from kshare.people.commands.roles import ADMINISTRATORS
from kshare.people.models import DepartmentRow, PersonRow

COLUMNS = (
    "external_id",
    "name",
    "email",
    "title",
    "department",
    "manager_email",
    "clearance",
    "language",
    "active",
)
"""The columns a file may have; `name`, and one of `external_id` and `email`, are needed."""

_YES_OR_NO = {
    **dict.fromkeys(("true", "yes", "y", "1", "是", "在职"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否", "离职"), False),
}
_LEVELS = {str(level.level): level.value for level in Classification}


class UnreadableFile(Exception):
    """The file is no such table; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its number, from 1, and its cells by column, the empty ones left out."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not stored, or not wholly, and why."""

    line: int
    reason: str
    partly: bool = False
    """All of it was stored but what the reason names."""


@dataclass
class Report:
    """What became of the lines."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    departments_created: int = 0
    refused: list[Refused] = field(default_factory=list)


def read_lines(data: bytes) -> list[Line]:
    """The lines of a CSV file in UTF-8 or GB 18030, parted by commas, semicolons or tabs; raises UnreadableFile."""
    text = _decoded(data)
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [column.strip().lower() for column in next(reader, [])]
        _check_columns(columns)
        lines, number = [], reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append(Line(number, _cells(columns, row)))
            number = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(f"line {reader.line_num}: {error}") from None
    return lines


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("the file is neither UTF-8 nor GB 18030")


def _check_columns(columns: Sequence[str]) -> None:
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise UnreadableFile(f"unknown columns: {', '.join(unknown)}; known ones are {', '.join(COLUMNS)}")
    if len(set(columns)) < len(columns):
        raise UnreadableFile("a column stands twice")
    if "name" not in columns or not {"external_id", "email"} & set(columns):
        raise UnreadableFile("there must be a column `name`, and one of `external_id` and `email`")


def _cells(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    cells = {column: cell.strip() for column, cell in zip(columns, row, strict=False) if cell.strip()}
    if any(cell.strip() for cell in row[len(columns) :]):
        cells[""] = "the line has more cells than there are columns"
    return cells


async def import_people(
    work: Work, lines: Sequence[Line], *, source: str = "hr", progress: Callable[[int], None] = lambda done: None
) -> Report:
    """Stores the people of the lines, in this transaction, each in a savepoint. `source` is the system whose external
    ids these are; `progress` is told after each line how many are done."""
    require(work.principal, Permission.people_manage)
    # All that the commands lock on the way, taken at once and in one order, so that nobody waits for us in a circle.
    for name in (MANAGERS, ADMINISTRATORS, TREE):
        await work.lock_name(name)
    importing = _Import(work, source)
    for done, line in enumerate(lines, 1):
        await importing.store(line)
        progress(done)
    for line, id in importing.stored:
        if "manager_email" in line.cells:
            await importing.set_manager(line, id)
    return await importing.finish()


class _Import:
    """One run over a file."""

    def __init__(self, work: Work, source: str) -> None:
        self.work = work
        self.source = source
        self.report = Report()
        self.stored: list[tuple[Line, UUID]] = []
        self._created: set[UUID] = set()
        self._departments: dict[str, UUID] = {}
        self._seen: dict[tuple[str, str], int] = {}

    async def store(self, line: Line) -> None:
        found: dict[str, UUID] = {}
        try:
            fields = self._fields(line)
            async with self.work.savepoint():
                made = 0
                if "department" in line.cells:
                    cell = line.cells["department"]
                    fields["department_id"], made = await self._department(cell)
                    found[cell] = fields["department_id"]
                id, created = await self._put(line.cells.get("external_id"), _asked(fields))
                await self.work.flush()
        except Exception as error:
            self._refuse(line, error)
            return
        self._departments |= found
        self.report.departments_created += made
        self.stored.append((line, id))
        if created:
            self._created.add(id)

    async def set_manager(self, line: Line, id: UUID) -> None:
        """Managers come last: they may stand below their people in the file."""
        email = line.cells["manager_email"].lower()
        manager = select(PersonRow.id).where(PersonRow.email == email).scalar_subquery()
        query = select(PersonRow.manager_id, manager).where(PersonRow.id == id)
        present, manager_id = (await self.work.session.execute(query)).one()
        if manager_id is not None and present == manager_id:
            return
        try:
            if manager_id is None:
                raise DomainError("invalid", "manager_email: nobody has this e-mail address")
            async with self.work.savepoint():
                await update_person(self.work, id, UpdatePerson(manager_id=manager_id), None)
                await self.work.flush()
        except Exception as error:
            self._refuse(line, error, partly=True)

    async def finish(self) -> Report:
        ids = [id for _, id in self.stored]
        changed = select(PersonRow.id).where(PersonRow.id.in_(ids), PersonRow.updated_at >= self.work.now)
        updated = set((await self.work.session.execute(changed)).scalars()) - self._created
        self.report.created = len(self._created)
        self.report.updated = len(updated)
        self.report.unchanged = len(set(ids) - self._created - updated)
        self.report.refused.sort(key=lambda refused: refused.line)
        return self.report

    def _refuse(self, line: Line, error: Exception, *, partly: bool = False) -> None:
        if isinstance(error, DBAPIError):
            refusal = translate(error)
            if refusal is None or refusal.problem.status >= 500:
                raise error
            error = refusal
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            reason = f"{'/'.join(map(str, first['loc']))}: {first['msg']}"
        elif isinstance(error, DomainError) and error.problem.status < 500:
            reason = error.detail
            if error.errors and error.errors[0].pointer:
                reason = f"{error.errors[0].pointer.strip('/')}: {error.errors[0].message}"
        else:
            raise error
        self.report.refused.append(Refused(line.number, reason, partly))

    def _fields(self, line: Line) -> dict[str, Any]:
        """The cells as the fields of a person; raises DomainError for what no line may have."""
        cells = line.cells
        if "" in cells:
            raise DomainError("invalid", cells[""])
        if not {"external_id", "email"} & cells.keys():
            raise DomainError("invalid", "there is neither an external_id nor an email to know the person by")
        for column in ("external_id", "email"):
            if column in cells:
                earlier = self._seen.setdefault((column, cells[column].lower()), line.number)
                if earlier != line.number:
                    raise DomainError("conflict", f"{column}: line {earlier} has the same")
        fields: dict[str, Any] = {name: cells[name] for name in ("name", "email", "title") if name in cells}
        if "clearance" in cells:
            fields["clearance"] = _LEVELS.get(cells["clearance"], cells["clearance"].lower())
        if "language" in cells:
            fields["language"] = cells["language"].lower()
        if "active" in cells:
            if cells["active"].lower() not in _YES_OR_NO:
                raise DomainError("invalid", "active: write true or false")
            fields["active"] = _YES_OR_NO[cells["active"].lower()]
        return fields

    async def _put(self, external_id: str | None, ask: PutPerson) -> tuple[UUID, bool]:
        if external_id is not None:
            return await put_person(self.work, self.source, external_id, ask)
        known = await self.work.session.scalar(select(PersonRow.id).where(PersonRow.email == ask.email))
        changes = ask.changes()
        if known is None:
            active = changes.pop("active", True)
            id = await create_person(self.work, CreatePerson(**changes))
            if not active:
                await update_person(self.work, id, UpdatePerson(active=False), None)
            return id, True
        if "department_id" in changes:
            await move_person(self.work, known, MovePerson(department_id=changes.pop("department_id")))
        await update_person(self.work, known, UpdatePerson(**changes), None)
        return known, False

    async def _department(self, cell: str) -> tuple[UUID, int]:
        """The department of an external id, a path of names or a single name, and how many had to be created."""
        if cell in self._departments:
            return self._departments[cell], 0
        by_external_id = select(DepartmentRow.id).where(DepartmentRow.external_id == cell).limit(2)
        found = (await self.work.session.execute(by_external_id)).scalars().all()
        names = [name for part in re.split("[/／]", cell) if (name := part.strip())]
        if not found and len(names) == 1:
            found = await self._named(names[0])
        if len(found) > 1:
            raise DomainError("conflict", f"department: there are several named {cell}; write the path from the root")
        if found:
            return found[0], 0
        return await self._path(names)

    async def _path(self, names: Sequence[str]) -> tuple[UUID, int]:
        """Walks down the tree by name, and creates what is missing. Below the only root its name may be left out."""
        if not names:
            raise DomainError("invalid", "department: there is no name in it")
        roots = select(DepartmentRow.id).where(DepartmentRow.parent_id.is_(None)).limit(2)
        tops = (await self.work.session.execute(roots)).scalars().all()
        here: UUID | None = None
        if len(tops) == 1 and not await self._named(names[0], None, within=True):
            here = tops[0]
        made = 0
        for name in names:
            below = await self._named(name, here, within=True)
            if len(below) > 1:
                raise DomainError("conflict", f"department: there are several named {name} side by side")
            if below:
                here = below[0]
            else:
                here = await create_department(self.work, CreateDepartment(name=name, parent_id=here))
                made += 1
        assert here is not None
        return here, made

    async def _named(self, name: str, parent: UUID | None = None, *, within: bool = False) -> Sequence[UUID]:
        """Departments of this name, in either language: anywhere, or `within` one parent (None: the root)."""
        query = select(DepartmentRow.id).where(
            or_(
                func.lower(DepartmentRow.name) == name.lower(),
                func.lower(DepartmentRow.name_en) == name.lower(),
            )
        )
        if within:
            query = query.where(DepartmentRow.parent_id.is_not_distinct_from(parent))
        return (await self.work.session.execute(query.limit(2))).scalars().all()


def _asked(fields: Mapping[str, Any]) -> PutPerson:
    return PutPerson.model_validate(dict(fields))
