"""What readers see and callers ask for: the base classes of every shape and ask."""

from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError


class Shape(BaseModel):
    """What readers see: REST's answer and GraphQL's type. Fields are documented by the sentence below them."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", frozen=True)


class Entity(Shape):
    """Anything with an id of its own; `node(id)` finds it."""

    id: UUID
    """UUIDv7, the same in both doors and in every event."""


class Ask(BaseModel):
    """What callers ask for: a verb. Unknown fields are refused."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", frozen=True)


class Patch(Ask):
    """A change of some fields: what is left out stays as it is; null only clears the fields named `nullable`."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_null(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        patch = handler(data)
        nulls = [name for name in patch.model_fields_set - cls.nullable if getattr(patch, name) is None]
        if nulls:
            problem = PydanticCustomError("null_forbidden", "This cannot be cleared; leave it out to keep it as it is")
            details = [InitErrorDetails(type=problem, loc=(name,), input=None) for name in nulls]
            raise ValidationError.from_exception_data(cls.__name__, details)
        return patch

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema says the same: no null but where it clears, and no defaults, since nothing is a default here."""
        schema = handler(core)
        resolved = handler.resolve_ref_schema(schema)
        for name, field_schema in resolved.get("properties", {}).items():
            field_schema.pop("default", None)
            options = [o for o in field_schema.get("anyOf", ()) if name in cls.nullable or o != {"type": "null"}]
            if len(options) == 1:
                del field_schema["anyOf"]
                field_schema.update(options[0])
            elif options:
                field_schema["anyOf"] = options
        return schema

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}
