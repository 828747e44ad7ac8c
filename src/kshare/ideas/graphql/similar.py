"""Ideas that are alike, through GraphQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
import strawberry

from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.core.reading import Selection
from kshare.edge.graphql import Info, field, input_type, object_type
from kshare.edge.kernel import Kernel
from kshare.edge.parsing import checked_value
from kshare.edge.reads import Bespoke, Connection
from kshare.ideas.graphql.idea import Idea
from kshare.ideas.reads.similar import Alike, Text, asked_for, similar, text_of
from kshare.ideas.shapes import similar as shapes

READ = Permission.content_read

FindSimilarIdeas = input_type(shapes.FindSimilarIdeas)


@object_type
class SimilarIdea(shapes.SimilarIdea):
    __doc__ = shapes.SimilarIdea.__doc__
    idea: Idea
    """The idea."""


@object_type
class SimilarIdeas(shapes.SimilarIdeas):
    __doc__ = shapes.SimilarIdeas.__doc__
    duplicates: list[SimilarIdea]  # type: ignore[assignment]  # a field is read, never assigned
    """Ideas that propose the same, as far as their words tell."""
    related: list[SimilarIdea]  # type: ignore[assignment]
    """Ideas about the same from other departments: less alike, but worth a talk."""


@dataclass(frozen=True, slots=True)
class SimilarRead(Bespoke):
    """What is like a text, or like the text of an idea, as a query selects from it."""

    limit: int
    ask: shapes.FindSimilarIdeas | None = None
    id: UUID | None = None

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        text: Text
        if self.ask is not None:
            text = asked_for(self.ask, principal)
        else:
            assert self.id is not None
            text = await text_of(kernel, principal, self.id)
        wanted: dict[Selection, int] = {}
        for pick in selection:
            for inner in pick.selection or ():
                if inner.field == "idea":
                    wanted.setdefault(inner.selection or Selection(), len(wanted))
        found = await similar(kernel, principal, text, self.limit, tuple(wanted), sizes)
        return orjson.dumps(
            {
                pick.name: pick.typename or _listed(pick.selection or Selection(), getattr(found, pick.field), wanted)
                for pick in selection
            }
        )


def _listed(picks: Selection, entries: Sequence[Alike], wanted: Mapping[Selection, int]) -> list[dict[str, Any]]:
    return [
        {
            pick.name: pick.typename
            or (
                orjson.Fragment(one.ideas[wanted[pick.selection or Selection()]])
                if pick.field == "idea"
                else getattr(one, pick.field)
            )
            for pick in picks
        }
        for one in entries
    ]


class Query:
    @field("Ideas like a text, finished or not: what is the same already, and who elsewhere thinks about the same.")
    def similar_ideas(
        self,
        info: Info,
        input: Annotated[FindSimilarIdeas, strawberry.argument(description="What is compared.")],  # type: ignore[valid-type]
    ) -> SimilarIdeas:
        info.context.demand(READ)
        ask: Any = input
        return SimilarRead(ask.limit, ask=ask)  # type: ignore[return-value]

    @field("Ideas like an idea: what is the same already, and who in other departments thinks about the same.")
    def ideas_similar_to(
        self,
        info: Info,
        id: Annotated[UUID, strawberry.argument(description="The idea.")],
        limit: Annotated[int, strawberry.argument(description="Entries in each list, 1 to 20.")] = 5,
    ) -> SimilarIdeas:
        info.context.demand(READ)
        return SimilarRead(checked_value(shapes.Limit, limit, "/limit"), id=id)  # type: ignore[return-value]
