"""Templates and thinking tools, as data: what each asks for is in templates.yaml, TRIZ in files of its own."""

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import WithJsonSchema

from kshare.ideas.shapes.templates import IdeaTemplate, TemplateField, TemplateKey

_SHORT, _LONG, _NUMBER = 1000, 4000, 2


def load_yaml(name: str) -> Any:
    """A file of this package."""
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text("utf-8"))


def _field(written: Mapping[str, Any]) -> TemplateField:
    parameter = written.get("parameter", False)
    return TemplateField(
        **{name: written[name] for name in ("key", "name", "name_en", "prompt", "prompt_en")},
        required=written.get("required", False),
        parameter=parameter,
        max_length=_NUMBER if parameter else _LONG if written.get("long") else _SHORT,
    )


_WRITTEN = load_yaml("templates.yaml")

TEMPLATES: Mapping[str, IdeaTemplate] = MappingProxyType(
    {
        one["key"]: IdeaTemplate(
            **{name: one[name] for name in ("key", "name", "name_en", "about", "about_en")},
            fields=[_field(field) for field in one["fields"]],
        )
        for one in _WRITTEN
    }
)
"""The templates by key, in the order in which they are offered."""

KnownTemplate = Annotated[TemplateKey, WithJsonSchema({"type": "string", "enum": list(TEMPLATES)})]
"""The key of a template, as callers name it."""

SAYS: Mapping[tuple[str, str], str] = MappingProxyType(
    {(one["key"], field["key"]): field["says"] for one in _WRITTEN for field in one["fields"] if "says" in field}
)
"""What an answer tells of an idea (`problem`, `cause`, `solution`, `effect`, `figures` or `cost`), by template and
field."""
