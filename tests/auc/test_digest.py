"""An Authorization header of a trace, and what it tells about the card."""

import pytest

from auc.vectors import MILENAGE
from olelo.auc.diagnosis import Exchange, diagnose
from olelo.auc.digest import parse_authorization
from olelo.auc.errors import FormatError
from olelo.auc.milenage import Milenage
from olelo.auc.seal import CardKeys
from olelo.auc.secret import Secret

DIGEST = MILENAGE["sip_digest_aka"]
ITEMS = DIGEST["vectors"]
M = Milenage()


def _keys(item: dict) -> CardKeys:
    base = MILENAGE["sets"][item["based_on_set"] - 1]
    return CardKeys(Secret.from_hex(base["k"]), Secret.from_hex(base["opc"]))


def _amf(item: dict) -> bytes:
    return bytes.fromhex(MILENAGE["sets"][item["based_on_set"] - 1]["amf"])


def _op(item: dict) -> Secret:
    return Secret.from_hex(MILENAGE["sets"][item["based_on_set"] - 1]["op"])


def _header(item: dict, name: str, offer: str = "auth", /, **changes: str) -> str:
    answer = {"auth": "response_auth", "auth-int": "response_auth_int_empty_body"}[offer]
    values = {
        "username": f'"{item["username"]}"',
        "realm": f'"{item["realm"]}"',
        "nonce": f'"{item["nonce"]}"',
        "uri": f'"{item["uri"]}"',
        "algorithm": name,
        "response": f'"{item[name][answer]}"',
        "qop": offer,
        "nc": item["nc"],
        "cnonce": f'"{item["cnonce"]}"',
    } | changes
    return "Digest " + ",".join(f"{key}={value}" for key, value in values.items())


def _codes(item: dict, header: str, keys: CardKeys | None = None, **more: object) -> list[str]:
    answer = parse_authorization(header)
    exchange = Exchange(answer.rand, answer.autn, auts=answer.auts, digest=answer)
    return [found.code for found in diagnose(M, keys or _keys(item), _amf(item), exchange, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: str(item["based_on_set"]))
@pytest.mark.parametrize("algorithm", ["AKAv1-MD5", "AKAv2-MD5"])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_the_pinned_responses_fit_their_card_only(item: dict, algorithm: str, qop: str) -> None:
    header = _header(item, algorithm, qop)
    assert _codes(item, header) == ["ok"]
    wrong = header.replace('response="', 'response="f' if 'response="f' not in header else 'response="0')
    assert _codes(item, wrong) == ["keys"]
    assert _codes(item, header, CardKeys(Secret(bytes(16)), Secret(bytes(16)))) == ["keys"]


def test_an_op_stored_as_opc_is_seen_in_a_digest() -> None:
    item = ITEMS[0]
    assert _codes(item, _header(item, "AKAv1-MD5"), CardKeys(_keys(item).k, _op(item))) == ["op-as-opc"]


def test_a_folded_header_quotes_and_commas_in_them() -> None:
    item = ITEMS[0]
    header = _header(item, "AKAv1-MD5", algorithm='"AKAv1-MD5"')
    for text in (
        header.replace(",", ",\r\n\t"),
        "Authorization: " + header.replace(",", " ,  "),
        header + ',opaque="a,b=c"',
    ):
        assert _codes(item, text) == ["ok"]


def test_with_an_auts_the_digest_is_not_looked_at() -> None:
    item = ITEMS[0]
    resync = item["resync"]
    for response in (resync["response_auth_empty_password"], "", "0" * 32):
        header = _header(item, "AKAv1-MD5", response=f'"{response}"', auts=f'"{resync["auts"]}"')
        assert "keys" not in _codes(item, header)
        assert "refused" not in _codes(item, header)
    header = _header(item, "AKAv1-MD5", response='""', auts=f'"{resync["auts_hex"]}"')
    assert parse_authorization(header).auts == bytes.fromhex(resync["auts_hex"])


def test_an_empty_response_is_a_refused_mac() -> None:
    item = ITEMS[0]
    header = _header(item, "AKAv1-MD5", response='""')
    assert _codes(item, header) == ["refused"]
    # AUTN of other keys, and nothing that the card computed: no mistake of ours may be guessed on the card's side.
    other = CardKeys(Secret(bytes(16)), Secret(bytes(16)))
    assert _codes(item, header, other) == ["keys"]
    assert _codes(item, header, CardKeys(_keys(item).k, _op(item))) == ["op-as-opc"]


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "MD5"},
        {"algorithm": ""},
        {"nonce": '"AAAA"'},
        {"nonce": '"no base64!"'},
        {"qop": "auth-conf"},
        {"auts": '"AAAA"'},
        {"opaque": '"open'},
    ],
)
def test_headers_that_are_no_aka_answer(change: dict[str, str]) -> None:
    with pytest.raises(FormatError):
        parse_authorization(_header(ITEMS[0], "AKAv1-MD5", **change))


@pytest.mark.parametrize("text", ["", "Basic abc", "Digest", "Digest nonsense", "Authorization:"])
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(FormatError):
        parse_authorization(text)
