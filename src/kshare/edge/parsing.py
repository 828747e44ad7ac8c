"""What callers send, as the models that say what they may send; every broken rule with its place."""

import json
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, BeforeValidator, ValidationError, create_model
from pydantic_core import PydanticKnownError

from kshare.core.errors import DomainError, FieldError
from kshare.edge.problems import field_errors, request_errors

M = TypeVar("M", bound=BaseModel)


def parse_json(body: bytes) -> Any:
    """A JSON document; 400 when it is none. JSON that is not Unicode is let through for the text rules to point at."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as strict:
        try:
            # Decoded here, since the parser would take UTF-16 and UTF-32 as well.
            return json.loads(body.decode("utf-8", "surrogatepass"), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            message = "nested too deeply" if "recursion" in str(strict) else str(strict)
            raise DomainError("invalid_json", f"The body is not valid JSON: {message[:200]}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def validated(model: type[M], document: Any, prefix: str = "") -> M:
    """The document as the model; 422 with a pointer for each broken rule."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _invalid(error, prefix, document) from None


def _invalid(error: ValidationError, prefix: str = "", document: Any = None) -> DomainError:
    broken = error.errors(include_url=False, include_input=False)
    places = field_errors(broken, prefix, document)
    return DomainError("invalid", f"{len(broken)} of the rules for this input are broken.", places)


def checked_value(kind: Any, value: Any, pointer: str) -> Any:
    """A single value by the rules of its annotated type; 422 at `pointer` when it breaks one."""
    model = _field_models.get(kind)
    if model is None:
        model = _field_models[kind] = create_model("PathText", value=(kind, ...))
    try:
        return model.model_validate({"value": value}).value  # type: ignore[attr-defined]
    except ValidationError as error:
        broken = error.errors(include_url=False, include_input=False)[:1]
        places = [replace(place, pointer=pointer) for place in field_errors(broken)]
        raise DomainError("invalid", "This value is not acceptable.", places) from None


def _digits(value: Any) -> Any:
    # pydantic would take "+1", " 1" and "1_0" for numbers too, and one thing would have many addresses.
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise PydanticKnownError("int_parsing")
    return value


WholeNumber = BeforeValidator(_digits)
"""For a number in a path: digits and nothing else."""

_field_models: dict[Any, type[BaseModel]] = {}


def parse_query(query_string: bytes, model: type[M]) -> M:
    """Query parameters as a model whose fields are scalars or lists of scalars."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise DomainError("bad_request", "The query string is not valid percent-encoded UTF-8.") from None
    data: dict[str, Any] = {}
    lists = _list_fields(model)
    for name, value in pairs:
        if name in lists:
            data.setdefault(name, []).append(value)
        elif name in data:
            raise _query_error(name, "repeated_parameter", "This parameter can be given only once")
        else:
            data[name] = value
    try:
        return model.model_validate(data)
    except ValidationError as error:
        broken = error.errors(include_url=False, include_input=False)
        if broken[0]["type"] == "extra_forbidden":
            raise _query_error(str(broken[0]["loc"][0]), "unknown_parameter", "There is no such parameter") from None
        places = request_errors([{**one, "loc": ("query", *one["loc"])} for one in broken])
        raise DomainError("invalid", "A query parameter is not acceptable.", places) from None


def _query_error(name: str, code: str, message: str) -> DomainError:
    pointer = "?" + name.encode("utf-8", "replace").decode()[:100]
    return DomainError("invalid", f"{message}: {pointer}", [FieldError(pointer, code, message)])


_lists: dict[type[BaseModel], frozenset[str]] = {}


def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    if model not in _lists:
        _lists[model] = frozenset(n for n, f in model.model_fields.items() if "list[" in str(f.annotation))
    return _lists[model]
