"""All configuration: one class, `KSHARE_*` variables, nothing read from the environment elsewhere."""

import json
import os
import secrets
from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class SettingsError(Exception):
    """A configuration kshare refuses to start with; the message says what to set."""


def _address(*schemes: str) -> Callable[[SecretStr | str], SecretStr | str]:
    """Checks the form of an address; what it says never repeats the address, which may have a password in it."""
    wanted = f"must be an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"

    def checked(given: SecretStr | str) -> SecretStr | str:
        value = given.get_secret_value() if isinstance(given, SecretStr) else given
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(wanted)
        try:
            _ = urlsplit(value).port if schemes[0] != "postgresql" else make_url(value)
        except (ValueError, ArgumentError):
            raise ValueError(
                "this is no valid address: are its port and the characters of its password right?"
            ) from None
        return given

    return checked


def _proxies(given: str) -> str:
    for one in given.split(","):
        try:
            # The server would take what it cannot read for the name of a proxy, which none ever has.
            _ = one.strip() == "*" or ip_network(one.strip())
        except ValueError as error:
            raise ValueError(f"must be addresses or networks, separated by commas, or `*`: {error}") from None
    return given


def _origins(given: tuple[str, ...]) -> tuple[str, ...]:
    for one in given:
        parts = urlsplit(one)
        if one != "*" and (parts.scheme not in ("http", "https") or one != f"{parts.scheme}://{parts.netloc}"):
            raise ValueError(f"{one!r} is no origin such as https://share.example.com, without a path, nor `*`")
    return given


def _time_zone(given: str) -> str:
    try:
        return ZoneInfo(given).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{given!r} is no time zone; write it as Asia/Shanghai") from None


PostgresUrl = Annotated[SecretStr, AfterValidator(_address("postgresql", "postgres", "postgresql+asyncpg"))]
RedisUrl = Annotated[SecretStr, AfterValidator(_address("redis", "rediss"))]
WebUrl = Annotated[str, AfterValidator(_address("http", "https"))]
Proxies = Annotated[str, AfterValidator(_proxies)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
WebOrigins = Annotated[tuple[str, ...], AfterValidator(_origins)]


class Settings(BaseSettings):
    """What can be configured. Every field is the variable `KSHARE_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="KSHARE_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    environment: Literal["development", "production"] = Field(
        "development", description="In production secrets are demanded and never generated."
    )
    data_dir: Path = Field(Path("data"), description="Where the embedded database, secrets and demo keys live.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="Processes that serve.")
    time_zone: TimeZone = Field("Asia/Shanghai", description="The company's time zone, in which working days count.")
    public_url: HttpUrl | None = Field(None, description="How clients reach this server, when behind a proxy.")

    trusted_proxies: Proxies = Field(
        "127.0.0.1", description="Addresses of proxies whose X-Forwarded-For and -Proto are believed; `*` for all."
    )

    cors_origins: WebOrigins = Field(
        (), description="Web pages that may call from a browser, by origin; `*` among them stands for all."
    )

    database_url: PostgresUrl | None = Field(None, description="PostgreSQL >= 15; without it kshare starts its own.")
    read_pool: int = Field(10, ge=1, le=200, description="Connections for reads, a process.")
    write_pool: int = Field(6, ge=1, le=200, description="Connections for writes, a process.")
    pool_timeout: float = Field(
        1.0, gt=0, le=30, description="Seconds to wait for a connection, and again for a lock, before answering 503."
    )
    statement_timeout: float = Field(5, gt=0, le=600, description="Seconds one statement may take.")

    redis_url: RedisUrl | None = Field(None, description="Redis for rate limits shared by several processes.")
    rate_limit: int = Field(6000, ge=1, description="Requests a minute for one principal.")
    failed_sign_ins: int = Field(60, ge=1, description="Refused credentials a minute from one address.")
    max_body: int = Field(4 * 1024 * 1024, ge=1024, description="Bytes of a request body.")

    secret: SecretStr | None = Field(None, description="Seals cursors; at least 32 characters.")

    seal_keys: Path | None = Field(
        None,
        description="Key file that seals anonymous authors; generated in the data directory, but never in production.",
    )

    oidc_issuer: str | None = Field(None, description="Issuer of OIDC access tokens.")
    oidc_audience: str | None = Field(None, description="Audience the tokens must name.")
    oidc_algorithms: tuple[str, ...] = Field(("RS256", "PS256", "ES256", "EdDSA"), description="Allowed algorithms.")

    graphql_documents: Path | None = Field(
        None, description="JSON file of trusted GraphQL documents, by the SHA-256 of their text."
    )
    graphql_trusted_only: bool = Field(False, description="Execute no other GraphQL documents than those.")

    metrics_pause: float = Field(
        60, ge=0, description="Seconds at least from one computing of figures that have changed to the next."
    )

    llm_url: WebUrl | None = Field(
        None, description="An OpenAI-compatible endpoint that helps to triage ideas, such as https://host/v1."
    )
    llm_key: SecretStr | None = Field(None, description="Its key.")
    llm_model: str = Field("default", description="The model to ask there.")
    llm_timeout: float = Field(10, gt=0, le=120, description="Seconds one answer of it may take.")
    llm_daily_tokens: int = Field(200_000, ge=0, description="Tokens a day (UTC) that may be spent on it.")
    llm_classification: Literal["public", "internal", "confidential", "restricted"] = Field(
        "internal", description="The most secret ideas whose text may be sent to it."
    )

    otlp_endpoint: WebUrl | None = Field(None, description="OpenTelemetry collector (OTLP over HTTP).")
    log_format: Literal["json", "console"] = Field("json", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    demo: bool = Field(False, description="Load the demo company into an empty database.")

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if (self.oidc_issuer is None) != (self.oidc_audience is None):
            raise ValueError("KSHARE_OIDC_ISSUER and KSHARE_OIDC_AUDIENCE belong together: set both or neither")
        if self.graphql_trusted_only and self.graphql_documents is None:
            raise ValueError("KSHARE_GRAPHQL_TRUSTED_ONLY needs the documents: set KSHARE_GRAPHQL_DOCUMENTS too")
        return self

    @cached_property
    def signing_secret(self) -> bytes:
        """The secret that seals cursors; generated into the data directory on first use outside production.

        Raises SettingsError in production when `KSHARE_SECRET` is missing or short.
        """
        if self.secret is not None:
            if len(self.secret.get_secret_value()) < 32:
                raise SettingsError("KSHARE_SECRET is shorter than 32 characters: use a longer random one")
            return self.secret.get_secret_value().encode()
        if self.environment == "production":
            raise SettingsError("KSHARE_SECRET is required in production: set it to >= 32 random characters")
        return self._generated("secret").encode()

    def _generated(self, name: str) -> str:
        """A secret kept in `<data_dir>/secrets.json` (0600), made on first use."""
        path = self.data_dir / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in kept:
            kept[name] = secrets.token_urlsafe(48)
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_suffix(".new")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump(kept, out)
            draft.replace(path)
        return kept[name]
