"""Charts as pictures for mails and slides: the optional extra `charts`.

Nothing here imports what draws before the first picture is asked for, so that a server starts as fast without one.
"""

import hashlib
from importlib.util import find_spec

import orjson

from kshare.core.aside import aside
from kshare.core.bounded import BoundedCache
from kshare.core.errors import DomainError, unavailable
from kshare.metrics.charts.picture import Picture

MOST_WAITING = 10
"""Pictures that are drawn or wait for it. One takes up to a second, so others had better come back."""

_NEEDED = ("matplotlib", "zhplot")
"""What draws, and the package that brings the letters."""

_drawn: BoundedCache[bytes, bytes] = BoundedCache(100)
_waiting = 0


async def drawn(picture: Picture) -> bytes:
    """The picture: the same bytes whenever the same is asked for.

    Raises `charts_not_installed` without the extra, and `unavailable` when too many are asked for at once.
    """
    global _waiting
    if any(find_spec(package) is None for package in _NEEDED):
        raise DomainError("charts_not_installed")
    key = hashlib.blake2b(orjson.dumps(picture), digest_size=16).digest()
    if (found := _drawn.get(key)) is not None:
        return found
    if _waiting >= MOST_WAITING:
        raise unavailable("Too many charts are being drawn.")
    _waiting += 1
    try:
        _drawn[key] = made = await aside(_draw, picture)
    finally:
        _waiting -= 1
    return made


def _draw(picture: Picture) -> bytes:
    from kshare.metrics.charts.drawing import draw

    return draw(picture)
