"""The provider's documents, fetched as if it were a stranger's: bounded in time and size, from safe addresses only."""

import asyncio
import ipaddress
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx

from kshare.people.oidc.keys import KeySet, usable_keys
from kshare.people.oidc.refusals import ProviderUnavailable

MAX_RESPONSE_BYTES: Final = 256 * 1024
"""Largest discovery document or key set read from the provider, in bytes."""

SHORTEST_LIFETIME: Final = 60.0
LONGEST_LIFETIME: Final = 3600.0
"""Bounds, in seconds, on how long a provider's document is relied upon before it is fetched again."""


@dataclass(frozen=True, slots=True)
class _Discovery:
    """Where the provider says its keys are, learnt at `fetched_at` and good for `lifetime` seconds."""

    jwks_uri: str
    fetched_at: float
    lifetime: float


class Provider:
    """Fetches key sets of one provider, and remembers where they are. Not for two callers at the same time.

    Raises ValueError for an issuer or a time that is unusable or unsafe.
    """

    def __init__(
        self,
        issuer: str,
        *,
        http: httpx.AsyncClient,
        clock: Callable[[], float],
        cache_for: float,
        request_timeout: float,
    ) -> None:
        if not SHORTEST_LIFETIME <= cache_for <= LONGEST_LIFETIME:
            raise ValueError(f"cache_for must be between {SHORTEST_LIFETIME:.0f} and {LONGEST_LIFETIME:.0f} seconds")
        self.issuer = issuer
        self._plain_http_allowed = _checked_issuer(issuer).scheme == "http"
        self._http = http
        self._clock = clock
        self._cache_for = cache_for
        self._request_timeout = request_timeout
        self._discovery: _Discovery | None = None

    async def key_set(self) -> KeySet:
        """The key set as it is now. Raises `ProviderUnavailable` when there is none to be had."""
        discovery = await self._discover()
        try:
            document, lifetime = await self._get(discovery.jwks_uri)
            keys = usable_keys(document, discovery.jwks_uri)
        except ProviderUnavailable:
            self._discovery = None  # perhaps the keys have moved, so look them up anew next time
            raise
        return KeySet(keys, fetched_at=self._clock(), lifetime=lifetime)

    async def _discover(self) -> _Discovery:
        if self._discovery is not None and age(self._clock, self._discovery.fetched_at) < self._discovery.lifetime:
            return self._discovery

        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        document, lifetime = await self._get(url)
        if document.get("issuer") != self.issuer:
            raise ProviderUnavailable(f"{url} describes another issuer")
        jwks_uri = document.get("jwks_uri")
        if not isinstance(jwks_uri, str) or not self._is_safe(jwks_uri):
            raise ProviderUnavailable(f"{url} names no acceptable jwks_uri")
        self._discovery = _Discovery(jwks_uri, fetched_at=self._clock(), lifetime=lifetime)
        return self._discovery

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


def age(clock: Callable[[], float], moment: float) -> float:
    """Seconds since `moment`; forever, if the clock has been set back to before it."""
    seconds = clock() - moment
    return seconds if seconds >= 0 else math.inf


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
