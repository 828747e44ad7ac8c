"""Signature algorithms: which are accepted, and how joserfc is held to them."""

from collections.abc import Sequence
from typing import Final

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

DEFAULT_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signature algorithms accepted unless told otherwise: every common asymmetric one."""

MAX_TOKEN_LENGTH: Final = 16 * 1024
"""Longest token looked at, in characters."""


class SignatureRegistry(JWSRegistry):
    """joserfc's view of which headers and algorithms are acceptable, narrowed to ours.

    Two of its habits are undone. An empty allow-list means "the recommended algorithms, HS256 among them"; here it
    means none. And asking for EdDSA warns about its name, which RFC 9864 deprecates but most providers still use.
    """

    # The token as a whole is limited, and headers we ignore (a certificate chain, say) may well be long.
    max_header_length = MAX_TOKEN_LENGTH
    max_payload_length = MAX_TOKEN_LENGTH
    max_signature_length = MAX_TOKEN_LENGTH

    def __init__(self, accepted: frozenset[str]) -> None:
        super().__init__(algorithms=accepted, strict_check_header=False)
        self.header_registry = {
            "alg": HeaderParameter("Algorithm", "str", required=True),
            "kid": HeaderParameter("Key ID", "str"),
            "typ": HeaderParameter("Type", "str"),
        }
        self.accepted = accepted

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in self.accepted:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def checked_algorithms(algorithms: Sequence[str]) -> frozenset[str]:
    """Refuse an allow-list that is empty, misspelt, or would let someone sign with a public or missing key."""
    if isinstance(algorithms, str) or not algorithms:
        raise ValueError("algorithms must be a list of at least one name")
    asymmetric = {
        name
        for name, model in JWSRegistry.algorithms.items()
        if model.key_type in (RSAKey.key_type, ECKey.key_type, OKPKey.key_type)
    }
    unacceptable = sorted(set(algorithms) - asymmetric)
    if unacceptable:
        raise ValueError(f"not asymmetric signature algorithms: {', '.join(unacceptable)}")
    return frozenset(algorithms)
