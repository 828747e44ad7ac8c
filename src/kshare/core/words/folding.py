"""Text as it is compared: one form for what looks or means the same."""

import unicodedata
from typing import Final

import regex

from kshare.core.text import order_marks

_IGNORABLE: Final = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_HALFWIDTH_MARKS: Final = {0xFF9E: 0x3099, 0xFF9F: 0x309A}


def fold(text: str) -> str:
    """The text as it is compared: compatibility forms (full width, ligatures) resolved, in lower case."""
    if text.isascii():
        return text.lower()
    text = text.encode("utf-8", "replace").decode()
    text = unicodedata.normalize("NFKC", order_marks(text.translate(_HALFWIDTH_MARKS)))
    seen: str = _IGNORABLE.sub("", text)
    return seen.lower()
