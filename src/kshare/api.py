"""Both doors and the reactors, assembled: one line a slice."""

from collections.abc import Sequence
from functools import cache

from graphql import GraphQLSchema

from kshare.content import graphql as content_graphql
from kshare.content import rest as content_rest
from kshare.core.journal import Reactor
from kshare.discussion import graphql as discussion_graphql
from kshare.discussion import rest as discussion_rest
from kshare.edge.door import Door
from kshare.edge.graphql import schema_of
from kshare.events import graphql as events_graphql
from kshare.events import rest as events_rest
from kshare.ideas.graphql import idea as idea_graphql
from kshare.ideas.rest import idea as idea_rest
from kshare.knowledge import graphql as knowledge_graphql
from kshare.knowledge import rest as knowledge_rest
from kshare.people import graphql as people_graphql
from kshare.people.rest import departments, groups, keys, persons
from kshare.search import graphql as search_graphql
from kshare.search import rest as search_rest
from kshare.search.reactor import SearchIndexer

DOORS: list[Door] = [
    persons.door,
    departments.door,
    groups.door,
    keys.door,
    content_rest.door,
    discussion_rest.door,
    knowledge_rest.door,
    idea_rest.door,
    search_rest.door,
    events_rest.door,
]


@cache
def schema() -> GraphQLSchema:
    """The GraphQL schema of all slices; made once, since Strawberry uses up the classes it is made of."""
    slices = [
        people_graphql,
        content_graphql,
        discussion_graphql,
        knowledge_graphql,
        idea_graphql,
        search_graphql,
        events_graphql,
    ]
    return schema_of(
        [part.Query for part in slices if hasattr(part, "Query")],
        [part.Mutation for part in slices if hasattr(part, "Mutation")],
        [part.Subscription for part in slices if hasattr(part, "Subscription")],
    )


def reactors() -> Sequence[Reactor]:
    """Everything that reacts to the journal."""
    return [SearchIndexer()]
