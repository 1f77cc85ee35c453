"""lookup() and its kin: contacts as destinations."""

from __future__ import annotations

import pytest

from olelo.testing import Bed, Packet, Peer

CONFIG = """
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
{params}
request_route {{
    if (method=="REGISTER") {{ save("location"); exit; }}
    {script}
}}
"""
RELAY = 'if (!lookup("location")) { sl_send_reply("404", "Not Found $rc"); exit; } t_relay();'


def bed(script: str = RELAY, *params: str) -> Bed:
    return Bed(CONFIG.format(script=script, params="\n".join(params)))


def register(phone: Peer, contact: str, *headers: str) -> Packet:
    phone.request("REGISTER", "sip:proxy", f"Contact: {contact}", *headers, to="sip:108@proxy")
    return phone.gets(200)


def test_the_highest_q_is_tried_with_all_others_as_branches() -> None:
    net = bed()
    caller, low, high = net.peer("caller"), net.peer("low"), net.peer("high")
    register(low, f"<{low.uri}>;q=0.2")
    register(high, f"<{high.uri}>;q=0.9")
    caller.request("OPTIONS", "sip:108@proxy")
    assert [low.gets("OPTIONS").uri, high.gets("OPTIONS").uri] == [low.uri, high.uri]
    order = [line for line in net.ladder if "OPTIONS" in line][1:]
    assert order == [f"proxy -> high: OPTIONS {high.uri}", f"proxy -> low: OPTIONS {low.uri}"]


def test_without_append_branches_only_the_best_is_tried() -> None:
    net = bed(RELAY, 'modparam("registrar", "append_branches", 0)')
    caller, one, two = net.peer("caller"), net.peer("one"), net.peer("two")
    register(one, f"<{one.uri}>")
    register(two, f"<{two.uri}>")
    caller.request("OPTIONS", "sip:108@proxy")
    one.gets("OPTIONS")
    two.nothing()


def test_nobody_is_minus_one() -> None:
    net = bed()
    caller = net.peer("caller")
    caller.request("OPTIONS", "sip:nobody@proxy")
    assert caller.gets(404).msg.reason == b"Not Found -1"


def test_a_contact_that_does_not_allow_the_method_is_minus_two() -> None:
    net = bed(RELAY, 'modparam("registrar", "method_filtering", 1)')
    caller, phone = net.peer("caller"), net.peer("phone")
    register(phone, f"<{phone.uri}>", "Allow: INVITE, ACK, BYE, CANCEL")
    caller.request("MESSAGE", "sip:108@proxy")
    assert caller.gets(404).msg.reason == b"Not Found -2"
    caller.invite("sip:108@proxy")
    phone.gets("INVITE")


def test_a_uri_without_host_is_minus_three() -> None:
    net = bed('lookup("location", "sip:"); sl_send_reply("404", "code $rc");')
    caller = net.peer("caller")
    caller.request("OPTIONS", "sip:108@proxy")
    assert caller.gets(404).msg.reason == b"code -3"


def test_the_received_address_is_the_next_hop() -> None:
    net = bed(RELAY, 'modparam("registrar", "received_avp", "$avp(RECEIVED)")')
    caller, phone = net.peer("caller"), net.peer("phone")
    net.engine.modules["usrloc"].domain("location")  # type: ignore[attr-defined]
    net.call("ul.add", "location", "108", "sip:108@10.0.0.9:5060", 600, 1.0, "0", 0, 0, 8191, f"sip:{phone.hostport}")
    caller.request("OPTIONS", "sip:108@proxy")
    assert phone.gets("OPTIONS").uri == "sip:108@10.0.0.9:5060"


@pytest.mark.parametrize(
    ("function", "code"), [('registered("location")', "1"), ('registered("location", "sip:x@proxy")', "-1")]
)
def test_registered(function: str, code: str) -> None:
    net = bed(f'{function}; sl_send_reply("299", "code $rc");')
    caller, phone = net.peer("caller"), net.peer("phone")
    register(phone, f"<{phone.uri}>")
    caller.request("OPTIONS", "sip:108@proxy")
    assert caller.gets(299).msg.reason.decode() == f"code {code}"


def test_unregister_removes_all_contacts() -> None:
    net = bed('unregister("location", "$ru"); sl_send_reply("299", "code $rc");')
    caller, phone = net.peer("caller"), net.peer("phone")
    register(phone, f"<{phone.uri}>")
    caller.request("OPTIONS", "sip:108@proxy")
    caller.gets(299)
    assert net.engine.stats.get("usrloc", "registered_users") == 0


def test_fetched_contacts_can_be_read() -> None:
    script = """
        if (reg_fetch_contacts("location", "$ru", "callee")) {
            sl_send_reply("299", "$(ulc(callee=>count)) $(ulc(callee=>addr)[1]) $(ulc(callee=>aor))");
        }"""
    net = bed(script)
    caller, one, two = net.peer("caller"), net.peer("one"), net.peer("two")
    register(one, f"<{one.uri}>")
    register(two, f"<{two.uri}>")
    caller.request("OPTIONS", "sip:108@proxy")
    assert caller.gets(299).msg.reason.decode() == f"2 {two.uri} 108"


def test_the_expired_contact_s_event_route_runs() -> None:
    config = CONFIG.format(script=RELAY, params='modparam("usrloc", "timer_interval", 10)')
    net = Bed(config + 'event_route[usrloc:contact-expired] { xlog("gone: $ulc(exp=>addr)\\n"); }')
    phone = net.peer("phone")
    register(phone, f"<{phone.uri}>;expires=60")
    net.advance(200)
    assert [line for line in net.log if "gone" in line] == [f"<script>: gone: {phone.uri}"]


def test_the_call_id_in_an_avp_narrows_registered_as_in_kamailio_4_2() -> None:
    script = '$avp(cid) = $hdr(X-Wish); if (registered("location")) sl_send_reply("200", "Yes"); else sl_send_reply("404", "No");'
    net = bed(script, 'modparam("registrar", "reg_callid_avp", "$avp(cid)")')
    phone = net.peer("phone")
    register(phone, f"<{phone.uri}>")
    known = "phone-1@test"
    for wish, status in ((known, 200), ("other", 404)):
        phone.request("OPTIONS", "sip:108@proxy", f"X-Wish: {wish}")
        phone.gets(status)
