"""Why a token is not accepted: it is at fault itself, or its provider cannot be asked."""

from typing import Literal

Refusal = Literal[
    "malformed",
    "token_type",
    "critical_header",
    "algorithm",
    "unknown_key",
    "unsuitable_key",
    "signature",
    "missing_claim",
    "issuer",
    "audience",
    "expired",
    "not_yet_valid",
]
"""Every reason a token can be refused for. The codes are stable: logs, metrics and clients may rely on them."""


class TokenRefused(Exception):
    """The token is not acceptable, and presenting it again will not help. `reason` is a stable code."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


class ProviderUnavailable(Exception):
    """The provider's keys cannot be had at the moment, so nothing can be said about the token; try again later."""
