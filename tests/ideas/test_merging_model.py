"""Whatever is merged, unmerged, voted for, followed and commented on, in whatever order: a simple model says what ideas
then show, and that undoing all merging leaves what each had for itself."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.ideas.test_merging import idea, listed, merge, propose, voters

IDEAS, PEOPLE = 6, 4
_IDEA, _PERSON = st.integers(0, IDEAS - 1), st.integers(0, PEOPLE - 1)
_ACTS = st.one_of(
    st.tuples(st.just("merge"), _IDEA, _IDEA),
    st.tuples(st.just("unmerge"), _IDEA, _IDEA),
    st.tuples(st.sampled_from(("vote", "vote", "unvote", "follow", "unfollow", "comment")), _IDEA, _PERSON),
)


@dataclass
class Model:
    """Nothing is ever moved: each idea has what it was given itself, and a parent or none."""

    parent: list[int | None] = field(default_factory=lambda: [None] * IDEAS)
    votes: list[set[int]] = field(default_factory=lambda: [set() for _ in range(IDEAS)])
    follows: list[set[int]] = field(default_factory=lambda: [set() for _ in range(IDEAS)])
    comments: list[int] = field(default_factory=lambda: [0] * IDEAS)

    def group(self, n: int) -> list[int]:
        return [n, *(below for child in range(IDEAS) if self.parent[child] == n for below in self.group(child))]

    def union(self, sets: list[set[int]], n: int) -> set[int]:
        return set().union(*(sets[m] for m in self.group(n)))

    def status(self, act: str, n: int, m: int) -> int:
        """Performs an act; the status it has."""
        match act:
            case "merge":
                if n == m or self.parent[n] is not None or self.parent[m] is not None:
                    return 409
                self.parent[n] = m
            case "unmerge":
                if self.parent[n] is None:
                    return 409
                self.parent[n] = None
            case "vote":
                if any(author(k) == m for k in self.group(n)):
                    return 403
                if self.parent[n] is not None:
                    return 409
                if m not in self.union(self.votes, n):
                    self.votes[n].add(m)
            case "unvote":
                if self.parent[n] is not None:
                    return 409
                for k in self.group(n):
                    self.votes[k].discard(m)
                return 204
            case "follow":
                self.follows[n].add(m)
                return 204
            case "unfollow":
                self.follows[n].discard(m)
                return 204
            case "comment":
                self.comments[n] += 1
                return 201
        return 200


def author(n: int) -> int:
    """Whose an idea is; of the last two, nobody's who acts."""
    return n if n < PEOPLE else -1


def perform(company: Company, people: list[Actor], ideas: list[str], act: str, n: int, m: int) -> int:
    id = ideas[n]
    match act:
        case "merge":
            return int(merge(company.committee, id, ideas[m]).status_code)
        case "unmerge":
            return company.committee.rest.post(f"/ideas/{id}/unmerge").status_code
        case "vote":
            return people[m].rest.put(f"/ideas/{id}/vote").status_code
        case "unvote":
            return people[m].rest.delete(f"/ideas/{id}/vote").status_code
        case "follow":
            return people[m].rest.put(f"/content/{id}/follow").status_code
        case "unfollow":
            return people[m].rest.delete(f"/content/{id}/follow").status_code
        case _:
            return people[m].rest.post(f"/content/{id}/comments", json={"body": "记一笔"}).status_code


def check(model: Model, reader: Actor, people: list[Actor], ideas: list[str], n: int) -> None:
    shown = idea(reader, ideas[n])
    voting = model.union(model.votes, n)
    assert shown["votes"] == len(voting)
    assert shown["counters"]["followers"] == len(model.union(model.follows, n))
    assert shown["counters"]["comments"] == sum(model.comments[k] for k in model.group(n))
    assert shown["merged_into"] == (None if (up := model.parent[n]) is None else ideas[up])
    assert shown["state"] == ("published" if model.parent[n] is None else "archived")
    assert voters(reader, ideas[n]) == sorted(str(people[m].id) for m in voting)
    assert {one["id"] for one in listed(reader, ideas[n], "merged")} == {ideas[k] for k in model.group(n)[1:]}


def root(model: Model, n: int) -> int:
    while (up := model.parent[n]) is not None:
        n = up
    return n


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(_ACTS, min_size=8, max_size=30))
def test_ideas_show_what_the_model_says(company: Company, acts: list[tuple[Any, ...]]) -> None:
    people = [company.employee, company.colleague, company.outsider, company.reviewer]
    ideas = [propose(people[n] if n < PEOPLE else company.manager) for n in range(IDEAS)]
    model, reader = Model(), company.finance
    # With nobody's votes most acts would change nothing.
    votes = [("vote", n, (n + k) % PEOPLE) for n in range(IDEAS) for k in (1, 2)]
    for act, n, m in (*votes, *acts):
        assert perform(company, people, ideas, act, n, m) == model.status(act, n, m), (act, n, m)
        check(model, reader, people, ideas, root(model, n))
    for n in range(IDEAS):
        check(model, reader, people, ideas, n)
    for n in range(IDEAS):
        expected = model.status("unmerge", n, n)
        assert perform(company, people, ideas, "unmerge", n, n) == expected
    for n in range(IDEAS):
        check(model, reader, people, ideas, n)
