"""A provider's keys, those of them that can verify a signature."""

import logging
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey, OKPKey, RSAKey

from kshare.people.oidc.refusals import ProviderUnavailable

logger = logging.getLogger(__name__)

MAX_KEYS: Final = 100
"""Most keys accepted in one key set."""

_RSA_BITS: Final = range(2048, 8192 + 1)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The provider's usable keys, fetched at `fetched_at` and to be relied upon for `lifetime` seconds."""

    keys: tuple[Key, ...]
    fetched_at: float
    lifetime: float


def usable_keys(document: dict[str, Any], url: str) -> tuple[Key, ...]:
    """The usable keys of a published key set; raises `ProviderUnavailable` for what is none."""
    published = document.get("keys")
    if not isinstance(published, list):
        raise ProviderUnavailable(f"{url} is not a key set")
    if len(published) > MAX_KEYS:
        raise ProviderUnavailable(f"{url} lists more than {MAX_KEYS} keys")
    keys = tuple(key for jwk in published if (key := _import_key(jwk)) is not None)
    if not keys:
        # Taken at its word all the same: withdrawing every key is how a compromised provider pulls the plug.
        logger.warning("%s lists no usable signing key", url)
    return keys


def _import_key(jwk: object) -> Key | None:
    """Return a published key if it can verify signatures, else None.

    One key we cannot read must not cost us the others: providers publish encryption keys and new key types next to
    their signing keys.
    """
    # A shared secret has no place in a public document, nor has a private key: anyone could sign with either.
    if not isinstance(jwk, dict) or "d" in jwk:
        return None
    try:
        key = JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, TypeError, LookupError, AttributeError, OverflowError):
        # joserfc lets through what its decoders raise, such as KeyError for an unknown curve.
        return None
    if isinstance(key, OctKey):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size not in _RSA_BITS:
        return None
    if isinstance(key, OKPKey) and not key.curve_name.startswith("Ed"):
        return None  # the X curves are for key agreement
    return key
