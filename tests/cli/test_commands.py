"""Keys, people, contract, doctor: beside a running server and without one."""

import json
import os
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.cli.shell import Demo, Served
from typer.testing import CliRunner

from kshare import contract
from kshare.cli.commands import app


def me(served: Served, key: str) -> httpx.Response:
    return served.client(key).get("/v1/me")


def test_a_key_is_made_used_listed_and_revoked_beside_the_server(served: Served) -> None:
    name = f"报表 {uuid4().hex[:6]}"
    made = served.shell.run(
        "keys", "create", "--person", "zhixia.lin@clearsea.example", "--name", name, "--scopes", "content_read,search"
    )
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert me(served, key).json()["person"]["name"] == "林知夏"
    denied = served.client(key).post("/v1/knowledge-items", json={"kind": "sop", "title": "t"})
    assert denied.status_code == 403

    listed = served.shell.run("keys", "list", "--person", "zhixia.lin@clearsea.example").stdout
    line = next(line for line in listed.splitlines() if name in line)
    assert key[-4:] in line
    assert key not in listed

    nobody = served.shell.run("keys", "list", "--person", "nobody@nowhere.example")
    assert (nobody.returncode, "nobody has the e-mail address" in nobody.stderr) == (1, True)

    assert served.shell.run("keys", "revoke", line.split()[0]).returncode == 0
    assert me(served, key).status_code == 401


def test_a_service_account_gets_the_roles_it_was_given(served: Served) -> None:
    name = f"nightly-{uuid4().hex[:6]}"
    without = served.shell.run("keys", "create", "--service", name, "--name", "job")
    assert (without.returncode, "--role says what a new one may do" in without.stderr) == (1, True)

    made = served.shell.run("keys", "create", "--service", name, "--role", "hr", "--name", "job")

    assert made.returncode == 0, made.stderr
    answer = me(served, made.stdout.strip()).json()["person"]
    assert (answer["name"], answer["kind"]) == (name, "service")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--name", "x"), "either --person EMAIL or --service NAME"),
        (("--name", "x", "--person", "nobody@nowhere.example"), "nobody has the e-mail address"),
        (("--name", "x", "--person", "zhixia.lin@clearsea.example", "--scopes", "everything"), "scopes"),
        (("--name", "x", "--person", "zhixia.lin@clearsea.example", "--expires", "2001-01-01"), "in the past"),
    ],
)
def test_a_key_that_cannot_be_made_is_explained(served: Served, arguments: tuple[str, ...], words: str) -> None:
    refused = CliRunner().invoke(app, ["keys", "create", *arguments], env=served.shell.environment)

    assert refused.exit_code == 1
    assert words in refused.output
    assert "Traceback" not in refused.output


def test_the_first_administrator_comes_from_the_command_line(served: Served) -> None:
    email = f"first-{uuid4().hex[:6]}@example.com"
    for _ in range(2):
        added = served.shell.run("people", "add", "--email", email, "--name", "第一人", "--admin")
        assert added.returncode == 0, added.stderr
    key = served.shell.run("keys", "create", "--person", email, "--name", "first").stdout.strip()

    assert "roles_manage" in me(served, key).json()["permissions"]


def test_people_come_from_a_table(served: Served, home: Path) -> None:
    mark = uuid4().hex[:6]
    table = home / "people.csv"
    table.write_text(
        "external_id,name,email,department,manager_email\n"
        f"{mark}-1,测试甲,a-{mark}@example.com,质量部,b-{mark}@example.com\n"
        f"{mark}-2,测试乙,b-{mark}@example.com,质量部,\n"
        f"{mark}-3,测试丙,no address,质量部,\n"
        f"{mark}-4,测试丁,d-{mark}@example.com,质量部,nobody-{mark}@example.com\n"
    )

    first = served.shell.run("people", "import", str(table))
    assert first.returncode == 1
    assert "3 created, 0 updated, 0 unchanged" in first.stdout
    assert "1 refused, 1 stored in part" in first.stdout
    assert "line 4: " in first.stdout
    assert "line 5: manager_email: nobody has this e-mail address (the rest is stored)" in first.stdout

    assert "0 created, 0 updated, 3 unchanged" in served.shell.run("people", "import", str(table)).stdout


def test_the_doctor_finds_a_healthy_server_and_what_is_wrong_with_settings(served: Served, home: Path) -> None:
    well = served.shell.run("doctor")
    assert well.returncode == 0, well.stdout
    assert f"by process {served.process.pid}" in well.stdout
    assert "at the newest" not in well.stdout
    assert "the newest" in well.stdout
    assert "0 wrong" in well.stdout

    (home / "a-file").write_text("")
    for place in ("a-file", "a-file/data"):
        nowhere = served.shell.run("doctor", KSHARE_DATA_DIR=str(home / place))
        assert nowhere.returncode == 1
        assert f"{home / place} cannot be made: {home / 'a-file'} is no directory" in nowhere.stdout

    ill = CliRunner().invoke(
        app,
        ["doctor"],
        env=served.shell.environment
        | {
            "KSHARE_DATA_DIR": str(home / "not-there"),
            "KSHARE_SECRET": "short",
            "KSHARE_POTR": "80",
            "KSHARE_OIDC_ISSUER": "http://127.0.0.1:1",
            "KSHARE_OIDC_AUDIENCE": "kshare",
            "KSHARE_REDIS_URL": "redis://:hidden@127.0.0.1:1/0",
        },
    )
    assert ill.exit_code == 1
    for words in ("KSHARE_POTR", "only 5 characters", "http://127.0.0.1:1/.well-known", "redis://:***@127.0.0.1:1/0"):
        assert words in ill.output
    assert "hidden" not in ill.output
    assert not (home / "not-there").exists()


def test_commands_start_postgresql_themselves_when_nobody_runs_it(demo: Demo) -> None:
    demo.running().stop()

    listed = demo.shell.run("keys", "list")

    assert listed.returncode == 0, listed.stderr
    assert "Demo: admin" in listed.stdout
    assert "Stopping PostgreSQL" in listed.stderr
    assert "documents written" in demo.shell.run("reindex").stdout


def test_the_contract_is_written_and_compared(tmp_path: Path) -> None:
    run = CliRunner()
    folder = str(tmp_path / "openapi")
    assert run.invoke(app, ["contract", "check", "--folder", folder]).exit_code == 1
    assert run.invoke(app, ["contract", "write", "--folder", folder]).exit_code == 0
    same = run.invoke(app, ["contract", "check", "--folder", folder])
    assert (same.exit_code, same.output) == (0, "the contract is as committed\n")

    path = tmp_path / "openapi/schema.graphql"
    path.write_text(path.read_text().replace("type Query {", "type Query {\n  gone: String"))
    changed = run.invoke(app, ["contract", "check", "--folder", folder])

    assert changed.exit_code == 1
    assert "-  gone: String" in changed.output
    assert "kshare contract write" in changed.output


def test_every_operation_names_its_tag_and_has_a_sentence() -> None:
    document = json.loads(contract.openapi_bytes())
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert all(tags.get(tag) for tag in operation["tags"]), (method, path, tags)


def test_help_needs_nothing(tmp_path: Path) -> None:
    environment = {name: None for name in os.environ if name.startswith("KSHARE_")}
    shown = CliRunner().invoke(app, ["--help"], env=environment)
    for command in ("serve", "worker", "migrate", "keys", "people", "import", "reindex", "contract", "doctor"):
        assert command in shown.output
