"""How much one GraphQL document may ask for, found in one walk whose time is linear in the document.

Three things bound the work a stranger can cause. The parser stops at a number of bytes, tokens and comments. The
`Meter` then walks every definition once and remembers what each fragment asks for, so that fifty fragments which
double one another cost fifty steps and not 2^50; it runs before GraphQL's own validation, whose comparison of
overlapping fields would be the next target. Last, the cost of an operation, which depends on its variables, is
computed for each distinct set of page sizes and remembered.

The cost of an operation is the largest number of objects its answer may hold:

* an object field is 1 and what is selected from it;
* a list field is its size times (1 and what is selected from an item);
* a connection, a type with lists called `edges` or `nodes`, is 1, and its size times what is selected below these;
* a leaf and all introspection is 0; a root field of a mutation is 10 more.

The size of a list or connection is its argument `first`, `last` or `limit`, and 20 where there is none.

Sources: graphql-core 3.3 (`graphql.validation`), the GraphQL specification of September 2025 (section 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    parse,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from kshare.core.errors import DomainError

# The library meters its comparison of overlapping fields, yet allows ten times what fits into a fifth of a second
# (measured: 500,000 units take up to 2.3 s). It reads this documented setting whenever a validation starts.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 40_000

DEFAULT_SIZE = 20
"""Items assumed of a list that names no size."""

MUTATION_COST = 10
"""What a root field of a mutation costs besides its answer."""

META_ALIASES = 10
"""Aliases that one within introspection counts for: it repeats a part of the whole schema, at no cost."""

CEILING = 1_000_000_000
"""Counts stop here: far above every limit, and small enough for any JSON reader."""

NESTING = 100
"""Selection sets within one another, fragments included: keeps the walk far from the interpreter's stack limit."""

REPORTED_ERRORS = 20
"""Validation errors told at once; each costs a search for its line in the source."""

SIZE_ARGUMENTS = ("first", "last", "limit")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a request may ask for. Counts hold for one operation with its fragments expanded, unless noted.

    `bytes`, `tokens`, `comments`, `definitions`, `selections`, `spreads`, `directives` and `variables` count what
    is written in the whole document; they bound the work of validation.
    """

    depth: int = 12
    introspection_depth: int = 20
    fields: int = 1_000
    aliases: int = 50
    root_fields: int = 20
    cost: int = 20_000
    bytes: int = 100_000
    tokens: int = 10_000
    comments: int = 1_000
    definitions: int = 100
    selections: int = 2_000
    spreads: int = 200
    directives: int = 50
    variables: int = 200


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


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation costs with given variables: objects at most, and levels of fields."""

    requested: int
    depth: int


def too_complex(what: str, most: int) -> DomainError:
    """The refusal (422, `too_complex`) of a document that has more of something than is allowed."""
    return DomainError("too_complex", f"The document has too many {what}: at most {most:,} are allowed.")


def as_size(value: object) -> int | None:
    """A page size as GraphQL would coerce it; None for what is no size, which leaves the default in force.

    A negative size is none either: whether a resolver refuses or ignores it, it does not make a list shorter.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= CEILING:
        return CEILING if value > CEILING else None
    return int(value) if value == int(value) else None


def _literal_size(node: ValueNode | None) -> int | None:
    if not isinstance(node, IntValueNode):
        return None
    # Digits beyond the ceiling need no conversion, and Python refuses to convert thousands of them.
    return as_size(int(node.value)) if len(node.value) <= 10 else CEILING


def _default_size(argument: GraphQLArgument) -> int | None:
    """The size an argument has when it is not given, from either way a schema can state a default."""
    if argument.default is not None:
        literal = argument.default.literal
        return as_size(argument.default.value) if literal is None else _literal_size(literal)
    return as_size(argument.default_value)


@lru_cache(maxsize=4096)
def _is_connection(type_: GraphQLNamedType | None) -> bool:
    fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
    return any(name in fields and is_list_type(get_nullable_type(fields[name].type)) for name in ("edges", "nodes"))


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
                size = _literal_size(value)
            size = _default_size(argument) if size is None else size
            if size is not None:
                sizes.append(size)
        return max(sizes, default=DEFAULT_SIZE)

    def _count_directives(self, *nodes: object) -> None:
        for node in nodes:
            self.directives += len(getattr(node, "directives", None) or ())
        if self.directives > self.limits.directives:
            raise too_complex("directives", self.limits.directives)


class Operation:
    """An operation of a checked document, with its cost by page sizes."""

    __slots__ = ("_priced", "_size_variables", "is_mutation", "is_subscription", "node")

    def __init__(self, meter: Meter, node: OperationDefinitionNode) -> None:
        """`meter` has walked the whole document, so that it knows which variables are sizes."""
        self.node = node
        self.is_mutation = node.operation is OperationType.MUTATION
        self.is_subscription = node.operation is OperationType.SUBSCRIPTION
        self._size_variables = [
            (definition.variable.name.value, _literal_size(definition.default_value))
            for definition in node.variable_definitions or ()
            if definition.variable.name.value in meter.size_variables
        ]
        names = [name for name, _ in self._size_variables]

        def price(*sizes: int | None) -> Cost:
            values = dict(zip(names, sizes, strict=True))
            tally = Meter(meter.schema, meter.fragments, meter.limits, values).operation(node)
            return Cost(tally.once, max(tally.depth, tally.meta_depth))

        self._priced = lru_cache(maxsize=64)(price)

    def cost(self, variables: Mapping[str, object]) -> Cost:
        """The cost with these (not yet coerced) variable values; constant time for page sizes seen lately."""
        return self._priced(
            *[as_size(variables[name]) if name in variables else default for name, default in self._size_variables]
        )


class Document:
    """A parsed document that keeps the limits and is valid; immutable, so one serves many requests at once."""

    __slots__ = ("ast", "fragment_details", "fragments", "operations", "tokens")

    def __init__(self, schema: GraphQLSchema, source: str, limits: Limits) -> None:
        """Parse, measure and validate.

        Raises DomainError("too_complex") over a limit, GraphQLSyntaxError for what is no document, and
        `InvalidDocument` with at most 20 errors for what the schema does not know. `source` has no lone surrogates.
        """
        if len(source) > limits.bytes or len(source.encode()) > limits.bytes:
            raise DomainError("too_complex", f"The document is too long: at most {limits.bytes:,} bytes are allowed.")
        self.ast = _parsed(source, limits)
        self.tokens: int = self.ast.token_count
        self.fragments = {
            node.name.value: node for node in self.ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.fragment_details = {name: FragmentDetails(node) for name, node in self.fragments.items()}
        meter = self._within(schema, limits)
        errors = validate(schema, self.ast, max_errors=REPORTED_ERRORS)
        if errors and isinstance(errors[-1], ValidationAbortedError) and len(errors) <= REPORTED_ERRORS:
            raise DomainError("too_complex", "The document nests or overlaps too many selections to be validated.")
        if errors:
            raise InvalidDocument(errors)
        self.operations = {
            node.name.value if node.name else None: Operation(meter, node)
            for node in self.ast.definitions
            if isinstance(node, OperationDefinitionNode)
        }

    def operation(self, name: str | None) -> Operation | None:
        """The operation of that name; without a name the only one; None if that is not exactly one."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None

    def _within(self, schema: GraphQLSchema, limits: Limits) -> Meter:
        """Walk the whole document, unused fragments too, since validation will; raises over a limit."""
        if len(self.ast.definitions) > limits.definitions:
            raise too_complex("definitions", limits.definitions)
        meter = Meter(schema, self.fragments, limits, {})
        for name in self.fragments:
            meter.fragment(name)
        for node in self.ast.definitions:
            if isinstance(node, OperationDefinitionNode):
                tally = meter.operation(node)
                for what, count, most in (
                    ("levels of fields", tally.depth, limits.depth),
                    ("levels of introspection", tally.meta_depth, limits.introspection_depth),
                    ("fields", tally.fields, limits.fields),
                    ("aliases", tally.aliases, limits.aliases),
                    ("root fields", tally.width, limits.root_fields),
                ):
                    if count > most:
                        raise too_complex(what, most)
        return meter


class InvalidDocument(Exception):
    """A document the schema does not allow."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


def _parsed(source: str, limits: Limits) -> DocumentNode:
    try:
        return parse(source, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLError as error:
        # The parser tells limits and typing errors apart by words only; both are syntax errors to it.
        if error.message.endswith("Parsing aborted."):
            raise DomainError("too_complex", error.message.removeprefix("Syntax Error: ")) from None
        raise
