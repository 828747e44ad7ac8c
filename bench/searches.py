"""Table 3: what a search takes in the large database, relative to a page."""

from itertools import cycle
from urllib.parse import quote

from bench.latency import SEARCH, WARM, Place, Timing
from bench.load import Load, http
from bench.progress import through
from bench.report import Report
from kshare.console import Console


async def measure(place: Place, page: Timing, load: Load, report: Report, console: Console, *, count: int) -> None:
    """Adds the table of searches for two characters: words that stand in many, some and few documents."""
    table = f"What a search takes in {place.facts.items:,} items, a page = 1"
    terms = place.facts.terms
    kinds = {"common": terms.common, "medium": terms.medium, "rare": terms.rare}
    for name in through(console, "Measuring searches", list(kinds)):
        found = kinds[name]
        keys = cycle([key for key, _ in place.facts.keys])
        # More requests than words, so that each word is asked for by many people.
        requests = [http("GET", f"/v1/search?q={quote(term)}", next(keys)) for term in found * 7]
        load.keep(name, requests)
        load.run(name, place.server.port, count=WARM)
        timing = Timing(load.run(name, place.server.port, count=count).times)
        detail = (
            f"{timing.median * 1000:.2f} ms (p99 {timing.p99 * 1000:.2f} ms), a page {page.median * 1000:.2f} ms;"
            f" {'、'.join(found[:3])} …"
        )
        report.add(
            table, f"two characters, {name} word: median", timing.median / page.median, most=SEARCH, detail=detail
        )
