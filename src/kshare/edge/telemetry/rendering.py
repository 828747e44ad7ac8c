"""JSON that always renders, for what must not fail: log lines and error answers."""

import math
from collections.abc import Mapping

import orjson


def encodable(text: str, most: int = 10_000) -> str:
    """`text` without lone surrogates, which no encoder accepts, and with at most `most` characters."""
    return text[:most].encode("utf-8", "replace").decode()


def json_bytes(value: object) -> bytes:
    """JSON of anything, for what must not fail: log lines and error answers.

    Values that JSON or UTF-8 cannot say are replaced: lone surrogates by "?", non-finite numbers by null, integers
    beyond 64 bits and unknown objects by their text.
    """
    try:
        return orjson.dumps(value, default=str)
    except (TypeError, ValueError):
        return orjson.dumps(_sayable(value))


def _sayable(value: object, depth: int = 8) -> object:
    match value:
        case None | bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value) if value.bit_length() < 10_000 else "(huge)"
        case float():
            return value if math.isfinite(value) else None
        case Mapping() if depth:
            return {encodable(str(name)): _sayable(part, depth - 1) for name, part in value.items()}
        case list() | tuple() if depth:
            return [_sayable(part, depth - 1) for part in value]
        case _:
            return encodable(str(value))
