"""Benefits through REST."""

from kshare.benefits import commands
from kshare.benefits.reads import BENEFIT, BENEFIT_ENTRIES, BENEFIT_ENTRY, BENEFIT_TOTALS, BENEFITS, IDEA_BENEFITS
from kshare.benefits.shapes import BenefitEntryFilter, BenefitFilter
from kshare.core.access import Permission
from kshare.edge.door import Door

door = Door("Benefits", "What ideas bring: claimed, committed and verified, three figures that are never mixed.")
READ = Permission.content_read
OF_IDEA, ALL, ONE = "/ideas/{id}/benefits", "/benefits", "/benefits/{id}"
ENTRIES = "/benefit-entries"

door.page(
    OF_IDEA, IDEA_BENEFITS, "listBenefitsOfIdea", "List the benefits of an idea", READ, fixed={"idea": "id"},
)  # fmt: skip
door.command(
    "POST", OF_IDEA, commands.claim_benefit, "claimBenefit", "Claim a benefit of an idea",
    "For its authors and managers, once it is approved. Figures are those of the first twelve months, without the cost "
    "to realise the benefit; they are text with two decimals in every answer. Send text, or a whole number.",
    view=BENEFIT, created_at=ALL,
)  # fmt: skip
door.page(ALL, BENEFITS, "listBenefits", "List the benefits of all ideas", READ, BenefitFilter)
door.one("/ideas/{id}/benefit-totals", BENEFIT_TOTALS, "getBenefitTotals", "Add up the benefits of an idea", READ)
door.one(ONE, BENEFIT, "getBenefit", "Get a benefit", READ)
door.command(
    "PATCH", ONE, commands.revise_benefit, "reviseBenefit", "Change what a claim rests on",
    "As long as the benefit is only claimed. What is left out stays as it is; figures are corrected instead.",
    view=BENEFIT,
)  # fmt: skip
door.command(
    "POST", ONE + "/commit", commands.commit_benefit, "commitBenefit", "Commit to a benefit",
    "For whoever manages the idea, and never for an idea of one's own. 409 with the `entry` when it is committed "
    "already.",
    view=BENEFIT,
)  # fmt: skip
door.command(
    "POST", ONE + "/verify", commands.verify_benefit, "verifyBenefit", "Verify a benefit",
    "For finance, and never for an idea of one's own, once it is implemented. The first benefit that is verified makes "
    "the idea a verified one. 409 with the `entry` when it is verified already.",
    view=BENEFIT,
)  # fmt: skip
door.page(
    ONE + "/entries", BENEFIT_ENTRIES, "listBenefitEntries", "List every figure given for a benefit", READ,
    BenefitEntryFilter, fixed={"benefit": "id"},
)  # fmt: skip
door.one(ENTRIES + "/{id}", BENEFIT_ENTRY, "getBenefitEntry", "Get a figure given for a benefit", READ)
door.command(
    "POST", ENTRIES + "/{id}/correct", commands.correct_benefit_entry, "correctBenefitEntry", "Correct a figure",
    "By those who could have given it. The figure stays readable: the answer is another one, which is the present one "
    "from now on. Only the present one can be corrected: 409 with that `entry` otherwise.",
    view=BENEFIT_ENTRY, created_at=ENTRIES,
)  # fmt: skip
