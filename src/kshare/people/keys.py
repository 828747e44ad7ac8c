"""API keys: `ksk_<random><checksum>`. The checksum lets a typing error, or a secret scanner, be told from a key."""

import hashlib
import secrets
import string
import zlib

PREFIX = "ksk_"
_ALPHABET = string.digits + string.ascii_letters
_RANDOM = 40
_CHECKSUM = 6


def new_key() -> str:
    """A fresh key with about 238 bits of randomness."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return PREFIX + body + _checksum(body)


def well_formed(key: str) -> bool:
    """Whether this can be a key at all; false needs no look into the database."""
    body = key[len(PREFIX) : -_CHECKSUM]
    return len(key) == len(PREFIX) + _RANDOM + _CHECKSUM and key.isascii() and key.endswith(_checksum(body))


def digest(key: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def _checksum(body: str) -> str:
    value, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM):
        value, rest = divmod(value, len(_ALPHABET))
        text += _ALPHABET[rest]
    return text
