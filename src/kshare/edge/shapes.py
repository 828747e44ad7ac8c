"""What every operation may answer, as the contract shows it."""

from pydantic import ConfigDict

from kshare.core.reading import Shape


class BrokenRule(Shape):
    """A place of the input that breaks a rule."""

    pointer: str
    """A JSON pointer into the body, `?name` of the query or `{name}` of the path."""
    code: str
    """Which rule, for programs."""
    message: str
    """Which rule, in the language of the request."""


class Problem(Shape):
    """A refusal, as in RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    """The address at which the code is explained."""
    title: str
    """What is wrong, in the language of the request."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong in this case."""
    instance: str
    """The path that was asked for."""
    code: str
    """What is wrong, for programs: it stays the same."""
    request_id: str
    """The request's `X-Request-Id`, under which it is in the log."""
    errors: list[BrokenRule] = []  # noqa: RUF012
    """Each place of the input that breaks a rule."""
