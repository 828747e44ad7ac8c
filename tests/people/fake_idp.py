"""A small identity provider for tests: real HTTP on a loopback port, real keys, and every way of misbehaving.

    with FakeIdp() as idp:
        verifier = TokenVerifier(idp.issuer, idp.audience)
        claims = await verifier.verify(idp.issue(sub="zhang.wei", email="zhang.wei@example.com"))

        idp.issue(alg="ES256", exp=OMIT)         # any claim overridden, or left out
        idp.rotate()                             # new keys; the old ones are no longer published
        idp.fail(Failure.ERROR, at="jwks")       # answer 500 until idp.recover()
        assert idp.hits["jwks"] == 1

Nothing is checked here: the provider signs whatever it is asked to sign, with whatever header it is given.
"""

import base64
import contextlib
import gzip
import hmac
import itertools
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, Self

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

Endpoint = Literal["discovery", "jwks"]

OMIT: Final = object()
"""Passed for a claim, a header or the `kid`: leave it out of the token."""


class Failure(Enum):
    """What can go wrong at an endpoint."""

    ERROR = "answers 500"
    DROP = "closes the connection without an answer"
    SLOW = "answers properly, but only after `FakeIdp.delay` seconds"
    DRIP = "sends a byte every 50 ms, without end"
    HUGE = "answers with a megabyte of valid JSON"
    TOO_MANY_KEYS = "lists 101 keys"
    GARBAGE = "answers with something that is not JSON"
    NESTED = "answers with JSON nested too deep to parse"
    NOT_AN_OBJECT = "answers with a JSON array"
    REDIRECT = "redirects to a place that would answer properly"
    COMPRESSED = "answers with a gzip body nobody asked for"
    WRONG_ISSUER = "the discovery document names another issuer"
    INSECURE_JWKS_URI = "the discovery document names a jwks_uri that is neither http nor https"


class FakeIdp:
    """An OpenID provider with an RSA, an EC and an Ed25519 key, listening from `with` until the end of the block.

    Attributes:
        audience: The `aud` of issued tokens.
        clock: Where `iat` and `exp` of issued tokens come from, in seconds since the epoch.
        lifetime: Seconds from issue to expiry.
        hits: Requests received so far, by endpoint.
        cache_control: `Cache-Control` header of the answers, if any.
        delay: Seconds a `Failure.SLOW` endpoint takes.
        extra_keys: Further JWKs to publish, as they are.
        rsa, ec, ed: The current keys, private parts included.
    """

    def __init__(self, *, audience: str = "kshare", clock: Callable[[], float] = time.time) -> None:
        self.audience = audience
        self.clock = clock
        self.lifetime = 300.0
        self.hits: Counter[Endpoint] = Counter()
        self.cache_control: str | None = None
        self.delay = 0.3
        self.extra_keys: list[Mapping[str, Any]] = []
        self._failures: dict[Endpoint, Failure] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self.rotate()

    @property
    def issuer(self) -> str:
        """The issuer identifier, which is also the URL the provider is found at."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def rotate(self) -> None:
        """Replace all keys; tokens issued from now on carry new key ids."""
        tag = secrets.token_hex(4)
        self.rsa = RSAKey.import_key(_next_rsa_key(), {"kid": f"rsa-{tag}", "use": "sig"})
        self.ec = ECKey.generate_key("P-256", {"kid": f"ec-{tag}", "use": "sig"})
        self.ed = OKPKey.generate_key("Ed25519", {"kid": f"ed-{tag}", "use": "sig"})

    def issue(
        self,
        *,
        alg: str = "RS256",
        kid: object = None,
        headers: Mapping[str, object] | None = None,
        key: Key | bytes | None = None,
        **claims: object,
    ) -> str:
        """Return a signed token, valid unless told otherwise.

        Args:
            alg: The `alg` header; also chooses the key and the way of signing. An algorithm joserfc does not know, or
                "none", leaves the signature empty.
            kid: The `kid` header, or `OMIT`; by default that of the key.
            headers: Further header fields, or replacements; `OMIT` leaves one out.
            key: The key to sign with, in place of the provider's own. Bytes are the shared secret of an HS algorithm,
                even such bytes as joserfc, rightly, will not take for one.
            claims: Replacements for the default claims, or further ones; `OMIT` leaves one out.
        """
        now = self.clock()
        body: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "alice",
            "iat": int(now),
            "exp": int(now + self.lifetime),
            **claims,
        }
        return self.sign(json.dumps(_kept(body)).encode(), alg=alg, kid=kid, headers=headers, key=key)

    def sign(
        self,
        payload: bytes,
        *,
        alg: str = "RS256",
        kid: object = None,
        headers: Mapping[str, object] | None = None,
        key: Key | bytes | None = None,
    ) -> str:
        """Return `payload`, whatever it is, as a signed token; the arguments are those of `issue`."""
        own = self._key_for(alg)
        header = {"alg": alg, "typ": "JWT", "kid": own.kid if kid is None else kid, **(headers or {})}
        signing_input = f"{_base64(json.dumps(_kept(header)).encode())}.{_base64(payload)}"
        model = JWSRegistry.algorithms.get(alg)
        if isinstance(key, bytes):
            signature = hmac.digest(key, signing_input.encode(), f"sha{alg.removeprefix('HS')}")
        else:
            signature = b"" if model is None else model.sign(signing_input.encode(), key or own)
        return f"{signing_input}.{_base64(signature)}"

    def fail(self, failure: Failure, *, at: Endpoint | None = None) -> None:
        """Make one endpoint, or both, fail in the given way until `recover`."""
        for endpoint in self._endpoints(at):
            self._failures[endpoint] = failure

    def recover(self) -> None:
        """Make both endpoints answer properly again."""
        self._failures.clear()

    def discovery_document(self) -> dict[str, object]:
        """The discovery document as it should be."""
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", "token_endpoint": f"{self.issuer}/token"}

    def jwks(self) -> dict[str, object]:
        """The published key set as it should be."""
        return {"keys": [*(key.as_dict(private=False) for key in (self.rsa, self.ec, self.ed)), *self.extra_keys]}

    def start(self) -> None:
        """Start answering; `with` does this."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering and free the port; `with` does this."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _key_for(self, alg: str) -> Key:
        if alg.startswith("ES"):
            return self.ec
        if alg.startswith("Ed"):
            return self.ed
        return self.rsa

    @staticmethod
    def _endpoints(at: Endpoint | None) -> tuple[Endpoint, ...]:
        return ("discovery", "jwks") if at is None else (at,)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one GET, in the way the endpoint is set to."""
        path = request.path.removeprefix("/elsewhere")
        endpoint: Endpoint
        if path == "/.well-known/openid-configuration":
            endpoint, document = "discovery", self.discovery_document()
        elif path == "/jwks":
            endpoint, document = "jwks", self.jwks()
        else:
            request.send_error(404)
            return
        self.hits[endpoint] += 1

        # The place a redirect leads to always works, so that a client that follows one gives itself away.
        failure = None if request.path != path else self._failures.get(endpoint)
        status, body, extra = 200, b"", {}
        match failure:
            case Failure.ERROR:
                status = 500
            case Failure.DROP:
                request.close_connection = True
                return
            case Failure.SLOW:
                self._closing.wait(self.delay)
            case Failure.DRIP:
                self._drip(request)
                return
            case Failure.HUGE:
                document |= {"padding": "x" * 1024 * 1024}
            case Failure.TOO_MANY_KEYS:
                document = {"keys": [self.rsa.as_dict(private=False)] * 101}
            case Failure.GARBAGE:
                body = b"<html>It works!</html>"
            case Failure.NESTED:
                body = b"[" * 100_000
            case Failure.NOT_AN_OBJECT:
                body = b"[]"
            case Failure.REDIRECT:
                status, extra = 302, {"Location": f"{self.issuer}/elsewhere{path}"}
            case Failure.COMPRESSED:
                body, extra = gzip.compress(json.dumps(document).encode()), {"Content-Encoding": "gzip"}
            case Failure.WRONG_ISSUER:
                document |= {"issuer": "https://login.example.com"}
            case Failure.INSECURE_JWKS_URI:
                document |= {"jwks_uri": "file:///etc/passwd"}
            case None:
                pass
        self._send(request, status, body or json.dumps(document).encode(), extra)

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, extra: Mapping[str, str]) -> None:
        request.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **extra}
        if self.cache_control is not None:
            headers["Cache-Control"] = self.cache_control
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not self._closing.wait(0.05):
            request.wfile.write(b" ")


_RSA_POOL_SIZE: Final = 8
_rsa_pool: list[RSAPrivateKey] = []
_rsa_turns = itertools.count()


def _next_rsa_key() -> RSAPrivateKey:
    """Return an RSA key no recent caller has been given.

    Making one takes a tenth of a second, which adds up when every test has a provider of its own; so the process
    makes a few and hands them out in turn. No test uses so many that one comes round again.
    """
    turn = next(_rsa_turns)
    if turn < _RSA_POOL_SIZE:
        _rsa_pool.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _rsa_pool[turn % _RSA_POOL_SIZE]


def _handler_for(idp: FakeIdp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A client that has heard enough hangs up, which some of our answers are meant to provoke.
            with contextlib.suppress(ConnectionError):
                idp._answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keep test output quiet."""

    return Handler


def _kept(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not OMIT}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
