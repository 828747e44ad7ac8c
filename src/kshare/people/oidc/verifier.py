"""Verifying a token: its form, its header, its signature, its claims, in this order."""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import CompactSignature

from kshare.people.oidc.algorithms import DEFAULT_ALGORITHMS, MAX_TOKEN_LENGTH, SignatureRegistry, checked_algorithms
from kshare.people.oidc.claims import Claims, ClaimsCheck
from kshare.people.oidc.keyring import Keyring
from kshare.people.oidc.keys import KeySet
from kshare.people.oidc.provider import Provider
from kshare.people.oidc.refusals import TokenRefused
from kshare.people.oidc.remembered import RememberedTokens

# A logout token or a DPoP proof is signed by the same provider, and may carry the same issuer and audience, but
# grants nothing. The header `typ` is what tells them apart (RFC 8725, section 3.11).
_ACCESS_TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt"})


class TokenVerifier:
    """Verifies access tokens issued by one provider for one audience.

    One instance serves the whole process and any number of concurrent requests. Keys are fetched when first needed.

    Args:
        issuer: The provider's issuer identifier, exactly as it appears in its tokens; an https URL, or an http URL
            on a loopback address for development and tests.
        audience: The value that must be a token's `aud`, or one of them.
        algorithms: Accepted signature algorithms; only asymmetric ones are possible.
        http: Client for talking to the provider. It stays the caller's to close. Redirects are never followed.
        clock: The current time in seconds since the epoch.
        leeway: Tolerated difference between our clock and the provider's, in whole seconds, at most 300.
        cache_for: How long fetched documents are relied upon, in seconds, from 60 to 3600. The provider can shorten
            this with `Cache-Control`, though not below 60 seconds.
        refresh_interval: Shortest time, in seconds, between two refreshes caused by unknown key ids, and the pause
            after a failed attempt to reach the provider.
        stale_for: How long after they were fetched keys may still be used while the provider is down, in seconds.
        request_timeout: Limit on each request to the provider, from connecting to the last byte, in seconds.

    Raises:
        ValueError: The configuration is unusable or unsafe.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.time,
        leeway: float = 60.0,
        cache_for: float = 600.0,
        refresh_interval: float = 10.0,
        stale_for: float = 24 * 3600.0,
        request_timeout: float = 5.0,
    ) -> None:
        self._registry = SignatureRegistry(checked_algorithms(algorithms))
        self._claims = ClaimsCheck(issuer, audience, clock=clock, leeway=leeway)
        self._owns_http = http is None
        self._http = httpx.AsyncClient() if http is None else http
        provider = Provider(issuer, http=self._http, clock=clock, cache_for=cache_for, request_timeout=request_timeout)
        self._keyring = Keyring(provider, clock=clock, refresh_interval=refresh_interval, stale_for=stale_for)
        self._remembered = RememberedTokens(self._keyring, clock)

    async def verify(self, token: str) -> Claims:
        """Return what `token` says, having checked everything there is to check about it.

        Raises:
            TokenRefused: The token is not acceptable.
            ProviderUnavailable: The provider's keys are needed and cannot be had now.
        """
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise TokenRefused("malformed")

        digest = hashlib.sha256(token.encode("ascii")).digest()
        if (claims := self._remembered.recall(digest)) is not None:
            return claims

        signed = self._parse(token)
        key_set = await self._check_signature(signed)
        claims = self._claims.check(signed.payload)
        self._remembered.remember(digest, claims, key_set)
        return claims

    async def close(self) -> None:
        """Release the connections to the provider, unless they belong to the client that was passed in."""
        if self._owns_http:
            await self._http.aclose()

    def _parse(self, token: str) -> CompactSignature:
        """Take the token apart and refuse whatever its header alone rules out. Nothing in it is trusted yet."""
        try:
            signed = jws.extract_compact(token.encode("ascii"), registry=self._registry)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            # joserfc expects the header to be an object of modest depth, which a stranger need not send.
            raise TokenRefused("malformed") from error

        header: Any = signed.headers()
        if not isinstance(header, dict) or not isinstance(header["alg"], str):
            raise TokenRefused("malformed")
        if not isinstance(header.get("kid", ""), str) or not isinstance(header.get("typ", ""), str):
            raise TokenRefused("malformed")
        if "crit" in header:
            # We understand no extensions, and RFC 7515 says to refuse a token that insists on one.
            raise TokenRefused("critical_header")
        if header["alg"] not in self._registry.accepted:
            raise TokenRefused("algorithm")
        if header.get("typ", "jwt").lower().removeprefix("application/") not in _ACCESS_TOKEN_TYPES:
            raise TokenRefused("token_type")
        return signed

    async def _check_signature(self, signed: CompactSignature) -> KeySet:
        """Check the signature, fetching keys if need be, and return the key set that vouches for it."""
        header = signed.headers()
        algorithm = self._registry.get_alg(header["alg"])

        def suits(key: Key) -> bool:
            # Covers the key's type and curve, and its own `alg`, `use` and `key_ops` where it has them.
            try:
                algorithm.check_key(key)
                key.check_key_op("verify")
            except JoseError:
                return False
            return True

        if "kid" in header:
            key_set, named = await self._keyring.matching(lambda key: key.kid == header["kid"])
            if not named:
                raise TokenRefused("unknown_key")
            candidates = [key for key in named if suits(key)]
        else:
            # Without a key id only the algorithm can choose the key. If that leaves more than one, we do not guess:
            # OpenID Connect Core, section 10.1, makes `kid` mandatory then.
            key_set, candidates = await self._keyring.matching(suits)
            if len(candidates) != 1:
                raise TokenRefused("unknown_key")

        if not candidates:
            raise TokenRefused("unsuitable_key")
        for key in candidates:
            try:
                if jws.validate_compact(signed, key, registry=self._registry):
                    return key_set
            except (JoseError, ValueError) as error:
                raise TokenRefused("signature") from error
        raise TokenRefused("signature")
