"""Challenges through REST."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from kshare.challenges.asks import AwardFilter, ChallengeFilter, ScorecardFilter
from kshare.challenges.commands import challenge, entries, judging
from kshare.challenges.reads import (
    AWARDS,
    CHALLENGE,
    CHALLENGES,
    ENTRIES,
    ENTRY,
    RESULTS,
    SCORECARD,
    SCORECARDS,
)
from kshare.challenges.shapes import Challenge
from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.edge.door import Door
from kshare.edge.rest import Call

door = Door("Challenges", "Questions of sponsors that ideas answer by a deadline; hackathons, judging, results.")
READ = Permission.content_read
MANY, ONE = "/challenges", "/challenges/{id}"
_OF = {"challenge": "id"}

# ---- challenges -----------------------------------------------------------------------------------------------------


class ChallengeOptions(Ask):
    """What to add to a challenge."""

    include: Annotated[list[Literal["body_html"]], Field(max_length=10)] = []  # noqa: RUF012
    """`body_html` adds the text as sanitised HTML."""


door.page(MANY, CHALLENGES, "listChallenges", "List challenges", READ, ChallengeFilter)
door.command(
    "POST", MANY, challenge.create_challenge, "createChallenge", "Create a challenge",
    "You are its sponsor. It stays a draft until it is published.",
    view=CHALLENGE, created_at=MANY,
)  # fmt: skip


@door.operation(
    "GET", ONE, "getChallenge", "Get a challenge", READ, query=ChallengeOptions, answer=Challenge,
    other_statuses={304: "You have it already."},
)  # fmt: skip
async def get(call: Call) -> Response:
    options = call.query(ChallengeOptions)
    return await call.one(CHALLENGE, call.path_id(), include=frozenset(options.include))


door.command(
    "PATCH", ONE, challenge.update_challenge, "updateChallenge", "Update a challenge",
    "Until it opens; what is left out stays as it is. Afterwards only its deadlines can be put off.",
    view=CHALLENGE,
)  # fmt: skip
door.command(
    "DELETE", ONE, challenge.delete_challenge, "deleteChallenge", "Delete a draft",
    "What was published stays.",
    view=CHALLENGE,
)  # fmt: skip
door.command(
    "POST", ONE + "/publish", challenge.publish_challenge, "publishChallenge", "Publish a challenge",
    "Its audience and its judges read it from now on.",
    view=CHALLENGE,
)  # fmt: skip
door.command(
    "POST", ONE + "/extend", challenge.extend_challenge, "extendChallenge", "Put a deadline off",
    "Only later, with a reason that everybody reads; each time stays on record.",
    view=CHALLENGE,
)  # fmt: skip

# ---- entries --------------------------------------------------------------------------------------------------------

ENTERING, AN_ENTRY = "/challenge-entries", "/challenge-entries/{id}"
door.page(ONE + "/entries", ENTRIES, "listChallengeEntries", "List the entries of a challenge", READ, fixed=_OF)
door.command(
    "POST", ONE + "/entries", entries.enter_challenge, "enterChallenge", "Enter a challenge",
    "Your own idea, or as a team that of your team. The deadline is to the second by the server's time: afterwards "
    "409, with the deadline. Nobody enters what they sponsor or judge.",
    view=ENTRY, created_at=ENTERING,
)  # fmt: skip
door.one(AN_ENTRY, ENTRY, "getChallengeEntry", "Get an entry", READ)
door.command(
    "POST", AN_ENTRY + "/withdraw", entries.withdraw_entry, "withdrawChallengeEntry", "Withdraw an entry",
    "The idea's authors may, and the team's leads, until the results are published.",
    view=ENTRY,
)  # fmt: skip

# ---- judging and results --------------------------------------------------------------------------------------------

door.command(
    "PUT", AN_ENTRY + "/scorecard", judging.score_entry, "scoreChallengeEntry", "Score an entry",
    "A judge may, from the deadline to the end of judging; again replaces it. Nobody else sees that or how an entry "
    "was scored until the results are published.",
    view=SCORECARD,
)  # fmt: skip
door.page(
    ONE + "/scorecards", SCORECARDS, "listChallengeScorecards", "List the scorecards of a challenge", READ,
    ScorecardFilter, _OF,
)  # fmt: skip
door.one("/challenge-scorecards/{id}", SCORECARD, "getChallengeScorecard", "Get a scorecard", READ)
door.command(
    "POST", ONE + "/results", judging.publish_results, "publishChallengeResults", "Publish the results",
    "Every entry gets its score, rank and prize at once. While judges are missing 409 names them, unless it is forced "
    "with a reason.",
    view=CHALLENGE,
)  # fmt: skip
door.page(
    ONE + "/results", RESULTS, "listChallengeResults", "List the results of a challenge", READ, fixed=_OF
)  # fmt: skip
door.page("/awards", AWARDS, "listAwards", "List awards", READ, AwardFilter)
