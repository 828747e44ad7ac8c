"""How often a caller may ask: counters per minute, in the process or shared through Redis.

Counters are fixed windows aligned to the clock, so that one dictionary (or one Redis key a caller) holds a whole
window and nothing has to be swept. The memory storage of the `limits` library is not used: its expiry walks every
key on every hit (measured: 12 us with one caller, 19 ms with 100,000), which makes it an attack surface. Its Redis
storage is used, and costs one round trip a request.
"""

import asyncio
import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple, Protocol

import structlog

from kshare.core.settings import Settings

WINDOW: Final = 60
"""Seconds in which requests are counted; `KSHARE_RATE_LIMIT` is requests a minute."""

FAILED_SIGN_IN: Final = "failed-sign-in"
"""The name of that policy in the `RateLimit` fields."""

MOST_KEYS: Final = 100_000
"""Callers counted in one window, about 15 MB; the ones beyond it are let through uncounted."""

log = structlog.get_logger()


class RateState(NamedTuple):
    """Where a caller stands after a hit.

    `remaining` requests are left of `limit` until `reset` seconds from now; `allowed` is whether this one still was.
    """

    policy: str
    limit: int
    remaining: int
    reset: int
    allowed: bool

    def header(self) -> bytes:
        """The `RateLimit` field: draft-ietf-httpapi-ratelimit-headers-10, section 4."""
        return b'"%s";r=%d;t=%d' % (self.policy.encode(), self.remaining, self.reset)


class Counters(Protocol):
    """What is needed of a storage of the `limits` library."""

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int: ...
    async def get(self, key: str) -> int: ...


class SharedCounters:
    """Counters in Redis that may be away: then every answer is None, at once, and a warning is logged once a minute."""

    PATIENCE: Final = 0.25
    """Seconds to wait for Redis: a limiter must not make requests slower than the work it protects."""

    PAUSE: Final = 5.0
    """Seconds in which a Redis that failed is not asked again."""

    def __init__(self, storage: Counters, clock: Callable[[], float] = time.monotonic) -> None:
        self._storage = storage
        self._clock = clock
        self._away_until = float("-inf")
        self._warned_at = float("-inf")

    @classmethod
    def at(cls, url: str) -> "SharedCounters":
        """Counters at a `redis://` or `rediss://` address. Nothing is connected yet."""
        from limits.aio.storage import RedisStorage

        return cls(RedisStorage(f"async+{url}", key_prefix="kshare", connect_timeout=cls.PATIENCE))

    async def add(self, key: str, expiry: int) -> int | None:
        """Counts one, for `expiry` seconds; the new count, or None when Redis is away."""
        if self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self.PATIENCE):
                return await self._storage.incr(key, expiry)
        except Exception as error:
            self._away(error)
            return None

    async def read(self, key: str) -> int | None:
        """The count, or None when Redis is away."""
        if self._clock() < self._away_until:
            return None
        try:
            async with asyncio.timeout(self.PATIENCE):
                return await self._storage.get(key)
        except Exception as error:
            self._away(error)
            return None

    def _away(self, error: Exception) -> None:
        """Whatever is wrong with Redis, a request is never refused for it."""
        now = self._clock()
        self._away_until = now + self.PAUSE
        if now - self._warned_at >= 60:
            self._warned_at = now
            log.warning("rate limits are counted in this process: Redis is away", error=type(error).__name__)


class RateLimiter:
    """One policy: `limit` requests in `window` seconds for one key.

    Without `shared` each process counts for itself: several processes together allow several times the limit.
    """

    def __init__(
        self,
        policy: str,
        limit: int,
        window: int = WINDOW,
        *,
        shared: SharedCounters | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.policy = policy
        self.limit = limit
        self.window = window
        self._shared = shared
        self._clock = clock
        self._index = 0
        self._counts: dict[str, int] = {}

    def header(self) -> bytes:
        """This policy as a member of `RateLimit-Policy`: draft-ietf-httpapi-ratelimit-headers-10, section 3."""
        return b'"%s";q=%d;w=%d' % (self.policy.encode(), self.limit, self.window)

    def untouched(self) -> RateState:
        """The state of a caller who is not counted."""
        return RateState(self.policy, self.limit, self.limit, self.window, True)

    async def hit(self, key: str) -> RateState:
        """Counts one request of `key`. Never raises and never waits longer than `SharedCounters.PATIENCE`."""
        index, reset = self._now()
        count: int | None = None
        if self._shared is not None:
            # The window's number is part of the key: one round trip counts and needs no question about the expiry.
            count = await self._shared.add(f"{self.policy}/{index}/{key}", self.window + 1)
        if count is None:
            count = self._counts.get(key, 0) + 1
            if count > 1 or len(self._counts) < MOST_KEYS:
                self._counts[key] = count
        return self._state(count, reset, count <= self.limit)

    async def peek(self, key: str) -> RateState:
        """Where `key` stands, without counting: `allowed` is whether one more request would be."""
        index, reset = self._now()
        count: int | None = None
        if self._shared is not None:
            count = await self._shared.read(f"{self.policy}/{index}/{key}")
        if count is None:
            count = self._counts.get(key, 0)
        return self._state(count, reset, count < self.limit)

    def _now(self) -> tuple[int, int]:
        """The number of the current window and the seconds until it ends; forgets the counts of an ended one."""
        index, elapsed = divmod(self._clock(), self.window)
        if index != self._index:
            self._index = int(index)
            self._counts = {}
        return self._index, self.window - int(elapsed)

    def _state(self, count: int, reset: int, allowed: bool) -> RateState:
        return RateState(self.policy, self.limit, max(0, self.limit - count), reset, allowed)


class Rates:
    """Which limits a request meets, before anybody knows who asks.

    A caller has one budget, whatever credentials have signed in as that caller, so that more keys, or other spellings
    of one, buy no more. Everything else, be it no credential or one never seen
    to work, counts against the client's address: made-up credentials buy no fresh budget. An address that
    sent too many refused credentials may send no further unknown ones until the window ends, while the credentials that
    work, of colleagues behind the same address, are not stopped.
    """

    MOST_TRUSTED: Final = 20_000
    """Credentials remembered as working; the oldest is forgotten first and is merely counted by address again."""

    def __init__(self, requests: RateLimiter, failures: RateLimiter) -> None:
        self.requests = requests
        self.failures = failures
        self.policies = requests.header() + b", " + failures.header()
        self._trusted: dict[str, str] = {}  # whose credential it is

    @classmethod
    def configured(cls, settings: Settings) -> "Rates":
        """The limits that the settings ask for, shared when `KSHARE_REDIS_URL` is set."""
        url = settings.redis_url
        shared = SharedCounters.at(url.get_secret_value()) if url is not None else None
        return cls(
            RateLimiter("default", settings.rate_limit, shared=shared),
            RateLimiter(FAILED_SIGN_IN, settings.failed_sign_ins, shared=shared),
        )

    async def admit(self, address: str, credential: str | None) -> RateState:
        """Counts a request from `address` with that credential (see `fingerprint`), and says whether it may go on."""
        if credential is None:
            return await self.requests.hit(address)
        if (caller := self._trusted.get(credential)) is not None:
            return await self.requests.hit(caller)
        failures = await self.failures.peek(address)
        return await self.requests.hit(address) if failures.allowed else failures

    async def learn(self, address: str, credential: str, *, works: bool, caller: str | None = None) -> None:
        """Remembers whose credential worked; counts one that was refused against the address it came from."""
        if works:
            if credential not in self._trusted:
                if len(self._trusted) >= self.MOST_TRUSTED:
                    del self._trusted[next(iter(self._trusted))]
                self._trusted[credential] = caller or credential
        else:
            self._trusted.pop(credential, None)
            await self.failures.hit(address)


def fingerprint(authorization: bytes) -> str:
    """A name for a credential that does not disclose it: 128 bits of BLAKE2b, in hex."""
    return blake2b(authorization, digest_size=16).hexdigest()


@lru_cache(maxsize=4096)
def address_of(host: str | None) -> str:
    """The name under which a client's address is counted.

    IPv6 counts by /64, since that is what one subscriber gets; an IPv4 address in IPv6 clothes counts as itself; a
    client without an address (a Unix socket) is "local".
    """
    if host is None:
        return "local"
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return host
