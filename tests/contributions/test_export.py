"""The account as CSV and NDJSON: exact, safe in a spreadsheet, in bounded memory, and free when nothing is new."""

import asyncio
import csv
import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.contributions.accounts import account
from tests.resources.helpers import made

from kshare.contributions.export import COLUMNS, Export, csv_rows

FORMULAS = ["=1+2", "+86 138", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+2", "＋1", "－1", "＠x"]


@pytest.fixture(scope="module")
def writer(company: Company) -> Actor:
    """Somebody with an account that is not easily written into a table."""
    person = company.hire('=HYPERLINK("http://x","点我")', "rd")
    for title in ('他说："好，很好"', "=1+2", '逗号, 分号; 引号"', "普通标题", "-5 度的仓库"):
        person.item(title=title)
    idea = made(person, "/ideas", title="@撤回的建议")["id"]
    company.server.settle()
    made(person, f"/ideas/{idea}/withdraw")
    company.server.settle()
    return person


def exported(actor: Actor, form: str, **query: Any) -> Any:
    response = actor.rest.get("/contributions", params={"format": form, **query})
    assert response.status_code == 200, response.text
    return response


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_ndjson_is_the_same_as_json_line_by_line(company: Company, writer: Actor) -> None:
    for actor, query in ((writer, {}), (company.hr, {"person": str(writer.id)}), (company.hr, {})):
        answer = exported(actor, "ndjson", **query)
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.headers["content-disposition"] == 'attachment; filename="contributions.ndjson"'
        lines = answer.content.split(b"\n")
        assert lines.pop() == b"" and all(lines)
        assert [orjson.loads(line) for line in lines] == account(actor, **query)


def test_a_table_is_exact(company: Company, writer: Actor) -> None:
    answer = exported(writer, "csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="contributions.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfid,recorded_at,")
    assert answer.content.endswith(b"\r\n") and answer.content.count(b"\r\n") == answer.content.count(b"\n")
    rows, entries = table(answer.content.decode("utf-8-sig")), account(writer)
    assert [list(row) for row in rows] == [list(COLUMNS)] * len(entries)
    for row, entry in zip(rows, entries, strict=True):
        assert row["id"] == entry["id"] and row["recorded_at"] == entry["recorded_at"]
        assert row["weight"] == entry["weight"] and row["rule_version"] == "1"
        assert row["person_id"] == str(writer.id) and row["department_name"] == "rd"
        assert row["object_content_id"] == entry["object"]["content_id"]
        assert row["object_title"].removeprefix("'") == entry["object"]["title"]
        assert row["corrects"] == (entry["corrects"] or "")
    assert rows[-1]["weight"] == "-2.00", "a negative number stays one"


def test_no_cell_is_a_formula(company: Company, writer: Actor) -> None:
    rows = table(exported(company.hr, "csv", person=str(writer.id)).content.decode("utf-8-sig"))
    assert {row["person_name"] for row in rows} == {"'" + writer.name}
    titles = {row["object_title"] for row in rows}
    assert {"'=1+2", "'-5 度的仓库", "'@撤回的建议", "普通标题"} <= titles
    for row in rows:
        for column, value in row.items():
            assert column == "weight" or not value.startswith(("=", "+", "-", "@", "\t", "\r"))


def row_of(title: str, name: str = "林知夏") -> dict[str, str]:
    """An entry with these texts, as a program reads it from the table."""
    entry = {
        "id": "1", "recorded_at": "2026", "occurred_on": "2026", "person": {"id": "p", "name": name},
        "department": None, "rule": "r", "rule_version": 1, "weight": "-1.00",
        "object": {"kind": "idea", "id": "i", "content_id": "c", "title": title}, "corrects": None,
    }  # fmt: skip
    (row,) = csv.reader(io.StringIO(csv_rows([entry]).decode(), newline=""), strict=True)
    return dict(zip(COLUMNS, row, strict=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_texts(text: str) -> None:
    assert row_of(text)["object_title"] == f"'{text}"
    assert row_of("a=b")["object_title"] == "a=b"


@given(title=st.text(max_size=30), name=st.text(max_size=10))
def test_whatever_stands_in_a_cell_is_read_as_it_is(title: str, name: str) -> None:
    row = row_of(title, name)
    for column, value in (("object_title", title), ("person_name", name)):
        assert row[column] in (value, f"'{value}")
        assert row[column][:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert (row["department_id"], row["corrects"], row["weight"], row["rule_version"]) == ("", "", "-1.00", "1")


def test_they_begin_where_they_are_told_to(company: Company, writer: Actor) -> None:
    entries = account(writer)
    since = entries[3]["recorded_at"]
    lines = exported(writer, "ndjson", updated_since=since).content.splitlines()
    assert [orjson.loads(line)["id"] for line in lines] == [e["id"] for e in entries if e["recorded_at"] >= since]
    page = writer.rest.get("/contributions", params={"limit": 2}).json()
    rest = exported(writer, "csv", cursor=page["next_cursor"]).content.decode("utf-8-sig")
    assert [row["id"] for row in table(rest)] == [entry["id"] for entry in entries[2:]]
    newest = exported(writer, "ndjson", order="newest").content.splitlines()
    assert [orjson.loads(line)["id"] for line in newest] == [entry["id"] for entry in entries[::-1]]


def test_one_without_entries_has_its_head(company: Company) -> None:
    nobody = company.hire("还没有贡献", "rd")
    assert exported(nobody, "csv").content.decode("utf-8-sig") == ",".join(COLUMNS) + "\r\n"
    assert exported(nobody, "ndjson").content == b""


def test_a_large_account_comes_page_by_page(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from kshare.contributions import export

    monkeypatch.setattr(export, "PAGE", 10)
    person, item = company.hire("多产", "rd"), company.employee.item()["id"]
    for number in range(35):
        made(person, f"/content/{item}/comments", body=f"第 {number} 条")
    company.server.settle()
    read: list[int] = []
    rows = export.csv_rows

    def noting(entries: Any) -> bytes:
        read.append(len(entries))
        return rows(entries)

    monkeypatch.setattr(export, "csv_rows", noting)
    text = exported(person, "csv").content.decode("utf-8-sig")
    assert read == [10, 10, 10, 5]
    assert [row["id"] for row in table(text)] == [entry["id"] for entry in account(person)]
    assert text.count("recorded_at") == 1, "one head"


def test_wrong_questions_are_answered_before_the_stream_begins(company: Company) -> None:
    for form in ("csv", "ndjson"):
        assert company.hr.rest.get("/contributions", params={"format": form, "cursor": "x"}).status_code == 400
        assert company.hr.rest.get("/contributions", params={"format": form, "person": "x"}).status_code == 422


# ---- nothing new ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_pull_of_nothing_new_costs_one_read(company: Company, form: str) -> None:
    author = company.hire("作者", "rd")
    author.item()
    company.server.settle()
    asked = {"person": str(author.id)}
    tag = exported(company.hr, form, **asked).headers["etag"]
    assert tag.startswith('W/"')
    have = {"If-None-Match": tag}

    def again(actor: Actor, **query: Any) -> int:
        return actor.rest.get("/contributions", params={"format": form, **asked, **query}, headers=have).status_code

    assert again(company.hr) == 304
    assert again(company.admin) == 200, "of somebody else"
    assert again(company.hr, order="newest") == 200
    assert again(company.hr, updated_since="2020-01-01T00:00:00Z") == 200
    other = "ndjson" if form == "csv" else "csv"
    assert company.hr.rest.get("/contributions", params={"format": other, **asked}, headers=have).status_code == 200
    company.colleague.item()
    company.server.settle()
    assert again(company.hr) == 304, "somebody else's entries are not among these"
    author.item()
    company.server.settle()
    assert again(company.hr) == 200


def test_it_notices_that_somebody_sees_more(company: Company) -> None:
    """What is new to them may be older than the newest that they have."""
    sales_author, author = company.hire("销售作者", "sales"), company.hire("研发作者", "rd")
    sales_author.item()
    company.server.settle()
    author.item()
    company.server.settle()
    hr = company.hire("部门人事", "rd_pressure", roles=(("hr", company.departments["rd"]),))
    first = exported(hr, "ndjson")
    have = {"If-None-Match": first.headers["etag"]}
    path = "/contributions?format=ndjson"
    assert hr.rest.get(path, headers=have).status_code == 304
    role = {"role": "hr", "department_id": str(company.departments["sales"])}
    assert company.admin.rest.post(f"/people/{hr.id}/roles", json=role).status_code == 201
    more = hr.rest.get(path, headers=have)
    assert more.status_code == 200 and len(more.content) > len(first.content)


def test_it_notices_that_a_department_has_grown(company: Company) -> None:
    """An old department below the one that was asked for brings its old entries along."""
    names = ("甲部", "乙部")
    parents = [made(company.hr, "/departments", name=name)["id"] for name in names]
    author = company.hire("作者", "rd")
    made(company.hr, f"/people/{author.id}/move", department_id=parents[1], since="2024-05-01")
    author.item()
    company.server.settle()
    path = f"/contributions?format=csv&department={parents[0]}"
    have = {"If-None-Match": company.hr.rest.get(path).headers["etag"]}
    assert company.hr.rest.get(path, headers=have).status_code == 304
    hung = company.hr.rest.patch(
        f"/departments/{parents[1]}", json={"parent_id": parents[0]}, headers={"If-Match": "*"}
    )
    assert hung.status_code == 200, hung.text
    assert company.hr.rest.get(path, headers=have).status_code == 200


def test_its_etag_does_not_stand_for_what_came_too_late(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    author = company.hire("作者", "rd")
    author.item()
    company.server.settle()
    first = Export.first

    def write() -> None:
        author.item()
        company.server.settle()

    async def meanwhile(self: Export, principal: Any) -> Any:
        page = await first(self, principal)
        await asyncio.to_thread(write)
        return page

    with monkeypatch.context() as patched:
        patched.setattr(Export, "first", meanwhile)
        answer = exported(author, "ndjson")
    assert len(answer.content.splitlines()) == 1
    again = author.rest.get("/contributions?format=ndjson", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 200 and len(again.content.splitlines()) == 2
