"""From a request to an operation that is ready to be executed, or refused for its price or its variables."""

from typing import Final, NamedTuple

from graphql.execution.values import VariableValues, get_variable_values

from kshare.core.errors import DomainError
from kshare.edge.graphql_limits import Cost, Document, Operation
from kshare.edge.graphql_route.documents import Documents
from kshare.edge.graphql_route.errors import Refused
from kshare.edge.graphql_route.requests import Parameters, bad_request

MOST_VARIABLE_ERRORS: Final = 20

_NO_VARIABLES: Final = VariableValues({}, {})


class Prepared(NamedTuple):
    """An operation ready to be executed as often as needed."""

    document: Document
    operation: Operation
    variables: VariableValues
    cost: Cost


def prepare(documents: Documents, parameters: Parameters, reading: bool) -> Prepared:
    """Everything up to the execution; raises `Refused`. `reading` forbids mutations."""
    document = documents.find(parameters)
    operation = document.operation(parameters.operation_name)
    if operation is None:
        name = parameters.operation_name
        detail = f"There is no operation {name!r} in the document." if name else "`operationName` must name one."
        raise Refused.because(bad_request(detail))
    if reading and operation.is_mutation:
        allowed = DomainError("method_not_allowed", "A mutation must be sent by POST.", headers={"Allow": "POST"})
        raise Refused.because(allowed)
    cost = operation.cost(parameters.variables)
    if cost.requested > documents.limits.cost:
        detail = f"The operation costs {cost.requested:,} objects: at most {documents.limits.cost:,} are allowed."
        raise Refused.because(DomainError("too_complex", detail), cost)
    definitions = operation.node.variable_definitions
    if not definitions:
        return Prepared(document, operation, _NO_VARIABLES, cost)
    variables = get_variable_values(
        documents.schema, definitions, parameters.variables, max_errors=MOST_VARIABLE_ERRORS
    )
    if isinstance(variables, list):
        for error in variables:
            error.extensions = {"code": "BAD_USER_INPUT"}
        raise Refused(variables, cost)
    return Prepared(document, operation, variables, cost)
