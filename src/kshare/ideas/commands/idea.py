"""Proposing, revising, withdrawing and deleting ideas."""

from collections.abc import Sequence
from uuid import UUID

import orjson
from sqlalchemy import delete, select

from kshare.content.anonymity.sealing import check_still_anonymous, conceal
from kshare.content.authoring import TEXT, checked_changes, new_content
from kshare.content.authorship import tell, touch
from kshare.content.commands import add_content, readers_of, revise, set_state, set_tags
from kshare.content.models import ContentRow
from kshare.content.naming import content_named, remember_name, remember_new
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, apply, command
from kshare.ideas.commands.alike import check_members_see
from kshare.ideas.commands.clock import begin_stage, clock_changed, clock_of_new, start_clock, stop_clock
from kshare.ideas.commands.rows import idea_of as idea_of
from kshare.ideas.commands.templates import change_answers, check_answered, checked_answers
from kshare.ideas.models import CoauthorRow, IdeaRow
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.ideas.shapes.idea import (
    IdeaChanged,
    IdeaDeleted,
    IdeaDrafted,
    IdeaReinstated,
    IdeaRevised,
    IdeaSubmitted,
    IdeaWithdrawn,
    ProposeIdea,
    ReviseIdea,
    Share,
)
from kshare.people.models import PersonRow

_CLOCKED = {"variety", "audience", "classification", "coauthors"}
"""What decides how long an answer may take, and who owes it."""


@command(Permission.idea_propose)
async def propose_idea(work: Work, ask: ProposeIdea, *, external: tuple[str, str] | None = None) -> UUID:
    """A new idea, submitted at once unless it is to stay a draft."""
    answers = checked_answers(ask.template, ask.answers, complete=not ask.draft)
    idea = await new_content(work, ask, "idea", ask.size, shown=not ask.draft, external=external)
    idea.stage = None if ask.draft else "submitted"
    if ask.anonymous:
        conceal(work, idea)
    await add_content(work, idea, ask.tags, forget=True)
    clock = await clock_of_new(work, idea, [share.person_id for share in ask.coauthors])
    answered = {"template": ask.template, "answers": None if answers is None else orjson.dumps(answers).decode()}
    work.append(IdeaRow, id=idea.id, votes=0, members=[], escalations=0, judged_by=0, **answered, **clock)
    if ask.coauthors:
        await _set_shares(work, idea, ask.coauthors)
    tell(work, idea, IdeaDrafted(content_id=idea.id) if ask.draft else _submitted(idea))
    return idea.id


def _submitted(idea: ContentRow) -> IdeaSubmitted:
    return IdeaSubmitted(content_id=idea.id, size=idea.variety)


async def _set_shares(work: Work, idea: ContentRow, shares: Sequence[Share]) -> bool:
    """Makes these the shares in the idea; False if they are already. Raises 422 for shares that are not 100 % together,
    for one person twice, for somebody unknown, and without the author."""
    people = [share.person_id for share in shares]
    if shares:
        if idea.author_id == ANONYMOUS_ID:
            raise invalid("/coauthors", "anonymous_alone", "What is anonymous has no co-authors: they would be named.")
        if sum(share.share for share in shares) != 100:
            raise invalid("/coauthors", "shares_sum", "The shares must add up to 100.")
        if len(set(people)) < len(people):
            raise invalid("/coauthors", "duplicate", "Nobody can have two shares.")
        if idea.author_id not in people:
            raise invalid("/coauthors", "author_missing", "The author must be among those who share the idea.")
    query = select(PersonRow.id).where(PersonRow.id.in_(people), PersonRow.kind == "person", PersonRow.active)
    known = set((await work.session.execute(query)).scalars())
    for position, person in enumerate(people):
        if person not in known and person != idea.author_id:
            raise invalid(f"/coauthors/{position}/person_id", "unknown_reference", "There is no such person.")
    held = select(CoauthorRow.person_id, CoauthorRow.share).where(CoauthorRow.content_id == idea.id)
    before = {row.person_id: row.share for row in await work.session.execute(held)}
    wanted = {share.person_id: share.share for share in shares}
    if before == wanted:
        return False
    await work.flush()
    await work.session.execute(delete(CoauthorRow).where(CoauthorRow.content_id == idea.id))
    work.add(*(CoauthorRow(content_id=idea.id, person_id=person, share=share) for person, share in wanted.items()))
    return True


@command(Permission.idea_propose)
async def revise_idea(work: Work, id: UUID, ask: ReviseIdea, version: Expected) -> UUID:
    """Changes what was sent; a change of the text becomes a revision."""
    idea = await work.load(IDEA_GUARD, id, "edit", version=version)
    changes = await checked_changes(work, ask, variety="size")
    note, tags, shares = (changes.pop(name, None) for name in ("note", "tags", "coauthors"))
    answered = await change_answers(work, idea, changes)
    changed = apply(idea, changes) + answered
    if tags is not None and await set_tags(work, idea, tags):
        changed.append("tags")
    if shares is not None and await _set_shares(work, idea, shares):
        changed.append("coauthors")
    if not changed:
        return idea.id
    idea.readers = readers_of(idea)
    if "audience" in changed or "classification" in changed:
        await check_members_see(work, idea)
    if not _CLOCKED.isdisjoint(changed):
        await clock_changed(work, idea)
    touch(work, idea)
    if any(name in TEXT for name in changed):
        await revise(work, idea, note)
        tell(work, idea, IdeaRevised(content_id=idea.id, revision=idea.revision))
    if any(name not in TEXT for name in changed):
        fields = ["size" if name == "variety" else name for name in changed]
        tell(work, idea, IdeaChanged(content_id=idea.id, fields=fields))
    return idea.id


@command(Permission.idea_propose)
async def submit_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Shows a draft to its audience and asks for a decision."""
    idea = await work.load(IDEA_GUARD, id, "submit", version=version)
    if idea.state != "draft":
        raise DomainError("conflict", "It was submitted already.")
    row = await idea_of(work, idea)
    check_answered(row)
    idea.stage = "submitted"
    await set_state(work, idea, "published")
    await begin_stage(work, idea, row)
    tell(work, idea, _submitted(idea))
    return idea.id


@command(Permission.idea_propose)
async def withdraw_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Takes an idea out of the lists; no decision is owed for it any more."""
    idea = await work.load(IDEA_GUARD, id, "withdraw", version=version)
    if idea.state != "published":
        raise DomainError("conflict", "Only a submitted idea that was neither withdrawn nor merged can be withdrawn.")
    if (await idea_of(work, idea)).members:
        raise DomainError("conflict", "Others were merged into it; whoever manages it has to undo that first.")
    await set_state(work, idea, "archived")
    await stop_clock(work, idea)
    tell(work, idea, IdeaWithdrawn(content_id=idea.id))
    return idea.id


@command(Permission.idea_propose)
async def reinstate_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Brings a withdrawn idea back, in the stage in which it was."""
    idea = await work.load(IDEA_GUARD, id, "reinstate", version=version)
    row = await idea_of(work, idea)
    if idea.state != "archived" or row.merged_into is not None:
        raise DomainError("conflict", "Only a withdrawn idea can be reinstated.")
    await set_state(work, idea, "published")
    await start_clock(work, idea)
    tell(work, idea, IdeaReinstated(content_id=idea.id))
    return idea.id


@command(Permission.idea_propose)
async def delete_idea(work: Work, id: UUID, version: Expected) -> None:
    """Removes a draft for good. What was submitted is withdrawn instead, so that links and figures stay true."""
    idea = await work.load(IDEA_GUARD, id, "delete", version=version)
    if idea.state != "draft":
        raise DomainError("conflict", "Only a draft can be deleted; withdraw what was submitted.")
    tell(work, idea, IdeaDeleted(content_id=idea.id))
    await work.session.delete(idea)


@command(Permission.idea_propose)
async def put_idea(work: Work, source: ExternalName, external_id: ExternalName, ask: ProposeIdea) -> tuple[UUID, bool]:
    """Proposes or revises the idea of an external system, so that a nightly job is simply re-run; (id, created).

    A name belongs to whoever gave it: what others call the same is neither touched nor told of. What was withdrawn or
    merged meanwhile stays as it is, and a text that differs is a conflict.
    """
    name = ("idea", source, external_id)
    state = "draft" if ask.draft else "published"
    existing = await content_named(work, *name)
    if existing is None:
        id = await propose_idea(work, ask, external=(source, external_id))
        remember_new(work, *name, id, state, anonymous=ask.anonymous)
        return id, True
    if ask.anonymous:
        check_still_anonymous(work, existing)
    if existing.state == "archived":
        text = select(*(getattr(ContentRow, part) for part in TEXT)).where(ContentRow.id == existing.id)
        if tuple((await work.session.execute(text)).one()) != tuple(getattr(ask, part) for part in TEXT):
            raise DomainError("conflict", "It was withdrawn, or merged into another.")
        return existing.id, False
    names = [name for name in type(ask).model_fields if name not in ("draft", "anonymous")]
    await revise_idea(work, existing.id, ReviseIdea.model_construct(**{n: getattr(ask, n) for n in names}), None)
    if not ask.draft and existing.state == "draft":
        await submit_idea(work, existing.id)
        remember_name(work, *name, existing._replace(state=state))
    return existing.id, False
