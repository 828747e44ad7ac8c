"""The access matrix, matrix.yaml: every operation of both doors, tried as every role, on somebody else's things.

`allowed` passes (a conflict with the state of the thing counts), `hidden` is told that there is no such thing, and
everybody else is refused; whoever is not allowed changes nothing. `python -m tests.access.write` writes the file anew,
`python -m tests.access.write missing` the rows of new operations; what it changes is to be reviewed.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.access.world import ROLES, World, fingerprint
from tests.conftest import Loop, Server, cloned_database, found_company, live_server
from tests.sampling import graphql_request, operations, request_of, root_fields

from kshare import api
from kshare.core.access import ROLES as ROLE_TABLE
from kshare.core.access import Role

FILE = Path(__file__).with_name("matrix.yaml")
WRITE = os.environ.get("KSHARE_WRITE_MATRIX")
"""`all`, or `missing`: only operations without a row are tried, and the others keep theirs."""
MATRIX: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(FILE.read_text()) if FILE.exists() else {}
REST = {operation.name: operation for operation in operations()}
GRAPHQL = {name: (kind, name, field) for kind, name, field in root_fields()}
EVERY = [("rest", name) for name in REST] + [("graphql", name) for name in GRAPHQL]


def reads(door: str, name: str) -> bool:
    return REST[name].method == "GET" if door == "rest" else GRAPHQL[name][0] == "query"


_ROLE_OF = {
    "employee": Role.employee,
    "outsider": Role.employee,
    "reviewer": Role.reviewer,
    "knowledge_manager": Role.knowledge_manager,
    "committee": Role.committee,
    "finance": Role.finance,
    "hr": Role.hr,
    "administrator": Role.administrator,
}


@pytest.fixture(scope="module")
def world(postgres_url: str, loop: Loop) -> Iterator[World]:
    """Where the refused try, and everybody reads; nothing ever changes in it, but that it is settled first."""
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield World(found_company(server))


@pytest.fixture(scope="module")
def playground(postgres_url: str, loop: Loop) -> Iterator[World]:
    """Where the allowed change what they may, each a new thing."""
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield World(found_company(server))


def outcome(world: World, role: str, door: str, name: str, *, fresh: bool) -> str:
    """ "allowed", "hidden" or "refused"; a fault of the server is none of them."""
    ids = world.another if fresh else world.one
    client = world.actors[role]
    if door == "rest":
        request = request_of(REST[name], ids)
        world.await_what(name)
        response = client.request(**request)
        assert response.status_code < 500, response.text
        return {401: "refused", 403: "refused", 404: "hidden"}.get(response.status_code, "allowed")
    asked = graphql_request(*GRAPHQL[name], ids)
    world.await_what(name)
    response = client.post(f"{world.server.url}/graphql", json=asked)
    assert response.status_code < 500, response.text
    return _graphql_outcome(response, name)


def _graphql_outcome(response: httpx.Response, name: str) -> str:
    answer = response.json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert "INTERNAL" not in codes, answer
    if response.status_code == 401 or answer.get("status") == 401 or codes & {"UNAUTHENTICATED", "FORBIDDEN"}:
        return "refused"
    assert not codes & {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}, answer
    return "hidden" if codes == {"NOT_FOUND"} or (not codes and answer["data"][name] is None) else "allowed"


def row_of(door: str, name: str) -> dict[str, Any]:
    row = MATRIX.get(door, {}).get(name)
    assert row is not None, f"{door} {name} has no row in matrix.yaml: python -m tests.access.write"
    return row


@pytest.mark.skipif(not WRITE, reason="only when asked for: python -m tests.access.write")
def test_write(playground: World) -> None:
    """Tries what is asked for, and writes down what happened."""
    matrix: dict[str, dict[str, Any]] = {"rest": {}, "graphql": {}}
    broken = []
    for door, name in EVERY:
        if WRITE == "missing" and name in MATRIX[door]:
            matrix[door][name] = MATRIX[door][name]
            continue
        try:
            outcomes = {role: outcome(playground, role, door, name, fresh=True) for role in ROLES}
        except AssertionError as error:
            broken.append(f"{door} {name}: {error}")
            continue
        row: dict[str, Any] = {"permission": _permission(door, name)} if door == "rest" else {}
        for kind in ("allowed", "hidden"):
            if found := [role for role in ROLES if outcomes[role] == kind]:
                row[kind] = found
        matrix[door][name] = row
    head = "".join(f"# {line}\n" if line else "#\n" for line in (__doc__ or "").strip().splitlines())
    FILE.write_text(head + yaml.safe_dump(matrix, sort_keys=False, default_flow_style=None, width=120))
    assert not broken, "\n".join(broken)


def _permission(door: str, name: str) -> str | None:
    permission = REST[name].permission
    return permission.value if permission else None


@pytest.mark.skipif(bool(WRITE), reason="being written")
def test_every_operation_has_a_row_and_every_row_an_operation(server: Server) -> None:
    contract = httpx.get(f"{server.url}/openapi.json").json()
    in_contract = {method["operationId"] for path in contract["paths"].values() for method in path.values()}
    streams = {o.name for door in api.DOORS for o in door.operations} - REST.keys()
    assert in_contract - streams == set(MATRIX["rest"]), "python -m tests.access.write"
    assert set(GRAPHQL) == set(MATRIX["graphql"]), "python -m tests.access.write"


@pytest.mark.skipif(bool(WRITE), reason="being written")
@pytest.mark.parametrize("name", REST)
def test_the_matrix_agrees_with_the_role_table(name: str) -> None:
    """What was seen to be allowed is never more than what the declared permission allows."""
    row, permission = row_of("rest", name), REST[name].permission
    assert row["permission"] == (permission.value if permission else None)
    allowed = {*row.get("allowed", ()), *row.get("hidden", ())}
    assert "anonymous" not in allowed
    if permission is not None:
        assert "without_scopes" not in allowed
        holders = {who for who, role in _ROLE_OF.items() if permission in ROLE_TABLE[role]}
        assert allowed - {"rd_manager"} <= holders


def expected(door: str, name: str) -> dict[str, str]:
    row = row_of(door, name)
    kinds = {role: kind for kind in ("hidden", "allowed") for role in row.get(kind, ())}
    return {role: kinds.get(role, "refused") for role in ROLES}


@pytest.mark.skipif(bool(WRITE), reason="being written")
@pytest.mark.parametrize("door, name", EVERY)
def test_whoever_is_not_allowed_is_refused_and_changes_nothing(world: World, door: str, name: str) -> None:
    """Nor does whoever reads, so that everybody can read the same things."""
    row = expected(door, name)
    tried = {role: kind for role, kind in row.items() if kind != "allowed" or reads(door, name)}
    request_of(REST[name], world.one) if door == "rest" else graphql_request(*GRAPHQL[name], world.one)
    world.server.settle()
    before = fingerprint(world.server)
    assert {role: outcome(world, role, door, name, fresh=False) for role in tried} == tried
    assert fingerprint(world.server) == before


@pytest.mark.skipif(bool(WRITE), reason="being written")
@pytest.mark.parametrize("door, name", [one for one in EVERY if not reads(*one)])
def test_whoever_may_change_something_passes(playground: World, door: str, name: str) -> None:
    row = expected(door, name)
    tried = {role: kind for role, kind in row.items() if kind == "allowed"}
    assert {role: outcome(playground, role, door, name, fresh=True) for role in tried} == tried
