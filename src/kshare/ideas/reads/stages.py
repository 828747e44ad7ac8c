"""The stages of ideas as data, and the story of an idea: what the journal says of it, from whichever slice."""

from datetime import datetime

from sqlalchemy import Uuid

from kshare.content.journal import visible_entry
from kshare.core.journal import JournalRow
from kshare.core.reading import Filter, Listing, One, Order, View
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.shapes.idea import IdeaStage
from kshare.ideas.shapes.stages import StageOfIdeas, TimelineEntry
from kshare.ideas.stages import OPEN, TRANSITIONS
from kshare.people.reads import PERSON

_ORDER = (("at", datetime), ("number", int))

TIMELINE = Listing(
    "timeline",
    View(
        "event",
        TimelineEntry,
        JournalRow,
        visible_entry,
        {
            "type": lambda row: row.happened,
            "actor": One(PERSON, on=lambda row, person: person.id == row.actor_id),
        },
    ),
    of=("idea", IDEA),
    filters={"idea": Filter(Uuid, lambda row, value: row.content_id == value)},
    # By the time that is told, and not by the order in which it was written, which would tell more: of what an author
    # did who is not shown, `at` is only the day. Nor does a cursor tell the number: two of them would say how much
    # happened in between, judgements given in secret among it.
    orders={
        "oldest": Order(_ORDER, "What happened first comes first.", descending=False, untold="number"),
        "newest": Order(_ORDER, "What happened last comes first.", untold="number"),
    },
    default_order="oldest",
)


def ways() -> list[StageOfIdeas]:
    """Every stage, and where an idea in it can go."""
    return [
        StageOfIdeas(
            stage=stage,
            description=stage.description,
            next=[IdeaStage(following) for following in TRANSITIONS[stage.value]],
            decision_owed=stage.value in OPEN,
        )
        for stage in IdeaStage
    ]
