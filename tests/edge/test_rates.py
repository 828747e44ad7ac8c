"""How often one may ask, and that Redis being away is never the caller's problem."""

import asyncio
import socket
import time
from collections import Counter

import pytest
import structlog

from kshare.core.settings import Settings
from kshare.edge import rates
from kshare.edge.rates import RateLimiter, Rates, SharedCounters, address_of, fingerprint


class Clock:
    def __init__(self) -> None:
        self.now = 6000.0  # the start of a window

    def __call__(self) -> float:
        return self.now


class FakeStorage:
    """Redis, as far as the limiter knows it; can be away or hang."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.asked = 0
        self.error: Exception | None = None
        self.delay = 0.0

    async def _answer(self) -> None:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        await self._answer()
        self.counts[key] += amount
        return self.counts[key]

    async def get(self, key: str) -> int:
        await self._answer()
        return self.counts[key]


def test_a_limiter_counts_down_and_starts_again() -> None:
    async def run() -> None:
        clock = Clock()
        limiter = RateLimiter("default", 2, clock=clock)
        clock.now += 18
        first = await limiter.hit("a")
        assert (first.remaining, first.reset, first.allowed) == (1, 42, True)
        assert first.header() == b'"default";r=1;t=42'
        assert (await limiter.hit("a")).allowed
        refused = await limiter.hit("a")
        assert (refused.remaining, refused.allowed) == (0, False)
        assert (await limiter.hit("b")).remaining == 1
        clock.now += 42
        assert (await limiter.hit("a")).remaining == 1

    asyncio.run(run())


def test_to_look_costs_nothing() -> None:
    async def run() -> None:
        limiter = RateLimiter("default", 1, clock=Clock())
        assert (await limiter.peek("a")).allowed
        assert (await limiter.peek("a")).allowed
        await limiter.hit("a")
        assert not (await limiter.peek("a")).allowed

    asyncio.run(run())


def test_the_policy_follows_the_draft() -> None:
    assert RateLimiter("default", 6000).header() == b'"default";q=6000;w=60'
    both = b'"default";q=6000;w=60, "failed-sign-in";q=60;w=60'
    assert Rates.configured(Settings(_env_file=None)).policies == both


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(rates, "MOST_KEYS", 10)
        limiter = RateLimiter("default", 5, clock=Clock())
        for number in range(50):
            assert (await limiter.hit(f"caller {number}")).allowed
        assert len(limiter._counts) == 10
        assert (await limiter.hit("caller 3")).remaining == 3

    asyncio.run(run())


def test_a_hit_is_cheap_however_many_callers_there_are() -> None:
    async def run() -> float:
        limiter = RateLimiter("default", 10**9)
        for number in range(50_000):
            await limiter.hit(f"caller {number}")
        started = time.perf_counter()
        for number in range(5000):
            await limiter.hit(f"caller {number}")
        return (time.perf_counter() - started) / 5000

    assert asyncio.run(run()) < 5e-3  # about 1 us; the storage of `limits` needs 19,000 us here


def test_processes_share_what_redis_counts() -> None:
    async def run() -> None:
        clock, storage = Clock(), FakeStorage()
        one, other = (RateLimiter("default", 2, shared=SharedCounters(storage), clock=clock) for _ in range(2))
        assert (await one.hit("a")).remaining == 1
        assert (await other.hit("a")).remaining == 0
        assert not (await other.peek("a")).allowed
        assert not (await one.hit("a")).allowed
        clock.now += 60
        assert (await one.hit("a")).remaining == 1

    asyncio.run(run())


@pytest.mark.parametrize("how", ["refused", "hanging"])
def test_redis_away_means_counting_here_and_one_warning(how: str) -> None:
    async def run() -> None:
        away, storage = Clock(), FakeStorage()
        limiter = RateLimiter("default", 100, shared=SharedCounters(storage, clock=away), clock=Clock())
        if how == "refused":
            storage.error = ConnectionRefusedError("no")
        else:
            storage.delay = 60
        started = time.perf_counter()
        states = [await limiter.hit("a") for _ in range(5)]
        assert time.perf_counter() - started < 2
        assert [state.remaining for state in states] == [99, 98, 97, 96, 95]
        assert storage.asked == 1, "one that failed is left alone for a while"
        for _ in range(20):  # 100 seconds
            away.now += 5
            await limiter.hit("a")
        assert storage.asked == 21
        storage.error, storage.delay = None, 0
        away.now += 5
        assert (await limiter.hit("a")).remaining == 99, "it is asked again when it is back"

    if how == "hanging":
        pytest.MonkeyPatch().setattr(SharedCounters, "PATIENCE", 0.02)
    with structlog.testing.capture_logs() as lines:
        asyncio.run(run())
    assert [line["log_level"] for line in lines] == ["warning", "warning"], "once a minute"


def test_a_real_client_of_an_absent_redis() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{free.getsockname()[1]}/0"

    async def run() -> list[bool]:
        limiter = RateLimiter("default", 3, shared=SharedCounters.at(url), clock=Clock())
        return [(await limiter.hit("10.0.0.1")).allowed for _ in range(4)]

    with structlog.testing.capture_logs() as lines:
        assert asyncio.run(run()) == [True, True, True, False]
    assert len(lines) == 1


def make_rates(requests: int = 5, failures: int = 2) -> Rates:
    clock = Clock()
    return Rates(
        RateLimiter("default", requests, clock=clock), RateLimiter(rates.FAILED_SIGN_IN, failures, clock=clock)
    )


def test_made_up_credentials_buy_no_fresh_budget() -> None:
    async def run() -> None:
        limits = make_rates(requests=5)
        assert [(await limits.admit("ip", f"made up {number}")).allowed for number in range(6)] == [True] * 5 + [False]

    asyncio.run(run())


def test_a_credential_that_works_has_its_own_budget() -> None:
    async def run() -> None:
        limits = make_rates(requests=5)
        await limits.learn("ip", "key", works=True)
        for _ in range(5):
            assert (await limits.admit("ip", None)).allowed
        assert not (await limits.admit("ip", None)).allowed
        assert (await limits.admit("ip", "key")).remaining == 4

    asyncio.run(run())


def test_more_keys_buy_no_more() -> None:
    async def run() -> None:
        limits = make_rates(requests=5)
        for key in ("Bearer a", "bearer a", "Bearer b"):
            await limits.learn("ip", key, works=True, caller="person:1")
        await limits.learn("ip", "Bearer c", works=True, caller="person:2")
        allowed = [(await limits.admit("ip", key)).allowed for key in ("Bearer a", "bearer a", "Bearer b") * 2]
        assert allowed == [True] * 5 + [False]
        assert (await limits.admit("ip", "Bearer c")).remaining == 4

    asyncio.run(run())


def test_guessing_is_stopped_but_not_the_colleagues_behind_the_same_address() -> None:
    async def run() -> None:
        limits = make_rates(requests=100, failures=2)
        await limits.learn("ip", "key", works=True)
        for guess in ("a", "b"):
            assert (await limits.admit("ip", guess)).allowed
            await limits.learn("ip", guess, works=False)
        stopped = await limits.admit("ip", "c")
        assert not stopped.allowed
        assert stopped.header() == b'"failed-sign-in";r=0;t=60'
        assert (await limits.admit("ip", "key")).allowed
        assert (await limits.admit("ip", None)).allowed
        assert (await limits.admit("other", "c")).allowed
        await limits.learn("ip", "key", works=False)  # revoked
        assert not (await limits.admit("ip", "key")).allowed

    asyncio.run(run())


def test_trust_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(Rates, "MOST_TRUSTED", 3)
        limits = make_rates()
        for number in range(10):
            await limits.learn("ip", f"key {number}", works=True)
        assert list(limits._trusted) == ["key 7", "key 8", "key 9"]

    asyncio.run(run())


@pytest.mark.parametrize(
    "host, address",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, "local"),
    ],
)
def test_address_of(host: str | None, address: str) -> None:
    assert address_of(host) == address


def test_a_fingerprint_discloses_nothing() -> None:
    assert fingerprint(b"Bearer ksk_secret") == fingerprint(b"Bearer ksk_secret") != fingerprint(b"Bearer ksk_other")
    assert "secret" not in fingerprint(b"Bearer ksk_secret")
