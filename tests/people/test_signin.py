"""Signing in with OIDC access tokens, end to end: a provider over HTTP, a live server, both doors."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.people.fake_idp import OMIT, Failure, FakeIdp
from tests.people.test_people import add, change


@pytest.fixture(scope="module")
def idp() -> Iterator[FakeIdp]:
    with FakeIdp() as idp:
        yield idp


@pytest.fixture(scope="module")
def company(idp: FakeIdp, postgres_url: str, loop: Loop) -> Iterator[Company]:
    options = {"oidc_issuer": idp.issuer, "oidc_audience": idp.audience}
    with cloned_database(postgres_url, loop) as url, live_server(url, loop, **options) as server:
        yield found_company(server)


@contextmanager
def beside(company: Company, idp: FakeIdp) -> Iterator[httpx.Client]:
    """A second server on the same database, whose memory is cold, with a provider of its own choice."""
    with (
        live_server(
            company.server.database_url, company.server.loop, oidc_issuer=idp.issuer, oidc_audience=idp.audience
        ) as server,
        httpx.Client(base_url=f"{server.url}/v1", timeout=20) as client,
    ):
        yield client


def me(client: httpx.Client | Company, token: str) -> httpx.Response:
    rest = client.anonymous if isinstance(client, Company) else client
    return rest.get("/me", headers={"Authorization": f"Bearer {token}"})


def joined(company: Company, **fields: Any) -> dict[str, Any]:
    return add(company.hr, email=f"{uuid4().hex}@clearsea.example", **fields)


def linked(company: Company, person: dict[str, Any]) -> str | None:
    subject: str | None = company.server.sql("SELECT subject FROM person WHERE id::text = $1", person["id"])[0][
        "subject"
    ]
    return subject


def test_the_first_token_links_by_verified_email_and_the_subject_decides_from_then_on(
    company: Company, idp: FakeIdp
) -> None:
    person = joined(company)
    first = me(company, idp.issue(sub="s-first", email=person["email"].upper(), email_verified=True))
    assert (first.status_code, first.json()["id"], first.json()["key"]) == (200, person["id"], None)
    assert "knowledge_write" in first.json()["permissions"]
    assert me(company, idp.issue(sub="s-first")).json()["id"] == person["id"], "no address needed any more"
    elsewhere = idp.issue(
        sub="s-first",
        email=company.server.sql("SELECT email FROM person WHERE id = $1", company.hr.id)[0]["email"],
        email_verified=True,
    )
    assert me(company, elsewhere).json()["id"] == person["id"], "the subject counts, not the address"
    usurper = idp.issue(sub="s-usurper", email=person["email"], email_verified=True)
    assert me(company, usurper).status_code == 401, "the address is taken"
    told = company.server.sql(
        "SELECT readers::text FROM journal WHERE happened = 'sign_in_linked' AND object_id::text = $1", person["id"]
    )
    assert [row["readers"] for row in told] == [f"{{{person['id']}}}"]


def test_a_token_works_through_graphql_and_for_writing(company: Company, idp: FakeIdp) -> None:
    person = joined(company)
    headers = {"Authorization": f"Bearer {idp.issue(sub='s-gql', email=person['email'], email_verified=True)}"}
    answer = company.anonymous.post(
        f"{company.server.url}/graphql", json={"query": "{ me { id key { id } } }"}, headers=headers
    )
    assert answer.json()["data"] == {"me": {"id": person["id"], "key": None}}
    made = company.anonymous.post("/keys", json={"name": "x", "scopes": ["people_read"]}, headers=headers)
    assert made.status_code == 201
    assert made.json()["person"]["id"] == person["id"]


@pytest.mark.parametrize(
    "claims", [{"email_verified": False}, {}, {"email_verified": "yes"}, {"email": OMIT, "email_verified": True}]
)
def test_an_address_that_is_not_verified_opens_nothing(company: Company, idp: FakeIdp, claims: dict[str, Any]) -> None:
    person = joined(company)
    token = idp.issue(sub=str(uuid4()), **({"email": person["email"]} | claims))
    assert me(company, token).status_code == 401
    assert linked(company, person) is None


def test_strangers_and_service_accounts_do_not_sign_in(company: Company, idp: FakeIdp) -> None:
    assert (
        me(company, idp.issue(sub="s-none", email="stranger@elsewhere.example", email_verified=True)).status_code == 401
    )
    bot = company.hire("bot", "root", kind="service")
    email = f"{bot.id}@example.com"
    assert me(company, idp.issue(sub="s-bot", email=email, email_verified=True)).status_code == 401


def test_whoever_has_left_does_not_sign_in(company: Company, idp: FakeIdp) -> None:
    person = joined(company)
    token = idp.issue(sub="s-left", email=person["email"], email_verified=True)
    assert me(company, token).status_code == 200
    change(company.hr, person, active=False)
    assert me(company, token).status_code == 401
    never = joined(company)
    change(company.hr, never, active=False)
    assert me(company, idp.issue(sub="s-never", email=never["email"], email_verified=True)).status_code == 401
    assert linked(company, never) is None
    again = joined(company)
    assert me(company, idp.issue(sub="s-left", email=again["email"], email_verified=True)).status_code == 401
    assert linked(company, again) is None, "a subject is one person's for good"


def test_a_change_counts_for_a_token_at_once(company: Company, idp: FakeIdp) -> None:
    person = joined(company)
    token = idp.issue(sub="s-role", email=person["email"], email_verified=True)
    headers = {"Authorization": f"Bearer {token}"}
    assert company.anonymous.post("/groups", json={"name": str(uuid4())}, headers=headers).status_code == 403
    company.admin.rest.post(f"/people/{person['id']}/roles", json={"role": "hr"})
    assert company.anonymous.post("/groups", json={"name": str(uuid4())}, headers=headers).status_code == 201


def test_forged_and_foreign_tokens_are_refused(company: Company, idp: FakeIdp) -> None:
    person = joined(company)
    claims: dict[str, Any] = {"sub": "s-forged", "email": person["email"], "email_verified": True}
    public = idp.rsa.raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = [
        idp.issue(alg="none", **claims),
        idp.issue(alg="HS256", key=public, **claims),
        idp.issue(iss="https://login.example.com", **claims),
        idp.issue(aud="another-service", **claims),
        idp.issue(aud=OMIT, **claims),
        idp.issue(exp=1, **claims),
        idp.issue(exp=OMIT, **claims),
        idp.issue(kid="made-up", **claims),
        idp.issue(headers={"typ": "logout+jwt"}, **claims),
        idp.issue(**claims)[:-4] + "AAAA",
        "ey.ey.ey",
        "x" * 10_000,
    ]
    for token in forged:
        answer = me(company, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), token
        assert "www-authenticate" in answer.headers
    assert linked(company, person) is None
    assert me(company, idp.issue(**claims)).status_code == 200


def test_keys_rotate_without_restart(company: Company, idp: FakeIdp) -> None:
    person = joined(company)
    claims: dict[str, Any] = {"sub": "s-rotated", "email": person["email"], "email_verified": True}
    with FakeIdp() as own, beside(company, own) as client:
        assert me(client, own.issue(**claims)).status_code == 200
        own.rotate()
        assert me(client, own.issue(**claims)).status_code == 200
        assert me(client, own.issue(alg="ES256", **claims)).status_code == 200


def test_a_provider_that_is_away_is_no_refusal(company: Company) -> None:
    person = joined(company)
    claims: dict[str, Any] = {"sub": "s-away", "email": person["email"], "email_verified": True}
    with FakeIdp() as own, beside(company, own) as client:
        own.fail(Failure.ERROR)
        away = me(client, own.issue(**claims))
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")
        assert int(away.headers["retry-after"]) > 0
        assert client.get("/me", headers={"Authorization": f"Bearer {company.employee.key}"}).status_code == 200


def test_after_a_change_of_provider_a_subject_is_nobody_elses(company: Company, idp: FakeIdp) -> None:
    one, two = joined(company), joined(company)
    assert me(company, idp.issue(sub="1001", email=one["email"], email_verified=True)).json()["id"] == one["id"]
    with FakeIdp() as successor, beside(company, successor) as client:
        assert me(client, successor.issue(sub="1001")).status_code == 401, "the same name, another provider"
        assert (
            me(client, successor.issue(sub="1001", email=two["email"], email_verified=True)).json()["id"] == two["id"]
        )
        assert me(client, successor.issue(sub="7", email=one["email"], email_verified=True)).json()["id"] == one["id"]


def test_two_first_tokens_at_once_link_one_person_to_one_subject(company: Company, idp: FakeIdp) -> None:
    for _ in range(5):
        person = joined(company)
        tokens = [idp.issue(sub=f"s-{uuid4()}", email=person["email"], email_verified=True) for _ in range(2)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda token: me(company, token), [*tokens, *tokens]))
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses[:2]) == sorted(statuses[2:]) == [200, 401]
        assert statuses[:2] == statuses[2:]


def test_one_subject_with_two_addresses_at_once_is_one_person(company: Company, idp: FakeIdp) -> None:
    for _ in range(5):
        people, subject = [joined(company) for _ in range(2)], f"s-{uuid4()}"
        tokens = [idp.issue(sub=subject, email=person["email"], email_verified=True) for person in people]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda token: me(company, token), tokens))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len([person for person in people if linked(company, person)]) == 1
