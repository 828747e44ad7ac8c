"""The PostgreSQL server kshare runs for itself when no `KSHARE_DATABASE_URL` is configured.

The programs come from a wheel; everything else is done here, because a server for real data needs what the
wheel's own wrapper lacks: passwords, an application role without superuser rights, a database that knows Unicode on
a bare machine, a start that may take long, and a restart when the server dies. Nothing outside this package knows
where the programs come from: the rest of kshare sees a URL, as for any other PostgreSQL.

What lies in the server's directory, all of it closed to other users:

    pgdata/               the data
    run/                  the unix socket, the only way in (elsewhere when this path is too long for a socket)
    superuser-password    of the role `postgres`, used by this package only
    kshare-password       of the role `kshare`, part of the URL
    server.log            what the server says; server.log.1 is the piece before
    bin-<version>/        a copy of the programs, when the server's user cannot reach the installed ones

Linux and macOS; on macOS orphans of a killed server are waited for rather than ended.
"""

from kshare.core.postgres.embedded import EmbeddedPostgres
from kshare.core.postgres.errors import PostgresError
from kshare.core.postgres.lock import DirectoryInUse, DirectoryLock

__all__ = ["DirectoryInUse", "DirectoryLock", "EmbeddedPostgres", "PostgresError"]
