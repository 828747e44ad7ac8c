"""Writes what was searched for: each search under an alias, and all searches for one text together."""

from collections.abc import Sequence
from uuid import UUID

from kshare.core.ids import new_id
from kshare.core.sealing import derived
from kshare.core.words import fold
from kshare.demo.history.records import Search
from kshare.demo.history.writing.desk import Desk
from kshare.search.models import SearchedTextRow, SearchRow


def write_searches(desk: Desk, searches: Sequence[Search]) -> None:
    """Searches, in order of time."""
    texts: dict[str, list[Search]] = {}
    for search in sorted(searches, key=lambda one: one.at):
        texts.setdefault(" ".join(fold(search.text).split()), []).append(search)
        desk.append(
            SearchRow,
            id=new_id(search.at),
            person_id=_alias(desk, search.person),
            query=search.text,
            filters="{}",
            hits=search.hits,
            exact=True,
            at=search.at,
        )
    for text, same in sorted(texts.items()):
        last = same[-1]
        desk.append(
            SearchedTextRow,
            id=new_id(same[0].at),
            text=text,
            searches=len(same),
            misses=sum(search.hits == 0 for search in same),
            last_hits=last.hits,
            without_hits=last.hits == 0,
            last_at=last.at,
        )


def _alias(desk: Desk, key: str) -> UUID:
    """As `Principal.alias`: without keys their own id."""
    person = desk.person(key)
    seed = desk.work.keyring.seed(person)
    return person if seed is None else derived(seed, "search")
