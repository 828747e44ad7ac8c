"""Challenges, as the journal records them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from kshare.content.shapes import ContentHappened


class ChallengeDrafted(ContentHappened):
    """A challenge was begun as a draft, which only its sponsor sees."""


class ChallengePublished(ContentHappened):
    """A challenge was shown to its audience."""

    closes_at: datetime
    """The deadline."""


class ChallengeChanged(ContentHappened):
    """A challenge was changed before it opened; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class ChallengeExtended(ContentHappened):
    """A deadline of a challenge was put off."""

    closes_at: datetime
    """The deadline from now on."""
    judging_until: datetime
    """The end of judging from now on."""


class ChallengeDeleted(ContentHappened):
    """A draft was deleted for good."""


class ChallengeEntered(ContentHappened):
    """An idea was entered in a challenge; its sponsor and its judges hear of it."""

    entry_id: UUID
    """The entry."""


class ChallengeEntryWithdrawn(ContentHappened):
    """An entry was withdrawn; the challenge's sponsor and its judges hear of it."""

    entry_id: UUID
    """The entry."""


class ChallengeEntryScored(ContentHappened):
    """A judge scored an entry, or abstained; only that judge hears of it."""

    about: ClassVar[str] = "challenge_entry"
    entry_id: UUID
    """The entry."""


class ChallengeResultsPublished(ContentHappened):
    """The results of a challenge were published."""

    forced: bool
    """Not every judge had scored every entry."""


class IdeaEntered(ContentHappened):
    """An idea was entered in a challenge."""

    entry_id: UUID
    """The entry, seen by whoever sees the challenge as well."""


class IdeaEntryWithdrawn(ContentHappened):
    """An idea was taken out of a challenge."""

    entry_id: UUID
    """The entry, seen by whoever sees the challenge as well."""


class IdeaAwarded(ContentHappened):
    """An idea won a prize of a challenge."""

    entry_id: UUID
    """The entry, seen by whoever sees the challenge as well."""
