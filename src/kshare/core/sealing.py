"""Keys outside the database: what seals an anonymous author's id, and what makes the pseudonym that owns their things
(docs/adr/0007-anonymity.md).

The key file is JSON: `pseudonym_key`, which never changes, and `keys`, oldest first, of which the newest seals. It is
no part of the database, nor of a dump of it.
"""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kshare.core.clock import now
from kshare.core.errors import DomainError
from kshare.core.settings import Settings, SettingsError

log = structlog.get_logger()

_NONCE = 12
_VERSION_AND_VARIANT = 0x8 << 76 | 0b10 << 62
_FREE = (1 << 128) - 1 - (0xF << 76) - (0b11 << 62)


class BrokenSeal(Exception):
    """A seal that does not open: tampered with, of another content, or of a key that the file does not have."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An author's id, encrypted with a data key of its own, which is encrypted with the key `key_id` of the file."""

    key_id: str
    data_key: bytes
    author: bytes


@dataclass(frozen=True, slots=True)
class _Keys:
    pseudonym_key: bytes
    keys: Mapping[str, AESGCM]

    @property
    def newest(self) -> str:
        return list(self.keys)[-1]


def derived(seed: bytes, *purpose: str) -> UUID:
    """An id that only who has the seed can make; another one for each purpose."""
    digest = hmac.digest(seed, "\0".join(purpose).encode(), "sha256")
    return UUID(int=int.from_bytes(digest[:16], "big") & _FREE | _VERSION_AND_VARIANT)


class Keyring:
    """The key file of a process: read when it is first needed, and again whenever it has changed."""

    def __init__(self, path: Path | None, *, make: bool = False) -> None:
        self.path = path
        self._make = make
        self._read: _Keys | None = None
        self._stamp: tuple[int, int] | None = None

    @classmethod
    def configured(cls, settings: Settings) -> "Keyring":
        """The keyring that the settings name. Outside production it is made when it is first needed."""
        production = settings.environment == "production"
        if settings.seal_keys is None and production:
            return cls(None)
        return cls(settings.seal_keys or settings.data_dir / "seal-keys.json", make=not production)

    @property
    def available(self) -> bool:
        """Whether there are keys. Raises SettingsError for a file that is none."""
        return self._keys() is not None

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self._demanded().newest

    @property
    def key_ids(self) -> Sequence[str]:
        """The ids of all keys, oldest first."""
        keys = self._keys()
        return [] if keys is None else list(keys.keys)

    def seed(self, person_id: UUID) -> bytes | None:
        """What a person's pseudonym and other ids that must not tell of them are derived from; None without keys."""
        keys = self._keys()
        return None if keys is None else hmac.digest(keys.pseudonym_key, b"person" + person_id.bytes, "sha256")

    def seal(self, content_id: UUID, author_id: UUID) -> Sealed:
        """Seals who wrote a content; raises `anonymity_not_set_up` without keys."""
        data_key = AESGCM.generate_key(256)
        author = _encrypted(AESGCM(data_key), author_id.bytes, content_id.bytes)
        return self._wrapped(content_id, data_key, author)

    def open(self, content_id: UUID, sealed: Sealed) -> UUID:
        """Who wrote it; raises BrokenSeal."""
        data_key = self._unwrapped(content_id, sealed)
        return UUID(bytes=_decrypted(AESGCM(data_key), sealed.author, content_id.bytes))

    def rewrap(self, content_id: UUID, sealed: Sealed) -> Sealed:
        """The same seal with its data key encrypted anew, with the newest key; raises BrokenSeal."""
        return self._wrapped(content_id, self._unwrapped(content_id, sealed), sealed.author)

    def add_key(self) -> str:
        """Adds a key to the file, which seals from now on; makes the file if there is none. Returns the key's id."""
        if self.path is None:
            raise SettingsError("KSHARE_SEAL_KEYS is not set: name the file that is to hold the keys")
        known = self._keys()
        if known is None:
            self._create(self.path)
            return self.newest
        content = json.loads(self.path.read_text())
        content["keys"].append(_new_key(known.keys))
        draft = _draft(self.path, content)
        draft.replace(self.path)
        return self.newest

    def _wrapped(self, content_id: UUID, data_key: bytes, author: bytes) -> Sealed:
        keys = self._demanded()
        key_id = keys.newest
        return Sealed(key_id, _encrypted(keys.keys[key_id], data_key, _bound(key_id, content_id)), author)

    def _unwrapped(self, content_id: UUID, sealed: Sealed) -> bytes:
        key = self._demanded().keys.get(sealed.key_id)
        if key is None:
            raise BrokenSeal(f"the key file has no key {sealed.key_id}")
        return _decrypted(key, sealed.data_key, _bound(sealed.key_id, content_id))

    def _demanded(self) -> _Keys:
        keys = self._keys()
        if keys is None:
            raise DomainError("anonymity_not_set_up", "This server has no keys with which to seal who wrote something.")
        return keys

    def _keys(self) -> _Keys | None:
        if self.path is None:
            return None
        try:
            stamp = _stamp(self.path)
            if stamp is None and self._read is None and self._make:
                self._create(self.path)
                stamp = _stamp(self.path)
            # A file that is gone while we run may come back; what was read of it is still right.
            if stamp is not None and stamp != self._stamp:
                self._read, self._stamp = _parsed(self.path), stamp
        except OSError as error:
            if self._read is None:
                log.warning("seal_keys_not_read", path=str(self.path), reason=error.strerror)
        return self._read

    def _create(self, path: Path) -> None:
        """Makes the file, unless another process is a moment earlier."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = _draft(path, {"pseudonym_key": _encoded(secrets.token_bytes(32)), "keys": [_new_key({})]})
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino


def _draft(path: Path, content: object) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(content, out, indent=2)
        out.flush()
        os.fsync(out.fileno())
    return draft


def _new_key(known: Mapping[str, object]) -> dict[str, str]:
    id = f"{now():%Y-%m-%d}"
    while id in known:
        id = f"{now():%Y-%m-%d}-{secrets.token_hex(2)}"
    return {"id": id, "key": _encoded(AESGCM.generate_key(256))}


def _parsed(path: Path) -> _Keys:
    try:
        content = json.loads(path.read_text())
        keys = {str(one["id"]): AESGCM(_decoded(one["key"])) for one in content["keys"]}
        pseudonym_key = _decoded(content["pseudonym_key"])
        if not keys or len(keys) < len(content["keys"]):
            raise ValueError("it has no keys, or two with one id")
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"KSHARE_SEAL_KEYS: {path} is no key file of kshare ({type(error).__name__})") from None
    return _Keys(pseudonym_key, keys)


def _encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _decoded(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return key


def _bound(key_id: str, content_id: UUID) -> bytes:
    return key_id.encode() + content_id.bytes


def _encrypted(key: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + key.encrypt(nonce, plain, bound_to)


def _decrypted(key: AESGCM, cipher: bytes, bound_to: bytes) -> bytes:
    try:
        return key.decrypt(cipher[:_NONCE], cipher[_NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise BrokenSeal("it was tampered with, or belongs to another content") from None
