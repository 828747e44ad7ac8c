"""examples/submit_ideas.py, run as its reader would run it against a live server."""

import csv
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from examples.submit_ideas import Row, batches, rows_of, submit
from tests.conftest import Actor, Company
from tests.examples.test_examples import run

HEAD = ("编号", "标题", "摘要", "正文", "规模", "标签")


def table(path: Path, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def idea(company: Company, source: str, id: str) -> dict[str, Any]:
    response = company.colleague.rest.get(f"/ideas/by-external-id/{source}/{id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def count(company: Company, source: str) -> int:
    return int(company.server.sql("SELECT count(*) AS n FROM content WHERE external_source = $1", source)[0]["n"])


def test_a_table_submitted_twice_doubles_nothing(company: Company, tmp_path: Path) -> None:
    source = f"box-{uuid4().hex[:8]}"
    file = table(
        tmp_path / "ideas.csv",
        ("K-1", "叉车夜里充电", "峰段电价贵一倍。", "现状：白天充。\n\n建议：加定时器。", "大", "节能；物流"),
        ("K-2", "老化房门口装显示屏", "", "", "", ""),
        ("", "Label the spare cables", "", "Nobody knows which is which.", "small", "cables, 5S"),
    )
    first = run(company.employee, "submit_ideas.py", source, file)
    assert (first.returncode, first.stdout, first.stderr) == (0, "3 of 3 ideas are in kshare\n", "")
    shown = idea(company, source, "K-1")
    assert (shown["size"], shown["stage"], shown["language"]) == ("large", "submitted", "zh")
    assert shown["body"] == "现状：白天充。\n\n建议：加定时器。"
    assert sorted(tag["name"] for tag in shown["tags"]) == ["物流", "节能"]
    again = run(company.employee, "submit_ideas.py", source, file)
    assert (again.returncode, count(company, source)) == (0, 3)
    assert idea(company, source, "K-1")["version"] == shown["version"], "what is equal stays as it is"
    table(file, ("K-1", "叉车夜里充电", "峰段电价贵一倍半。", "", "大", "节能"))
    changed = run(company.employee, "submit_ideas.py", source, file)
    assert (changed.returncode, count(company, source)) == (0, 3)
    assert idea(company, source, "K-1")["summary"] == "峰段电价贵一倍半。"


def test_what_is_refused_is_named_by_its_line_and_holds_up_nothing(company: Company, tmp_path: Path) -> None:
    source = f"box-{uuid4().hex[:8]}"
    file = table(
        tmp_path / "ideas.csv",
        ("1", "好主意", "", "两行\n的正文", "小", ""),
        ("2", "", "没有标题", "", "", ""),
        ("3", "规模写错", "", "", "中", ""),
        ("1", "同一个编号", "", "", "", ""),
        ("5", "另一个好主意", "", "", "", ""),
    )
    done = run(company.employee, "submit_ideas.py", source, file)
    assert (done.returncode, done.stdout) == (1, "2 of 5 ideas are in kshare\n")
    twice, untitled, size = done.stderr.splitlines()
    assert twice.startswith("line 6: the same idea as line 2")
    assert untitled.startswith("line 4 (without a title): column title: ")
    assert size.startswith("line 5 (规模写错): column size: ")
    assert "small" in size
    assert count(company, source) == 2


def test_a_table_that_cannot_be_used_is_said_so(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "ideas.csv"
    for content, told in (
        ("标题\n好主意\n".encode("gb18030"), "--encoding gb18030"),
        ("名字,日期\n好主意,今天\n".encode(), "no column `title`"),
        (b"", "no column `title`"),
    ):
        file.write_bytes(content)
        done = run(company.employee, "submit_ideas.py", "box", file)
        assert done.returncode == 2
        assert told in done.stderr
    missing = run(company.employee, "submit_ideas.py", "box", tmp_path / "nothing.csv")
    assert (missing.returncode, "cannot be read" in missing.stderr) == (2, True)
    stranger = Actor(company.server, company.employee.id, "x", "ksk_nobody", None)
    done = run(stranger, "submit_ideas.py", "box", table(file, ("1", "好", "", "", "", "")))
    assert done.returncode == 2
    assert "401" in done.stderr


def test_an_older_excel_and_semicolons_are_read(tmp_path: Path) -> None:
    file = tmp_path / "ideas.csv"
    file.write_bytes("标题;标签\r\n好主意;节能\r\n\r\n又一个;\r\n".encode("gb18030"))
    rows = rows_of(file, "gb18030")
    assert [(row.line, row.fields["title"]) for row in rows] == [(2, "好主意"), (4, "又一个")]
    assert rows[0].fields["tags"] == ["节能"]


def test_a_busy_server_is_asked_again_and_nothing_doubles(company: Company) -> None:
    """The first answers are a 503, a broken connection after the work was done, and a 429 without a word."""
    real, keys, waits = company.employee.rest, list[str](), list[float]()

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            return httpx.Response(503, headers={"Retry-After": "3"})
        if len(keys) == 3:
            return httpx.Response(429)
        headers = {"Idempotency-Key": keys[-1]}
        answer = real.post("/ideas:batch", json=json.loads(request.content), headers=headers)
        if len(keys) == 2:
            raise httpx.ReadError("the connection broke")
        return httpx.Response(answer.status_code, content=answer.content)

    source = f"box-{uuid4().hex[:8]}"
    client = httpx.Client(base_url=company.server.url, transport=httpx.MockTransport(handle))
    rows = [Row(2, {"title": "只此一条", "external_id": "1"})]
    assert list(submit(client, source, rows, wait=waits.append)) == []
    assert (waits, len(set(keys)), count(company, source)) == ([3, 2, 4], 1, 1)


def test_a_long_table_is_sent_in_parts() -> None:
    rows = [Row(line, {"title": "x", "external_id": str(line)}) for line in range(1201)]
    assert [len(part) for part in batches(rows)] == [500, 500, 201]
    long = [Row(line, {"title": "x", "body": "长" * 400_000, "external_id": str(line)}) for line in range(5)]
    assert [len(part) for part in batches(long)] == [2, 2, 1]


def test_near_duplicates_are_shown_and_nothing_is_submitted(company: Company, tmp_path: Path) -> None:
    mark, source = uuid4().hex[:6], f"box-{uuid4().hex[:8]}"
    title = f"空压机余热用来烧洗手水 {mark}"
    company.colleague.rest.post("/ideas", json={"title": title, "summary": "余热白白排掉了。"})
    company.server.settle()
    file = table(tmp_path / "ideas.csv", ("1", title, "余热都排掉了。", "", "", ""), ("2", "x", "", "", "", ""))
    done = run(company.employee, "submit_ideas.py", source, file, "--similar")
    assert done.returncode == 0, done.stderr
    assert f"is like {title}" in done.stdout
    assert count(company, source) == 0
