"""The only code that changes review policies. What has begun keeps a copy of its rule and is not touched."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from kshare.content.commands import check_category
from kshare.content.policies import ReviewPolicyRow
from kshare.core.access import Permission
from kshare.core.choices import Choice
from kshare.core.errors import DomainError, FieldError, invalid
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.core.writing import Expected, Work, apply, command
from kshare.people.models import DepartmentRow, GroupRow, PersonRow
from kshare.reviews.commands.forms import check_company_wide, usable_form
from kshare.reviews.reads.policies import POLICY_GUARD
from kshare.reviews.shapes.policies import (
    VARIETIES,
    CreateReviewPolicy,
    ReviewPolicyChanged,
    ReviewPolicyCreated,
    ReviewPolicyDeleted,
    ReviewPolicyKind,
    UpdateReviewPolicy,
)

_PLACE = ("kind", "category_id", "variety", "stage")
_PLACES = "review policies"
"""Held while a policy takes its place, so that who comes second is told whose place it is."""
_REFERENCES: Mapping[str, tuple[InstrumentedAttribute[UUID], str]] = {
    "groups": (GroupRow.id, "There is no such group."),
    "departments": (DepartmentRow.id, "There is no such department."),
}


@command(Permission.review_manage)
async def create_policy(work: Work, ask: CreateReviewPolicy) -> UUID:
    """A new policy; it holds for what is published, changed or decided from now on."""
    check_company_wide(work)
    await work.lock_name(_PLACES)
    values = _columns({name: getattr(ask, name) for name in type(ask).model_fields})
    await _check_references(work, values)
    policy = ReviewPolicyRow(id=new_id(), created_at=work.now, updated_at=work.now, **values)
    _check_rule(policy)
    await _check_place(work, policy)
    work.add(policy)
    await work.flush()
    work.record(ReviewPolicyCreated(policy_id=policy.id), policy.id, [EVERYONE])
    return policy.id


@command(Permission.review_manage)
async def update_policy(work: Work, id: UUID, ask: UpdateReviewPolicy, version: Expected) -> UUID:
    """Changes what was sent."""
    changes = _columns(ask.changes())
    if changes.keys() & set(_PLACE):
        await work.lock_name(_PLACES)
    policy = await work.load(POLICY_GUARD, id, "edit", version=version)
    if "needs" in changes and changes["needs"] != "quorum":
        changes.setdefault("quorum", None)
    # What it named before it may go on naming: a form that was retired since, somebody who has left.
    changes = {name: value for name, value in changes.items() if getattr(policy, name) != value}
    await _check_references(work, changes)
    with work.session.no_autoflush:
        changed = apply(policy, changes)
        _check_rule(policy)
        if changes.keys() & set(_PLACE):
            await _check_place(work, policy)
    if changed:
        policy.updated_at = work.now
        work.record(ReviewPolicyChanged(policy_id=id, fields=changed), id, [EVERYONE])
    return id


@command(Permission.review_manage)
async def delete_policy(work: Work, id: UUID, version: Expected) -> None:
    """Nothing asks for such a review any more, unless another policy does."""
    policy = await work.load(POLICY_GUARD, id, "delete", version=version)
    work.record(ReviewPolicyDeleted(policy_id=id), id, [EVERYONE])
    await work.session.delete(policy)


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for as columns hold it; who is named twice is named once."""
    plain = {name: value.value if isinstance(value, Choice) else value for name, value in fields.items()}
    lists = {name: list(dict.fromkeys(value)) for name, value in plain.items() if isinstance(value, list)}
    if "roles" in lists:
        lists["roles"] = [role.value for role in lists["roles"]]
    return {**plain, **lists}


async def _check_references(work: Work, values: Mapping[str, Any]) -> None:
    """Raises 422 for what is named and does not exist, or can no longer be used."""
    await check_category(work, values.get("category_id"))
    for name, (identity, message) in _REFERENCES.items():
        await _check_known(work, identity, values.get(name) or (), f"/{name}", message)
    if (person_id := values.get("steps_in_id")) is not None:
        query = select(PersonRow.id).where(PersonRow.id == person_id, PersonRow.kind == "person", PersonRow.active)
        if (await work.session.execute(query)).first() is None:
            raise invalid("/steps_in_id", "unknown_reference", "There is no such person, or the person has left.")
    if (form_id := values.get("form_id")) is not None:
        await usable_form(work, form_id)


async def _check_known(
    work: Work, identity: InstrumentedAttribute[UUID], ids: Sequence[UUID], pointer: str, message: str
) -> None:
    known = set((await work.session.execute(select(identity).where(identity.in_(ids)))).scalars()) if ids else set()
    for position, id in enumerate(ids):
        if id not in known:
            raise invalid(f"{pointer}/{position}", "unknown_reference", message)


def _check_rule(policy: ReviewPolicyRow) -> None:
    """Raises 422 for what does not go together."""
    varieties = VARIETIES[ReviewPolicyKind(policy.kind)]
    if policy.variety is not None and policy.variety not in varieties:
        expected = ", ".join(varieties[:-1]) + f" or {varieties[-1]}"
        message = f"Of this kind there are {expected}."
        raise DomainError(
            "invalid", message, errors=[FieldError("/variety", "literal_error", message, {"expected": expected})]
        )
    if policy.kind != "idea" and policy.stage is not None:
        raise invalid("/stage", "stage_unused", "Only ideas have stages.")
    if policy.needs == "quorum" and policy.quorum is None:
        raise invalid("/quorum", "quorum_missing", "Say how many a quorum is.")
    if policy.needs != "quorum" and policy.quorum is not None:
        raise invalid("/quorum", "quorum_unused", "Only a quorum has a number.")
    if policy.kind == "idea" and policy.needs != "nothing" and policy.form_id is None:
        raise invalid("/form_id", "form_missing", "Ideas are scored on a form: name it.")
    if policy.kind != "idea" and policy.form_id is not None:
        raise invalid("/form_id", "form_unused", "Knowledge gets a verdict and no scores, so there is no form.")


async def _check_place(work: Work, policy: ReviewPolicyRow) -> None:
    """Raises 409, with its id, if there is a policy in the place that this one, not sent yet, is to have."""
    same = [getattr(ReviewPolicyRow, name).is_not_distinct_from(getattr(policy, name)) for name in _PLACE]
    if (other := await work.session.scalar(select(ReviewPolicyRow.id).where(*same))) is not None:
        detail = "There is a policy for just this kind, category, variety and stage; change that one."
        raise DomainError("already_exists", detail, extra={"policy_id": str(other)})
