"""One schema of all slices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import graphql
import strawberry
from graphql import GraphQLInputObjectType, Undefined
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from kshare.core.reading import Entity
from kshare.edge.graphql.context import Info
from kshare.edge.graphql.fields import field
from kshare.edge.reads import NodeRead


def schema_of(
    queries: Sequence[type], mutations: Sequence[type], subscriptions: Sequence[type], types: Sequence[Any] = ()
) -> graphql.GraphQLSchema:
    """The schema of all slices: their query, mutation and subscription classes merged, as graphql-core runs it."""
    for part in (_Nodes, *queries, *mutations, *subscriptions):
        strawberry.type(part)
    query = strawberry.type(type("Query", (_Nodes, *queries), {}), description="Everything that can be read.")
    change = strawberry.type(type("Mutation", tuple(mutations), {}), description="Everything that can be changed.")
    follow = strawberry.type(
        type("Subscription", tuple(subscriptions), {}), description="Everything that can be followed as it happens."
    )
    config = StrawberryConfig(scalar_map={UUID: _id_scalar(), Decimal: _AMOUNT}, relay_max_results=100)
    schema: graphql.GraphQLSchema = strawberry.Schema(query, change, follow, types=list(types), config=config)._schema
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            # An optional field defaults to null in Strawberry's schema, so that a field left out would arrive as
            # null and a change would erase what it does not mention.
            for given in kind.fields.values():
                if given.default_value is None:
                    given.default_value = Undefined
    return schema


class _Nodes:
    @field("Whatever object has this id; null if there is none, or none that you may see.")
    def node(self, info: Info, id: Annotated[UUID, strawberry.argument(description="Its id.")]) -> Entity | None:
        return NodeRead(id)  # type: ignore[return-value]


def _id_scalar() -> ScalarDefinition:
    """GraphQL's `ID` with our rule: a UUID in, a UUID out. graphql-core refuses to construct a second `ID`, since
    its own is meant to be used; ours takes its place in the whole schema, so it is renamed after construction."""
    scalar = graphql.GraphQLScalarType("UUID", serialize=str, parse_value=_parse_id, description="A UUIDv7.")
    scalar.name = "ID"
    return ScalarDefinition("ID", "A UUIDv7.", None, str, _parse_id, None, implementation=scalar)


def _parse_id(value: Any) -> UUID:
    try:
        if isinstance(value, str) and len(value) == 36:
            return UUID(value)
    except ValueError:
        pass
    raise graphql.GraphQLError("ID cannot represent a value that is no UUID.")


def _parse_amount(value: Any) -> Any:
    """Left to the rule of the field, which points at it; only what cannot be exact is refused here."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise graphql.GraphQLError('Write an amount as text, such as "12.50", or as a whole number.')
    return value


_AMOUNT = ScalarDefinition(
    "Decimal",
    'An exact amount as text, such as `"1250.50"`; a whole number may be sent as a number.',
    None,
    str,
    _parse_amount,
    None,
    origin=Decimal,
)
