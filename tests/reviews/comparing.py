"""Panels that compare two at a time, at any moment of their life."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from tests.challenges.test_entries import alone
from tests.conftest import Actor, Company
from tests.reviews.reviewing import done


@dataclass
class Round:
    """A panel that compares: its chair, its members, its ideas and their reviews in the order of their ids."""

    company: Company
    chair: Actor
    members: Sequence[Actor]
    ideas: Sequence[dict[str, Any]]
    id: str = ""
    reviews: list[str] = field(default_factory=list)
    idea_of: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/panels/{self.id}"

    def make(self, **fields: Any) -> "Round":
        """Makes it and opens it."""
        ask = {
            "name": "年度点子", "method": "pairs", "chair_id": str(self.chair.id),
            "members": [str(member.id) for member in self.members], "ideas": [idea["id"] for idea in self.ideas],
        }  # fmt: skip
        self.id = done(self.chair.rest.post("/panels", json=ask | fields), 201)["id"]
        done(self.chair.rest.post(f"{self.path}/open", json={}))
        found = self.company.server.sql("SELECT id, content_id FROM review WHERE panel_id = $1 ORDER BY id", self.id)
        by_id = {idea["id"]: idea for idea in self.ideas}
        self.reviews = [str(row["id"]) for row in found]
        self.idea_of = {str(row["id"]): by_id[str(row["content_id"])] for row in found}
        return self

    def close(self, closer: Actor | None = None, **ask: Any) -> httpx.Response:
        """Closes it, or tries to; on a connection of its own, since that of the chair may have been idle for long."""
        return alone(closer or self.chair, "POST", f"{self.path}/close", json=ask)

    # ---- what its members do

    def next(self, judge: Actor) -> dict[str, Any]:
        return done(judge.rest.get(f"{self.path}/next-pair"))

    def compare(self, judge: Actor, first: str, second: str, outcome: str = "first", **fields: Any) -> httpx.Response:
        """Reviews by their ids."""
        ask = {"first_id": first, "second_id": second, "outcome": outcome, **fields}
        return judge.rest.post(f"{self.path}/comparisons", json=ask)

    def said(self, viewer: Actor) -> list[dict[str, Any]]:
        """All comparisons that somebody sees."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 100}
        while True:
            page = done(viewer.rest.get(f"{self.path}/comparisons", params=query))
            found += page["items"]
            if page.get("next_cursor") is None:
                return found
            query["cursor"] = page["next_cursor"]

    def conflict(self, judge: Actor, review: str, reason: str = "是我表弟提的") -> httpx.Response:
        path = f"{self.path}/ideas/{self.idea_of[review]['id']}/conflict"
        return judge.rest.post(path, json={"reason": reason})

    def rows(self) -> list[str]:
        """Everything stored of it, to tell whether anything changed."""
        parts = [
            f"SELECT to_jsonb(t)::text AS r FROM {table} t WHERE {condition}"
            for table, condition in (
                ("review_panel", "id = $1"), ("review", "panel_id = $1"), ("review_assignment", "panel_id = $1"),
                ("review_comparison", "panel_id = $1"), ("review_panel_member", "panel_id = $1"),
                ("content", "id IN (SELECT content_id FROM review WHERE panel_id = $1)"),
                ("idea", "content_id IN (SELECT content_id FROM review WHERE panel_id = $1)"),
            )
        ]  # fmt: skip
        return sorted(row["r"] for row in self.company.server.sql(" UNION ALL ".join(parts), self.id))


def propose(author: Actor, **fields: Any) -> dict[str, Any]:
    """An idea that everybody sees."""
    ask = {"title": f"点子 {uuid4().hex[:6]}", "summary": "省一半", "body": "先做一台。", **fields}
    return done(author.rest.post("/ideas", json=ask), 201)


def a_round(
    company: Company, ideas: int | Sequence[dict[str, Any]] = 4, judges: int | Sequence[Actor] = 2, **panel: Any
) -> Round:
    """A panel that is open, with new ideas of the employee's and new members unless they are given."""
    if isinstance(ideas, int):
        ideas = [propose(company.employee) for _ in range(ideas)]
    if isinstance(judges, int):
        judges = [company.hire(f"评委{number}", "rd") for number in range(judges)]
    chair = panel.pop("chair", None) or company.hire("主持人", "root", roles=(("committee", None),))
    return Round(company, chair, judges, ideas).make(**panel)
