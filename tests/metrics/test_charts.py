"""Charts as pictures: the letters are really drawn, what is not told is not there, and the server stays answerable."""

import asyncio
import io
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.ft2font import FT2Font
from matplotlib.image import imread
from tests.conftest import Company
from tests.metrics.dashboards import DASHBOARDS, category, chart_of, shown
from tests.metrics.helpers import crowd, rolled_up

from kshare.core.errors import DomainError
from kshare.metrics import charts
from kshare.metrics.charts import fonts
from kshare.metrics.charts.drawing import draw
from kshare.metrics.charts.picture import Drawn, Mark, Picture
from kshare.metrics.charts.picture import picture as picture_of
from kshare.metrics.charts.words import number, rounded
from kshare.metrics.dashboards.every import DASHBOARDS as EVERY
from kshare.metrics.dashboards.shapes import ChartFormat, ChartKind, ChartLanguage
from kshare.metrics.definitions import METRICS

KINDS = [kind.value for kind in ChartKind]


def marks(*values: float | None) -> list[Mark]:
    """Points of which the last is of a period that is not over; what has no value is not told."""

    def mark(value: float | None, last: bool) -> Mark:
        return Mark(value, value and value * 0.9, value and value * 1.2, None if value else "too_few_people", last)

    return [mark(value, at == len(values)) for at, value in enumerate(values, 1)]


def picture(kind: str = "line", title: str = "活跃分享者", **fields: Any) -> Picture:
    series = [Drawn("研发中心", "count", marks(3, None, 5, 8)), Drawn("公司", "count", marks(4, 4, None, 6))]
    labels = ["2026-01", "2026-02", "2026-03", "2026-04"]
    whole = Picture(kind, title, "总览", "count", labels, series, "说明", ChartLanguage.zh, ChartFormat.png)
    return replace(whole, **fields)


def pixels(body: bytes) -> Any:
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    return imread(io.BytesIO(body), format="png")


def svg(one: Picture) -> str:
    body = draw(replace(one, format=ChartFormat.svg)).decode()
    assert body.startswith("<?xml") and "</svg>" in body
    return body


# ---- letters --------------------------------------------------------------------------------------------------------


def _title(text: str) -> Any:
    """The pixels of a title."""
    return pixels(draw(picture(title=text)))[20:100, 60:800, :3]


@pytest.mark.parametrize("letters", ["中", "龘", "A", "é", "—", "“", "＝"])
def test_letters_are_drawn(letters: str) -> None:
    blank, unknown, drawn = _title(" "), _title("\U0010fffd"), _title(letters)
    assert not np.array_equal(unknown, blank), "a letter that there is not is drawn as a box"
    assert not np.array_equal(drawn, blank) and not np.array_equal(drawn, unknown)


def test_every_letter_is_another_one() -> None:
    title = _title("贡献")
    assert not np.array_equal(title, _title("分享")) and np.array_equal(title, _title("贡献"))


def test_every_word_of_the_dashboards_has_its_letters() -> None:
    package = find_spec("zhplot")
    assert package is not None and package.origin is not None
    known = FT2Font(str(Path(package.origin).parent / fonts._FILE)).get_charmap()
    words = [*(one.name for one in EVERY.values()), *(one.name for one in METRICS.values())]
    assert {letter for one in words for letter in one.zh + one.en if ord(letter) not in known} == set()


def test_outlines_need_no_font_of_the_reader() -> None:
    body = svg(picture(title="回流焊"))
    assert "<!-- 回流焊 -->" in body and "<path" in body and "<text" not in body and "font-family" not in body


def test_titles_are_no_formulas() -> None:
    assert "<!-- 省 $100 到 $200 -->" in svg(picture(title="省 $100 到 $200"))
    draw(picture(title="$\\frac{"))
    assert svg(picture(title='--><script>alert("x")</script>')).count("<script") == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("title", ["😀 表情", "ไทย", "\u200b", "长" * 300])
def test_strange_titles_do_no_harm(title: str) -> None:
    assert pixels(draw(picture(title=title))).shape == (900, 1600, 4)


# ---- what is drawn --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format", list(ChartFormat))
def test_the_same_figures_are_the_same_bytes(kind: str, format: ChartFormat) -> None:
    first = draw(picture(kind, format=format))
    assert draw(picture(kind, format=format)) == first
    assert draw(picture(kind, format=format, series=[Drawn("研发中心", "count", marks(3, None, 5, 9))])) != first


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "series",
    [
        [],
        [Drawn("无", "share", marks(None, None, None, None))],
        [Drawn("零", "count", marks(0, 0, 0, 0))],
        [Drawn("负", "money_per_person", marks(-3, 5, None, -1))],
        [Drawn("大", "count", marks(1e18, 1, 2, 3))],
        [Drawn(f"第{n}条很长很长很长很长很长的名字", "share", marks(0.1, 0.2, None, 0.3)) for n in range(20)],
    ],
    ids=["none", "untold", "zeros", "negative", "huge", "many"],
)
def test_all_figures_can_be_drawn(kind: str, series: Sequence[Drawn]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pixels(draw(picture(kind, series=series))).shape == (900, 1600, 4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 120])
def test_any_number_of_labels_can_be_drawn(kind: str, count: int) -> None:
    labels = [f"2026-{n:03}" for n in range(count)]
    one = picture(kind, labels=labels, series=[Drawn("值", "count", marks(*[float(n + 1) for n in range(count)]))])
    assert pixels(draw(one)).shape == (900, 1600, 4)


def test_what_is_not_told_is_a_gap() -> None:
    def segments(*values: float | None) -> int:
        """The parts of the line, the dashed one of the last period left out."""
        body = svg(picture(series=[Drawn("研发中心", "count", [*marks(*values), *marks(5)])]))
        line = re.search(r'<path d="([^"]*)"[^>]*stroke: #0b6bcb; stroke-width: 3', body)
        return 0 if line is None else line[1].count("L")

    assert (segments(3, 3, 4, 4), segments(3, 3, None, 4), segments(3, None, 4, None)) == (2, 1, 0)
    table = svg(picture("table", series=[Drawn("值", "count", marks(7, None, None, None))]))
    assert table.count("<!-- – -->") == 3 and "<!-- 7  (6.30 – 8.40) -->" in table


def test_what_is_not_over_looks_so() -> None:
    whole = [replace(mark, provisional=False) for mark in marks(3, 4, 5, 6)]
    open_ = [*whole[:3], replace(whole[3], provisional=True)]
    lines, bars = (
        [svg(picture(kind, series=[Drawn("值", "count", points)])) for points in (whole, open_)]
        for kind in ("line", "bar")
    )
    dashed = [one.count("stroke-dasharray: ") for one in lines]
    assert dashed[1] == dashed[0] + 1
    assert "opacity: 0.45" not in bars[0] and "opacity: 0.45" in bars[1]


def test_numbers_as_people_read_them() -> None:
    assert [number(value, "share") for value in (0, 0.1234, 1, None)] == ["0.0%", "12.3%", "100.0%", "–"]
    assert [number(value, "days") for value in (3, 3.14159, 123.456, 0.00123, 12345678)] == [
        "3", "3.14", "123.5", "0.00123", "12,345,678",
    ]  # fmt: skip
    assert [rounded(value, "share") for value in (0.1 + 0.2, 0.025)] == ["30%", "2.5%"]


# ---- through the door -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf(company: Company) -> str:
    crowd(company, "rd", 6)
    rolled_up(company.server)
    return category(company)


def _needed(company: Company, shelf: str, id: str) -> dict[str, str]:
    rd = str(company.departments["rd"])
    return {"department": {"department": rd}, "category": {"category": shelf}}.get(id, {})


@pytest.mark.parametrize("id", DASHBOARDS)
def test_every_chart_is_drawn(company: Company, shelf: str, id: str) -> None:
    query = _needed(company, shelf, id)
    for chart in shown(company.hr, id, **query)["charts"]:
        path = f"/dashboards/{id}/charts/{chart['id']}"
        response = company.hr.rest.get(path, params={**query, "format": "svg", "language": "en"})
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("image/svg+xml")
        assert f"<!-- {chart['name_en'][:20]}" in response.text
    response = company.hr.rest.get(path, params=query)
    assert response.headers["content-type"] == "image/png" and pixels(response.content).shape == (900, 1600, 4)


def test_a_picture_tells_no_more_than_the_dashboard(company: Company, shelf: str) -> None:
    query = {"department": str(company.departments["rd_pressure"])}
    dashboard = shown(company.hr, "department", **query)
    for id in ("new_items_by_kind", "active_sharers"):
        drawn = company.hr.rest.get(f"/dashboards/department/charts/{id}", params={**query, "format": "svg"})
        expected = draw(picture_of(dashboard, chart_of(dashboard, id), ChartLanguage.zh, ChartFormat.svg))
        assert drawn.content == expected
    others = {"department": str(company.departments["sales"])}
    assert company.employee.rest.get("/dashboards/department/charts/active_sharers", params=others).status_code == 403
    assert company.employee.rest.get("/dashboards/contributors/charts/people").status_code == 404
    assert company.hr.rest.get("/dashboards/contributors/charts/people").status_code == 200


def test_wrong_questions(company: Company, shelf: str) -> None:
    rest = company.employee.rest
    assert rest.get("/dashboards/overview/charts/nonsense").status_code == 404
    assert rest.get("/dashboards/nonsense/charts/sharing").status_code == 404
    for query in ({"format": "gif"}, {"language": "de"}, {"category": shelf}, {"width": "9"}):
        response = rest.get("/dashboards/overview/charts/sharing", params=query)
        assert response.status_code == 422 and response.headers["content-type"] == "application/problem+json"
    assert company.anonymous.get("/dashboards/overview/charts/sharing").status_code == 401


def test_without_what_draws_there_is_a_clear_answer(
    company: Company, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "_NEEDED", ("matplotlib", "a_package_that_there_is_not"))
    response = company.employee.rest.get("/dashboards/overview/charts/sharing")
    assert response.status_code == 409 and response.json()["code"] == "charts_not_installed"
    assert "kshare[charts]" in company.anonymous.get(f"{company.server.url}/problems/charts_not_installed").text
    assert company.employee.rest.get("/dashboards/overview").status_code == 200


def test_a_server_starts_without_what_draws() -> None:
    seen = "import sys, kshare.app, kshare.api; kshare.api.schema(); print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True).stdout.strip() == "False"


def test_others_are_answered_while_pictures_are_drawn(
    company: Company, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(one: Picture) -> bytes:
        time.sleep(0.4)
        return draw(one)

    monkeypatch.setattr(charts, "_draw", slow)
    charts._drawn.clear()
    months = [f"2025-{month:02}-01" for month in range(1, 13)]

    def ask(first: str) -> int:
        path = "/dashboards/overview/charts/searching"
        return company.employee.rest.get(path, params={"from": first}).status_code

    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(ask, first) for first in months]
        time.sleep(0.3)
        began = time.monotonic()
        assert company.employee.rest.get("/knowledge-items").status_code == 200
        assert time.monotonic() - began < 2
        answers = [one.result() for one in asked]
    assert set(answers) <= {200, 503} and 503 in answers and answers.count(200) >= charts.MOST_WAITING


def test_a_picture_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = 0

    def counted(one: Picture) -> bytes:
        nonlocal times
        times += 1
        return b"x"

    monkeypatch.setattr(charts, "_draw", counted)
    charts._drawn.clear()

    async def twice() -> None:
        for title in ("一", "一", "二"):
            await charts.drawn(picture(title=title))

    asyncio.run(twice())
    assert times == 2
    charts._drawn.clear()


def test_a_failure_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(one: Picture) -> bytes:
        raise ValueError("no")

    monkeypatch.setattr(charts, "_draw", failing)

    async def often() -> None:
        for _ in range(charts.MOST_WAITING + 5):
            with pytest.raises(ValueError, match="no"):
                await charts.drawn(picture(title="坏"))

    asyncio.run(often())
    assert charts._waiting == 0
    assert DomainError("charts_not_installed").problem.status == 409
