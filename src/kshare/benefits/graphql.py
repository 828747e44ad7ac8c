"""Benefits through GraphQL."""

from kshare.benefits import commands, shapes
from kshare.benefits.reads import BENEFIT, BENEFIT_ENTRIES, BENEFIT_ENTRY, BENEFIT_TOTALS, BENEFITS, IDEA_BENEFITS
from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Person

READ = Permission.content_read

for enum in (shapes.BenefitType, shapes.BenefitRecurrence, shapes.BenefitLevel, shapes.BenefitAwaiting):
    enum_type(enum)


@object_type
class BenefitEntry(shapes.BenefitEntry):
    __doc__ = shapes.BenefitEntry.__doc__
    person: Person
    """Who gave it."""


@object_type
class Benefit(shapes.Benefit):
    __doc__ = shapes.Benefit.__doc__
    person: Person
    """Who claimed it."""
    claimed: BenefitEntry | None
    """What those who carry the idea out expect."""
    committed: BenefitEntry | None
    """What whoever manages the idea promises."""
    verified: BenefitEntry | None
    """What finance has verified."""


object_type(shapes.BenefitTotal)
BenefitTotals = object_type(shapes.BenefitTotals)

VIEWS |= {"Benefit": (BENEFIT, READ), "BenefitEntry": (BENEFIT_ENTRY, READ)}
BenefitConnection = connection_type(Benefit, "Benefit")
IdeaBenefitConnection = connection_type(Benefit, "IdeaBenefit")
BenefitEntryConnection = connection_type(BenefitEntry, "BenefitEntry")
input_type(shapes.BenefitFilter, name="BenefitFilter")
input_type(shapes.BenefitEntryFilter, name="BenefitEntryFilter")


class Query:
    benefits = list_field(
        BENEFITS, BenefitConnection, shapes.BenefitFilter, READ, "The benefits of all ideas you may see."
    )
    idea_benefits = list_field(
        IDEA_BENEFITS, IdeaBenefitConnection, None, READ, "The benefits of an idea.", fixed={"idea_id": "idea"}
    )
    benefit = one_field(BENEFIT, Benefit, READ, "One benefit.")
    idea_benefit_totals = one_field(
        BENEFIT_TOTALS, BenefitTotals, READ, "What the benefits of an idea come to, by the id of the idea."
    )
    benefit_entry = one_field(BENEFIT_ENTRY, BenefitEntry, READ, "One figure given for a benefit.")
    benefit_entries = list_field(
        BENEFIT_ENTRIES,
        BenefitEntryConnection,
        shapes.BenefitEntryFilter,
        READ,
        "Every figure given for a benefit.",
        fixed={"benefit_id": "benefit"},
    )


class Mutation:
    claim_benefit = command_field(commands.claim_benefit, Benefit, BENEFIT, "Claim a benefit of an idea.")
    revise_benefit = command_field(
        commands.revise_benefit, Benefit, BENEFIT, "Change what a claim rests on; what is left out stays as it is."
    )
    commit_benefit = command_field(commands.commit_benefit, Benefit, BENEFIT, "Commit to a benefit.")
    verify_benefit = command_field(commands.verify_benefit, Benefit, BENEFIT, "Verify a benefit.")
    correct_benefit_entry = command_field(
        commands.correct_benefit_entry, BenefitEntry, BENEFIT_ENTRY, "Correct a figure by another one."
    )
