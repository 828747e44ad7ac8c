"""Rows of ideas, by subject."""

from kshare.ideas.models.idea import CoauthorRow, IdeaRow, VoteRow

__all__ = ["CoauthorRow", "IdeaRow", "VoteRow"]
