"""Where key-encryption keys come from, and which files are refused."""

import stat
from pathlib import Path

import pytest

from olelo.auc.errors import KeyFormatError, NotFound, SealError
from olelo.auc.keyfile import create_key_file, read_key_file, replace_key_file
from olelo.auc.keyring import Keyring, key_id
from olelo.auc.secret import Secret

OLD, NEW = Secret(bytes(range(32))), Secret(bytes(range(32, 64)))


def test_the_first_key_seals_and_all_open() -> None:
    ring = Keyring([OLD], "a file")
    sealed = ring.encrypt(b"text", b"row", bytes(12))
    both = ring.with_new_active(NEW)
    assert both.ids == (key_id(NEW), key_id(OLD))
    assert both.decrypt(key_id(OLD), sealed, b"row") == b"text"
    assert both.decrypt(both.active, both.encrypt(b"text", b"row", bytes(12)), b"row") == b"text"
    with pytest.raises(SealError, match="not in a file"):
        both.only_active().decrypt(key_id(OLD), sealed, b"row")


def test_ring_text_is_read_back_and_the_repr_is_safe(tmp_path: Path) -> None:
    ring = Keyring([NEW, OLD], "x")
    path = tmp_path / "kek"
    create_key_file(path, ring.text())
    assert Keyring.load(path).ids == ring.ids
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert OLD.reveal().hex() not in repr(ring)


def test_sources_in_their_order(tmp_path: Path) -> None:
    named, credentials = tmp_path / "named", tmp_path / "credentials"
    create_key_file(named, OLD.reveal().hex())
    credentials.mkdir()
    (credentials / "olelo-auc-kek").write_text(NEW.reveal().hex())
    environment = {"OLELO_AUC_KEK": f"{NEW.reveal().hex()},{OLD.reveal().hex()}"}
    assert Keyring.find(None, environment).ids == (key_id(NEW), key_id(OLD))
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path), "OLELO_AUC_KEK": OLD.reveal().hex()}
    assert Keyring.find(None, environment).active == key_id(OLD)
    environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    assert Keyring.find(None, environment).active == key_id(NEW)
    environment["OLELO_AUC_KEK_FILE"] = str(named)
    assert Keyring.find(None, environment).active == key_id(OLD)
    assert Keyring.find(named, {}).active == key_id(OLD)
    with pytest.raises(NotFound, match="olelo sim key new kek"):
        Keyring.find(None, {})


@pytest.mark.parametrize("text", ["", "# only a comment\n", "0011", "zz" * 32, "00" * 16])
def test_what_is_no_ring(text: str) -> None:
    with pytest.raises(KeyFormatError) as caught:
        Keyring.parse(text, "ring")
    assert "zz" not in str(caught.value)


def test_a_file_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    path.write_text("00" * 32)
    path.chmod(0o640)
    with pytest.raises(KeyFormatError, match="0640"):
        Keyring.load(path)
    with pytest.raises(NotFound):
        read_key_file(tmp_path / "absent")
    with pytest.raises(KeyFormatError, match="regular"):
        read_key_file(Path("/dev/null"))


def test_a_key_file_is_not_text_or_too_large(tmp_path: Path) -> None:
    for content in (b"\xff" * 10, b"0" * 70_000):
        path = tmp_path / "file"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyFormatError):
            read_key_file(path)


def test_keys_are_not_overwritten_but_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    create_key_file(path, "one")
    with pytest.raises(KeyFormatError, match="exists"):
        create_key_file(path, "two")
    assert path.read_text() == "one"
    replace_key_file(path, "three")
    assert path.read_text() == "three"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_nonce_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(SealError):
        Keyring([OLD], "x").encrypt(b"", b"", bytes(16))
