"""Who judges what in a panel where only some members judge each idea."""

from collections.abc import Mapping, Sequence, Set
from hashlib import sha256
from uuid import UUID


def share_out(allowed: Mapping[UUID, Set[UUID]], each: int) -> dict[UUID, list[UUID]]:
    """For each subject `each` of those who are allowed to judge it, so that nobody has more to do than they must.

    Nobody judges anything twice. Where everybody may judge everything, loads differ by at most one. Where they may not,
    no work can be moved, directly or by way of others, from anybody to somebody with at least two less; then the
    largest load and the sum of squares of all are as small as they can be (N. Harvey, R. Ladner, L. Lovász, T. Tamir,
    Semi-matchings for bipartite graphs and load balancing, 2006).

    Who of several does it follows from the ids alone, and looks random, so that everybody judges with everybody.
    Raises `ValueError` for a subject that fewer than `each` may judge.
    """
    if any(len(judges) < each for judges in allowed.values()):
        raise ValueError("too few may judge a subject")
    loads = dict.fromkeys(sorted({judge for judges in allowed.values() for judge in judges}), 0)
    shared: dict[UUID, list[UUID]] = {}
    # Subjects with little choice come first: what the others leave, they could not take.
    for subject in sorted(allowed, key=lambda subject: (len(allowed[subject]), subject)):
        ranked = sorted(allowed[subject], key=lambda judge: (loads[judge], _drawn(subject, judge)))
        shared[subject] = ranked[:each]
        for judge in shared[subject]:
            loads[judge] += 1
    while path := _relief(allowed, shared, loads):
        for subject, giver, taker in path:
            shared[subject][shared[subject].index(giver)] = taker
        loads[path[0][1]] -= 1
        loads[path[-1][2]] += 1
    return {subject: sorted(shared[subject]) for subject in allowed}


def _drawn(subject: UUID, judge: UUID) -> bytes:
    return sha256(subject.bytes + judge.bytes).digest()


Step = tuple[UUID, UUID, UUID]
"""A subject that one judge gives to another."""


def _relief(
    allowed: Mapping[UUID, Set[UUID]], shared: Mapping[UUID, Sequence[UUID]], loads: Mapping[UUID, int]
) -> list[Step]:
    """Steps that move one subject's worth of work from somebody to somebody with at least two less; none if there are
    no such two."""
    least = min(loads.values(), default=0)
    of_judge: dict[UUID, list[UUID]] = {judge: [] for judge in loads}
    for subject, judges in shared.items():
        for judge in judges:
            of_judge[judge].append(subject)
    for first in sorted(loads, key=lambda judge: (-loads[judge], judge)):
        if loads[first] < least + 2:
            return []
        came: dict[UUID, Step | None] = {first: None}
        queue = [first]
        for giver in queue:
            for subject in of_judge[giver]:
                for taker in sorted(allowed[subject] - came.keys() - set(shared[subject])):
                    came[taker] = (subject, giver, taker)
                    queue.append(taker)
                    if loads[taker] <= loads[first] - 2:
                        return _path(came, taker)
    return []


def _path(came: Mapping[UUID, Step | None], last: UUID) -> list[Step]:
    path: list[Step] = []
    while (step := came[last]) is not None:
        path.append(step)
        last = step[1]
    return path[::-1]
