"""The account of contributions in the day at a small company: an entry, its correction, and what they add up to."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of the account once, of a month that is over, so that they come to the same each time."""
    hr = company.hr
    author = company.hire("贺明川", "rd")
    idea = author.rest.post("/ideas", json={"title": "装配线换型前先把夹具备好"}).json()["id"]
    company.server.settle()
    author.rest.post(f"/ideas/{idea}/withdraw")
    company.server.settle()
    # As if it had been in March.
    company.server.sql(
        """UPDATE contribution SET occurred_on = '2026-03-02', month = '2026-03-01', recorded_at =
          CASE WHEN corrects_id IS NULL THEN '2026-03-02' ELSE '2026-03-03' END::timestamptz WHERE person_id = $1""",
        author.id,
    )
    person = str(author.id)
    entries = do("listContributions", hr, person=person, updated_since="2026-03-01T00:00:00Z")["items"]
    do("getContribution", author, entries[0]["id"])
    season = {"from": "2026-01-01", "to": "2026-03-31"}
    do("listContributionTotals", hr, person=person, by="quarter", **season)
    do("listContributionRules", author)
