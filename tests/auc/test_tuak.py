"""TUAK against TS 35.233, byte for byte, and the permutation against hashlib."""

import hashlib

import pytest

from auc.vectors import TUAK
from olelo.auc.errors import FormatError, KeyFormatError
from olelo.auc.keccak import permute
from olelo.auc.secret import Secret
from olelo.auc.tuak import Tuak


@pytest.mark.parametrize("item", TUAK["sets"], ids=lambda item: str(item["set"]))
def test_every_function_of_every_set(item: dict) -> None:
    tuak = Tuak(
        iterations=item["iterations"],
        mac=item["mac_len"],
        res=item["res_len"],
        ck=item["ck_len"],
        ik=item["ik_len"],
    )
    k = Secret.from_hex(item["k"])
    topc = tuak.opc(k, Secret.from_hex(item["top"]))
    assert topc.reveal().hex() == item["topc"]
    functions = tuak.bind(k, topc)
    rand, sqn, amf = (bytes.fromhex(item[name]) for name in ("rand", "sqn", "amf"))
    answer = functions.f2345(rand)
    computed = {
        "f1": functions.f1(rand, sqn, amf),
        "f1s": functions.f1_star(rand, sqn, amf),
        "f2": answer.res,
        "f3": answer.ck,
        "f4": answer.ik,
        "f5": answer.ak,
        "f5s": functions.f5_star(rand),
    }
    assert {name: value.hex() for name, value in computed.items()} == {name: item[name] for name in computed}


def test_all_six_sets_are_there() -> None:
    assert [item["set"] for item in TUAK["sets"]] == [1, 2, 3, 4, 5, 6]


def test_the_permutation_makes_shake256() -> None:
    message = bytes(range(96))
    padded = message + b"\x1f" + bytes(136 - 98) + b"\x80" + bytes(64)
    assert permute(padded)[:136] == hashlib.shake_256(message).digest(136)


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(KeyFormatError):
        Tuak().opc(Secret(bytes(24)), Secret(bytes(32)))
    with pytest.raises(KeyFormatError):
        Tuak().opc(Secret(bytes(16)), Secret(bytes(16)))
    with pytest.raises(KeyFormatError):
        Tuak().bind(Secret(bytes(16)), Secret(bytes(16)))
    with pytest.raises(FormatError):
        Tuak(mac=32)
    with pytest.raises(FormatError):
        Tuak(iterations=0)
    with pytest.raises(FormatError):
        Tuak(ck=64)
    with pytest.raises(FormatError):
        Tuak().bind(Secret(bytes(16)), Secret(bytes(32))).f5_star(bytes(4))
