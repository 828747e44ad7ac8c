"""Review forms through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.reviews.commands import forms
from kshare.reviews.reads.forms import FORM, FORM_VERSION, FORM_VERSIONS, FORMS
from kshare.reviews.shapes.forms import FormFilter

door = Door("Review forms", "What ideas are scored on: weighted criteria, and what the scores mean.")
READ = Permission.content_read
MANY, ONE = "/review-forms", "/review-forms/{id}"

door.page(MANY, FORMS, "listReviewForms", "List review forms", READ, FormFilter)
door.command(
    "POST", MANY, forms.create_form, "createReviewForm", "Create a review form",
    "With its first version: 1 to 20 criteria whose weights add up to 100.",
    view=FORM, created_at=MANY,
)  # fmt: skip
door.one(ONE, FORM, "getReviewForm", "Get a review form", READ)
door.command(
    "PATCH", ONE, forms.update_form, "updateReviewForm", "Rename a review form",
    "What it asks changes by a new version.",
    view=FORM,
)  # fmt: skip
door.command(
    "POST", ONE + "/retire", forms.retire_form, "retireReviewForm", "Retire a review form",
    "It takes no new version, policy or panel. What has begun on it goes on, and so do the policies that name it.",
    view=FORM,
)  # fmt: skip
door.page(
    ONE + "/versions", FORM_VERSIONS, "listReviewFormVersions", "List the versions of a review form", READ,
    fixed={"form": "id"},
)  # fmt: skip
door.command(
    "POST", ONE + "/versions", forms.create_form_version, "createReviewFormVersion",
    "Have a review form ask something else",
    "The whole of what it asks from now on. What has begun is judged on the version it began with, and every version "
    "stays as it was.",
    view=FORM,
)  # fmt: skip
door.one("/review-form-versions/{id}", FORM_VERSION, "getReviewFormVersion", "Get a version of a review form", READ)
