"""Stages, as the journal records them."""

from kshare.content.shapes import ContentHappened


class IdeaStageChanged(ContentHappened):
    """An idea went from one stage to another."""

    from_stage: str
    """The stage it was in."""
    to_stage: str
    """The stage it is in now."""
