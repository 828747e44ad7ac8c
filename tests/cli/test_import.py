"""`kshare import`: files become items once, whatever happens on the way."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.cli.shell import Served

from kshare.importing.files import Found, Unreadable, find, read


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / f"docs-{uuid4().hex[:8]}"
    folder.mkdir()
    return folder


def manager(served: Served) -> httpx.Client:
    return served.client(served.keys["manager"])


def item(served: Served, folder: Path, name: str) -> dict[str, Any]:
    by_name: dict[str, str] = {}
    query: dict[str, Any] = {"limit": 100}
    while name not in by_name:
        page = manager(served).get("/v1/knowledge-items", params=query).json()
        by_name |= {one["title"]: one["id"] for one in page["items"]}
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    found: dict[str, Any] = manager(served).get(f"/v1/knowledge-items/{by_name[name]}").json()
    return found


def report(served: Served, folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    path = folder.parent / f"{folder.name}.json"
    done = served.shell.run("import", str(folder), "--report", str(path), *options)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(path.read_text()), done.stdout


def test_a_folder_becomes_items_and_again_changes_nothing(served: Served, folder: Path) -> None:
    mark = uuid4().hex[:6]
    (folder / "full.md").write_text(
        f"---\ntitle: 导入的经验 {mark}\nsummary: 一句话\nkind: sop\nlanguage: zh\ntags: [温漂, 新标签{mark}]\n"
        "category: 工程技术/传感器技术\naudience: everyone\nclassification: public\n"
        "author: zhixia.lin@clearsea.example\npublished_at: 2025-03-04\n---\n\n# 步骤\n\n1. 先断电。\n"
    )
    (folder / "plain.md").write_text(f"# Heading as title {mark}\n\nSome *text*.\n")
    (folder / "sub").mkdir()
    (folder / "sub/page.html").write_text(
        f"<html><head><title>网页 {mark}</title><script>alert(1)</script></head><body><h1>网页 {mark}</h1>"
        "<p>正文 <b>粗体</b></p></body></html>"
    )
    (folder / "old.md").write_bytes(f"旧系统导出的文件 {mark}".encode("gb18030"))
    (folder / ".hidden.md").write_text("# hidden")
    (folder / "picture.png").write_bytes(b"\x89PNG")

    status, first, _ = report(served, folder)

    assert (status, first["created"], first["refused"]) == (0, 4, 0), first
    full = item(served, folder, f"导入的经验 {mark}")
    assert full["kind"] == "sop"
    assert full["summary"] == "一句话"
    assert full["author"]["name"] == "林知夏"
    assert full["published_at"].startswith("2025-03-04")
    assert full["classification"] == "public"
    assert full["category"]["name"] == "传感器技术"
    assert {tag["name"] for tag in full["tags"]} == {"温度漂移", f"新标签{mark}"}
    assert full["external_source"] == "import"
    assert full["external_id"] == f"{folder.name}/full.md"
    plain = item(served, folder, f"Heading as title {mark}")
    assert (plain["body"].strip(), plain["language"], plain["kind"]) == ("Some *text*.", "en", "insight")
    page = item(served, folder, f"网页 {mark}")
    assert "**粗体**" in page["body"]
    assert "alert" not in page["body"]
    assert item(served, folder, "old")["body"] == f"旧系统导出的文件 {mark}"

    status, second, _ = report(served, folder)
    assert (status, second["unchanged"], second["created"], second["updated"]) == (0, 4, 0, 0)
    assert item(served, folder, f"导入的经验 {mark}")["version"] == full["version"]

    (folder / "plain.md").write_text(f"# Heading as title {mark}\n\nOther text.\n")
    status, third, _ = report(served, folder)
    assert (third["updated"], third["unchanged"], third["created"]) == (1, 3, 0)
    changed = item(served, folder, f"Heading as title {mark}")
    assert changed["id"] == plain["id"]
    assert (changed["body"].strip(), changed["revision"]) == ("Other text.", 2)


def test_what_was_edited_since_is_left_alone_while_the_file_stays_the_same(served: Served, folder: Path) -> None:
    title = f"被人修改 {uuid4().hex[:6]}"
    (folder / "a.md").write_text(f"# {title}\n\n原文\n")
    report(served, folder)
    before = item(served, folder, title)
    address = f"/v1/knowledge-items/{before['id']}"
    tag = manager(served).get(address).headers["etag"]
    assert manager(served).patch(address, json={"body": "改过"}, headers={"If-Match": tag}).status_code == 200

    report(served, folder)

    assert item(served, folder, title)["body"] == "改过"


LAUGHS = b"a0: &a0 [ha]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 10)
)
"""A thousand million times "ha" in a few lines."""

BAD = [
    (b"---\nkind: novel\n---\n# A", "kind: 'novel' is none of"),
    (b"---\ntitle: [\n---\n# A", "the front matter is not YAML"),
    (b"\x00\x01\x02", "binary, not text"),
    (b"\xff\xff\xff\xff", "neither UTF-8 nor GB 18030"),
    (b"---\nauthor: nobody@nowhere.example\n---\n# A", "nobody at work here has the e-mail address"),
    ("---\ncategory: 没有的/类别\n---\n# A".encode(), "category: there is no"),
    (b"---\naudience: department:none\n---\n# A", "audience: there is no department 'none'"),
    (b"---\npublished_at: 2999-01-01\n---\n# A", "published_at: 2999-01-01 is in the future"),
    (b"---\nclassification: 9\n---\n# A", "classification: '9' is none of"),
    (b"---\ntitle: " + b"x" * 300 + b"\n---\n", "title: "),
    (b"---\n" + LAUGHS + b"external_id: *a9\n---\n# A", "the front matter is not YAML, line 3: an alias"),
    (b"---\nexternal_id: 1" + b":1" * 3000 + b"\n---\n# A", "line 2: a number of too many digits"),
]


def test_bad_files_are_reported_with_their_reasons_and_the_others_imported(served: Served, folder: Path) -> None:
    for number, (content, _) in enumerate(BAD):
        (folder / f"bad-{number}.md").write_bytes(content)
    title = f"好文件 {uuid4().hex[:6]}"
    (folder / "good.md").write_text(f"# {title}\n")
    (folder / "outside.md").symlink_to("/etc/hostname")

    status, told, printed = report(served, folder)

    assert status == 1
    assert (told["created"], told["refused"]) == (1, len(BAD) + 1)
    reasons = {one["file"]: one.get("reason", "") for one in told["files"]}
    for number, (_, reason) in enumerate(BAD):
        assert reason in reasons[f"{folder.name}/bad-{number}.md"]
        assert f"bad-{number}.md" in printed
    assert "leads out of the folder" in reasons[f"{folder.name}/outside.md"]
    assert item(served, folder, title)


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_imported(served: Served, folder: Path) -> None:
    title = f"报告 {uuid4().hex[:6]}"
    (folder / "one.md").write_text(f"# {title}\n")

    refused = served.shell.run("import", str(folder), "--report", str(folder / "nowhere" / "report.json"))

    assert refused.returncode == 1
    assert "report.json cannot be written: No such file or directory" in refused.stderr
    listed = manager(served).get("/v1/knowledge-items", params={"limit": 100}).json()["items"]
    assert title not in [one["title"] for one in listed]


def test_killed_half_way_nothing_is_lost_and_nothing_doubled(served: Served, folder: Path) -> None:
    mark = f"批量{uuid4().hex[:6]}"
    for number in range(40):
        (folder / f"{number:02}.md").write_text(f"---\ntags: [{mark}]\n---\n# {mark} {number}\n\n正文 {number}\n")

    def stored() -> list[str]:
        page = manager(served).get("/v1/knowledge-items", params={"tag": mark, "limit": 100})
        return [one["title"] for one in page.json()["items"]]

    for number in (signal.SIGKILL, signal.SIGINT):
        known = len(stored())
        process = served.shell.start("import", str(folder))
        while len(stored()) < known + 3 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors, errors

    status, told, _ = report(served, folder)

    assert status == 0
    assert told["created"] + told["unchanged"] == 40
    assert sorted(stored()) == sorted(f"{mark} {number}" for number in range(40))


def test_categories_are_made_on_request_only(served: Served, folder: Path) -> None:
    name = f"新类别{uuid4().hex[:6]}"
    title = f"归类 {uuid4().hex[:6]}"
    (folder / "a.md").write_text(f"---\ncategory: 工程技术/{name}\n---\n# {title}\n")
    assert report(served, folder)[0] == 1

    status, told, _ = report(served, folder, "--create-categories", "--author", "shuyu.ning@clearsea.example")

    assert (status, told["created"]) == (0, 1)
    made = item(served, folder, title)
    assert made["category"]["name"] == name
    assert made["author"]["name"] == "宁书瑜"


def test_files_are_found_in_order_and_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("x")
    (tmp_path / "a.HTML").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/c.md").write_text("x")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/e.md").symlink_to(tmp_path / "b.md")
    os.mkfifo(tmp_path / "pipe.md")

    names = [one.name.partition("/")[2] for one in find(tmp_path) if isinstance(one, Found)]

    assert names == ["a.HTML", "b.md", "pipe.md", "d/e.md"]
    with pytest.raises(Unreadable, match="not an ordinary file"):
        read(Found(tmp_path / "pipe.md", "pipe.md"))


def test_titles_are_found_where_people_write_them(tmp_path: Path) -> None:
    def title_and_body(text: str, name: str = "some_file-name.md") -> tuple[str, str]:
        (tmp_path / name).write_text(text)
        document = read(Found(tmp_path / name, name))
        return document.title, document.body

    assert title_and_body("```\n# no\n```\n\n## Yes ##\n\ntext") == ("Yes", "```\n# no\n```\n\n## Yes ##\n\ntext")
    assert title_and_body("just text") == ("some file name", "just text")
    assert title_and_body("---\ntitle: T\n---\n# T\n\nbody") == ("T", "body")
    assert title_and_body("---\n\nnot front matter\n\n---\n") == ("some file name", "---\n\nnot front matter\n\n---")
