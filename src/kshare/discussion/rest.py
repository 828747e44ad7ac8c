"""Discussion over REST, on any content."""

from kshare.core.access import Permission
from kshare.discussion import commands
from kshare.discussion.reads import COMMENT, COMMENTS, FAVOURITES, FOLLOWS, REACTIONS
from kshare.discussion.shapes import CommentFilter, ReactionFilter
from kshare.edge.door import Door

door = Door("Discussion", "Comments, reactions, ratings, follows and views, on any content.")
READ = Permission.content_read
_OF = {"content": "id"}

# ---- comments -------------------------------------------------------------------------------------------------------

ON_CONTENT, ONE = "/content/{id}/comments", "/comments/{id}"
door.page(ON_CONTENT, COMMENTS, "listComments", "List the comments on a content", READ, CommentFilter, _OF)
door.command(
    "POST", ON_CONTENT, commands.write_comment, "writeComment", "Write a comment",
    "Drafts cannot be commented on. Mentioning somebody who may not see the content is accepted: it tells you nothing "
    "about what they may see, and they will not hear of it.",
    view=COMMENT, created_at="/comments",
)  # fmt: skip
door.one(ONE, COMMENT, "getComment", "Get a comment", READ)
door.command(
    "PATCH", ONE, commands.edit_comment, "editComment", "Edit your comment",
    "Only its author may; what is left out stays as it is.",
    view=COMMENT,
)  # fmt: skip
door.command(
    "DELETE", ONE, commands.delete_comment, "deleteComment", "Delete a comment",
    "A tombstone without text stays, and so do the replies. Its author may (`comment_write`), and whoever moderates "
    "the content's department or category (`comment_moderate`).",
    view=COMMENT,
)  # fmt: skip

# ---- reactions, ratings, follows, views -----------------------------------------------------------------------------

REACTION, RATING, FOLLOW = "/content/{id}/reactions/{kind}", "/content/{id}/rating", "/content/{id}/follow"
door.page(
    "/content/{id}/reactions", REACTIONS, "listReactions", "List who reacted to a content", READ, ReactionFilter, _OF
)
door.command(
    "PUT", REACTION, commands.react, "react", "React to a content",
    "Likes it, thanks for it or keeps it among your favourites. Again changes nothing.",
)  # fmt: skip
door.command(
    "DELETE", REACTION, commands.withdraw_reaction, "withdrawReaction", "Take a reaction back",
    "Without one nothing changes.",
)  # fmt: skip
door.command(
    "PUT", RATING, commands.rate, "rateContent", "Rate a content",
    "The score replaces the one you gave before. Nobody rates what they wrote.",
)  # fmt: skip
door.command(
    "DELETE", RATING, commands.withdraw_rating, "withdrawRating", "Take your rating back",
    "Without one nothing changes.",
)  # fmt: skip
door.command("PUT", FOLLOW, commands.follow, "followContent", "Follow a content", "Again changes nothing.")
door.command(
    "DELETE", FOLLOW, commands.unfollow, "unfollowContent", "Stop following a content",
    "Without following nothing changes.",
)  # fmt: skip
door.command(
    "POST", "/content/{id}/views", commands.record_view, "recordView", "Record a reading",
    "To be sent once for each reading, with how long the content was in view.",
)  # fmt: skip

door.page("/me/favourites", FAVOURITES, "listMyFavourites", "List your favourites", READ)
door.page("/me/follows", FOLLOWS, "listMyFollows", "List what you follow", READ)
