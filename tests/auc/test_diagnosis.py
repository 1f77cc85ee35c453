"""One captured exchange tells what is wrong."""

import pytest

from olelo.auc.diagnosis import Exchange, diagnose
from olelo.auc.errors import FormatError
from olelo.auc.milenage import Milenage
from olelo.auc.seal import CardKeys
from olelo.auc.secret import Secret
from olelo.auc.sqn import Counter, join
from olelo.auc.tuak import Tuak
from olelo.auc.vector import build_auts, generate

M = Milenage()
K, OP = Secret(bytes(range(16))), Secret(bytes(range(50, 66)))
OPC = M.opc(K, OP)
RIGHT = CardKeys(K, OPC)
OTHER = CardKeys(Secret(bytes(range(1, 17))), Secret(bytes(range(2, 18))))
RAND = bytes(range(200, 216))
AMF = b"\0\0"
COUNTER = Counter(sqn=join(10, 16), ind=16, ind_length=5)


def _exchange(network: CardKeys, card: CardKeys, *, seq: int = 10, amf: bytes = AMF, ind: int = 16) -> Exchange:
    vector = generate(M.bind(network.k, network.opc), RAND, join(seq, ind), amf)
    return Exchange(RAND, vector.autn, M.bind(card.k, card.opc).f2345(RAND).res)


def _codes(stored: CardKeys, exchange: Exchange, **options: object) -> list[str]:
    return [item.code for item in diagnose(M, stored, AMF, exchange, **options) if item.wrong]  # type: ignore[arg-type]


def test_all_right() -> None:
    found = diagnose(M, RIGHT, AMF, _exchange(RIGHT, RIGHT), counter=COUNTER)
    assert [(item.code, item.wrong) for item in found] == [("ok", False), ("sqn-ok", False)]


def test_an_op_was_stored_as_opc() -> None:
    stored = CardKeys(K, OP)
    assert _codes(stored, _exchange(stored, RIGHT)) == ["op-as-opc"]
    # The same, seen from a network that is right about the card.
    assert _codes(stored, _exchange(RIGHT, RIGHT)) == ["op-as-opc"]
    # And with no answer but an AUTS.
    auts = build_auts(M.bind(K, OPC), RAND, 77)
    vector = generate(M.bind(K, OP), RAND, join(1, 16), AMF)
    assert "op-as-opc" in _codes(stored, Exchange(RAND, vector.autn, auts=auts))


def test_the_other_mix_ups_of_op_and_opc() -> None:
    assert _codes(OTHER_OPC, _exchange(OTHER_OPC, RIGHT), op=OP) == ["opc-not-of-op"]
    assert _codes(RIGHT, _exchange(RIGHT, CardKeys(K, OP)), op=OP) == ["opc-as-op"]


OTHER_OPC = CardKeys(K, Secret(bytes(range(3, 19))))


def test_k_and_opc_in_each_others_place() -> None:
    swapped = CardKeys(OPC, K)
    assert _codes(swapped, _exchange(swapped, RIGHT)) == ["k-opc-swapped"]


def test_a_wrong_k() -> None:
    wrong = CardKeys(OTHER.k, OPC)
    assert _codes(wrong, _exchange(wrong, RIGHT)) == ["keys"]
    assert _codes(OTHER, _exchange(RIGHT, RIGHT)) == ["keys"]


def test_another_auc_made_the_challenge() -> None:
    assert _codes(RIGHT, _exchange(OTHER, RIGHT)) == ["network-keys"]


@pytest.mark.parametrize("card", [OTHER, CardKeys(OTHER.k, OPC), CardKeys(K, OTHER.opc)])
def test_swapped_rows_and_shifted_columns(card: CardKeys) -> None:
    found = diagnose(M, RIGHT, AMF, _exchange(RIGHT, card), neighbours=[("001010000000002", OTHER)])
    assert [item.code for item in found if item.wrong] == ["neighbour"]
    assert "001010000000002" in found[0].text


def test_amf() -> None:
    assert _codes(RIGHT, _exchange(RIGHT, RIGHT, amf=b"\x80\x00")) == ["amf"]
    vector = generate(M.bind(K, OPC), RAND, join(10, 16), b"\0\0")
    changed = vector.autn[:6] + b"\x80\x00" + vector.autn[8:]
    assert _codes(RIGHT, Exchange(RAND, changed, vector.xres)) == ["amf"]


def test_sqn() -> None:
    functions = M.bind(K, OPC)
    vector = generate(functions, RAND, join(10, 16), AMF)
    ahead = Exchange(RAND, vector.autn, auts=build_auts(functions, RAND, join(500, 16)))
    assert _codes(RIGHT, ahead, counter=COUNTER) == ["sqn-behind"]
    far = Exchange(RAND, vector.autn, auts=build_auts(functions, RAND, join(2, 16)))
    assert _codes(RIGHT, far, counter=COUNTER) == ["sqn-ahead"]
    assert _codes(RIGHT, _exchange(RIGHT, RIGHT, seq=99), counter=COUNTER) == ["sqn-ahead"]
    assert _codes(RIGHT, _exchange(RIGHT, RIGHT, ind=3), counter=COUNTER) == ["sqn-ahead"]


def test_an_auts_made_with_the_networks_amf() -> None:
    functions = M.bind(K, OPC)
    vector = generate(functions, RAND, join(10, 16), AMF)
    exchange = Exchange(RAND, vector.autn, auts=build_auts(functions, RAND, join(500, 16), b"\x80\x00"))
    assert _codes(RIGHT, exchange) == ["amf-resync", "sqn-behind"]


def test_tuak_and_what_is_no_exchange() -> None:
    tuak = Tuak()
    keys = CardKeys(K, Secret(bytes(32)))
    vector = generate(tuak.bind(K, keys.opc), RAND, 32, AMF)
    assert diagnose(tuak, keys, AMF, Exchange(RAND, vector.autn, vector.xres))[0].code == "ok"
    with pytest.raises(FormatError):
        diagnose(M, RIGHT, AMF, Exchange(RAND, bytes(8), None))


def test_no_finding_holds_a_key() -> None:
    stored = CardKeys(K, OP)
    for exchange in (_exchange(stored, RIGHT), _exchange(OTHER, OTHER), _exchange(RIGHT, OTHER)):
        for item in diagnose(M, stored, AMF, exchange, op=OP, neighbours=[("001010000000002", OTHER)]):
            for key in (K, OP, OPC, OTHER.k, OTHER.opc):
                assert key.reveal().hex() not in item.text
