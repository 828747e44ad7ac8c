"""Discussion over REST, on any content."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.discussion import commands
from kshare.discussion.reads import COMMENT, COMMENTS, FAVOURITES, FOLLOWS, REACTIONS
from kshare.discussion.shapes import (
    Comment,
    CommentFilter,
    EditComment,
    RateContent,
    ReactionFilter,
    ReactionKind,
    RecordView,
    WriteComment,
)
from kshare.edge.rest import Call, Door, Written

door = Door("Discussion", "Comments, reactions, ratings, follows and views, on any content.")
READ, WRITE, REACT = Permission.content_read, Permission.comment_write, Permission.react
_KIND = {"kind": ReactionKind}
_OF = {"content": "id"}


async def _done(call: Call, perform: Callable[..., Awaitable[Any]], *arguments: Any) -> Response:
    """One command on the content in the path, answered with 204."""
    id = call.path_id()

    async def act(work: Work) -> Written:
        await perform(work, id, *arguments)
        return Written()

    return await call.write(act)


# ---- comments -------------------------------------------------------------------------------------------------------

door.page(
    "/content/{id}/comments", COMMENTS, "listComments", "List the comments on a content", READ, CommentFilter, _OF
)


@door.operation(
    "POST", "/content/{id}/comments", "writeComment", "Write a comment", WRITE,
    body=WriteComment, answer=Comment, status=201,
)  # fmt: skip
async def write_comment(call: Call) -> Response:
    """Drafts cannot be commented on. Mentioning somebody who may not see the content is accepted: it tells you nothing
    about what they may see, and they will not hear of it."""
    id, ask = call.path_id(), await call.body(WriteComment)

    async def perform(work: Work) -> Written:
        return Written.created(await commands.write_comment(work, id, ask), "/v1/comments")

    return await call.write(perform, view=COMMENT)


door.one("/comments/{id}", COMMENT, "getComment", "Get a comment", READ)


@door.operation(
    "PATCH", "/comments/{id}", "editComment", "Edit your comment", WRITE,
    body=EditComment, answer=Comment, if_match="required",
)  # fmt: skip
async def edit_comment(call: Call) -> Response:
    """Only its author may; what is left out stays as it is."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(EditComment)

    async def perform(work: Work) -> Written:
        return Written(await commands.edit_comment(work, id, ask, version))

    return await call.write(perform, view=COMMENT)


@door.operation("DELETE", "/comments/{id}", "deleteComment", "Delete a comment", READ, status=204, if_match="required")
async def delete_comment(call: Call) -> Response:
    """A tombstone without text stays, and so do the replies. Its author may (`comment_write`), and whoever moderates
    the content's department or category (`comment_moderate`)."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await commands.delete_comment(work, id, version)
        return Written()

    return await call.write(perform, view=COMMENT)


# ---- reactions, ratings, follows, views -----------------------------------------------------------------------------

door.page(
    "/content/{id}/reactions", REACTIONS, "listReactions", "List who reacted to a content", READ, ReactionFilter, _OF
)


@door.operation(
    "PUT", "/content/{id}/reactions/{kind}", "react", "React to a content", REACT, status=204, path_types=_KIND
)
async def react(call: Call) -> Response:
    """Likes it, thanks for it or keeps it among your favourites. Again changes nothing."""
    return await _done(call, commands.react, ReactionKind(call.path_text("kind", ReactionKind)))


@door.operation(
    "DELETE", "/content/{id}/reactions/{kind}", "withdrawReaction", "Take a reaction back", REACT,
    status=204, path_types=_KIND,
)  # fmt: skip
async def withdraw_reaction(call: Call) -> Response:
    """Without one nothing changes."""
    return await _done(call, commands.withdraw_reaction, ReactionKind(call.path_text("kind", ReactionKind)))


@door.operation("PUT", "/content/{id}/rating", "rateContent", "Rate a content", REACT, status=204, body=RateContent)
async def rate(call: Call) -> Response:
    """The score replaces the one you gave before. Nobody rates what they wrote."""
    return await _done(call, commands.rate, await call.body(RateContent))


@door.operation("DELETE", "/content/{id}/rating", "withdrawRating", "Take your rating back", REACT, status=204)
async def withdraw_rating(call: Call) -> Response:
    """Without one nothing changes."""
    return await _done(call, commands.withdraw_rating)


@door.operation("PUT", "/content/{id}/follow", "followContent", "Follow a content", REACT, status=204)
async def follow(call: Call) -> Response:
    """Again changes nothing."""
    return await _done(call, commands.follow)


@door.operation("DELETE", "/content/{id}/follow", "unfollowContent", "Stop following a content", REACT, status=204)
async def unfollow(call: Call) -> Response:
    """Without following nothing changes."""
    return await _done(call, commands.unfollow)


@door.operation("POST", "/content/{id}/views", "recordView", "Record a reading", READ, status=204, body=RecordView)
async def record_view(call: Call) -> Response:
    """To be sent once for each reading, with how long the content was in view."""
    return await _done(call, commands.record_view, await call.body(RecordView))


door.page("/me/favourites", FAVOURITES, "listMyFavourites", "List your favourites", READ)
door.page("/me/follows", FOLLOWS, "listMyFollows", "List what you follow", READ)
