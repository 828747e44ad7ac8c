"""Which quarters have figures: those since something happened first, however people came to be there before."""

from datetime import date

from tests.conftest import Company
from tests.metrics.helpers import crowd, figures, rebuilt, rolled_up

from kshare.metrics.periods import Grain, Period, between

MOVED = """UPDATE content SET created_at = created_at + make_interval(months => $2),
  published_at = published_at + make_interval(months => $2), listed_at = listed_at + make_interval(months => $2)
WHERE id = $1::uuid"""


def quarters(company: Company) -> set[date]:
    rows = company.server.sql("SELECT DISTINCT start FROM metric_value WHERE grain = 'quarter'")
    return {row["start"] for row in rows}


def since(day: date, today: date) -> set[date]:
    return {quarter.start for quarter in between(Grain.quarter, day, today)}


def test_figures_begin_with_what_happened_first(fresh: Company) -> None:
    crowd(fresh, "rd", 6)
    fresh.server.sql("UPDATE membership SET since = '2010-01-01'")
    item = fresh.employee.item(anonymous=True)["id"]

    def changed(months: int) -> date:
        """The item was published so many months later, and now something else happens to it."""
        fresh.server.sql(MOVED, item, months)
        noted = fresh.colleague.rest.put(f"/content/{item}/reactions/thank")
        assert noted.status_code == 204, noted.text
        rolled_up(fresh.server)
        row = fresh.server.sql(
            "SELECT (published_at AT TIME ZONE 'Asia/Shanghai')::date AS day,"
            " (now() AT TIME ZONE 'Asia/Shanghai')::date AS today FROM content WHERE id = $1::uuid",
            item,
        )[0]
        assert quarters(fresh) == since(row["day"], row["today"])
        before = figures(fresh.server)
        rebuilt(fresh.server)
        assert figures(fresh.server) == before
        fresh.server.sql("DELETE FROM metric_value")
        rebuilt(fresh.server)
        assert figures(fresh.server) == before, "nor does it depend on which figures there were"
        assert fresh.colleague.rest.delete(f"/content/{item}/reactions/thank").status_code == 204
        return row["day"]

    now = changed(0)
    assert Period.of(Grain.quarter, changed(-15)) < Period.of(Grain.quarter, now)
    changed(9)
