"""Who sees benefits, who may stand for which figure, and how what is present is read from all that was ever said.

Everything about benefits is seen by whoever sees the idea. Nobody commits to, or verifies, a benefit of their own idea.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, case, cast, func, literal_column, not_, null, or_, select
from sqlalchemy.orm import aliased

from kshare.benefits.models import BenefitEntryRow, BenefitRow, BenefitTotalRow
from kshare.benefits.shapes import Benefit, BenefitEntry, BenefitTotal, BenefitTotals
from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT_FILTERS
from kshare.content.visibility import visible_content, visible_through_content
from kshare.core.access import Permission
from kshare.core.amounts import exact
from kshare.core.reading import (
    TODAY,
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    allowed_list,
    constant,
    rule_filter,
)
from kshare.core.writing import Guard, Rule
from kshare.ideas.reads.idea import (
    IDEA,
    idea_title,
    in_stage,
    is_idea,
    is_own,
    is_underway,
    may_carry_out,
    may_manage,
    of_idea,
    published_in,
)
from kshare.ideas.stages import UNDERWAY
from kshare.people.reads import PERSON

VERIFIABLE = ("implemented", "verified")
"""The stages in which a benefit can be verified."""

_claims = of_idea(may_carry_out)
_commits = of_idea(lambda idea: and_(may_manage(idea), not_(is_own(idea))))
_of_others = of_idea(lambda idea: not_(is_own(idea)))
_underway = of_idea(is_underway)
_verifiable = of_idea(published_in(*VERIFIABLE))


def _verifies(row: Alias) -> ColumnElement[bool]:
    return and_(Viewer.holds(Permission.benefit_verify), _of_others(row))


def _corrects(row: Alias) -> ColumnElement[bool]:
    """A figure is corrected by those who could have given it."""
    return or_(
        and_(row.level == constant("claimed"), _claims(row)),
        and_(row.level == constant("committed"), _commits(row)),
        and_(row.level == constant("verified"), _verifies(row)),
    )


def _newest_number(entry: Alias) -> ColumnElement[Any]:
    other = aliased(BenefitEntryRow)
    newest = select(func.max(other.number)).where(other.benefit_id == entry.benefit_id, other.level == entry.level)
    return newest.scalar_subquery()


BENEFIT_GUARD = Guard(
    "benefit",
    BenefitRow,
    visible_through_content,
    {"revise": _claims, "commit": _commits, "verify": _verifies},
    states={
        "revise": lambda row: and_(not_(row.is_committed), not_(row.is_verified), _underway(row)),
        "commit": lambda row: and_(not_(row.is_committed), _underway(row)),
        "verify": lambda row: and_(not_(row.is_verified), _verifiable(row)),
    },
)
ENTRY_GUARD = Guard(
    "benefit entry",
    BenefitEntryRow,
    visible_through_content,
    {"correct": _corrects},
    states={"correct": lambda row: row.number == _newest_number(row)},
)


def _month_by_month(row: Alias) -> ColumnElement[Any]:
    return func.to_json(cast(row.months, ARRAY(Text)))


BENEFIT_ENTRY = View(
    "benefit entry",
    BenefitEntry,
    BenefitEntryRow,
    visible_through_content,
    {
        "first_year": exact("first_year"),
        "months": _month_by_month,
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "permissions": lambda row: allowed_list(ENTRY_GUARD.rules_for(row)),
    },
)
BENEFIT_ENTRIES = Listing(
    "benefit_entries",
    BENEFIT_ENTRY,
    of=("benefit", View("benefit", Benefit, BenefitRow, visible_through_content)),
    filters={
        "benefit": Filter(Uuid, lambda row, value: row.benefit_id == value),
        "level": Filter(Text, lambda row, value: row.level == value),
    },
    orders={"newest": Order((("created_at", datetime), ("id", UUID)), "The last one first.")},
    default_order="newest",
)


def _present(level: str) -> Source:
    """The present figure of a level, with who gave it."""

    def on(row: Alias, entry: Alias) -> ColumnElement[bool]:
        of_level = and_(entry.benefit_id == row.id, entry.level == constant(level))
        return and_(of_level, entry.number == _newest_number(entry))

    return One(BENEFIT_ENTRY, on=on, seen_with_parent=True)


def _amount(row: Alias, level: str) -> ColumnElement[Any]:
    entry = aliased(BenefitEntryRow)
    figures = select(entry.first_year).where(entry.benefit_id == row.id, entry.level == constant(level))
    return figures.order_by(entry.number.desc()).limit(literal_column("1")).scalar_subquery()


def _realised(level: str) -> Any:
    """What was verified as a share of a level, once the first twelve months are over."""

    def ratio(row: Alias) -> ColumnElement[Any]:
        over = row.starts_on + literal_column("interval '12 months'") <= TODAY
        expected = _amount(row, level)
        share = func.round(_amount(row, "verified") / _amount(row, level), literal_column("4"))
        return case((and_(over, expected > literal_column("0")), share), else_=null())

    return ratio


BENEFIT = View(
    "benefit",
    Benefit,
    BenefitRow,
    visible_through_content,
    {
        "idea_id": lambda row: row.content_id,
        "idea_title": idea_title,
        "cost": exact("cost"),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "claimed": _present("claimed"),
        "committed": _present("committed"),
        "verified": _present("verified"),
        "realised_of_claimed": _realised("claimed"),
        "realised_of_committed": _realised("committed"),
        "permissions": lambda row: allowed_list(BENEFIT_GUARD.rules_for(row)),
    },
)


# The stages are those of the benefit's own column, which the indexes know.
_AWAITING: dict[str, Rule] = {
    "commitment": lambda row: and_(not_(row.is_committed), in_stage(*UNDERWAY)(row)),
    "verification": lambda row: and_(not_(row.is_verified), in_stage(*VERIFIABLE)(row)),
}


_OF_IDEA = Filter(Uuid, lambda row, value: row.content_id == value)
_NEWEST = Order((("created_at", datetime), ("id", UUID)), "The last that was claimed first.")
BENEFITS = Listing(
    "benefits",
    BENEFIT,
    filters={
        "awaiting": rule_filter(_AWAITING),
        "type": Filter(Text, lambda row, value: row.type == value),
        "idea": _OF_IDEA,
        "department": CONTENT_FILTERS["department"],
    },
    orders={
        "newest": _NEWEST,
        "oldest": replace(_NEWEST, description="The first that was claimed first.", descending=False),
    },
    default_order="newest",
)
IDEA_BENEFITS = Listing(
    "idea_benefits",
    BENEFIT,
    of=("idea", IDEA),
    filters={"idea": _OF_IDEA},
    orders={"newest": _NEWEST},
    default_order="newest",
)


_TOTAL = View(
    "benefit total",
    BenefitTotal,
    BenefitTotalRow,
    visible_through_content,
    {level: exact(level) for level in ("claimed", "committed", "verified")},
)
BENEFIT_TOTALS = View(
    "idea",
    BenefitTotals,
    ContentRow,
    visible_content,
    {
        "idea_id": lambda row: row.id,
        "totals": Many(
            _TOTAL,
            on=lambda row, total: total.content_id == row.id,
            order=lambda total: (total.type, total.unit),
            first=100,
            seen_with_parent=True,
        ),
    },
    is_idea,
)
