"""`python -m bench`: how fast kshare is, as ratios of one run on one machine; exit status 1 if a target is missed."""

import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench import documents, ideas, latency, likeness, metrics, ratios, reviews, searches, servers
from bench.load import Load, LoadError
from bench.report import Report
from bench.seed import Seeded
from kshare.console import Console
from kshare.core.postgres import DirectoryInUse, DirectoryLock, PostgresError

MEMORY = 250.0
"""Megabytes (of 2^20 bytes) a worker may take."""


@dataclass(frozen=True)
class Effort:
    """How much is seeded, and how often it is asked."""

    sizes: tuple[int, int]
    """Items in the small database and in the large one."""
    ideas: int
    people: int
    rounds: int
    seconds: float
    count: int


WHOLE = Effort((10_000, 1_000_000), 200_000, 100_000, 7, 2.0, 1_500)
QUICK = Effort((10_000, 100_000), 20_000, 20_000, 3, 1.0, 200)
CHECK = Effort((10_000, 20_000), 2_000, 4_000, 1, 0.1, 50)

_FAILURES = (
    servers.ServerError,
    LoadError,
    PostgresError,
    DirectoryInUse,
    documents.Different,
    ratios.Unequal,
)

Quick = Annotated[bool, typer.Option("--quick", help="10,000 and 100,000 items and short rounds, to try it out.")]
Check = Annotated[bool, typer.Option("--check", help="A moment of everything, to see that it runs; no figures.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Seed the databases anew.")]
Keep = Annotated[bool, typer.Option(help="Keep the seeded databases for the next run.")]
Output = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file, too.")]
SeedOnly = Annotated[bool, typer.Option("--seed-only", help="Seed the databases and measure nothing.")]


def main(
    quick: Quick = False, check: Check = False, fresh: Fresh = False, keep: Keep = True, json: Output = None,
    seed_only: SeedOnly = False,
) -> None:  # fmt: skip
    """Seeds databases of its own, measures kshare on them, and says whether it is as fast as it should be.

    They are in `KSHARE_BENCH_DIR`, by default in the directory for temporary files.
    """
    console, report = Console(), Report()
    default = Path(tempfile.gettempdir()) / f"kshare-bench-{os.getuid()}"
    directory = Path(os.environ.get("KSHARE_BENCH_DIR", default)).resolve()
    effort = CHECK if check else QUICK if quick else WHOLE
    report.machine(console)
    console.say(f"Data: {directory}")
    try:
        with DirectoryLock(directory):
            servers.make_directory(directory, fresh=fresh)
            known = asyncio.run(servers.prepare(directory, effort.sizes, console))
            if not seed_only:
                asyncio.run(_measure(directory, known, report, console, effort))
            if not keep:
                servers.clear(directory)
    except _FAILURES as error:
        console.say(f"The benchmark failed: {error}")
        sys.exit(2)
    if seed_only:
        return
    if check:
        console.say(f"Everything runs: {len(report.figures)} figures, which are worth nothing.")
        return
    report.show(console)
    if json is not None:
        report.write(json)
    sys.exit(0 if report.ok else 1)


async def _measure(directory: Path, known: dict[int, Seeded], report: Report, console: Console, effort: Effort) -> None:
    rounds, seconds, count = effort.rounds, effort.seconds, effort.count
    small, large = known.values()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(servers.postgres(directory, console))
        # Before anybody is connected to what is copied; written to it is the copy, so that the seed stays as it is.
        copy = await stack.enter_async_context(servers.cloned(url, small.items))
        small_url, large_url = (servers.renamed(url, servers.name_of(facts.items)) for facts in (small, large))
        small_connection, large_connection, copy_connection = [
            await stack.enter_async_context(servers.connected(address)) for address in (small_url, large_url, copy)
        ]
        load = stack.enter_context(Load())
        kshare = stack.enter_context(servers.kshare(small_url, directory))
        big = stack.enter_context(servers.kshare(large_url, directory, "kshare-large"))

        cases = await ratios.read_cases(small_connection, small)
        with servers.bare(small_url, directory) as bare:
            for case in cases:
                ratios.compare_reads(case, kshare, bare)
            console.say("kshare and the bare application give the same answers.")
            ratios.measure(cases, kshare, bare, load, report, console, rounds=rounds, seconds=seconds)
        case = await ratios.write_case(copy_connection, small)
        with servers.kshare(copy, directory, "kshare-writing") as writing, servers.bare(copy, directory) as bare:
            await ratios.compare_writes(case, writing, bare, copy_connection)
            console.say("kshare and the bare application store the same rows.")
            ratios.measure([case], writing, bare, load, report, console, rounds=rounds, seconds=seconds)

        await ideas.measure(
            copy, directory, copy_connection, small, load, report, console, rounds=rounds, seconds=seconds
        )
        await reviews.measure(copy, directory, copy_connection, small, load, report, console, count=count)
        await metrics.measure(
            copy, directory, copy_connection, small, load, report, console, count=count, people=effort.people
        )

        places = latency.Place(small, kshare, small_connection), latency.Place(large, big, large_connection)
        page = await latency.measure(*places, load, report, console, count=count)
        await searches.measure(places[1], page, load, report, console, count=count)
        await likeness.measure(directory, url, load, report, console, count=count, ideas=effort.ideas)
        for server in (kshare, big):
            table = "Memory of a worker after all this, in MB"
            report.add(table, server.name, server.memory() / 2**20, most=MEMORY)


if __name__ == "__main__":
    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    program.command()(main)
    program()
