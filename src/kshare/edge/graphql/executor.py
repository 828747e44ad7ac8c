"""The executor that fetches a read whole, with everything its sub-selection asks for."""

from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_object_type
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import get_argument_values

from kshare.core.access import Permission
from kshare.core.bounded import BoundedCache
from kshare.core.reading import PageForm, Pick, Selection, View, checked_limit
from kshare.edge.graphql.context import Context
from kshare.edge.reads import Bespoke, NodeRead, OneRead, PageRead, read_node, read_one, read_page

Read = OneRead | PageRead | NodeRead | Bespoke

_NOTHING = Selection()
_NO_PAGE = PageForm()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a field asks of a read; made once for a field of a cached document."""

    one: Selection = _NOTHING
    page: PageForm = _NO_PAGE
    nodes: tuple[tuple[str, Selection], ...] = ()
    """For `node(id)`: what is asked of each type."""
    sizes: tuple[tuple[str, Any, Any], ...] = ()
    """For each nested list: the name its size is bound to, its field definition and its node."""
    syntax: tuple[Any, ...] = ()
    """The document's nodes, kept so that their identities, which are the key, are not given to others."""


_plans: BoundedCache[Any, _Plan] = BoundedCache(4096)

VIEWS: dict[str, tuple[View[Any], Permission]] = {}
"""For each GraphQL type that `node(id)` finds: its view, and the permission to read it."""


class ReadExecutor(Executor[Any]):
    """Fetches a read whole, with everything its sub-selection asks for."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        if not isinstance(result, Read):
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        plan = self._plan(get_named_type(return_type), field_details_list, result)
        return self._fetch(result, plan, info.context)

    async def _fetch(self, read: Read, plan: _Plan, context: Context) -> Any:
        async with context.turns:
            return await self._fetched(read, plan, context)

    async def _fetched(self, read: Read, plan: _Plan, context: Context) -> Any:
        sizes: dict[str, int] = {}
        for name, definition, node in plan.sizes:
            asked = get_argument_values(definition, node, self.variable_values)["first"]
            sizes[name] = checked_limit(asked, "first")
        connection = await context._work.connection() if context._work is not None else None
        match read:
            case OneRead():
                body, _ = await read_one(context.kernel, context.principal, read, plan.one, connection, sizes)
            case PageRead():
                body, _ = await read_page(context.kernel, context.principal, read, plan.page, sizes, connection)
            case NodeRead():
                picks = [
                    (VIEWS[name][0], selection)
                    for name, selection in plan.nodes
                    if context.principal.may(VIEWS[name][1])
                ]
                found = await read_node(context.kernel, context.principal, read, picks, sizes) if picks else None
                if found is None:
                    return None
                body = found
            case Bespoke():
                found = await read.fetch(context.kernel, context.principal, plan.one, sizes, connection)
                if found is None:
                    return None
                body = found
        return orjson.Fragment(context.count(body))

    def _plan(self, gtype: Any, details: list[FieldDetails], read: Read) -> _Plan:
        # What @skip and @include do depends on Boolean variables only: they are part of the key.
        switches = tuple((n, v) for n, v in self.variable_values.coerced.items() if isinstance(v, bool))
        key = (tuple(id(detail.node) for detail in details), switches, isinstance(read, NodeRead))
        plan = _plans.get(key)
        if plan is None:
            sizes: list[tuple[str, Any, Any]] = []
            syntax = tuple(detail.node for detail in details)
            if is_abstract_type(gtype):
                possible = [t for t in self.schema.get_possible_types(gtype) if t.name in VIEWS]
                nodes = tuple((t.name, self._selection(t, details, sizes)) for t in possible)
                plan = _Plan(nodes=nodes, sizes=tuple(sizes), syntax=syntax)
            elif isinstance(read, PageRead):
                form = PageForm(relay=self._selection(gtype, details, sizes))
                plan = _Plan(page=form, sizes=tuple(sizes), syntax=syntax)
            else:
                plan = _Plan(one=self._selection(gtype, details, sizes), sizes=tuple(sizes), syntax=syntax)
            _plans[key] = plan
        return plan

    def _selection(self, gtype: GraphQLObjectType, details: list[FieldDetails], sizes: list[Any]) -> Selection:
        picks = []
        for name, group in self.collect_subfields(gtype, details).grouped_field_set.items():
            node = group[0].node
            if node.name.value == "__typename":
                picks.append(Pick(name, "__typename", typename=gtype.name))
                continue
            definition = gtype.fields[node.name.value]
            inner = get_named_type(definition.type)
            first = None
            if "first" in definition.args:
                first = f"first_{len(sizes)}"
                sizes.append((first, definition, node))
            python_name = definition.extensions["strawberry-definition"].python_name
            nested = self._selection(inner, group, sizes) if is_object_type(inner) else None
            picks.append(Pick(name, python_name, nested, first))
        return Selection(picks)
