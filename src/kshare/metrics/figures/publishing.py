"""What may be published so that no figure, and no sum or difference of figures, is about fewer than five people.

The departments published of a metric cut everybody into *atoms*: the atom of a published department is what remains of
it without the published ones below it. A sum over a published department is a sum over atoms, and so is whatever is
added to and subtracted from such sums. If each atom has five people or nobody, and something that was computed counts
each unit fully or not at all, it is about five people or more, or about nobody.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

Department = TypeVar("Department", str, int, UUID)
Atom = TypeVar("Atom", bound=Hashable)
Kind = TypeVar("Kind", bound=Hashable)
Crowd: TypeAlias = Set[Hashable]

FEWEST: Final = 5
"""The fewest people that a figure may be about."""
KINDS: Final = 12
"""With more kinds, sets of them are too many to be tried one by one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people stand behind each department itself, those below it left out; nobody behind two. None are those
    of no department."""

    of: Mapping[Any, int]

    def people(self, department: object) -> Crowd:
        """Placeholders for them, as many as tell that they are enough."""
        count = self.size(department)
        if count < 0:
            raise ValueError(f"{count} are no people")
        return frozenset((department, place) for place in range(min(count, FEWEST)))

    def size(self, department: object) -> int:
        """How many they are."""
        return self.of.get(department, 0)


@dataclass(frozen=True, slots=True)
class People:
    """Who stands behind each department itself, those below it left out; perhaps behind several."""

    of: Mapping[Any, Crowd]

    def people(self, department: object) -> Crowd:
        """Who they are."""
        return self.of.get(department, frozenset())

    def size(self, department: object) -> int:
        """How many they are."""
        return len(self.people(department))


def published(
    parents: Mapping[Department, Department | None],
    behind: Sequence[Counts | People],
    among: Set[Department | None] | None = None,
) -> frozenset[Department | None]:
    """The departments to publish, with None for the company, which is above them all; `parents` is their tree. None
    but those of `among` are, if it is given.

    What shares a sum has to be decided at once, a month and its quarter, or two metrics with one numerator: `behind`
    says for each of them who stands behind which department, and the answer is right for all. Answers that are right
    one by one may together give away what is left between them. What is summed must count for one department in all of
    them, too: what somebody did in a month, counted for one department then and for another in the quarter, is what is
    left when the months are taken from the quarter. Where one counts what another counts and less, it is enough to
    publish it `among` the departments of the other: together they tell of no smaller parts than the other does.

    A department is published if in each of `behind` five people or more stand behind it and all below it, or nobody,
    and not nobody in all of them; and if the same is true of its atom, which may be empty in all. For the sake of the
    atom, beginning with the deepest departments, the smallest of the published ones next below is withdrawn, and
    so on until the atom is large enough. The smallest is the one with the fewest people, counted for each department
    and each of `behind`; of equals the one with the lowest id. The company is no exception: it may be too small itself.

    Raises `ValueError` for what is no tree, people of departments that are not in it, and negative numbers.
    """
    for crowds in behind:
        if unknown := crowds.of.keys() - parents.keys() - {None}:
            raise ValueError(f"{unknown} are no departments")
    children = _children(parents)
    found: set[Department | None] = set()
    whole: dict[Department | None, list[Crowd]] = {}
    size: dict[Department | None, int] = {}
    # What falls to a published department above if this one is not published, or is withdrawn: people, and departments.
    atom: dict[Department | None, list[Crowd]] = {}
    below: dict[Department | None, list[tuple[int, Department]]] = {}
    for node in _deepest_first(parents):
        own = [crowds.people(node) for crowds in behind]
        whole[node], rest, next_below = own, own, []
        size[node] = sum(crowds.size(node) for crowds in behind)
        for child in children.get(node, ()):
            whole[node] = _joined(whole[node], whole[child])
            size[node] += size[child]
            if child in found:
                next_below.append((size[child], child))
            else:
                rest = _joined(rest, atom[child])
                next_below += below[child]
        if (among is None or node in among) and any(whole[node]) and _large(whole[node]):
            heapify(next_below)
            # It ends: without any below, the atom is the whole.
            while not _large(rest):
                _, smallest = heappop(next_below)
                found.remove(smallest)
                rest = _joined(rest, atom[smallest])
                for one in below[smallest]:
                    heappush(next_below, one)
            found.add(node)
        atom[node], below[node] = rest, next_below
    return frozenset(found)


def residues(
    parents: Mapping[Department, Department | None], published: Set[Department | None]
) -> dict[Department | None, Department | None]:
    """For each department, and None, the published one whose atom it is part of: itself, or the next above.

    Departments without one are left out; if the company is published, there are none.
    """
    found: dict[Department | None, Department | None] = {}
    for node in reversed(_deepest_first(parents)):
        if node in published:
            found[node] = node
        elif node is not None and parents[node] in found:
            found[node] = found[parents[node]]
    return found


def crossing_is_safe(cells: Mapping[tuple[Atom, Kind], Crowd]) -> bool:
    """Whether figures of the company by kind may be published beside those of departments.

    `cells` says who stands behind the units of a kind in an atom, the residue of a published department. The company
    must be published, so that every unit is in an atom.

    Atoms and kinds may be large, and cells, where they cross, small. Divide the kinds in two, in any way. An atom that
    has kinds of both parts is mixed; in the right combination of sums only its people of the one part are left over,
    or only those of the other, at choice. It is safe if and only if in every division these, of all mixed atoms
    together, are five people or more however one chooses, or nobody; and if every atom has five people or more.

    Why that is enough: what is computed from the sums weighs each unit by u(atom) + v(kind). Let a unit have a weight,
    and take a t between its v(kind) and -u(atom). Divide the kinds by whether v is above t. All units have a weight for
    which v is above t and -u is not, or the reverse: one part of every mixed atom, and perhaps others wholly.

    To ask only about people who are counted once each would not do. If what is left over is one person less another,
    it may be 1, which says what both of them did.

    With more than `KINDS` kinds the answer is no.
    """
    people = {cell: crowd for cell, crowd in cells.items() if crowd}
    bits = {kind: 1 << place for place, kind in enumerate(dict.fromkeys(kind for _, kind in people))}
    if len(bits) > KINDS:
        return False
    of_atom: dict[Atom, dict[int, Crowd]] = {}
    for (atom, kind), crowd in people.items():
        of_atom.setdefault(atom, {})[bits[kind]] = crowd
    # By the kinds they have, so that atoms that are not mixed are passed over together.
    alike: dict[int, list[dict[int, Crowd]]] = {}
    for of_kind in of_atom.values():
        alike.setdefault(sum(of_kind), []).append(of_kind)
    every = sum(bits.values())
    # The last kind is always in the other part: which part is which does not matter.
    return _large(_union(of_kind.values()) for of_kind in of_atom.values()) and all(
        _hides(
            part,
            (of_kind for kinds, group in alike.items() if kinds & part and kinds & ~part for of_kind in group),
        )
        for part in range(1, (every + 1) // 2)
    )


def _hides(part: int, mixed: Iterable[Mapping[int, Crowd]]) -> bool:
    """Whether those are five or more, or nobody, who are in one part or in the other of each mixed atom."""
    left: set[frozenset[Hashable]] = {frozenset()}
    for of_kind in mixed:
        inside = _union(crowd for bit, crowd in of_kind.items() if bit & part)
        outside = _union(crowd for bit, crowd in of_kind.items() if not bit & part)
        few = [frozenset(side) for side in (inside, outside) if len(side) < FEWEST]
        left = {both for chosen in left for side in few if len(both := chosen | side) < FEWEST}
        if not left:
            break
    return _large(left)


def _deepest_first(parents: Mapping[Department, Department | None]) -> list[Department | None]:
    """All departments, each before its parent, and None at the end."""
    children = _children(parents)
    order: list[Department | None] = [None]
    for node in order:
        order += children.get(node, ())
    if len(order) <= len(parents):
        raise ValueError("departments must form a tree")
    return order[::-1]


def _children(parents: Mapping[Department, Department | None]) -> dict[Department | None, list[Department]]:
    children: dict[Department | None, list[Department]] = {}
    for node, parent in parents.items():
        children.setdefault(parent, []).append(node)
    return children


def _joined(some: Sequence[Crowd], others: Sequence[Crowd]) -> list[Crowd]:
    return [_union(both) for both in zip(some, others, strict=True)]


def _union(crowds: Iterable[Crowd]) -> Crowd:
    """Everybody; or five or more of them, since it does not matter how many more there are."""
    together: Crowd = frozenset()
    for crowd in crowds:
        together = crowd if len(crowd) >= FEWEST else together | crowd
        if len(together) >= FEWEST:
            break
    return together


def _large(crowds: Iterable[Crowd]) -> bool:
    """Whether each is nobody, or five people or more."""
    return all(not crowd or len(crowd) >= FEWEST for crowd in crowds)
