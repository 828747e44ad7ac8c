"""Every table, for migrations; importing this registers all rows with `Row.metadata`."""

import warnings

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from kshare.benefits import models as benefits
from kshare.challenges import models as challenges
from kshare.content import models as content
from kshare.content import policies
from kshare.content import reads as content_views
from kshare.content.anonymity import models as anonymity
from kshare.contributions import models as contributions
from kshare.core import idempotency, journal
from kshare.core.database import Database, Row
from kshare.discussion import models as discussion
from kshare.ideas import models as ideas
from kshare.incubation import models as incubation
from kshare.metrics import models as metrics
from kshare.outcomes import models as outcomes
from kshare.people import models as people
from kshare.resources import models as resources
from kshare.reviews import models as reviews
from kshare.search import models as search
from kshare.teams import models as teams

ALL = (
    anonymity,
    benefits,
    challenges,
    content,
    content_views,
    contributions,
    discussion,
    ideas,
    idempotency,
    incubation,
    journal,
    metrics,
    outcomes,
    people,
    policies,
    resources,
    reviews,
    search,
    teams,
)


async def drift(database: Database) -> list[str]:
    """How the tables of a migrated database differ from the rows in the code; none unless a migration is missing."""

    def compare(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _is_table})
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Did not recognize type 'xid8'")
            return [repr(one) for one in compare_metadata(context, Row.metadata)]

    # An engine of its own: the database's hands out JSON as bytes, which SQLAlchemy's inspection does not expect.
    engine = create_async_engine(database.url, poolclass=NullPool)
    async with engine.connect() as connection:
        return await connection.run_sync(compare)


def _is_table(table: object, name: str | None, kind: str, *_: object) -> bool:
    """Views are made by hand in migrations and are no tables to compare."""
    return not (kind == "table" and getattr(table, "info", {}).get("is_view"))
