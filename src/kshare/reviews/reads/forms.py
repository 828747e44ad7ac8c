"""How review forms are read: everybody sees them, so that they know what they are judged by."""

from kshare.core.reading import Many, One, View, everyone_sees
from kshare.people.reads import PERSON
from kshare.reviews.models import FormCriterionRow, FormVersionRow
from kshare.reviews.shapes.reviews import FormCriterion, FormVersion

FORM_CRITERION = View("criterion", FormCriterion, FormCriterionRow, everyone_sees)

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
