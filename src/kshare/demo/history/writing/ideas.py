"""Writes ideas: what the commands for them would have left, with what they told."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from kshare.core.ids import new_id
from kshare.demo.history.records import Idea
from kshare.demo.history.writing.contents import write_content
from kshare.demo.history.writing.desk import Desk
from kshare.demo.history.writing.gains import write_gain
from kshare.ideas.calendar import WorkingCalendar, working_days_between
from kshare.ideas.models import CoauthorRow, DecisionRow, IdeaRow, VoteRow
from kshare.ideas.shapes.decisions import IdeaDecided
from kshare.ideas.shapes.idea import IdeaSubmitted, IdeaWithdrawn
from kshare.ideas.shapes.merging import IdeaMerged
from kshare.ideas.shapes.stages import IdeaQuestionAnswered, IdeaQuestionAsked, IdeaStageChanged
from kshare.ideas.shapes.votes import IdeaVoted
from kshare.incubation.events import RolloutDone, RolloutPlanned
from kshare.incubation.models import RolloutRow


def write_idea(desk: Desk, idea: Idea, ideas: Mapping[str, Idea]) -> None:
    """An idea with everything about it; its id, and those of all `ideas`, is taken already."""
    id = desk.contents[idea.key]
    moments = [idea.at, *(move.at for move in idea.moves), *filter(None, [idea.ended])]
    said = write_content(
        desk,
        idea,
        kind="idea",
        created=idea.at,
        touched=max(moments),
        texts=[(idea.at, idea.body, None)],
        stage=idea.stage,
        state="published" if idea.ended is None else "archived",
        changes=len(moments) - 1,
    )
    _write_row(desk, idea, ideas, _tell_question(desk, idea, said))
    for person, share in idea.shares:
        desk.append(CoauthorRow, content_id=id, person_id=desk.person(person), share=share)
    desk.tell(idea, IdeaSubmitted(content_id=id, size=idea.variety), idea.author, idea.at)
    for person, at in idea.votes:
        desk.append(VoteRow, content_id=id, person_id=desk.person(person), created_at=at)
        desk.tell(idea, IdeaVoted(content_id=id), person, at)
    _write_moves(desk, idea)
    if idea.done_at is not None:
        _write_rollout(desk, idea, idea.done_at)
    if idea.gain is not None:
        write_gain(desk, idea, idea.gain)
    if idea.withdrawn is not None:
        desk.tell(idea, IdeaWithdrawn(content_id=id), idea.author, idea.withdrawn)
    if idea.merged is not None:
        into, at, actor = idea.merged
        for one in (idea, ideas[into]):
            event = IdeaMerged(content_id=desk.contents[one.key], idea_id=id, into_id=desk.contents[into])
            desk.tell(one, event, actor, at)


def _write_row(desk: Desk, idea: Idea, ideas: Mapping[str, Idea], question: UUID | None) -> None:
    """Its stage and its clock, which no longer runs: it was stopped, or nobody owes anything."""
    group = (idea, *(ideas[member] for member in idea.members))
    waiting = idea.asked if question is not None else None
    stopped = waiting.at if waiting is not None else idea.ended
    desk.append(
        IdeaRow,
        id=desk.contents[idea.key],
        votes=len({person for one in group for person, _ in one.votes}),
        members=[desk.contents[member] for member in idea.members],
        merged_into=None if idea.merged is None else desk.contents[idea.merged[0]],
        stage_since=idea.moves[-1].at if idea.moves else idea.at,
        days_used=None if stopped is None else _days(desk, idea.at, stopped),
        desk_id=None if idea.desk is None else desk.person(idea.desk),
        escalations=0,
        waiting_since=None if waiting is None else waiting.at,
        question_id=question,
        returns_on=None if idea.decided is None else idea.decided.until,
        judged_by=0,
    )


def _days(desk: Desk, since: datetime, until: datetime) -> Decimal:
    """The working days that were used before the clock was stopped."""
    days = working_days_between(WorkingCalendar(desk.zone), since, until)
    return round(Decimal(days.numerator) / Decimal(days.denominator), 6)


def _tell_question(desk: Desk, idea: Idea, said: Sequence[UUID]) -> UUID | None:
    """Tells that its author was asked something, and has answered; the id of the question if it waits for that."""
    asked, id = idea.asked, desk.contents[idea.key]
    if asked is None:
        return None
    event = IdeaQuestionAsked(content_id=id, comment_id=said[0])
    desk.tell(idea, event, asked.actor, asked.at, object_id=said[0])
    if asked.answered is None:
        return said[0]
    answered = IdeaQuestionAnswered(content_id=id, comment_id=said[1])
    desk.tell(idea, answered, idea.author, asked.answered, object_id=said[1])
    return None


def _write_moves(desk: Desk, idea: Idea) -> None:
    """From stage to stage; the decision comes with one of the moves, and is told after it."""
    id, before = desk.contents[idea.key], "submitted"
    for move in idea.moves:
        event = IdeaStageChanged(content_id=id, from_stage=before, to_stage=move.to)
        desk.tell(idea, event, move.actor, move.at)
        before = move.to
    decided = idea.decided
    if decided is None:
        return
    decision_id = new_id(decided.at)
    said = {"outcome": decided.outcome, "reason": decided.reason, "until": decided.until}
    desk.append(
        DecisionRow,
        id=decision_id,
        content_id=id,
        explanation=decided.explanation,
        decided_by=desk.person(decided.actor),
        decided_at=decided.at,
        published_at=decided.at,
        current=True,
        **said,
    )
    known = IdeaDecided.model_validate({"content_id": id, "decision_id": decision_id, **said})
    desk.tell(idea, known, decided.actor, decided.at)


def _write_rollout(desk: Desk, idea: Idea, done: datetime) -> None:
    """The one place where a large idea was put into practice: where it came from."""
    assert idea.decided is not None
    id, content_id, planned = new_id(idea.decided.at), desk.contents[idea.key], idea.decided.at + timedelta(hours=1)
    day = done.astimezone(desk.zone).date()
    desk.append(
        RolloutRow,
        id=id,
        content_id=content_id,
        department_id=desk.places.departments[idea.department],
        planned_on=day,
        done_on=day,
        version=2,
        created_at=planned,
        updated_at=done,
    )
    planning = RolloutPlanned(content_id=content_id, rollout_site_id=id)
    desk.tell(idea, planning, idea.author, planned, object_id=id)
    desk.tell(idea, RolloutDone(content_id=content_id, rollout_site_id=id), idea.author, done, object_id=id)
