"""The contract against the live server: what it allows is accepted, what it forbids is refused, and every answer is
as it says. All of schemathesis' checks, over every operation.

What no schema can say is said here: cursors are made by the server, references name things that exist, types of events
are the registered ones, an Idempotency-Key is not used for two requests, a time may have to lie ahead, shares add up to
100, and what one field may hold depends on another one.
"""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import negative_data_rejection
from tests.conftest import Company, found_company

from kshare import contract
from kshare.core.principal import EVERYONE

schema = schemathesis.openapi.from_dict(json.loads(contract.openapi_bytes()))
# RFC 6585: the answer to a change without its precondition.
schema.config.checks.missing_required_header.expected_statuses = ["428"]
# Input too long for a query is refused as such.
schema.config.checks.negative_data_rejection.expected_statuses += ["414"]
# Somebody else is changing the same thing, such as a reactor; the caller is told when to come back.
schema.config.checks.not_a_server_error.expected_statuses += ["503"]

STREAMS = "/v1/events/stream"
"""Never ends, so it has tests of its own."""
PERIODS = (
    "/values",
    "/history",
    "/rows",
    "/contribution-totals",
    "/knowledge-flow",
    "/dashboards/{id}",
    "/charts/{chart}",
)
"""Where the last month or day cannot lie before the first."""
FIGURES = ("/v1/metrics/", "/v1/dashboards/", "/v1/knowledge-flow")
"""What is told of periods before next year, and of departments, categories and kinds that there are."""
NEEDED = frozenset({"budget_id", "criterion_id", "first_id", "idea_id", "into_id", "second_id"})
"""Ids that cannot be left out; what they belong to is not found first."""
MONEY: dict[str, Any] = {"kind": "money", "currency": "CNY"}
"""Which unit an amount has, and whether it may have a fraction, depends on what it is an amount of."""
FIGURE: dict[str, Any] = {"months": None}
"""Months add up to the figure of the year."""
ASKED: dict[str, Any] = {
    "criteria": [{"name": "效果", "weight": 100, "means_1": "没有", "means_5": "很大"}],
    "approve_at": 3.5,
    "decline_below": 2.25,
}
"""Weights add up to 100, and one limit is not above the other."""
RULE: dict[str, Any] = {"variety": None, "stage": None, "quorum": None, "groups": [], "departments": []}
"""What a policy may say depends on what it is for."""
TOGETHER: dict[str, dict[str, Any]] = {
    "/v1/teams": {"idea_id": None},
    "/v1/keys": {"scopes": ["content_read", "search"]},
    "/v1/budgets": MONEY,
    "/v1/ideas/{id}/resource-requests": MONEY,
    "/v1/ideas/{id}/decision": {"outcome": "approved", "reason": None, "until": None},
    "/v1/ideas/{id}/benefits": FIGURE
    | {"type": "saving", "currency": "CNY", "unit": None, "cost": "100.00", "cost_currency": "CNY"},
    "/v1/benefits/{id}/commit": FIGURE,
    "/v1/benefits/{id}/verify": FIGURE,
    "/v1/benefit-entries/{id}/correct": FIGURE,
    "/v1/panels": {"method": "pairs", "form_id": None, "each": None, "ideas": [], "working_days": None},
    "/v1/review-forms": ASKED,
    "/v1/review-forms/{id}/versions": ASKED,
    # Nothing, since it holds for the whole company.
    "/v1/review-policies": {"needs": "nothing"} | RULE,
    "/v1/challenges": {"classification": "internal", "format": "hackathon", "team_min": 2, "team_max": 6},
}
"""Fields of a body by its path whose values depend on one another."""
ANSWERED: dict[str, Any] = {
    "template": "problem_solution",
    "answers": [{"field": name, "text": "托盘最后一层会滑"} for name in ("problem", "solution")],
}


@pytest.fixture(scope="module")
def subject(company: Company) -> Company:
    """A company of its own, so that what is generated here disturbs nobody."""
    return found_company(company.server)


def realistic(case: schemathesis.Case, subject: Company) -> None:
    """Makes a request that its schema allows one that makes sense, too."""
    for name in ("cursor", "after", "types"):
        (case.query or {}).pop(name, None)
    if case.path.endswith(PERIODS):
        (case.query or {}).pop("to", None)
    if case.path.startswith(FIGURES):
        for name in ("from", "to", "department", "category", "kind"):
            (case.query or {}).pop(name, None)
        if "period" in (case.query or {}):
            case.query["period"] = "2026-01"
    (case.headers or {}).pop("Idempotency-Key", None)
    known: dict[str, Any] = {
        "audience": [str(EVERYONE)],
        "mentions": [],
        "department_id": str(subject.departments["rd"]),
        "person_id": str(subject.employee.id),
        "expires_at": "2099-01-01T00:00:00Z",
        "since": "2024-06-01",
        "needed_by": "2099-01-01",
        "starts_on": "2026-03-01",
        "ends_on": "2099-01-01",
        "owner_id": str(subject.employee.id),
        "judges": [str(subject.employee.id)],
        "members": [str(subject.employee.id)],
        "coauthors": [],
        "opens_at": "2098-01-01T00:00:00Z",
        "closes_at": "2098-06-30T10:00:00Z",
        "judging_until": "2098-07-14T10:00:00Z",
        "criteria": [{"name": "效果", "weight": 100}],
        "due_at": "2099-01-01T00:00:00Z",
        "due_on": "2099-01-01",
        "from_on": "2026-03-01",
        "until_on": "2099-01-01",
        "planned_on": "2099-01-01",
        "done_on": "2026-03-01",
        "anonymous": False,
    }
    case.body = _with_known(case.body, known)
    if isinstance(case.body, dict) and case.body.get("kind") == "service":
        case.body.pop("email", None)
    if isinstance(case.body, dict):
        case.body |= TOGETHER.get(case.path, {})
    if isinstance(case.body, dict) and {"template", "answers"} & set(case.body):
        case.body |= ANSWERED
    if isinstance(case.body, dict) and "into" in case.body:
        case.body["into"] = str(EVERYONE)


def _with_known(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _known_field(name, inner, known) for name, inner in value.items()}
    if isinstance(value, float) and value.is_integer():
        # To a schema 12.0 is a whole number; an amount is refused where a decimal point may have cost it digits.
        return int(value)
    return [_with_known(inner, known) for inner in value] if isinstance(value, list) else value


def _known_field(name: str, value: Any, known: dict[str, Any]) -> Any:
    if value and name in known:
        return known[name]
    if value and name.endswith("_id") and name != "external_id" and name not in NEEDED:
        return None
    return _with_known(value, known)


@schema.exclude(path=STREAMS).parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_contract(case: schemathesis.Case, subject: Company) -> None:
    if case.meta is not None and case.meta.generation.mode.is_positive:
        realistic(case, subject)
    headers = {"Authorization": f"Bearer {subject.admin.key}"}
    # A batch answers each item for itself: 207 with a problem beside the ones that are wrong.
    wrong = [negative_data_rejection] if case.path.endswith(":batch") else []
    case.call_and_validate(base_url=subject.server.url, headers=headers, excluded_checks=wrong)
