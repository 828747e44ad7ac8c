"""Root fields: of a named list, of one object, of a command, and those of one's own."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin
from uuid import UUID

import strawberry
from pydantic import BaseModel
from strawberry.utils.str_converters import to_camel_case

from kshare.core.access import Permission
from kshare.core.choices import Choice
from kshare.core.reading import Listing, View, checked_limit
from kshare.edge.commands import Command, form_of
from kshare.edge.graphql.context import Info
from kshare.edge.graphql.types import enum_type, input_type
from kshare.edge.parsing import checked_value
from kshare.edge.reads import OneRead, PageRead


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
