import random
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from kshare.metrics.figures.publishing import FEWEST, KINDS, Counts, People, crossing_is_safe, published, residues

Tree = dict[int, int | None]
Own = dict[int | None, set[int]]
"""The people of each department itself."""
Unit = tuple[Any, ...]
"""A person's part in what is counted: where it is counted, and whose it is."""
Row = frozenset[Any]
"""The units that a published sum is over."""


# The attack: what can be computed from sums, exactly.


def leak(rows: Sequence[Row], person: Mapping[Any, Set[int]]) -> set[int] | None:
    """One to four people about whom, and about nobody else, something can be computed from the sums; None if there are
    none. `person` says who stands behind a unit.

    Tries every union of groups of units that are in the same sums and have so few people behind them: is there a
    combination of sums in which all other units cancel, and these do not? Exact linear algebra, no shortcut.
    """
    groups: dict[tuple[bool, ...], set[int]] = defaultdict(set)
    for unit in sorted(frozenset().union(*rows), key=repr):
        groups[tuple(unit in row for row in rows)] |= person[unit]
    columns = list(groups)
    small = [place for place, column in enumerate(columns) if len(groups[column]) < FEWEST]
    most = rank(columns)
    for number in range(1, FEWEST):
        for chosen in combinations(small, number):
            people = set().union(*(groups[columns[place]] for place in chosen))
            if len(people) < FEWEST:
                others = [column for place, column in enumerate(columns) if place not in chosen]
                if rank(others) < most:
                    return people
    return None


def rank(vectors: Iterable[Sequence[int]]) -> int:
    """How many of the vectors are independent, by Gauss's elimination with fractions."""
    basis: list[tuple[int, list[Fraction]]] = []
    for vector in vectors:
        rest = [Fraction(value) for value in vector]
        for pivot, row in basis:
            if rest[pivot]:
                factor = rest[pivot] / row[pivot]
                rest = [one - factor * other for one, other in zip(rest, row, strict=True)]
        if any(rest):
            basis.append((next(place for place, value in enumerate(rest) if value), rest))
    return len(basis)


def test_the_attack_finds_what_can_be_found() -> None:
    everybody = {unit: {unit} for unit in range(20)}
    sums = [frozenset(range(20)), frozenset(range(10)), frozenset(range(8, 20))]
    # The first two and the last overlap in 8 and 9.
    assert leak(sums, everybody) == {8, 9}
    assert leak([*sums[:2], frozenset(range(5))], everybody) is None
    # Of two people only the difference: 0 to 9 and 10, less 1 to 10 and 11.
    assert leak([frozenset(range(10)), frozenset(range(1, 11))], everybody) == {0, 10}
    assert leak([], {}) is None
    assert rank([(1, 1, 0), (0, 1, 1), (1, 2, 1), (1, 0, 0)]) == 3


# The rule, by its definition.


def whole(tree: Tree, own: Own, node: int | None, without: Iterable[int] = ()) -> set[int]:
    """The people of a department and all below it, except for some departments with all below them."""
    people = set(own.get(node, ()))
    for child, parent in tree.items():
        if parent == node and child not in without:
            people |= whole(tree, own, child, without)
    return people


def path(tree: Tree, node: int | None) -> list[int | None]:
    above = [node]
    while node is not None:
        node = tree[node]
        above.append(node)
    return above


def next_below(tree: Tree, found: Set[int | None], node: int | None) -> list[int]:
    """The published departments below one, without those below one of them."""
    return [
        other
        for other in tree
        if other in found
        and other != node
        and next((one for one in path(tree, other)[1:] if one in found or one == node), ...) == node
        and node in path(tree, other)
    ]


def right(crowds: Sequence[set[int]]) -> bool:
    return all(not crowd or len(crowd) >= FEWEST for crowd in crowds)


def by_definition(
    tree: Tree, behind: Sequence[Own], residues_too: bool = True, among: Set[int | None] | None = None
) -> set[int | None]:
    nodes: list[int | None] = [None, *tree]
    wholes = {node: [whole(tree, own, node) for own in behind] for node in nodes}
    size = {
        node: sum(len(own.get(other, ())) for own in behind for other in nodes if node in path(tree, other))
        for node in nodes
    }
    found: set[int | None] = {node for node in nodes if any(wholes[node]) and right(wholes[node])}
    found &= found if among is None else among
    for node in sorted(found, key=lambda node: -len(path(tree, node))) if residues_too else ():
        while not right([whole(tree, own, node, next_below(tree, found, node)) for own in behind]):
            found.remove(min(next_below(tree, found, node), key=lambda one: (size[one], one)))
    return found


def sums(tree: Tree, own: Own, found: Iterable[int | None]) -> list[Row]:
    """What is published: for each department all units in it; a unit is a department and a person in it."""
    return [
        frozenset((other, one) for other in [None, *tree] if node in path(tree, other) for one in own.get(other, ()))
        for node in found
    ]


def behind_units(own: Own) -> dict[Unit, set[int]]:
    return {(node, one): {one} for node, people in own.items() for one in people}


@st.composite
def trees(draw: st.DrawFn, most: int = 12) -> Tree:
    """Departments whose ids tell nothing of where they are."""
    ids = draw(st.permutations(range(draw(st.integers(1, most)))))
    return {id_: draw(st.sampled_from([None, *ids[:place]])) for place, id_ in enumerate(ids)}


@st.composite
def crowds(draw: st.DrawFn, tree: Tree) -> Own:
    """Nobody is in two departments."""
    own: Own = {}
    for node in [None, *tree]:
        number = draw(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 8]))
        begun = sum(map(len, own.values()))
        own[node] = set(range(begun, begun + number))
    return own


@st.composite
def authors(draw: st.DrawFn, tree: Tree) -> Own:
    """The same people stand behind things of several departments."""
    return {node: draw(st.sets(st.integers(0, 15), max_size=7)) for node in [None, *tree]}


@st.composite
def companies(draw: st.DrawFn) -> tuple[Tree, list[Own]]:
    """A tree with the people of one to four periods."""
    tree = draw(trees())
    return tree, draw(st.lists(crowds(tree) | authors(tree), min_size=1, max_size=4))


def everything(tree: Tree, found: Set[int | None], behind: Sequence[Own]) -> bool:
    return found >= {node for node in [None, *tree] if any(whole(tree, own, node) for own in behind)}


@settings(max_examples=200)
@given(companies())
def test_what_is_published_is_about_nobody_or_about_five(company: tuple[Tree, list[Own]]) -> None:
    tree, behind = company
    found = published(tree, [People(own) for own in behind])
    event(f"{len(found)} published" if found else "nothing published")
    for own in behind:
        assert leak(sums(tree, own, found), behind_units(own)) is None


@settings(max_examples=200)
@given(companies())
def test_it_is_the_rule(company: tuple[Tree, list[Own]]) -> None:
    tree, behind = company
    assert published(tree, [People(own) for own in behind]) == by_definition(tree, behind)


@settings(max_examples=100)
@given(companies(), st.data())
def test_what_counts_less_is_published_among_what_counts_more(
    company: tuple[Tree, list[Own]], data: st.DataObject
) -> None:
    """Then what both tell of departments is of no smaller parts than what the one tells that counts more."""
    tree, [more, *_] = company
    less = {node: {one for one in people if data.draw(st.booleans())} for node, people in more.items()}
    outer = published(tree, [People(more)])
    inner = published(tree, [People(less)], outer)
    assert inner == by_definition(tree, [less], among=outer) and inner <= outer
    assert leak(sums(tree, less, inner), behind_units(less)) is None


@settings(max_examples=100)
@given(trees().flatmap(lambda tree: st.tuples(st.just(tree), st.lists(crowds(tree), min_size=1, max_size=4))))
def test_to_know_how_many_is_enough_where_nobody_is_in_two(company: tuple[Tree, list[Own]]) -> None:
    tree, behind = company
    counts = [Counts({node: len(people) for node, people in own.items()}) for own in behind]
    people = [People(own) for own in behind]
    assert published(tree, counts) == published(tree, people) == published(tree, [counts[0], *people[1:]])


@settings(max_examples=100)
@given(companies(), st.randoms(use_true_random=False))
def test_no_order_counts(company: tuple[Tree, list[Own]], chance: random.Random) -> None:
    tree, behind = company

    def mixed(one: Mapping[Any, Any]) -> dict[Any, Any]:
        return dict(chance.sample(list(one.items()), len(one)))

    found = published(tree, [People(own) for own in behind])
    turned = published(mixed(tree), [People(mixed(own)) for own in behind[::-1]])
    assert turned == found


@settings(max_examples=100)
@given(companies())
def test_without_the_rule_of_atoms_it_leaks(company: tuple[Tree, list[Own]]) -> None:
    """And only where the rule withdraws something."""
    tree, behind = company
    careless = by_definition(tree, behind, residues_too=False)
    leaks = any(leak(sums(tree, own, careless), behind_units(own)) for own in behind)
    event(f"leaks: {leaks}")
    assert leaks == (careless != published(tree, [People(own) for own in behind]))


def test_the_complement_is_hidden_too() -> None:
    tree: Tree = {1: None, 2: None, 3: None}
    own: Own = {1: set(range(10, 18)), 2: set(range(20, 26)), 3: {30, 31}}
    # The company less 1 and 2 would be the two people of 3.
    assert by_definition(tree, [own], residues_too=False) == {None, 1, 2}
    assert leak(sums(tree, own, {None, 1, 2}), behind_units(own)) == {30, 31}
    # So 2, the smaller one, is withdrawn: company less 1 are eight people.
    assert published(tree, [People(own)]) == {None, 1}
    # Three people without a department are as good as another department.
    assert published(tree, [Counts({1: 8, 2: 6, 3: 2, None: 3})]) == {None, 1, 2}


def test_what_was_below_takes_the_place_of_what_is_withdrawn() -> None:
    # 1 has only 2 and 3 below it, and the company 1 and two people more.
    tree: Tree = {1: None, 2: 1, 3: 1}
    assert published(tree, [Counts({2: 6, 3: 7})]) == {None, 1, 2, 3}
    assert published(tree, [Counts({2: 6, 3: 7, None: 2})]) == {None, 3}
    assert residues(tree, frozenset({None, 3})) == {None: None, 1: None, 2: None, 3: 3}


def test_all_periods_are_kept_together() -> None:
    tree: Tree = {1: None, 2: None}
    # In the second month two people are new in 1, without a department before.
    january, february = Counts({1: 6, 2: 5, None: 2}), Counts({1: 8, 2: 5})
    assert published(tree, [february]) == {None, 1, 2}
    assert published(tree, [january]) == published(tree, [january, february]) == {None, 1}
    # A department that began in February has nobody in January, which tells nothing.
    assert published(tree, [Counts({1: 6}), Counts({1: 6, 2: 5})]) == {None, 1, 2}
    assert published(tree, [Counts({1: 6, 2: 1}), Counts({1: 6, 2: 5})]) == {None}


def test_metrics_with_one_numerator_are_decided_together() -> None:
    # What was adopted is told as a share of what was submitted, and of what was decided. Two people are in neither
    # department; of those in the second, two have submitted what is not decided yet.
    tree: Tree = {1: None, 2: None}
    decided: Own = {1: set(range(10, 16)), 2: set(range(20, 25)), None: {30, 31}}
    submitted: Own = decided | {2: set(range(20, 27))}
    alone = [published(tree, [People(own)]) for own in (submitted, decided)]
    assert alone == [{None, 2}, {None, 1}]
    # What is not decided is not adopted, so both numerators are sums over what is decided.
    numerators = [row for found in alone for row in sums(tree, decided, found)]
    assert leak(numerators, behind_units(decided)) == {30, 31}
    together = published(tree, [People(submitted), People(decided)])
    assert together == {None, 2}
    assert leak(sums(tree, decided, together), behind_units(decided)) is None


def test_what_moves_between_a_month_and_its_quarter_is_left_over() -> None:
    """No choice of departments helps: a unit, here what a person did in a month, has to count for one department."""
    tree: Tree = {1: None, 2: None}
    january: Own = {1: set(range(10, 17)), 2: set(range(20, 26))}
    february: Own = {1: january[1] - {16}, 2: january[2] | {16}}
    quarter = february
    found = published(tree, [People(own) for own in (january, february, quarter)])
    assert found == {None, 1, 2}

    def of_month(month: int, own: Own, node: int | None) -> Row:
        return frozenset((month, one) for one in whole(tree, own, node))

    months = [of_month(month, own, node) for month, own in enumerate([january, february]) for node in found]
    person: dict[Unit, set[int]] = {(month, one): {one} for month in (0, 1) for one in whole(tree, january, None)}
    last_department = [of_month(0, quarter, node) | of_month(1, quarter, node) for node in found]
    assert leak([*months, *last_department], person) == {16}
    then = [of_month(0, january, node) | of_month(1, february, node) for node in found]
    assert leak([*months, *then], person) is None


def test_nobody_and_too_few() -> None:
    assert published({}, []) == frozenset()
    assert published({}, [Counts({})]) == frozenset()
    assert published({}, [Counts({None: 4})]) == frozenset()
    assert published({}, [Counts({None: 5})]) == {None}
    assert published({1: None}, [Counts({1: 5})]) == {None, 1}
    assert published({1: None}, [Counts({1: 10**9, None: 4})]) == {None}
    # The company has too few in one month, and a department has nobody then.
    behind = [Counts({None: 3}), Counts({None: 3, 1: 9})]
    assert published({1: None, 2: None}, behind) == {1}
    assert residues({1: None, 2: None}, frozenset({1})) == {1: 1}
    assert residues({}, frozenset()) == {}


@settings(max_examples=100)
@given(companies())
def test_residues_are_what_remains(company: tuple[Tree, list[Own]]) -> None:
    tree, behind = company
    found = published(tree, [People(own) for own in behind])
    home = residues(tree, found)
    for node in found:
        here = [other for other, atom in home.items() if atom == node]
        for own in behind:
            people = set().union(*(own.get(other, set()) for other in here))
            assert people == whole(tree, own, node, next_below(tree, found, node))
    assert home.keys() == {node for node in [None, *tree] if set(path(tree, node)) & found}


# Kinds beside departments.


Cells = dict[tuple[int, str], set[int]]


def crossed(cells: Cells) -> tuple[list[Row], dict[Unit, set[int]]]:
    """The sums over atoms and over kinds, and who is behind their units."""
    person = {(atom, kind, one): {one} for (atom, kind), people in cells.items() for one in people}
    rows = [
        frozenset(unit for unit in person if unit[place] == value)
        for place in (0, 1)
        for value in sorted({unit[place] for unit in person})
    ]
    return rows, person


@st.composite
def partitions(draw: st.DrawFn) -> Cells:
    """People of two to four atoms and two or three kinds; nobody is in two cells."""
    cells: Cells = {}
    for atom in range(draw(st.integers(1, 4))):
        for kind in "abc"[: draw(st.integers(1, 3))]:
            begun = sum(map(len, cells.values()))
            cells[atom, kind] = set(range(begun, begun + draw(st.sampled_from([0, 0, 1, 2, 3, 5, 6, 9]))))
    return cells


@st.composite
def works(draw: st.DrawFn) -> Cells:
    """The same, of things whose authors have others elsewhere."""
    keys = draw(st.sets(st.tuples(st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=9))
    return {key: draw(st.sets(st.integers(0, 12), max_size=9)) for key in sorted(keys)}


@settings(max_examples=300)
@given(partitions() | works())
def test_crossing_is_safe_if_and_only_if_it_does_not_leak(cells: Cells) -> None:
    safe = crossing_is_safe(cells)
    event(f"safe: {safe}")
    assert safe == (leak(*crossed(cells)) is None)


@settings(max_examples=150)
@given(
    trees(6).flatmap(
        lambda tree: st.tuples(
            st.just(tree),
            st.dictionaries(
                st.tuples(st.sampled_from([None, *tree]), st.sampled_from("abc")), st.integers(0, 9), max_size=12
            ),
        )
    )
)
def test_a_metric_by_departments_and_by_kinds(company: tuple[Tree, dict[tuple[int | None, str], int]]) -> None:
    tree, sizes = company
    person: dict[Unit, set[int]] = {}
    own: Own = defaultdict(set)
    for (node, kind), number in sizes.items():
        for _ in range(number):
            own[node].add(len(person))
            person[node, kind, len(person)] = {len(person)}
    found = published(tree, [People(own)])
    rows = [frozenset(unit for unit in person if node in path(tree, unit[0])) for node in found]
    assert leak(rows, person) is None
    if None not in found:
        return
    atoms = residues(tree, found)
    cells: dict[tuple[int | None, str], set[int]] = defaultdict(set)
    for unit, people in person.items():
        cells[atoms[unit[0]], unit[1]] |= people
    kinds = [frozenset(unit for unit in person if unit[1] == kind) for kind in "abc"]
    safe = crossing_is_safe(cells)
    event(f"safe: {safe}, published: {len(found)}")
    assert safe == (leak([*rows, *kinds], person) is None)


def some(*sizes: int) -> list[set[int]]:
    """So many people each, nobody twice."""
    return [set(range(sum(sizes[:place]), sum(sizes[: place + 1]))) for place in range(len(sizes))]


def test_a_small_cell_is_given_away_where_atoms_and_kinds_cross() -> None:
    # The leaders are the two in the first department, and all of the second.
    staff, two, others = some(10, 2, 10)
    cells: Cells = {(1, "staff"): staff, (1, "leader"): two, (2, "leader"): others}
    assert leak(*crossed(cells)) == two
    assert not crossing_is_safe(cells)
    # With three leaders more in the first department nothing is given away.
    cells[1, "leader"] = two | {100, 101, 102}
    assert leak(*crossed(cells)) is None
    assert crossing_is_safe(cells)


def test_a_difference_of_two_people_is_given_away_too() -> None:
    # Each kind has eleven people in mixed atoms, so no set of one to four people is told as such. But the leaders
    # less the second department are one leader of the first, less one of the staff of the second.
    staff, leader, other, leaders = some(10, 1, 1, 10)
    cells: Cells = {(1, "staff"): staff, (1, "leader"): leader, (2, "staff"): other, (2, "leader"): leaders}
    assert leak(*crossed(cells)) == leader | other
    assert not crossing_is_safe(cells)


def test_authors_are_counted_once() -> None:
    # Seven ideas in small cells, but of four people.
    cells: Cells = {
        (1, "a"): {1, 2, 3, 4},
        (1, "b"): set(range(10, 20)),
        (2, "a"): {2, 3, 4},
        (2, "b"): set(range(20, 30)),
    }
    assert leak(*crossed(cells)) == {1, 2, 3, 4}
    assert not crossing_is_safe(cells)
    cells[2, "a"] = {3, 4, 5}
    assert crossing_is_safe(cells)


def test_a_small_kind_and_a_small_atom_are_not_safe() -> None:
    assert not crossing_is_safe({(1, "a"): set(range(10)), (1, "b"): {20}})
    assert not crossing_is_safe({(1, "a"): set(range(10)), (2, "a"): {20}})
    assert not crossing_is_safe({(1, "a"): {1, 2, 3}})
    assert crossing_is_safe({})
    assert crossing_is_safe({(1, "a"): set(), (1, "b"): set(range(5))})
    # Kinds that departments do not share tell nothing more than departments do.
    assert crossing_is_safe({(1, "a"): set(range(5)), (2, "b"): set(range(5, 10))})


def test_too_many_kinds_are_not_tried() -> None:
    def kinds(number: int) -> dict[tuple[int, int], set[int]]:
        return {(0, kind): set(range(10 * kind, 10 * kind + 9)) for kind in range(number)}

    assert crossing_is_safe(kinds(KINDS))
    assert not crossing_is_safe(kinds(KINDS + 1))
    assert crossing_is_safe(kinds(KINDS) | {(1, 99): set()})


def test_it_is_fast_enough_for_a_large_company() -> None:
    chance = random.Random(1)
    ids = sorted(UUID(int=chance.getrandbits(128)) for _ in range(5_000))
    chance.shuffle(ids)
    tree: dict[UUID, UUID | None] = {}
    depth: dict[UUID | None, int] = {None: 0}
    for place, id_ in enumerate(ids):
        # A chain of 32, and others at random below what is there.
        parent = (ids[place - 1] if place else None) if place < 32 else chance.choice(ids[:place])
        tree[id_] = None if depth[parent] == 32 else parent
        depth[id_] = depth[tree[id_]] + 1
    assert max(depth.values()) == 32
    own: list[dict[UUID, set[int]]] = [defaultdict(set) for _ in range(4)]
    for person in range(100_000):
        for period in own:
            period[chance.choice(ids)].add(person)
    people = [People(period) for period in own]
    counts = [Counts({node: len(crowd) for node, crowd in period.items()}) for period in own]
    took = []
    for behind in (people, counts):
        begun = time.process_time()
        found = published(tree, behind)
        took.append(time.process_time() - begun)
    assert found == published(tree, people) and len(found) > 4_000
    cells: dict[tuple[UUID, int], set[int]] = defaultdict(set)
    for person in range(100_000):
        cells[chance.choice(ids), chance.randrange(KINDS)].add(person)
    begun = time.process_time()
    crossing_is_safe(cells)
    took.append(time.process_time() - begun)
    # About 0.1 s on an idle processor.
    assert max(took) < 1


def test_wrong_use_is_refused() -> None:
    for tree in ({1: 2, 2: 1}, {1: 1}, {1: 7}, {1: None, 2: 3, 3: 2}):
        with pytest.raises(ValueError, match="form a tree"):
            published(tree, [])
        with pytest.raises(ValueError, match="form a tree"):
            residues(tree, frozenset())
    with pytest.raises(ValueError, match="no departments"):
        published({1: None}, [Counts({2: 3})])
    with pytest.raises(ValueError, match="no people"):
        published({1: None}, [Counts({1: -1})])
