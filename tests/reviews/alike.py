"""What does not depend on when or where it was read: two readings of the same, in any two worlds, are equal so."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime

import orjson

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_SUGGESTED = r'("suggested_?[aA]t" ?: ?)"[^"]*"'
_CURSOR = re.compile(
    r'("(?:next_cursor|endCursor|startCursor|cursor)" ?: ?")([\w-]{20,}={0,2})(")|([?&]cursor=)([\w-]+)'
)
_PLACE = r"(\['[^']*'),\d+\](?=\")"
_ETAG = re.compile(r'^(etag: (?:W/)?"[^"]*?)[-.:][^".:-]*"$', re.MULTILINE)


def _opened(match: re.Match[str]) -> str:
    """What a cursor says of the place where a page ends."""
    before, text, after = match[1] or match[4], match[2] or match[5], match[3] or ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[14:]
        return f"{before}{orjson.dumps(orjson.loads(raw)).decode().replace(chr(34), chr(39))}{after}"
    except (binascii.Error, ValueError):
        return match[0]


def canonical(answers: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """The answers as they would be in any world in which the same was done: things by their names in `known`, others in
    the order in which they appear, times by their order among all times that are told."""
    opened = {label: _CURSOR.sub(_opened, _ETAG.sub(r'\1"', text)) for label, text in answers.items()}
    # The reactor that suggests is not waited for.
    opened = {label: re.sub(_SUGGESTED, r'\1"…"', text) for label, text in opened.items()}
    # Entries of one moment are told apart by their place in the whole journal.
    opened = {label: re.sub(_PLACE, r"\1]", text) for label, text in opened.items()}
    moments = {moment for text in opened.values() for moment in re.findall(_TIME, text)}
    places = {moment: place for place, moment in enumerate(sorted({_moment(text) for text in moments}))}
    times = {text: f"time {places[_moment(text)]}" for text in moments}
    names = dict(known)

    def named(match: re.Match[str]) -> str:
        return names.setdefault(match[0], f"thing {len(names)}")

    return {
        label: re.sub(_TIME, lambda match: times[match[0]], re.sub(_ID, named, text)) for label, text in opened.items()
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Where two readings differ, in words."""
    assert one.keys() == other.keys()
    found = []
    for label in one:
        if one[label] != other[label]:
            start = next(
                (n for n, (a, b) in enumerate(zip(one[label], other[label], strict=False)) if a != b),
                min(len(one[label]), len(other[label])),
            )
            around = slice(max(0, start - 120), start + 120)
            found.append(f"{label}\n  one:   …{one[label][around]}…\n  other: …{other[label][around]}…")
    return found
