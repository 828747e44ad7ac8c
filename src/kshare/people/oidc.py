"""Verification of OpenID Connect access tokens.

A caller proves who they are with a signed JWT from the one identity provider this service trusts. `TokenVerifier`
checks such a token against the keys the provider publishes and hands back its `Claims`. It knows nothing about web
frameworks or storage: the layers above turn `TokenRefused` into a 401 and `ProviderUnavailable` into a 503.

Whatever is read from a token before its signature is checked was chosen by a stranger. Three fields are read that
early: `alg` (checked against an allow-list), `kid` (only ever compared with key ids we already hold) and `typ`.
Headers that offer a key or say where to find one (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
"""

import asyncio
import hashlib
import ipaddress
import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

import httpx
from joserfc import jws
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
    UnsupportedAlgorithmError,
)
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, JWKRegistry, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.registry import HeaderParameter

logger = logging.getLogger(__name__)

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

MAX_SUBJECT_LENGTH: Final = 255
"""Longest subject accepted, in characters; OpenID Connect Core, section 2, sets the same limit."""

MAX_RESPONSE_BYTES: Final = 256 * 1024
"""Largest discovery document or key set read from the provider, in bytes."""

MAX_KEYS: Final = 100
"""Most keys accepted in one key set."""

SHORTEST_LIFETIME: Final = 60.0
LONGEST_LIFETIME: Final = 3600.0
"""Bounds, in seconds, on how long a provider's document is relied upon before it is fetched again."""

VERIFIED_FOR: Final = 60.0
VERIFIED_ENTRIES: Final = 1000
"""How long (seconds) and how many verified tokens are remembered, to spare a signature check per request."""

_MAX_EMAIL_LENGTH: Final = 320
_MAX_NAME_LENGTH: Final = 255
_MAX_LEEWAY: Final = 300.0
_RSA_BITS: Final = range(2048, 8192 + 1)

# A logout token or a DPoP proof is signed by the same provider, and may carry the same issuer and audience, but
# grants nothing. The header `typ` is what tells them apart (RFC 8725, section 3.11).
_ACCESS_TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt"})

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


class TokenRefused(Exception):
    """The token is not acceptable, and presenting it again will not help. `reason` is a stable code."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


class ProviderUnavailable(Exception):
    """The provider's keys cannot be had at the moment, so nothing can be said about the token; try again later."""


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
        if not audience:
            raise ValueError("an audience is required")
        if not 0 <= leeway <= _MAX_LEEWAY:
            raise ValueError(f"leeway must be between 0 and {_MAX_LEEWAY:.0f} seconds, not {leeway}")
        if not SHORTEST_LIFETIME <= cache_for <= LONGEST_LIFETIME:
            raise ValueError(f"cache_for must be between {SHORTEST_LIFETIME:.0f} and {LONGEST_LIFETIME:.0f} seconds")

        self._issuer = issuer
        self._audience = audience
        self._registry = _SignatureRegistry(_checked_algorithms(algorithms))
        self._clock = clock
        self._leeway = int(leeway)
        self._http = httpx.AsyncClient() if http is None else http
        self._owns_http = http is None
        self._keys = _ProviderKeys(
            issuer,
            http=self._http,
            clock=clock,
            cache_for=cache_for,
            refresh_interval=refresh_interval,
            stale_for=stale_for,
            request_timeout=request_timeout,
        )
        self._verified: dict[bytes, _Verified] = {}

    async def verify(self, token: str) -> Claims:
        """Return what `token` says, having checked everything there is to check about it.

        Raises:
            TokenRefused: The token is not acceptable.
            ProviderUnavailable: The provider's keys are needed and cannot be had now.
        """
        if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            raise TokenRefused("malformed")

        digest = hashlib.sha256(token.encode("ascii")).digest()
        if (claims := self._recall(digest)) is not None:
            return claims

        signed = self._parse(token)
        key_set = await self._check_signature(signed)
        claims = self._check_claims(signed.payload)
        self._remember(digest, claims, key_set)
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

    async def _check_signature(self, signed: CompactSignature) -> "_KeySet":
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
            key_set, named = await self._keys.matching(lambda key: key.kid == header["kid"])
            if not named:
                raise TokenRefused("unknown_key")
            candidates = [key for key in named if suits(key)]
        else:
            # Without a key id only the algorithm can choose the key. If that leaves more than one, we do not guess:
            # OpenID Connect Core, section 10.1, makes `kid` mandatory then.
            key_set, candidates = await self._keys.matching(suits)
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

    def _check_claims(self, payload: bytes) -> Claims:
        """Check the claims of a token whose signature is good, and pick out those we keep."""
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

    def _recall(self, digest: bytes) -> Claims | None:
        """Return the claims of a token verified moments ago, if it would still pass in full."""
        entry = self._verified.get(digest)
        if entry is None:
            return None
        now = self._clock()
        # Leeway is deliberately not granted here, so that no entry outlives its token; nor does one outlive the keys
        # it was checked with, so that a key the provider has withdrawn stops working everywhere at once.
        if entry.since <= now < entry.until and self._keys.still_trusts(entry.keys):
            return entry.claims
        del self._verified[digest]
        return None

    def _remember(self, digest: bytes, claims: Claims, key_set: "_KeySet") -> None:
        now = self._clock()
        until = min(now + VERIFIED_FOR, claims.expires_at.timestamp())
        if until <= now:
            return
        while len(self._verified) >= VERIFIED_ENTRIES:
            # Dictionaries keep insertion order, so the first entry is the oldest.
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = _Verified(claims, since=now, until=until, keys=key_set.keys)


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that passed every check at `since` and need not be checked again before `until`."""

    claims: Claims
    since: float
    until: float
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class _KeySet:
    """The provider's usable keys, fetched at `fetched_at` and to be relied upon for `lifetime` seconds."""

    keys: tuple[Key, ...]
    fetched_at: float
    lifetime: float


@dataclass(frozen=True, slots=True)
class _Discovery:
    """Where the provider says its keys are, learnt at `fetched_at` and good for `lifetime` seconds."""

    jwks_uri: str
    fetched_at: float
    lifetime: float


class _ProviderKeys:
    """The provider's signing keys, kept reasonably fresh without letting strangers make us fetch them at will."""

    def __init__(
        self,
        issuer: str,
        *,
        http: httpx.AsyncClient,
        clock: Callable[[], float],
        cache_for: float,
        refresh_interval: float,
        stale_for: float,
        request_timeout: float,
    ) -> None:
        self._issuer = issuer
        self._plain_http_allowed = _checked_issuer(issuer).scheme == "http"
        self._http = http
        self._clock = clock
        self._cache_for = cache_for
        self._refresh_interval = refresh_interval
        self._stale_for = stale_for
        self._request_timeout = request_timeout

        self._held: _KeySet | None = None
        self._discovery: _Discovery | None = None
        self._refreshing = asyncio.Lock()
        self._asked_at = -math.inf  # when an unknown key last made us refresh
        self._failed_at = -math.inf  # when a refresh last failed

    async def matching(self, wanted: Callable[[Key], bool]) -> tuple[_KeySet, list[Key]]:
        """Return the keys that are `wanted`, and the set they belong to.

        If there are none, the provider may have rotated its keys, so a new set is fetched as often as that is
        allowed. The list can still be empty.

        Raises:
            ProviderUnavailable: There is no key set, or only one too old to use, and none can be fetched.
        """
        before = self._held
        key_set = await self._current()
        found = [key for key in key_set.keys if wanted(key)]
        if not found and key_set is before:
            # Were it not the set held before, it would be brand new and there would be no point in asking again.
            key_set = await self._newer_than(key_set)
            found = [key for key in key_set.keys if wanted(key)]
        return key_set, found

    def still_trusts(self, keys: tuple[Key, ...]) -> bool:
        """Whether `keys` are still what the provider publishes, as far as we can know without asking."""
        held = self._held
        return held is not None and held.keys is keys and self._age(held.fetched_at) < held.lifetime

    async def _current(self) -> _KeySet:
        """Return the key set to use now: a fresh one if possible, else the one held while it is not too old."""
        held = self._held
        if held is not None:
            if self._age(held.fetched_at) < held.lifetime:
                return held
            # While the provider struggles, one request at a time puts up with waiting for it. The others go on with
            # the keys we have.
            if self._is_usable(held) and (self._refreshing.locked() or self._is_pausing()):
                return held

        async with self._refreshing:
            if self._held is not None and self._held is not held:
                return self._held  # fetched by another request while this one waited its turn
            try:
                if self._is_pausing():
                    raise ProviderUnavailable(f"{self._issuer} could not be reached moments ago")
                return await self._refresh()
            except ProviderUnavailable:
                if held is None or not self._is_usable(held):
                    raise
                return held

    async def _newer_than(self, seen: _KeySet) -> _KeySet:
        """Return a key set newer than `seen` if one may be fetched now, else `seen`."""
        async with self._refreshing:
            if self._held is not None and self._held is not seen:
                return self._held
            # Anyone can make up a key id, so the answer to an unknown one has to be rationed.
            if self._age(self._asked_at) < self._refresh_interval or self._is_pausing():
                return seen
            self._asked_at = self._clock()
            try:
                return await self._refresh()
            except ProviderUnavailable:
                return seen

    async def _refresh(self) -> _KeySet:
        """Fetch the key set and keep it. Only ever called by the holder of the lock."""
        try:
            discovery = await self._discover()
            try:
                keys, lifetime = await self._fetch_keys(discovery.jwks_uri)
            except ProviderUnavailable:
                self._discovery = None  # perhaps the keys have moved, so look them up anew next time
                raise
        except ProviderUnavailable as error:
            self._failed_at = self._clock()
            logger.warning("could not refresh the keys of %s: %s", self._issuer, error)
            raise

        if self._held is not None and self._held.keys == keys:
            # Keeping the identical tuple tells the cache of verified tokens that nothing has changed.
            keys = self._held.keys
        self._held = _KeySet(keys, fetched_at=self._clock(), lifetime=lifetime)
        return self._held

    async def _discover(self) -> _Discovery:
        if self._discovery is not None and self._age(self._discovery.fetched_at) < self._discovery.lifetime:
            return self._discovery

        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        document, lifetime = await self._get(url)
        if document.get("issuer") != self._issuer:
            raise ProviderUnavailable(f"{url} describes another issuer")
        jwks_uri = document.get("jwks_uri")
        if not isinstance(jwks_uri, str) or not self._is_safe(jwks_uri):
            raise ProviderUnavailable(f"{url} names no acceptable jwks_uri")
        self._discovery = _Discovery(jwks_uri, fetched_at=self._clock(), lifetime=lifetime)
        return self._discovery

    async def _fetch_keys(self, url: str) -> tuple[tuple[Key, ...], float]:
        document, lifetime = await self._get(url)
        published = document.get("keys")
        if not isinstance(published, list):
            raise ProviderUnavailable(f"{url} is not a key set")
        if len(published) > MAX_KEYS:
            raise ProviderUnavailable(f"{url} lists more than {MAX_KEYS} keys")
        keys = tuple(key for jwk in published if (key := _import_key(jwk)) is not None)
        if not keys:
            # Taken at its word all the same: withdrawing every key is how a compromised provider pulls the plug.
            logger.warning("%s lists no usable signing key", url)
        return keys, lifetime

    async def _get(self, url: str) -> tuple[dict[str, Any], float]:
        """Fetch a JSON object, and the seconds it may be relied upon."""
        body = bytearray()
        try:
            # httpx limits each single read; the outer limit stops a server that drips one byte at a time.
            async with (
                asyncio.timeout(self._request_timeout),
                self._http.stream(
                    "GET",
                    url,
                    # A compressed body could unpack to far more than it weighs, so none is asked for or accepted.
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                    follow_redirects=False,
                    timeout=self._request_timeout,
                ) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise ProviderUnavailable(f"{url} answered {response.status_code}")
                if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise ProviderUnavailable(f"{url} answered in an encoding that was not asked for")
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_RESPONSE_BYTES:
                        raise ProviderUnavailable(f"{url} answered with more than {MAX_RESPONSE_BYTES} bytes")
                lifetime = _lifetime(response.headers.get("Cache-Control", ""), self._cache_for)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ProviderUnavailable(f"{url} cannot be fetched: {type(error).__name__}") from error

        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable(f"{url} is not JSON") from error
        if not isinstance(document, dict):
            raise ProviderUnavailable(f"{url} is not a JSON object")
        return document, lifetime

    def _is_safe(self, jwks_uri: str) -> bool:
        """Whether keys may be fetched from there: encrypted, unless the issuer itself is a local development one."""
        try:
            parts = urlsplit(jwks_uri)
        except ValueError:
            return False
        return bool(parts.hostname) and parts.scheme in ({"https", "http"} if self._plain_http_allowed else {"https"})

    def _is_usable(self, held: _KeySet) -> bool:
        return self._age(held.fetched_at) < self._stale_for

    def _is_pausing(self) -> bool:
        return self._age(self._failed_at) < self._refresh_interval

    def _age(self, moment: float) -> float:
        """Seconds since `moment`; forever, if the clock has been set back to before it."""
        age = self._clock() - moment
        return age if age >= 0 else math.inf


class _SignatureRegistry(JWSRegistry):
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


def _checked_algorithms(algorithms: Sequence[str]) -> frozenset[str]:
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


def _checked_issuer(issuer: str) -> SplitResult:
    parts = urlsplit(issuer)
    if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"issuer must be a plain URL without query, fragment or user, not {issuer!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError(f"issuer must use https (http only on a loopback address), not {issuer!r}")
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


def _lifetime(cache_control: str, longest: float) -> float:
    """Seconds a response may be relied upon: `longest`, or less if its `Cache-Control` header says so."""
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name in ("no-store", "no-cache"):
            return SHORTEST_LIFETIME
        if name == "max-age" and value.isdecimal():
            # Python refuses to convert thousands of digits; a dozen are as good as forever already.
            return min(max(float(value[:12]), SHORTEST_LIFETIME), longest)
    return longest


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
