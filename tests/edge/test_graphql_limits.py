"""What a document may ask for, what it costs, and that no document holds the server up."""

import contextlib
import time
from collections.abc import Callable

import pytest
from graphql import GraphQLSchema, GraphQLSyntaxError, build_schema, get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from kshare.core.errors import DomainError
from kshare.edge.graphql_limits import Document, InvalidDocument, Limits
from kshare.edge.graphql_limits.limits import CEILING
from kshare.edge.graphql_limits.sizes import as_size

SCHEMA = build_schema(
    """
    type Query {
      a(x: Int, o: In): Query  s(x: Int): String  i: Int
      articles(first: Int = 20, last: Int, after: String): ArticleConnection!
      list(limit: Int): [Query!]!  tags: [String!]!  plain: [Article!]!
    }
    type ArticleConnection { nodes: [Article!]! edges: [Edge!]! total: Int! page: Page }
    type Page { next: String }
    type Edge { node: Article! cursor: String }
    type Article { id: ID! comments(first: Int): ArticleConnection! }
    input In { x: Int, o: In, l: [Int] }
    type Mutation { write: Article, count: Int }
    type Subscription { t: Int }
    """
)


def checked(source: str, limits: Limits = Limits(), schema: GraphQLSchema = SCHEMA) -> Document:
    return Document(schema, source, limits)


def cost(source: str, **variables: object) -> int:
    operation = checked(source, Limits(cost=CEILING)).operation(None)
    assert operation is not None
    return operation.cost(variables).requested


@pytest.mark.parametrize(
    "source, objects",
    [
        ("{ i s }", 0),
        ("{ tags }", 0),
        ("{ a { i } }", 1),
        ("{ a { a { i } } }", 2),
        ("{ list { i } }", 20),
        ("{ list(limit: 5) { i } }", 5),
        ("{ list(limit: 5) { list(limit: 3) { i } } }", 20),
        ("{ plain { id } }", 20),
        ("{ articles { total } }", 1),
        ("{ articles { page { next } } }", 2),
        ("{ articles { nodes { id } } }", 21),
        ("{ articles(first: 100) { nodes { id } } }", 101),
        ("{ articles(first: 100) { edges { node { id } } } }", 201),
        ("{ articles(first: 10) { nodes { id } edges { cursor } } }", 21),
        ("{ articles(first: 10) { ...n } } fragment n on ArticleConnection { nodes { id } }", 11),
        ("{ articles(first: 10) { nodes { comments(first: 2) { nodes { id } } } } }", 1 + 10 * (1 + 1 + 2)),
        ("{ articles(first: 3, last: 7) { nodes { id } } }", 8),
        ("{ articles(last: 7) { nodes { id } } }", 21),  # the default of `first` holds too
        ("{ __schema { types { name } } }", 0),
        ("mutation { count }", 10),
        ("mutation { a: count write { id } }", 21),
    ],
)
def test_cost_is_the_most_objects_an_answer_can_hold(source: str, objects: int) -> None:
    assert cost(source) == objects


@pytest.mark.parametrize(
    "value, objects",
    [(7, 8), (7.0, 8), (0, 1), (-5, 21), (True, 21), ("7", 21), (None, 21), (7.5, 21), ([7], 21), (10**30, CEILING)],
)
def test_a_size_variable_counts_with_its_value(value: object, objects: int) -> None:
    assert cost("query ($n: Int) { articles(first: $n) { nodes { id } } }", n=value) == objects


def test_a_size_variable_has_defaults() -> None:
    assert cost("query ($n: Int = 3) { articles(first: $n) { nodes { id } } }") == 4
    assert cost("query ($n: Int) { articles(first: $n) { nodes { id } } }") == 21
    assert cost("query ($n: Int = 3) { ...f } fragment f on Query { list(limit: $n) { i } }", n=2) == 2


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none()))
def test_a_size_is_never_negative_nor_endless(value: object) -> None:
    size = as_size(value)
    assert size is None or 0 <= size <= CEILING


@pytest.mark.parametrize(
    "source, words",
    [
        ("{" + "a{" * 12 + "i" + "}" * 13, "levels of fields"),
        ("{a{" + " ".join(f"x{n}: i" for n in range(51)) + "}}", "aliases"),
        ("{" + "i " * 21 + "}", "root fields"),
        ("{...f} fragment f on Query {" + "i " * 21 + "}", "root fields"),
        ("{a{" + "s " * 1_000 + "}}", "fields"),
        ("{i " + "@skip(if: false) " * 51 + "}", "directives"),
        ("query (" + "$v: Int " * 201 + ") {i}", "variables"),
        (" ".join(f"query q{n} {{i}}" for n in range(101)), "definitions"),
        ("{a{" + "...f " * 201 + "}} fragment f on Query {i}", "fragment spreads"),
        ("{" + "...{" * 100 + "i" + "}" * 101, "levels of nesting"),
        ("{__schema{types{fields{type{" + "ofType{" * 17 + "name" + "}" * 22, "levels of introspection"),
        ("{__schema{types{" + " ".join(f"x{n}:fields{{name}}" for n in range(6)) + "}}}", "aliases"),
        ("{" + "#\n" * 1_001 + "i}", "comments"),
        ("{" + "i " * 10_000 + "}", "tokens"),
        ("{" + " " * 100_000 + "i}", "bytes"),
        ("{s(x: " + "[" * 500 + "]" * 500 + ")}", "nested too deeply"),
    ],
)
def test_each_limit_is_named(source: str, words: str) -> None:
    with pytest.raises(DomainError, match="too_complex") as refused:
        checked(source)
    assert words in refused.value.detail


def test_what_is_just_allowed() -> None:
    checked("{" + "a{" * 11 + "i" + "}" * 12)
    checked("{a{" + " ".join(f"x{n}: i" for n in range(50)) + "}}")
    checked("{" + " ".join("i" for _ in range(20)) + "}")
    everything = get_introspection_query(True, True, True, True, True, type_depth=9)
    operation = checked(everything).operation(None)
    assert operation is not None
    assert operation.cost({}).requested == 0


def fragments(count: int, body: Callable[[int], str]) -> str:
    return (
        "{...f0}"
        + "".join(f"fragment f{n} on Query {{{body(n)}}}" for n in range(count))
        + (f"fragment f{count} on Query {{i}}")
    )


BOMBS = {
    "20,000 aliases": "{" + " ".join(f"a{n}: i" for n in range(20_000)) + "}",
    "3,300 aliases": "{" + " ".join(f"a{n}: i" for n in range(3_300)) + "}",
    "50 doubling fragments": fragments(50, lambda n: f"...f{n + 1} ...f{n + 1}"),
    "50 doubling levels": fragments(50, lambda n: f"a{{...f{n + 1}}} b:a{{...f{n + 1}}}"),
    "a chain of 98 fragments": fragments(98, lambda n: f"...f{n + 1}"),
    "a matrix of fragments": fragments(60, lambda n: " ".join(f"...f{m}" for m in range(n + 1, 61))),
    "10,000 inline fragments": "{" + "...{" * 10_000 + "i" + "}" * 10_001,
    "990 equal fields": "{a{" + ("... on Query{" + "s(x:1) " * 20 + "}") * 49 + "}}",
    "490 equal objects": "{a{" + "a{i} " * 490 + "}}",
    "980 unknown fields": "{a{" + " ".join(f"articlez{n}" for n in range(980)) + "}}",
    "10,000 equal fields": "{" + "i " * 9_990 + "}",
    "nested lists": "{s(x:" + "[" * 10_000 + "]" * 10_000 + ")}",
    "a wide list": "{a(o:{l:[" + "1 " * 9_000 + "]}){i}}",
    "a wide object": "{a(o:{" + "x:1 " * 3_000 + "}){i}}",
    "5,000 directives": "{i " + "@a" * 4_990 + "}",
    "5,000 variables": "query(" + " ".join(f"$v{n}:Int" for n in range(5_000)) + "){i}",
    "49,000 comments": "{i}" + "#\n" * 49_000,
    "a long name": "{" + "a" * 99_000 + "}",
    "a long number": "{list(limit:" + "1" * 90_000 + "){i}}",
    "a cycle": "{...a} fragment a on Query{...b} fragment b on Query{...a i}",
    "braces": "{" * 50_000,
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_no_document_holds_the_server_up(source: str) -> None:
    """It took under 200 ms of processor time where it was measured; exponential time would take minutes anywhere."""
    started = time.thread_time()
    with contextlib.suppress(DomainError, InvalidDocument, GraphQLSyntaxError):
        checked(source)
    assert time.thread_time() - started < 5


def test_the_walk_is_linear_where_expansion_is_not() -> None:
    source = fragments(50, lambda n: f"...f{n + 1} ...f{n + 1}")
    with pytest.raises(DomainError) as refused:
        checked(source, Limits(root_fields=CEILING))
    assert "fields" in refused.value.detail


def test_invalid_documents_tell_at_most_twenty_errors() -> None:
    with pytest.raises(InvalidDocument) as invalid:
        checked("{a{" + " ".join(f"zz{n}" for n in range(100)) + "}}")
    assert len(invalid.value.errors) == 21  # and that there are more


def test_the_price_of_known_sizes_is_remembered() -> None:
    operation = checked("query ($n: Int) { articles(first: $n) { nodes { id } } }").operation(None)
    assert operation is not None
    assert operation.cost({"n": 5, "other": 1}) is operation.cost({"n": 5})
    assert operation.cost({"n": 6}) is not operation.cost({"n": 5})


NAMES = st.sampled_from(["a", "i", "s", "list", "articles", "nodes", "edges", "node", "__typename", "zz"])
SELECTIONS = st.recursive(
    NAMES | st.sampled_from(["...f", "...g", "...h", "...nobody"]),
    lambda inner: st.builds(
        lambda head, parts: f"{head} {{ {' '.join(parts)} }}",
        NAMES | st.sampled_from(["... on Query", "...", "list(limit: 9)", "x: a", "articles(first: $n)"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(SELECTIONS, min_size=3, max_size=3), st.integers(-5, 10**12))
def test_any_document_is_priced_or_refused(bodies: list[str], size: int) -> None:
    f, g, query = bodies
    source = f"query ($n: Int) {{ {query} }} fragment f on Query {{ {f} }} fragment g on Query {{ {g} ...f }}"
    try:
        document = checked(source)
    except (DomainError, InvalidDocument):
        return
    operation = document.operation(None)
    assert operation is not None
    assert 0 <= operation.cost({"n": size}).requested <= CEILING
