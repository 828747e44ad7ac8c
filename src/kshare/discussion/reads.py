"""How discussion is read, and who may take part in it. All of it is seen exactly when its content is seen."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, case, func, literal_column, not_, null, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT, CONTENT_CARD, COUNTERS
from kshare.content.visibility import is_anonymous, visible_content, visible_through_content
from kshare.core.access import Permission
from kshare.core.database import Row
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    allowed_list,
    constant,
)
from kshare.core.writing import Guard, Rule
from kshare.discussion.models import CommentRow, FollowRow, RatingRow, ReactionRow
from kshare.discussion.shapes import Comment, Engagement, Favourite, Follow, MyRelation, Reaction, ReactionKind
from kshare.people.reads import PERSON

# ---- who may take part ----------------------------------------------------------------------------------------------


def _open_to(permission: Permission) -> Rule:
    """A draft is not discussed: nobody but its author sees it."""
    return lambda row: and_(row.state != constant("draft"), Viewer.holds(permission))


DISCUSSION_RULES: dict[str, Rule] = {
    "comment": _open_to(Permission.comment_write),
    "react": lambda row: and_(
        _open_to(Permission.react)(row), not_(and_(is_anonymous(row), Viewer.owns(row.owner_id)))
    ),
    "rate": lambda row: and_(_open_to(Permission.react)(row), not_(Viewer.owns(row.owner_id))),
}
"""Who may discuss a content, whatever its kind; every kind's guard has these rules. Nobody rates what they wrote, and
nobody reacts to what they wrote anonymously: reactions, and who follows what, are kept by name."""

CONTENT_GUARD = Guard(
    "content",
    ContentRow,
    visible_content,
    {**DISCUSSION_RULES, "read": lambda row: Viewer.holds(Permission.content_read)},
)


def _moderated(row: Alias) -> ColumnElement[bool]:
    """The viewer moderates comments within the content's department or category."""
    content: Alias = aliased(ContentRow)
    place = Viewer.holds_within(Permission.comment_moderate, content.department_id, content.category_id)
    return select(content.id).where(content.id == row.content_id, place).exists()


def _own_comment(row: Alias) -> ColumnElement[bool]:
    return and_(not_(row.deleted), Viewer.owns(row.owner_id), Viewer.holds(Permission.comment_write))


COMMENT_GUARD = Guard(
    "comment",
    CommentRow,
    visible_through_content,
    {
        "edit": _own_comment,
        "delete": lambda row: or_(_own_comment(row), and_(not_(row.deleted), _moderated(row))),
    },
)

# ---- comments -------------------------------------------------------------------------------------------------------


def _has_replies(row: Alias) -> ColumnElement[bool]:
    reply = aliased(CommentRow)
    # Not EXISTS, whose order the planner ignores: where one comment has thousands of replies it takes every comment to
    # have as many, and would rather read the whole table than an index.
    first = select(reply.id).where(reply.parent_id == row.id).order_by(reply.created_at, reply.id)
    return first.limit(literal_column("1")).scalar_subquery().is_not(None)


def _by_author(row: Alias) -> ColumnElement[bool]:
    content: Alias = aliased(ContentRow)
    same = and_(content.id == row.content_id, content.owner_id == row.owner_id)
    return select(content.id).where(same).exists()


COMMENT = View(
    "comment",
    Comment,
    CommentRow,
    visible_through_content,
    {
        "author": One(PERSON, on=lambda row, person: person.id == row.author_id),
        "by_author": _by_author,
        "body": lambda row: case((row.deleted, null()), else_=row.body),
        "mentions": Many(
            PERSON,
            on=lambda row, person: person.id == func.any(row.mentions),
            order=lambda person: (person.sort_name, person.id),
            first=50,
        ),
        "has_replies": _has_replies,
        "permissions": lambda row: allowed_list(COMMENT_GUARD.rules_for(row)),
    },
)
COMMENT.fields["replies"] = Many(
    COMMENT,
    on=lambda row, reply: reply.parent_id == row.id,
    order=lambda reply: (reply.created_at.asc(), reply.id.asc()),
    first=3,
    seen_with_parent=True,
)

_OLDEST = Order((("created_at", datetime), ("id", UUID)), "Oldest first.", descending=False)
_NEWEST = Order((("created_at", datetime), ("id", UUID)), "Newest first.")

COMMENTS = Listing(
    "comments",
    COMMENT,
    of=("content", CONTENT),
    filters={
        "content": Filter(Uuid, lambda row, value: row.content_id == value),
        "parent": Filter(Uuid, lambda row, value: row.parent_id == value),
        # Given only when true (CommentFilter), so the condition can be a plain one that an index understands.
        "roots": Filter(Text, lambda row, _: row.parent_id.is_(None)),
    },
    orders={"oldest": _OLDEST, "newest": _NEWEST},
    default_order="oldest",
)


def _worth_showing(row: Alias, comment: Alias) -> ColumnElement[bool]:
    return and_(
        comment.content_id == row.id, comment.parent_id.is_(None), or_(not_(comment.deleted), _has_replies(comment))
    )


NEWEST_COMMENTS: Source = Many(
    COMMENT,
    on=_worth_showing,
    order=lambda comment: (comment.created_at.desc(), comment.id.desc()),
    first=3,
    seen_with_parent=True,
)
"""The newest comments on a content that answer the content itself, for every kind's view as `comments`. A tombstone
is left out unless it holds replies."""

# ---- reactions, ratings, follows ------------------------------------------------------------------------------------


def _reacted(kind: ReactionKind) -> Any:
    def reacted(row: Alias) -> ColumnElement[bool]:
        reaction = aliased(ReactionRow)
        mine = and_(reaction.person_id == Viewer.id, reaction.kind == constant(kind.value))
        return select(literal_column("1")).select_from(reaction).where(reaction.content_id == row.id, mine).exists()

    return reacted


def _following(row: Alias) -> ColumnElement[bool]:
    follow = aliased(FollowRow)
    mine = and_(follow.content_id == row.id, follow.person_id == Viewer.id)
    return select(literal_column("1")).select_from(follow).where(mine).exists()


def _my_rating(row: Alias) -> ColumnElement[Any]:
    rating = aliased(RatingRow)
    return select(rating.score).where(rating.content_id == row.id, rating.person_id == Viewer.id).scalar_subquery()


MY_RELATION = View(
    "content",
    MyRelation,
    ContentRow,
    visible_content,
    {
        "liked": _reacted(ReactionKind.like),
        "thanked": _reacted(ReactionKind.thank),
        "favourite": _reacted(ReactionKind.favourite),
        "following": _following,
        "rating": _my_rating,
    },
)
MINE: Source = One(MY_RELATION, on=lambda row, same: same.id == row.id, seen_with_parent=True)
"""What the viewer did with a content, for every kind's view as `mine`."""

ENGAGEMENT = View(
    "content",
    Engagement,
    ContentRow,
    visible_content,
    {
        "counters": One(COUNTERS, on=lambda row, counter: counter.content_id == row.id, seen_with_parent=True),
        "mine": MINE,
    },
)


def _visible_reaction(row: Alias) -> ColumnElement[bool]:
    """Likes and thanks are said to everybody who reads the content; what one keeps is one's own affair."""
    public = or_(row.kind != constant(ReactionKind.favourite.value), row.person_id == Viewer.id)
    return and_(public, visible_through_content(row))


REACTION = View(
    "reaction",
    Reaction,
    ReactionRow,
    _visible_reaction,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)
REACTIONS = Listing(
    "reactions",
    REACTION,
    of=("content", CONTENT),
    filters={
        "content": Filter(Uuid, lambda row, value: row.content_id == value),
        "kind": Filter(Text, lambda row, value: row.kind == value),
    },
    # Ids grow with time, so this is by when each person joined; the primary key serves it.
    orders={"person": Order((("person_id", UUID), ("kind", str)), "One person after the other.", descending=False)},
    default_order="person",
)


def _mine(row: Alias) -> ColumnElement[bool]:
    return and_(row.person_id == Viewer.id, visible_through_content(row))


def _is_favourite(row: Alias) -> ColumnElement[bool]:
    favourite: ColumnElement[bool] = row.kind == constant(ReactionKind.favourite.value)
    return favourite


def _my_contents(name: str, shape: Any, row: type[Row], only: Any = None) -> Listing[Any]:
    content = One(CONTENT_CARD, on=lambda mark, content: content.id == mark.content_id, seen_with_parent=True)
    view = View(name, shape, row, _mine, {"content": content}, only)
    newest = Order((("created_at", datetime), ("content_id", UUID)), "Newest first.")
    return Listing(f"my_{name}s", view, filters={}, orders={"newest": newest}, default_order="newest")


FAVOURITES = _my_contents("favourite", Favourite, ReactionRow, _is_favourite)
FOLLOWS = _my_contents("follow", Follow, FollowRow)
"""What the caller keeps and follows; what they may no longer see is not shown."""
