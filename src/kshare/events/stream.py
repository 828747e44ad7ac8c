"""Following the journal: what a caller may see of it, as it happens.

Every stream reads for itself, so that the visibility of its own caller decides; that there is something to read they
all learn from one watch (core/journal.py). A stream holds one batch at a time and asks for the next when that has been
taken, so a slow client costs nothing but its own place.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from kshare.core.access import Permission
from kshare.core.database import translate
from kshare.core.principal import Principal
from kshare.core.reading import Selection
from kshare.core.writing import require
from kshare.edge.kernel import Kernel
from kshare.events.reads import Batch, Place, read_events

BATCH = 50
"""Events a stream holds at once."""

RECHECK = 1.0
"""Seconds after which a silent stream makes sure that its caller is still who it was."""

READS_A_SECOND = 300
"""Reads of all streams of a process together; with many streams each looks a little less often."""


async def follow(
    kernel: Kernel,
    authenticate: Callable[[], Awaitable[Principal]],
    place: Place,
    types: frozenset[str],
    selections: tuple[Selection, ...] = (),
) -> AsyncGenerator[Batch, None]:
    """The events behind a place and those to come, until the process goes down; an empty batch about once a second.

    Raises what `authenticate` raises when the caller is no longer known, and `forbidden` when the permission is gone.
    While the database is away nothing is delivered, and nothing is lost.
    """
    changes = kernel.changes
    with changes.listening():
        more, seen = True, changes.generation
        while not changes.closed:
            found = None
            try:
                async with changes.turns:
                    principal = await authenticate()
                    require(principal, Permission.events_read)
                    if more or seen != changes.generation:
                        seen = changes.generation
                        found = await read_events(kernel, principal, place, types, BATCH, selections)
            except Exception as error:
                refusal = translate(error)
                if refusal is None or refusal.code != "unavailable":
                    raise
                more = True
                yield Batch((), (), (), place, True)
                await changes.wait(changes.generation, RECHECK)
                continue
            if found is not None:
                place, more = found.place, found.more
                yield found
                await asyncio.sleep(changes.listeners / READS_A_SECOND)
            if not more:
                await changes.wait(seen, RECHECK)
                if seen == changes.generation:
                    yield Batch((), (), (), place, False)
