"""`kshare import`: a folder of Markdown or HTML files becomes knowledge items."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from kshare.cli.common import Problem, with_database
from kshare.console import Console
from kshare.core.database import Database

Folder = Annotated[Path, typer.Argument(help="A folder, or a single file, of Markdown or HTML.", exists=True)]
Author = Annotated[
    str | None,
    typer.Option(
        envvar="KSHARE_IMPORT_AUTHOR",
        help="E-mail address of the person as whom files without `author` are imported; kshare itself if left out.",
    ),
]
Kind = Annotated[str, typer.Option(envvar="KSHARE_IMPORT_KIND", help="The kind of files that name none.")]
Source = Annotated[
    str, typer.Option(envvar="KSHARE_IMPORT_SOURCE", help="The system that the external ids of the items belong to.")
]
CreateCategories = Annotated[
    bool,
    typer.Option("--create-categories", envvar="KSHARE_IMPORT_CREATE_CATEGORIES", help="Make categories that are new."),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report", envvar="KSHARE_IMPORT_REPORT", dir_okay=False, help="Also write what became of each file, as JSON."
    ),
]


def import_folder(
    folder: Folder,
    author: Author = None,
    kind: Kind = "insight",
    source: Source = "import",
    create_categories: CreateCategories = False,
    report: ReportFile = None,
) -> None:
    """Turn a folder of Markdown or HTML files into knowledge items.

    Front matter is honoured: title, summary, kind, language, category (a path of names), tags, audience,
    classification, author (an e-mail address), state, created_at, published_at, external_id. Run it again at any
    time: what has not changed since is passed over. What a policy wants reviewed first is stored, and waits for its
    author to submit it. A file with something wrong is reported, and the others are imported; then the exit status is
    1.
    """
    from kshare.importing.files import Found, Unreadable, external_id, find, read
    from kshare.importing.items import Defaults, Importer
    from kshare.knowledge.shapes import KnowledgeKind

    if kind not in list(KnowledgeKind):
        raise Problem(f"--kind: {kind!r} is none of {', '.join(KnowledgeKind)}")
    if report is not None:
        try:
            report.touch()
        except OSError as error:
            raise Problem(f"--report: {report} cannot be written: {error.strerror}") from None
    outcomes: dict[str, str] = {}
    refused: dict[str, str] = {}
    console = Console()

    async def work(database: Database, console: Console) -> None:
        defaults = Defaults(kind=KnowledgeKind(kind), source=source, create_categories=create_categories)
        importer = Importer(database, defaults)
        if author is not None:
            try:
                by = await importer.author(author)
            except Unreadable as error:
                raise Problem(f"--{error}") from None
            importer = Importer(database, Defaults(by, defaults.kind, source, create_categories))
        found = list(find(folder))
        ids: dict[str, str] = {}
        with console.counted(f"Importing {len(found)} files", len(found)) as advance:
            for one in found:
                try:
                    if not isinstance(one, Found):
                        raise Unreadable(one[1])
                    document = read(one)
                    id = str(document.front.get("external_id") or external_id(one.name))
                    if (earlier := ids.setdefault(id, one.name)) != one.name:
                        raise Unreadable(f"external_id: {earlier} has the same")
                    outcomes[one.name] = (await importer.store(id, document)).value
                except Unreadable as error:
                    refused[one.name if isinstance(one, Found) else one[0]] = str(error)
                advance()

    try:
        with_database(work, console)
    finally:
        _tell(console, outcomes, refused, report)
    if refused:
        raise typer.Exit(1)


def _tell(console: Console, outcomes: dict[str, str], refused: dict[str, str], report: Path | None) -> None:
    counts = {name: list(outcomes.values()).count(name) for name in ("created", "updated", "unchanged", "waiting")}
    if not outcomes and not refused:
        console.say("No Markdown or HTML files were imported.")
    else:
        said = [f"{count} {name}" for name, count in counts.items() if count or name != "waiting"]
        console.say(", ".join([*said, f"{len(refused)} refused"]))
    if counts["waiting"]:
        console.say("Those waiting are shown when they were submitted for review and have passed.")
    if refused:
        table = Table("file", "reason", box=None, pad_edge=False)
        for name, reason in refused.items():
            table.add_row(name, reason)
        console.table(table)
    if report is not None:
        files = [{"file": name, "outcome": outcome} for name, outcome in outcomes.items()]
        files += [{"file": name, "outcome": "refused", "reason": reason} for name, reason in refused.items()]
        summary = {**counts, "refused": len(refused), "files": files}
        report.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command("import")(import_folder)
