"""What an answer is worth: return codes, nonce counts, reuse, Authentication-Info, other requests than REGISTER."""

from __future__ import annotations

import hashlib

import pytest

from auc.kit import FIRST_IMSI
from modules.ims_auth.kit import CONFIG, HOME, IMPI, NUMBER, SECOND, Place, codes, exchange, register, stat
from modules.ims_auth.test_registration import challenge_in, module
from olelo.auc.vector import build_auts
from olelo.sip.digest import Credentials, ha1, response
from olelo.sip.message import Message
from olelo.testing import Bed, Peer
from olelo.testing.sim_phone import SimPhone


def answered(place: Place, bed: Bed) -> tuple[Peer, SimPhone, bytes]:
    """A phone that has been challenged, and its right answer, not sent yet."""
    peer = bed.peer(f"phone{len(bed.peers)}")
    phone = place.phone(peer)
    request = phone.respond(exchange(peer, phone.register()))
    assert request is not None
    return peer, phone, request


def status_of(peer: Peer, request: bytes) -> int:
    return Message.parse(exchange(peer, request)).status


def renewed(request: bytes, mark: bytes) -> bytes:
    """The same request in another transaction and another registration."""
    return request.replace(b"z9hG4bK", b"z9hG4bK" + mark).replace(b"Call-ID: ", b"Call-ID: " + mark)


# --- codes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"qop=auth, cnonce", b"qop=auth, xnonce", "-2"),
        (b"nc=00000001", b"nc=00000002", "-1"),
        (b"nc=00000001", b"nc=00000000", "-6"),
        (b"nc=00000001", b"nc=1", "-1"),
        (b"nc=00000001", b"nc=0000000g", "-1"),
        (b", nc=00000001", b"", "-1"),
        (b"qop=auth,", b"qop=auth-conf,", "-1"),
        (b"qop=auth,", b"qop=auth-int,", "-2"),
        (b'uri="sip:', b'uri="sips:', "-2"),
        (b'response="', b'response="0', "-2"),
        (b'nonce="', b'nonce="A', "-1"),
        (b'realm="ims', b'realm="ixs', "-1"),
        (b"Authorization: Digest", b"Authorization: Basic", "-1"),
        (b"Authorization: Digest", b'Authorization: Digest username="x", ', "-1"),
        (b'username="' + FIRST_IMSI.encode(), b'username="' + SECOND.encode(), "-8"),
        (b"To: <sip:" + FIRST_IMSI.encode(), b"To: <sip:" + SECOND.encode(), "-8"),
    ],
)
def test_codes_of_a_wrong_answer(place: Place, old: bytes, new: bytes, code: str) -> None:
    bed = place.bed()
    peer, _, request = answered(place, bed)
    assert old in request
    assert status_of(peer, request.replace(old, new, 1)) in (401, 403)
    assert codes(bed)[-1] == code
    assert bed.engine.modules["usrloc"].domain("location").get(FIRST_IMSI) is None  # type: ignore[attr-defined]


def test_a_wrong_answer_is_the_end_of_its_challenge(place: Place) -> None:
    bed = place.bed()
    peer, _, request = answered(place, bed)
    assert status_of(peer, request.replace(b'response="', b'response="0')) == 403
    assert status_of(peer, renewed(request, b"x")) == 401


def test_somebody_else_s_answer_is_not(place: Place) -> None:
    """Who does not even use the right name has not seen the challenge, or it is not for him."""
    bed = place.bed()
    peer, _, request = answered(place, bed)
    status_of(peer, request.replace(b'username="' + FIRST_IMSI.encode(), b'username="' + SECOND.encode()))
    assert status_of(peer, renewed(request, b"x")) == 200


def test_without_realm_or_identity(place: Place) -> None:
    bed = place.bed(top='ims_www_authenticate(""); $var(top) = $rc; xlog("top $var(top)\\n");')
    peer, _, request = answered(place, bed)
    status_of(peer, request)
    assert codes(bed, "top") == ["-5", "-5"]


def test_capital_digits_and_names_are_the_same(place: Place) -> None:
    bed = place.bed()
    peer, phone, request = answered(place, bed)
    text = request.decode()
    at = text.index('response="') + 10
    assert status_of(peer, (text[:at] + text[at : at + 32].upper() + text[at + 32 :]).encode()) == 200
    assert phone.challenges


def test_a_card_suspended_between_challenge_and_answer(place: Place) -> None:
    bed = place.bed()
    peer, _, request = answered(place, bed)
    place.set_state("suspended")
    assert status_of(peer, request) == 403
    assert (codes(bed)[-1], stat(bed, "refused_cards")) == ("-3", 1)
    place.set_state("active")
    assert status_of(peer, renewed(request, b"x")) == 401  # the nonce is used up all the same


def test_a_database_that_fails_lets_nobody_in(place: Place) -> None:
    bed = place.bed()
    peer, _, request = answered(place, bed)
    bed.world.thread_time = 10
    peer.send(request)
    bed.advance(5.1)
    assert codes(bed)[-1] == "-1"


def test_ignore_failed_auth(place: Place) -> None:
    bed = place.bed('"ignore_failed_auth", 1')
    peer, _, request = answered(place, bed)
    assert status_of(peer, request.replace(b'response="', b'response="0')) == 200
    assert status_of(peer, renewed(request, b"x").replace(b'nonce="', b'nonce="A')) == 200
    assert any("whoever answers a challenge is let in" in line for line in bed.log)


def test_good_credentials_are_known_to_the_other_modules(place: Place) -> None:
    """$Au, $AU and $sim are the card's, although From says otherwise."""
    config = CONFIG.replace('save("location");', 'xlog("after $Au $AU $sim(imsi)\\n"); save("location");')
    bed = place.bed(config=config)
    peer = bed.peer("phone")
    phone = place.phone(peer, impu=f"sip:+{NUMBER}@{HOME}")
    assert register(phone, peer) == 200
    assert codes(bed, "after") == [f"{FIRST_IMSI}@{HOME} {FIRST_IMSI} {FIRST_IMSI}"]


# --- nonce counts and reuse ---------------------------------------------------------------------------------


def again(phone: SimPhone, request: bytes, count: int, mark: bytes, qop: bool = True) -> bytes:
    """The next request with the nonce of `request`, and the count `count`."""
    assert phone.accepted is not None
    value = Message.parse(request).named(b"Authorization")[0]
    old = Credentials.parse(value)
    params = dict(old.params) | {b"nc": b"%08x" % count}
    if not qop:
        params.pop(b"qop")
    new = response(ha1(old.username, old.realm, phone.accepted.res), b"REGISTER", Credentials(b"Digest", params))
    request = renewed(request, mark).replace(old.response, new).replace(b"nc=00000001", b"nc=" + params[b"nc"])
    return request if qop else request.replace(b"qop=auth, ", b"")


def test_a_nonce_is_used_again_as_often_as_allowed(place: Place) -> None:
    bed = place.bed('"max_nonce_reuse", 2')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    assert status_of(peer, again(phone, request, 2, b"b")) == 200
    assert status_of(peer, again(phone, request, 3, b"c")) == 200
    assert status_of(peer, again(phone, request, 4, b"d")) == 401
    assert place.sqn() == 2 * 32 + 16


@pytest.mark.parametrize(("count", "code"), [(1, "-6"), (3, "-1")])
def test_a_count_that_does_not_go_up_by_one_ends_the_nonce(place: Place, count: int, code: str) -> None:
    bed = place.bed('"max_nonce_reuse", 5')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    assert status_of(peer, again(phone, request, count, b"b")) == 401
    assert codes(bed)[-1] == code
    assert status_of(peer, again(phone, request, 2, b"c")) == 401


def test_without_qop_a_nonce_is_not_used_again(place: Place) -> None:
    """There is no count then, and nothing tells the second use from a copy of the first."""
    bed = place.bed('"max_nonce_reuse", 5')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    assert status_of(peer, again(phone, request, 2, b"b", qop=False)) == 401
    assert codes(bed)[-1] == "-6"


def test_a_used_nonce_has_a_time_of_its_own(place: Place) -> None:
    bed = place.bed('"max_nonce_reuse", 5', '"auth_used_vector_timeout", 600')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    bed.advance(500)
    assert status_of(peer, again(phone, request, 2, b"b")) == 200
    bed.advance(101)
    assert status_of(peer, again(phone, request, 3, b"c")) == 401


def test_a_newer_registration_ends_the_older_nonce(place: Place) -> None:
    bed = place.bed('"max_nonce_reuse", 5')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    before = phone.accepted
    assert register(phone, peer) == 200
    phone.accepted = before
    assert status_of(peer, again(phone, request, 2, b"b")) == 401


def test_a_suspended_card_cannot_go_on_with_its_nonce(place: Place) -> None:
    bed = place.bed('"max_nonce_reuse", 5')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    place.set_state("lost")
    assert status_of(peer, again(phone, request, 2, b"b")) == 403
    assert codes(bed)[-1] == "-3"


# --- Authentication-Info ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reuse", "next_nonce"), [(0, False), (1, True)])
def test_the_server_proves_that_it_knows_res(place: Place, reuse: int, next_nonce: bool) -> None:
    bed = place.bed(f'"max_nonce_reuse", {reuse}')
    peer, phone, request = answered(place, bed)
    reply = Message.parse(exchange(peer, request))
    (info,) = reply.named(b"Authentication-Info")
    assert phone.accepted is not None
    nonce = phone.challenges[0]
    assert (b'nextnonce="%b",' % nonce.encode() in info) is next_nonce
    h_a1 = hashlib.md5(f"{IMPI}:{HOME}:".encode() + phone.accepted.res).hexdigest()
    h_a2 = hashlib.md5(f":sip:{HOME}".encode()).hexdigest()
    proof = hashlib.md5(f"{h_a1}:{nonce}:00000001:0a4f113b:auth:{h_a2}".encode()).hexdigest()
    assert info.endswith(f'qop=auth,rspauth="{proof}",cnonce="0a4f113b",nc=00000001'.encode())


def test_it_can_be_left_out(place: Place) -> None:
    bed = place.bed('"add_authinfo_hdr", 0')
    peer, _, request = answered(place, bed)
    assert Message.parse(exchange(peer, request)).named(b"Authentication-Info") == []


# --- resynchronisation --------------------------------------------------------------------------------------


def with_auts(place: Place, request: bytes, nonce: str, auts: str) -> bytes:
    return request.replace(b"algorithm=", f'auts="{auts}", algorithm='.encode())


def test_an_auts_with_a_wrong_mac_changes_nothing(place: Place) -> None:
    bed = place.bed()
    peer, phone, request = answered(place, bed)
    forged = with_auts(place, request, phone.challenges[0], "00" * 14)
    assert status_of(peer, forged) == 403
    assert (codes(bed)[-1], codes(bed, "resync")) == ("-9", ["-1"])
    assert (stat(bed, "auts_refused"), place.sqn()) == (1, 48)
    assert status_of(peer, renewed(request, b"x")) == 200  # the phone is not robbed of its challenge


@pytest.mark.parametrize("text", ["", "=", "x" * 20, "00" * 13, "ff" * 15])
def test_what_is_no_auts(place: Place, text: str) -> None:
    bed = place.bed()
    peer, phone, request = answered(place, bed)
    answer = status_of(peer, with_auts(place, request, phone.challenges[0], text))
    assert answer == (200 if not text else 403)  # an empty one is none
    assert place.sqn() == 48


def test_three_wrong_auts_are_the_end_of_a_challenge(place: Place) -> None:
    bed = place.bed()
    peer, phone, request = answered(place, bed)
    forged = with_auts(place, request, phone.challenges[0], "00" * 14)
    assert [status_of(peer, renewed(forged, b"%d" % i)) for i in range(4)] == [403, 403, 403, 401]


def test_an_auts_for_a_nonce_that_is_not_held(place: Place) -> None:
    bed = place.bed()
    peer, phone, request = answered(place, bed)
    functions = place._centre.functions(place._centre.subscriber(FIRST_IMSI))
    rand = bytes(range(16))
    good = build_auts(functions, rand, 32 * 9000).hex()
    stale = with_auts(place, request, "", good).replace(phone.challenges[0].encode(), b"AAECAwQFBgcICQoLDA0ODw" * 2)
    assert status_of(peer, stale) == 401
    assert (codes(bed)[-1], stat(bed, "resyncs"), place.sqn()) == ("-1", 0, 80)


def test_an_auts_of_another_card_is_refused(place: Place) -> None:
    bed = place.bed()
    peer, phone, request = answered(place, bed)
    centre = place._centre
    rand = module(bed).held.find(phone.challenges[0].encode(), 0).rand  # type: ignore[union-attr]
    other = build_auts(centre.functions(centre.subscriber(SECOND)), rand, 32 * 9000).hex()
    assert status_of(peer, with_auts(place, request, phone.challenges[0], other)) == 403
    assert (stat(bed, "resyncs"), place.sqn()) == (0, 48)


def test_one_auts_counts_once(place: Place) -> None:
    """Two copies at once, in two transactions: the first sets the number, the second gets a fresh challenge."""
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    phone.usim.slots[16] = 7000
    request = phone.respond(exchange(peer, phone.register()))
    assert request is not None
    bed.world.thread_time = 0.01
    peer.send(request)
    peer.send(renewed(request, b"x"))
    bed.advance(1)
    first, second = (challenge_in(packet.data) for packet in peer.inbox)
    assert first.nonce != second.nonce
    assert stat(bed, "resyncs") == 1
    assert place.sqn() == 7002 * 32 + 16


def test_after_an_answer_no_auts_is_taken(place: Place) -> None:
    bed = place.bed('"max_nonce_reuse", 5')
    peer, phone, request = answered(place, bed)
    assert status_of(peer, request) == 200
    functions = place._centre.functions(place._centre.subscriber(FIRST_IMSI))
    rand = module(bed).held.find(phone.challenges[0].encode(), 0).rand  # type: ignore[union-attr]
    auts = build_auts(functions, rand, 32 * 9000).hex()
    assert status_of(peer, renewed(with_auts(place, request, "", auts), b"x")) == 401
    assert (codes(bed)[-1], stat(bed, "resyncs")) == ("-1", 0)


def test_resync_without_an_auts_is_a_challenge(place: Place) -> None:
    bed = place.bed(top=f'ims_www_resync_auth("RESYNCED", "{HOME}"); exit;')
    peer = bed.peer("phone")
    assert status_of(peer, place.phone(peer).register()) == 401


def test_resync_with_a_database_that_does_not_answer(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer)
    phone.usim.slots[16] = 7000
    request = phone.respond(exchange(peer, phone.register()))
    bed.world.thread_time = 10
    peer.send(request or b"")
    bed.advance(6)
    assert peer.gets(480)
    assert codes(bed, "resync") == ["-2"]


# --- other requests -----------------------------------------------------------------------------------------


def calling(place: Place, peer: Peer, phone: SimPhone, method: str = "INVITE") -> int:
    """Send a request, answer its challenge; the last status."""
    reply = Message.parse(exchange(peer, phone.request(method=method)))
    if method == "INVITE":
        peer.send(phone.last_request.replace(b"INVITE", b"ACK"))
    if reply.status != 407:
        return reply.status
    line = phone.answer(reply)
    assert line is not None
    if phone.accepted is not None:  # the response that `answer` makes is one for REGISTER
        old = Credentials.parse(line.partition(":")[2].strip().encode())
        new = response(ha1(old.username, old.realm, phone.accepted.res), method.encode(), old).decode()
        line = line.replace(old.response.decode(), new)
    return status_of(peer, phone.request(line, method=method))


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_call_is_authenticated_by_the_sim(place: Place, method: str) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer, impu=f"sip:+{NUMBER}@{HOME}")
    assert calling(place, peer, phone, method) == 200
    assert codes(bed) == ["-1", "1"]


@pytest.mark.parametrize("resynced", ["exit;", f'ims_proxy_challenge("CHALLENGED", "{HOME}"); exit;'])
def test_a_card_ahead_is_caught_up_by_a_call_too(place: Place, resynced: str) -> None:
    bed = place.bed(resynced=resynced)
    peer = bed.peer("phone")
    phone = place.phone(peer)
    phone.usim.slots[16] = 7000
    first = Message.parse(exchange(peer, phone.request(method="MESSAGE")))
    auts = phone.answer(first)
    assert auts is not None
    assert "auts=" in auts
    second = Message.parse(exchange(peer, phone.request(auts, method="MESSAGE")))
    assert second.status == 407
    line = phone.answer(second)
    assert (line is not None, phone.accepted is not None) == (True, True)
    assert (codes(bed), phone.numbers) == (["-1", "-9"], [48, 7001 * 32 + 16])


def test_somebody_else_s_number_is_not_called_from(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    first = Message.parse(exchange(peer, place.phone(peer, impu=f"sip:+{NUMBER}@{HOME}").request(method="MESSAGE")))
    assert first.status == 407
    impostor = place.phone(peer, SECOND, impu=f"sip:+{NUMBER}@{HOME}")
    assert calling(place, peer, impostor, "MESSAGE") == 403  # his own card's name, another's number


def test_the_qop_of_an_invite(place: Place) -> None:
    bed = place.bed('"invite_qop", "auth-int"')
    peer = bed.peer("phone")
    reply = Message.parse(exchange(peer, place.phone(peer).request(method="INVITE")))
    assert (reply.status, reply.named(b"Proxy-Authenticate")[0].endswith(b'qop="auth-int"')) == (407, True)


def test_an_anonymous_caller_shows_who_he_is_in_his_credentials(place: Place) -> None:
    bed = place.bed()
    peer = bed.peer("phone")
    phone = place.phone(peer, impu="sip:anonymous@anonymous.invalid")
    assert status_of(peer, phone.request(method="MESSAGE")) == 403  # nobody can be challenged
    line = f'Proxy-Authorization: Digest username="{IMPI}", realm="{HOME}", nonce="", uri="sip:{HOME}", response=""'
    reply = Message.parse(exchange(peer, phone.request(line, method="MESSAGE")))
    assert reply.status == 407
    answer = phone.answer(reply)
    assert answer is not None
    old = Credentials.parse(answer.partition(":")[2].strip().encode())
    assert phone.accepted is not None
    new = response(ha1(old.username, old.realm, phone.accepted.res), b"MESSAGE", old).decode()
    assert status_of(peer, phone.request(answer.replace(old.response.decode(), new), method="MESSAGE")) == 200
    assert register(phone, peer) == 403  # nobody registers that way
