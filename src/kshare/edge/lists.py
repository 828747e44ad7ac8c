"""The query and the answer of a list, as models for the contract."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from kshare.core.reading import Ask, Listing, Shape


class Made(BaseModel):
    """Last base of the models that functions make: pydantic would look for their docstrings in all source files on the
    stack, which is half of the time that kshare takes to start."""

    model_config = ConfigDict(use_attribute_docstrings=False)


class NoQuery(Ask):
    """An operation without query parameters."""


def page_query(listing: Listing[Any], filters: type[BaseModel] = NoQuery) -> type[BaseModel]:
    """The query model of a list: its filters, and what every list has."""
    orders = tuple(listing.orders)
    meanings = " ".join(f"`{name}`: {order.description}" for name, order in listing.orders.items())
    order: Any = Annotated[Literal[orders], Field(description=f"The order of the list. {meanings}")]
    make: Any = create_model
    model: type[BaseModel] = make(
        f"{listing.name.title().replace('_', '')}Query",
        __base__=(filters, Made),
        limit=(Annotated[int, Field(ge=1, le=100, description="Entries on a page.")], 20),
        cursor=(
            Annotated[
                Annotated[str, Field(max_length=1000)] | None, Field(description="`next_cursor` of the page before.")
            ],
            None,
        ),
        order=(order, listing.default_order),
    )
    return model


class Page(Shape):
    """A page of a list."""

    next_cursor: str | None
    """The cursor of the next page; null on the last one."""


_pages: dict[type[Shape], type[Page]] = {}


def page_of(shape: type[Shape]) -> type[Page]:
    """The answer of a list of a shape."""
    if shape not in _pages:
        name = f"{shape.__name__.removesuffix('Summary')}Page"
        make: Any = create_model
        _pages[shape] = make(
            name,
            __base__=(Page, Made),
            __doc__=Page.__doc__,
            items=(list[shape], Field(description="The entries, in order.")),  # type: ignore[valid-type]
        )
    return _pages[shape]
