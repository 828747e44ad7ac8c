"""API keys through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.door import Door
from kshare.edge.rest import Call, Written
from kshare.people.asks import CreateKey, KeyFilter
from kshare.people.commands import keys
from kshare.people.reads import KEY, KEYS, NEW_KEY
from kshare.people.shapes import NewKey

door = Door("Keys", "API keys, for programs and for trying things out.")
OWN = Permission.keys_own

door.page("/keys", KEYS, "listKeys", "List API keys", OWN, KeyFilter)


@door.operation("POST", "/keys", "createKey", "Create an API key", OWN, body=CreateKey, answer=NewKey, status=201)
async def create(call: Call) -> Response:
    """The answer shows the key itself, this once. It is stored nowhere: when the request is repeated with the same
    `Idempotency-Key`, the answer is the same but for `key`, which is null; revoke the key then and create another."""
    ask = await call.body(CreateKey)

    async def perform(work: Work) -> Written:
        id, key = await keys.create_key(work, ask)
        return Written(id, 201, {"Location": f"/v1/keys/{id}"}, secret={"key": key})

    return await call.write(perform, view=NEW_KEY)


door.one("/keys/{id}", KEY, "getKey", "Get an API key", OWN)
door.command(
    "DELETE", "/keys/{id}", keys.revoke_key, "revokeKey", "Revoke an API key",
    "It stops working at once, and stays in the list as revoked.",
    view=KEY,
)  # fmt: skip
