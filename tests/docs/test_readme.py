"""The pages for people name what there is, and nothing that is not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.settings_table import HEAD, README, table

from kshare.contract import openapi_bytes
from kshare.core.settings import Settings

TOP = README.parent
PAGES = sorted([README, *(TOP / "docs").rglob("*.md")])
SETTINGS = {f"KSHARE_{name.upper()}" for name in Settings.model_fields}


def test_the_readme_says_what_can_be_set() -> None:
    shown = README.read_text().partition(HEAD)[2].partition("\n\n")[0] + "\n"
    assert shown == table(), "run `python -m tests.docs.settings_table` and commit README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_what_a_page_says_to_set_can_be_set(page: Path) -> None:
    known = SETTINGS | set(_words(r"KSHARE_[A-Z_]+[A-Z]", _sources()))
    assert set(_words(r"KSHARE_[A-Z_]+[A-Z]", [page])) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_modules_that_a_page_names_are_there(page: Path) -> None:
    """`core/reading` is a module or a package; other names are files from the top."""
    slices = "|".join(sorted(path.name for path in (TOP / "src/kshare").iterdir() if path.is_dir()))
    for name in re.findall(rf"`((?:{slices})/[a-z_]+)`", page.read_text()):
        module = TOP / "src/kshare" / name
        assert module.is_dir() or module.with_suffix(".py").is_file(), name
    for name in re.findall(r"`((?:docs|examples|tests|migrations)/[a-z0-9_/.-]+)`", page.read_text()):
        assert (TOP / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_paths_that_a_page_names_are_served(page: Path) -> None:
    served = {re.sub(r"{\w+}", "{}", path) for path in json.loads(openapi_bytes())["paths"]}
    for path in re.findall(r"(/v1/[a-z0-9/:{}_-]*[a-z}])", page.read_text()):
        pattern = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|{\w+}", "{}", path)
        if not pattern.startswith("/v1/traces"):
            assert pattern in served, path


def test_the_commands_of_the_makefile_are_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (TOP / "Makefile").read_text(), re.M))
    for page in PAGES:
        assert set(re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text())) <= targets, page


def _files(folder: str) -> Iterator[Path]:
    return (path for path in (TOP / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _sources() -> Iterator[Path]:
    """What reads variables beside the settings: the command line, the examples, and what deploys."""
    yield from (path for folder in ("src", "examples") for path in _files(folder) if path.suffix == ".py")
    yield TOP / "compose.yaml"


def _words(pattern: str, paths: "Iterator[Path] | list[Path]") -> Iterator[str]:
    for path in paths:
        yield from re.findall(pattern, path.read_text())
