"""Access tokens are checked in full, and the provider is bothered as little as possible."""

import asyncio
import itertools
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from tests.people.fake_idp import OMIT, Failure, FakeIdp

from kshare.people.oidc import Claims, ProviderUnavailable, TokenRefused, TokenVerifier, remembered

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
HOUR = 3600.0


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def idp(clock: Clock) -> Iterator[FakeIdp]:
    with FakeIdp(clock=clock) as provider:
        provider.lifetime = 48 * HOUR
        yield provider


@pytest.fixture
async def verifier(idp: FakeIdp, clock: Clock) -> AsyncIterator[TokenVerifier]:
    subject = TokenVerifier(idp.issuer, idp.audience, clock=clock, request_timeout=1.0)
    yield subject
    await subject.close()


async def refusal(verifier: TokenVerifier, token: str) -> str:
    """The reason `token` is refused for."""
    with pytest.raises(TokenRefused) as caught:
        await verifier.verify(token)
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


def base64url(data: bytes) -> str:
    """`data` as tokens and keys spell it."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


# --- Tokens that pass ------------------------------------------------------------------------------------------------


async def test_claims_are_returned(idp: FakeIdp, verifier: TokenVerifier) -> None:
    token = idp.issue(sub="u-1", email="li.na@example.com", email_verified=True, name="李娜", exp=int(NOW) + 90)
    assert await verifier.verify(token) == Claims(
        subject="u-1",
        email="li.na@example.com",
        email_verified=True,
        name="李娜",
        expires_at=datetime.fromtimestamp(NOW + 90, UTC),
        issuer=idp.issuer,
    )


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "Ed25519"])
@pytest.mark.filterwarnings("error::DeprecationWarning", "error::UserWarning")
async def test_asymmetric_algorithms_pass(idp: FakeIdp, verifier: TokenVerifier, alg: str) -> None:
    assert (await verifier.verify(idp.issue(alg=alg))).subject == "alice"


@pytest.mark.parametrize(("alg", "curve"), [("ES384", "P-384"), ("ES512", "P-521")])
async def test_larger_curves_pass(idp: FakeIdp, verifier: TokenVerifier, alg: str, curve: Any) -> None:
    key = ECKey.generate_key(curve, {"kid": "large"})
    idp.extra_keys = [key.as_dict(private=False)]
    assert (await verifier.verify(idp.issue(alg=alg, key=key, kid="large"))).subject == "alice"


async def test_audience_may_be_one_of_a_list(idp: FakeIdp, verifier: TokenVerifier) -> None:
    assert await verifier.verify(idp.issue(aud=["account", idp.audience]))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt", OMIT])
async def test_usual_token_types_pass(idp: FakeIdp, verifier: TokenVerifier, typ: object) -> None:
    assert await verifier.verify(idp.issue(headers={"typ": typ}))


async def test_key_id_may_be_missing_when_one_key_suits(idp: FakeIdp, verifier: TokenVerifier) -> None:
    assert await verifier.verify(idp.issue(alg="ES256", kid=OMIT))


async def test_keys_sharing_an_id_are_told_apart_by_type(idp: FakeIdp, verifier: TokenVerifier) -> None:
    idp.extra_keys = [{**idp.ec.as_dict(private=False), "kid": idp.rsa.kid}]
    assert await verifier.verify(idp.issue(alg="RS256"))
    assert await verifier.verify(idp.issue(alg="ES256", kid=idp.rsa.kid))


async def test_issuer_with_trailing_slash_is_found(clock: Clock) -> None:
    # Auth0 writes its issuers so; discovery must not ask for "//.well-known".
    issuer = "https://login.example.com/"
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.path == "/jwks":
            return httpx.Response(200, json=keys.jwks())
        return httpx.Response(200, json={"issuer": issuer, "jwks_uri": "https://keys.example.com/jwks"})

    with FakeIdp(clock=clock) as keys:
        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        verifier = TokenVerifier(issuer, keys.audience, clock=clock, http=http)
        assert (await verifier.verify(keys.issue(iss=issuer))).issuer == issuer
        await verifier.close()
        assert not http.is_closed, "it is not the verifier's to close"
        await http.aclose()
    assert asked == [
        "https://login.example.com/.well-known/openid-configuration",
        "https://keys.example.com/jwks",
    ]


@pytest.mark.parametrize(
    ("sent", "email", "verified"),
    [
        ({}, None, False),
        ({"email": "a@example.com"}, "a@example.com", False),
        ({"email": "a@example.com", "email_verified": False}, "a@example.com", False),
        ({"email": "a@example.com", "email_verified": 1}, "a@example.com", False),
        ({"email": "a@example.com", "email_verified": "false"}, "a@example.com", False),
        ({"email": "a@example.com", "email_verified": "true"}, "a@example.com", True),
        ({"email_verified": True}, None, False),
        ({"email": "", "email_verified": True}, None, False),
        ({"email": ["a@example.com"], "email_verified": True}, None, False),
        ({"email": "a\x00@example.com", "email_verified": True}, None, False),
        ({"email": "a" * 400, "email_verified": True}, None, False),
    ],
)
async def test_email_is_verified_only_on_the_providers_word(
    idp: FakeIdp, verifier: TokenVerifier, sent: dict[str, Any], email: str | None, verified: bool
) -> None:
    claims = await verifier.verify(idp.issue(**sent))
    assert (claims.email, claims.email_verified) == (email, verified)


@pytest.mark.parametrize("name", [None, 7, "", "x" * 256, "\ud800"])
async def test_unusable_name_is_dropped(idp: FakeIdp, verifier: TokenVerifier, name: object) -> None:
    assert (await verifier.verify(idp.issue(name=name))).name is None


# --- Algorithms and keys ---------------------------------------------------------------------------------------------


ALL_SPELLINGS_OF_NONE = ["".join(letters) for letters in itertools.product(*zip("none", "NONE", strict=True))]


@pytest.mark.parametrize("alg", ALL_SPELLINGS_OF_NONE)
async def test_unsigned_token_is_refused(idp: FakeIdp, verifier: TokenVerifier, alg: str) -> None:
    assert await refusal(verifier, idp.issue(alg=alg)) == "algorithm"
    assert idp.hits["jwks"] == 0


def public_key_forms(key: Key) -> list[bytes]:
    """The ways a public key might be mistaken for a shared secret."""
    assert isinstance(key, RSAKey)
    jwk = key.as_dict(private=False)
    pem = key.as_pem(private=False)
    return [
        pem,
        pem.rstrip(),
        key.as_der(private=False),
        json.dumps(jwk).encode(),
        json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode(),
        str(jwk["n"]).encode(),
    ]


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", range(6))
async def test_public_key_is_no_shared_secret(idp: FakeIdp, verifier: TokenVerifier, alg: str, form: int) -> None:
    secret = public_key_forms(idp.rsa)[form]
    assert await refusal(verifier, idp.issue(alg=alg, key=secret)) == "algorithm"


async def test_published_shared_secret_is_not_used(idp: FakeIdp, verifier: TokenVerifier) -> None:
    secret = OctKey.generate_key(256, {"kid": "shared"})
    idp.extra_keys = [secret.as_dict(private=True)]
    assert await refusal(verifier, idp.issue(alg="HS256", key=secret, kid="shared")) == "algorithm"
    assert await refusal(verifier, idp.issue(kid="shared")) == "unknown_key"


@pytest.mark.parametrize("algorithms", [["HS256"], ["RS256", "HS512"], ["none"], ["None"], ["RS257"], [], "RS256"])
def test_unsafe_algorithms_cannot_be_configured(algorithms: Any) -> None:
    with pytest.raises(ValueError, match="algorithm"):
        TokenVerifier("https://login.example.com", "kshare", algorithms=algorithms)


async def test_algorithm_off_the_list_is_refused(idp: FakeIdp, clock: Clock) -> None:
    verifier = TokenVerifier(idp.issuer, idp.audience, algorithms=["ES256"], clock=clock)
    assert await refusal(verifier, idp.issue(alg="RS256")) == "algorithm"
    assert await verifier.verify(idp.issue(alg="ES256"))
    await verifier.close()


@pytest.mark.parametrize(("alg", "owner"), [("RS256", "ec"), ("RS256", "ed"), ("ES256", "rsa"), ("EdDSA", "ec")])
async def test_key_of_another_type_is_refused(idp: FakeIdp, verifier: TokenVerifier, alg: str, owner: str) -> None:
    assert await refusal(verifier, idp.issue(alg=alg, kid=getattr(idp, owner).kid)) == "unsuitable_key"


async def test_key_on_another_curve_is_refused(idp: FakeIdp, verifier: TokenVerifier) -> None:
    key = ECKey.generate_key("P-384", {"kid": "p384"})
    idp.extra_keys = [key.as_dict(private=False)]
    assert await refusal(verifier, idp.issue(alg="ES256", key=key, kid="p384")) == "unsuitable_key"


@pytest.mark.parametrize(
    "restriction",
    [{"alg": "PS256"}, {"alg": "RSA-OAEP"}, {"use": "enc"}, {"key_ops": ["encrypt"]}, {"key_ops": []}],
)
async def test_restrictions_of_a_key_are_respected(
    idp: FakeIdp, verifier: TokenVerifier, restriction: dict[str, object]
) -> None:
    key = RSAKey.generate_key(2048)
    idp.extra_keys = [{**key.as_dict(private=False), "kid": "restricted", **restriction}]
    assert await refusal(verifier, idp.issue(key=key, kid="restricted")) == "unsuitable_key"


@pytest.mark.filterwarnings("ignore")
async def test_weak_private_and_foreign_keys_are_not_used(idp: FakeIdp, verifier: TokenVerifier) -> None:
    weak = RSAKey.generate_key(1024)
    leaked = RSAKey.generate_key(2048)
    idp.extra_keys = [
        {**weak.as_dict(private=False), "kid": "weak"},
        {**leaked.as_dict(private=True), "kid": "leaked"},
        {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "agreement"},
    ]
    assert await refusal(verifier, idp.issue(key=weak, kid="weak")) == "unknown_key"
    assert await refusal(verifier, idp.issue(key=leaked, kid="leaked")) == "unknown_key"
    assert await refusal(verifier, idp.issue(alg="EdDSA", kid="agreement")) == "unknown_key"


async def test_unreadable_keys_do_not_spoil_the_others(idp: FakeIdp, verifier: TokenVerifier) -> None:
    unreadable: list[Any] = [
        {},
        None,
        "key",
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": "AQ", "e": "AQAB", "use": ["sig"], "key_ops": 5},
        {"kty": "OKP", "crv": "Ed25519", "x": "AQ"},
    ]
    idp.extra_keys = unreadable
    assert await verifier.verify(idp.issue())


async def test_key_id_is_needed_when_several_keys_suit(idp: FakeIdp, verifier: TokenVerifier) -> None:
    idp.extra_keys = [RSAKey.generate_key(2048, {"kid": "second"}).as_dict(private=False)]
    assert await refusal(verifier, idp.issue(kid=OMIT)) == "unknown_key"


# --- Signatures and form ---------------------------------------------------------------------------------------------


async def test_signature_of_another_key_is_refused(idp: FakeIdp, verifier: TokenVerifier) -> None:
    assert await refusal(verifier, idp.issue(key=RSAKey.generate_key(2048))) == "signature"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_changed_token_is_refused(idp: FakeIdp, verifier: TokenVerifier, alg: str) -> None:
    head, _, signature = idp.issue(alg=alg).split(".")
    _, payload, _ = idp.issue(alg=alg, sub="root").split(".")
    assert await refusal(verifier, f"{head}.{payload}.{signature}") == "signature"
    assert await refusal(verifier, f"{head}.{payload}.") == "signature"
    assert await refusal(verifier, f"{head}.{payload}.{signature[:-4]}") == "signature"


async def test_keys_offered_by_the_token_are_ignored(idp: FakeIdp, verifier: TokenVerifier) -> None:
    with FakeIdp(clock=idp.clock) as attacker:
        offers: dict[str, object] = {
            "jwk": attacker.rsa.as_dict(private=False),
            "jku": f"{attacker.issuer}/jwks",
            "x5u": f"{attacker.issuer}/jwks",
            "x5c": ["MIIB"],
        }
        forged = attacker.issue(iss=idp.issuer, kid=idp.rsa.kid, headers=offers)
        assert await refusal(verifier, forged) == "signature"
        assert await refusal(verifier, attacker.issue(iss=idp.issuer, headers=offers)) == "unknown_key"
        assert attacker.hits.total() == 0
    assert await verifier.verify(idp.issue(headers={**offers, "jwk": "nonsense", "jku": 5, "nonce": "n"}))


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"]},
        {"crit": ["alg"]},
        {"crit": []},
        {"crit": 5},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
    ],
)
async def test_critical_headers_are_refused(idp: FakeIdp, verifier: TokenVerifier, headers: dict[str, object]) -> None:
    assert await refusal(verifier, idp.issue(headers=headers)) == "critical_header"


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", ""])
async def test_other_kinds_of_token_are_refused(idp: FakeIdp, verifier: TokenVerifier, typ: str) -> None:
    assert await refusal(verifier, idp.issue(headers={"typ": typ})) == "token_type"


@pytest.mark.parametrize(
    "headers",
    [
        {"alg": OMIT},
        {"alg": None},
        {"alg": 5},
        {"alg": ["RS256"]},
        {"alg": {"RS256": 1}},
        {"kid": 5},
        {"kid": None},
        {"kid": ["rsa"]},
        {"typ": 5},
        {"b64": False},
    ],
)
async def test_malformed_headers_are_refused(idp: FakeIdp, verifier: TokenVerifier, headers: dict[str, object]) -> None:
    assert await refusal(verifier, idp.issue(headers=headers)) == "malformed"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"5",
        b'"alg"',
        b'["alg"]',
        b'["alg", "b64"]',
        b'"alg b64"',
        b"null",
        b"\xff",
        b"[" * 8000,
        b'{"alg":' * 1500,
        b'{"alg":"RS256","n":' + b"9" * 5000 + b"}",
    ],
)
async def test_strange_headers_are_refused(idp: FakeIdp, verifier: TokenVerifier, header: bytes) -> None:
    _, payload, signature = idp.issue().split(".")
    assert await refusal(verifier, f"{base64url(header)}.{payload}.{signature}") == "malformed"


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "abc", "a.b.c", "a.b.c.d.e", "é.é.é", "\ud800", " ", "ksk_0123456789", "x" * 16_385],
)
async def test_what_is_no_token_is_refused(idp: FakeIdp, verifier: TokenVerifier, token: str) -> None:
    assert await refusal(verifier, token) == "malformed"
    assert idp.hits.total() == 0


async def test_whitespace_and_padding_are_refused(idp: FakeIdp, verifier: TokenVerifier) -> None:
    token = idp.issue()
    for spoilt in (f" {token}", f"{token}\n", f"{token}=", token.replace(".", ".\n", 1), token.replace(".", "=.", 1)):
        assert await refusal(verifier, spoilt) in ("malformed", "signature")


async def test_long_tokens_are_refused(idp: FakeIdp, verifier: TokenVerifier) -> None:
    assert await refusal(verifier, idp.issue(padding="x" * 16_000)) == "malformed"
    assert await verifier.verify(idp.issue(groups=["g" * 10] * 800))


async def test_encrypted_token_is_refused(idp: FakeIdp, verifier: TokenVerifier) -> None:
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT", "kid": idp.rsa.kid}
    encryption_key = RSAKey.import_key(idp.rsa.as_pem(private=True))
    token = jwe.encrypt_compact(header, idp.issue(), encryption_key, algorithms=["RSA-OAEP", "A256GCM"])
    assert await refusal(verifier, token) == "malformed"


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"null", b'"sub"', b"{", b"\xff", b"[" * 8000, b'{"exp":' + b"9" * 5000 + b"}"],
)
async def test_payload_that_is_no_claims_is_refused(idp: FakeIdp, verifier: TokenVerifier, payload: bytes) -> None:
    assert await refusal(verifier, idp.sign(payload)) == "malformed"


async def test_nested_token_is_refused(idp: FakeIdp, verifier: TokenVerifier) -> None:
    assert await refusal(verifier, idp.sign(idp.issue().encode(), headers={"cty": "JWT"})) == "malformed"


# --- Claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub"])
@pytest.mark.parametrize("value", [OMIT, None])
async def test_required_claims(idp: FakeIdp, verifier: TokenVerifier, claim: str, value: object) -> None:
    claims: dict[str, Any] = {claim: value}
    assert await refusal(verifier, idp.issue(**claims)) == "missing_claim"


@pytest.mark.parametrize(
    ("sub", "reason"),
    [
        ("", "missing_claim"),
        (5, "malformed"),
        (["alice"], "malformed"),
        ("x" * 256, "malformed"),
        ("a\x00b", "malformed"),
        ("a\nb", "malformed"),
        ("\udfff", "malformed"),
    ],
)
async def test_unusable_subjects_are_refused(idp: FakeIdp, verifier: TokenVerifier, sub: object, reason: str) -> None:
    assert await refusal(verifier, idp.issue(sub=sub)) == reason
    assert await verifier.verify(idp.issue(sub="x" * 255))


@pytest.mark.parametrize("change", ["{}/", "{}.example.com", "HTTP{}", "", "{} "])
async def test_other_issuers_are_refused(idp: FakeIdp, verifier: TokenVerifier, change: str) -> None:
    assert await refusal(verifier, idp.issue(iss=change.format(idp.issuer))) == "issuer"


@pytest.mark.parametrize("iss", [5, ["https://login.example.com"], {}])
async def test_issuer_must_be_text(idp: FakeIdp, verifier: TokenVerifier, iss: object) -> None:
    assert await refusal(verifier, idp.issue(iss=iss)) == "issuer"
    assert await refusal(verifier, idp.issue(iss=[idp.issuer])) == "issuer"


@pytest.mark.parametrize("aud", ["", "kshar", "kshare2", "KSHARE", [], ["account"], ["kshare", 5], 5, {"kshare": 1}])
async def test_other_audiences_are_refused(idp: FakeIdp, verifier: TokenVerifier, aud: object) -> None:
    assert await refusal(verifier, idp.issue(aud=aud)) == "audience"


async def test_expiry_and_its_leeway(idp: FakeIdp, verifier: TokenVerifier, clock: Clock) -> None:
    token = idp.issue(exp=NOW + 100)
    clock.advance(159)
    assert await verifier.verify(token)
    clock.advance(1)
    assert await refusal(verifier, token) == "expired"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_token_from_the_future(idp: FakeIdp, verifier: TokenVerifier, clock: Clock, claim: str) -> None:
    claims: dict[str, Any] = {claim: int(NOW) + 61}
    token = idp.issue(**claims)
    assert await refusal(verifier, token) == "not_yet_valid"
    clock.advance(1)
    assert await verifier.verify(token)


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1900000000", True, [], float("nan"), float("-inf")])
async def test_times_must_be_numbers(idp: FakeIdp, verifier: TokenVerifier, claim: str, value: object) -> None:
    claims: dict[str, Any] = {claim: value}
    assert await refusal(verifier, idp.issue(**claims)) in ("malformed", "not_yet_valid")


@pytest.mark.parametrize("exp", [10**13, 10**400, 1e300, float("inf")])
async def test_expiry_beyond_any_calendar_is_refused(idp: FakeIdp, verifier: TokenVerifier, exp: float) -> None:
    assert await refusal(verifier, idp.issue(exp=exp)) == "malformed"


async def test_claims_of_a_forged_token_are_not_commented_on(idp: FakeIdp, verifier: TokenVerifier) -> None:
    forged = idp.issue(key=RSAKey.generate_key(2048), exp=1, iss="https://elsewhere.example.com")
    assert await refusal(verifier, forged) == "signature"


# --- Configuration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "login.example.com",
        "http://login.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://",
        "https://user@login.example.com",
        "https://login.example.com?tenant=1",
        "https://login.example.com#top",
    ],
)
def test_unsafe_issuers_cannot_be_configured(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        TokenVerifier(issuer, "kshare")


@pytest.mark.parametrize("issuer", ["https://login.example.com/realms/x", "http://localhost:80", "http://[::1]:8080"])
async def test_safe_issuers_can_be_configured(issuer: str) -> None:
    await TokenVerifier(issuer, "kshare").close()


@pytest.mark.parametrize("settings", [{"leeway": -1}, {"leeway": 301}, {"cache_for": 59}, {"cache_for": 3601}])
def test_other_nonsense_cannot_be_configured(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="between"):
        TokenVerifier("https://login.example.com", "kshare", **settings)
    with pytest.raises(ValueError, match="audience"):
        TokenVerifier("https://login.example.com", "")


# --- Fetching keys ---------------------------------------------------------------------------------------------------


async def test_documents_are_fetched_once(idp: FakeIdp, verifier: TokenVerifier, clock: Clock) -> None:
    for number in range(20):
        await verifier.verify(idp.issue(sub=f"u-{number}"))
        clock.advance(29)
    assert idp.hits == {"discovery": 1, "jwks": 1}
    clock.advance(20)
    await verifier.verify(idp.issue())
    assert idp.hits == {"discovery": 2, "jwks": 2}


@pytest.mark.parametrize(
    ("cache_control", "lifetime"),
    [
        ("max-age=120", 120),
        ("public, Max-Age=120, must-revalidate", 120),
        ("max-age=1", 60),
        ("max-age=0", 60),
        ("no-store", 60),
        ("no-cache, max-age=300", 60),
        ("max-age=86400", 600),
        ("max-age=" + "9" * 5000, 600),
        ("max-age=soon", 600),
        ("max-age=-5", 600),
        ("max-age", 600),
    ],
)
async def test_cache_control_is_honoured_within_limits(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock, cache_control: str, lifetime: float
) -> None:
    idp.cache_control = cache_control
    await verifier.verify(idp.issue())
    clock.advance(lifetime - 1)
    await verifier.verify(idp.issue(sub="second"))
    assert idp.hits["jwks"] == 1
    clock.advance(1)
    await verifier.verify(idp.issue(sub="third"))
    assert idp.hits["jwks"] == 2


async def test_provider_may_lengthen_the_cache_up_to_the_configured_time(idp: FakeIdp, clock: Clock) -> None:
    idp.cache_control = "max-age=86400"
    verifier = TokenVerifier(idp.issuer, idp.audience, clock=clock, cache_for=3600)
    await verifier.verify(idp.issue())
    clock.advance(3599)
    await verifier.verify(idp.issue(sub="second"))
    assert idp.hits["jwks"] == 1
    clock.advance(1)
    await verifier.verify(idp.issue(sub="third"))
    assert idp.hits["jwks"] == 2
    await verifier.close()


async def test_concurrent_requests_share_one_fetch(idp: FakeIdp, verifier: TokenVerifier) -> None:
    idp.fail(Failure.SLOW)
    tokens = [idp.issue(sub=f"u-{number}") for number in range(50)]
    verified = await asyncio.gather(*(verifier.verify(token) for token in tokens))
    assert [claims.subject for claims in verified] == [f"u-{number}" for number in range(50)]
    assert idp.hits == {"discovery": 1, "jwks": 1}


async def test_concurrent_requests_share_one_failure(idp: FakeIdp, verifier: TokenVerifier) -> None:
    idp.fail(Failure.ERROR)
    outcomes = await asyncio.gather(*(verifier.verify(idp.issue()) for _ in range(50)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ProviderUnavailable}
    assert idp.hits == {"discovery": 1}


async def test_concurrent_requests_share_one_refresh_after_rotation(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(idp.issue())
    idp.rotate()
    idp.fail(Failure.SLOW)
    await asyncio.gather(*(verifier.verify(idp.issue(sub=f"u-{number}")) for number in range(50)))
    assert idp.hits == {"discovery": 1, "jwks": 2}


async def test_cancelled_request_does_not_strand_the_others(idp: FakeIdp, verifier: TokenVerifier) -> None:
    idp.fail(Failure.SLOW)
    first = asyncio.create_task(verifier.verify(idp.issue()))
    second = asyncio.create_task(verifier.verify(idp.issue(sub="second")))
    await asyncio.sleep(0.1)
    first.cancel()
    assert (await second).subject == "second"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_unknown_key_ids_cause_few_refreshes(idp: FakeIdp, verifier: TokenVerifier, clock: Clock) -> None:
    await verifier.verify(idp.issue())
    for attempt in range(50):
        assert await refusal(verifier, idp.issue(kid=f"made-up-{attempt}")) == "unknown_key"
    assert idp.hits == {"discovery": 1, "jwks": 2}
    clock.advance(9.9)
    assert await refusal(verifier, idp.issue(kid="made-up")) == "unknown_key"
    assert idp.hits["jwks"] == 2
    clock.advance(0.1)
    assert await refusal(verifier, idp.issue(kid="made-up")) == "unknown_key"
    assert idp.hits["jwks"] == 3


async def test_concurrent_unknown_key_ids_cause_one_refresh(idp: FakeIdp, verifier: TokenVerifier) -> None:
    await verifier.verify(idp.issue())
    idp.fail(Failure.SLOW)
    reasons = await asyncio.gather(*(refusal(verifier, idp.issue(kid=f"made-up-{number}")) for number in range(50)))
    assert set(reasons) == {"unknown_key"}
    assert idp.hits["jwks"] == 2


async def test_unknown_key_id_at_the_start_causes_no_second_fetch(idp: FakeIdp, verifier: TokenVerifier) -> None:
    assert await refusal(verifier, idp.issue(kid="made-up")) == "unknown_key"
    assert idp.hits == {"discovery": 1, "jwks": 1}


async def test_new_keys_work_at_once(idp: FakeIdp, verifier: TokenVerifier, clock: Clock) -> None:
    await verifier.verify(idp.issue())
    idp.rotate()
    assert await verifier.verify(idp.issue())
    assert idp.hits == {"discovery": 1, "jwks": 2}
    clock.advance(10)
    idp.rotate()
    assert await verifier.verify(idp.issue(alg="ES256"))


async def test_removed_key_stops_working_after_the_cache_time(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock
) -> None:
    token = idp.issue()
    await verifier.verify(token)
    idp.rotate()
    clock.advance(599)
    assert await verifier.verify(token)
    clock.advance(1)
    # Verified a second ago, so remembered; the key it was verified with is gone all the same.
    assert await refusal(verifier, token) == "unknown_key"


async def test_removed_key_stops_working_with_the_first_new_token(idp: FakeIdp, verifier: TokenVerifier) -> None:
    token = idp.issue()
    await verifier.verify(token)
    idp.rotate()
    await verifier.verify(idp.issue())
    assert await refusal(verifier, token) == "unknown_key"


async def test_withdrawing_every_key_is_taken_at_its_word(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = idp.issue()
    await verifier.verify(token)
    monkeypatch.setattr(idp, "jwks", lambda: {"keys": []})
    clock.advance(600)
    assert await refusal(verifier, token) == "unknown_key"


# --- A provider in trouble -------------------------------------------------------------------------------------------

EVERYWHERE = [
    Failure.ERROR,
    Failure.DROP,
    Failure.DRIP,
    Failure.HUGE,
    Failure.GARBAGE,
    Failure.NESTED,
    Failure.NOT_AN_OBJECT,
    Failure.REDIRECT,
    Failure.COMPRESSED,
]
TROUBLES = [
    *((failure, "discovery") for failure in [*EVERYWHERE, Failure.WRONG_ISSUER, Failure.INSECURE_JWKS_URI]),
    *((failure, "jwks") for failure in [*EVERYWHERE, Failure.TOO_MANY_KEYS]),
]


@pytest.mark.parametrize(("failure", "at"), TROUBLES)
async def test_trouble_without_keys_is_unavailability(idp: FakeIdp, clock: Clock, failure: Failure, at: Any) -> None:
    verifier = TokenVerifier(idp.issuer, idp.audience, clock=clock, request_timeout=0.5)
    idp.fail(failure, at=at)
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await verifier.verify(idp.issue())
    assert time.monotonic() - started < 2
    assert idp.hits[at] == 1, "one attempt, then a pause"

    idp.recover()
    clock.advance(10)
    assert await verifier.verify(idp.issue())
    await verifier.close()


@pytest.mark.parametrize(("failure", "at"), TROUBLES)
async def test_trouble_with_keys_goes_unnoticed_for_a_day(
    idp: FakeIdp, clock: Clock, failure: Failure, at: Any
) -> None:
    verifier = TokenVerifier(idp.issuer, idp.audience, clock=clock, request_timeout=0.5)
    await verifier.verify(idp.issue())
    idp.fail(failure, at=at)
    clock.advance(12 * HOUR)
    for number in range(3):
        assert await verifier.verify(idp.issue(sub=f"u-{number}"))
    assert idp.hits[at] == 2, "one attempt, then a pause"
    clock.advance(12 * HOUR - 1)
    assert await verifier.verify(idp.issue())
    clock.advance(1)
    with pytest.raises(ProviderUnavailable):
        await verifier.verify(idp.issue())

    idp.recover()
    clock.advance(10)
    assert await verifier.verify(idp.issue())
    await verifier.close()


async def test_unreachable_provider_is_unavailability(clock: Clock) -> None:
    with FakeIdp(clock=clock) as gone:
        pass
    verifier = TokenVerifier(gone.issuer, gone.audience, clock=clock)
    with pytest.raises(ProviderUnavailable):
        await verifier.verify(gone.issue())
    await verifier.close()


async def test_slow_provider_is_given_up_on(idp: FakeIdp, clock: Clock) -> None:
    idp.fail(Failure.SLOW)
    idp.delay = 5
    verifier = TokenVerifier(idp.issuer, idp.audience, clock=clock, request_timeout=0.2)
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        await verifier.verify(idp.issue())
    assert time.monotonic() - started < 1
    await verifier.close()


async def test_only_one_request_waits_while_the_provider_struggles(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock
) -> None:
    await verifier.verify(idp.issue())
    clock.advance(600)
    idp.fail(Failure.SLOW)
    idp.delay = 1.5
    patient = asyncio.create_task(verifier.verify(idp.issue(sub="patient")))
    await asyncio.sleep(0.05)
    assert await verifier.verify(idp.issue(sub="impatient"))
    assert not patient.done()
    assert await patient


async def test_unknown_key_is_refused_rather_than_retried_while_the_provider_is_down(
    idp: FakeIdp, verifier: TokenVerifier
) -> None:
    await verifier.verify(idp.issue())
    idp.fail(Failure.ERROR)
    for attempt in range(50):
        assert await refusal(verifier, idp.issue(kid=f"made-up-{attempt}")) == "unknown_key"
    assert idp.hits["jwks"] == 2


async def test_redirect_is_not_followed_even_by_a_willing_client(idp: FakeIdp, clock: Clock) -> None:
    idp.fail(Failure.REDIRECT)
    async with httpx.AsyncClient(follow_redirects=True) as http:
        verifier = TokenVerifier(idp.issuer, idp.audience, clock=clock, http=http)
        with pytest.raises(ProviderUnavailable):
            await verifier.verify(idp.issue())
    assert idp.hits == {"discovery": 1}


@pytest.mark.parametrize(
    "jwks_uri",
    [
        "http://login.example.com/jwks",
        "http://127.0.0.1/jwks",
        "ftp://x/jwks",
        "/jwks",
        "https://",
        "https://[",
        5,
        None,
    ],
)
async def test_keys_of_an_https_issuer_come_over_https(clock: Clock, jwks_uri: object) -> None:
    issuer = "https://login.example.com"
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"issuer": issuer, "jwks_uri": jwks_uri})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        verifier = TokenVerifier(issuer, "kshare", clock=clock, http=http)
        with FakeIdp(clock=clock) as signer, pytest.raises(ProviderUnavailable, match="jwks_uri"):
            await verifier.verify(signer.issue(iss=issuer))
    assert len(asked) == 1


async def test_keys_that_have_moved_are_found_again(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await verifier.verify(idp.issue())
    proper = idp.discovery_document()
    clock.advance(20)
    monkeypatch.setattr(idp, "discovery_document", lambda: proper | {"jwks_uri": f"{idp.issuer}/gone"})
    clock.advance(600)
    await verifier.verify(idp.issue(sub="second"))
    monkeypatch.undo()
    clock.advance(10)
    idp.rotate()
    assert await verifier.verify(idp.issue(sub="third")), "a failed key fetch makes discovery be asked again"


async def test_clock_set_back_does_not_freeze_the_keys(idp: FakeIdp, verifier: TokenVerifier, clock: Clock) -> None:
    await verifier.verify(idp.issue())
    assert await refusal(verifier, idp.issue(kid="made-up")) == "unknown_key"
    clock.advance(-10 * HOUR)
    idp.rotate()
    assert await verifier.verify(idp.issue())


# --- Remembered tokens -----------------------------------------------------------------------------------------------


@pytest.fixture
def signatures_checked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by one with every signature check."""
    checked: list[object] = []
    check = jws.validate_compact

    def counting(signed: jws.CompactSignature, key: Key, **options: Any) -> bool:
        checked.append(signed)
        return check(signed, key, **options)

    monkeypatch.setattr(jws, "validate_compact", counting)
    return checked


async def test_signature_is_checked_once_a_minute(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock, signatures_checked: list[object]
) -> None:
    token = idp.issue()
    first = await verifier.verify(token)
    clock.advance(59)
    assert await verifier.verify(token) == first
    assert len(signatures_checked) == 1
    clock.advance(1)
    assert await verifier.verify(token) == first
    assert len(signatures_checked) == 2


async def test_remembered_token_does_not_outlive_its_expiry(idp: FakeIdp, clock: Clock) -> None:
    verifier = TokenVerifier(idp.issuer, idp.audience, clock=clock, leeway=0)
    token = idp.issue(exp=NOW + 5)
    clock.advance(4)
    assert await verifier.verify(token)
    clock.advance(1)
    assert await refusal(verifier, token) == "expired"
    await verifier.close()


async def test_token_living_on_leeway_is_not_remembered(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock, signatures_checked: list[object]
) -> None:
    token = idp.issue(exp=NOW + 5)
    clock.advance(5)
    await verifier.verify(token)
    await verifier.verify(token)
    assert len(signatures_checked) == 2


async def test_remembered_token_is_forgotten_when_the_clock_is_set_back(
    idp: FakeIdp, verifier: TokenVerifier, clock: Clock, signatures_checked: list[object]
) -> None:
    token = idp.issue(iat=OMIT)
    await verifier.verify(token)
    clock.advance(-1)
    await verifier.verify(token)
    assert len(signatures_checked) == 2


async def test_refused_tokens_are_not_remembered(
    idp: FakeIdp, verifier: TokenVerifier, signatures_checked: list[object]
) -> None:
    token = idp.issue(aud="elsewhere")
    assert await refusal(verifier, token) == "audience"
    assert await refusal(verifier, token) == "audience"
    assert len(signatures_checked) == 2


async def test_few_tokens_are_remembered(
    idp: FakeIdp, verifier: TokenVerifier, signatures_checked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "VERIFIED_ENTRIES", 3)
    tokens = [idp.issue(sub=f"u-{number}") for number in range(4)]
    for token in tokens:
        await verifier.verify(token)
    assert len(signatures_checked) == 4
    for token in tokens[1:]:
        await verifier.verify(token)
    assert len(signatures_checked) == 4, "the three latest are remembered"
    await verifier.verify(tokens[0])
    assert len(signatures_checked) == 5, "the oldest had to make room"


async def test_refresh_with_the_same_keys_forgets_nothing(
    idp: FakeIdp, verifier: TokenVerifier, signatures_checked: list[object]
) -> None:
    token = idp.issue()
    await verifier.verify(token)
    assert await refusal(verifier, idp.issue(kid="made-up")) == "unknown_key"
    assert idp.hits["jwks"] == 2
    await verifier.verify(token)
    assert len(signatures_checked) == 1
