"""The examples in the contract are answers of this server, and fit their schemas."""

import json
import os
from typing import Any

import jsonschema_rs
import pytest
from tests.conftest import Company
from tests.contract.recording import Recording
from tests.contract.story import furnish, tell

from kshare import api, contract
from kshare.edge import examples

WRITE = "KSHARE_RECORD_EXAMPLES" in os.environ
HOW = "run `python -m tests.contract.record_examples`, then `kshare contract write`"
OPERATIONS = {operation.name: operation for door in api.DOORS for operation in door.operations}


def recorded(company: Company) -> bytes:
    furnish(company)
    recording = Recording(company)
    tell(recording, company)
    return recording.file()


@pytest.mark.skipif(not WRITE, reason="only when asked for: python -m tests.contract.record_examples")
def test_write(fresh: Company) -> None:
    """Uses every operation and writes down what it answered."""
    examples.FILE.write_bytes(recorded(fresh))


@pytest.mark.skipif(WRITE, reason="being recorded")
def test_the_examples_are_what_the_server_answers(fresh: Company) -> None:
    answered = recorded(fresh)
    assert json.loads(answered) == examples.recorded(), HOW
    assert answered == examples.FILE.read_bytes(), HOW


@pytest.mark.skipif(WRITE, reason="being recorded")
def test_every_operation_has_an_example() -> None:
    missing, gone = set(OPERATIONS) - set(examples.recorded()), set(examples.recorded()) - set(OPERATIONS)
    assert not missing, f"{sorted(missing)} have no example: use them in tests/contract/story.py and {HOW}"
    assert not gone, f"{sorted(gone)} are no operations any more: {HOW}"


@pytest.mark.skipif(WRITE, reason="being recorded")
def test_the_document_shows_them_and_they_fit_their_schemas() -> None:
    document = json.loads(contract.openapi_bytes())
    registry = jsonschema_rs.Registry([(DOCUMENT, document)])
    missing, wrong = [], []
    for methods in document["paths"].values():
        for operation in methods.values():
            for place, media in _media(operation):
                shown = [media["example"]] if "example" in media else []
                shown += [_resolved(document, one)["value"] for one in media.get("examples", {}).values()]
                if not shown:
                    missing.append(f"{operation['operationId']}: {place}")
                wrong += [
                    f"{operation['operationId']}: {place}: {e}" for v in shown for e in _errors(registry, media, v)
                ]
            for one in operation.get("parameters", ()):
                if "example" in one:
                    wrong += [f"{operation['operationId']}: {e}" for e in _errors(registry, one, one["example"])]
    assert not missing, f"without an example ({HOW}):\n" + "\n".join(missing)
    assert not wrong, "\n".join(wrong)


OTHER_FORMS = ("application/x-ndjson", "text/csv", "image/png", "image/svg+xml")
"""In which the same can be had as in JSON."""


def _media(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every body that is sent or answered, but for tables and pictures."""
    bodies = [("body", operation.get("requestBody", {})), *operation["responses"].items()]
    every = [(place, kind, media) for place, one in bodies for kind, media in one.get("content", {}).items()]
    return [(f"{place}, {kind}", media) for place, kind, media in every if kind not in OTHER_FORMS]


def _resolved(document: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["examples"][example["$ref"].rpartition("/")[2]]
    return found


DOCUMENT = "urn:contract"
"""What schemas refer to, read once and not once for each."""


def _errors(registry: jsonschema_rs.Registry, media: dict[str, Any], value: Any) -> list[str]:
    schema = json.loads(json.dumps(media["schema"]).replace('"$ref": "#/', f'"$ref": "{DOCUMENT}#/'))
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, registry=registry)
    return [f"{error.message} at {error.instance_path}" for error in validator.iter_errors(value)]
