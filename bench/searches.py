"""Table 3: what a search takes."""

from typing import Any


async def measure(*_: Any, **__: Any) -> None:
    """Nothing yet."""
