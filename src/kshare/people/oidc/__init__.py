"""Verification of OpenID Connect access tokens.

A caller proves who they are with a signed JWT from the one identity provider this service trusts. `TokenVerifier`
checks such a token against the keys the provider publishes and hands back its `Claims`. It knows nothing about web
frameworks or storage: the layers above turn `TokenRefused` into a 401 and `ProviderUnavailable` into a 503.

Whatever is read from a token before its signature is checked was chosen by a stranger. Three fields are read that
early: `alg` (checked against an allow-list), `kid` (only ever compared with key ids we already hold) and `typ`.
Headers that offer a key or say where to find one (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
"""

from kshare.people.oidc.claims import Claims
from kshare.people.oidc.refusals import ProviderUnavailable, TokenRefused
from kshare.people.oidc.verifier import TokenVerifier

__all__ = ["Claims", "ProviderUnavailable", "TokenRefused", "TokenVerifier"]
