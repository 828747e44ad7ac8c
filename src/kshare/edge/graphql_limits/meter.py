"""The walk through a document that finds how much it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from kshare.edge.graphql_limits.limits import CEILING, Limits, too_complex
from kshare.edge.graphql_limits.sizes import DEFAULT_SIZE, SIZE_ARGUMENTS, default_size, literal_size

MUTATION_COST: Final = 10
"""What a root field of a mutation costs besides its answer."""

META_ALIASES: Final = 10
"""Aliases that one within introspection counts for: it repeats a part of the whole schema, at no cost."""

NESTING: Final = 100
"""Selection sets within one another, fragments included: keeps the walk far from the interpreter's stack limit."""


@dataclass(slots=True)
class Tally:
    """What a selection set asks for: levels below it, and fields, aliases and objects in it and below it.

    `width` counts the fields of the set itself. Of the objects, `once` are there for the parent, `each` for every
    item of the parent, when that is a connection. `meta_depth` is the depth within introspection.
    """

    depth: int = 0
    meta_depth: int = 0
    width: int = 0
    fields: int = 0
    aliases: int = 0
    once: int = 0
    each: int = 0

    def absorb(self, other: Tally) -> None:
        """Add a fragment, whose fields stand beside the others."""
        self.depth = max(self.depth, other.depth)
        self.meta_depth = max(self.meta_depth, other.meta_depth)
        self.width = min(self.width + other.width, CEILING)
        self.fields = min(self.fields + other.fields, CEILING)
        self.aliases = min(self.aliases + other.aliases, CEILING)
        self.once = min(self.once + other.once, CEILING)
        self.each = min(self.each + other.each, CEILING)


class Meter:
    """Walks each definition of a document once and keeps what it asks for.

    `sizes` gives the values of size variables; without them their defaults hold. The counts of what is written
    (`selections`, `spreads`, `directives`) grow with the walk and refuse the document at once when over the limit,
    by raising DomainError("too_complex"). Unknown types, fields and fragments and cycles of fragments count as
    nothing: validation, which comes after, refuses them.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        limits: Limits,
        sizes: Mapping[str, int | None],
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.limits = limits
        self.sizes = sizes
        self.size_variables: set[str] = set()
        self.selections = self.spreads = self.directives = 0
        self._known: dict[str, Tally] = {}
        self._open: set[str] = set()
        self._nesting = 0

    def operation(self, node: OperationDefinitionNode) -> Tally:
        """What an operation asks for; the surcharge of a mutation is in `once`."""
        definitions = node.variable_definitions or ()
        if len(definitions) > self.limits.variables:
            raise too_complex("variables", self.limits.variables)
        self._count_directives(node, *definitions)
        tally = self._selection_set(node.selection_set, self.schema.get_root_type(node.operation))
        if node.operation is OperationType.MUTATION:
            tally.once = min(tally.once + MUTATION_COST * tally.width, CEILING)
        return tally

    def fragment(self, name: str) -> Tally:
        """What a fragment asks for wherever it is spread."""
        if (known := self._known.get(name)) is not None:
            return known
        node = self.fragments.get(name)
        if node is None or name in self._open:
            return Tally()
        self._open.add(name)
        self._count_directives(node)
        tally = self._selection_set(node.selection_set, self.schema.get_type(node.type_condition.name.value))
        self._open.discard(name)
        self._known[name] = tally
        return tally

    def _selection_set(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Tally:
        self._nesting += 1
        if self._nesting > NESTING:
            raise too_complex("levels of nesting", NESTING)
        self.selections += len(node.selections)
        if self.selections > self.limits.selections:
            raise too_complex("selections", self.limits.selections)
        tally = Tally()
        for selection in node.selections:
            self._count_directives(selection)
            if isinstance(selection, FieldNode):
                self._field(tally, selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                self.spreads += 1
                if self.spreads > self.limits.spreads:
                    raise too_complex("fragment spreads", self.limits.spreads)
                tally.absorb(self.fragment(selection.name.value))
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                type_ = parent if condition is None else self.schema.get_type(condition.name.value)
                tally.absorb(self._selection_set(selection.selection_set, type_))
        self._nesting -= 1
        return tally

    def _field(self, tally: Tally, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        """Add a field and everything below it to the set it stands in."""
        name = node.name.value
        field = self.schema.get_field(parent, name) if parent is not None and is_composite_type(parent) else None
        type_ = get_named_type(field.type) if field is not None else None
        below = self._selection_set(node.selection_set, type_) if node.selection_set is not None else Tally()

        tally.width = min(tally.width + 1, CEILING)
        tally.fields = min(tally.fields + 1 + below.fields, CEILING)
        is_meta = name in ("__schema", "__type") or (parent is not None and parent.name.startswith("__"))
        aliases = below.aliases + (0 if node.alias is None else META_ALIASES if is_meta else 1)
        tally.aliases = min(tally.aliases + aliases, CEILING)
        if is_meta:
            tally.meta_depth = max(tally.meta_depth, 1 + below.meta_depth)
            return
        tally.depth = max(tally.depth, 1 + below.depth)
        tally.meta_depth = max(tally.meta_depth, below.meta_depth)
        if field is None or type_ is None or node.selection_set is None:
            return

        is_list = is_list_type(get_nullable_type(field.type))
        if name in ("edges", "nodes") and is_list and _is_connection(parent):
            tally.each = min(tally.each + 1 + below.once, CEILING)
            return
        size = self._size(node, field)
        if _is_connection(type_):
            objects = (1 + below.once + size * below.each) * (DEFAULT_SIZE if is_list else 1)
        else:
            objects = (1 + below.once) * (size if is_list else 1)
        tally.once = min(tally.once + objects, CEILING)

    def _size(self, node: FieldNode, field: GraphQLField) -> int:
        """Items the field may hold: the largest size it is given, else the schema's default, else 20."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        sizes: list[int] = []
        for name in SIZE_ARGUMENTS:
            if (argument := field.args.get(name)) is None:
                continue
            value = given.get(name)
            if isinstance(value, VariableNode):
                self.size_variables.add(value.name.value)
                size = self.sizes.get(value.name.value)
            else:
                size = literal_size(value)
            size = default_size(argument) if size is None else size
            if size is not None:
                sizes.append(size)
        return max(sizes, default=DEFAULT_SIZE)

    def _count_directives(self, *nodes: object) -> None:
        for node in nodes:
            self.directives += len(getattr(node, "directives", None) or ())
        if self.directives > self.limits.directives:
            raise too_complex("directives", self.limits.directives)


@lru_cache(maxsize=4096)
def _is_connection(type_: GraphQLNamedType | None) -> bool:
    fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
    return any(name in fields and is_list_type(get_nullable_type(fields[name].type)) for name in ("edges", "nodes"))
