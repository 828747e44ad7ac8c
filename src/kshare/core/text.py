"""The shared text rules: what a string may contain, and how long it is.

Every text that enters is UTF-8 in Unicode normal form C, with `\\n` as its only line break. Lengths are counted in
grapheme clusters, the characters a person would count, never in bytes. `line` and `prose` turn these rules into
annotations, so that a field's type says them and the JSON schema shows them:

    Title = Annotated[str, line(1, 200)]
    Body = Annotated[str, prose(0, 100_000)]
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Final

import regex
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

CODE_POINTS_PER_GRAPHEME: Final = 8
"""How many code points a text may have for each grapheme it may have. The longest emoji sequences have about ten,
but no honest text is made of those alone; a heap of combining marks under one letter is refused by this cap."""

_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAK: Final = re.compile("[\t\n\u2028\u2029]")

# Spaces, and characters that show nothing: a title made of these alone is an empty title.
_UNSEEN: Final = (
    r"\u0020\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_CONTROL_IN_PROSE: Final = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
_CONTROL_IN_LINE: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_SEEN: Final = re.compile(f"[^{_UNSEEN}\\s]")

# The standard library orders a run of combining marks by insertion, in quadratic time: 80,000 marks cost ten seconds.
# A long run is therefore put in canonical order before it is normalised. The three Tibetan vowels are listed because
# their own combining class is zero while the marks they decompose to have another.
_MARKS: Final = regex.compile(r"[\P{ccc=0}\u0f73\u0f75\u0f81]{32,}")

# The regex module recounts a whole run of regional indicators at each of them, so that a run of 150,000 flags costs
# minutes. Pairs are taken here before `\X` sees them; what may follow a cluster follows the pair as well.
_GRAPHEME: Final = regex.compile(r"[\U0001F1E6-\U0001F1FF]{2}[\p{GCB=Extend}\p{GCB=SpacingMark}\u200d]*|\X")


def clean_text(value: str) -> str:
    """The text as it is stored: every line break is `\\n`, the whole is in normal form C.

    Raises `PydanticCustomError` for what no text may contain: `text_nul` for NUL, `text_surrogate` for half of a
    surrogate pair, `text_control` for a control character other than tab and line break (C0, DEL and C1). Format
    characters stay, because emoji and several scripts are spelled with them. Takes time linear in the length.
    """
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    found = _REFUSED.search(value)
    if found is not None:
        raise _refusal(found.group(), found.start())
    if value.isascii():
        return value
    return unicodedata.normalize("NFC", order_marks(value))


def order_marks(value: str) -> str:
    """The same text with its long runs of combining marks in canonical order, so that normalising it is cheap."""
    ordered: str = _MARKS.sub(_ordered, value)
    return ordered


def graphemes(value: str) -> int:
    """The number of characters a person would count."""
    if value.isascii():
        # The one ASCII cluster of two code points.
        return len(value) - value.count("\r\n")
    return sum(1 for _ in _GRAPHEME.finditer(value))


def grapheme_spans(value: str) -> list[tuple[int, int]]:
    """Where each grapheme cluster starts and ends, in code points."""
    return [found.span() for found in _GRAPHEME.finditer(value)]


@dataclass(frozen=True, slots=True)
class TextRule:
    """A pydantic annotation for `str`: cleans a text and holds it to its limits. Made by `line` and `prose`.

    The JSON schema cannot count graphemes, so `maxLength` is the limit in code points. That is the safe side: a text
    with few enough code points has few enough graphemes, and whatever satisfies the schema is accepted. The reverse
    has one exception. A text that is longer than `maxLength` only because its characters consist of several code
    points is accepted although the schema refuses it. With a minimum above 1 there is a second: such characters count
    once, so that a text may satisfy `minLength` and still be too short.
    """

    minimum: int
    maximum: int
    single_line: bool

    def clean(self, value: str) -> str:
        """The text as it is stored; raises `PydanticCustomError` or `PydanticKnownError` if the rule refuses it."""
        # Checked before anything else is done with the text, so that refusing a huge one is cheap. Normal form C
        # makes no text more than three times as long, and a limit on what was sent is one a sender can understand.
        cap = self.maximum * CODE_POINTS_PER_GRAPHEME
        if len(value) > cap:
            raise self._too_long()
        value = clean_text(value)
        if len(value) > self.maximum and graphemes(value) > self.maximum:
            raise self._too_long()
        if self.single_line:
            value = value.rstrip("\n")
            if (found := _LINE_BREAK.search(value)) is not None:
                raise PydanticCustomError(
                    "text_line",
                    "Text should be a single line: {character} is not allowed",
                    {"character": f"U+{ord(found.group()):04X}", "position": found.start()},
                )
        # Length is measured before blanks are stripped: the schema cannot say "after stripping" either.
        if self.single_line:
            value = value.strip()
        if self.minimum and (_SEEN.search(value) is None or graphemes(value) < self.minimum):
            raise PydanticKnownError("string_too_short", {"min_length": self.minimum})
        return value

    def pattern(self) -> str:
        """The part of the rule that a regular expression can say, in the dialect JSON Schema and Python share."""
        allowed = f"[^{_CONTROL_IN_LINE if self.single_line else _CONTROL_IN_PROSE}]"
        # Python lets `$` stand before a final line break and ECMAScript does not. Because a line may end in line
        # breaks, which are dropped, both read the pattern alike.
        end = "[\\r\\n]*$" if self.single_line else "$"
        if not self.minimum:
            return f"^{allowed}*{end}"
        seen = f"[^{_UNSEEN}{_CONTROL_IN_PROSE}\\t\\n\\r]"
        return f"^{allowed}*{seen}{allowed}*{end}"

    def _too_long(self) -> PydanticKnownError:
        return PydanticKnownError("string_too_long", {"max_length": self.maximum})

    def _validate(self, value: Any) -> Any:
        # What is no string is left to the string schema behind this, which words that error.
        return self.clean(value) if isinstance(value, str) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # The rule stands before the string schema: pydantic itself would refuse a surrogate as `string_unicode`.
        return core_schema.no_info_before_validator_function(self._validate, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown: JsonSchemaValue = {"type": "string"}
        if self.minimum:
            shown["minLength"] = self.minimum
        return shown | {"maxLength": self.maximum, "pattern": self.pattern()}


def line(minimum: int, maximum: int) -> TextRule:
    """An annotation for a text of one line, of `minimum` to `maximum` graphemes.

    Blanks at both ends and line breaks at the end are dropped; a tab or a line break anywhere else is refused as
    `text_line`. A minimum of 1 asks for at least one visible character. The maximum holds for the text as sent,
    before blanks and line breaks are dropped.
    """
    return TextRule(minimum, maximum, single_line=True)


def prose(minimum: int, maximum: int) -> TextRule:
    """An annotation for a text of any number of lines, of `minimum` to `maximum` graphemes.

    Nothing is stripped, because leading blanks mean something in Markdown. A minimum of 1 asks for at least one
    visible character.
    """
    return TextRule(minimum, maximum, single_line=False)


ExternalName = Annotated[str, line(1, 200)]
"""The name of another system, or the id of something there."""


def _refusal(character: str, position: int) -> PydanticCustomError:
    context = {"character": f"U+{ord(character):04X}", "position": position}
    if character == "\x00":
        return PydanticCustomError("text_nul", "Text should not contain NUL (at {position})", context)
    if "\ud800" <= character <= "\udfff":
        return PydanticCustomError("text_surrogate", "Text should not contain half a surrogate pair", context)
    return PydanticCustomError("text_control", "Text should not contain the control character {character}", context)


def _ordered(found: "regex.Match[str]") -> str:
    marks = "".join(unicodedata.normalize("NFD", mark) for mark in found.group())
    return "".join(sorted(marks, key=unicodedata.combining))
