"""The GraphQL door's schema helpers and its read executor.

Resolvers return a *read* (`OneRead`, `PageRead`, `NodeRead`): a value that describes what to fetch. The executor
compiles it with the field's sub-selection into one statement and puts the bytes into the response as they are.
Nothing below a read is ever resolved field by field.
"""

from kshare.edge.graphql.context import Context, Info, context_of
from kshare.edge.graphql.executor import VIEWS, ReadExecutor
from kshare.edge.graphql.fields import (
    First,
    command_field,
    field,
    list_field,
    many_field,
    mutation,
    one_field,
    subscription,
)
from kshare.edge.graphql.plain import PlainRead
from kshare.edge.graphql.running import run
from kshare.edge.graphql.schema import schema_of
from kshare.edge.graphql.types import CONNECTION, EDGE, PageInfo, connection_type, enum_type, input_type, object_type

__all__ = [
    "CONNECTION",
    "EDGE",
    "VIEWS",
    "Context",
    "First",
    "Info",
    "PageInfo",
    "PlainRead",
    "ReadExecutor",
    "command_field",
    "connection_type",
    "context_of",
    "enum_type",
    "field",
    "input_type",
    "list_field",
    "many_field",
    "mutation",
    "object_type",
    "one_field",
    "run",
    "schema_of",
    "subscription",
]
