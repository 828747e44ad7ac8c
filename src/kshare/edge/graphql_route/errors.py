"""What went wrong, as GraphQL says it: members of `errors`, and requests that end before they are executed."""

from typing import Any, Final, Self, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError
from graphql.language import ValueNode
from strawberry.pydantic.error import InputValidationError

from kshare.core.errors import DomainError, Language
from kshare.core.messages import localized
from kshare.edge.graphql_limits import Cost
from kshare.edge.problems import Translate, field_errors

MOST_MESSAGE: Final = 1_000
"""Characters of an error message; the library quotes input, which may be long."""


def cause_of(error: GraphQLError) -> BaseException | None:
    """What a resolver raised: the first cause that is no error of the library itself."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        if isinstance(cause, InputValidationError):
            return _refused_input(cause)
        cause = cause.original_error
    return cause


def understood(error: GraphQLError, translate: Translate) -> GraphQLError:
    """The error with what its foreign cause means to the caller, if `translate` knows that; else the error itself."""
    cause = cause_of(error)
    known = None if cause is None or isinstance(cause, DomainError) else translate(cause)
    return error if known is None else GraphQLError(error.message, error.nodes, path=error.path, original_error=known)


def _refused_input(error: InputValidationError) -> DomainError:
    """Input that breaks a rule of its model, said as REST says it; pointers begin with the argument's name."""
    broken = [{"loc": tuple(one.location), "type": one.type, "msg": one.message} for one in error.errors]
    return DomainError("invalid", f"{len(broken)} of the rules for this input are broken.", field_errors(broken))


def is_hidden(result: ExecutionResult) -> bool:
    """Whether a subscription's event turned out not to be the caller's to see when it was read: then it is not sent."""
    causes = [cause_of(error) for error in result.errors or ()]
    return any(isinstance(cause, DomainError) and cause.code == "not_found" for cause in causes)


def _is_input_error(error: GraphQLError) -> bool:
    """Whether the library complains about a literal or variable in the document, not about a resolver's result."""
    return bool(error.nodes) and isinstance(cast("list[Any]", error.nodes)[0], ValueNode)


def error_payload(error: GraphQLError, language: Language) -> dict[str, Any]:
    """One member of `errors`: `message`, `locations`, `path` and `extensions` with `code`.

    A DomainError that a resolver raised gives its title as message, and its `detail`, `status`, broken rules
    (`errors`) and extras. Errors about the request say what the library says. Everything else is our own fault:
    `INTERNAL`, with a message that tells nothing.
    """
    cause = cause_of(error)
    extensions = dict(error.extensions or {})
    if isinstance(cause, DomainError):
        refusal: DomainError | None = cause
    elif "code" in extensions or isinstance(error, GraphQLSyntaxError) or (cause is None and _is_input_error(error)):
        refusal = None
        fallback = "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "BAD_USER_INPUT"
        extensions.setdefault("code", fallback)
    else:
        refusal = DomainError("internal")

    payload: dict[str, Any] = {"message": error.message[:MOST_MESSAGE]}
    if refusal is not None:
        problem = refusal.problem
        payload["message"] = problem.zh if language == "zh" else problem.en
        code = "CONFLICT" if refusal.code == "version_conflict" else refusal.code.upper()
        extensions = {"code": code, "status": problem.status, "detail": refusal.detail or problem.cause}
        if refusal.errors:
            extensions["errors"] = [
                {"pointer": broken.pointer, "code": broken.code, "message": localized(broken, language)}
                for broken in refusal.errors
            ]
        extensions.update((name, value) for name, value in refusal.extra.items() if name not in extensions)
    if error.locations:
        payload["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        payload["path"] = error.path
    payload["extensions"] = extensions
    return payload


class Refused(Exception):
    """A request that ends before it is executed, with errors of GraphQL; `cost` is there if it was computed."""

    def __init__(self, errors: list[GraphQLError], cost: Cost | None = None) -> None:
        super().__init__(errors[0].message)
        self.errors = errors
        self.cost = cost

    @classmethod
    def because(cls, error: DomainError, cost: Cost | None = None) -> Self:
        """Refused for a reason of the domain."""
        return cls([GraphQLError(error.detail or error.code, original_error=error)], cost)

    @classmethod
    def as_not_persisted(cls, code: str, message: str, status: int) -> Self:
        """Refused for what Apollo's clients expect to be told of persisted queries, word for word."""
        return cls([GraphQLError(message, extensions={"code": code, "status": status})])
