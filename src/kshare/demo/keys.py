"""The demo keys: one for each role, kept in a file that only its owner can read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.console import Refused
from kshare.core.access import Permission
from kshare.demo.source import Source
from kshare.people import keys
from kshare.people.models import KeyRow, PersonRow

ROLES_SHOWN = ("employee", "reviewer", "manager", "committee", "finance", "hr", "admin")
"""The demo roles, each with a key."""


def kept_keys(path: Path) -> dict[str, str]:
    """The keys in the file; none if it is missing or damaged."""
    try:
        kept = json.loads(path.read_text())
        return {role: kept[role] for role in ROLES_SHOWN if keys.well_formed(kept[role])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep_keys(path: Path, demo_keys: Mapping[str, str]) -> None:
    """Writes the file, wholly or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(demo_keys, out, indent=2)
        out.write("\n")
    draft.replace(path)


async def issue_keys(session: AsyncSession, source: Source, kept: Mapping[str, str]) -> dict[str, str]:
    """A key for each demo role: the one in the file if it works, else a new one."""
    demo_keys = {}
    for role in ROLES_SHOWN:
        email = next(p["email"] for p in source.organisation["people"] if p.get("demo_role") == role)
        owner = (await session.execute(select(PersonRow.id).where(PersonRow.email == email))).scalar_one_or_none()
        if owner is None:
            raise Refused(
                "the database is not empty and has no demo company in it: start without --demo, or set KSHARE_DATA_DIR "
                "(or KSHARE_DATABASE_URL) to an empty one"
            )
        key = kept.get(role, "")
        row = (await session.execute(select(KeyRow).where(KeyRow.digest == keys.digest(key)))).scalar_one_or_none()
        if not key or (row is not None and (row.revoked_at is not None or row.person_id != owner)):
            key, row = keys.new_key(), None
        if row is None:
            session.add(
                KeyRow(
                    person_id=owner,
                    name=f"Demo: {role}",
                    digest=keys.digest(key),
                    hint=key[-4:],
                    scopes=[permission.value for permission in Permission],
                )
            )
        demo_keys[role] = key
    return demo_keys
