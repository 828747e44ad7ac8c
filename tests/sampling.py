"""Requests made from what the operations declare, so that a test of every operation covers those that come later."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphql
from pydantic import TypeAdapter

from kshare import api
from kshare.edge.door import Operation

Ids = Callable[[str], str]
"""The id of an object by what a path or an argument calls it: "knowledge-items", "content_id", "person"."""


def operations() -> list[Operation]:
    """Every REST operation, those that never end excepted."""
    every = [operation for door in api.DOORS for operation in door.operations]
    return [operation for operation in every if operation.media_type != "text/event-stream"]


def root_fields() -> list[tuple[str, str, graphql.GraphQLField]]:
    """Every root field of the GraphQL schema that can be asked once: (kind of operation, name, field)."""
    schema = api.schema()
    types = (("query", schema.query_type), ("mutation", schema.mutation_type))
    return [(kind, name, field) for kind, type_ in types if type_ for name, field in type_.fields.items()]


DEADLINES = ("closes_at",)
"""Times that have to be in the future."""

# ---- values ---------------------------------------------------------------------------------------------------------


def schema_of(kind: Any) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema()


def sample(schema: Mapping[str, Any], ids: Ids, name: str = "", defs: Mapping[str, Any] | None = None) -> Any:
    """A value that satisfies a JSON schema, with required fields only."""
    defs = defs or schema.get("$defs", {})
    if "$ref" in schema:
        return sample(defs[schema["$ref"].rsplit("/", 1)[1]], ids, name, defs)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return sample(schema[union][0], ids, name, defs)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            required = schema.get("required", [])
            return {key: sample(schema["properties"][key], ids, key, defs) for key in required}
        case "array":
            return [sample(schema["items"], ids, name, defs) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "null":
            return None
    if schema.get("format") == "date-time" and name in DEADLINES:
        return "2099-01-01T00:00:00Z"
    match schema.get("format"):
        case "uuid":
            return ids(name)
        case "date-time":
            return "2026-01-01T00:00:00Z"
        case "date":
            return "2026-01-01"
        case "month" | "period":
            return "2026-01"
        case "email":
            return "somebody@example.com"
    if "email" in name:
        return "somebody@example.com"
    if name == "external_id":
        return ids(name)
    return "x" * max(1, schema.get("minLength", 1))


@dataclass(frozen=True)
class Place:
    """Where a value stands in a body: the path to it, its schema, and the body around it."""

    path: tuple[str | int, ...]
    schema: Mapping[str, Any]


def places(schema: Mapping[str, Any], path: tuple[str | int, ...] = (), defs: Any = None) -> Iterator[Place]:
    """Every scalar value a document of this schema can hold, optional ones too."""
    defs = defs or schema.get("$defs", {})
    if "$ref" in schema:
        yield from places(defs[schema["$ref"].rsplit("/", 1)[1]], path, defs)
    elif union := schema.get("anyOf") or schema.get("oneOf"):
        for part in union:
            yield from places(part, path, defs)
    elif schema.get("type") == "object":
        for name, part in schema.get("properties", {}).items():
            yield from places(part, (*path, name), defs)
    elif schema.get("type") == "array":
        yield from places(schema["items"], (*path, 0), defs)
    elif schema.get("type") != "null":
        yield Place(path, schema)


def placed(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The body with the value at the path, whatever stands there."""
    if not path:
        return value
    first, *rest = path
    if isinstance(first, int):
        return [placed(body[0] if isinstance(body, list) and body else None, tuple(rest), value)]
    body = dict(body) if isinstance(body, dict) else {}
    return body | {first: placed(body.get(first), tuple(rest), value)}


# ---- REST requests --------------------------------------------------------------------------------------------------


def parameters(operation: Operation) -> list[tuple[str, Any, str]]:
    """The path's parameters: name, type, and the segment before it, which says what it is the id of."""
    found = re.findall(r"([\w:-]*)/{(\w+)}", operation.path)
    return [(name, operation.path_types.get(name, UUID), before) for before, name in found]


KNOWN_NAMES = ("template", "chart")
"""What names things in paths without being an id."""
NAMED = ("metrics", "dashboards")
"""Things whose `id` in paths is a name."""


def path_of(operation: Operation, ids: Ids) -> str:
    path = operation.path
    for name, kind, before in parameters(operation):
        known = kind is UUID or name in KNOWN_NAMES or (name == "id" and before in NAMED)
        value = ids(before if name == "id" else name) if known else sample(schema_of(kind), ids, name)
        path = path.replace(f"{{{name}}}", str(value))
    return path


def query_of(operation: Operation, ids: Ids) -> dict[str, Any]:
    """The required query parameters."""
    return {} if operation.query is None else sample(operation.query.model_json_schema(), ids)


def body_schema(operation: Operation) -> dict[str, Any] | None:
    return None if operation.body is None else schema_of(operation.body)


def request_of(operation: Operation, ids: Ids) -> dict[str, Any]:
    """A request that is right as far as the declaration goes, as arguments for httpx."""
    request: dict[str, Any] = {"method": operation.method, "url": path_of(operation, ids)}
    if query := query_of(operation, ids):
        request["params"] = query
    if (schema := body_schema(operation)) is not None:
        request["json"] = sample(schema, ids)
    if operation.if_match == "required":
        request["headers"] = {"If-Match": "*"}
    return request


# ---- GraphQL requests -----------------------------------------------------------------------------------------------


def graphql_value(type_: Any, ids: Ids, name: str) -> Any:
    """A value of a GraphQL input type, with required fields only."""
    if graphql.is_non_null_type(type_):
        return graphql_value(type_.of_type, ids, name)
    if graphql.is_list_type(type_):
        return [graphql_value(type_.of_type, ids, name)]
    if isinstance(type_, graphql.GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, graphql.GraphQLInputObjectType):
        required = {n: f for n, f in type_.fields.items() if graphql.is_required_input_field(f)}
        return {n: graphql_value(f.type, ids, n) for n, f in required.items()}
    match type_.name:
        case "ID":
            return ids(snake(name))
        case "Int" | "Float" | "Decimal":
            return 1
        case "Boolean":
            return False
        case "DateTime":
            return "2099-01-01T00:00:00Z" if snake(name) in DEADLINES else "2026-01-01T00:00:00Z"
        case "Date":
            return "2026-01-01"
    if name == "externalId":
        return ids("external_id")
    if name.startswith(("metric", "dashboard")):
        return ids(snake(name))
    if name in ("month", "period"):
        return "2026-01"
    return "somebody@example.com" if "email" in name.lower() else "x"


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def graphql_request(kind: str, name: str, field: graphql.GraphQLField, ids: Ids) -> dict[str, Any]:
    """A request for one root field with its required arguments and the smallest selection."""
    required = {n: a for n, a in field.args.items() if graphql.is_required_argument(a)}
    declared = ", ".join(f"${n}: {a.type}" for n, a in required.items())
    given = ", ".join(f"{n}: ${n}" for n in required)
    selection = "" if graphql.is_leaf_type(graphql.get_named_type(field.type)) else " { __typename }"
    head = kind + (f"({declared})" if declared else "")
    call = name + (f"({given})" if given else "")
    # A bare `id` is that of what the field is called after.
    variables = {n: graphql_value(a.type, ids, name if n == "id" else n) for n, a in required.items()}
    return {"query": f"{head} {{ {call}{selection} }}", "variables": variables}
