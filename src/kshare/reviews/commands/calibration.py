"""Calibrating a panel: its members judge three samples before the rest, and see how far they are from a reference."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Work, command
from kshare.reviews.commands.assigning import ask_members, due_after
from kshare.reviews.commands.choosing import candidates
from kshare.reviews.commands.closing import criteria_of, end_reviews
from kshare.reviews.commands.panels import add_reviews, check_state, judges_of, seen_ideas
from kshare.reviews.commands.rows import lock_panel, share_with_judges
from kshare.reviews.models import ReferenceRow, ReviewRow
from kshare.reviews.reads.panels import PANEL_GUARD
from kshare.reviews.shapes.calibration import AddPanelSample
from kshare.reviews.shapes.panels import PanelCalibrationBegan, PanelChanged, PanelMethod

SAMPLES = 3
"""How many samples calibrate a panel."""


@command(Permission.review_manage)
async def add_panel_sample(work: Work, id: UUID, ask: AddPanelSample) -> UUID:
    """Adds a sample to a panel before it begins; answers the panel."""
    panel = await work.load(PANEL_GUARD, id, "edit")
    check_state(panel, "preparing")
    if panel.form_version_id is None:
        raise DomainError("conflict", "Only panels that score are calibrated.")
    (idea,) = await seen_ideas(work, [ask.idea_id], "/idea_id")
    await _check_reference(work, panel.form_version_id, ask)
    if idea.state != "published":
        raise DomainError("conflict", "An idea that was withdrawn or merged is no sample.")
    (review,) = await add_reviews(work, panel, [idea], sample=True)
    if len(await _samples(work, id)) > SAMPLES:
        raise DomainError("conflict", f"A panel has {SAMPLES} samples.")
    for given in ask.reference:
        work.append(ReferenceRow, review_id=review.id, criterion_id=given.criterion_id, score=given.score)
    panel.updated_at = work.now
    readers = sorted({panel.chair_id, work.principal.id})
    work.record(PanelChanged(panel_id=id, fields=["samples"]), id, readers)
    return id


async def _samples(work: Work, panel_id: UUID) -> Sequence[UUID]:
    query = select(ReviewRow.id).where(ReviewRow.panel_id == panel_id, ReviewRow.sample)
    return (await work.session.execute(query)).scalars().all()


async def _check_reference(work: Work, form_version_id: UUID, ask: AddPanelSample) -> None:
    """Raises 422 unless each criterion of the form has one score."""
    known = {criterion.id for criterion in await criteria_of(work, form_version_id)}
    seen: set[UUID] = set()
    for position, given in enumerate(ask.reference):
        pointer = f"/reference/{position}/criterion_id"
        if given.criterion_id not in known:
            raise invalid(pointer, "unknown_reference", "There is no such criterion on this form.")
        if given.criterion_id in seen:
            raise invalid(pointer, "duplicate", "Every criterion is scored once.")
        seen.add(given.criterion_id)
    if seen != known:
        raise invalid("/reference", "scores_missing", "Score every criterion.")


@command(Permission.review_manage)
async def calibrate_panel(work: Work, id: UUID) -> UUID:
    """Asks every member to judge the samples."""
    panel, contents, reviews = await lock_panel(work, id, "calibrate")
    check_state(panel, "preparing")
    samples = [review for review in reviews if review.sample]
    if panel.method != PanelMethod.scores or len(samples) != SAMPLES:
        detail = f"A panel that scores is calibrated with {SAMPLES} samples; this one has {len(samples)}."
        raise DomainError("conflict", detail, extra={"samples": len(samples)})
    if gone := [str(review.content_id) for review in samples if contents[review.content_id].state != "published"]:
        raise DomainError("conflict", "A sample was withdrawn or merged; take another.", extra={"ideas": gone})
    members = await judges_of(work, panel)
    asked = [(review, contents[review.content_id], members) for review in samples]
    cannot = []
    for review, content, _ in asked:
        allowed = await candidates(work, review, content, only=members)
        cannot += [{"idea_id": str(content.id), "person_id": str(one)} for one in members if one not in allowed]
    if cannot:
        detail = "Some members may not judge every sample: it is theirs, or above their clearance. Take another."
        raise DomainError("conflict", detail, extra={"people": cannot})
    due = await due_after(work, work.now, panel.working_days)
    for review in samples:
        review.state, review.due_at, review.required = "open", due, len(members)
        review.revision = contents[review.content_id].latest_revision
    panel.state, panel.updated_at = "calibrating", work.now
    await work.flush()
    await ask_members(work, asked, due)
    await share_with_judges(work, [content for _, content, _ in asked])
    event = PanelCalibrationBegan(panel_id=id, due_at=due)
    work.record(event, id, sorted({panel.chair_id, *members}))
    return id


async def end_samples(
    work: Work, contents: Mapping[UUID, ContentRow], reviews: Sequence[ReviewRow], state: str
) -> None:
    """Ends the loaded samples of a panel, which came to nothing but what their judges learned."""
    ended = [review for review in reviews if review.sample and review.state == "open"]
    await end_reviews(work, [(review, contents[review.content_id], state) for review in ended], at=work.now)
