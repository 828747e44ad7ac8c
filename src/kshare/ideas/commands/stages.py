"""From stage to stage."""

from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.errors import DomainError
from kshare.core.writing import Work
from kshare.ideas.commands.idea import idea_of
from kshare.ideas.shapes.stages import IdeaStageChanged
from kshare.ideas.stages import TRANSITIONS


async def move_idea(work: Work, idea: ContentRow, stage: str) -> None:
    """Moves a loaded idea to a stage; raises 409 that tells what is allowed. Permissions are the caller's business."""
    allowed = TRANSITIONS[idea.stage or ""] if idea.state == "published" and idea.stage else ()
    if stage not in allowed:
        raise DomainError(
            "conflict",
            f"An idea that is {'withdrawn or merged' if idea.state == 'archived' else idea.stage} cannot become {stage}.",
            extra={"stage": idea.stage, "allowed": list(allowed)},
        )
    before, idea.stage = idea.stage, stage
    idea.updated_at = work.now
    row = await idea_of(work, idea)
    row.stage_since = work.now
    tell(work, idea, IdeaStageChanged(content_id=idea.id, from_stage=str(before), to_stage=stage))
