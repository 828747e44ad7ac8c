"""Tokens verified moments ago, to spare a signature check per request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from joserfc.jwk import Key

from kshare.people.oidc.claims import Claims
from kshare.people.oidc.keyring import Keyring
from kshare.people.oidc.keys import KeySet

VERIFIED_FOR: Final = 60.0
VERIFIED_ENTRIES: Final = 1000
"""How long (seconds) and how many verified tokens are remembered."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that passed every check at `since` and need not be checked again before `until`."""

    claims: Claims
    since: float
    until: float
    keys: tuple[Key, ...]


class RememberedTokens:
    """Claims by the digest of the token that made them."""

    def __init__(self, keyring: Keyring, clock: Callable[[], float]) -> None:
        self._keyring = keyring
        self._clock = clock
        self._verified: dict[bytes, _Verified] = {}

    def recall(self, digest: bytes) -> Claims | None:
        """Return the claims of a token verified moments ago, if it would still pass in full."""
        entry = self._verified.get(digest)
        if entry is None:
            return None
        now = self._clock()
        # Leeway is deliberately not granted here, so that no entry outlives its token; nor does one outlive the keys
        # it was checked with, so that a key the provider has withdrawn stops working everywhere at once.
        if entry.since <= now < entry.until and self._keyring.still_trusts(entry.keys):
            return entry.claims
        del self._verified[digest]
        return None

    def remember(self, digest: bytes, claims: Claims, key_set: KeySet) -> None:
        """Keep the claims of a token that passed every check with these keys."""
        now = self._clock()
        until = min(now + VERIFIED_FOR, claims.expires_at.timestamp())
        if until <= now:
            return
        while len(self._verified) >= VERIFIED_ENTRIES:
            # Dictionaries keep insertion order, so the first entry is the oldest.
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = _Verified(claims, since=now, until=until, keys=key_set.keys)
