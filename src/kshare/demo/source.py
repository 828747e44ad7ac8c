"""The files of the demo company."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from kshare.demo.history.source import HistorySource, read_history

_DATA = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """The files of the demo company."""

    organisation: Mapping[str, Any]
    discussion: Mapping[str, Any]
    ideas: Mapping[str, Any]
    reviews: Mapping[str, Any]
    items: Mapping[str, tuple[Mapping[str, Any], str]]
    """Front matter and body, by file name."""
    history: HistorySource


def read_source() -> Source:
    """The demo company's files."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    items = {}
    for path in sorted((_DATA / "items").glob("*.md")):
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        items[path.stem] = (yaml.load(front, loader), body.strip() + "\n")  # noqa: S506 - safe loaders, both
    organisation, discussion, ideas, reviews = (
        yaml.load((_DATA / f"{name}.yaml").read_text(encoding="utf-8"), loader)  # noqa: S506
        for name in ("organisation", "discussion", "ideas", "reviews")
    )
    return Source(organisation, discussion, ideas, reviews, items, read_history())


def time_of(value: str) -> datetime:
    """A time as the files write it."""
    return datetime.fromisoformat(value)
