"""Enums whose members say what they mean."""

from enum import StrEnum
from typing import Any, Self


class Choice(StrEnum):
    """One of a few values, each with its sentence: `draft = "draft", "Only its author reads it."`"""

    description: str

    def __new__(cls, value: str, description: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        shown: dict[str, Any] = handler(schema)
        about: dict[str, Any] = handler.resolve_ref_schema(shown)
        meanings = "\n".join(f"- `{member.value}`: {member.description}" for member in cls)
        about["description"] = f"{about.get('description', '')}\n\n{meanings}".strip()
        return shown
