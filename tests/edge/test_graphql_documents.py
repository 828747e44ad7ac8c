"""Trusted documents: what an operator may put into the file, and what is executed then."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Loop, cloned_database, found_company, live_server

from kshare.console import Console
from kshare.core.settings import Settings, SettingsError
from kshare.doctor import State, examine
from kshare.edge.graphql_documents import trusted_documents

MINE, OTHER = "query Mine { me { person { name } } }", "{ me { person { id } } }"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def given(path: Path, content: Any, **more: Any) -> Settings:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return Settings(_env_file=None, graphql_documents=path, data_dir=path.parent / "data", **more)


def manifest(*texts: str) -> dict[str, Any]:
    operations = [{"id": sha256(text), "name": "Mine", "type": "query", "body": text} for text in texts]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


@pytest.mark.parametrize("content", [{sha256(MINE): MINE}, {f"sha256:{sha256(MINE)}": MINE}, manifest(MINE)])
def test_both_forms_are_read(tmp_path: Path, content: Any) -> None:
    assert trusted_documents(given(tmp_path / "a.json", content)) == {sha256(MINE): MINE}
    assert trusted_documents(Settings(_env_file=None)) == {}


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "Expecting property name"),
        ([MINE], "must be a JSON object"),
        ({"operations": [MINE]}, "`operations` must be a list of objects"),
        ({sha256(OTHER): MINE}, f"has the SHA-256 {sha256(MINE)}"),
        ({sha256(MINE): 1}, "must have an id and a text"),
        ('{"x": "\\ud800"}', "surrogates not allowed"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_another_file_is_refused_in_words(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=r"KSHARE_GRAPHQL_DOCUMENTS: .*a\.json: ") as refused:
        trusted_documents(given(tmp_path / "a.json", content))
    assert words in str(refused.value)


def test_no_others_are_executed_if_so_wished(tmp_path: Path, postgres_url: str, loop: Loop) -> None:
    settings = given(tmp_path / "a.json", manifest(MINE))
    options = {"graphql_documents": settings.graphql_documents, "graphql_trusted_only": True}
    with cloned_database(postgres_url, loop) as url, live_server(url, loop, **options) as server:
        employee = found_company(server).employee
        for asked in (
            {"documentId": f"sha256:{sha256(MINE)}"},
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(MINE)}}},
            {"query": MINE},
        ):
            answer = employee.rest.post(f"{server.url}/graphql", json=asked)
            assert answer.json()["data"]["me"]["person"]["name"] == employee.name, answer.text
        for asked in ({"query": OTHER}, {"query": OTHER, "documentId": f"sha256:{sha256(OTHER)}"}):
            refused = employee.rest.post(f"{server.url}/graphql", json=asked).json()
            assert refused["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_ONLY"
            assert "data" not in refused


async def _documents_in(settings: Settings) -> tuple[State, str]:
    async for finding in examine(settings, Console(error=True)):
        if finding.check == "GraphQL documents":
            return finding.state, finding.found
    raise AssertionError("the doctor did not look")


def test_the_doctor_names_documents_that_do_not_fit(tmp_path: Path, loop: Loop) -> None:
    file = tmp_path / "a.json"
    assert loop.run(_documents_in(given(file, manifest(MINE)))) == (State.ok, "1, and any")
    state, found = loop.run(_documents_in(given(file, manifest(MINE, "{ nothing }", "{"))))
    assert (state, found.startswith("2 of 3 do not fit the schema")) == (State.warn, True)
    assert loop.run(_documents_in(given(file, "{")))[0] is State.fail
