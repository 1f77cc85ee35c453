"""Top level: parameters, modules, sockets, route blocks."""

from __future__ import annotations

import pytest

from olelo.script.nodes import CoreParam, CustomParam, FlagDecl, Ident, Int, Listen, LoadModule, ModParam, Str
from script.front_kit import codes, good, parse, show, warnings


def one(text: str) -> object:
    (item,) = good(text).items
    return item


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("debug=3", "debug", ["3"]),
        ("debug = -1;", "debug", ["-1"]),
        ("fork=yes", "fork", ["1"]),
        ("log_facility=LOG_LOCAL0", "log_facility", ["LOG_LOCAL0"]),
        ('version_table="v"', "version_table", ["'v'"]),
        ("user=kamailio", "user", ["kamailio"]),
        ("udp_mtu_try_proto=TCP", "udp_mtu_try_proto", ["TCP"]),
        ("force_rport=1", "force_rport", ["1"]),
        ("advertised_address=10.0.0.1", "advertised_address", ["'10.0.0.1'"]),
        ("advertised_address=sip.example.com", "advertised_address", ["'sip.example.com'"]),
        ("tcp_source_ipv6=[::1]", "tcp_source_ipv6", ["'::1'"]),
        ("tls_method=TLSv1", "tls_method", ["TLSv1"]),
        ("alias=a.example.com", "alias", ["'a.example.com'"]),
        ('alias="a.example.com" b.example.com\n udp:c:5060', "alias",
            ["'a.example.com'", "'b.example.com'", "'udp:c:5060'"]),
        ("alias=10.0.0.1:5060", "alias", ["'10.0.0.1:5060'"]),
        ("domain=x", "domain", ["'x'"]),
        ("return_mode=1", "return_mode", ["1"]),
        ('mpath="/a:/b"', "mpath", ["'/a:/b'"]),
        ('loadpath "/a"', "loadpath", ["'/a'"]),
        ('cfgengine "python"', "cfgengine", ["'python'"]),
        ('kemi.reply_route_callback="none"', "kemi.reply_route_callback", ["'none'"]),
    ],
)  # fmt: skip
def test_core_parameters(text: str, name: str, shown: list[str]) -> None:
    item = one(text)
    assert isinstance(item, CoreParam)
    assert item.name == name
    assert [show(value) for value in item.values] == shown
    assert item.pos.col == 1


def test_a_value_may_stand_on_the_next_line() -> None:
    item = one('log_name=\n  "x"')
    assert isinstance(item, CoreParam)
    assert (item.value_pos.line, item.value_pos.col) == (2, 3)


@pytest.mark.parametrize(
    ("text", "group", "name", "value", "desc", "index"),
    [
        ("g.v = 5", "g", "v", 5, "", None),
        ('g.v = "x" desc "text"', "g", "v", "x", "text", None),
        ('g.v=1 description "a" "b"', "g", "v", 1, "ab", None),
        ("g[3].v = -7", "g", "v", -7, "", 3),
        ("default.default = 1", "default", "default", 1, "", None),
    ],
)
def test_custom_parameters(text: str, group: str, name: str, value: int | str, desc: str, index: int | None) -> None:
    item = one(text)
    assert isinstance(item, CustomParam)
    assert isinstance(item.value, (Int, Str))
    assert (item.group, item.name, item.value.value, item.desc, item.index) == (group, name, value, desc, index)


def listens(text: str) -> list[tuple[str, str, int]]:
    items = good(text).items
    assert all(isinstance(item, Listen) for item in items)
    return [(item.proto, item.host, item.port) for item in items if isinstance(item, Listen)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("listen=10.0.0.1", [("", "10.0.0.1", 0)]),
        ("listen=udp:10.0.0.1:5060", [("udp", "10.0.0.1", 5060)]),
        ("listen=TLS:[2001:db8::1]:5061", [("tls", "[2001:db8::1]", 5061)]),
        ("listen=eth0", [("", "eth0", 0)]),
        ("listen=udp:eth0:5060", [("udp", "eth0", 5060)]),
        ("listen=sip-1.example.com:5060", [("", "sip-1.example.com", 5060)]),
        ('listen="10.0.0.1"', [("", "10.0.0.1", 0)]),
        ('listen=udp:"10.0.0.1":5060', [("udp", "10.0.0.1", 5060)]),
        ('listen="udp:10.0.0.1:5060"', [("udp", "10.0.0.1", 5060)]),
        ('listen="tcp:[::1]:5060"', [("tcp", "[::1]", 5060)]),
        ("listen=*:10.0.0.1:*", [("", "10.0.0.1", 0)]),
        ("listen=udp:10.0.0.1 tcp:10.0.0.2:5060\n 10.0.0.3",
            [("udp", "10.0.0.1", 0), ("tcp", "10.0.0.2", 5060), ("", "10.0.0.3", 0)]),
        ("listen=(10.0.0.1, 10.0.0.2):5060", [("", "10.0.0.1", 5060), ("", "10.0.0.2", 5060)]),
        ("listen=sctp:(10.0.0.1, eth1)", [("sctp", "10.0.0.1", 0), ("sctp", "eth1", 0)]),
        ("#!define ADDR udp:10.0.0.1:5060\nlisten=ADDR", [("udp", "10.0.0.1", 5060)]),
    ],
)  # fmt: skip
def test_listen(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert listens(text) == expected


def test_listen_options() -> None:
    item = one('listen=udp:10.0.0.1:5060 advertise sip.example.com:5070 name "a" virtual')
    assert isinstance(item, Listen)
    assert (item.advertise_host, item.advertise_port, item.name, item.virtual) == ("sip.example.com", 5070, "a", True)
    item = one('listen=udp:10.0.0.1:5060 name "a" advertise tcp:1.2.3.4 agname "g" vrf "red"')
    assert isinstance(item, Listen)
    assert (item.advertise_host, item.advertise_port, item.name) == ("1.2.3.4", 0, "a")
    assert item.options == {"agname": "g", "vrf": "red"}


def test_listen_ends_where_the_next_statement_begins() -> None:
    items = good("listen=eth0\ng.v = 1\nlisten=eth1\nreturn_mode=1\nlisten=eth2\nroute { exit; }").items
    assert [type(item).__name__ for item in items] == [
        "Listen", "CustomParam", "Listen", "CoreParam", "Listen", "Route",
    ]  # fmt: skip


def test_socket() -> None:
    item = one(
        'socket = {\n bind = udp:10.0.0.1:5060;\n advertise = 1.2.3.4:5070;\n name = "s";\n'
        ' workers = 4;\n virtual = yes;\n}'
    )  # fmt: skip
    assert isinstance(item, Listen)
    assert (item.proto, item.host, item.port, item.advertise_host, item.advertise_port) == (
        "udp", "10.0.0.1", 5060, "1.2.3.4", 5070,
    )  # fmt: skip
    assert (item.name, item.virtual, item.options) == ("s", True, {"workers": "4"})


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ('loadmodule "tm.so"', "tm", ""),
        ('loadmodule "tm"', "tm", ""),
        ('loadmodule("tm.so")', "tm", ""),
        ('loadmodule("tm.so", "g")', "tm", "g"),
        ('loadmodulex "/usr/lib/kamailio/modules/tm.so"', "tm", ""),
    ],
)
def test_modules(text: str, name: str, options: str) -> None:
    item = one(text)
    assert isinstance(item, LoadModule)
    assert (item.name, item.options) == (name, options)


@pytest.mark.parametrize(
    ("text", "value", "expand"),
    [
        ('modparam("a|b", "p", 5)', 5, False),
        ('modparam("a|b", "p", -5)', -5, False),
        ('modparam("a|b", "p", 0x10)', 16, False),
        ('modparam("a|b", "p", "x" "y")', "xy", False),
        ('modparam("a|b", "p", yes)', 1, False),
        ('modparamx("a|b", "p", $def(X))', "$def(X)", True),
        ('modparamx("a|b", "p", "x$def(X)")', "x$def(X)", True),
    ],
)
def test_module_parameters(text: str, value: int | str, expand: bool) -> None:
    item = one(text)
    assert isinstance(item, ModParam)
    assert (item.modules, item.name, item.value, item.expand) == ("a|b", "p", value, expand)
    assert item.modules_pos.col < item.name_pos.col < item.value_pos.col


def test_flags() -> None:
    item = one('flags a, b:5, "c"')
    assert isinstance(item, FlagDecl)
    assert (item.kind, [(name, bit) for name, bit, _ in item.names]) == ("flags", [("a", -1), ("b", 5), ("c", -1)])
    item = one("avpflags x")
    assert isinstance(item, FlagDecl)
    assert item.kind == "avpflags"
    item = one("bool x")
    assert isinstance(item, FlagDecl)
    assert item.kind == "flags"


@pytest.mark.parametrize(
    ("head", "kind", "name"),
    [
        ("route", "request", ""),
        ("request_route", "request", ""),
        ("route[0]", "request", ""),
        ("route[A]", "route", "A"),
        ('route["a-b"]', "route", "a-b"),
        ("route[5]", "route", "5"),
        ("route[0x10]", "route", "16"),
        ("reply_route", "reply", ""),
        ("onreply_route", "reply", ""),
        ("onreply_route[0]", "reply", ""),
        ("onreply_route[A]", "onreply", "A"),
        ("failure_route", "failure", ""),
        ("failure_route[A]", "failure", "A"),
        ("branch_route[A]", "branch", "A"),
        ("onsend_route", "onsend", ""),
        ("event_route[tm:local-request]", "event", "tm:local-request"),
        ("event_route[htable:expired:t1]", "event", "htable:expired:t1"),
        ("#!define N A\nroute[N]", "route", "A"),
    ],
)
def test_routes(head: str, kind: str, name: str) -> None:
    (route,) = good(head + " { exit; }").routes
    assert (route.kind, route.name) == (kind, name)


def test_names_are_per_kind() -> None:
    assert codes("route[A] { exit; } failure_route[A] { exit; } onreply_route[A] { exit; }") == []
    assert codes("event_route[a:b] { exit; } event_route[a:b] { exit; }") == ["duplicate-route"]


def test_main_blocks_may_be_repeated() -> None:
    assert warnings("route { exit; }\nrequest_route { exit; }\n") == ["repeated-route"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("debug=", ["missing-value"]),
        ("debug=\nfork=1", ["missing-value"]),
        ("debug", ["unexpected"]),
        ("debug 5", ["missing-equals"]),
        ("debug=$var(x)", ["unexpected"]),
        ("foo", ["unknown-statement"]),
        ("foo bar", ["unexpected"]),
        ("listen=", ["missing-value"]),
        ("listen=udp:", ["missing-value"]),
        ("listen=udp:10.0.0.1:x", ["unexpected"]),
        ("listen=10.0.0.1:99999", ["bad-port"]),
        ("listen=10.0.0.999", ["bad-address"]),
        ("listen=a.", ["unexpected"]),
        ('socket = { name = "x"; }', ["missing-value"]),
        ("socket = { bind = 10.0.0.1", ["missing-brace"]),
        ("g.debug = 5", ["reserved-word"]),
        ("g.v = x", ["unexpected"]),
        ("g.v", ["unexpected"]),
        ("flags debug", ["reserved-word"]),
        ("flags 5", ["unexpected"]),
        ("flags a:b", ["unexpected"]),
        ("loadmodule tm", ["string-expected"]),
        ("loadmodule", ["missing-value"]),
        ('modparam "a", "b", 1', ["unexpected"]),
        ('modparam("a", "b")', ["too-few-arguments"]),
        ('modparam("a", "b", 1, 2)', ["too-many-arguments"]),
        ('modparam("a" , "b", $var(x))', ["unexpected"]),
        ('modparam(a, "b", 1)', ["string-expected"]),
        ("route[] { exit; }", ["unexpected"]),
        ("route[a-b] { exit; }", ["bad-route-name"]),
        ("route[5a] { exit; }", ["bad-route-name"]),
        ("route[log] { exit; }", ["reserved-word"]),
        ("request_route[A] { exit; }", ["named-main-route"]),
        ("event_route { exit; }", ["unexpected"]),
        ("event_route[a] { exit; }", ["bad-event-name"]),
        ("route exit;", ["missing-brace"]),
        ("route(A);", ["unexpected"]),
        ("route { exit; } }\n}", ["stray-brace"]),
        ("exit;", ["outside-route"]),
        ("f(1);", ["outside-route"]),
        ("$x = 1;", ["outside-route"]),
    ],
)
def test_faults(text: str, expected: list[str]) -> None:
    assert codes(text + "\nbranch_route[LAST] { exit; }\n") == expected


def test_what_follows_a_fault_is_read() -> None:
    config, diag = parse("debug=;\nfoo bar\nmodparam(1)\nloadmodule tm\nroute[A] { exit; }\nchildren=4\n")
    assert len(diag.errors) == 4
    assert [route.name for route in config.routes] == ["A"]
    assert isinstance(config.items[-1], CoreParam)


def test_sources_and_defines() -> None:
    config = good("#!define A 5\ndebug=A\n")
    assert config.sources == {"/etc/k/kamailio.cfg": "#!define A 5\ndebug=A\n"}
    assert config.defines["A"] == "5"
    assert config.file == "/etc/k/kamailio.cfg"


def test_identifiers_as_values() -> None:
    item = one("log_facility=LOG_DAEMON")
    assert isinstance(item, CoreParam)
    assert isinstance(item.values[0], Ident)
