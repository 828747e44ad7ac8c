"""Reads whose answer is made by Python: the query's selection is picked out of plain data."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from kshare.core.principal import Principal
from kshare.core.reading import Selection
from kshare.edge.kernel import Kernel
from kshare.edge.reads import Bespoke, Connection


@dataclass(frozen=True, slots=True)
class PlainRead(Bespoke):
    """Data as REST would show it, of which only what the query selects is answered."""

    make: Callable[[Kernel, Principal], Awaitable[Any]]

    @classmethod
    def of(cls, data: Any) -> "PlainRead":
        """A read of what is there already."""

        async def make(kernel: Kernel, principal: Principal) -> Any:
            return data

        return cls(make)

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes | None:
        data = await self.make(kernel, principal)
        return None if data is None else orjson.dumps(picked(selection, data))


def picked(selection: Selection | None, data: Any) -> Any:
    """What a selection picks out of data; lists are entered."""
    if selection is None or data is None:
        return data
    if isinstance(data, Sequence):
        return [picked(selection, one) for one in data]
    return {pick.name: pick.typename or picked(pick.selection, data[pick.field]) for pick in selection}
