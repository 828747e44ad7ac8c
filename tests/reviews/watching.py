"""Everything that somebody can read, through both doors, and what of it does not depend on when or where it is read.

The requests are made from what the doors declare, so that an operation of tomorrow is asked as well: about every thing
there is, and once with every filter, order and choice it takes.
"""

import gc
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphql
import httpx
from tests.conftest import Actor
from tests.sampling import operations, parameters, query_of, root_fields, snake

Things = Mapping[str, Sequence[tuple[str, str]]]
"""What there is of each sort: how the test calls it, and its id."""

_SORTS = (
    ("review_assignment", "assignment"),
    ("review_judgement", "judgement"),
    ("review_comparison", "comparison"),
    ("comparison", "comparison"),
    ("review_form_version", "form_version"),
    ("review_form", "form"),
    ("review_polic", "policy"),
    ("panel", "panel"),
    ("review", "review"),
    ("form", "form"),
    ("policy", "policy"),
    ("comment", "comment"),
    ("decision", "decision"),
    ("knowledge_item", "item"),
    ("team", "team"),
    ("challenge", "challenge"),
    ("content", "content"),
    ("revision", "content"),
    ("node", "anything"),
    ("idea", "idea"),
    ("incubation", "idea"),
    ("person", "person"),
    ("people", "person"),
    ("member", "person"),
    ("judge", "person"),
    ("chair", "person"),
    ("author", "person"),
    ("participant", "person"),
    ("owner", "person"),
    ("categor", "category"),
    ("group", "group"),
    ("department", "department"),
)
"""Sorts of things by the words that paths, parameters and arguments call them by; the first that is found counts."""

_NOISE = ("/keys", "/search/queries", "/event-types", "/triz", "/idea-templates", "/idea-stages", "/calendar-days")
"""What tells of the reader's own requests, and what nobody changes."""
_NOISE_FIELDS = (
    "keys", "key", "searchQueries", "eventTypes", "trizParameters", "trizPrinciples", "trizContradiction",
    "ideaTemplates", "ideaTemplate", "ideaStages", "calendarDays",
)  # fmt: skip
_UNTOLD = frozenset(
    (
        "date",
        "ratelimit",
        "x-request-id",
        "content-length",
        "server",
        "transfer-encoding",
        "connection",
        "server-timing",
    )
)
"""Headers that differ between any two answers, or follow from the body."""


def sort_of(called: str) -> str | None:
    """What a path segment, a parameter or an argument is the id of."""
    words = snake(called).replace("-", "_").lower()
    return next((sort for word, sort in _SORTS if word in words), None)


@dataclass(frozen=True)
class Asked:
    """One request, and how to recognise its twin about other things of the same names."""

    label: str
    url: str
    params: tuple[tuple[str, Any], ...] = ()
    body: Any = None


# ---- what can be asked ----------------------------------------------------------------------------------------------


def everything(things: Things, word: str, *, near: bool = False) -> list[Asked]:
    """Every read of both doors about every thing; `near`: only those that answer reviews, and what they are about."""
    return [*_rest(things, word, near), *_graphql(things, word, near)]


def _near(called: str) -> bool:
    """Whether it tells of reviews, or of what is reviewed."""
    words = ("review", "panel", "comparison", "me/", "my", "event", "knowledge-item", "knowledgeitem", "decision")
    if any(word in called.lower() for word in ("polic", "form", "milestone", "team", "credit", "favourite", "follow")):
        return False
    return any(word in called.lower() for word in words) or called in (
        "/ideas", "/ideas/{id}", "/ideas/{id}/timeline", "ideas", "idea", "ideaTimeline", "/content/{id}/access",
    )  # fmt: skip


def _varied(called: str) -> bool:
    """Whether it is asked in every way that it can be asked: what tells of reviews."""
    return any(word in called.lower() for word in ("review", "panel", "comparison", "decision")) and not any(
        word in called.lower() for word in ("polic", "form")
    )


def _of(things: Things, called: str) -> Sequence[tuple[str, str]]:
    sort = sort_of(called)
    if sort == "anything":
        return [one for name, of_sort in things.items() if name != "content" for one in of_sort]
    return things.get(sort or "", ())


def _rest(things: Things, word: str, near: bool) -> Iterator[Asked]:
    for operation in operations():
        if operation.method != "GET" or operation.path.startswith(_NOISE) or "by-external-id" in operation.path:
            continue
        if near and not _near(operation.path):
            continue
        choices: list[Sequence[tuple[str, str]]] = []
        for name, kind, before in parameters(operation):
            called = before if name == "id" else name
            choices.append(_of(things, called) if kind is UUID else [(str(n), str(n)) for n in (1, 2)])
        about = "review" in operation.path or "panel" in operation.path
        if about and not all(choices):
            # A new sort of things that the tests do not make would never be looked at.
            raise AssertionError(f"no thing to ask {operation.path} about")
        for chosen in itertools.product(*choices):
            names = iter(chosen)
            url = re.sub(r"{\w+}", lambda _, names=names: next(names)[1], operation.path)  # type: ignore[misc]
            base = query_of(operation, lambda called: (_of(things, called) or [("", word)])[0][1])
            fields = {} if operation.query is None else operation.query.model_fields
            if "limit" in fields:
                base["limit"] = 20 if operation.path.endswith("/similar") else 100
            if "q" in fields and operation.path == "/search":
                base["q"] = word
            variants = _variants(operation.query, things, word) if _varied(operation.path) else [("", None, "")]
            for name, value, called in variants:
                label = f"GET {operation.path} {[one for one, _ in chosen]} {name}={called}"
                yield Asked(label, url, tuple((base | ({name: value} if name else {})).items()))


def _variants(query: Any, things: Things, word: str) -> Iterator[tuple[str, Any, str]]:
    """The query as it is, and once with each choice, filter and order: what is counted or ordered by is told, too."""
    yield "", None, ""
    if query is None:
        return
    schema = query.model_json_schema()
    for name, part in schema["properties"].items():
        if name in ("limit", "cursor", "after", "types", "from", "from_", "to"):
            continue
        for one in part.get("anyOf", [part]):
            while "$ref" in one:
                one = schema["$defs"][one["$ref"].rsplit("/", 1)[1]]
            one = one.get("items", one)
            while "$ref" in one:
                one = schema["$defs"][one["$ref"].rsplit("/", 1)[1]]
            for value in one.get("enum", [one["const"]] if "const" in one else []):
                yield name, value, str(value)
            if one.get("type") == "boolean":
                yield name, "true", "true"
            if one.get("format") == "uuid":
                for called, id in _of(things, name)[:3]:
                    yield name, id, called
        if name == "q":
            yield name, word, "word"


_ASIDE = ("Person", "Me", "Department", "Group", "Category", "Idea", "KnowledgeItem", "Challenge", "Team", "Comment")
"""What is asked by itself, and so not again wherever something refers to it."""


def _selection(type_: Any, depth: int) -> str:
    """Every field of a type that takes no argument it cannot do without, to a depth."""
    named = graphql.get_named_type(type_)
    if graphql.is_leaf_type(named):
        return ""
    if graphql.is_abstract_type(named):
        return " { __typename id }"
    if not depth:
        return " { __typename }"
    parts = ["__typename"]
    for name, sub in named.fields.items():
        if any(graphql.is_required_argument(argument) for argument in sub.args.values()):
            continue
        aside = name != "nodes" and graphql.get_named_type(sub.type).name in _ASIDE
        parts.append(name + (" { id }" if aside else _selection(sub.type, depth - 1)))
    return " { " + " ".join(parts) + " }"


def _graphql(things: Things, word: str, near: bool) -> Iterator[Asked]:
    for kind, name, root in root_fields():
        if kind != "query" or name in _NOISE_FIELDS or (near and not _near(name)):
            continue
        required = {n: a for n, a in root.args.items() if graphql.is_required_argument(a)}
        choices: list[Sequence[tuple[str, Any]]] = []
        for argument, about in required.items():
            leaf = graphql.get_named_type(about.type)
            if leaf.name == "ID":
                choices.append(_of(things, name if argument == "id" else argument))
            elif graphql.is_input_object_type(leaf):
                choices.append([("words", {"title": word})])
            else:
                choices.append([("1", 1)] if leaf.name == "Int" else [("word", word)])
        if ("review" in name.lower() or "panel" in name.lower()) and not all(choices):
            raise AssertionError(f"no thing to ask {name} about")
        for chosen in itertools.product(*choices):
            given = {n: value for n, (_, value) in zip(required, chosen, strict=True)}
            for more, called in _filters(root, things) if _varied(name) else [({}, "")]:
                arguments = required | {n: root.args[n] for n in more}
                declared = ", ".join(f"${n}: {a.type}" for n, a in arguments.items())
                passed = ", ".join(f"{n}: ${n}" for n in arguments)
                document = "query" + (f"({declared})" if declared else "")
                document += " { " + name + (f"({passed})" if passed else "") + _FIELDS + " }"
                label = f"{name} {[one for one, _ in chosen]} {called}"
                yield Asked(label, "/graphql", (), {"query": document, "variables": given | more})


def _filters(root: Any, things: Things) -> Iterator[tuple[dict[str, Any], str]]:
    yield {}, ""
    for argument, about in root.args.items():
        leaf = graphql.get_named_type(about.type)
        if argument == "orderBy" and isinstance(leaf, graphql.GraphQLEnumType):
            for value in list(leaf.values)[1:]:
                yield {argument: value}, f"{argument}={value}"
        if not isinstance(leaf, graphql.GraphQLInputObjectType) or argument != "filter":
            continue
        for name, part in leaf.fields.items():
            of = graphql.get_named_type(part.type)
            several = graphql.is_list_type(graphql.get_nullable_type(part.type))
            values: list[tuple[str, Any]] = []
            if isinstance(of, graphql.GraphQLEnumType):
                values = [(value, value) for value in of.values]
            elif of.name == "Boolean":
                values = [("true", True)]
            elif of.name == "ID":
                values = list(_of(things, name)[:3])
            # Each of them is asked through REST.
            for called, value in values[-1:]:
                yield {argument: {name: [value] if several else value}}, f"{name}={called}"


_FIELDS = "§"
"""Where the fields of an answer are asked for."""
_depths: dict[str, int] = {}


def _fields(name: str) -> str:
    """What to ask of a root field, as deep as it may be asked."""
    root = next(root for kind, called, root in root_fields() if (kind, called) == ("query", name))
    return _selection(root.type, _depths.setdefault(name, 4))


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Hundreds of statements are compiled once; what they leave would be looked through again and again."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1000)
    yield
    gc.set_threshold(*before)


# ---- asking ---------------------------------------------------------------------------------------------------------

_SEALED = re.compile(r'("(?:latest|endCursor|startCursor|cursor)" ?: ?)"(?![0-9a-f]{8}-)[\w=-]*"')


def heard(actor: Actor, asked: Asked) -> str:
    """What somebody is told: status, headers and body of every page, but for what differs between any two answers."""
    if asked.body is not None:
        name = asked.label.split()[0]
        while True:
            body = asked.body | {"query": asked.body["query"].replace(_FIELDS, _fields(name))}
            response = actor.rest.post(f"{actor.server.url}/graphql", json=body)
            if not any(code in response.text for code in ("TOO_COMPLEX", "TOO_DEEP")):
                return told_in(response)
            _depths[name] -= 1
            assert _depths[name], f"{name} cannot be asked at all: {response.text}"
    told, params = [], dict(asked.params)
    for _ in range(20):
        response = actor.rest.get(asked.url, params=params)
        told.append(told_in(response))
        answer = response.json() if response.status_code == 200 else {}
        if not isinstance(answer, dict):
            break
        if not answer.get("next_cursor"):
            break
        params["after" if "latest" in answer else "cursor"] = answer["next_cursor"]
    return "\n".join(told)


def told_in(response: httpx.Response) -> str:
    """What an answer says, but for what differs between any two."""
    # The reader's own key says when it was used last, which is noted a moment later; the tag of that answer follows it.
    untold = _UNTOLD | {"etag"} if '"last_used_at"' in response.text else _UNTOLD
    headers = sorted(f"{name}: {value}" for name, value in response.headers.items() if name not in untold)
    # A place in the journal is another text each time, and a place in what was found says when it was searched.
    sealed = any(word in response.text for word in ('"latest"', "EventConnection", "SearchConnection"))
    body = _SEALED.sub(r'\1"…"', response.text) if sealed else response.text
    body = re.sub(r'("request_?[iI]d"|"instance"|"hint"|"last_?[uU]sed_?[aA]t") ?: ?("[^"]*"|null)', r'\1: "…"', body)
    return "\n".join((str(response.status_code), *headers, body))


def told(actor: Actor, requests: Sequence[Asked]) -> dict[str, str]:
    """What somebody is told who asks all of it."""
    return {one.label: heard(actor, one) for one in requests}
