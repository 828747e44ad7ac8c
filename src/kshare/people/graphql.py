"""People through GraphQL."""

from kshare.core.access import Classification, Permission
from kshare.edge.graphql import VIEWS, enum_type, object_type
from kshare.people import shapes
from kshare.people.reads import DEPARTMENT, PERSON

READ = Permission.people_read

for enum in (shapes.Language, Classification):
    enum_type(enum)


@object_type
class Department(shapes.Department):
    __doc__ = shapes.Department.__doc__
    parent: "Department | None"
    """The department above it; null at the root."""


@object_type
class Person(shapes.Person):
    __doc__ = shapes.Person.__doc__
    department: Department | None
    """Where the person works at present."""
    manager: "Person | None"
    """The direct superior."""


VIEWS |= {"Department": (DEPARTMENT, READ), "Person": (PERSON, READ)}
