"""What a command asks for, read off its signature: both doors are made of it."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel

from kshare.core.access import Permission

Command = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class CommandForm:
    """A command is `(work, <where>, ask, version)`, each but the first where it needs one; what is keyword-only is
    for other commands and not for the doors."""

    permission: Permission
    where: Mapping[str, Any]
    """The ids and names of what it acts on, and their types; in REST they stand in the path, in this order."""
    ask: type[BaseModel] | None
    """What is asked for; in REST the body, in GraphQL the argument `input`."""
    version: Literal["no", "optional", "required"]
    """Whether the caller says which version they change. Optional where `version` has a default."""


@cache
def form_of(command: Command) -> CommandForm:
    """The form of a function made with `@command`."""
    hints = get_type_hints(command, include_extras=True)
    where: dict[str, Any] = {}
    ask: type[BaseModel] | None = None
    version: Literal["no", "optional", "required"] = "no"
    first, *parameters = inspect.signature(command).parameters.values()
    assert first.name == "work", command
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            continue
        if parameter.name == "version":
            version = "required" if parameter.default is inspect.Parameter.empty else "optional"
        elif parameter.name == "ask":
            ask = hints["ask"]
        else:
            where[parameter.name] = hints[parameter.name]
    return CommandForm(command.permission, where, ask, version)  # type: ignore[attr-defined]
