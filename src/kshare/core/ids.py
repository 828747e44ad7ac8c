"""Identifiers: UUIDv7, so that ids sort by the time they were made and indexes stay compact."""

import secrets
from datetime import datetime
from uuid import UUID

import uuid_utils.compat

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_RANDOM = (1 << 128) - 1 - (0xFFFF_FFFF_FFFF << 80) - (0xF << 76) - (0b11 << 62)


def new_id(at: datetime | None = None) -> UUID:
    """A fresh UUIDv7 (RFC 9562); with `at`, one that tells this time instead of now."""
    if at is None:
        return uuid_utils.compat.uuid7()
    return UUID(int=int(at.timestamp() * 1000) << 80 | _VERSION_AND_VARIANT | secrets.randbits(128) & _RANDOM)
