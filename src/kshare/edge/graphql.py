"""The GraphQL door's schema helpers and its read executor.

Resolvers return a *read* (`OneRead`, `PageRead`, `NodeRead`): a value that describes what to fetch. The executor
compiles it with the field's sub-selection into one statement and puts the bytes into the response as they are.
Nothing below a read is ever resolved field by field.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin
from uuid import UUID

import graphql
import orjson
import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values
from pydantic import BaseModel
from starlette.requests import Request
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition
from strawberry.utils.str_converters import to_camel_case

from kshare.core.access import Permission
from kshare.core.bounded import BoundedCache
from kshare.core.choices import Choice
from kshare.core.idempotency import Answer, Repeatable, earlier_answer, keep_answer
from kshare.core.principal import Principal
from kshare.core.reading import Entity, Listing, PageForm, Pick, Selection, View, checked_limit
from kshare.core.writing import Work, require, writing
from kshare.edge.commands import Command, form_of
from kshare.edge.graphql_route import error_payload
from kshare.edge.kernel import Kernel
from kshare.edge.parsing import checked_value
from kshare.edge.problems import header, preferred_language
from kshare.edge.reads import Bespoke, NodeRead, OneRead, PageRead, read_node, read_one, read_page
from kshare.edge.rest import authorization_of
from kshare.edge.telemetry import exchange_of

Read = OneRead | PageRead | NodeRead | Bespoke


@dataclass(slots=True)
class Context:
    """What resolvers find in `info.context`: the process, the caller and, in a mutation, the transaction."""

    kernel: Kernel
    principal: Principal
    request: Request
    _work: Work | None = None
    secrets: list[str] = dataclass_field(default_factory=list)
    """What the answer tells once: where it is kept for a repeated request it is null."""

    @property
    def work(self) -> Work:
        """The transaction of this mutation."""
        assert self._work is not None, "only mutations write"
        return self._work

    def demand(self, permission: Permission) -> None:
        """Raises `forbidden` unless the caller has the permission."""
        require(self.principal, permission)


Info = strawberry.Info[Context, None]

# ---- types ----------------------------------------------------------------------------------------------------------

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


def list_field(
    listing: Listing[Any],
    connection: Any,
    filters: type[BaseModel] | None,
    permission: Permission,
    description: str,
    fixed: Mapping[str, str] | None = None,
) -> Any:
    """A root field for a named list: `first`, `after`, `filter`, `orderBy`.

    `fixed` maps required id arguments to the filters they give.
    """
    name = connection.__name__.removesuffix("Connection") + "Order"
    members = {order: (order, about.description) for order, about in listing.orders.items()}
    orders: Any = Choice(name, members)  # type: ignore[arg-type]
    orders.__doc__ = "The order of the list."
    enum_type(orders)

    def resolve(info: Info, **arguments: Any) -> PageRead:
        info.context.demand(permission)
        asked = arguments.get("filter")
        given = {} if asked is None else {name: getattr(asked, name) for name in type(asked).model_fields}
        given |= {filter: arguments[argument] for argument, filter in (fixed or {}).items()}
        values = {name: getattr(value, "value", value) for name, value in given.items() if value is not None}
        order = arguments.get("order_by")
        return PageRead(
            listing,
            values,
            order.value if order else listing.default_order,
            checked_limit(arguments.get("first", 20), "first"),
            arguments.get("after"),
        )

    annotations: dict[str, Any] = {"info": Info}
    for argument in fixed or {}:
        annotations[argument] = Annotated[UUID, strawberry.argument(description="Of this object.")]
    annotations["first"] = Annotated[int, strawberry.argument(description="Entries on the page, 1 to 100.")]
    annotations["after"] = Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")]
    if filters is not None:
        annotations["filter"] = Annotated[filters | None, strawberry.argument(description="Which entries.")]
    annotations["order_by"] = Annotated[orders, strawberry.argument(description="The order.")]
    defaults = {"first": 20, "after": None, "filter": None, "order_by": orders(listing.default_order)}
    return strawberry.field(
        resolver=_with_signature(resolve, annotations, defaults, connection), description=description
    )


First = Annotated[int, strawberry.argument(description="Entries, 1 to 100.")]
"""The size of a nested list."""


def many_field(description: str) -> Callable[[Callable[..., Any]], Any]:
    """A nested list of a type, which its view reads as a `Many` of the same name. The decorated method, with the
    argument `first: First`, says its type; it is never called."""
    return strawberry.pydantic.field(description=description)


def one_field(view: View[Any], node: Any, permission: Permission, description: str) -> Any:
    """A root field for one object by its id."""

    def resolve(info: Info, **arguments: Any) -> OneRead:
        info.context.demand(permission)
        return OneRead(view, arguments["id"])

    annotations = {"info": Info, "id": Annotated[UUID, strawberry.argument(description="Its id.")]}
    return strawberry.field(resolver=_with_signature(resolve, annotations, {}, node | None), description=description)


def _with_signature(
    function: Callable[..., Any], annotations: Mapping[str, Any], defaults: Mapping[str, Any], returns: Any
) -> Callable[..., Any]:
    """A resolver whose arguments are known only when it is made."""
    import inspect

    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY if name != "info" else inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=kind,
            default=defaults.get(name, inspect.Parameter.empty),
        )
        for name, kind in annotations.items()
    ]
    function.__signature__ = inspect.Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]
    function.__annotations__ = {**annotations, "return": returns}
    return function


F = TypeVar("F", bound=Callable[..., Any])


def field(description: str) -> Callable[[F], F]:
    """A root field of one's own."""
    return lambda resolver: strawberry.field(resolver=resolver, description=description)


def subscription(description: str) -> Callable[[F], F]:
    """A root field that can be followed: an asynchronous generator of reads."""
    return lambda resolver: strawberry.subscription(resolver=resolver, description=description)


def mutation(description: str) -> Callable[[F], F]:
    """A root field that calls one command. Its type is nullable: when one command of a request fails, the others have
    happened all the same, and their answers must not be lost with it."""
    return lambda resolver: strawberry.mutation(resolver=resolver, description=description)


def command_field(command: Command, answer: Any, view: View[Any] | None, description: str) -> Any:
    """A mutation that is one command and nothing else: its arguments are what the command is done to, the version it
    changes and `input`, its ask. It answers the object whose id the command returns, or which it was done to, read
    through `view`; without a view that id."""
    form = form_of(command)

    async def resolve(info: Info, **arguments: Any) -> Any:
        given = [_checked(kind, arguments[name], name) for name, kind in form.where.items()]
        target = given[0] if given else None
        if form.ask is not None:
            given.append(arguments["input"])
        if form.version != "no":
            given.append(arguments["expected_version"])
        done = await command(info.context.work, *given)
        id = done[0] if isinstance(done, tuple) else target if done is None else done
        return id if view is None else OneRead(view, id)

    annotations: dict[str, Any] = {"info": Info}
    for name, kind in form.where.items():
        bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        annotations[name] = Annotated[bare, strawberry.argument(description=_place(name))]
    if form.version != "no":
        kind = int if form.version == "required" else int | None
        text = "The `version` you saw; if it is another by now, nothing is changed."
        annotations["expected_version"] = Annotated[kind, strawberry.argument(description=text)]
    if form.ask is not None:
        input_type(form.ask)
        annotations["input"] = Annotated[form.ask, strawberry.argument(description="What is asked for.")]
    defaults = {"expected_version": None} if form.version == "optional" else {}
    return mutation(description)(_with_signature(resolve, annotations, defaults, answer | None))


def _checked(kind: Any, value: Any, name: str) -> Any:
    return checked_value(kind, value, f"/{to_camel_case(name)}") if get_origin(kind) is Annotated else value


_PLACES = {"id": "Its id.", "source": "The other system.", "external_id": "Its id there."}


def _place(name: str) -> str:
    return _PLACES.get(name) or f"The {name.removesuffix('_id').replace('_', ' ')}."


def _parse_id(value: Any) -> UUID:
    try:
        if isinstance(value, str) and len(value) == 36:
            return UUID(value)
    except ValueError:
        pass
    raise graphql.GraphQLError("ID cannot represent a value that is no UUID.")


def _id_scalar() -> ScalarDefinition:
    """GraphQL's `ID` with our rule: a UUID in, a UUID out. graphql-core refuses to construct a second `ID`, since
    its own is meant to be used; ours takes its place in the whole schema, so it is renamed after construction."""
    scalar = graphql.GraphQLScalarType("UUID", serialize=str, parse_value=_parse_id, description="A UUIDv7.")
    scalar.name = "ID"
    return ScalarDefinition("ID", "A UUIDv7.", None, str, _parse_id, None, implementation=scalar)


class _Nodes:
    @field("Whatever object has this id; null if there is none, or none that you may see.")
    def node(self, info: Info, id: Annotated[UUID, strawberry.argument(description="Its id.")]) -> Entity | None:
        return NodeRead(id)  # type: ignore[return-value]


def schema_of(
    queries: Sequence[type], mutations: Sequence[type], subscriptions: Sequence[type], types: Sequence[Any] = ()
) -> graphql.GraphQLSchema:
    """The schema of all slices: their query, mutation and subscription classes merged, as graphql-core runs it."""
    for part in (_Nodes, *queries, *mutations, *subscriptions):
        strawberry.type(part)
    query = strawberry.type(type("Query", (_Nodes, *queries), {}), description="Everything that can be read.")
    change = strawberry.type(type("Mutation", tuple(mutations), {}), description="Everything that can be changed.")
    follow = strawberry.type(
        type("Subscription", tuple(subscriptions), {}), description="Everything that can be followed as it happens."
    )
    config = StrawberryConfig(scalar_map={UUID: _id_scalar()}, relay_max_results=100)
    schema: graphql.GraphQLSchema = strawberry.Schema(query, change, follow, types=list(types), config=config)._schema
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            # An optional field defaults to null in Strawberry's schema, so that a field left out would arrive as
            # null and a change would erase what it does not mention.
            for given in kind.fields.values():
                if given.default_value is None:
                    given.default_value = Undefined
    return schema


# ---- reading --------------------------------------------------------------------------------------------------------


_NOTHING = Selection()
_NO_PAGE = PageForm()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a field asks of a read; made once for a field of a cached document."""

    one: Selection = _NOTHING
    page: PageForm = _NO_PAGE
    nodes: tuple[tuple[str, Selection], ...] = ()
    """For `node(id)`: what is asked of each type."""
    sizes: tuple[tuple[str, Any, Any], ...] = ()
    """For each nested list: the name its size is bound to, its field definition and its node."""
    syntax: tuple[Any, ...] = ()
    """The document's nodes, kept so that their identities, which are the key, are not given to others."""


_plans: BoundedCache[Any, _Plan] = BoundedCache(4096)

VIEWS: dict[str, tuple[View[Any], Permission]] = {}
"""For each GraphQL type that `node(id)` finds: its view, and the permission to read it."""


class ReadExecutor(Executor[Any]):
    """Fetches a read whole, with everything its sub-selection asks for."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if not isinstance(result, Read):
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        plan = self._plan(get_named_type(return_type), field_details_list, result)
        return self._fetch(result, plan, info.context)

    async def _fetch(self, read: Read, plan: _Plan, context: Context) -> Any:
        sizes: dict[str, int] = {}
        for name, definition, node in plan.sizes:
            asked = get_argument_values(definition, node, self.variable_values)["first"]
            sizes[name] = checked_limit(asked, "first")
        connection = await context._work.connection() if context._work is not None else None
        match read:
            case OneRead():
                body, _ = await read_one(context.kernel, context.principal, read, plan.one, connection, sizes)
            case PageRead():
                body, _ = await read_page(context.kernel, context.principal, read, plan.page, sizes, connection)
            case NodeRead():
                picks = [
                    (VIEWS[name][0], selection)
                    for name, selection in plan.nodes
                    if context.principal.may(VIEWS[name][1])
                ]
                found = await read_node(context.kernel, context.principal, read, picks, sizes) if picks else None
                if found is None:
                    return None
                body = found
            case Bespoke():
                found = await read.fetch(context.kernel, context.principal, plan.one, sizes, connection)
                if found is None:
                    return None
                body = found
        return orjson.Fragment(body)

    def _plan(self, gtype: Any, details: list[FieldDetails], read: Read) -> _Plan:
        # What @skip and @include do depends on Boolean variables only: they are part of the key.
        switches = tuple((n, v) for n, v in self.variable_values.coerced.items() if isinstance(v, bool))
        key = (tuple(id(detail.node) for detail in details), switches, isinstance(read, NodeRead))
        plan = _plans.get(key)
        if plan is None:
            sizes: list[tuple[str, Any, Any]] = []
            syntax = tuple(detail.node for detail in details)
            if is_abstract_type(gtype):
                possible = [t for t in self.schema.get_possible_types(gtype) if t.name in VIEWS]
                nodes = tuple((t.name, self._selection(t, details, sizes)) for t in possible)
                plan = _Plan(nodes=nodes, sizes=tuple(sizes), syntax=syntax)
            elif isinstance(read, PageRead):
                form = PageForm(relay=self._selection(gtype, details, sizes))
                plan = _Plan(page=form, sizes=tuple(sizes), syntax=syntax)
            else:
                plan = _Plan(one=self._selection(gtype, details, sizes), sizes=tuple(sizes), syntax=syntax)
            _plans[key] = plan
        return plan

    def _selection(self, gtype: GraphQLObjectType, details: list[FieldDetails], sizes: list[Any]) -> Selection:
        picks = []
        for name, group in self.collect_subfields(gtype, details).grouped_field_set.items():
            node = group[0].node
            if node.name.value == "__typename":
                picks.append(Pick(name, "__typename", typename=gtype.name))
                continue
            definition = gtype.fields[node.name.value]
            inner = get_named_type(definition.type)
            first = None
            if "first" in definition.args:
                first = f"first_{len(sizes)}"
                sizes.append((first, definition, node))
            python_name = definition.extensions["strawberry-definition"].python_name
            nested = self._selection(inner, group, sizes) if is_object_type(inner) else None
            picks.append(Pick(name, python_name, nested, first))
        return Selection(picks)


# ---- one request ----------------------------------------------------------------------------------------------------


async def context_of(request: Request) -> Context:
    """Who asks; raises `unauthenticated`."""
    kernel: Kernel = request.app.state.kernel
    principal = await kernel.authenticate(authorization_of(request))
    exchange_of(request.scope).principal_label = principal.label
    return Context(kernel, principal, request)


Execute = Callable[[], Awaitable[graphql.ExecutionResult]]


async def run(context: Context, execute: Execute, is_mutation: bool) -> graphql.ExecutionResult:
    """Executes a request: a mutation in one transaction, each of its commands in a savepoint of its own."""
    if not is_mutation:
        return await execute()
    repeatable = await _repeatable(context.request)
    async with writing(context.kernel.database, context.principal, shared=True) as work:
        if repeatable and (earlier := await earlier_answer(work, repeatable)):
            return _replayed(earlier)
        context._work = work
        result = await execute()
        # When no command succeeded there is nothing that a repetition could do twice.
        if repeatable and any(value is not None for value in (result.data or {}).values()):
            keep_answer(work, repeatable, _kept(result, context))
    context.kernel.wake()
    return result


async def _repeatable(request: Request) -> Repeatable | None:
    key = header(request.scope, b"idempotency-key")
    return None if key is None else Repeatable.of("POST /graphql", key.decode("latin-1"), await request.body())


def _kept(result: graphql.ExecutionResult, context: Context) -> Answer:
    language = preferred_language(header(context.request.scope, b"accept-language"))
    errors = [error_payload(error, language) for error in result.errors or ()]
    body = orjson.dumps({"data": result.data, "errors": errors})
    for secret in context.secrets:
        body = body.replace(orjson.dumps(secret), b"null")
    return Answer(200, {}, body)


def _replayed(earlier: Answer) -> graphql.ExecutionResult:
    """The result as it was; `extensions.idempotentReplayed` says so."""
    kept = orjson.loads(earlier.body)
    errors = [
        graphql.GraphQLError(error["message"], path=error.get("path"), extensions=error["extensions"])
        for error in kept["errors"]
    ]
    return graphql.ExecutionResult(kept["data"], errors or None, {"idempotentReplayed": True})
