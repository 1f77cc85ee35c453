"""A Secret shows its length and nothing else."""

import copy
import pickle
import traceback

import pytest

from olelo.auc.errors import KeyFormatError
from olelo.auc.secret import Secret

HEX = "00112233445566778899aabbccddeeff"


def test_no_text_form_shows_the_key() -> None:
    secret = Secret.from_hex(HEX)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", f"{[secret]}"):
        assert "Secret(128 bits)" in text
        assert HEX not in text


def test_it_is_not_serialised_hashed_or_copied() -> None:
    secret = Secret.from_hex(HEX)
    for attempt in (pickle.dumps, copy.deepcopy, hash):
        with pytest.raises(TypeError):
            attempt(secret)


def test_equality() -> None:
    assert Secret.from_hex(HEX) == Secret(bytes.fromhex(HEX))
    assert Secret.from_hex(HEX) != Secret(bytes(16))
    assert Secret.from_hex(HEX) != bytes.fromhex(HEX)


@pytest.mark.parametrize("text", [HEX.upper(), "0x" + HEX, " ".join(HEX[i : i + 4] for i in range(0, 32, 4)) + "\n"])
def test_forms_people_type(text: str) -> None:
    assert Secret.from_hex(text).reveal().hex() == HEX


@pytest.mark.parametrize("text", [HEX[:-1], HEX[:-2], HEX[:-2] + "zz", "", HEX * 3])
def test_an_error_does_not_repeat_the_key(text: str) -> None:
    with pytest.raises(KeyFormatError) as caught:
        Secret.from_hex(text, what="K")
    assert HEX[:8] not in "".join(traceback.format_exception(caught.value))


def test_a_span_of_lengths_is_told_by_its_ends() -> None:
    with pytest.raises(KeyFormatError, match=r"6 hexadecimal digits, expected 32 to 158$"):
        Secret.from_hex("00 11-22", sizes=range(16, 80))
    assert len(Secret.from_hex("0x" + "00:" * 20, sizes=range(16, 80))) == 20
