"""Page sizes, as the values of arguments say them."""

from typing import Final

from graphql import GraphQLArgument, IntValueNode, ValueNode

from kshare.edge.graphql_limits.limits import CEILING

DEFAULT_SIZE: Final = 20
"""Items assumed of a list that names no size."""

SIZE_ARGUMENTS: Final = ("first", "last", "limit")


def as_size(value: object) -> int | None:
    """A page size as GraphQL would coerce it; None for what is no size, which leaves the default in force.

    A negative size is none either: whether a resolver refuses or ignores it, it does not make a list shorter.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= CEILING:
        return CEILING if value > CEILING else None
    return int(value) if value == int(value) else None


def literal_size(node: ValueNode | None) -> int | None:
    """The size that is written in a document; None where there is none."""
    if not isinstance(node, IntValueNode):
        return None
    # Digits beyond the ceiling need no conversion, and Python refuses to convert thousands of them.
    return as_size(int(node.value)) if len(node.value) <= 10 else CEILING


def default_size(argument: GraphQLArgument) -> int | None:
    """The size an argument has when it is not given, from either way a schema can state a default."""
    if argument.default is not None:
        literal = argument.default.literal
        return as_size(argument.default.value) if literal is None else literal_size(literal)
    return as_size(argument.default_value)
