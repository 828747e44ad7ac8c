"""People from a CSV file: what is good is stored, what is not is named by its line, a second run changes nothing."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Company
from tests.people.test_people import everything

from kshare.core.access import Permission
from kshare.core.database import Database
from kshare.core.errors import DomainError
from kshare.core.principal import SYSTEM, Principal
from kshare.core.settings import Settings
from kshare.core.writing import writing
from kshare.people.csv_import import Refused, Report, UnreadableFile, import_people, read_lines

HEADER = "external_id,name,email,title,department,manager_email,clearance,language,active\n"


def run(company: Company, text: str | bytes, principal: Principal = SYSTEM, source: str = "hr") -> Report:
    data = text if isinstance(text, bytes) else text.encode()

    async def work() -> Report:
        database = Database(company.server.database_url, Settings(_env_file=None))
        try:
            async with writing(database, principal) as work:
                return await import_people(work, read_lines(data), source=source)
        finally:
            await database.engine.dispose()

    report: Report = company.server.loop.run(work())
    return report


def people(company: Company) -> dict[str, Any]:
    listed = company.admin.rest.get("/people", params={"limit": 100}).json()["items"]
    return {person["name"]: person for person in listed}


def test_a_file_is_stored_and_read_again_without_change(fresh: Company) -> None:
    text = HEADER + (
        "E1,顾明哲,Mingzhe.Gu@clearsea.example,研发副总裁,rd,,restricted,zh,true\n"
        "E2,林知秋,lin@clearsea.example,工程师,rd/压力/标定,mingzhe.gu@clearsea.example,1,zh,在职\n"
        ",Anna Meyer,anna@clearsea.example,Engineer,压力,lin@clearsea.example,,en,\n"
        'E4,"离, 职",,,,,,,no\n'
    )
    report = run(fresh, text)
    assert report == Report(created=4, updated=0, unchanged=0, departments_created=2, refused=[])
    found = people(fresh)
    assert found["顾明哲"]["clearance"] == "restricted"
    assert found["林知秋"]["manager"]["name"] == "顾明哲"
    assert found["Anna Meyer"]["manager"]["name"] == "林知秋"
    assert (found["Anna Meyer"]["department"]["name"], found["Anna Meyer"]["language"]) == ("压力", "en")
    assert found["离, 职"]["active"] is False
    tree = {d["name"]: d for d in fresh.hr.rest.get("/departments?limit=100").json()["items"]}
    assert (tree["标定"]["parent"]["name"], tree["压力"]["parent"]["name"]) == ("压力", "rd")
    before = everything(fresh)
    assert run(fresh, text) == Report(created=0, updated=0, unchanged=4, departments_created=0, refused=[])
    assert everything(fresh) == before
    changed = run(fresh, HEADER + "E2,林知秋,,组长,sales,,,,\n")
    assert (changed.updated, changed.unchanged) == (1, 0)
    person = people(fresh)["林知秋"]
    assert (person["title"], person["department"]["name"], person["email"]) == ("组长", "sales", "lin@clearsea.example")
    assert person["manager"]["name"] == "顾明哲", "an empty cell leaves it alone"


def test_bad_lines_are_named_and_good_ones_stored(fresh: Company) -> None:
    taken = fresh.server.sql("SELECT email FROM person WHERE id = $1", fresh.employee.id)[0]["email"]
    run(fresh, HEADER + "E9,原主,owner@clearsea.example,,,,,,\n")
    report = run(
        fresh,
        HEADER
        + "E1,好人,good@clearsea.example,,,,,,\n"
        + "E2,,nameless@clearsea.example,,,,,,\n"
        + "E3,坏邮箱,nonsense,,,,,,\n"
        + "E4,坏密级,,,,,topsecret,,\n"
        + "E5,坏在职,,,,,,,maybe\n"
        + ",谁,,,,,,,\n"
        + "E1,重复,,,,,,,\n"
        + "E6,抢邮箱,owner@clearsea.example,,,,,,\n"
        + "E7,没有上级,,,,ghost@clearsea.example,,,\n"
        + "E8,自己,self@clearsea.example,,,self@clearsea.example,,,\n"
        + "E10,多一格,,,,,,,true,extra\n"
        + "E11,新部门,bad address,,从未有过/的部门,,,,\n"
        + '\n"E12","跨\n行",,,,,,,\n'
        + f"E13,认领,{taken},,,,,,\n"
        + "E14,末尾,,,,,,,\n",
    )
    assert [refused.line for refused in report.refused] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15]
    reasons = {refused.line: refused.reason for refused in report.refused}
    assert "name" in reasons[3]
    assert "email" in reasons[4]
    assert "clearance" in reasons[5]
    assert "line 2" in reasons[8]
    assert "e-mail" in reasons[9]
    assert reasons[10] == "manager_email: nobody has this e-mail address"
    found = people(fresh)
    assert {"好人", "没有上级", "自己", "末尾", "认领"} <= set(found)
    assert not {"重复", "抢邮箱", "坏邮箱", "多一格", "新部门"} & set(found)
    assert found["认领"]["id"] == str(fresh.employee.id)
    assert "从未有过" not in str(fresh.hr.rest.get("/departments?limit=100").json()), "undone with its line"
    assert (report.created, report.updated) == (4, 1)


def test_departments_are_found_by_external_id_path_or_name(fresh: Company) -> None:
    fresh.hr.rest.put(
        "/departments/by-external-id/hr/D-7", json={"name": "仓储", "parent_id": str(fresh.departments["root"])}
    )
    twice = [
        fresh.hr.rest.post("/departments", json={"name": "测试组", "parent_id": str(fresh.departments[d])})
        for d in ("rd", "sales")
    ]
    assert [made.status_code for made in twice] == [201, 201]
    report = run(
        fresh,
        HEADER
        + "E1,甲,,,D-7,,,,\nE2,乙,,,root/rd/rd_pressure,,,,\nE3,丙,,,测试组,,,,\n"
        + "E4,丁,,,rd / 测试组,,,,\nE5,戊,,,全新部,,,,\nE6,己,,,/,,,,\n",
    )
    assert [refused.line for refused in report.refused] == [4, 7]
    found = people(fresh)
    assert [found[name]["department"]["name"] for name in "甲乙丁戊"] == ["仓储", "rd_pressure", "测试组", "全新部"]
    assert found["丁"]["department"]["id"] == twice[0].json()["id"]
    new = fresh.hr.rest.get(f"/departments/{found['戊']['department']['id']}").json()
    assert new["parent"]["name"] == "root"
    assert report.departments_created == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_of_office_programs(encoding: str, delimiter: str) -> None:
    data = f"external_id,name\r\nE1,林知夏\r\n".replace(",", delimiter).encode(encoding)  # noqa: F541
    [line] = read_lines(data)
    assert (line.number, line.cells) == (2, {"external_id": "E1", "name": "林知夏"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name\n",
        b"external_id\n",
        b"name,name,email\n",
        b"name,email,salary\n",
        b'name,email\n"open',
        b"\xff\xff\xff",
        b"\0",
    ],
)
def test_what_is_no_such_table_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read_lines(data)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_lines_or_unreadable(data: bytes, headed: bool) -> None:
    with contextlib.suppress(UnreadableFile):
        read_lines(b"name,email\n" + data if headed else data)


def test_text_rules_hold_for_cells(fresh: Company) -> None:
    before = people(fresh)
    report = run(fresh, b"external_id,name\nE1,a\x00b\nE2,\xe2\x80\xae\nE3," + b"x" * 5000 + b"\n")
    assert [refused.line for refused in report.refused] == [2, 3, 4]
    assert people(fresh) == before


def test_only_those_who_manage_people_import_them(company: Company) -> None:
    before = everything(company)
    weak = Principal(company.employee.id, "person", "x", (), 1, frozenset({Permission.people_read}))
    with pytest.raises(DomainError, match="forbidden"):
        run(company, HEADER + "E1,不该有,,,,,,,\n", weak)
    assert everything(company) == before


def test_an_import_goes_no_higher_than_the_importer(company: Company) -> None:
    importer = Principal(company.hr.id, "person", "hr", (), 1, frozenset({Permission.people_manage}))
    admin = company.server.sql("SELECT email FROM person WHERE id = $1", company.admin.id)[0]["email"]
    before = everything(company)
    text = HEADER + f"X1,高密级,,,,,restricted,,\n,郝志强,{admin},,,,,,no\n"
    report = run(company, text, importer)
    assert [refused.line for refused in report.refused] == [2, 3]
    assert isinstance(report.refused[0], Refused)
    assert everything(company) == before


def test_a_longer_file_is_one_transaction(fresh: Company) -> None:
    lines = (f"E{n},员工{n},e{n}@clearsea.example,,部门{n % 20},e0@clearsea.example,,,\n" for n in range(120))
    report = run(fresh, HEADER + "".join(lines))
    assert (report.created, report.departments_created) == (120, 20)
    assert [refused.line for refused in report.refused] == [2], "nobody is their own superior"
