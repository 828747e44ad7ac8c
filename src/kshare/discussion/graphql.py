"""Discussion through GraphQL, on any content."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.content.graphql import ContentCard
from kshare.core.access import Permission
from kshare.discussion import commands, shapes
from kshare.discussion.reads import COMMENT, COMMENTS, ENGAGEMENT, FAVOURITES, FOLLOWS, REACTIONS
from kshare.edge.graphql import (
    VIEWS,
    First,
    Info,
    connection_type,
    enum_type,
    expect,
    input_type,
    list_field,
    many_field,
    mutation,
    object_type,
    one_field,
)
from kshare.edge.reads import OneRead
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
WriteComment = input_type(shapes.WriteComment)
EditComment = input_type(shapes.EditComment)
RateContent = input_type(shapes.RateContent)
RecordView = input_type(shapes.RecordView)
_OF = {"content_id": "content"}


class Query:
    comments = list_field(COMMENTS, CommentConnection, CommentFilter, READ, "The comments on a content.", _OF)
    comment = one_field(COMMENT, Comment, READ, "One comment.")
    reactions = list_field(REACTIONS, ReactionConnection, ReactionFilter, READ, "Who reacted to a content.", _OF)
    my_favourites = list_field(FAVOURITES, FavouriteConnection, None, READ, "What is among your favourites.")
    my_follows = list_field(FOLLOWS, FollowConnection, None, READ, "What you follow.")


class Mutation:
    @mutation("Write a comment on a content.")
    async def write_comment(self, info: Info, content_id: UUID, input: WriteComment) -> Comment | None:  # type: ignore[valid-type]
        return OneRead(COMMENT, await commands.write_comment(info.context.work, content_id, input))  # type: ignore[return-value]

    @mutation("Edit your comment; what is left out stays as it is.")
    async def edit_comment(
        self,
        info: Info,
        id: UUID,
        expected_version: int,
        input: EditComment,  # type: ignore[valid-type]
    ) -> Comment | None:
        done = await commands.edit_comment(info.context.work, id, input, expect(expected_version))
        return OneRead(COMMENT, done)  # type: ignore[return-value]

    @mutation("Delete a comment; answers the tombstone that stays.")
    async def delete_comment(self, info: Info, id: UUID, expected_version: int) -> Comment | None:
        done = await commands.delete_comment(info.context.work, id, expect(expected_version))
        return OneRead(COMMENT, done)  # type: ignore[return-value]

    @mutation("Like a content, thank for it, or keep it among your favourites.")
    async def react(self, info: Info, content_id: UUID, kind: shapes.ReactionKind) -> Engagement | None:
        return OneRead(ENGAGEMENT, await commands.react(info.context.work, content_id, kind))  # type: ignore[return-value]

    @mutation("Take a reaction back.")
    async def withdraw_reaction(self, info: Info, content_id: UUID, kind: shapes.ReactionKind) -> Engagement | None:
        done = await commands.withdraw_reaction(info.context.work, content_id, kind)
        return OneRead(ENGAGEMENT, done)  # type: ignore[return-value]

    @mutation("Rate a content that somebody else wrote.")
    async def rate_content(self, info: Info, content_id: UUID, input: RateContent) -> Engagement | None:  # type: ignore[valid-type]
        return OneRead(ENGAGEMENT, await commands.rate(info.context.work, content_id, input))  # type: ignore[return-value]

    @mutation("Take your rating back.")
    async def withdraw_rating(self, info: Info, content_id: UUID) -> Engagement | None:
        return OneRead(ENGAGEMENT, await commands.withdraw_rating(info.context.work, content_id))  # type: ignore[return-value]

    @mutation("Follow a content.")
    async def follow_content(self, info: Info, content_id: UUID) -> Engagement | None:
        return OneRead(ENGAGEMENT, await commands.follow(info.context.work, content_id))  # type: ignore[return-value]

    @mutation("Stop following a content.")
    async def unfollow_content(self, info: Info, content_id: UUID) -> Engagement | None:
        return OneRead(ENGAGEMENT, await commands.unfollow(info.context.work, content_id))  # type: ignore[return-value]

    @mutation("Record one reading of a content.")
    async def record_view(self, info: Info, content_id: UUID, input: RecordView) -> Engagement | None:  # type: ignore[valid-type]
        return OneRead(ENGAGEMENT, await commands.record_view(info.context.work, content_id, input))  # type: ignore[return-value]
