"""Which policy holds for a content, for both doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from kshare.content.reads import CONTENT
from kshare.core.errors import DomainError
from kshare.core.principal import Principal
from kshare.core.reading import Pick, Selection
from kshare.edge.kernel import Kernel
from kshare.edge.reads import Bespoke, Connection, OneRead, read_one
from kshare.reviews.reads.policies import HELD_POLICY


def policy_of_content(content_id: UUID) -> OneRead:
    """The read of the policy that holds for a content."""
    return OneRead(HELD_POLICY, by={"content_id": content_id})


async def nothing_needed(kernel: Kernel, principal: Principal, content_id: UUID) -> DomainError:
    """The 404 for a content that needs no review; raises that of a content which there is not, or is hidden."""
    await read_one(kernel, principal, OneRead(CONTENT, content_id), Selection((Pick("id", "id"),)))
    return DomainError("not_found", "It needs no review: no policy asks for one.")


@dataclass(frozen=True, slots=True)
class HeldPolicyRead(Bespoke):
    """The policy that holds for a content, as a query selects from it."""

    content_id: UUID

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        try:
            held = policy_of_content(self.content_id)
            return (await read_one(kernel, principal, held, selection, connection, sizes))[0]
        except DomainError as error:
            if error.code != "not_found":
                raise
            raise await nothing_needed(kernel, principal, self.content_id) from None
