"""The lists over an idea and everything that was merged into it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, func, select

from kshare.content.reads import CONTENT_ORDERS
from kshare.content.visibility import visible_through_content
from kshare.core.reading import Alias, Filter, Listing, One, Order, View, Walk
from kshare.discussion.reads import COMMENT
from kshare.ideas.models import IdeaRow, VoteRow
from kshare.ideas.reads.groups import group
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.shapes.idea import IdeaSummary
from kshare.ideas.shapes.merging import Voter
from kshare.people.reads import PERSON


def _group(value: ColumnElement[Any]) -> Select[Any]:
    return select(func.unnest(group(IdeaRow)).label("id")).where(IdeaRow.id == value)


def _members(value: ColumnElement[Any]) -> Select[Any]:
    return select(func.unnest(IdeaRow.members).label("id")).where(IdeaRow.id == value)


def _among(values: Any, column: str) -> Filter:
    """What belongs to the idea or to its members: an ordered, bounded walk for each of them."""

    def where(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
        inside: ColumnElement[bool] = getattr(row, column).in_(values(value))
        return inside

    return Filter(Uuid, where, Walk(values=values, where=lambda row, id: getattr(row, column) == id))


MERGED = Listing(
    "merged_ideas",
    IDEA,
    of=("into", IDEA),
    filters={"into": _among(_members, "id")},
    orders={"newest": CONTENT_ORDERS["newest"]},
    default_order="newest",
    summary=IdeaSummary,
)
"""What was merged into an idea, directly or with something else; only what the viewer sees."""

VOTERS = Listing(
    "idea_voters",
    View(
        "voter",
        Voter,
        VoteRow,
        visible_through_content,
        {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
    ),
    of=("idea", IDEA),
    filters={"idea": _among(_group, "content_id")},
    # By person alone, so that whoever voted for several of the ideas stands here once.
    orders={"person": Order((("person_id", UUID),), "One person after the other.", descending=False)},
    default_order="person",
)
"""Who votes for an idea or for something merged into it, each person once."""

IDEA_COMMENTS = Listing(
    "idea_comments",
    COMMENT,
    of=("idea", IDEA),
    filters={"idea": _among(_group, "content_id")},
    orders={
        "oldest": Order((("created_at", datetime), ("id", UUID)), "Oldest first.", descending=False),
        "newest": Order((("created_at", datetime), ("id", UUID)), "Newest first."),
    },
    default_order="oldest",
)
"""The comments on an idea and on everything merged into it."""
