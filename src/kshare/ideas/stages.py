"""The stages of an idea and the ways between them; docs/ideas.md draws them."""

from collections.abc import Mapping
from types import MappingProxyType

TRANSITIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "submitted": ("screening", "approved", "declined", "deferred"),
        "screening": ("evaluation", "approved", "declined", "deferred"),
        "evaluation": ("approved", "declined", "deferred"),
        "deferred": ("screening",),
        "declined": ("screening",),
        "approved": ("in_pilot", "implemented", "declined"),
        "in_pilot": ("approved", "implemented", "evaluation", "declined"),
        "implemented": ("verified", "in_pilot"),
        "verified": (),
    }
)
"""From each stage to those that may follow it. A small idea may be decided on as soon as it arrives; a deferred or
declined one begins again with the screening; a pilot can be stopped, sent back, or repeated."""

OPEN = ("submitted", "screening", "evaluation")
"""The stages in which a decision is owed."""

UNDECIDED = (*OPEN, "deferred")
"""The stages in which votes count: until somebody has decided."""

UNDERWAY = ("approved", "in_pilot", "implemented", "verified")
"""The stages of what is being done, or was."""
