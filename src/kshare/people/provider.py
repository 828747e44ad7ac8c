"""The identity provider that the settings name, if any."""

from kshare.core.settings import Settings, SettingsError
from kshare.people.oidc import TokenVerifier


def token_verifier(settings: Settings) -> TokenVerifier | None:
    """What checks access tokens; None without `KSHARE_OIDC_ISSUER`. Raises SettingsError for unsafe ones."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    try:
        return TokenVerifier(settings.oidc_issuer, settings.oidc_audience, algorithms=settings.oidc_algorithms)
    except ValueError as error:
        named = next((name for name in ("issuer", "audience") if name in str(error)), "algorithms")
        raise SettingsError(f"KSHARE_OIDC_{named.upper()}: {error}") from None
