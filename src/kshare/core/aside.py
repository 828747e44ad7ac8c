"""Work that can keep a processor busy for a second: done aside, so that the event loop goes on answering others.

One thread does it, one call after the other in the order they came. Whoever has much to do asks for it piece by piece
and so lets others in between.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_thread = ThreadPoolExecutor(1, thread_name_prefix="aside")


async def aside(function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns."""
    return await asyncio.get_running_loop().run_in_executor(_thread, function, *arguments)
