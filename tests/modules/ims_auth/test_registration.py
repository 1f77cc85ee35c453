"""A phone with a SIM against a server with its card: the walks of a registration."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auc.kit import FIRST_IMSI, RING
from auc.vectors import MILENAGE
from modules.ims_auth.kit import HOME, IMPI, Place, codes, exchange, register, stat
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.milenage import Milenage
from olelo.auc.secret import Secret
from olelo.auc.usim import Usim
from olelo.modules.ims_auth.functions import ImsAuth
from olelo.sip.digest import Credentials
from olelo.sip.headers import WWW_AUTHENTICATE
from olelo.sip.message import Message
from olelo.testing import Bed
from olelo.testing.sim_phone import Habits

SETS = {each["set"]: each for each in MILENAGE["sets"]}
DIGESTS = {each["based_on_set"]: each for each in MILENAGE["sip_digest_aka"]["vectors"]}


def module(bed: Bed) -> ImsAuth:
    found = bed.engine.modules["ims_auth"]
    assert isinstance(found, ImsAuth)
    return found


def challenge_in(reply: bytes) -> Credentials:
    value = Message.parse(reply).first(WWW_AUTHENTICATE)
    assert value is not None
    return Credentials.parse(value)


def bindings(bed: Bed) -> list[str]:
    record = bed.engine.modules["usrloc"].domain("location").get(FIRST_IMSI)  # type: ignore[attr-defined]
    return [contact.uri for contact in record.contacts] if record else []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Bed]]:
    place = Place(tmp_path_factory.mktemp("shared"))
    yield place, place.bed()
    place.close()


def test_first_time_and_again(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    assert register(phone, peer) == 200
    assert bindings(bed) == [phone.contact]
    assert register(phone, peer) == 200
    assert phone.numbers == [1 * 32 + 16, 2 * 32 + 16]
    assert place.sqn() == 2 * 32 + 16
    assert codes(bed) == ["-1", "1", "-1", "1"]
    assert codes(bed, "maa") == ["1", "1"]
    assert (stat(bed, "challenges"), stat(bed, "authenticated")) == (2, 2)


def test_the_challenge_as_it_stands_on_the_wire(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    reply = Message.parse(exchange(peer, place.phone(peer).register()))
    assert reply.status == 401
    value = reply.first(WWW_AUTHENTICATE)
    nonce = Credentials.parse(value or b"").nonce
    assert len(base64.b64decode(nonce)) == 32
    assert value == (
        b'Digest realm="%b", nonce="%b", algorithm=AKAv1-MD5, qop="auth,auth-int"' % (HOME.encode(), nonce)
    )


@pytest.mark.parametrize("algorithm", ["AKAv1-MD5", "AKAv2-MD5"])
@pytest.mark.parametrize("qop", ["auth", "auth-int", ""])
def test_every_algorithm_and_qop(place: Place, algorithm: str, qop: str) -> None:
    bed = place.bed(algorithm=algorithm)
    peer = bed.peer("phone")
    phone = place.phone(peer, habits=Habits(qop=qop))
    assert register(phone, peer) == 200
    assert f"algorithm={algorithm}".encode() in phone.last_request


@pytest.mark.parametrize("algorithm", ["AKAv1-MD5", "AKAv2-MD5"])
def test_every_published_set_through_the_whole_digest_path(place: Place, algorithm: str) -> None:
    """Set 20 has a zero byte in RES."""
    bed = place.bed(algorithm=algorithm)
    peer = bed.peer("phone")
    zeros = []
    for number, keys in SETS.items():
        k, opc, rand = (bytes.fromhex(keys[name]) for name in ("k", "opc", "rand"))
        place.set_keys(k, opc)
        module(bed).authority.centre = AuthenticationCentre(
            place.store, RING, random=lambda size, rand=rand: rand[:size]
        )
        phone = place.phone(peer, usim=Usim(Milenage().bind(Secret(k), Secret(opc))))
        assert (register(phone, peer), number) == (200, number)
        assert phone.accepted is not None
        assert phone.accepted.res.hex() == keys["f2"]
        zeros += [number] if 0 in phone.accepted.res else []
    assert (len(SETS), zeros) == (20, [20])


@settings(max_examples=40)
@given(
    slots=st.lists(st.integers(0, 1 << 40), min_size=32, max_size=32),
    ours=st.integers(0, 1 << 40),
    age_limit=st.sampled_from([None, 0, 16]),
)
def test_whatever_card_and_database_think_one_round_is_enough(
    shared: tuple[Place, Bed], slots: list[int], ours: int, age_limit: int | None
) -> None:
    place, bed = shared
    peer = bed.peer("phone")
    with place.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE auc SET sqn = {ours * 32 + 16}")
    usim = place.usim(age_limit=age_limit)
    usim.slots = slots
    phone = place.phone(peer, usim=usim)
    assert register(phone, peer) == 200
    assert phone.resyncs <= 1
    assert register(phone, peer) == 200
    assert phone.resyncs <= 1
    assert len(set(phone.numbers)) == len(phone.numbers)


def test_set_20_with_the_response_worked_out_elsewhere(place: Place) -> None:
    """The nonce holds the published SQN and AMF too, so that the response is the one in the file, byte by byte."""
    keys, digest = SETS[20], DIGESTS[20]
    place.set_keys(bytes.fromhex(keys["k"]), bytes.fromhex(keys["opc"]))
    bed = place.bed()
    auth = module(bed)
    peer = bed.peer("phone")
    reply = exchange(peer, place.phone(peer).register())
    (held,) = auth.held._sent.values()
    auth.held.drop(held)
    held.nonce, held.password = digest["nonce"].encode(), bytes.fromhex(keys["f2"])
    assert auth.held.reserve(FIRST_IMSI, 0)
    auth.held.add(held, 0)
    phone = place.phone(peer)
    line = (
        f'Authorization: Digest username="{IMPI}", realm="{HOME}", nonce="{digest["nonce"]}", uri="{digest["uri"]}", '
        f'response="{digest["AKAv1-MD5"]["response_auth"]}", algorithm=AKAv1-MD5, qop=auth, cnonce="0a4f113b", nc=00000001'
    )
    assert Message.parse(exchange(peer, phone.request(line))).status == 200
    assert Message.parse(reply).status == 401


@pytest.mark.parametrize("profile", ["tuak", "tuak:res=32", "tuak:res=128", "tuak:ck=256:ik=256"])
@pytest.mark.parametrize("algorithm", ["AKAv1-MD5", "AKAv2-MD5"])
def test_tuak(tmp_path: Path, profile: str, algorithm: str) -> None:
    place = Place(tmp_path, algorithm=profile)
    bed = place.bed(algorithm=algorithm)
    peer = bed.peer("phone")
    phone = place.phone(peer)
    phone.usim.slots[16] = 10
    assert register(phone, peer) == 200
    assert phone.resyncs == 1
    place.close()


@pytest.mark.parametrize("auts", ["base64", "hex"])
@pytest.mark.parametrize("digest", ["empty password", "empty"])
@pytest.mark.parametrize("resynced", ["exit;", f'ims_www_challenge("CHALLENGED", "{HOME}"); exit;'])
def test_a_card_ahead_is_caught_up_in_one_round(place: Place, auts: str, digest: str, resynced: str) -> None:
    bed = place.bed(resynced=resynced)
    peer = bed.peer("phone")
    usim = place.usim()
    usim.slots[16] = 5000
    phone = place.phone(peer, usim=usim, habits=Habits(auts=auts, digest_with_auts=digest))
    assert register(phone, peer) == 200
    assert phone.resyncs == 1
    assert phone.numbers == [1 * 32 + 16, 5001 * 32 + 16]
    assert codes(bed) == ["-1", "-9", "1"]
    assert codes(bed, "resync") == ["1"]
    assert stat(bed, "resyncs") == 1
    assert register(phone, peer) == 200
    assert phone.numbers[-1] == 5002 * 32 + 16


def test_a_server_behind_after_its_backup_was_restored(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    for _ in range(3):
        assert register(phone, peer) == 200
    with place.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE auc SET sqn = 0")
    assert register(phone, peer) == 200
    assert phone.resyncs == 1


def test_a_wrong_k_is_refused_at_once(place: Place) -> None:
    """The SIM finds MAC-A wrong and the phone says so by an empty response (TS 24.229 section 5.1.1.5.3)."""
    place.set_keys(bytes(16), bytes(range(16)))
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer, usim=Usim(Milenage().bind(Secret(bytes(range(16))), Secret(bytes(range(16))))))
    assert register(phone, peer) == 403
    assert (stat(bed, "mac_failures"), len(phone.challenges)) == (1, 1)
    assert bindings(bed) == []
    assert codes(bed) == ["-1", "-2"]


def test_a_wrong_k_that_answers_all_the_same_is_refused(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    other = Usim(Milenage().bind(Secret(bytes(range(16))), Secret(bytes(range(16)))))
    phone = place.phone(peer, usim=other, habits=Habits(ignores_mac_failure=True))
    assert register(phone, peer) == 403
    assert (stat(bed, "wrong_answers"), bindings(bed)) == (1, [])


def test_an_answer_counts_once(place: Place) -> None:
    """The same credentials again, in another request: a fresh challenge, marked stale, and no registration."""
    bed = place.bed()
    peer, thief = bed.peer("phone"), bed.peer("thief")
    phone = place.phone(peer)
    assert register(phone, peer) == 200
    stolen = phone.last_request.replace(b"192.0.2.1", b"192.0.2.2").replace(b"z9hG4bK", b"z9hG4bKt")
    reply = exchange(thief, stolen)
    assert Message.parse(reply).status == 401
    offer = challenge_in(reply)
    assert offer.params[b"stale"] == b"true"
    assert offer.nonce.decode() not in phone.challenges
    assert bindings(bed) == [phone.contact]
    assert stat(bed, "stale_nonces") == 1


def test_a_challenge_played_to_the_sim_again_is_answered_with_auts(place: Place) -> None:
    """Nobody can make a SIM answer an old challenge, and the AUTS that it gives is good for nothing."""
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    first = exchange(peer, phone.register())
    request = phone.respond(first)
    assert request is not None
    assert Message.parse(exchange(peer, request)).status == 200
    replayed = phone.respond(first)
    assert replayed is not None
    assert b"auts=" in replayed
    before = place.sqn()
    reply = exchange(peer, replayed)
    assert Message.parse(reply).status == 401
    assert stat(bed, "resyncs") == 0
    assert place.sqn() == before + 32


@pytest.mark.parametrize("named", ["MD5", "", "AKAv2-MD5"])
def test_an_answer_under_another_algorithm_is_refused(place: Place, named: str) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer, habits=Habits(answer_as=named))
    assert register(phone, peer) == 403
    assert (codes(bed)[-1], bindings(bed)) == ("-2", [])


def test_a_folded_header(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer, habits=Habits(fold=True))
    assert register(phone, peer) == 200
    assert b"qop=auth,\r\n cnonce" in phone.last_request


def test_without_credentials_in_the_first_request(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    assert register(place.phone(peer, habits=Habits(first_credentials=False)), peer) == 200


def test_two_challenges_at_once_have_two_numbers(place: Place) -> None:
    bed = place.bed()
    bed.world.thread_time = 0.01
    first, second = bed.peer("first"), bed.peer("second")
    usim = place.usim()
    one, two = place.phone(first, usim=usim), place.phone(second, usim=usim)
    first.send(one.register())
    second.send(two.register())
    bed.advance(1)
    replies = [first.inbox.pop().data, second.inbox.pop().data]
    requests = [one.respond(replies[0]), two.respond(replies[1])]
    for peer, request in zip((first, second), requests, strict=True):
        assert request is not None
        peer.send(request)
        bed.advance(1)
        assert peer.inbox.pop().status == 200
    assert one.numbers + two.numbers == [48, 80]


def test_two_challenges_answered_in_the_wrong_order_end_well(place: Place) -> None:
    """The SIM has gone past the first one when it is asked; its AUTS for it is taken, because it is still held."""
    bed = place.bed()
    first, second = bed.peer("first"), bed.peer("second")
    usim = place.usim()
    one, two = place.phone(first, usim=usim), place.phone(second, usim=usim)
    early, late = exchange(first, one.register()), exchange(second, two.register())
    for phone, peer, reply in ((two, second, late), (one, first, early)):
        request = phone.respond(reply)
        while request is not None:
            request = phone.respond(exchange(peer, request))
        assert phone.status == 200
    assert (one.resyncs, two.resyncs) == (1, 0)
    assert sorted(one.numbers + two.numbers) == [48, 80, 112]


def test_a_copied_card_gets_challenges_of_its_own(place: Place) -> None:
    """AKA cannot tell a perfect copy from the card. What it can do it does: no challenge or number serves both, and
    neither throws the other out of step."""
    bed = place.bed()
    peer, thief = bed.peer("phone"), bed.peer("thief")
    phone = place.phone(peer)
    assert register(phone, peer) == 200
    copy = place.phone(thief)
    copy.usim.slots = list(phone.usim.slots)
    for _ in range(3):
        assert register(copy, thief) == 200
        assert register(phone, peer) == 200
    numbers = phone.numbers + copy.numbers
    assert len(set(numbers)) == len(numbers) == 7
    assert phone.resyncs == copy.resyncs == 0


def test_a_copy_cannot_take_the_phone_s_challenge_to_another_identity(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    request = phone.respond(exchange(peer, phone.register()))
    assert request is not None
    stolen = request.replace(b"To: <sip:001010000000001@", b"To: <sip:001010000000002@")
    assert Message.parse(exchange(peer, stolen)).status == 403
    assert codes(bed)[-1] == "-8"
    renamed = request.replace(b'username="001010000000001@', b'username="001010000000002@').replace(
        b"z9hG4bK", b"z9hG4bKx"
    )
    assert Message.parse(exchange(peer, renamed)).status == 403
    assert codes(bed)[-1] == "-8"
    assert Message.parse(exchange(peer, request.replace(b"z9hG4bK", b"z9hG4bKy"))).status == 200


def test_a_retransmission_gets_the_same_challenge(place: Place) -> None:
    bed = place.bed()
    bed.world.thread_time = 0.02
    peer = bed.peer("phone")
    request = place.phone(peer).register()
    peer.send(request)
    peer.send(request)  # while the database works
    bed.advance(1)
    peer.send(request)
    bed.advance(1)
    nonces = {challenge_in(packet.data).nonce for packet in peer.inbox}
    assert (len(peer.inbox), len(nonces)) == (3, 1)
    assert place.sqn() == 48


def test_the_answer_comes_too_late(place: Place) -> None:
    bed = place.bed('"auth_vector_timeout", 30')
    peer = bed.peer("phone")
    phone = place.phone(peer)
    request = phone.respond(exchange(peer, phone.register()))
    assert request is not None
    bed.advance(30)
    reply = exchange(peer, request)
    assert challenge_in(reply).params[b"stale"] == b"true"
    request = phone.respond(reply)
    assert request is not None
    assert Message.parse(exchange(peer, request)).status == 200
    assert len(module(bed).held) == 0


def test_after_a_restart_numbers_go_on_and_an_old_challenge_is_stale(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    request = phone.respond(exchange(peer, phone.register()))
    again = place.bed()
    peer = again.peer("phone")
    while request is not None:
        request = phone.respond(exchange(peer, request))
    assert phone.status == 200
    assert phone.numbers == [48, 80]


def test_deregistration(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    assert register(phone, peer) == 200
    assert register(phone, peer, expires=0) == 200
    assert bindings(bed) == []
    assert phone.last_reply is not None
    assert phone.last_reply.named(b"Authentication-Info") == []
