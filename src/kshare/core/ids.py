"""Identifiers: UUIDv7, so that ids sort by the time they were made and indexes stay compact."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562)."""
    return uuid_utils.compat.uuid7()
