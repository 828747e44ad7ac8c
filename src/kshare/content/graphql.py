"""Content through GraphQL: the types every kind of content shows."""

from kshare.content import shapes
from kshare.content.reads import REVISION
from kshare.core.access import Permission
from kshare.edge.graphql import VIEWS, connection_type, enum_type, object_type
from kshare.people.graphql import Department, Person

enum_type(shapes.State)
Counters = object_type(shapes.Counters)
AudienceMember = object_type(shapes.AudienceMember)
Category = object_type(shapes.CategorySummary, name="Category")
Tag = object_type(shapes.TagSummary, name="Tag")
enum_type(shapes.DifferenceOp)
for shape in (shapes.DifferenceLine, shapes.DifferenceHunk):
    object_type(shape)
Difference = object_type(shapes.Difference)


@object_type
class Revision(shapes.Revision):
    __doc__ = shapes.Revision.__doc__
    author: Person
    """Who wrote this revision."""


VIEWS["Revision"] = (REVISION, Permission.content_read)
RevisionConnection = connection_type(Revision, "Revision")


class ContentFields(shapes.Shape):
    """The fields of `ContentSummary` whose GraphQL types can be followed further."""

    author: Person
    """Who wrote it."""
    department: Department | None
    """The author's department when it was written."""
