"""Which ideas are alike: found by the rare words they share, then compared one by one.

Two statements. The first finds ideas that have one of the keys, a few hundred at most, and only what the viewer may
see; here they are scored. The second reads what is shown of the best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import (
    ARRAY,
    Integer,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.core.aside import aside
from kshare.core.errors import not_found
from kshare.core.principal import Principal
from kshare.core.reading import Selection, Statement, compiled, constant, json_object
from kshare.core.reading.statements import render, rendered_paths
from kshare.edge.kernel import Kernel
from kshare.edge.reads import binds, fetch
from kshare.ideas.likeness.nearest import Found, keys_of, ranked
from kshare.ideas.likeness.scoring import DUPLICATE, RELATED
from kshare.ideas.likeness.text import MAX_BODY, print_of
from kshare.ideas.likeness.weights import weights_of
from kshare.ideas.models import IdeaRow, LikenessRow
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.shapes.similar import FindSimilarIdeas

CANDIDATES: Final = 200
"""Ideas that are compared, at most."""
_AT_ONCE: Final = 1_500
"""Characters that are cut on the spot, which takes less than going aside would be worth."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is compared."""

    title: str
    summary: str = ""
    body: str = ""
    department_id: UUID | None = None
    """Whose: ideas of others are related."""
    without: frozenset[UUID] = frozenset()
    """Ideas that are not offered, nor what was merged into them."""


@dataclass(frozen=True, slots=True)
class Alike:
    """An idea to be shown: its JSON for each selection that is asked for, and why."""

    ideas: Sequence[bytes]
    score: float
    words: Sequence[str]
    merged: str | None


@dataclass(frozen=True, slots=True)
class Likes:
    """What was found."""

    duplicates: Sequence[Alike] = ()
    related: Sequence[Alike] = ()


def candidates_statement() -> Statement:
    """The visible ideas that have one of the bound keys: their tokens and their department."""

    def build() -> Select[Any]:
        likeness, row = aliased(LikenessRow), aliased(ContentRow)
        having = select(likeness.id, likeness.title, likeness.rest).where(
            likeness.keys.bool_op("&&")(bindparam("keys", type_=ARRAY(Integer)))
        )
        # Apart, so that the index of the keys is what is read first, whatever the planner thinks of the rest.
        found = having.cte("having_keys").prefix_with("MATERIALIZED", dialect="postgresql")
        # A merged idea is archived, and leads to the one it was merged into. Asked for one by one: of EXISTS PostgreSQL
        # would rather make a table of everything that was ever merged.
        idea = aliased(IdeaRow)
        merged = select(idea.merged_into).where(idea.id == row.id).scalar_subquery().is_not(None)
        offered = or_(row.state == constant("published"), and_(row.state == constant("archived"), merged))
        return (
            select(found.c.id.label("id"), found.c.title, found.c.rest, row.department_id)
            .join_from(found, row, row.id == found.c.id)
            .where(IDEA.condition(row), offered)
            .limit(literal_column(str(CANDIDATES)))
        )

    return compiled("similar ideas", build)


def shown_statement(selection: Selection | None) -> Statement:
    """What is shown of the ideas with the bound `ids`, or of those they were merged into: `origin`, `id` and `json`."""

    def build() -> Select[Any]:
        row, idea, following = aliased(ContentRow), aliased(IdeaRow), aliased(IdeaRow)
        asked = func.unnest(bindparam("ids", type_=ARRAY(Uuid))).table_valued("id").render_derived("asked")
        step = select(asked.c.id.label("origin"), asked.c.id.label("id")).cte("step", recursive=True)
        step = step.union(
            select(step.c.origin, following.merged_into)
            .join_from(step, following, following.id == step.c.id)
            .where(following.merged_into.is_not(None))
        )
        shown = json_object(IDEA, row, selection) if selection is not None else null()
        return (
            select(step.c.origin, row.id, shown.label("json"))
            .join_from(step, row, row.id == step.c.id)
            .join(idea, and_(idea.id == row.id, idea.merged_into.is_(None)))
            .where(row.state == constant("published"), IDEA.condition(row))
        )

    rendered = () if selection is None else rendered_paths(IDEA, selection)
    return compiled(("similar ideas shown", selection), build, lambda: rendered)


def _text_statement() -> Statement:
    def build() -> Select[Any]:
        row = aliased(ContentRow)
        body = func.left(row.body, literal_column(str(MAX_BODY)))
        found = select(row.title, row.summary, body.label("body"), row.department_id)
        return found.where(row.id == bindparam("id", type_=Uuid), IDEA.condition(row))

    return compiled("text of an idea", build)


async def text_of(kernel: Kernel, principal: Principal, id: UUID) -> Text:
    """The text of an idea; raises 404 for one that does not exist or is hidden."""
    row = await fetch(kernel, principal, _text_statement(), {"id": id})
    if row is None:
        raise not_found("idea")
    department = row["department_id"] or principal.department_id
    return Text(row["title"], row["summary"], row["body"], department, frozenset({id}))


async def similar(
    kernel: Kernel,
    principal: Principal,
    text: Text,
    limit: int,
    selections: Sequence[Selection],
    sizes: Mapping[str, int] | None = None,
) -> Likes:
    """The ideas that are like a text, for each list at most `limit`."""
    length = len(text.title) + len(text.summary) + len(text.body)
    if length <= _AT_ONCE:
        print_ = print_of(text.title, text.summary, text.body)
    else:
        print_ = await aside(print_of, text.title, text.summary, text.body)
    if print_.empty:
        return Likes()
    weights = await weights_of(kernel.database, principal.clearance)
    statement = candidates_statement()
    bound = statement.bind({**binds(kernel, principal), "keys": keys_of(print_, weights)})
    rows = await kernel.database.fetch(statement.sql, bound)
    best = ranked(print_, weights, rows, RELATED)
    duplicates, others = _sorted_out(best, text)
    # Of several that were merged into one, one is shown: some more than are wanted are looked at.
    chosen = [*duplicates[: limit + 5], *others[: limit + 5]]
    if not chosen:
        return Likes()
    return await _shown(kernel, principal, text, chosen, limit, selections, sizes or {})


def _sorted_out(best: Sequence[Found], text: Text) -> tuple[list[Found], list[Found]]:
    offered = [found for found in best if found.id not in text.without]
    duplicates = [found for found in offered if found.score >= DUPLICATE]
    others = [found for found in offered if found.score < DUPLICATE and _elsewhere(found, text)]
    return duplicates, others


def _elsewhere(found: Found, text: Text) -> bool:
    """Whether it is from another department; what shows none, such as an anonymous idea, is not known to be."""
    return found.department_id is not None and found.department_id != text.department_id


async def _shown(
    kernel: Kernel,
    principal: Principal,
    text: Text,
    chosen: Sequence[Found],
    limit: int,
    selections: Sequence[Selection],
    sizes: Mapping[str, int],
) -> Likes:
    values = {**binds(kernel, principal), **sizes, "ids": [found.id for found in chosen]}
    read: list[Mapping[UUID, asyncpg.Record]] = []
    statements = [shown_statement(selection) for selection in (selections or (None,))]
    for statement in statements:
        rows = await kernel.database.fetch(statement.sql, statement.bind(values))
        read.append({row["origin"]: row for row in rows})
    lists: tuple[list[Alike], list[Alike]] = ([], [])
    seen: set[UUID] = set(text.without)
    for found in chosen:
        into = lists[found.score < DUPLICATE]
        if len(into) >= limit or not all(found.id in rows for rows in read):
            continue
        target: UUID = read[0][found.id]["id"]
        if target in seen:
            continue
        seen.add(target)
        ideas = [await render(s, rows[found.id]["json"]) for s, rows in zip(statements, read, strict=True)]
        merged = str(found.id) if target != found.id else None
        into.append(Alike(ideas if selections else (), found.score, found.words, merged))
    return Likes(*lists)


def rest_body(likes: Likes) -> bytes:
    """The answer of REST."""

    def listed(entries: Sequence[Alike]) -> list[dict[str, Any]]:
        return [
            {"idea": orjson.Fragment(one.ideas[0]), "score": one.score, "words": one.words, "merged": one.merged}
            for one in entries
        ]

    return orjson.dumps({"duplicates": listed(likes.duplicates), "related": listed(likes.related)})


def asked_for(ask: FindSimilarIdeas, principal: Principal) -> Text:
    """The text of an ask."""
    return Text(ask.title, ask.summary, ask.body, principal.department_id, frozenset(ask.exclude))
