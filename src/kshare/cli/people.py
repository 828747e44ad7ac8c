"""`kshare people`, `kshare keys`: who may sign in. What the first administrator needs before there is one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from kshare.cli.common import Problem, asked, with_database
from kshare.console import Console
from kshare.core.database import Database
from kshare.core.principal import SYSTEM

people = typer.Typer(no_args_is_help=True, help="People of the company.")
keys = typer.Typer(no_args_is_help=True, help="API keys of people and of service accounts.")

Csv = Annotated[Path, typer.Argument(help="The table: CSV in UTF-8 or GB 18030.", exists=True, dir_okay=False)]
Source = Annotated[
    str, typer.Option(envvar="KSHARE_PEOPLE_SOURCE", help="The system whose `external_id`s the table has.")
]
Email = Annotated[str, typer.Option(envvar="KSHARE_PERSON_EMAIL", help="The work address, by which people sign in.")]
PersonName = Annotated[str, typer.Option("--name", envvar="KSHARE_PERSON_NAME", help="The name.")]
Admin = Annotated[bool, typer.Option("--admin", envvar="KSHARE_PERSON_ADMIN", help="Make the person an administrator.")]
KeyPerson = Annotated[
    str | None, typer.Option("--person", envvar="KSHARE_KEY_PERSON", help="E-mail address of the person it is for.")
]
Service = Annotated[
    str | None,
    typer.Option(envvar="KSHARE_KEY_SERVICE", help="Name of the service account it is for; made if there is none."),
]
Role = Annotated[
    list[str] | None, typer.Option(envvar="KSHARE_KEY_ROLE", help="A role for the service account; may be repeated.")
]
KeyName = Annotated[str, typer.Option("--name", envvar="KSHARE_KEY_NAME", help="What the key is for.")]
Scopes = Annotated[
    str | None,
    typer.Option(envvar="KSHARE_KEY_SCOPES", help="What it may do, comma-separated; all if left out."),
]
Expires = Annotated[
    datetime | None,
    typer.Option(envvar="KSHARE_KEY_EXPIRES", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="When it ends, in UTC."),
]
OfPerson = Annotated[
    str | None,
    typer.Option("--person", envvar="KSHARE_KEY_PERSON", help="Only those of the person with this e-mail address."),
]


@people.command("import")
def import_table(table: Csv, source: Source = "hr") -> None:
    """Create and update people from a CSV table; the same file again changes nothing."""
    from kshare.core.writing import writing
    from kshare.people.csv_import import UnreadableFile, import_people, read_lines

    try:
        lines = read_lines(table.read_bytes())
    except UnreadableFile as error:
        raise Problem(f"{table}: {error}") from None

    async def work(database: Database, console: Console) -> Any:
        with console.counted(f"Importing {len(lines)} people", len(lines)) as advance:
            async with writing(database, SYSTEM) as writes:
                return await import_people(writes, lines, source=source, progress=lambda done: advance())

    console = Console()
    report = with_database(work, console)
    partly = sum(refused.partly for refused in report.refused)
    console.say(
        f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.departments_created} departments created, {len(report.refused) - partly} refused"
        + (f", {partly} stored in part" if partly else "")
    )
    for refused in report.refused:
        console.say(f"  line {refused.line}: {refused.reason}{' (the rest is stored)' if refused.partly else ''}")
    if report.refused:
        raise typer.Exit(1)


@people.command("add")
def add_person(email: Email, name: PersonName, admin: Admin = False) -> None:
    """Add one person, such as the first administrator; somebody who is there already only gets the role."""
    from kshare.core.access import Classification
    from kshare.core.access import Role as Roles
    from kshare.core.errors import DomainError
    from kshare.core.writing import writing
    from kshare.people.asks import AssignRole, CreatePerson
    from kshare.people.commands.persons import create_person
    from kshare.people.commands.roles import assign_role

    clearance = Classification.restricted if admin else Classification.internal
    ask = asked(CreatePerson, email=email, name=name, clearance=clearance)

    async def work(database: Database, console: Console) -> None:
        async with writing(database, SYSTEM) as writes:
            person = await _person(writes.session, str(ask.email))
            if person is None:
                person = await create_person(writes, ask)
                console.say(f"added {ask.name} <{ask.email}>")
        if admin:
            try:
                async with writing(database, SYSTEM) as writes:
                    await assign_role(writes, person, AssignRole(role=Roles.administrator))
                console.say(f"{ask.email} is an administrator now")
            except Exception as error:
                from kshare.core.database import translate

                known = translate(error)
                if not isinstance(known, DomainError) or known.code != "already_exists":
                    raise
                console.say(f"{ask.email} is an administrator already")
        console.say(f"A key for them: kshare keys create --person {ask.email} --name 'first key'")

    with_database(work)


@keys.command("create")
def create_key(
    name: KeyName,
    person: KeyPerson = None,
    service: Service = None,
    role: Role = None,
    scopes: Scopes = None,
    expires: Expires = None,
) -> None:
    """Make a key and print it: it is shown only this once."""
    from kshare.core.access import Permission
    from kshare.core.writing import writing
    from kshare.people.asks import CreateKey
    from kshare.people.commands.keys import create_key as create

    if (person is None) == (service is None):
        raise Problem("name whom the key is for: either --person EMAIL or --service NAME")
    if role and service is None:
        raise Problem("--role is for service accounts; people get roles through the API")
    wanted = [scope.strip() for scope in scopes.split(",")] if scopes else [scope.value for scope in Permission]
    until = expires.replace(tzinfo=UTC) if expires else None

    async def work(database: Database, console: Console) -> str:
        async with writing(database, SYSTEM) as writes:
            if person is not None:
                owner = await _person(writes.session, person.strip().lower())
                if owner is None:
                    raise Problem(f"nobody has the e-mail address {person}: add them with `kshare people add`")
            else:
                owner = await _service(writes, str(service), role or [], console)
            ask = asked(CreateKey, name=name, person_id=owner, scopes=wanted, expires_at=until)
            _, key = await create(writes, ask)
        return key

    # The key alone on stdout, so that a script can take it.
    typer.echo(with_database(work, Console(error=True)))


@keys.command("list")
def list_keys(person: OfPerson = None) -> None:
    """Show all keys that were ever made, newest first; never the keys themselves."""
    from sqlalchemy import select

    from kshare.people.models import KeyRow, PersonRow

    table = Table("id", "of", "name", "ends in", "state", "last used", "scopes", box=None, pad_edge=False)

    async def work(database: Database, console: Console) -> None:
        query = select(KeyRow, PersonRow).join(PersonRow, PersonRow.id == KeyRow.person_id).order_by(KeyRow.id.desc())
        if person is not None:
            query = query.where(PersonRow.email == person.strip().lower())
        async with database.sessions() as session:
            if person is not None and await _person(session, person.strip().lower()) is None:
                raise Problem(f"nobody has the e-mail address {person}")
            for key, owner in await session.execute(query):
                state = "works" if owner.active else "owner has left"
                if key.expires_at is not None:
                    state = f"until {key.expires_at:%Y-%m-%d}" if key.expires_at > datetime.now(UTC) else "expired"
                if key.revoked_at is not None:
                    state = "revoked"
                used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
                scopes = f"{len(key.scopes)}: {', '.join(key.scopes[:3])}{' …' if len(key.scopes) > 3 else ''}"
                table.add_row(str(key.id), owner.email or owner.name, key.name, key.hint, state, used, scopes)

    with_database(work, Console(error=True))
    Console().table(table)


@keys.command("revoke")
def revoke_key(id: Annotated[UUID, typer.Argument(help="Its id, as `kshare keys list` shows it.")]) -> None:
    """End a key at once and for good."""
    from kshare.core.writing import writing
    from kshare.people.commands.keys import revoke_key as revoke

    async def work(database: Database, console: Console) -> None:
        async with writing(database, SYSTEM) as writes:
            await revoke(writes, id, None)
        console.say("revoked")

    with_database(work)


async def _person(session: Any, email: str) -> UUID | None:
    from sqlalchemy import select

    from kshare.people.models import PersonRow

    found: UUID | None = await session.scalar(select(PersonRow.id).where(PersonRow.email == email))
    return found


async def _service(work: Any, name: str, roles: list[str], console: Console) -> UUID:
    """The service account of a name, made if there is none, with at least these roles."""
    from sqlalchemy import select

    from kshare.people.asks import AssignRole, CreatePerson
    from kshare.people.commands.persons import create_person
    from kshare.people.commands.roles import assign_role
    from kshare.people.models import PersonRow, RoleAssignmentRow
    from kshare.people.shapes import PersonKind

    account: UUID | None = await work.session.scalar(
        select(PersonRow.id).where(PersonRow.kind == "service", PersonRow.name == name)
    )
    if account is None:
        if not roles:
            raise Problem(f"there is no service account {name!r}; --role says what a new one may do")
        account = await create_person(work, asked(CreatePerson, kind=PersonKind.service, name=name))
        console.say(f"made the service account {name}")
    held = set(
        (
            await work.session.execute(select(RoleAssignmentRow.role).where(RoleAssignmentRow.person_id == account))
        ).scalars()
    )
    for role in roles:
        ask = asked(AssignRole, role=role)
        if ask.role not in held:
            await assign_role(work, account, ask)
    return account


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(people, name="people")
    app.add_typer(keys, name="keys")
