"""Milenage against TS 35.207, TS 35.208 and TS 55.205, byte for byte."""

import pytest

from auc.vectors import MILENAGE, MILENAGE_SETS
from olelo.auc.errors import FormatError, KeyFormatError
from olelo.auc.milenage import Milenage
from olelo.auc.secret import Secret
from olelo.auc.vector import check_auts, generate, triplet

STANDARD = Milenage()


def _id(item: dict) -> str:
    return str(item.get("set") or item.get("name"))


def _functions(item: dict, milenage: Milenage = STANDARD):
    return milenage.bind(Secret.from_hex(item["k"]), Secret.from_hex(item["opc"]))


@pytest.mark.parametrize("item", [item for item in MILENAGE_SETS if "f1" in item], ids=_id)
def test_every_function_of_every_set(item: dict) -> None:
    k = Secret.from_hex(item["k"])
    opc = STANDARD.opc(k, Secret.from_hex(item["op"]))
    assert opc.reveal().hex() == item["opc"]
    functions = STANDARD.bind(k, opc)
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


def test_all_twenty_sets_and_the_extra_ones_are_there() -> None:
    assert [item["set"] for item in MILENAGE["sets"]] == list(range(1, 21))
    assert len(MILENAGE["extra"]) == 2


@pytest.mark.parametrize("item", MILENAGE["sets"], ids=_id)
def test_autn_and_gsm_values_derived_from_each_set(item: dict) -> None:
    functions = _functions(item)
    rand = bytes.fromhex(item["rand"])
    vector = generate(functions, rand, int(item["sqn"], 16), bytes.fromhex(item["amf"]))
    assert vector.autn.hex() == item["derived"]["autn"]
    assert vector.xres.hex() == item["f2"]
    gsm = triplet(functions, rand)
    assert (gsm.sres.hex(), gsm.kc.hex()) == (item["derived"]["gsm_sres_c2"], item["derived"]["gsm_kc_c3"])
    assert triplet(functions, rand, alternative_sres=True).sres.hex() == item["derived"]["gsm_sres_alt"]


@pytest.mark.parametrize("item", MILENAGE["gsm_milenage_ts_55_205"], ids=_id)
def test_gsm_milenage_ts_55_205(item: dict) -> None:
    functions = STANDARD.bind(Secret.from_hex(item["ki"]), Secret.from_hex(item["opc"]))
    rand = bytes.fromhex(item["rand"])
    assert triplet(functions, rand).sres.hex() == item["sres1"]
    assert triplet(functions, rand, alternative_sres=True).sres.hex() == item["sres2"]
    assert triplet(functions, rand).kc.hex() == item["kc"]


@pytest.mark.parametrize("item", MILENAGE["auts_checks"], ids=lambda item: item["sqn_ms"])
def test_auts_of_real_cards(item: dict) -> None:
    base = MILENAGE["sets"][item["based_on_set"] - 1]
    rand, auts = bytes.fromhex(item["rand"]), bytes.fromhex(item["auts"])
    assert check_auts(_functions(base), rand, auts) == int(item["sqn_ms"], 16)


def test_generate_check() -> None:
    (item,) = MILENAGE["generate_checks"]
    functions = _functions(MILENAGE["sets"][item["based_on_set"] - 1])
    rand, sqn = bytes.fromhex(item["rand"]), bytes.fromhex(item["sqn"])
    amf = bytes.fromhex(MILENAGE["sets"][item["based_on_set"] - 1]["amf"])
    assert functions.f1(rand, sqn, amf).hex() == item["f1"]
    assert functions.f1_star(rand, sqn, amf).hex() == item["f1s"]
    assert functions.f5_star(rand).hex() == item["f5s"]
    assert functions.f2345(rand).res.hex() == item["f2"]


def test_own_rotations_and_constants_change_only_their_function() -> None:
    item = MILENAGE["sets"][0]
    rand = bytes.fromhex(item["rand"])
    own = Milenage(rotations=(64, 0, 33, 64, 96))  # not a multiple of 8, as open5gs#1153 needed
    answer = _functions(item, own).f2345(rand)
    assert answer.res.hex() == item["f2"]
    assert answer.ck.hex() != item["f3"]
    assert answer.ik.hex() == item["f4"]
    c1 = Milenage(constants=(1, 1, 2, 4, 8))
    sqn, amf = bytes.fromhex(item["sqn"]), bytes.fromhex(item["amf"])
    mac = _functions(item, c1).f1(rand, sqn, amf)
    assert mac.hex() != item["f1"]


def test_a_rotation_of_one_bit_goes_towards_the_most_significant_bit() -> None:
    # OUT3 = E(rot(E(RAND^OPc)^OPc, r3) ^ c3) ^ OPc, computed here the long way, bit string by bit string.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key, opc, rand = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
    encrypt = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update
    temp = encrypt(bytes(a ^ b for a, b in zip(rand, opc, strict=True)))
    bits = "".join(f"{a ^ b:08b}" for a, b in zip(temp, opc, strict=True))
    rotated = int(bits[1:] + bits[:1], 2) ^ 2
    expected = bytes(a ^ b for a, b in zip(encrypt(rotated.to_bytes(16, "big")), opc, strict=True))
    functions = Milenage(rotations=(64, 0, 1, 64, 96)).bind(Secret(key), Secret(opc))
    assert functions.f2345(rand).ck == expected


def test_wrong_sizes_are_refused() -> None:
    good = Secret(bytes(16))
    with pytest.raises(KeyFormatError):
        STANDARD.bind(Secret(bytes(15)), good)
    with pytest.raises(KeyFormatError):
        STANDARD.bind(good, Secret(bytes(32)))
    with pytest.raises(KeyFormatError):
        STANDARD.opc(good, Secret(bytes(8)))
    functions = STANDARD.bind(good, good)
    with pytest.raises(FormatError):
        functions.f2345(bytes(15))
    with pytest.raises(FormatError):
        functions.f1(bytes(16), bytes(5), bytes(2))
    with pytest.raises(FormatError):
        Milenage(rotations=(64, 0, 32, 64, 128))
    with pytest.raises(FormatError, match="equal"):
        Milenage(rotations=(64, 0, 0, 64, 96), constants=(0, 1, 1, 4, 8))
