"""Content through GraphQL: the types every kind of content shows."""

from kshare.content import shapes
from kshare.core.access import Classification
from kshare.edge.graphql import enum_type, object_type
from kshare.people.graphql import Department, Person

for enum in (shapes.Language, shapes.State, Classification):
    enum_type(enum)
Counters = object_type(shapes.Counters)
AudienceMember = object_type(shapes.AudienceMember)
Category = object_type(shapes.CategorySummary, name="Category")
Tag = object_type(shapes.TagSummary, name="Tag")


class ContentFields(shapes.Shape):
    """The fields of `ContentSummary` whose GraphQL types can be followed further."""

    author: Person
    """Who wrote it."""
    department: Department | None
    """The author's department when it was written."""
