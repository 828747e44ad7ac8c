"""Both doors and the reactors, assembled: one line a slice."""

from collections.abc import Sequence
from functools import cache

from graphql import GraphQLSchema

from kshare.content import graphql as content_graphql
from kshare.content import rest as content_rest
from kshare.core.journal import Reactor
from kshare.discussion import graphql as discussion_graphql
from kshare.discussion import rest as discussion_rest
from kshare.edge.graphql import schema_of
from kshare.edge.rest import Door
from kshare.events import graphql as events_graphql
from kshare.events import rest as events_rest
from kshare.knowledge import graphql as knowledge_graphql
from kshare.knowledge import rest as knowledge_rest

DOORS: list[Door] = [
    content_rest.door,
    discussion_rest.door,
    knowledge_rest.door,
    events_rest.door,
]


@cache
def schema() -> GraphQLSchema:
    """The GraphQL schema of all slices; made once, since Strawberry uses up the classes it is made of."""
    slices = [
        content_graphql,
        discussion_graphql,
        knowledge_graphql,
        events_graphql,
    ]
    return schema_of(
        [part.Query for part in slices if hasattr(part, "Query")],
        [part.Mutation for part in slices if hasattr(part, "Mutation")],
        [part.Subscription for part in slices if hasattr(part, "Subscription")],
    )


def reactors() -> Sequence[Reactor]:
    """Everything that reacts to the journal."""
    return []
