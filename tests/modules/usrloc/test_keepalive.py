"""Keepalives: who gets one, what it looks like, what an answer does, what silence does."""

from __future__ import annotations

import re

import pytest

from olelo.testing import Bed, ConfigurationError, Peer

CONFIG = """
loadmodule "sl.so"
loadmodule "kex.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "timer_interval", 10)
modparam("usrloc", "nat_bflag", 6)
modparam("registrar", "received_avp", "$avp(rcv)")
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 0)
{params}
request_route {{
    if ($hdr(X-Nat) != $null) {{ setbflag(6); $avp(rcv) = $hdr(X-Nat); }}
    save("location");
}}
"""
SILENT = re.compile(r"-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+\.[0-9a-f]+$")


def bed(*params: str) -> Bed:
    return Bed(CONFIG.format(params="\n".join(f'modparam("usrloc", {text})' for text in params)))


def seen(net: Bed, phone: Peer) -> dict[str, object]:
    reply = net.call("ul.lookup", "location", "108")
    assert isinstance(reply, dict)
    return dict(dict(reply["Contacts"])["Contact"])


def test_every_phone_is_asked_each_interval() -> None:
    net = bed('"ka_mode", 1', '"ka_from", "sip:ping@example.org"', '"ka_domain", "example.org"')
    phone = net.peer("phone")
    phone.register("108")
    net.advance(10)
    asked = phone.gets("OPTIONS")
    assert asked.uri == phone.uri
    assert asked.header("From").startswith("<sip:ping@example.org>;tag=uloc-")
    assert SILENT.search(asked.header("From"))
    assert asked.header("To") == "<sip:108@example.org>"
    assert asked.header("CSeq") == "80 OPTIONS"
    assert asked.header("Call-ID").startswith("ksrulka-")
    net.advance(10)
    assert phone.gets("OPTIONS").header("Via") != asked.header("Via")


def test_the_answer_s_way_and_time_are_noted() -> None:
    net = bed('"ka_mode", 1', '"ka_loglevel", 0', '"ka_logmsg", " by $si in $rs"')
    phone = net.peer("phone")
    phone.register("108")
    net.advance(10)
    asked = phone.gets("OPTIONS")
    net.advance(0.25)
    phone.reply(asked, 200)
    contact = seen(net, phone)
    assert contact["KA-Roundtrip"] == 250_000
    assert contact["Last-Keepalive"] == contact["Last-Modified"] + 10  # type: ignore[operator]
    assert [line for line in net.log if "roundtrip" in line] == [
        f"keepalive roundtrip: 0.250000 sec - ruid [{contact['Ruid']}] by 192.0.2.1 in 200"
    ]


def test_other_replies_are_none_of_its_business() -> None:
    net = bed('"ka_mode", 1')
    phone = net.peer("phone")
    phone.register("108")
    net.advance(10)
    asked = phone.gets("OPTIONS")
    before = seen(net, phone)
    net.advance(1)
    tag = asked.header("From").rpartition(";tag=")[2]
    for wrong in ("xx", "uloc-1-2", tag.replace("-", "_")):
        text = asked.data.replace(tag.encode(), wrong.encode())
        phone.send(b"SIP/2.0 200 OK\r\n" + text.partition(b"\r\n")[2])
    assert seen(net, phone)["KA-Roundtrip"] == before["KA-Roundtrip"] == 0


def test_a_phone_that_never_answers_expires() -> None:
    net = bed('"ka_mode", 1', '"ka_timeout", 30')
    phone = net.peer("phone")
    phone.register("108")
    net.advance(30)
    assert len(phone.inbox) == 3
    net.advance(10)
    assert len(phone.inbox) == 3, "it has ten seconds left and is not asked any more"
    assert seen(net, phone)["Expires"] == 10
    net.advance(20)
    assert net.engine.stats.get("usrloc", "location_contacts") == 0


def test_a_phone_that_answers_stays() -> None:
    net = bed('"ka_mode", 1', '"ka_timeout", 30')
    phone = net.peer("phone")
    phone.register("108")
    for _ in range(10):
        net.advance(10)
        phone.reply(phone.gets("OPTIONS"), 404)
    assert seen(net, phone)["Expires"] == 3500


def test_only_phones_behind_a_nat() -> None:
    net = bed('"ka_mode", 2')
    plain, hidden = net.peer("plain"), net.peer("hidden")
    plain.register("108")
    hidden.register("109", f"X-Nat: sip:{hidden.hostport}", contact="sip:x@10.0.0.1")
    net.advance(10)
    plain.nothing()
    assert hidden.gets("OPTIONS").uri == "sip:x@10.0.0.1"


def test_only_phones_on_udp() -> None:
    net = bed('"ka_mode", 4')
    one, two = net.peer("one"), net.peer("two")
    one.register("108")
    two.register("109", contact=f"{two.uri};transport=tcp")
    net.advance(10)
    one.gets("OPTIONS")
    two.nothing()


def test_a_phone_behind_a_proxy_is_asked_by_its_path() -> None:
    net = bed('"ka_mode", 1')
    phone, edge = net.peer("phone"), net.peer("edge")
    phone.register("108", f"Path: <sip:{edge.hostport};lr>")
    net.advance(10)
    asked = edge.gets("OPTIONS")
    assert asked.uri == phone.uri
    assert asked.header("Route") == f"<sip:{edge.hostport};lr>"
    phone.nothing()


def test_phones_of_other_servers_are_left_alone() -> None:
    net = bed('"ka_mode", 1', '"ka_filter", 1')
    phone = net.peer("phone")
    phone.register("108")
    net.engine.params.server_id = 7
    net.advance(10)
    phone.nothing()


def test_a_name_is_resolved() -> None:
    net = bed('"ka_mode", 1')
    phone = net.peer("phone")
    net.world.names["phone.example.org"] = [("udp", *phone.address)]
    phone.register("108", contact="sip:108@phone.example.org")
    phone.register("109", contact="sip:109@nowhere.example.org")
    net.advance(10)
    assert phone.gets("OPTIONS").uri == "sip:108@phone.example.org"
    phone.nothing()
    assert "usrloc: no keepalive for 109: no way to sip:109@nowhere.example.org" in net.log


def test_a_bad_log_text_is_refused_at_start() -> None:
    with pytest.raises(ConfigurationError, match="ka_logmsg"):
        bed('"ka_mode", 1', '"ka_logmsg", "$nonsense"')
