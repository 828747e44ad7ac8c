"""What resolvers find in `info.context`, made anew for each request."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import strawberry
from starlette.requests import Request

from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.principal import Principal
from kshare.core.writing import Work, require
from kshare.edge.kernel import Kernel
from kshare.edge.rest import authorization_of
from kshare.edge.telemetry import exchange_of

READS_AT_ONCE: Final = 3
"""Of one request."""

MOST_ANSWERED: Final = 32 * 1024 * 1024
"""Bytes of one answer. Under different names a query can ask for the same long texts many times over."""


@dataclass(slots=True)
class Context:
    """What resolvers find in `info.context`: the process, the caller and, in a mutation, the transaction."""

    kernel: Kernel
    principal: Principal
    request: Request
    _work: Work | None = None
    secrets: list[str] = field(default_factory=list)
    """What the answer tells once: where it is kept for a repeated request it is null."""
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READS_AT_ONCE))
    """Root fields are read at once, but only a few: one request must not take all connections from the others."""

    answered: int = 0
    """Bytes of what was read so far."""

    @property
    def work(self) -> Work:
        """The transaction of this mutation."""
        assert self._work is not None, "only mutations write"
        return self._work

    def count(self, body: bytes) -> bytes:
        """What was read; raises `too_complex` when it is too much together."""
        self.answered += len(body)
        if self.answered > MOST_ANSWERED:
            raise DomainError("too_complex", f"The answer would have more than {MOST_ANSWERED:,} bytes: ask for less.")
        return body

    def demand(self, permission: Permission) -> None:
        """Raises `forbidden` unless the caller has the permission."""
        require(self.principal, permission)


Info = strawberry.Info[Context, None]


async def context_of(request: Request) -> Context:
    """Who asks; raises `unauthenticated`."""
    kernel: Kernel = request.app.state.kernel
    principal = await kernel.authenticate(authorization_of(request))
    exchange_of(request.scope).principal_label = principal.label
    return Context(kernel, principal, request)
