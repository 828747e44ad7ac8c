"""Discussion through GraphQL, on any content."""

from typing import Annotated

import strawberry

from kshare.content.graphql import ContentCard
from kshare.core.access import Permission
from kshare.discussion import commands, shapes
from kshare.discussion.reads import COMMENT, COMMENTS, ENGAGEMENT, FAVOURITES, FOLLOWS, REACTIONS
from kshare.edge.graphql import (
    VIEWS,
    First,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    many_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Person

READ = Permission.content_read

enum_type(shapes.ReactionKind)
MyRelation = object_type(shapes.MyRelation)


@object_type
class Engagement(shapes.Engagement):
    __doc__ = shapes.Engagement.__doc__


@object_type
class Comment(shapes.Comment):
    __doc__ = shapes.Comment.__doc__
    author: Person
    """Who wrote it."""
    mentions: list[Person]  # type: ignore[assignment]  # a field is read, never assigned
    """The people it calls on."""

    @many_field("The comments that answer it, oldest first.")
    def replies(self, first: First = 3) -> list[Annotated["Comment", strawberry.lazy("kshare.discussion.graphql")]]:
        raise NotImplementedError


@object_type
class Reaction(shapes.Reaction):
    __doc__ = shapes.Reaction.__doc__
    person: Person
    """Who reacted."""


@object_type
class Favourite(shapes.Favourite):
    __doc__ = shapes.Favourite.__doc__
    content: ContentCard
    """The content."""


@object_type
class Follow(shapes.Follow):
    __doc__ = shapes.Follow.__doc__
    content: ContentCard
    """The content."""


VIEWS["Comment"] = (COMMENT, READ)
CommentConnection = connection_type(Comment, "Comment")
ReactionConnection = connection_type(Reaction, "Reaction")
FavouriteConnection = connection_type(Favourite, "Favourite")
FollowConnection = connection_type(Follow, "Follow")
CommentFilter = input_type(shapes.CommentFilter, name="CommentFilter")
ReactionFilter = input_type(shapes.ReactionFilter, name="ReactionFilter")
_OF = {"content_id": "content"}


class Query:
    comments = list_field(COMMENTS, CommentConnection, CommentFilter, READ, "The comments on a content.", _OF)
    comment = one_field(COMMENT, Comment, READ, "One comment.")
    reactions = list_field(REACTIONS, ReactionConnection, ReactionFilter, READ, "Who reacted to a content.", _OF)
    my_favourites = list_field(FAVOURITES, FavouriteConnection, None, READ, "What is among your favourites.")
    my_follows = list_field(FOLLOWS, FollowConnection, None, READ, "What you follow.")


class Mutation:
    write_comment = command_field(commands.write_comment, Comment, COMMENT, "Write a comment on a content.")
    edit_comment = command_field(
        commands.edit_comment, Comment, COMMENT, "Edit your comment; what is left out stays as it is."
    )
    delete_comment = command_field(
        commands.delete_comment, Comment, COMMENT, "Delete a comment; answers the tombstone that stays."
    )
    react = command_field(
        commands.react, Engagement, ENGAGEMENT, "Like a content, thank for it, or keep it among your favourites."
    )
    withdraw_reaction = command_field(commands.withdraw_reaction, Engagement, ENGAGEMENT, "Take a reaction back.")
    rate_content = command_field(commands.rate, Engagement, ENGAGEMENT, "Rate a content that somebody else wrote.")
    withdraw_rating = command_field(commands.withdraw_rating, Engagement, ENGAGEMENT, "Take your rating back.")
    follow_content = command_field(commands.follow, Engagement, ENGAGEMENT, "Follow a content.")
    unfollow_content = command_field(commands.unfollow, Engagement, ENGAGEMENT, "Stop following a content.")
    record_view = command_field(commands.record_view, Engagement, ENGAGEMENT, "Record one reading of a content.")
