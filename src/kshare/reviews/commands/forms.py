"""The only code that changes review forms. Their versions are never changed."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.core.writing import Expected, Work, apply, command
from kshare.reviews.models import FormCriterionRow, FormRow, FormVersionRow
from kshare.reviews.reads.forms import FORM_GUARD
from kshare.reviews.shapes.forms import (
    CreateReviewForm,
    CreateReviewFormVersion,
    ReviewFormChanged,
    ReviewFormCreated,
    ReviewFormRetired,
    ReviewFormVersionCreated,
    UpdateReviewForm,
)


def check_company_wide(work: Work) -> None:
    """Raises 403 unless the caller manages the reviews of the whole company."""
    if Permission.review_manage not in work.principal.permissions:
        raise DomainError("forbidden", "This holds for the whole company, and so must your permission.")


async def usable_form(work: Work, form_id: UUID, pointer: str = "/form_id") -> FormRow:
    """A form that something new is to be judged on, held so that nobody retires it meanwhile. Raises 422 for one that
    is unknown or retired."""
    query = select(FormRow).where(FormRow.id == form_id).with_for_update(read=True)
    form = (await work.session.execute(query)).scalar_one_or_none()
    if form is None:
        raise invalid(pointer, "unknown_reference", "There is no such form.")
    if form.retired_at is not None:
        raise invalid(pointer, "form_retired", "This form is retired; name another.")
    return form


async def current_version(work: Work, form: FormRow) -> UUID:
    """The id of what a form asks now."""
    query = select(FormVersionRow.id).where(FormVersionRow.form_id == form.id, FormVersionRow.number == form.number)
    return (await work.session.execute(query)).scalar_one()


def _check(ask: CreateReviewFormVersion) -> None:
    names: set[str] = set()
    for position, criterion in enumerate(ask.criteria):
        if (name := criterion.name.casefold()) in names:
            raise invalid(f"/criteria/{position}/name", "duplicate", "No two criteria can have one name.")
        names.add(name)
    if sum(criterion.weight for criterion in ask.criteria) != 100:
        raise invalid("/criteria", "weights_sum", "The weights must add up to 100.")
    if ask.decline_below > ask.approve_at:
        raise invalid("/decline_below", "limits_backwards", "This cannot be above what advises to approve.")


@command(Permission.review_manage)
async def create_form(work: Work, ask: CreateReviewForm) -> UUID:
    """A new form with its first version."""
    check_company_wide(work)
    _check(ask)
    form = FormRow(
        id=new_id(), name=ask.name, description=ask.description, number=1, created_at=work.now, updated_at=work.now
    )
    work.add(form)
    await work.flush()
    await _add_version(work, form, ask)
    work.record(ReviewFormCreated(form_id=form.id), form.id, [EVERYONE])
    return form.id


@command(Permission.review_manage)
async def create_form_version(work: Work, form_id: UUID, ask: CreateReviewFormVersion, version: Expected) -> UUID:
    """Has a form ask something else from now on; the form's id."""
    form = await work.load(FORM_GUARD, form_id, "add_version", version=version)
    _check_usable(form)
    _check(ask)
    form.number += 1
    form.updated_at = work.now
    added = await _add_version(work, form, ask)
    event = ReviewFormVersionCreated(form_id=form.id, form_version_id=added, number=form.number)
    work.record(event, form.id, [EVERYONE])
    return form.id


async def _add_version(work: Work, form: FormRow, ask: CreateReviewFormVersion) -> UUID:
    version = FormVersionRow(
        id=new_id(),
        form_id=form.id,
        number=form.number,
        approve_at=Decimal(str(ask.approve_at)),
        decline_below=Decimal(str(ask.decline_below)),
        note=ask.note,
        person_id=work.principal.id,
        created_at=work.now,
    )
    work.add(version)
    await work.flush()
    for position, criterion in enumerate(ask.criteria, 1):
        work.append(
            FormCriterionRow,
            id=new_id(),
            form_version_id=version.id,
            position=position,
            **criterion.model_dump(exclude={"comment"}),
            comment=criterion.comment.value,
        )
    return version.id


@command(Permission.review_manage)
async def update_form(work: Work, id: UUID, ask: UpdateReviewForm, version: Expected) -> UUID:
    """Renames or describes a form, retired or not."""
    form = await work.load(FORM_GUARD, id, "edit", version=version)
    if changed := apply(form, ask.changes()):
        form.updated_at = work.now
        work.record(ReviewFormChanged(form_id=id, fields=changed), id, [EVERYONE])
    return id


@command(Permission.review_manage)
async def retire_form(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Nothing new uses the form from now on; policies and panels that do go on."""
    form = await work.load(FORM_GUARD, id, "retire", version=version)
    _check_usable(form)
    form.retired_at = form.updated_at = work.now
    work.record(ReviewFormRetired(form_id=id), id, [EVERYONE])
    return id


def _check_usable(form: FormRow) -> None:
    if form.retired_at is not None:
        raise DomainError("conflict", "The form is retired.", extra={"retired_at": form.retired_at.isoformat()})
