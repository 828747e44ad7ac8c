"""From stage to stage, and questions to the author on the way."""

from uuid import UUID

from sqlalchemy import update

from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.writing import Work, command, require
from kshare.discussion.commands import write_comment
from kshare.discussion.shapes import WriteComment
from kshare.ideas.commands.clock import author_answered, begin_stage, wait_for_author
from kshare.ideas.commands.rows import idea_of
from kshare.ideas.models import DecisionRow
from kshare.ideas.reads.decision import refuse_second
from kshare.ideas.reads.idea import ANSWERED_GUARD, IDEA_GUARD
from kshare.ideas.shapes.stages import (
    AdvanceIdea,
    AnswerQuestion,
    AskAuthor,
    IdeaQuestionAnswered,
    IdeaQuestionAsked,
    IdeaStageChanged,
)
from kshare.ideas.stages import OPEN, TRANSITIONS, UNDECIDED


async def move_idea(work: Work, idea: ContentRow, stage: str) -> None:
    """Moves a loaded idea to a stage; raises 409 that tells what is allowed. Permissions are the caller's business."""
    check_move(idea, stage)
    before, idea.stage = idea.stage, stage
    idea.updated_at = work.now
    if stage in OPEN:
        # What was decided before is history: another answer is owed.
        ended = update(DecisionRow).where(DecisionRow.content_id == idea.id, DecisionRow.current).values(current=False)
        await work.session.execute(ended.execution_options(synchronize_session=False))
    row = await idea_of(work, idea)
    if stage in OPEN and before not in OPEN:
        row.advice = row.advice_id = None
    await begin_stage(work, idea, row)
    tell(work, idea, IdeaStageChanged(content_id=idea.id, from_stage=str(before), to_stage=stage))


def check_move(idea: ContentRow, stage: str) -> None:
    """Raises 409 that tells what is allowed, unless an idea may go to a stage."""
    allowed = TRANSITIONS[idea.stage or ""] if idea.state == "published" and idea.stage else ()
    if stage not in allowed:
        here = {"archived": "withdrawn or merged", "draft": "a draft"}.get(idea.state, idea.stage)
        raise DomainError(
            "conflict",
            f"An idea that is {here} cannot become {stage}.",
            extra={"stage": idea.stage, "allowed": list(allowed)},
        )


@command(Permission.idea_propose)
async def advance_idea(work: Work, id: UUID, ask: AdvanceIdea) -> UUID:
    """Sends an idea on to the screening or the evaluation; a declined or deferred one back to the screening."""
    idea = await work.load(ANSWERED_GUARD, id, "decide")
    if idea.state == "published" and idea.stage not in (*UNDECIDED, "declined"):
        raise DomainError(
            "conflict", f"An idea that is {idea.stage} is decided on.", extra={"stage": idea.stage, "allowed": []}
        )
    check_move(idea, ask.to.value)
    await work.load(IDEA_GUARD, id, "decide")
    if idea.stage in OPEN:
        await refuse_second(work, idea)
    await move_idea(work, idea, ask.to.value)
    return idea.id


@command(Permission.idea_propose)
async def ask_author(work: Work, id: UUID, ask: AskAuthor) -> UUID:
    """Asks whoever wrote the idea something, as a comment. Until they answer, the clock stands still."""
    idea = await work.load(ANSWERED_GUARD, id, "decide")
    require(work.principal, Permission.comment_write)
    if idea.state != "published" or idea.stage not in OPEN:
        raise DomainError("conflict", "Questions are asked while a decision is owed.", extra={"stage": idea.stage})
    await work.load(IDEA_GUARD, id, "decide")
    comment = await write_comment(work, id, WriteComment(body=ask.text))
    await wait_for_author(work, idea, await idea_of(work, idea), comment)
    tell(work, idea, IdeaQuestionAsked(content_id=id, comment_id=comment), comment)
    return id


@command(Permission.idea_propose)
async def answer_question(work: Work, id: UUID, ask: AnswerQuestion) -> UUID:
    """Answers the question that an idea waits for, as a comment below it; the clock goes on."""
    idea = await work.load(IDEA_GUARD, id, "answer")
    row = await idea_of(work, idea)
    if idea.state != "published" or row.waiting_since is None:
        raise DomainError("conflict", "Nothing is being waited for.")
    comment = await write_comment(work, id, WriteComment(body=ask.text, parent_id=row.question_id))
    await author_answered(work, idea, row)
    tell(work, idea, IdeaQuestionAnswered(content_id=id, comment_id=comment), comment)
    return id
