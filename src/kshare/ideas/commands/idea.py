"""Proposing, revising, withdrawing and deleting ideas."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select

from kshare.content.authorship import tell
from kshare.content.commands import (
    add_content,
    check_audience,
    check_category,
    check_classification,
    readers_of,
    revise,
    set_state,
    set_tags,
)
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.principal import EVERYONE
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, command
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

_TEXT = ("title", "summary", "body")


@command(Permission.idea_propose)
async def propose_idea(work: Work, ask: ProposeIdea, *, external: tuple[str, str] | None = None) -> UUID:
    """A new idea, submitted at once unless it is to stay a draft."""
    if ask.audience != [EVERYONE]:
        await check_audience(work, ask.audience)
    await check_category(work, ask.category_id)
    check_classification(work, ask.classification)
    idea = ContentRow(
        kind="idea",
        variety=ask.size.value,
        stage=None if ask.draft else "submitted",
        state="draft" if ask.draft else "published",
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
        published_at=None if ask.draft else work.now,
        listed_at=work.now,
    )
    await add_content(work, idea, ask.tags)
    work.append(IdeaRow, id=idea.id, votes=0, members=[], stage_since=work.now, escalations=0)
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
        if sum(share.share for share in shares) != 100:
            raise invalid("/coauthors", "shares_sum", "The shares must add up to 100.")
        if len(set(people)) < len(people):
            raise invalid("/coauthors", "duplicate", "Nobody can have two shares.")
        if idea.author_id not in people:
            raise invalid("/coauthors", "author_missing", "The author must be among those who share the idea.")
    await work.flush()
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
    await work.session.execute(delete(CoauthorRow).where(CoauthorRow.content_id == idea.id))
    work.add(*(CoauthorRow(content_id=idea.id, person_id=person, share=share) for person, share in wanted.items()))
    return True


@command(Permission.idea_propose)
async def revise_idea(work: Work, id: UUID, ask: ReviseIdea, version: Expected) -> UUID:
    """Changes what was sent; a change of the text becomes a revision."""
    idea = await work.load(IDEA_GUARD, id, "edit", version=version)
    changes = ask.changes()
    note, tags, shares = (changes.pop(name, None) for name in ("note", "tags", "coauthors"))
    if "audience" in changes:
        await check_audience(work, changes["audience"])
        changes["audience"] = list(dict.fromkeys(changes["audience"]))
    if "category_id" in changes:
        await check_category(work, changes["category_id"])
    if "classification" in changes:
        check_classification(work, changes["classification"])
        changes["classification"] = changes["classification"].level
    if "size" in changes:
        changes["variety"] = changes.pop("size").value
    if "language" in changes:
        changes["language"] = changes["language"].value
    changed = sorted(name for name, value in changes.items() if getattr(idea, name) != value)
    for name in changed:
        setattr(idea, name, changes[name])
    if tags is not None and await set_tags(work, idea, tags):
        changed.append("tags")
    if shares is not None and await _set_shares(work, idea, shares):
        changed.append("coauthors")
    if not changed:
        return idea.id
    idea.readers = readers_of(idea)
    idea.updated_at = work.now
    if any(name in _TEXT for name in changed):
        await revise(work, idea, note)
        tell(work, idea, IdeaRevised(content_id=idea.id, revision=idea.revision))
    if any(name not in _TEXT for name in changed):
        fields = ["size" if name == "variety" else name for name in changed]
        tell(work, idea, IdeaChanged(content_id=idea.id, fields=fields))
    return idea.id


@command(Permission.idea_propose)
async def submit_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Shows a draft to its audience and asks for a decision."""
    idea = await work.load(IDEA_GUARD, id, version=version)
    if idea.state != "draft":
        raise DomainError("conflict", "It was submitted already.")
    await work.load(IDEA_GUARD, id, "submit")
    idea.stage = "submitted"
    await set_state(work, idea, "published")
    tell(work, idea, _submitted(idea))
    return idea.id


@command(Permission.idea_propose)
async def withdraw_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Takes an idea out of the lists; no decision is owed for it any more."""
    idea = await work.load(IDEA_GUARD, id, version=version)
    await _own_or_forbidden(work, idea)
    if idea.state != "published":
        raise DomainError("conflict", "Only a submitted idea that was neither withdrawn nor merged can be withdrawn.")
    await set_state(work, idea, "archived")
    tell(work, idea, IdeaWithdrawn(content_id=idea.id))
    return idea.id


@command(Permission.idea_propose)
async def reinstate_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Brings a withdrawn idea back, in the stage in which it was."""
    idea = await work.load(IDEA_GUARD, id, version=version)
    await _own_or_forbidden(work, idea)
    row = await idea_of(work, idea)
    if idea.state != "archived" or row.merged_into is not None:
        raise DomainError("conflict", "Only a withdrawn idea can be reinstated.")
    await set_state(work, idea, "published")
    tell(work, idea, IdeaReinstated(content_id=idea.id))
    return idea.id


async def _own_or_forbidden(work: Work, idea: ContentRow) -> None:
    if idea.owner_id not in work.principal.selves:
        raise DomainError("forbidden", "Only its author may do this.")


@command(Permission.idea_propose)
async def delete_idea(work: Work, id: UUID, version: Expected) -> None:
    """Removes a draft for good. What was submitted is withdrawn instead, so that links and figures stay true."""
    idea = await work.load(IDEA_GUARD, id, version=version)
    await _own_or_forbidden(work, idea)
    if idea.state != "draft":
        raise DomainError("conflict", "Only a draft can be deleted; withdraw what was submitted.")
    tell(work, idea, IdeaDeleted(content_id=idea.id))
    await work.session.delete(idea)


@command(Permission.idea_propose)
async def put_idea(work: Work, source: ExternalName, external_id: ExternalName, ask: ProposeIdea) -> tuple[UUID, bool]:
    """Proposes or revises the idea of an external system, so that a nightly job is simply re-run; (id, created).

    A name belongs to whoever gave it: what others call the same is neither touched nor told of.
    """
    await work.lock_name(f"idea/{source}/{external_id}")
    query = select(ContentRow.id, ContentRow.state).where(
        ContentRow.kind == "idea",
        ContentRow.owner_id.in_(work.principal.selves),
        ContentRow.external_source == source,
        ContentRow.external_id == external_id,
    )
    existing = (await work.session.execute(query)).one_or_none()
    if existing is None:
        return await propose_idea(work, ask, external=(source, external_id)), True
    names = [name for name in type(ask).model_fields if name not in ("draft", "anonymous")]
    await revise_idea(work, existing.id, ReviseIdea.model_construct(**{n: getattr(ask, n) for n in names}), None)
    if not ask.draft and existing.state == "draft":
        await submit_idea(work, existing.id)
    return existing.id, False


async def idea_of(work: Work, content: ContentRow) -> IdeaRow:
    """The idea that a content is, locked."""
    query = select(IdeaRow).where(IdeaRow.id == content.id).with_for_update()
    return (await work.session.execute(query)).scalar_one()
