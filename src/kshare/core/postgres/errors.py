"""What goes wrong with the embedded server."""

from typing import Final


class PostgresError(Exception):
    """The embedded server cannot be used; the message says why and what to do, for a person."""


WAY_OUT: Final = "run kshare as an ordinary user, or set KSHARE_DATABASE_URL to a PostgreSQL you run yourself"
"""What remains to whoever cannot have an embedded server."""
