"""AUTN, AUTS and what a vector shows of itself."""

import base64

import pytest

from auc.vectors import MILENAGE
from olelo.auc.errors import FormatError
from olelo.auc.milenage import Milenage
from olelo.auc.secret import Secret
from olelo.auc.tuak import Tuak
from olelo.auc.vector import build_auts, check_auts, generate, parse_auts, triplet

SET20 = MILENAGE["sets"][19]
FUNCTIONS = Milenage().bind(Secret.from_hex(SET20["k"]), Secret.from_hex(SET20["opc"]))
RAND = bytes.fromhex(SET20["rand"])


def test_set_20_keeps_its_zero_byte() -> None:
    vector = generate(FUNCTIONS, RAND, int(SET20["sqn"], 16), bytes.fromhex(SET20["amf"]))
    assert vector.xres == bytes.fromhex("a95100e2760952cd")
    assert vector.res_matches(bytes.fromhex("a95100e2760952cd"))
    assert not vector.res_matches(bytes.fromhex("a951"))
    assert not vector.res_matches(b"")


def test_the_repr_hides_what_proves_the_card() -> None:
    text = repr(generate(FUNCTIONS, RAND, 32, b"\0\0"))
    text += repr(triplet(FUNCTIONS, RAND)) + repr(FUNCTIONS) + repr(FUNCTIONS.f2345(RAND))
    answer = FUNCTIONS.f2345(RAND)
    for hidden in (answer.res, answer.ck, answer.ik, answer.ak):
        assert repr(hidden)[2:-1] not in text
        assert hidden.hex() not in text


@pytest.mark.parametrize("item", MILENAGE["sip_digest_aka"]["vectors"], ids=lambda item: str(item["based_on_set"]))
def test_the_pinned_nonce_and_auts(item: dict) -> None:
    base = MILENAGE["sets"][item["based_on_set"] - 1]
    functions = Milenage().bind(Secret.from_hex(base["k"]), Secret.from_hex(base["opc"]))
    rand = bytes.fromhex(base["rand"])
    vector = generate(functions, rand, int(base["sqn"], 16), bytes.fromhex(base["amf"]))
    assert base64.b64encode(vector.rand + vector.autn).decode() == item["nonce"]
    auts = parse_auts(item["resync"]["auts"])
    assert auts == parse_auts(item["resync"]["auts_hex"])
    assert check_auts(functions, rand, auts) == int(item["resync"]["sqn_ms"], 16)
    assert build_auts(functions, rand, int(item["resync"]["sqn_ms"], 16)) == auts


def test_auts_with_an_amf_other_than_zero_is_refused() -> None:
    assert check_auts(FUNCTIONS, RAND, build_auts(FUNCTIONS, RAND, 77)) == 77
    assert check_auts(FUNCTIONS, RAND, build_auts(FUNCTIONS, RAND, 77, b"\x80\x00")) is None


def test_every_flipped_bit_of_an_auts_is_refused() -> None:
    auts = build_auts(FUNCTIONS, RAND, 12345)
    for bit in range(len(auts) * 8):
        changed = bytearray(auts)
        changed[bit // 8] ^= 1 << bit % 8
        assert check_auts(FUNCTIONS, RAND, bytes(changed)) is None
    assert check_auts(FUNCTIONS, bytes(16), auts) is None
    assert check_auts(FUNCTIONS, RAND, auts[:-1]) is None
    assert check_auts(FUNCTIONS, RAND, b"") is None


@pytest.mark.parametrize("text", ["", "zz", "AAAA", "00" * 13, "00" * 15, "!" * 20, "é" * 20])
def test_text_that_is_no_auts(text: str) -> None:
    with pytest.raises(FormatError):
        parse_auts(text)


def test_sqn_of_more_than_48_bits_is_refused() -> None:
    with pytest.raises(FormatError):
        generate(FUNCTIONS, RAND, 1 << 48, b"\0\0")


def test_triplets_of_tuak() -> None:
    functions = Tuak(res=128).bind(Secret(bytes(16)), Secret(bytes(32)))
    res = functions.f2345(RAND).res
    words = [int.from_bytes(res[i : i + 4], "big") for i in range(0, 16, 4)]
    assert int.from_bytes(triplet(functions, RAND).sres, "big") == words[0] ^ words[1] ^ words[2] ^ words[3]
    with pytest.raises(FormatError):
        triplet(Tuak(ck=256).bind(Secret(bytes(16)), Secret(bytes(32))), RAND)
