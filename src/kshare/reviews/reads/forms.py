"""How review forms are read: everybody sees them, so that they know what they are judged by."""

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Uuid, and_, select
from sqlalchemy.orm import aliased

from kshare.core.access import Permission
from kshare.core.reading import Alias, Filter, Listing, Many, One, Order, View, Viewer, allowed_list, everyone_sees
from kshare.core.writing import Guard
from kshare.people.reads import PERSON
from kshare.reviews.models import FormCriterionRow, FormRow, FormVersionRow
from kshare.reviews.shapes.forms import Form, FormSummary
from kshare.reviews.shapes.reviews import FormCriterion, FormVersion

FORM_CRITERION = View("criterion", FormCriterion, FormCriterionRow, everyone_sees)


def criterion_place(criterion_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """The place of a criterion on its form."""
    criterion = aliased(FormCriterionRow)
    return select(criterion.position).where(criterion.id == criterion_id).scalar_subquery()


FORM_VERSION = View(
    "form version",
    FormVersion,
    FormVersionRow,
    everyone_sees,
    {
        "criteria": Many(
            FORM_CRITERION,
            on=lambda row, criterion: criterion.form_version_id == row.id,
            order=lambda criterion: (criterion.position, criterion.id),
            first=20,
            seen_with_parent=True,
        ),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
    },
)


def manages_reviews(_: Alias) -> ColumnElement[bool]:
    """What reviews are held, and on which form, is said for the whole company; so must the permission be held."""
    return Viewer.holds(Permission.review_manage)


def _usable(row: Alias) -> ColumnElement[bool]:
    usable: ColumnElement[bool] = row.retired_at.is_(None)
    return usable


FORM_GUARD = Guard(
    "form",
    FormRow,
    everyone_sees,
    {"edit": manages_reviews, "add_version": manages_reviews, "retire": manages_reviews},
    states={"add_version": _usable, "retire": _usable},
)

FORM = View(
    "form",
    Form,
    FormRow,
    everyone_sees,
    {
        "current": One(
            FORM_VERSION, on=lambda row, version: and_(version.form_id == row.id, version.number == row.number)
        ),
        "permissions": lambda row: allowed_list(FORM_GUARD.rules_for(row)),
    },
)
FORMS = Listing(
    "review_forms",
    FORM,
    filters={"retired": Filter(Boolean, lambda row, value: row.retired_at.is_not(None) == value)},
    orders={"name": Order((("name", str), ("id", UUID)), "By name.", descending=False)},
    default_order="name",
    summary=FormSummary,
)
FORM_VERSIONS = Listing(
    "review_form_versions",
    FORM_VERSION,
    of=("form", FORM),
    filters={"form": Filter(Uuid, lambda row, value: row.form_id == value)},
    orders={"newest": Order((("number", int), ("id", UUID)), "Newest version first.")},
    default_order="newest",
)
