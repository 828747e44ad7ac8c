"""The key file and what it seals."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.core.errors import DomainError
from kshare.core.sealing import BrokenSeal, Keyring, Sealed, derived
from kshare.core.settings import Settings, SettingsError


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys.json", make=True)


def test_what_is_sealed_opens_and_is_of_one_size(keyring: Keyring) -> None:
    seals = []
    for _ in range(20):
        content, author = uuid4(), uuid4()
        sealed = keyring.seal(content, author)
        assert keyring.open(content, sealed) == author
        seals.append(sealed)
    assert {(len(one.data_key), len(one.author)) for one in seals} == {(60, 44)}
    author, content = uuid4(), uuid4()
    assert keyring.seal(content, author) != keyring.seal(content, author)


@given(part=st.sampled_from(["data_key", "author"]), place=st.integers(0, 43), bit=st.integers(0, 7))
def test_what_was_tampered_with_does_not_open(part: str, place: int, bit: int) -> None:
    content = uuid4()
    sealed = _RING.seal(content, uuid4())
    changed = bytearray(getattr(sealed, part))
    changed[place] ^= 1 << bit
    with pytest.raises(BrokenSeal):
        _RING.open(content, replace(sealed, **{part: bytes(changed)}))  # type: ignore[arg-type]


def test_nor_does_another_contents_seal_or_one_of_another_file(keyring: Keyring, tmp_path: Path) -> None:
    content, other, author = uuid4(), uuid4(), uuid4()
    sealed, of_other = keyring.seal(content, author), keyring.seal(other, author)
    for wrong in (of_other, replace(sealed, author=of_other.author), replace(sealed, data_key=of_other.data_key)):
        with pytest.raises(BrokenSeal):
            keyring.open(content, wrong)
    for wrong in (Sealed(sealed.key_id, b"", b""), replace(sealed, key_id="1999-01-01")):
        with pytest.raises(BrokenSeal):
            keyring.open(content, wrong)
    with pytest.raises(BrokenSeal):
        Keyring(tmp_path / "others.json", make=True).open(content, sealed)


def test_a_new_key_seals_and_pseudonyms_stay(keyring: Keyring) -> None:
    content, author = uuid4(), uuid4()
    assert keyring.available
    running = Keyring(keyring.path)  # another process, which has read the file before
    sealed, seed = running.seal(content, author), running.seed(author)
    first, second = keyring.newest, keyring.add_key()
    assert first != second and list(keyring.key_ids) == [first, second]
    assert running.newest == second and running.seed(author) == seed
    assert running.open(content, sealed) == author
    anew = keyring.rewrap(content, sealed)
    assert anew.key_id == second and anew.author == sealed.author and anew.data_key != sealed.data_key
    assert keyring.open(content, anew) == author
    assert running.seal(content, author).key_id == second


def test_ids_of_different_purposes_have_nothing_in_common(keyring: Keyring) -> None:
    one, other = keyring.seed(uuid4()), keyring.seed(uuid4())
    assert one is not None and other is not None
    ids = {derived(seed, *purpose) for seed in (one, other) for purpose in (("a",), ("b",), ("a", "b"), ("ab",))}
    assert len(ids) == 8 and all(isinstance(id, UUID) and id.version == 8 for id in ids)


def test_the_file_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    rings = [Keyring(path, make=True) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        seeds = list(pool.map(lambda ring: ring.seed(UUID(int=1)), rings))
    assert len(set(seeds)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rings[0].add_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_in_production_no_file_is_made(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"_env_file": None, "environment": "production", "data_dir": tmp_path}
    named = tmp_path / "named.json"
    for keyring in (
        Keyring.configured(Settings(**settings)),
        Keyring.configured(Settings(**settings, seal_keys=named)),
    ):
        assert not keyring.available and keyring.seed(uuid4()) is None and list(keyring.key_ids) == []
        with pytest.raises(DomainError) as refusal:
            keyring.seal(uuid4(), uuid4())
        assert refusal.value.code == "anonymity_not_set_up"
    assert not list(tmp_path.iterdir())
    keyring = Keyring.configured(Settings(**settings, seal_keys=named))
    assert keyring.add_key() == keyring.newest  # but by whoever runs it
    assert keyring.available


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pseudonym_key": "x", "keys": []}', '{"keys": [{"id": 1}]}'])
def test_a_file_that_is_none_is_refused_without_being_quoted(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match="KSHARE_SEAL_KEYS"):
        _ = Keyring(path, make=True).available
    good = Keyring(tmp_path / "good.json", make=True)
    assert good.available
    broken = json.loads((tmp_path / "good.json").read_text())
    broken["keys"].append(broken["keys"][0])
    path.write_text(json.dumps(broken))
    with pytest.raises(SettingsError) as refusal:
        _ = Keyring(path).available
    assert broken["pseudonym_key"] not in str(refusal.value)


def _ring() -> Keyring:
    import tempfile

    directory = Path(tempfile.mkdtemp())
    keyring = Keyring(directory / "keys.json", make=True)
    assert keyring.available
    (directory / "keys.json").unlink()  # what was read of it goes on working
    directory.rmdir()
    return keyring


_RING = _ring()
