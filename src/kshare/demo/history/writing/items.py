"""Writes knowledge items, and the reviews that they passed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from kshare.core.ids import new_id
from kshare.core.principal import SYSTEM_ID
from kshare.demo.history.records import Item, Review
from kshare.demo.history.reviewing import DAYS, JUDGES
from kshare.demo.history.writing.contents import write_content
from kshare.demo.history.writing.desk import Desk
from kshare.ideas.calendar import WorkingCalendar, add_working_days
from kshare.knowledge.shapes import KnowledgeItemCreated, KnowledgeItemPublished, KnowledgeItemRevised
from kshare.reviews.models import AssignmentRow, JudgementRow, ReviewRow
from kshare.reviews.shapes.events import ReviewAssigned, ReviewEnded, ReviewJudged, ReviewSubmitted


def write_item(desk: Desk, item: Item, items: Mapping[str, Item]) -> None:
    """An item with everything about it; its id, and those of all `items`, is taken already."""
    id, author = desk.contents[item.key], desk.person(item.author)
    texts = _texts(item, "" if item.see is None else _link(desk, items[item.see]))
    judges = {judgement.person for review in item.reviews for judgement in review.judgements}
    touched = item.at if item.improved is None else item.improved[0]
    write_content(
        desk,
        item,
        kind="knowledge_item",
        created=item.created,
        touched=touched,
        texts=texts,
        changes=1 if item.reviews else 0,
        judges=sorted(judges),
    )
    drafted = [author] if item.reviews else None
    created = KnowledgeItemCreated(content_id=id, kind=item.variety)
    desk.tell(item, created, item.author, item.created, readers=drafted)
    for number, (at, _, _) in enumerate(texts[1:], 2):
        readers = [author, *(desk.person(one) for one in sorted(judges))] if at < item.at else None
        revised = KnowledgeItemRevised(content_id=id, revision=number)
        desk.tell(item, revised, item.author, at, readers=readers)
    for number, review in enumerate(item.reviews, 1):
        _write_review(desk, item, review, number)
    published = KnowledgeItemPublished(content_id=id, kind=item.variety)
    desk.tell(item, published, SYSTEM_ID if item.reviews else item.author, item.at)


def _texts(item: Item, link: str) -> list[tuple[datetime, str, str | None]]:
    """All its texts: drafts that were judged, what was published, and what was written more."""
    drafts = [*item.drafts, item.body + link]
    began = [item.created, *(review.at - timedelta(minutes=5) for review in item.reviews[1:])]
    texts: list[tuple[datetime, str, str | None]] = [(at, body, None) for at, body in zip(began, drafts, strict=True)]
    if item.improved is not None:
        at, note, body = item.improved
        texts.append((at, body + link, note))
    return texts


def _link(desk: Desk, other: Item) -> str:
    return f"\n→ [{other.title}](/v1/knowledge-items/{desk.contents[other.key]})\n"


def _write_review(desk: Desk, item: Item, review: Review, revision: int) -> None:
    """A review of a text, that is over: who was asked, what they said, and what it came to."""
    content_id, author, review_id = desk.contents[item.key], desk.person(item.author), new_id(review.at)
    due = add_working_days(WorkingCalendar(desk.zone), review.at, DAYS)
    desk.append(
        ReviewRow,
        id=review_id,
        content_id=content_id,
        sample=False,
        method="verdict",
        state=review.state,
        revision=revision,
        ended_revision=revision,
        submitted_by=author,
        submitted_at=review.at,
        due_at=due,
        closed_at=review.ended,
        needs="quorum",
        required=JUDGES,
        roles=[],
        groups=[],
        departments=[],
        expertise=0,
        working_days=DAYS,
    )
    submitted = ReviewSubmitted(content_id=content_id, review_id=review_id, revision=revision)
    desk.tell(item, submitted, item.author, review.at, readers=[author])
    said = {judgement.person: judgement for judgement in review.judgements}
    for judge in review.judges:
        person, assignment_id, given = desk.person(judge), new_id(review.at), said.get(judge)
        desk.append(
            AssignmentRow,
            id=assignment_id,
            review_id=review_id,
            content_id=content_id,
            person_id=person,
            state="released" if given is None else "given",
            open=False,
            due_at=due,
            step=0,
            created_at=review.at,
            closed_at=review.ended if given is None else None,
        )
        asked = ReviewAssigned(content_id=content_id, review_id=review_id, assignment_id=assignment_id, due_at=due)
        desk.tell(item, asked, item.author, review.at, readers=[person])
        if given is not None:
            judgement_id = new_id(given.at)
            desk.append(
                JudgementRow,
                id=judgement_id,
                review_id=review_id,
                assignment_id=assignment_id,
                person_id=person,
                revision=revision,
                number=1,
                current=True,
                verdict=given.verdict,
                comment=given.comment,
                given_at=given.at,
            )
            judged = ReviewJudged(content_id=content_id, review_id=review_id, judgement_id=judgement_id)
            desk.tell(item, judged, judge, given.at, readers=[person])
    hear: list[UUID] = sorted({author, *(desk.person(judge) for judge in review.judges)})
    ended = ReviewEnded(content_id=content_id, review_id=review_id, state=review.state, advice=None)
    desk.tell(item, ended, SYSTEM_ID, review.ended, readers=hear)
