"""Keys that a script brings: ims_auth_data_set and av_mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.ims_auth.kit import HOME, Place, codes, exchange, register
from modules.ims_auth.test_registration import module
from olelo.auc.errors import AutsMacFailure, SqnExhausted
from olelo.auc.milenage import Milenage
from olelo.auc.scripted import ScriptedCards
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.auc.usim import Usim
from olelo.auc.vector import build_auts
from olelo.sip.message import Message
from olelo.testing.sim_phone import Habits

K, OP = bytes(range(16)).hex(), bytes(range(100, 116)).hex()
OPC = Milenage().opc(Secret(bytes.fromhex(K)), Secret(bytes.fromhex(OP))).reveal().hex()
USER = "001019999999999"  # no card of the database


def card() -> Usim:
    return Usim(Milenage().bind(Secret(bytes.fromhex(K)), Secret(bytes.fromhex(OPC))))


def setting(op: str = "", op_c: str = "", key: str = K, amf: str = "8000") -> str:
    return f'ims_auth_data_set("{key}", "{op}", "{op_c}", "{amf}"); $var(top) = $rc; xlog("top $var(top)\\n");'


@pytest.mark.parametrize("keys", [setting(op=OP), setting(op_c=OPC), setting(op="00" * 16, op_c=OPC)])
def test_a_phone_whose_keys_the_script_has(place: Place, keys: str) -> None:
    bed = place.bed('"av_mode", 1', top=keys)
    peer = bed.peer("phone")
    phone = place.phone(peer, USER, usim=card())
    assert [register(phone, peer), register(phone, peer)] == [200, 200]
    assert phone.numbers == [48, 80]
    again = place.bed('"av_mode", 1', top=keys)
    peer = again.peer("phone")
    assert register(phone, peer) == 200
    assert phone.numbers[-1] == 112  # kept in the database, over a restart


def test_resynchronisation(place: Place) -> None:
    bed = place.bed('"av_mode", 1', top=setting(op_c=OPC))
    peer = bed.peer("phone")
    phone = place.phone(peer, USER, usim=card())
    phone.usim.slots[16] = 900
    assert register(phone, peer) == 200
    assert phone.numbers == [48, 901 * 32 + 16]
    assert codes(bed, "resync") == ["1"]


def test_without_av_mode_they_have_no_effect(place: Place) -> None:
    bed = place.bed(top=setting(op_c=OPC))
    peer = bed.peer("phone")
    assert register(place.phone(peer, USER, usim=card()), peer) == 403
    assert any("no effect without av_mode" in line for line in bed.log)


def test_reset(place: Place) -> None:
    bed = place.bed('"av_mode", 1', top=setting(op_c=OPC) + " ims_auth_data_reset();")
    peer = bed.peer("phone")
    assert register(place.phone(peer, USER, usim=card()), peer) == 403


@pytest.mark.parametrize(
    "keys",
    [setting(), setting(op_c=OPC, key="12"), setting(op_c="zz" * 16), setting(op=OP[:-2]), setting(op_c=OPC, amf="1")],
)
def test_bad_keys_are_refused_and_not_shown(place: Place, keys: str) -> None:
    bed = place.bed('"av_mode", 1', top=keys)
    peer = bed.peer("phone")
    assert register(place.phone(peer, USER, usim=card()), peer) == 403
    assert codes(bed, "top")[0] == "-1"
    assert not any(secret in line for line in bed.log for secret in (K, OP, OPC))


def test_no_ring_and_no_database_are_needed(tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLELO_AUC_KEK", "OLELO_AUC_KEK_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    from modules.ims_auth.kit import CONFIG

    config = CONFIG.replace('modparam("ims_auth", "auc_kek_file", "{kek}")', "").replace("{db}", "{db}.numbers")
    bed = place.bed('"av_mode", 1', top=setting(op_c=OPC), config=config)
    peer = bed.peer("phone")
    assert register(place.phone(peer, USER, usim=card()), peer) == 200
    assert module(bed).authority.centre is None


def test_two_users_have_a_counter_each(place: Place) -> None:
    cards = ScriptedCards(place.store, lambda size: bytes(size))
    assert [cards.reserve("a"), cards.reserve("b"), cards.reserve("a")] == [48, 48, 80]


def test_a_counter_ends(place: Place) -> None:
    cards = ScriptedCards(place.store, lambda size: bytes(size))
    cards.reserve("a")
    with place.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE auc_scripted SET sqn = {(1 << 48) - 16}")
    with pytest.raises(SqnExhausted):
        cards.reserve("a")


def test_a_wrong_auts_changes_nothing(place: Place) -> None:
    cards = ScriptedCards(place.store, lambda size: bytes(size))
    functions = Milenage().bind(Secret(bytes(16)), Secret(bytes(16)))
    other = Milenage().bind(Secret(bytes(15) + b"1"), Secret(bytes(16)))
    vector = cards.challenge("a", functions, b"\0\0")
    with pytest.raises(AutsMacFailure):
        cards.resynchronise("a", functions, vector.rand, build_auts(other, vector.rand, 32 * 99), b"\0\0")
    assert cards.reserve("a") == 80


def test_two_servers_over_one_database_never_share_a_number(place: Place) -> None:
    second = Store.open(str(place.db))
    both = [ScriptedCards(place.store, bytes), ScriptedCards(second, bytes)]
    numbers = [both[step % 2].reserve("a") for step in range(10)]
    second.close()
    assert numbers == [48 + 32 * step for step in range(10)]


def test_an_identity_without_a_user_is_refused(place: Place) -> None:
    bed = place.bed('"av_mode", 1', top=setting(op_c=OPC))
    peer = bed.peer("phone")
    phone = place.phone(peer, USER, usim=card(), habits=Habits(username="@" + HOME))
    assert Message.parse(exchange(peer, phone.register())).status == 403
