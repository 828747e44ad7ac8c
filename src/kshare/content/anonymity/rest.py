"""Unsealing and credits through REST."""

import orjson
from starlette.responses import Response

from kshare.content.anonymity import commands
from kshare.content.anonymity.reads import CREDITS, UNSEALING, UNSEALINGS
from kshare.content.anonymity.shapes import UnsealedAuthor, UnsealingFilter
from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.door import Door
from kshare.edge.rest import Call, Written

door = Door("Anonymity", "What was written without a name: learning whose it is, by two people, and credit for it.")
UNSEAL = Permission.unseal
ALL, ONE = "/unsealings", "/unsealings/{id}"

door.page(ALL, UNSEALINGS, "listUnsealings", "List requests to learn who wrote something", UNSEAL, UnsealingFilter)
door.one(ONE, UNSEALING, "getUnsealing", "Get a request to learn who wrote something", UNSEAL)
door.command(
    "POST", "/content/{id}/unsealings", commands.request_unsealing, "requestUnsealing",
    "Ask to learn who wrote something anonymous",
    "Another person who may has to agree. `conflict` where the author is shown, and while a request is open.",
    view=UNSEALING, created_at=ALL,
)  # fmt: skip
door.command(
    "POST", ONE + "/approve", commands.approve_unsealing, "approveUnsealing",
    "Agree that two learn who wrote something",
    "Never to one's own request. From now on both may open it, for 24 hours.",
    view=UNSEALING,
)  # fmt: skip


@door.operation(
    "POST", ONE + "/open", "openUnsealing", "Learn who wrote something anonymous", UNSEAL, answer=UnsealedAuthor,
    problems=("anonymity_not_set_up",),
)  # fmt: skip
async def open_unsealing(call: Call) -> Response:
    """For the two, within 24 hours. Each time is on record, and the author hears of it. The answer is kept nowhere:
    when the request is repeated with the same `Idempotency-Key`, it does not tell the author again."""
    id = call.path_id()

    async def perform(work: Work) -> Written:
        content, author, name = await commands.open_unsealing(work, id)
        body = orjson.dumps({"content_id": str(content), "author_id": None, "author_name": None})
        return Written(body=body, secret={"author_id": str(author), "author_name": name})

    return await call.write(perform)


door.page("/me/credits", CREDITS, "listMyCredits", "List what you are credited with", Permission.content_read)
