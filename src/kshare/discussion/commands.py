"""The only code that changes discussion.

Counters change in the statement that changes what they count, and only if it really changed: a repeated like inserts
nothing and adds nothing, however many requests meet. None of these commands locks the content or waits for an edit.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.content.authorship import acting_at, acting_person, owner_in, owns, tell
from kshare.content.models import ContentRow, CounterRow
from kshare.content.shapes import ContentHappened
from kshare.core.access import Permission
from kshare.core.database import Row
from kshare.core.errors import invalid
from kshare.core.ids import new_id
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.writing import Expected, Work, command
from kshare.discussion.models import CommentRow, FollowRow, RatingRow, ReactionRow, ViewingRow
from kshare.discussion.reads import COMMENT_GUARD, CONTENT_GUARD
from kshare.discussion.shapes import (
    CommentDeleted,
    CommentEdited,
    CommentWritten,
    EditComment,
    Followed,
    RateContent,
    Rated,
    RatingWithdrawn,
    Reacted,
    ReactionKind,
    ReactionWithdrawn,
    RecordView,
    Unfollowed,
    WriteComment,
)
from kshare.people.models import PersonRow

_COUNTED_AS = {ReactionKind.like: "likes", ReactionKind.thank: "thanks", ReactionKind.favourite: "favourites"}


async def _content(work: Work, id: UUID, action: str) -> Any:
    """Who may hear of what happens to a content that the caller may do this with; raises 404, then 403."""
    columns = (ContentRow.id, ContentRow.readers, ContentRow.classification, ContentRow.author_id, ContentRow.owner_id)
    return await work.facts(CONTENT_GUARD, id, action, *columns)


def _record(
    work: Work, content: Any, event: ContentHappened, object_id: UUID | None = None, *, private: bool = False
) -> None:
    """What is `private` (whom somebody follows, what they keep and how they rate) only they themselves hear of."""
    tell(work, content, event, object_id, readers=[owner_in(work, content)] if private else None)


async def _count(work: Work, content_id: UUID, changed: Any = None, **differences: Any) -> bool:
    """Adds to a content's counters in one statement; with `changed`, a statement that returns the rows it changed,
    only if it changed any. Says whether it did."""
    query = update(CounterRow).where(CounterRow.content_id == content_id).returning(CounterRow.content_id)
    if changed is not None:
        query = query.where(select(changed.cte("changed")).exists())
    query = query.values({name: getattr(CounterRow, name) + value for name, value in differences.items()})
    done = await work.session.execute(query.execution_options(synchronize_session=False))
    return done.one_or_none() is not None


# ---- comments -------------------------------------------------------------------------------------------------------


@command(Permission.comment_write)
async def write_comment(work: Work, content_id: UUID, ask: WriteComment) -> UUID:
    """A new comment. Naming somebody who cannot see the content is allowed and tells nothing: whether they can is not
    the caller's to learn, and whoever delivers mentions checks it for the recipient."""
    content = await _content(work, content_id, "comment")
    if ask.parent_id is not None:
        parent = select(CommentRow.id).where(CommentRow.id == ask.parent_id, CommentRow.content_id == content_id)
        if (await work.session.execute(parent)).first() is None:
            raise invalid("/parent_id", "unknown_reference", "This content has no such comment.")
    mentions = await _people(work, ask.mentions)
    at = await _time_of_comment(work, content)
    comment = CommentRow(
        id=new_id() if at == work.now else new_id(at),
        content_id=content_id,
        parent_id=ask.parent_id,
        author_id=acting_person(work, content),
        owner_id=owner_in(work, content),
        body=ask.body,
        mentions=mentions,
        created_at=at,
    )
    work.add(comment)
    await work.flush()
    await _count(work, content_id, comments=1)
    event = CommentWritten(content_id=content_id, comment_id=comment.id, parent_id=comment.parent_id, mentions=mentions)
    _record(work, content, event, comment.id)
    return comment.id


async def _time_of_comment(work: Work, content: Any) -> datetime:
    """Now. That of an unnamed author tells the day, or, for the order of a discussion, the time of the comment before
    it: that it comes after that one everybody sees."""
    at = acting_at(work, content)
    if at == work.now:
        return at
    before = await work.session.scalar(
        select(func.max(CommentRow.created_at)).where(CommentRow.content_id == content.id)
    )
    return at if before is None else max(at, before + timedelta(milliseconds=1))


@command(Permission.comment_write)
async def edit_comment(work: Work, id: UUID, ask: EditComment, version: Expected) -> UUID:
    """Changes one's own comment."""
    comment = await work.load(COMMENT_GUARD, id, "edit", version=version)
    content = await _content(work, comment.content_id, "read")
    before = comment.mentions
    body = comment.body if ask.body is None else ask.body
    mentions = before if ask.mentions is None else await _people(work, ask.mentions)
    if body == comment.body and mentions == before:
        return id
    if body != comment.body:
        comment.edited_at = max(comment.created_at, acting_at(work, content))
    comment.body, comment.mentions = body, mentions
    new = [person for person in mentions if person not in before]
    event = CommentEdited(content_id=content.id, comment_id=id, mentions=mentions, newly_mentioned=new)
    _record(work, content, event, id)
    return id


@command(Permission.content_read)
async def delete_comment(work: Work, id: UUID, version: Expected) -> UUID:
    """Leaves a tombstone without text; for its author, and for who moderates the content's department or category."""
    comment = await work.load(COMMENT_GUARD, id, "delete", version=version)
    content = await _content(work, comment.content_id, "read")
    comment.deleted, comment.body, comment.mentions = True, "", []
    await work.flush()
    await _count(work, content.id, comments=-1)
    event = CommentDeleted(content_id=content.id, comment_id=id, author_id=comment.author_id)
    if owns(work, comment):
        _record(work, content, event, id)
    else:
        # A moderator's act, and named even where it is the unnamed author of the content: few moderate.
        work.record(event, id, list(content.readers), classification=content.classification, content_id=content.id)
    return id


async def _people(work: Work, mentions: Sequence[UUID]) -> list[UUID]:
    """The mentioned without repetition; raises 422 for an id that is nobody's."""
    if not mentions:
        return []
    query = select(PersonRow.id).where(PersonRow.id.in_(mentions), PersonRow.kind != "system")
    known = set((await work.session.execute(query)).scalars())
    for position, person in enumerate(mentions):
        if person not in known:
            raise invalid(f"/mentions/{position}", "unknown_reference", "There is no such person.")
    return list(dict.fromkeys(mentions))


# ---- toggles --------------------------------------------------------------------------------------------------------


def _inserted(row: type[Row], **values: Any) -> Any:
    """Inserts unless it is there already; returns what it inserted."""
    return pg_insert(row).values(**values).on_conflict_do_nothing().returning(row.content_id)  # type: ignore[attr-defined]


def _deleted(row: type[Row], *conditions: ColumnElement[bool]) -> Any:
    return delete(row).where(*conditions).returning(row.content_id)  # type: ignore[attr-defined]


@command(Permission.react)
async def react(work: Work, content_id: UUID, kind: ReactionKind) -> UUID:
    """Likes, thanks for or keeps a content; again changes nothing."""
    content = await _content(work, content_id, "react")
    mine = {"content_id": content_id, "person_id": work.principal.id, "kind": kind.value, "created_at": work.now}
    if await _count(work, content_id, _inserted(ReactionRow, **mine), **{_COUNTED_AS[kind]: 1}):
        _record(work, content, Reacted(content_id=content_id, kind=kind), private=kind is ReactionKind.favourite)
    return content_id


@command(Permission.react)
async def withdraw_reaction(work: Work, content_id: UUID, kind: ReactionKind) -> UUID:
    """Takes a reaction back; without one nothing changes."""
    content = await _content(work, content_id, "react")
    mine = (ReactionRow.person_id == work.principal.id, ReactionRow.kind == kind.value)
    gone = _deleted(ReactionRow, ReactionRow.content_id == content_id, *mine)
    if await _count(work, content_id, gone, **{_COUNTED_AS[kind]: -1}):
        private = kind is ReactionKind.favourite
        _record(work, content, ReactionWithdrawn(content_id=content_id, kind=kind), private=private)
    return content_id


@command(Permission.react)
async def follow(work: Work, content_id: UUID) -> UUID:
    """Follows a content; again changes nothing."""
    content = await _content(work, content_id, "react")
    mine = {"content_id": content_id, "person_id": work.principal.id, "created_at": work.now}
    if await _count(work, content_id, _inserted(FollowRow, **mine), followers=1):
        _record(work, content, Followed(content_id=content_id), private=True)
    return content_id


@command(Permission.react)
async def unfollow(work: Work, content_id: UUID) -> UUID:
    """Follows a content no longer; without following nothing changes."""
    content = await _content(work, content_id, "react")
    mine = (FollowRow.content_id == content_id, FollowRow.person_id == work.principal.id)
    if await _count(work, content_id, _deleted(FollowRow, *mine), followers=-1):
        _record(work, content, Unfollowed(content_id=content_id), private=True)
    return content_id


# ---- ratings --------------------------------------------------------------------------------------------------------


@command(Permission.react)
async def rate(work: Work, content_id: UUID, ask: RateContent) -> UUID:
    """Gives a content a score, or another one than before; the same again changes nothing."""
    content = await _content(work, content_id, "rate")
    before = await _rating_held(work, content_id)
    if before == ask.score:
        return content_id
    rating = {"content_id": content_id, "person_id": work.principal.id, "score": ask.score}
    rated = pg_insert(RatingRow).values(**rating, created_at=work.now, updated_at=work.now)
    rated = rated.on_conflict_do_update(
        index_elements=[RatingRow.content_id, RatingRow.person_id], set_={"score": ask.score, "updated_at": work.now}
    )
    differences = {"rating_sum": ask.score - (before or 0), "ratings": 1 if before is None else 0}
    await _count(work, content_id, rated.returning(RatingRow.content_id), **differences)
    _record(work, content, Rated(content_id=content_id), private=True)
    return content_id


@command(Permission.react)
async def withdraw_rating(work: Work, content_id: UUID) -> UUID:
    """Takes a score back; without one nothing changes."""
    content = await _content(work, content_id, "rate")
    before = await _rating_held(work, content_id)
    if before is not None:
        mine = (RatingRow.content_id == content_id, RatingRow.person_id == work.principal.id)
        await _count(work, content_id, _deleted(RatingRow, *mine), ratings=-1, rating_sum=-before)
        _record(work, content, RatingWithdrawn(content_id=content_id), private=True)
    return content_id


async def _rating_held(work: Work, content_id: UUID) -> int | None:
    """The caller's score, with the counters locked: the sum changes by the difference to the score before, which
    another request of the same person must not change meanwhile."""
    held = select(CounterRow.content_id).where(CounterRow.content_id == content_id).with_for_update()
    await work.session.execute(held)
    mine = (RatingRow.content_id == content_id, RatingRow.person_id == work.principal.id)
    return (await work.session.execute(select(RatingRow.score).where(*mine))).scalar_one_or_none()


# ---- views ----------------------------------------------------------------------------------------------------------


@command(Permission.content_read)
async def record_view(work: Work, content_id: UUID, ask: RecordView) -> UUID:
    """Counts one reading. It is not journalled: there are more readings than everything else together, nobody reacts
    to a single one, and `viewing` already says who read what when."""
    content = await _content(work, content_id, "read")
    if acting_person(work, content) == ANONYMOUS_ID:
        # Who reads it at the moment at which it appears has written it.
        return content_id
    work.add(ViewingRow(content_id=content_id, person_id=work.principal.id, dwell_ms=ask.dwell_ms, at=work.now))
    await work.flush()
    await _count(work, content_id, views=1)
    return content_id
