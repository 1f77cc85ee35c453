"""save(): what a REGISTER does to the table, and what the phone is told."""

from __future__ import annotations

import pytest

from olelo.testing import Bed, Peer

CONFIG = """
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
{params}
request_route {{
    $var(code) = 0;
    if (method=="REGISTER") {{
        save("location"{flags});
        xlog("code $rc\\n");
        exit;
    }}
    lookup("location");
    xlog("code $rc, $ru to $du\\n");
}}
"""


def bed(*params: str, flags: str = "") -> Bed:
    return Bed(CONFIG.format(params="\n".join(params), flags=flags))


def register(
    phone: Peer, *headers: str, user: str = "108", cseq: int = 1, call_id: str = "reg", contact: bool = False
) -> None:
    phone.request(
        "REGISTER", "sip:proxy", *headers, to=f"sip:{user}@proxy", cseq=cseq, call_id=call_id, contact=contact,
        branch=f"z9hG4bK{cseq}{call_id}",
    )  # fmt: skip


def contacts(net: Bed, user: str = "108") -> list[str]:
    record = net.engine.modules["usrloc"].domain("location").get(user)  # type: ignore[attr-defined]
    return [contact.uri for contact in record.contacts] if record else []


def code(net: Bed) -> str:
    return [line for line in net.log if "code" in line][-1].removeprefix("<script>: code ")


def test_a_new_binding_is_listed_in_the_answer_with_its_time() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:108@192.0.2.1:5060>", "Expires: 600")
    assert phone.gets(200).header("Contact") == "<sip:108@192.0.2.1:5060>;expires=600"
    assert contacts(net) == ["sip:108@192.0.2.1:5060"]
    assert code(net) == "1"


def test_a_refresh_updates_the_binding_and_its_time() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:108@192.0.2.1>", "Expires: 600")
    phone.gets(200)
    net.advance(100)
    register(phone, "Contact: <sip:108@192.0.2.1>", "Expires: 600", cseq=2)
    assert phone.gets(200).header("Contact").endswith(";expires=600")
    assert contacts(net) == ["sip:108@192.0.2.1"]
    assert code(net) == "2"


def test_the_contact_s_own_expires_counts_before_the_header_s() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>;expires=120, <sip:b@192.0.2.1>", "Expires: 600")
    assert phone.gets(200).header("Contact") == "<sip:a@192.0.2.1>;expires=120, <sip:b@192.0.2.1>;expires=600"


@pytest.mark.parametrize(
    ("params", "asked", "granted"),
    [
        ((), "30", 60),
        (('modparam("registrar", "min_expires", 0)',), "30", 30),
        (('modparam("registrar", "max_expires", 300)',), "7200", 300),
        (('modparam("registrar", "default_expires", 1800)',), "", 1800),
        ((), "", 3600),
        ((), "never", 3600),
    ],
)
def test_times_are_kept_within_the_limits(params: tuple[str, ...], asked: str, granted: int) -> None:
    net = bed(*params)
    phone = net.peer("phone")
    suffix = f";expires={asked}" if asked else ""
    register(phone, f"Contact: <sip:a@192.0.2.1>{suffix}")
    assert phone.gets(200).header("Contact") == f"<sip:a@192.0.2.1>;expires={granted}"


def test_min_expires_mode_refuses_a_short_time() -> None:
    net = bed('modparam("registrar", "min_expires_mode", 1)', 'modparam("registrar", "min_expires", 120)')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>;expires=60")
    answer = phone.gets(423)
    assert answer.header("Min-Expires") == "120"
    assert contacts(net) == []
    assert code(net) == "-1"


def test_expires_zero_removes_the_one_binding() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>")
    phone.gets(200)
    register(phone, "Contact: <sip:a@192.0.2.1>;expires=0", cseq=2)
    assert phone.gets(200).header("Contact").startswith("<sip:b@192.0.2.1>")
    assert contacts(net) == ["sip:b@192.0.2.1"]
    assert code(net) == "3"


def test_star_removes_all_bindings() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>")
    phone.gets(200)
    register(phone, "Contact: *", "Expires: 0", cseq=2)
    assert phone.gets(200).header("Contact") == ""
    assert contacts(net) == []
    assert code(net) == "3"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (("Contact: *", "Expires: 60"), "* used in contact and expires is not zero"),
        (("Contact: *",), "* used in contact and expires is not zero"),
        (("Contact: <sip:a@192.0.2.1>", "Contact: *", "Expires: 0"), "* used in contact and more than 1 contact"),
        (("Contact: *", "Contact: <sip:a@192.0.2.1>", "Expires: 0"), "* used in contact and more than 1 contact"),
        (("Contact: <sip:a@192.0.2.1",), "Contact parse error"),
        (("Contact: <sip:a@192.0.2.1>;q=2",), "Invalid q param in contact"),
        ((f"Contact: <sip:{'a' * 520}@192.0.2.1>",), "Contact/received too long"),
    ],
)
def test_bad_contacts_are_refused_and_change_nothing(headers: tuple[str, ...], words: str) -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:kept@192.0.2.1>")
    phone.gets(200)
    register(phone, *headers, cseq=2)
    assert phone.gets(400).header("P-Registrar-Error") == words
    assert contacts(net) == ["sip:kept@192.0.2.1"]
    assert code(net) == "-1"


def test_without_contacts_the_answer_is_the_list() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>;q=0.5")
    phone.gets(200)
    net.advance(10)
    register(phone, cseq=2)
    assert phone.gets(200).header("Contact") == "<sip:a@192.0.2.1>;q=0.5;expires=3590"
    assert code(net) == "4"


def test_an_older_request_of_the_same_call_is_refused_with_what_is_there() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>", cseq=5)
    phone.gets(200)
    register(phone, "Contact: <sip:a@192.0.2.1>;expires=0", cseq=4)
    answer = phone.gets(400)
    assert answer.header("P-Registrar-Error") == "Invalid CSeq number"
    assert contacts(net) == ["sip:a@192.0.2.1"]


def test_a_retransmission_within_cseq_delay_is_answered_again() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>", cseq=5)
    phone.gets(200)
    register(phone, "Contact: <sip:a@192.0.2.1>", cseq=5)
    phone.gets(200)
    net.advance(30)
    register(phone, "Contact: <sip:a@192.0.2.1>", cseq=5)
    phone.gets(400)


def test_max_contacts_refuses_one_too_many() -> None:
    net = bed('modparam("registrar", "max_contacts", 2)', 'modparam("registrar", "retry_after", 30)')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>")
    phone.gets(200)
    register(phone, "Contact: <sip:c@192.0.2.1>", cseq=2)
    answer = phone.gets(503)
    assert (answer.header("P-Registrar-Error"), answer.header("Retry-After")) == ("Too many registered contacts", "30")
    assert code(net) == "-2"
    register(phone, "Contact: <sip:a@192.0.2.1>;expires=0, <sip:c@192.0.2.1>", cseq=3)
    phone.gets(200)
    assert contacts(net) == ["sip:b@192.0.2.1", "sip:c@192.0.2.1"]


def test_replace_keeps_one_contact() -> None:
    net = bed(flags=', "0x04"')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>")
    phone.gets(200)
    register(phone, "Contact: <sip:b@192.0.2.1>", cseq=2)
    phone.gets(200)
    assert contacts(net) == ["sip:b@192.0.2.1"]


def test_no_reply_leaves_the_answer_to_the_script() -> None:
    net = bed(flags=', "0x02"')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>")
    phone.nothing()
    assert contacts(net) == ["sip:a@192.0.2.1"]


def test_an_instance_that_comes_back_elsewhere_replaces_itself() -> None:
    net = bed()
    phone = net.peer("phone")
    instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'
    register(phone, f"Contact: <sip:a@192.0.2.1:1111>;{instance}")
    phone.gets(200)
    register(phone, f"Contact: <sip:a@192.0.2.1:2222>;{instance}", call_id="again")
    assert instance in phone.gets(200).header("Contact")
    assert contacts(net) == ["sip:a@192.0.2.1:2222"]


def test_contacts_expire_and_lookup_no_longer_finds_them() -> None:
    net = bed('modparam("usrloc", "timer_interval", 10)')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>;expires=60")
    phone.gets(200)
    net.advance(61)
    phone.request("OPTIONS", "sip:108@proxy")
    assert code(net).startswith("-1")
    net.advance(120)
    assert contacts(net) == []
    assert net.engine.stats.get("usrloc", "location_expires") == 1


def test_path_in_strict_mode_needs_support() -> None:
    net = bed('modparam("registrar", "use_path", 1)')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>", "Path: <sip:edge.example.net;lr>")
    assert phone.gets(420).header("Unsupported") == "path"
    register(phone, "Contact: <sip:a@192.0.2.1>", "Path: <sip:192.0.2.50;lr>", "Supported: path", cseq=2)
    assert phone.gets(200).header("Path") == "<sip:192.0.2.50;lr>"
    phone.request("OPTIONS", "sip:108@proxy")
    assert code(net) == "1, sip:a@192.0.2.1 to sip:192.0.2.50;lr"


def test_use_domain_keeps_the_domains_apart() -> None:
    net = bed('modparam("usrloc", "use_domain", 1)')
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>")
    phone.gets(200)
    assert contacts(net, "108@proxy") == ["sip:a@192.0.2.1"]
    phone.request("OPTIONS", "sip:108@elsewhere.example")
    assert code(net).startswith("-1")


@pytest.mark.parametrize(("written", "asked"), [("J%4fe", "jOe"), ("joe", "JOE")])
def test_users_are_unescaped_and_their_case_does_not_count(written: str, asked: str) -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>", user=written)
    phone.gets(200)
    phone.request("OPTIONS", f"sip:{asked}@proxy")
    assert code(net).startswith("1,")


def test_counters_of_registrations() -> None:
    net = bed()
    phone = net.peer("phone")
    register(phone, "Contact: <sip:a@192.0.2.1>")
    register(phone, "Contact: *", "Expires: 1", cseq=2)
    stats = net.engine.stats
    assert (stats.get("registrar", "accepted_regs"), stats.get("registrar", "rejected_regs")) == (1, 1)
    assert stats.get("usrloc", "registered_users") == 1
