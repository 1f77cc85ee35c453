"""A manifest is believed only from the trusted key and unchanged."""

import json

import pytest

from olelo.auc.errors import CheckValueError, FormatError
from olelo.auc.manifest import Manifest, public_key, sign, verify
from olelo.auc.secret import Secret

KEY = Secret(bytes(range(32)))
MANIFEST = Manifest(
    file="cards.csv",
    format="olelo",
    batches=["first"],
    count=5,
    imsi_first="001010000000001",
    imsi_last="001010000000005",
    iccid_first="8988211000000000011",
    iccid_last="8988211000000000052",
    sha256="00" * 32,
    transport={"*": {"mode": "aes-gcm", "kcv": "ABCDEF", "index": 1}},
    plaintext_keys=False,
    who="test",
    when="2026-11-23T00:00:00Z",
)


def test_round_trip() -> None:
    assert verify(sign(MANIFEST, KEY), public_key(KEY) + "\n") == MANIFEST


def test_the_private_key_is_not_in_it() -> None:
    assert KEY.reveal().hex() not in sign(MANIFEST, KEY)


@pytest.mark.parametrize(
    ("name", "value"), [("count", 6), ("sha256", "11" * 32), ("who", "x"), ("plaintext_keys", True)]
)
def test_a_changed_manifest_is_refused(name: str, value: object) -> None:
    body = json.loads(sign(MANIFEST, KEY))
    body["manifest"][name] = value
    with pytest.raises(CheckValueError):
        verify(json.dumps(body), public_key(KEY))


def test_another_signer_is_refused_whatever_key_the_file_names() -> None:
    other = Secret(bytes(32))
    with pytest.raises(CheckValueError):
        verify(sign(MANIFEST, other), public_key(KEY))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"manifest": {}, "signature": ""}', '{"manifest": 1, "signature": "x"}']
)
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(FormatError):
        verify(text, public_key(KEY))


def test_wrong_version_or_trusted_key() -> None:
    body = json.loads(sign(MANIFEST, KEY))
    body["manifest"]["version"] = 2
    with pytest.raises(FormatError, match="version 2"):
        verify(json.dumps(body), public_key(KEY))
    for trusted in ("", "zz", "00"):
        with pytest.raises(FormatError):
            verify(sign(MANIFEST, KEY), trusted)
