"""A challenge at any moment of its life."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Actor, Company

CRITERIA = [{"name": "新颖", "weight": 60}, {"name": "可行", "weight": 40, "description": "三个月内做得出来"}]
PRIZES = [
    {"name": "一等奖", "description": "5000 元"},
    {"name": "二等奖", "description": "2000 元"},
    {"name": "三等奖", "places": 2},
]


def later(**after: float) -> str:
    """A time to come, as callers write it."""
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


@dataclass
class Contest:
    """The challenges of the tests: sponsor and judges, and helpers that do the usual."""

    company: Company
    sponsor: Actor
    judges: list[Actor] = field(default_factory=list)

    def ask(self, **fields: Any) -> dict[str, Any]:
        """What makes a challenge that opens at once."""
        body = {
            "title": f"怎样让老化房少用一半电？{uuid4().hex[:6]}",
            "closes_at": later(days=7),
            "judging_until": later(days=14),
            "criteria": CRITERIA,
            "prizes": PRIZES,
            "judges": [str(judge.id) for judge in self.judges],
            "publish": True,
        }
        return {name: value for name, value in (body | fields).items() if value is not None}

    def create(self, **fields: Any) -> dict[str, Any]:
        response = self.sponsor.rest.post("/challenges", json=self.ask(**fields))
        assert response.status_code == 201, response.text
        challenge: dict[str, Any] = response.json()
        return challenge

    def idea(self, actor: Actor, **fields: Any) -> dict[str, Any]:
        body = {"title": f"变频风机 {uuid4().hex[:6]}"} | fields
        response = actor.rest.post("/ideas", json=body)
        assert response.status_code == 201, response.text
        idea: dict[str, Any] = response.json()
        return idea

    def enter(self, challenge: dict[str, Any], actor: Actor, **fields: Any) -> dict[str, Any]:
        """An entry with a new idea of the actor's, unless one is given."""
        body = {"idea_id": fields.pop("idea_id", None) or self.idea(actor)["id"]} | fields
        response = actor.rest.post(f"/challenges/{challenge['id']}/entries", json=body)
        assert response.status_code == 201, response.text
        entry: dict[str, Any] = response.json()
        return entry

    def shift(self, challenge: dict[str, Any], **times: float) -> None:
        """Sets times of a challenge, in seconds from now: what the passing of time would do."""
        self.company.server.sql(
            "UPDATE challenge SET opens_at = coalesce(now() + $2 * interval '1 s', least(opens_at, now() + $3 *"
            " interval '1 s' - interval '1 day')), closes_at = now() + $3 * interval '1 s',"
            " judging_until = now() + $4 * interval '1 s' WHERE content_id = $1",
            challenge["id"], times.get("opens"), times["closes"], times.get("until", times["closes"] + 86400),
        )  # fmt: skip

    def scores(self, challenge: dict[str, Any], *values: int) -> dict[str, Any]:
        """The body of a scorecard."""
        return {
            "scores": [
                {"criterion_id": criterion["id"], "score": value}
                for criterion, value in zip(challenge["criteria"], values, strict=True)
            ]
        }

    def score(self, challenge: dict[str, Any], entry: dict[str, Any], judge: Actor, *values: int) -> dict[str, Any]:
        response = judge.rest.put(f"/challenge-entries/{entry['id']}/scorecard", json=self.scores(challenge, *values))
        assert response.status_code == 200, response.text
        card: dict[str, Any] = response.json()
        return card

    def rows(self, challenge: dict[str, Any]) -> Sequence[Any]:
        """Everything stored of a challenge, to tell whether anything changed."""
        tables = ("entry", "criterion", "prize", "judge", "extension", "scorecard")
        parts = [f"SELECT to_jsonb(t)::text AS r FROM challenge_{table} t WHERE challenge_id = $1" for table in tables]
        parts.append("SELECT to_jsonb(t)::text FROM challenge t WHERE content_id = $1")
        parts.append("SELECT to_jsonb(t)::text FROM content t WHERE id = $1")
        found = self.company.server.sql(" UNION ALL ".join(parts), challenge["id"])
        return sorted(row["r"] for row in found)


@pytest.fixture(scope="session")
def contest(company: Company) -> Contest:
    judges = [company.hire("评委甲", "rd"), company.hire("评委乙", "sales")]
    return Contest(company, company.hire("出题人", "root", roles=(("committee", None),)), judges)
