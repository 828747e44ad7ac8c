"""Votes and merging, as the journal records them."""

from kshare.content.shapes import ContentHappened


class IdeaVoted(ContentHappened):
    """Somebody voted for an idea."""


class IdeaVoteWithdrawn(ContentHappened):
    """Somebody took their vote for an idea back."""
