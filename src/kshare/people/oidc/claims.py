"""What a token says about its bearer, once its signature is known to be good."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc.errors import ClaimError, ExpiredTokenError, MissingClaimError
from joserfc.jwt import JWTClaimsRegistry

from kshare.people.oidc.refusals import Refusal, TokenRefused

MAX_SUBJECT_LENGTH: Final = 255
"""Longest subject accepted, in characters; OpenID Connect Core, section 2, sets the same limit."""

_MAX_EMAIL_LENGTH: Final = 320
_MAX_NAME_LENGTH: Final = 255
_MAX_LEEWAY: Final = 300.0


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says about its bearer.

    `subject` identifies the person for good, but only together with `issuer`. `email` and `name` are None when the
    token lacks them or holds nothing usable. `email_verified` is True only when there is an e-mail address and the
    provider vouches for it. `expires_at` is in UTC and as stated in the token, without any leeway.
    """

    subject: str
    email: str | None
    email_verified: bool
    name: str | None
    expires_at: datetime
    issuer: str


class ClaimsCheck:
    """The rules for claims. Raises ValueError when one of them makes no sense."""

    def __init__(self, issuer: str, audience: str, *, clock: Callable[[], float], leeway: float) -> None:
        if not audience:
            raise ValueError("an audience is required")
        if not 0 <= leeway <= _MAX_LEEWAY:
            raise ValueError(f"leeway must be between 0 and {_MAX_LEEWAY:.0f} seconds, not {leeway}")
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway = int(leeway)

    def check(self, payload: bytes) -> Claims:
        """Pick out the claims we keep; raises `TokenRefused` for those that break a rule."""
        try:
            claims = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise TokenRefused("malformed") from error
        if not isinstance(claims, dict):
            raise TokenRefused("malformed")
        if claims.get("sub") == "":
            raise TokenRefused("missing_claim")

        rules = JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=self._leeway,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            rules.validate(claims)
        except ClaimError as error:
            raise TokenRefused(_refusal_for(error, claims)) from error

        subject = _text(claims["sub"], MAX_SUBJECT_LENGTH)
        if subject is None:
            raise TokenRefused("malformed")
        try:
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        except (ValueError, OverflowError, OSError) as error:
            # A year no calendar reaches. Capping it would make up an expiry the provider never stated.
            raise TokenRefused("malformed") from error

        email = _text(claims.get("email"), _MAX_EMAIL_LENGTH)
        vouched_for = claims.get("email_verified")
        return Claims(
            subject=subject,
            email=email,
            # Some large providers (Apple, Amazon Cognito) send the string instead of the boolean.
            email_verified=email is not None and (vouched_for is True or vouched_for == "true"),
            name=_text(claims.get("name"), _MAX_NAME_LENGTH),
            expires_at=expires_at,
            issuer=self._issuer,
        )


def _refusal_for(error: ClaimError, claims: dict[str, Any]) -> Refusal:
    if isinstance(error, MissingClaimError):
        return "missing_claim"
    if isinstance(error, ExpiredTokenError):
        return "expired"
    if error.claim == "iss":
        return "issuer"
    if error.claim == "aud":
        return "audience"
    value = claims.get(error.claim)
    if error.claim in ("nbf", "iat") and isinstance(value, (int, float)) and not isinstance(value, bool):
        return "not_yet_valid"
    return "malformed"


def _text(value: object, limit: int) -> str | None:
    """Return `value` if it is text that can be stored and shown: not empty, not too long, no control characters."""
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        return None
    # JSON can smuggle in NUL, which databases refuse, and lone surrogates, which no encoding has.
    if any(character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in value):
        return None
    return value
