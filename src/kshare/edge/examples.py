"""The examples of the OpenAPI document: answers that were recorded from a running server, and refusals.

`python -m tests.contract.record_examples` records them into static/examples.json; a test compares them with what the
server answers.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from kshare.core.errors import PROBLEMS, DomainError, FieldError
from kshare.edge.problems import problem_body

_SHOWN = ("application/json", "text/event-stream")
"""Media types of answers that are recorded. Tables and pictures say the same in another form."""

FILE = Path(__file__).with_name("static") / "examples.json"


@cache
def recorded() -> dict[str, Any]:
    """For each operation, by its name: what was sent in `path`, `query` and `body`, and `answer`."""
    examples: dict[str, Any] = json.loads(FILE.read_bytes())
    return examples


def add_examples(document: dict[str, Any]) -> None:
    """Adds to every operation of an OpenAPI document what was recorded of it, and to every refusal its codes'."""
    used: set[str] = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            _add_recorded(operation, recorded().get(operation["operationId"], {}))
            for answer in operation["responses"].values():
                if problem := answer.get("content", {}).get("application/problem+json"):
                    codes = [code for code in re.findall(r"`(\w+)`", answer["description"]) if code in PROBLEMS]
                    problem["examples"] = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
                    used.update(codes)
    document["components"]["examples"] = {code: _refusal(code) for code in sorted(used)}


def _add_recorded(operation: dict[str, Any], example: dict[str, Any]) -> None:
    sent = {**example.get("path", {}), **example.get("query", {})}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in sent:
            parameter["example"] = sent[parameter["name"]]
    if "body" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["body"]
    if "answer" in example:
        for status, answer in operation["responses"].items():
            if status < "300":
                for kind, media in answer.get("content", {}).items():
                    if kind in _SHOWN:
                        media["example"] = example["answer"]


def _refusal(code: str) -> dict[str, Any]:
    problem = PROBLEMS[code]
    broken = [FieldError("/title", "string_too_short", "String should have at least 1 character")]
    error = DomainError(code, errors=broken if code == "invalid" else ())
    request_id = "01a20000-0000-7000-8000-000000000001"
    body = problem_body(error, instance="/v1/knowledge-items", request_id=request_id, language="en")
    return {"summary": problem.en, "value": body}
