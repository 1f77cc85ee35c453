"""The arithmetic of Digest AKA against values that were worked out apart from it."""

from __future__ import annotations

from typing import Any

import pytest

from auc.vectors import MILENAGE
from olelo.modules.ims_auth import aka
from olelo.sip.digest import Credentials, ha1, response

CASES: list[dict[str, Any]] = MILENAGE["sip_digest_aka"]["vectors"]
SETS = {each["set"]: each for each in MILENAGE["sets"]}


def _credentials(case: dict[str, Any], qop: bytes) -> Credentials:
    return Credentials(
        b"Digest",
        {
            b"username": case["username"].encode(), b"realm": case["realm"].encode(), b"nonce": case["nonce"].encode(),
            b"uri": case["uri"].encode(), b"qop": qop, b"nc": case["nc"].encode(), b"cnonce": case["cnonce"].encode(),
        },
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"set {case['based_on_set']}")
@pytest.mark.parametrize("algorithm", [aka.AKAV1, aka.AKAV2])
def test_password_and_response(case: dict[str, Any], algorithm: str) -> None:
    keys, wanted = SETS[case["based_on_set"]], case[algorithm]
    res, ck, ik = (bytes.fromhex(keys[name]) for name in ("f2", "f3", "f4"))
    password = aka.password(algorithm, res, ck, ik)
    assert password.hex() == wanted["password_hex"]
    credentials = _credentials(case, b"auth")
    h_a1 = ha1(credentials.username, credentials.realm, password)
    assert h_a1.decode() == wanted["ha1"]
    assert response(h_a1, b"REGISTER", credentials).decode() == wanted["response_auth"]
    with_body = _credentials(case, b"auth-int")
    assert response(h_a1, b"REGISTER", with_body).decode() == wanted["response_auth_int_empty_body"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"set {case['based_on_set']}")
def test_keys_of_akav2_are_derived_and_those_of_akav1_are_not(case: dict[str, Any]) -> None:
    keys, wanted = SETS[case["based_on_set"]], case[aka.AKAV2]
    ck, ik = bytes.fromhex(keys["f3"]), bytes.fromhex(keys["f4"])
    assert aka.session_keys(aka.AKAV1, ck, ik) == (ck, ik)
    assert [each.hex() for each in aka.session_keys(aka.AKAV2, ck, ik)] == [wanted["ck_akav2"], wanted["ik_akav2"]]


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        ("AKAv1-MD5", aka.AKAV1),
        ("akav1-md5", aka.AKAV1),
        ("AKAV2-MD5", aka.AKAV2),
        ("MD5", aka.MD5),
        ("3GPP-Digest", aka.MD5),
        ("HSS-Selected", ""),
        ("", ""),
    ],
)
def test_names_of_algorithms(text: str, algorithm: str) -> None:
    assert aka.algorithm_named(text) == algorithm


def test_a_nonce_is_44_characters_of_rand_and_autn() -> None:
    nonce = aka.make_nonce(bytes(range(16)), bytes(range(16, 32)))
    assert nonce == b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
