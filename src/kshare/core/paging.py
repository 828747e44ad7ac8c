"""Cursors of keyset pages: opaque, sealed, and bound to the list, filters and order they were made for.

A cursor is base64url(fingerprint, seal, keys): the fingerprint says which list it belongs to, the seal (keyed by a
secret and that list) that we made it, the keys where the page ended. The database makes cursors in the same
statement that reads the page (core/reading.py); this module says how, and checks those that come back.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, LargeBinary, Text, bindparam, func, literal_column

from kshare.core.errors import DomainError

_FINGERPRINT = 6
_SEAL = 8


class CursorKey:
    """The key of one list with its filters and order: derived from the server's secret, bound into the statement."""

    __slots__ = ("value",)

    def __init__(self, secret: bytes, listing: str, filters: Mapping[str, Any], order: str) -> None:
        self.value = _unfiltered(secret, listing, order) if not filters else _key(secret, listing, filters, order)

    def keys(self, cursor: str) -> list[Any]:
        """The keys in a cursor; raises `invalid_cursor` or `cursor_mismatch`."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise _invalid() from None
        fingerprint, seal, payload = (
            raw[:_FINGERPRINT],
            raw[_FINGERPRINT : _FINGERPRINT + _SEAL],
            raw[_FINGERPRINT + _SEAL :],
        )
        if len(seal) < _SEAL or base64.urlsafe_b64encode(raw).rstrip(b"=") != cursor.encode():
            raise _invalid()
        if fingerprint != self.value[:_FINGERPRINT]:
            raise DomainError("cursor_mismatch", "This cursor belongs to another list, other filters or another order.")
        if not hmac.compare_digest(seal, hashlib.sha256(self.value + payload).digest()[:_SEAL]):
            raise _invalid()
        keys: list[Any] = orjson.loads(payload)
        return keys

    def values(self, cursor: str, kinds: Sequence[type]) -> list[Any]:
        """The keys in a cursor as the values the columns have; raises as `keys` does, and `invalid_cursor` for one that
        an earlier version made of other columns."""
        try:
            return [_typed(value, kind) for value, kind in zip(self.keys(cursor), kinds, strict=True)]
        except (AttributeError, TypeError, ValueError, ArithmeticError):
            raise _invalid() from None

    def cursor(self, keys: Sequence[Any]) -> str:
        """The cursor of these keys, for a page whose order is not made in SQL alone; see `cursor_sql`."""
        payload = orjson.dumps(keys)
        seal = hashlib.sha256(self.value + payload).digest()[:_SEAL]
        return base64.urlsafe_b64encode(self.value[:_FINGERPRINT] + seal + payload).rstrip(b"=").decode()


def _key(secret: bytes, listing: str, filters: Mapping[str, Any], order: str) -> bytes:
    scope = orjson.dumps([listing, filters, order], option=orjson.OPT_SORT_KEYS, default=str)
    return hmac.digest(secret, scope, "sha256")


@lru_cache(maxsize=256)
def _unfiltered(secret: bytes, listing: str, order: str) -> bytes:
    return _key(secret, listing, {}, order)


def _invalid() -> DomainError:
    # A new one each time: an exception raised again and again keeps the frames, and so the requests, of all times.
    return DomainError("invalid_cursor", "This cursor was not made by this server; start without one.")


def cursor_sql(keys: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """The cursor after a row with these sort keys, as an SQL expression over the bound `cursor_key`."""
    key = bindparam("cursor_key", type_=LargeBinary)
    payload = func.convert_to(func.json_build_array(*keys).cast(Text), literal_column("'UTF8'"))
    seal = func.substring(func.sha256(key.op("||")(payload)), 1, literal_column(str(_SEAL)))
    raw = func.substring(key, 1, literal_column(str(_FINGERPRINT))).op("||")(seal).op("||")(payload)
    text = func.encode(raw, literal_column("'base64'"))
    return func.translate(text, literal_column("E'+/=\\n'"), literal_column("'-_'"))


def _typed(value: Any, kind: type) -> Any:
    """A key from a cursor as the value its column has; a list is one of ids."""
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is Decimal:
        return Decimal(str(value))
    if kind is list:
        return [UUID(part) for part in value]
    return UUID(value) if kind is UUID else value
