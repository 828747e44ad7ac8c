"""How samples and their references are read, and what judging them came to.

A reference is seen by those who lead the panel, and by a member once they have judged that sample: by what they said
first, which is what is shown beside it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, func, literal_column, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.reading import Alias, Filter, Many, One, Order, View, Viewer, everyone_sees
from kshare.people.reads import PERSON
from kshare.reviews.models import (
    JudgementRow,
    JudgementScoreRow,
    PanelMemberRow,
    PanelRow,
    ReferenceRow,
    ReviewRow,
)
from kshare.reviews.reads.comparing import is_member
from kshare.reviews.reads.forms import FORM_CRITERION, criterion_place
from kshare.reviews.reads.reviews import SUBJECT
from kshare.reviews.reads.seeing import visible_review
from kshare.reviews.shapes.calibration import (
    CalibratedCriterion,
    CalibratedScore,
    PanelCalibration,
    PanelSample,
    SampleReference,
)


def leads_panel(row: Alias) -> ColumnElement[bool]:
    """The viewer manages reviews of the whole company, and chairs the panel or does not judge in it."""
    impartial = or_(row.chair_id == Viewer.id, not_(is_member(row.id)))
    return and_(Viewer.holds(Permission.review_manage), impartial)


def _sees_reference(review: Alias) -> ColumnElement[bool]:
    panel, said = aliased(PanelRow), aliased(JudgementRow)
    leads = select(panel.id).where(panel.id == review.panel_id, leads_panel(panel)).correlate(review).exists()
    own = select(said.id).where(said.review_id == review.id, said.person_id == Viewer.id).correlate(review).exists()
    return or_(leads, own)


_REFERENCE = View(
    "reference",
    SampleReference,
    ReferenceRow,
    everyone_sees,
    {"criterion": One(FORM_CRITERION, on=lambda row, criterion: criterion.id == row.criterion_id)},
)
SAMPLE = View(
    "sample",
    PanelSample,
    ReviewRow,
    visible_review,
    {
        "subject": One(SUBJECT, on=lambda row, subject: subject.id == row.id, seen_with_parent=True),
        "reference": Many(
            _REFERENCE,
            on=lambda row, reference: and_(reference.review_id == row.id, _sees_reference(row)),
            order=lambda reference: (criterion_place(reference.criterion_id),),
            first=20,
            seen_with_parent=True,
        ),
    },
    only=lambda row: row.sample,
)

# ---- what judging the samples came to -------------------------------------------------------------------------------


def _has_judged_all(panel_id: Any, person_id: Any, *outer: Alias) -> ColumnElement[bool]:
    """There are samples, and a person has judged each of them. `outer` is what the two refer to."""
    sample, other, said = aliased(ReviewRow), aliased(ReviewRow), aliased(JudgementRow)
    judged = select(said.id).where(said.review_id == sample.id, said.person_id == person_id)
    missing = select(sample.id).where(
        sample.panel_id == panel_id, sample.sample, not_(judged.correlate(sample, *outer).exists())
    )
    there = select(other.id).where(other.panel_id == panel_id, other.sample)
    return and_(there.correlate(*outer).exists(), not_(missing.correlate(*outer).exists()))


def _visible_calibration(row: Alias) -> ColumnElement[bool]:
    """One's own, and for the chair everybody's; once they have judged all samples, and so has the chair who is to."""
    panel = aliased(PanelRow)
    chairs = select(panel.id).where(panel.id == row.panel_id, panel.chair_id == Viewer.id).correlate(row).exists()
    impartial = or_(not_(is_member(row.panel_id)), _has_judged_all(row.panel_id, Viewer.id, row))
    concerned = or_(row.person_id == Viewer.id, and_(chairs, impartial))
    return and_(concerned, _has_judged_all(row.panel_id, row.person_id, row))


def _first_of(score: Alias) -> Any:
    """What somebody said of a sample first, together with the sample."""
    said, sample = aliased(JudgementRow), aliased(ReviewRow)
    query = select(said.id).join(sample, sample.id == said.review_id)
    return said, sample, query.where(said.id == score.judgement_id, said.number == 1, sample.sample)


def _of_member(member: Alias, score: Alias) -> ColumnElement[bool]:
    """A score is what a member gave the first of the samples, and so stands for its criterion."""
    said, sample, query = _first_of(score)
    other = aliased(ReviewRow)
    first = select(other.id).where(other.panel_id == member.panel_id, other.sample).order_by(other.id)
    first = first.limit(literal_column("1"))
    mine = query.where(said.person_id == member.person_id, sample.id == first.correlate(member).scalar_subquery())
    # Nothing else refers to the score itself, which has to be among what is selected from.
    return and_(score.score.is_not(None), mine.correlate(member, score).exists())


def _same_judge(row: Alias, score: Alias) -> ColumnElement[bool]:
    """Two scores of the same person in the same criterion, both of samples of one panel."""
    said, sample, query = _first_of(score)
    own, first = aliased(JudgementRow), aliased(ReviewRow)
    mine = (
        query.join(own, own.person_id == said.person_id)
        .join(first, first.id == own.review_id)
        .where(own.id == row.judgement_id, first.panel_id == sample.panel_id)
    )
    same: ColumnElement[bool] = and_(score.criterion_id == row.criterion_id, mine.correlate(row, score).exists())
    return same


def _reference_of(score: Alias) -> ColumnElement[Any]:
    said, reference = aliased(JudgementRow), aliased(ReferenceRow)
    return (
        select(reference.score)
        .join(said, said.review_id == reference.review_id)
        .where(said.id == score.judgement_id, reference.criterion_id == score.criterion_id)
        .correlate(score)
        .scalar_subquery()
    )


def _difference(row: Alias) -> ColumnElement[Any]:
    score = aliased(JudgementScoreRow)
    far = func.round(func.avg(func.abs(score.score - _reference_of(score))), 4)
    return select(far).where(_same_judge(row, score)).correlate(row).scalar_subquery()


def _of_sample(name: str) -> Any:
    def column(score: Alias) -> ColumnElement[Any]:
        said, sample, content = aliased(JudgementRow), aliased(ReviewRow), aliased(ContentRow)
        values = {"review_id": sample.id, "title": content.title}
        return (
            select(values[name])
            .select_from(said)
            .join(sample, sample.id == said.review_id)
            .join(content, content.id == sample.content_id)
            .where(said.id == score.judgement_id)
            .correlate(score)
            .scalar_subquery()
        )

    return column


_CALIBRATED_SCORE = View(
    "calibrated score",
    CalibratedScore,
    JudgementScoreRow,
    everyone_sees,
    {"review_id": _of_sample("review_id"), "title": _of_sample("title"), "reference": _reference_of},
)
_CALIBRATED_CRITERION = View(
    "calibrated criterion",
    CalibratedCriterion,
    JudgementScoreRow,
    everyone_sees,
    {
        "criterion": One(FORM_CRITERION, on=lambda row, criterion: criterion.id == row.criterion_id),
        "difference": _difference,
        "scores": Many(
            _CALIBRATED_SCORE,
            on=_same_judge,
            order=lambda score: (_of_sample("review_id")(score),),
            first=3,
            seen_with_parent=True,
        ),
    },
)
CALIBRATION = View(
    "calibration",
    PanelCalibration,
    PanelMemberRow,
    _visible_calibration,
    {
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "criteria": Many(
            _CALIBRATED_CRITERION,
            on=_of_member,
            order=lambda score: (criterion_place(score.criterion_id),),
            first=20,
            seen_with_parent=True,
        ),
    },
)
OF_PANEL = Filter(Uuid, lambda row, value: row.panel_id == value)
BY_PERSON = Order((("person_id", UUID),), "By the ids of the members.", descending=False)
