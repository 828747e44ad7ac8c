"""Trusted documents: the file in which an operator lists the GraphQL documents of the company's own clients.

Two forms are read, those that the clients' build tools write: an object of documents by their SHA-256 in hexadecimal
(`{"<sha256>": "query …"}`), and Apollo's persisted query manifest (`{"format": "apollo-persisted-query-manifest",
"version": 1, "operations": [{"id": "<sha256>", "body": "query …", …}]}`). A request names a document by
`documentId: "sha256:<hash>"` or by `extensions.persistedQuery`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from kshare.core.settings import Settings, SettingsError


def trusted_documents(settings: Settings) -> dict[str, str]:
    """The documents by the SHA-256 of their text; none without `KSHARE_GRAPHQL_DOCUMENTS`.

    Raises SettingsError for a file that cannot be read, has another form, or names a document by what is not its hash.
    """
    path = settings.graphql_documents
    if path is None:
        return {}
    try:
        return {_digest(id, text): text for id, text in _entries(json.loads(_text(path)))}
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"KSHARE_GRAPHQL_DOCUMENTS: {path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None


def _entries(manifest: Any) -> list[tuple[Any, Any]]:
    if not isinstance(manifest, dict):
        raise ValueError("must be a JSON object of documents by their SHA-256, or a persisted query manifest")
    if "operations" not in manifest:
        return list(manifest.items())
    operations = manifest["operations"]
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise ValueError("`operations` must be a list of objects with `id` and `body`")
    return [(one.get("id"), one.get("body")) for one in operations]


def _digest(id: Any, text: Any) -> str:
    if not isinstance(id, str) or not isinstance(text, str):
        raise ValueError(f"the document {id!r} must have an id and a text")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if id.removeprefix("sha256:") != digest:
        raise ValueError(f"the document {id!r} has the SHA-256 {digest}: ids must be that hash, in hexadecimal")
    return digest
