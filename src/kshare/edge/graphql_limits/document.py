"""Documents that keep the limits and are valid, and their operations with what they cost."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from kshare.core.errors import DomainError
from kshare.edge.graphql_limits.limits import Cost, Limits, too_complex
from kshare.edge.graphql_limits.meter import Meter
from kshare.edge.graphql_limits.sizes import as_size, literal_size

# The library meters its comparison of overlapping fields, yet allows ten times what fits into a fifth of a second
# (measured: 500,000 units take up to 2.3 s). It reads this documented setting whenever a validation starts.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 40_000

REPORTED_ERRORS: Final = 20
"""Validation errors told at once; each costs a search for its line in the source."""


class Operation:
    """An operation of a checked document, with its cost by page sizes."""

    __slots__ = ("_priced", "_size_variables", "is_mutation", "is_subscription", "node")

    def __init__(self, meter: Meter, node: OperationDefinitionNode) -> None:
        """`meter` has walked the whole document, so that it knows which variables are sizes."""
        self.node = node
        self.is_mutation = node.operation is OperationType.MUTATION
        self.is_subscription = node.operation is OperationType.SUBSCRIPTION
        self._size_variables = [
            (definition.variable.name.value, literal_size(definition.default_value))
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
