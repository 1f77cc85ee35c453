"""The table of registrations: attributes kept with a contact, connections that close, commands, refusals."""

from __future__ import annotations

import pytest

from olelo.core.module import RpcFault
from olelo.testing import Bed, ConfigurationError

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "timer_interval", 10)
{params}
request_route {{
    if (method == "REGISTER") {{
        $xavp(attrs=>tariff) = $hdr(X-Tariff);
        save("location");
        exit;
    }}
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    append_hf("X-Tariffs: $xavp(attrs[0]=>tariff) $xavp(attrs[1]=>tariff) $xavp(attrs[2]=>tariff)\\r\\n");
    t_relay();
}}
"""


def bed(*params: str) -> Bed:
    return Bed(CONFIG.format(params="\n".join(f'modparam("usrloc", {text})' for text in params)))


def count(net: Bed) -> int | None:
    return net.engine.stats.get("usrloc", "location_contacts")


def test_attributes_come_back_with_their_destination() -> None:
    net = bed('"xavp_contact", "attrs"')
    caller, one, two = net.peer("caller"), net.peer("one"), net.peer("two")
    one.register("108", "X-Tariff: gold")
    two.register("108", "X-Tariff: lead")
    caller.request("OPTIONS", "sip:108@proxy")
    assert one.gets("OPTIONS").header("X-Tariffs") == "gold lead <null>"
    two.gets("OPTIONS")


def test_without_xavp_contact_nothing_is_kept() -> None:
    net = bed()
    caller, phone = net.peer("caller"), net.peer("phone")
    phone.register("108", "X-Tariff: gold")
    caller.request("OPTIONS", "sip:108@proxy")
    assert phone.gets("OPTIONS").header("X-Tariffs") == "<null> <null> <null>"


def register_by_tcp(net: Bed) -> int:
    phone = net.peer("phone")
    phone.request("REGISTER", "sip:proxy", "Expires: 60", to="sip:108@proxy", proto="tcp")
    phone.gets(200)
    return phone.number


def test_a_contact_goes_with_its_connection() -> None:
    net = bed('"handle_lost_tcp", 1')
    number = register_by_tcp(net)
    net.advance(10)
    assert count(net) == 1
    net.world.closed_connections.add(number)
    net.advance(10)
    assert count(net) == 0


def test_without_handle_lost_tcp_a_contact_stays() -> None:
    net = bed()
    number = register_by_tcp(net)
    net.world.closed_connections.add(number)
    net.advance(20)
    assert count(net) == 1


@pytest.mark.parametrize(("params", "closed"), [(('"close_expired_tcp", 1',), True), ((), False)])
def test_an_expired_contact_s_connection(params: tuple[str, ...], closed: bool) -> None:
    net = bed(*params)
    number = register_by_tcp(net)
    net.advance(200)
    assert count(net) == 0
    assert (number in net.world.closed_connections) is closed


def test_a_contact_that_leaves_by_itself_keeps_its_connection() -> None:
    net = bed('"close_expired_tcp", 1')
    number = register_by_tcp(net)
    net.call("ul.rm", "location", "108")
    assert number not in net.world.closed_connections


def test_an_expired_contact_is_kept_for_rm_expired_delay() -> None:
    net = bed('"rm_expired_delay", 100')
    net.peer("phone").register("108", expires=60)
    net.advance(130)
    assert count(net) == 1
    net.advance(160)
    assert count(net) == 0


def test_numbers_of_users_are_taken_as_kamcmd_sends_them() -> None:
    net = bed()
    net.peer("phone").register("108")
    reply = net.call("ul.lookup", "location", 108)
    assert isinstance(reply, dict)
    assert reply["AoR"] == "108"


def test_statistics_are_named_as_stats_name_separator_says() -> None:
    net = Bed('stats_name_separator="-"\n' + CONFIG.format(params=""))
    net.peer("phone").register("108")
    assert net.engine.stats.get("usrloc", "location-users") == 1
    assert net.engine.stats.get("usrloc", "registered_users") == 1


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_a_database_is_refused_and_said_why(mode: int) -> None:
    with pytest.raises(ConfigurationError, match="Use 0"):
        bed(f'"db_mode", {mode}')


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("ul.add",), 500, "Not enough parameters or wrong format"),
        (
            ("ul.add", "location", "a", "sip:a@x", "soon", 1.0, "0", 0, 0, 1),
            500,
            "Not enough parameters or wrong format",
        ),
        (
            ("ul.add", "location", "a", "sip:a@x", 60, "high", "0", 0, 0, 1),
            500,
            "Not enough parameters or wrong format",
        ),
        (("ul.rm_contact", "location", "a"), 500, "Not enough parameters (table, AOR and contact)"),
        (("ul.db_users", "location"), 500, "Command is not supported in db_mode=0"),
    ],
)
def test_commands_refuse(words: tuple[str | int | float, ...], code: int, text: str) -> None:
    net = bed()
    net.peer("phone").register("108")
    with pytest.raises(RpcFault) as caught:
        net.call(str(words[0]), *words[1:])
    assert (caught.value.code, caught.value.text) == (code, text)
