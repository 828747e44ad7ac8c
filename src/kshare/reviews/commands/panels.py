"""Preparing panels: who judges what, on which form, until when. Nobody is asked anything yet, and nobody else learns
of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update

from kshare.challenges.models import EntryRow
from kshare.challenges.reads import CHALLENGE_GUARD
from kshare.content.models import ContentRow
from kshare.core.access import ROLES, Permission
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.ids import new_id
from kshare.core.writing import Expected, Work, apply, command
from kshare.ideas.models import CoauthorRow
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.stages import OPEN
from kshare.people.models import PersonRow, RoleAssignmentRow
from kshare.reviews.commands.forms import check_company_wide, current_version, usable_form
from kshare.reviews.models import PanelMemberRow, PanelRow, ReviewRow
from kshare.reviews.reads.panels import PANEL_GUARD
from kshare.reviews.shapes.panels import (
    FEWEST_MEMBERS,
    MOST_IDEAS,
    WORKING_DAYS,
    AddPanelIdeas,
    CreatePanel,
    PanelChanged,
    PanelCreated,
    PanelDeleted,
    PanelMethod,
    UpdatePanel,
)

# ---- checks ---------------------------------------------------------------------------------------------------------


def check_state(panel: PanelRow, *states: str) -> None:
    """Raises 409 for a panel that is not so far, or further."""
    if panel.state not in states:
        raise DomainError("conflict", f"The panel is {panel.state} by now.", extra={"state": panel.state})


async def members_of(work: Work, panel_id: UUID) -> list[UUID]:
    """Who judges in a panel, by their ids."""
    query = select(PanelMemberRow.person_id).where(PanelMemberRow.panel_id == panel_id)
    return list((await work.session.execute(query.order_by(PanelMemberRow.person_id))).scalars())


async def judges_of(work: Work, panel: PanelRow) -> list[UUID]:
    """Who judges in a panel that is to begin; raises 409 where that are too few."""
    members = await members_of(work, panel.id)
    if len(members) < FEWEST_MEMBERS:
        detail = f"A panel has at least {FEWEST_MEMBERS} members."
        raise DomainError("conflict", detail, extra={"members": len(members)})
    return members


async def _check_members(work: Work, members: Sequence[UUID]) -> None:
    people = select(PersonRow.id).where(PersonRow.id.in_(members), PersonRow.kind == "person", PersonRow.active)
    known = set((await work.session.execute(people)).scalars())
    for position, person in enumerate(members):
        if person not in known:
            raise invalid(f"/members/{position}", "unknown_reference", "There is no such person.")
        if person in members[:position]:
            raise invalid(f"/members/{position}", "duplicate", "Everybody is a member once.")


async def _check_chair(work: Work, chair_id: UUID) -> None:
    """Who leads a panel must be able to, whoever makes it: manage reviews of the whole company."""
    leading = [role.value for role, permissions in ROLES.items() if Permission.review_manage in permissions]
    everywhere = (RoleAssignmentRow.department_id.is_(None), RoleAssignmentRow.category_id.is_(None))
    holds = select(RoleAssignmentRow.id).where(
        RoleAssignmentRow.person_id == PersonRow.id, RoleAssignmentRow.role.in_(leading), *everywhere
    )
    query = select(holds.exists()).where(PersonRow.id == chair_id, PersonRow.kind == "person", PersonRow.active)
    may = await work.session.scalar(query)
    if may is None:
        raise invalid("/chair_id", "unknown_reference", "There is no such person.")
    if not may:
        raise invalid("/chair_id", "may_not_lead", "This person does not manage reviews of the whole company.")


def _check_each(method: str, each: int | None, members: int) -> None:
    if each is None:
        return
    if method == PanelMethod.pairs:
        raise invalid("/each", "pairs_each", "Where two are compared, every member compares what they like.")
    if each > members > 0:
        raise invalid("/each", "more_than_members", f"The panel has {members} members.")


def _check_due(work: Work, working_days: int | None, due_at: datetime | None) -> None:
    if due_at is None:
        return
    if working_days is not None:
        raise invalid("/due_at", "one_due", "Say how many working days, or until when; not both.")
    if due_at <= work.now:
        raise invalid("/due_at", "in_the_past", "This is in the past.")


async def check_led(work: Work, panel: PanelRow) -> None:
    """Raises 409 where the chair could not lead: for an idea that is theirs by name, or above their clearance."""
    await work.flush()
    share, chair = select(CoauthorRow.content_id), select(PersonRow.clearance).where(PersonRow.id == panel.chair_id)
    shares = share.where(CoauthorRow.content_id == ContentRow.id, CoauthorRow.person_id == panel.chair_id).exists()
    above = ContentRow.classification > chair.scalar_subquery()
    query = (
        select(ContentRow.id)
        .join(ReviewRow, ReviewRow.content_id == ContentRow.id)
        .where(ReviewRow.panel_id == panel.id, or_(ContentRow.owner_id == panel.chair_id, shares, above))
        .order_by(ContentRow.id)
    )
    if found := (await work.session.execute(query)).scalars().all():
        detail = "The chair can lead neither what is their own nor what they are not cleared for."
        raise DomainError("conflict", detail, extra={"ideas": [str(id) for id in found]})


async def check_free(work: Work, panel: PanelRow, ideas: Collection[UUID]) -> None:
    """Raises 409 for ideas that are being judged elsewhere."""
    query = (
        select(ReviewRow.content_id, ReviewRow.id, ReviewRow.panel_id)
        .where(
            ReviewRow.content_id.in_(ideas),
            ReviewRow.state == "open",
            ReviewRow.sample.is_(False),
            ReviewRow.panel_id.is_distinct_from(panel.id),
        )
        .order_by(ReviewRow.content_id, ReviewRow.id)
    )
    found = [
        {"idea_id": str(row.content_id), "review_id": str(row.id), "panel_id": row.panel_id and str(row.panel_id)}
        for row in await work.session.execute(query)
    ]
    if found:
        raise DomainError("conflict", "Some of these ideas are being judged elsewhere.", extra={"ideas": found})


def check_decidable(ideas: Collection[Any]) -> None:
    """Raises 409 for ideas on which no decision is owed."""
    if wrong := sorted(str(idea.id) for idea in ideas if not _is_decidable(idea)):
        detail = "Ideas are judged while a decision is owed: not drafts, withdrawn, merged or decided ones."
        raise DomainError("conflict", detail, extra={"ideas": wrong})


def _is_decidable(idea: Any) -> bool:
    return idea.state == "published" and idea.stage in OPEN


# ---- what it judges -------------------------------------------------------------------------------------------------


async def seen_ideas(work: Work, ids: Sequence[UUID], pointer: str = "/ideas/{}") -> list[Any]:
    """The ideas that a caller names, in their order. Raises 422 for one that they do not see, or name twice."""
    columns = (ContentRow.id, ContentRow.state, ContentRow.stage, ContentRow.latest_revision)
    query = select(*columns).where(ContentRow.id.in_(ids), IDEA.condition(ContentRow))
    found = {row.id: row for row in await work.session.execute(query, work.principal.binds)}
    for position, id in enumerate(ids):
        if id not in found:
            detail = "There is no such idea, or you may not see it."
            raise invalid(pointer.format(position), "unknown_reference", detail)
        if id in ids[:position]:
            raise invalid(pointer.format(position), "duplicate", "Every idea is judged once.")
    return [found[id] for id in ids]


async def entries_of(work: Work, challenge_id: UUID) -> list[UUID]:
    """The ideas of a challenge that the caller sees and that can be judged; raises 422 for one that they do not see."""
    if not await work.exists(CHALLENGE_GUARD, challenge_id):
        raise invalid("/challenge_id", "unknown_reference", "There is no such challenge, or you may not see it.")
    query = (
        select(ContentRow.id, ContentRow.state, ContentRow.stage)
        .join(EntryRow, EntryRow.content_id == ContentRow.id)
        .where(EntryRow.challenge_id == challenge_id, EntryRow.withdrawn_at.is_(None), IDEA.condition(ContentRow))
        .order_by(EntryRow.id)
    )
    found = (await work.session.execute(query, work.principal.binds)).all()
    return [row.id for row in found if _is_decidable(row)]


async def add_reviews(work: Work, panel: PanelRow, ideas: Collection[Any], *, sample: bool = False) -> list[ReviewRow]:
    """Puts ideas into a loaded panel, where they wait until it opens. Raises 409 for what is in it already, and where
    the chair could not lead."""
    there = select(ReviewRow.content_id).where(
        ReviewRow.panel_id == panel.id, ReviewRow.content_id.in_([idea.id for idea in ideas])
    )
    if twice := (await work.session.execute(there)).scalars().all():
        detail = "These are in the panel already."
        raise DomainError("already_exists", detail, extra={"ideas": sorted(map(str, twice))})
    reviews = [
        ReviewRow(
            id=new_id(),
            content_id=idea.id,
            panel_id=panel.id,
            sample=sample,
            method=panel.method,
            state="preparing",
            revision=idea.latest_revision,
            submitted_by=work.principal.id,
            submitted_at=work.now,
            needs="all",
            required=0,
            working_days=panel.working_days,
            form_version_id=panel.form_version_id,
        )
        for idea in ideas
    ]
    work.add(*reviews)
    await check_led(work, panel)
    return reviews


async def _add_ideas(work: Work, panel: PanelRow, ids: Sequence[UUID]) -> None:
    if not ids:
        return
    ideas = await seen_ideas(work, ids)
    check_decidable(ideas)
    await check_free(work, panel, ids)
    await add_reviews(work, panel, ideas)
    counted = select(func.count()).where(ReviewRow.panel_id == panel.id, ReviewRow.sample.is_(False))
    if (await work.session.scalar(counted) or 0) > MOST_IDEAS:
        raise DomainError("conflict", f"A panel judges at most {MOST_IDEAS} ideas.")


# ---- commands -------------------------------------------------------------------------------------------------------


@command(Permission.review_manage)
async def create_panel(work: Work, ask: CreatePanel) -> UUID:
    """A new panel, which is prepared."""
    check_company_wide(work)
    if ask.method is PanelMethod.scores and ask.form_id is None:
        raise invalid("/form_id", "form_missing", "Say on which form the members score.")
    if ask.method is PanelMethod.pairs and ask.form_id is not None:
        raise invalid("/form_id", "pairs_form", "Where two are compared, there is no form.")
    _check_due(work, ask.working_days, ask.due_at)
    _check_each(ask.method, ask.each, len(ask.members))
    chair_id = ask.chair_id or work.principal.id
    await _check_chair(work, chair_id)
    await _check_members(work, ask.members)
    form = None if ask.form_id is None else await current_version(work, await usable_form(work, ask.form_id))
    entries = [] if ask.challenge_id is None else await entries_of(work, ask.challenge_id)
    panel = PanelRow(
        name=ask.name,
        description=ask.description,
        method=ask.method.value,
        form_version_id=form,
        challenge_id=ask.challenge_id,
        chair_id=chair_id,
        hide_author=ask.hide_author,
        each=ask.each,
        working_days=ask.working_days or WORKING_DAYS,
        due_at=ask.due_at,
        created_at=work.now,
        updated_at=work.now,
    )
    work.add(panel)
    await work.flush()
    work.add(*(PanelMemberRow(panel_id=panel.id, person_id=person) for person in ask.members))
    await _add_ideas(work, panel, [*ask.ideas, *(id for id in entries if id not in ask.ideas)])
    work.record(PanelCreated(panel_id=panel.id), panel.id, _leaders(work, panel))
    return panel.id


def _leaders(work: Work, panel: PanelRow) -> list[UUID]:
    return sorted({panel.chair_id, work.principal.id})


@command(Permission.review_manage)
async def update_panel(work: Work, id: UUID, ask: UpdatePanel, version: Expected) -> UUID:
    """Changes what was sent, before it opens."""
    panel = await work.load(PANEL_GUARD, id, "edit", version=version)
    check_state(panel, "preparing")
    changes = ask.changes()
    _check_due(work, changes.get("working_days"), changes.get("due_at"))
    if "working_days" in changes:
        changes["due_at"] = None
    if "chair_id" in changes:
        await _check_chair(work, changes["chair_id"])
    if (form_id := changes.pop("form_id", None)) is not None:
        changes["form_version_id"] = await _other_form(work, panel, form_id)
    members = changes.pop("members", None)
    changed = apply(panel, changes)
    if members is not None and await _set_members(work, panel, members):
        changed.append("members")
    _check_each(panel.method, panel.each, len(await members_of(work, id) if members is None else members))
    if changed:
        _touch(work, panel, changed)
        told = {"working_days": panel.working_days, "form_version_id": panel.form_version_id}
        await work.session.execute(update(ReviewRow).where(ReviewRow.panel_id == id).values(told))
        await check_led(work, panel)
    return id


async def _other_form(work: Work, panel: PanelRow, form_id: UUID) -> UUID:
    if panel.method == PanelMethod.pairs:
        raise invalid("/form_id", "pairs_form", "Where two are compared, there is no form.")
    version = await current_version(work, await usable_form(work, form_id))
    samples = select(ReviewRow.id).where(ReviewRow.panel_id == panel.id, ReviewRow.sample).limit(1)
    if version != panel.form_version_id and await work.session.scalar(samples) is not None:
        raise DomainError("conflict", "What its samples are worth was said on the form it has; take them out first.")
    return version


async def _set_members(work: Work, panel: PanelRow, members: Sequence[UUID]) -> bool:
    await _check_members(work, members)
    if sorted(members) == await members_of(work, panel.id):
        return False
    await work.session.execute(delete(PanelMemberRow).where(PanelMemberRow.panel_id == panel.id))
    for person in members:
        work.append(PanelMemberRow, panel_id=panel.id, person_id=person)
    return True


def _touch(work: Work, panel: PanelRow, fields: Sequence[str]) -> None:
    panel.updated_at = work.now
    work.record(PanelChanged(panel_id=panel.id, fields=sorted(fields)), panel.id, _leaders(work, panel))


@command(Permission.review_manage)
async def delete_panel(work: Work, id: UUID, version: Expected) -> None:
    """Removes a panel that has not begun."""
    panel = await work.load(PANEL_GUARD, id, "delete", version=version)
    check_state(panel, "preparing")
    work.record(PanelDeleted(panel_id=id), id, _leaders(work, panel))
    await work.session.delete(panel)


@command(Permission.review_manage)
async def add_panel_ideas(work: Work, id: UUID, ask: AddPanelIdeas) -> UUID:
    """Adds ideas to a panel before it opens."""
    panel = await work.load(PANEL_GUARD, id, "edit")
    check_state(panel, "preparing")
    await _add_ideas(work, panel, ask.ideas)
    _touch(work, panel, ["ideas"])
    return id


@command(Permission.review_manage)
async def remove_panel_idea(work: Work, id: UUID, idea_id: UUID) -> UUID:
    """Takes an idea, or a sample, out of a panel before it opens; answers the panel."""
    panel = await work.load(PANEL_GUARD, id, "edit")
    check_state(panel, "preparing")
    gone = (
        delete(ReviewRow).where(ReviewRow.panel_id == id, ReviewRow.content_id == idea_id).returning(ReviewRow.sample)
    )
    sample = await work.session.scalar(gone)
    if sample is None:
        raise not_found("idea")
    _touch(work, panel, ["samples" if sample else "ideas"])
    return id
