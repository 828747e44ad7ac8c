"""Shapes, asks and enums as types of GraphQL, each made once."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import strawberry
from pydantic import BaseModel

from kshare.core.choices import Choice
from kshare.core.reading import Entity

S = TypeVar("S", bound=BaseModel)

strawberry.pydantic.interface(Entity, name="Node", description="Anything with an id; `node(id)` finds it.")


def object_type(shape: type[S], *, name: str | None = None) -> type[S]:
    """Makes a shape a GraphQL type; its docstring and its fields' become the schema's descriptions."""
    return strawberry.pydantic.type(shape, name=name or shape.__name__, description=_sentence(shape))


@cache
def input_type(ask: type[S], *, name: str | None = None) -> type[S]:
    """Makes an ask a GraphQL input; asked again, it is the one made before."""
    return strawberry.pydantic.input(ask, name=name or f"{ask.__name__}Input", description=_sentence(ask))


def enum_type(enum: type[Choice]) -> None:
    """Makes an enum a GraphQL enum with the very values REST shows."""
    strawberry.enum(enum, description=_sentence(enum))
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = enum(value.value).description


def _sentence(cls: type) -> str | None:
    return " ".join((cls.__doc__ or "").split()) or None


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="There is more after this page.")
    has_previous_page: bool = strawberry.field(description="There is something before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first entry.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last entry; `after` takes it.")


def connection_type(node: type, name: str) -> Any:
    """The Relay connection of a type."""
    edge = _described_type(f"{name}Edge", EDGE, cursor=str, node=node)
    edge = strawberry.type(edge, description=f"A {name} in a list.")
    lists = {"edges": list[edge], "nodes": list[node]}  # type: ignore[valid-type]
    connection = _described_type(f"{name}Connection", CONNECTION, **lists, page_info=PageInfo, total_count=int)
    return strawberry.type(connection, description=f"A page of a list of {name}s.")


EDGE = {"cursor": "Its place in the list; `after` takes it.", "node": "The entry."}
CONNECTION = {
    "edges": "The entries, each with its place in the list.",
    "nodes": "The entries.",
    "page_info": "Where the page lies in its list.",
    "total_count": "How many entries the list has that you may see; counted only if asked for.",
}
"""What is said of the fields of all connections."""


def _described_type(name: str, descriptions: Mapping[str, str], **fields: Any) -> Any:
    described = {field: strawberry.field(description=descriptions[field]) for field in fields}
    return type(name, (), {"__annotations__": fields, **described})
