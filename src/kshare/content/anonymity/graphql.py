"""Unsealing and credits through GraphQL."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.content.anonymity import commands, shapes
from kshare.content.anonymity.reads import CREDIT, CREDITS, UNSEALING, UNSEALINGS
from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    mutation,
    object_type,
    one_field,
)
from kshare.people.graphql import Person

UNSEAL = Permission.unseal

enum_type(shapes.CreditReason)


@object_type
class UnsealedAuthor(shapes.UnsealedAuthor):
    __doc__ = shapes.UnsealedAuthor.__doc__


@object_type
class Opening(shapes.Opening):
    __doc__ = shapes.Opening.__doc__
    person: Person
    """Who was told."""


@object_type
class Unsealing(shapes.Unsealing):
    __doc__ = shapes.Unsealing.__doc__
    requested_by: Person
    """Who asked."""
    approved_by: Person | None
    """Who agreed, which is another person; null while nobody has."""
    openings: list[Opening]  # type: ignore[assignment]  # a field is read, never assigned
    """Every time that one of them was told, oldest first; up to 50."""


@object_type
class Credit(shapes.Credit):
    __doc__ = shapes.Credit.__doc__


VIEWS |= {"Unsealing": (UNSEALING, UNSEAL), "Credit": (CREDIT, Permission.content_read)}
UnsealingConnection = connection_type(Unsealing, "Unsealing")
CreditConnection = connection_type(Credit, "Credit")
UnsealingFilter = input_type(shapes.UnsealingFilter, name="UnsealingFilter")


class Query:
    unsealings = list_field(
        UNSEALINGS, UnsealingConnection, UnsealingFilter, UNSEAL, "Requests to learn who wrote something anonymous."
    )
    unsealing = one_field(UNSEALING, Unsealing, UNSEAL, "One request to learn who wrote something anonymous.")
    my_credits = list_field(CREDITS, CreditConnection, None, Permission.content_read, "What you are credited with.")


class Mutation:
    request_unsealing = command_field(
        commands.request_unsealing, Unsealing, UNSEALING, "Ask to learn who wrote something anonymous."
    )
    approve_unsealing = command_field(
        commands.approve_unsealing, Unsealing, UNSEALING, "Agree to somebody else's request; both may open it then."
    )

    @mutation("Learn who wrote something anonymous; for the two, within 24 hours. The author hears of it.")
    async def open_unsealing(
        self, info: Info, id: Annotated[UUID, strawberry.argument(description="The request.")]
    ) -> UnsealedAuthor | None:
        content, author, name = await commands.open_unsealing(info.context.work, id)
        info.context.secrets += [str(author), name]
        return UnsealedAuthor(content_id=content, author_id=author, author_name=name)
