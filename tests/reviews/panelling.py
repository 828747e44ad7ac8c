"""A panel that scores, made and led through the doors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.reviews.reviewing import done

CRITERIA = [
    {"name": "效果", "weight": 60, "means_1": "省不下什么", "means_5": "一年省十万元以上"},
    {"name": "可行", "weight": 40, "means_1": "两年内做不成", "means_5": "三个月内就能试"},
]


def scorecard(company: Company, criteria: Sequence[dict[str, Any]] = CRITERIA, **fields: Any) -> dict[str, Any]:
    """A new form."""
    ask = {"name": f"评分表 {uuid4().hex[:6]}", "criteria": list(criteria), **fields}
    return done(company.committee.rest.post("/review-forms", json=ask), 201)


def idea(actor: Actor, **fields: Any) -> str:
    """A new idea."""
    return str(done(actor.rest.post("/ideas", json={"title": f"建议 {uuid4().hex[:6]}", **fields}), 201)["id"])


def chair_of(company: Company, name: str = "主席") -> Actor:
    """Somebody new who may lead panels."""
    return company.hire(name, "root", roles=(("committee", None),))


def unchanged(company: Company, response: Any, status: int, code: str | None = None, *, before: Any) -> dict[str, Any]:
    """The problem that a refusal tells, which changed nothing since `before`."""
    assert response.status_code == status, response.text
    problem: dict[str, Any] = response.json()
    assert code is None or problem["code"] == code, problem
    company.server.settle()
    assert fingerprint(company.server) == before
    return problem


def printed(company: Company) -> Any:
    """What there is in the database, when nothing more follows from what was done."""
    company.server.settle()
    return fingerprint(company.server)


@dataclass
class Panel:
    """A panel with its chair and members."""

    company: Company
    chair: Actor
    members: list[Actor]
    author: Actor
    id: str = ""
    ideas: list[str] = field(default_factory=list)
    form: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/panels/{self.id}"

    def read(self, actor: Actor | None = None) -> dict[str, Any]:
        return done((actor or self.chair).rest.get(self.path))

    def post(self, what: str, actor: Actor | None = None, **body: Any) -> Any:
        return (actor or self.chair).rest.post(f"{self.path}/{what}", json=body)

    def open(self, **body: Any) -> dict[str, Any]:
        return done(self.post("open", **body))

    def close(self, **body: Any) -> dict[str, Any]:
        return done(self.post("close", **body))

    def page(self, what: str, actor: Actor | None = None) -> list[dict[str, Any]]:
        answer = done((actor or self.chair).rest.get(f"{self.path}/{what}", params={"limit": 100}))
        items: list[dict[str, Any]] = answer["items"]
        return items

    def review(self, idea_id: str, actor: Actor | None = None) -> dict[str, Any]:
        """The review of an idea in this panel."""
        asked = {"content": idea_id, "panel": self.id}
        (found,) = done((actor or self.chair).rest.get("/reviews", params=asked))["items"]
        return done((actor or self.chair).rest.get(f"/reviews/{found['id']}"))

    def score(self, judge: Actor, idea_id: str, *scores: int) -> Any:
        """What a member says of an idea."""
        review = self.review(idea_id, judge)
        criteria = review["form"]["criteria"]
        given = [{"criterion_id": one["id"], "score": score} for one, score in zip(criteria, scores, strict=True)]
        ask = {"revision": review["latest_revision"], "scores": given}
        return judge.rest.post(f"/review-assignments/{review['assignment']['id']}/judgements", json=ask)

    def assignment(self, judge: Actor, idea_id: str) -> str:
        return str(self.review(idea_id, judge)["assignment"]["id"])

    def asked(self) -> dict[tuple[str, str], str]:
        """What became of who was asked to judge which idea, read behind the doors: nobody is to see it."""
        rows = self.company.server.sql(
            "SELECT content_id, person_id, state FROM review_assignment WHERE panel_id = $1 AND review_id IS NOT NULL",
            self.id,
        )
        return {(str(row["content_id"]), str(row["person_id"])): row["state"] for row in rows}


def panel(company: Company, ideas: int | list[str] = 2, members: int | list[Actor] = 3, **fields: Any) -> Panel:
    """A panel that is prepared, with new people and ideas unless they are given."""
    chair = fields.pop("chair", None) or chair_of(company)
    author = fields.pop("author", None) or company.hire("提案人", "rd")
    judges = [company.hire(f"评委{n}", "rd") for n in range(members)] if isinstance(members, int) else members
    made = [idea(author) for _ in range(ideas)] if isinstance(ideas, int) else ideas
    form = fields.pop("form", None) or scorecard(company)
    ask = {
        "name": f"评审会 {uuid4().hex[:6]}",
        "method": "scores",
        "form_id": form["id"],
        "members": [str(one.id) for one in judges],
    }
    created = done(chair.rest.post("/panels", json={**ask, "ideas": made, **fields}), 201)
    return Panel(company, chair, judges, author, created["id"], made, form)
