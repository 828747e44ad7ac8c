"""What was measured, beside what it should be."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

from kshare.console import Console


@dataclass(frozen=True)
class Figure:
    """One measured value and its bound."""

    table: str
    what: str
    measured: float
    target: float
    at_least: bool
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.measured >= self.target if self.at_least else self.measured <= self.target


@dataclass
class Report:
    """All figures of a run."""

    figures: list[Figure] = field(default_factory=list)
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def machine(self, console: Console) -> None:
        """Says what this is measured on, and whether it is fit to be measured on."""
        console.say(f"Machine: {self.cores} cores, load average {self.load:.2f} at the start")
        if self.load > 1:
            console.say("WARNING: something else keeps this machine busy; the figures below are worth little.")

    def add(
        self, table: str, what: str, measured: float, *, least: float | None = None, most: float | None = None,
        detail: str = "",
    ) -> None:  # fmt: skip
        """A figure that is to be at least, or at most, so much."""
        target = least if least is not None else most
        assert target is not None
        self.figures.append(Figure(table, what, measured, target, least is not None, detail))

    @property
    def ok(self) -> bool:
        """Whether every target is met."""
        return all(figure.ok for figure in self.figures)

    def show(self, console: Console) -> None:
        """Prints the tables."""
        for name in dict.fromkeys(figure.table for figure in self.figures):
            table = Table(title=name, title_justify="left", title_style="bold")
            table.add_column("what")
            table.add_column("measured", justify="right")
            table.add_column("target", justify="right")
            table.add_column("")
            table.add_column("from", style="dim")
            for one in self.figures:
                if one.table == name:
                    sign = ">=" if one.at_least else "<="
                    verdict = "ok" if one.ok else "[bold red]MISSED[/]"
                    table.add_row(one.what, f"{one.measured:.2f}", f"{sign} {one.target:g}", verdict, one.detail)
            console.say()
            console.table(table)
        missed = [figure for figure in self.figures if not figure.ok]
        console.say()
        console.say(f"{len(missed)} of {len(self.figures)} targets missed." if missed else "Every target is met.")

    def write(self, path: Path) -> None:
        """The same as JSON."""
        figures = [asdict(figure) | {"ok": figure.ok} for figure in self.figures]
        facts = {"ok": self.ok, "cores": self.cores, "load_average": self.load, "figures": figures}
        path.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
