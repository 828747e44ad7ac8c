"""Amounts of money, hours and things: exact decimals, and the units they are counted in.

An amount is text in every answer (`"1250.50"`), because most JSON readers make a binary fraction of a number and lose
digits in sums. It has two decimals, and twelve digits before them. Callers send text, or a whole number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema
from sqlalchemy import ColumnElement, Numeric, Text, cast

from kshare.core.errors import invalid

WHOLE_DIGITS: Final = 12
PLACES: Final = 2
MOST: Final = 10**WHOLE_DIGITS - 1

AMOUNT = Numeric(WHOLE_DIGITS + PLACES, PLACES)
"""The type of a column that holds an amount."""

_WRITTEN: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_WHOLE: Final = rf"[1-9][0-9]{{0,{WHOLE_DIGITS - 1}}}"
_LEAST: Final = {"positive": 1, "not_negative": 0, "any": -MOST}


@dataclass(frozen=True, slots=True)
class AmountRule:
    """A pydantic annotation for `Decimal`: an amount as callers write it, with the sign it may have."""

    sign: Literal["positive", "not_negative", "any"]
    places: int = PLACES
    """Decimals it has at most."""

    def read(self, value: Any) -> Decimal:
        """The amount; raises the error of pydantic that names the broken rule."""
        if isinstance(value, float):
            message = 'Write a fraction as text, such as "12.50", so that no digit is lost'
            raise PydanticCustomError("amount_as_text", message)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise PydanticKnownError("decimal_type")
        # Before anything is made of it: a number with a million digits would take its time.
        if isinstance(value, int):
            if abs(value) > MOST:
                raise PydanticKnownError("decimal_whole_digits", {"whole_digits": WHOLE_DIGITS})
            return self._signed(Decimal(value))
        text = value if isinstance(value, str) else format(value, "f")
        # Not what `Decimal` takes: it knows "1e3", "1_0", "NaN" and the digits of all scripts.
        if len(text) > 100 or _WRITTEN.fullmatch(text) is None:
            raise PydanticKnownError("decimal_parsing")
        whole, _, fraction = text.removeprefix("-").partition(".")
        if len(whole) > WHOLE_DIGITS:
            raise PydanticKnownError("decimal_whole_digits", {"whole_digits": WHOLE_DIGITS})
        if len(fraction) > self.places:
            raise PydanticKnownError("decimal_max_places", {"decimal_places": self.places})
        return self._signed(Decimal(text))

    def _signed(self, amount: Decimal) -> Decimal:
        if self.sign == "positive" and amount <= 0:
            raise PydanticKnownError("greater_than", {"gt": 0})
        if self.sign == "not_negative" and amount < 0:
            raise PydanticKnownError("greater_than_equal", {"ge": 0})
        return amount

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, core_schema.decimal_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = {"type": "integer", "minimum": _LEAST[self.sign], "maximum": MOST}
        return {"anyOf": [whole, {"type": "string", "format": "decimal", "pattern": self._pattern()}]}

    def _pattern(self) -> str:
        """The texts that are read, as a regular expression."""
        fraction = rf"(\.[0-9]{{1,{self.places}}})?"
        if self.sign == "positive":
            below_one = "|".join("0" * n + "[1-9]" + "[0-9]?" * (self.places - 1 - n) for n in range(self.places))
            return rf"^({_WHOLE}{fraction}|0\.({below_one}))$"
        minus = "-?" if self.sign == "any" else ""
        return rf"^{minus}(0|{_WHOLE}){fraction}$"


Amount = Annotated[Decimal, AmountRule("positive")]
"""More than nothing."""
AmountOrNothing = Annotated[Decimal, AmountRule("not_negative")]
"""Nothing, or more."""
SignedAmount = Annotated[Decimal, AmountRule("any")]
"""More, nothing or less."""

Exact = Annotated[
    Decimal, WithJsonSchema({"type": "string", "format": "decimal", "pattern": rf"^-?[0-9]+\.[0-9]{{{PLACES}}}$"})
]
"""An amount in an answer; a view reads it with `exact`."""


def exact(column: str) -> Any:
    """Where a field of type `Exact` comes from: the column of the row, as text."""
    return lambda row: as_text(getattr(row, column))


def as_text(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    """An amount in SQL as answers show it."""
    return cast(amount, Text)


# ISO 4217, the currencies in use, without metals, funds and test codes.
_WITHOUT_MINOR_UNITS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_MINOR_UNITS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR "
    "JMD JOD KES KGS KHR KPW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR "
    "MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
CURRENCIES: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(_WITHOUT_MINOR_UNITS.split(), 0) | dict.fromkeys(_WITH_MINOR_UNITS.split(), PLACES)
)
"""Every currency by its code, and the decimals its amounts may have here. Dinars have a third one, which is dropped."""


def _known(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError("currency", "Name a currency by its code of ISO 4217, such as CNY")
    return code


Currency = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES)})]
"""A currency by its code."""

HOURS: Final = "hours"
PIECES: Final = "pieces"


def check_places(amount: Decimal | None, unit: str, pointer: str) -> None:
    """Raises 422 for a fraction of what is counted in whole: pieces, and currencies without smaller coins."""
    whole = unit == PIECES or CURRENCIES.get(unit) == 0
    if amount is not None and whole and amount != amount.to_integral_value():
        raise invalid(pointer, "whole_number", f"{unit} are counted in whole numbers.")
