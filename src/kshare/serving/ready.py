"""What is said once the server answers."""

import socket
from dataclasses import dataclass

from kshare.console import Console
from kshare.core.settings import Settings


@dataclass(frozen=True)
class Ready:
    """Tells, once the server answers, where it is and how to talk to it."""

    settings: Settings
    console: Console
    sockets: list[socket.socket]
    keys: dict[str, str]

    @property
    def address(self) -> str:
        """Where clients on this machine, or those that `KSHARE_PUBLIC_URL` is for, find the server."""
        if self.settings.public_url is not None:
            return str(self.settings.public_url).rstrip("/")
        host, port = self.sockets[0].getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def tell(self) -> None:
        """Prints it."""
        say, address = self.console.say, self.address
        say()
        say(f"kshare is ready at {address}")
        say()
        for name, path in (
            ("REST", "/v1"),
            ("Documentation", "/docs"),
            ("GraphQL", "/graphql"),
            ("OpenAPI", "/openapi.json"),
            ("GraphQL schema", "/schema.graphql"),
        ):
            say(f"  {name:<15} {address}{path}")
        say()
        if self.keys:
            say(f"Demo keys (also in {self.settings.data_dir / 'demo-keys.json'}):")
            for role, key in self.keys.items():
                say(f"  {role:<15} {key}")
            say()
            say("Try:")
            key = self.keys["employee"]
            say(f"  curl -s -H 'Authorization: Bearer {key}' '{address}/v1/knowledge-items?limit=3'")
        else:
            say("Make a key with `kshare keys create`; the first administrator with `kshare people add --admin`.")
        say()
        say("Ctrl-C stops it.")
