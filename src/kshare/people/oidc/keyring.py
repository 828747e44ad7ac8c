"""The keys to verify with now: when they are fetched anew, and how long old ones will do."""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import replace

from joserfc.jwk import Key

from kshare.people.oidc.keys import KeySet
from kshare.people.oidc.provider import Provider, age
from kshare.people.oidc.refusals import ProviderUnavailable

logger = logging.getLogger(__name__)


class Keyring:
    """The provider's signing keys, kept reasonably fresh without letting strangers make us fetch them at will."""

    def __init__(
        self, provider: Provider, *, clock: Callable[[], float], refresh_interval: float, stale_for: float
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._refresh_interval = refresh_interval
        self._stale_for = stale_for

        self._held: KeySet | None = None
        self._refreshing = asyncio.Lock()
        self._asked_at = -math.inf  # when an unknown key last made us refresh
        self._failed_at = -math.inf  # when a refresh last failed

    async def matching(self, wanted: Callable[[Key], bool]) -> tuple[KeySet, list[Key]]:
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

    async def _current(self) -> KeySet:
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
                    raise ProviderUnavailable(f"{self._provider.issuer} could not be reached moments ago")
                return await self._refresh()
            except ProviderUnavailable:
                if held is None or not self._is_usable(held):
                    raise
                return held

    async def _newer_than(self, seen: KeySet) -> KeySet:
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

    async def _refresh(self) -> KeySet:
        """Fetch the key set and keep it. Only ever called by the holder of the lock."""
        try:
            fetched = await self._provider.key_set()
        except ProviderUnavailable as error:
            self._failed_at = self._clock()
            logger.warning("could not refresh the keys of %s: %s", self._provider.issuer, error)
            raise

        if self._held is not None and self._held.keys == fetched.keys:
            # Keeping the identical tuple tells the cache of verified tokens that nothing has changed.
            fetched = replace(fetched, keys=self._held.keys)
        self._held = fetched
        return fetched

    def _is_usable(self, held: KeySet) -> bool:
        return self._age(held.fetched_at) < self._stale_for

    def _is_pausing(self) -> bool:
        return self._age(self._failed_at) < self._refresh_interval

    def _age(self, moment: float) -> float:
        return age(self._clock, moment)
