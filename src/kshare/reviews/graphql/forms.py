"""Review forms through GraphQL."""

from kshare.core.access import Permission
from kshare.edge.graphql import VIEWS, command_field, connection_type, input_type, list_field, object_type, one_field
from kshare.reviews.commands import forms as commands
from kshare.reviews.graphql.reviews import ReviewFormVersion
from kshare.reviews.reads.forms import FORM, FORM_VERSION, FORM_VERSIONS, FORMS
from kshare.reviews.shapes import forms

READ = Permission.content_read


@object_type
class ReviewForm(forms.Form):
    __doc__ = forms.Form.__doc__
    current: ReviewFormVersion
    """What it asks now: what begins from now on is judged on this version."""


VIEWS |= {"ReviewForm": (FORM, READ), "ReviewFormVersion": (FORM_VERSION, READ)}
ReviewFormConnection = connection_type(ReviewForm, "ReviewForm")
ReviewFormVersionConnection = connection_type(ReviewFormVersion, "ReviewFormVersion")
input_type(forms.FormFilter, name="ReviewFormFilter")
input_type(forms.FormCriterionAsk, name="ReviewCriterionInput")


class Query:
    review_forms = list_field(FORMS, ReviewFormConnection, forms.FormFilter, READ, "Review forms, by name.")
    review_form = one_field(FORM, ReviewForm, READ, "One review form.")
    review_form_versions = list_field(
        FORM_VERSIONS,
        ReviewFormVersionConnection,
        None,
        READ,
        "What a review form asks now, and asked before.",
        fixed={"form_id": "form"},
    )
    review_form_version = one_field(FORM_VERSION, ReviewFormVersion, READ, "A version of a review form.")


class Mutation:
    create_review_form = command_field(commands.create_form, ReviewForm, FORM, "Create a review form.")
    update_review_form = command_field(commands.update_form, ReviewForm, FORM, "Rename or describe a review form.")
    retire_review_form = command_field(
        commands.retire_form, ReviewForm, FORM, "Retire a review form: nothing new can use it."
    )
    create_review_form_version = command_field(
        commands.create_form_version, ReviewForm, FORM, "Have a review form ask something else from now on."
    )
