"""The only code that changes API keys."""

from uuid import UUID

from sqlalchemy import select

from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.writing import Expected, Work, command
from kshare.people import keys
from kshare.people.asks import CreateKey
from kshare.people.events import KeyCreated, KeyRevoked
from kshare.people.models import KeyRow, PersonRow
from kshare.people.reads import KEY_GUARD, PERSON_GUARD
from kshare.people.signin import principals_changed


@command(Permission.keys_own)
async def create_key(work: Work, ask: CreateKey) -> tuple[UUID, str]:
    """A new key, for oneself or somebody else; (its id, the key itself, which is stored nowhere).

    A key may do no more than its creator's credentials, and no longer, so that a weak key makes no stronger one.
    """
    person_id = ask.person_id or work.principal.id
    await work.facts(PERSON_GUARD, person_id, "create_keys", PersonRow.id)
    for position, scope in enumerate(ask.scopes):
        if not work.principal.may(scope):
            raise invalid(f"/scopes/{position}", "beyond_your_own", "You may not do this yourself with what you use.")
        if scope is Permission.unseal and person_id != work.principal.id and work.principal.kind == "person":
            # Or one person, with a key of a second, could be the two who unseal.
            raise invalid(f"/scopes/{position}", "own_keys_only", "Only in a key of one's own.")
    if ask.expires_at is not None and ask.expires_at <= work.now:
        raise invalid("/expires_at", "in_the_past", "This is in the past.")
    if work.principal.key_id is not None:
        until = await work.session.scalar(select(KeyRow.expires_at).where(KeyRow.id == work.principal.key_id))
        if until is not None and (ask.expires_at is None or ask.expires_at > until):
            raise invalid("/expires_at", "beyond_your_own", "The key you are using stops working before that.")
    key = keys.new_key()
    row = KeyRow(
        id=new_id(),
        person_id=person_id,
        name=ask.name,
        digest=keys.digest(key),
        hint=key[-4:],
        scopes=[scope.value for scope in Permission if scope in ask.scopes],
        by_other=person_id != work.principal.id or work.principal.by_other,
        expires_at=ask.expires_at,
        created_at=work.now,
    )
    work.add(row)
    await work.flush()
    work.record(KeyCreated(key_id=row.id, person_id=person_id, scopes=row.scopes), row.id, [person_id])
    return row.id, key


@command(Permission.keys_own)
async def revoke_key(work: Work, id: UUID, version: Expected) -> UUID:
    """Ends a key at once and for good; it stays in the list."""
    key = await work.load(KEY_GUARD, id, version=version)
    if key.revoked_at is not None:
        raise DomainError("conflict", "It is revoked already.")
    key.revoked_at = work.now
    work.record(KeyRevoked(key_id=key.id, person_id=key.person_id), key.id, [key.person_id])
    await principals_changed(work)
    return key.id
