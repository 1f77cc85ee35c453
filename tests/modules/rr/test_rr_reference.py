"""rr compared with the reference: Record-Route lines, followed routes, return codes, under several settings."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare, marked

MODULES = ["pv", "tm", "sl", "rr", "textops", "xlog"]
#: Cases in which we differ, and why.
KNOWN = {
    "removed": "the reference leaves the rest of the removed line in the message",
    "removed and asked for again": "as above",
}

#: All headers are looked at first: the reference does not see those that it has not come to yet.
FIRST = 'is_present_hf("ZZ"); '
RC = 'append_hf("X-RC: $rc $du $ru\\r\\n");'
FOLLOW = "loose_route(); " + RC
ASK = 'append_hf("X-D: $rc $fti $tti $rdir(id) $rdir(name) $route_uri\\r\\n");'
IN_DIALOG = "<sip:b@e>;tag=2"


def record(name: str, script: str, ruri: str = "sip:bob@TARGET", sender: str = "<sip:a@b>;tag=ft1") -> Case:
    return Case(name, script + " " + RC, ruri=ruri, sender=sender)


def follow(name: str, routes: str, script: str = FOLLOW, ruri: str = "sip:bob@TARGET", to: str = IN_DIALOG) -> Case:
    headers = "".join(f"Route: {line}\r\n" for line in routes.split("\n") if line)
    return Case(name, FIRST + script, headers=headers, ruri=ruri, to=to)


RECORDS = [
    record("plain", "record_route();"),
    record("twice", "record_route(); record_route();"),
    record("parameters", 'add_rr_param(";a=1"); record_route(";p=0"); add_rr_param(";b=2");'),
    record("another socket", 'record_route(); $fs="udp:SECOND";'),
    record(
        "another socket, parameters",
        'add_rr_param(";a=1"); record_route(";b=1"); add_rr_param(";c=2"); $fs="udp:SECOND";',
    ),
    record("preset", 'record_route_preset("1.2.3.4:5090;transport=tcp");'),
    record("preset, parameters", 'add_rr_param(";a=1"); record_route_preset("1.2.3.4"); add_rr_param(";b=1");'),
    record("two presets", 'record_route_preset("1.2.3.4","5.6.7.8;r2=on");'),
    record("two presets, parameters", 'record_route_preset("1.2.3.4","1.1.1.1"); add_rr_param(";b=1");'),
    record("advertised", 'record_route_advertised_address("9.9.9.9:5070");'),
    record(
        "advertised, another socket",
        'add_rr_param(";a=1"); record_route_advertised_address("9.9.9.9"); add_rr_param(";b=1"); $fs="udp:SECOND";',
    ),
    record("no From tag", "record_route();", sender="<sip:alice@example.org>"),
    record("sips", 'record_route(); $du="sip:TARGET";', "sips:bob@TARGET"),
    record("preset for sips", 'record_route_preset("1.2.3.4"); $du="sip:TARGET";', "sips:bob@TARGET"),
    record("user of the received URI", '$ru="sip:new@TARGET"; record_route();', "sip:old@TARGET"),
    record("user of the new URI", '$ru="sip:new@TARGET"; record_route();', "sip:TARGET"),
    record("user of an AVP", '$avp(ru)="avpuser"; record_route();'),
    record("removed", "record_route(); remove_record_route();"),
    record("removed and asked for again", "record_route(); remove_record_route(); record_route();"),
    record("headers before and behind", 'insert_hf("X-A: 1\\r\\n"); record_route(); insert_hf("X-B: 1\\r\\n");'),
]

ROUTES = [
    follow("no Route", ""),
    follow("ours", "<sip:PROXY;lr>"),
    follow("ours, preloaded", "<sip:PROXY;lr>", to="<sip:b@e>"),
    follow("ours and next", "<sip:PROXY;lr>, <sip:TARGET;lr>"),
    follow("ours and two more, without blanks", "<sip:PROXY;lr>,<sip:TARGET;lr>,  <sip:9.9.9.9;lr>"),
    follow("names and parameters", '<sip:PROXY;lr>\n"x,y" <sip:TARGET;lr>;p=1,<sip:9.9.9.9;lr>', to="<sip:b@e>"),
    follow("not ours", "<sip:TARGET;lr>"),
    follow("not ours, preloaded", "<sip:TARGET;lr>", to="<sip:b@e>"),
    follow("two of ours", "<sip:PROXY;r2=on;lr>,<sip:SECOND;r2=on;lr>"),
    follow("two of ours and next", "<sip:PROXY;r2=on;lr>,<sip:SECOND;r2=on;lr>, <sip:TARGET;lr>"),
    follow("two of ours in lines", "<sip:PROXY;r2=on;lr>\n<sip:SECOND;r2=on;lr>\n<sip:TARGET;lr>"),
    follow("the second is missing", "<sip:PROXY;r2=on;lr>"),
    follow("next is strict", "<sip:PROXY;lr>, <sip:TARGET>, <sip:9.9.9.9;lr>"),
    follow("next is strict and last", "<sip:PROXY;lr>\n<sip:TARGET>"),
    follow("previous was strict", "<sip:TARGET;lr>, <sip:dest@9.9.9.9>", ruri="sip:PROXY;lr;ftag=ft1"),
    follow("strict to the target", "<sip:TARGET>", ruri="sip:PROXY"),
    follow("strict to strict", "<sip:TARGET>, <sip:9.9.9.9>", ruri="sip:PROXY"),
    follow(
        "strict and two of ours", "<sip:SECOND;r2=on;lr>,<sip:TARGET;lr>\n<sip:dest@9.9.9.9>", ruri="sip:PROXY;r2=on"
    ),
    follow("mode 1", "<sip:TARGET;lr>", 'loose_route_mode("1"); ' + RC, ruri="sip:x@PROXY"),
    follow("asked if preloaded", "<sip:PROXY;lr>", "loose_route_preloaded(); " + RC, to="<sip:b@e>"),
    follow("no brackets", "sip:PROXY;lr"),
    follow("nothing behind the comma", "<sip:PROXY;lr>,"),
    follow("next is no URI", "<sip:PROXY;lr>, <foo>"),
    follow("another socket of ours", "<sip:SECOND;lr>"),
    follow("another socket of ours and next", "<sip:SECOND;lr>,<sip:TARGET;lr>"),
    follow("next hop left", "<sip:PROXY;lr>, <sip:TARGET;lr>", "loose_route(); rr_next_hop_route(); " + RC),
    follow("next hop not behind ours", "<sip:TARGET;lr>", "loose_route(); rr_next_hop_route(); " + RC),
    follow("no next hop left", "<sip:PROXY;lr>", "loose_route(); rr_next_hop_route(); " + RC),
    follow("parameter", "<sip:PROXY;lr;ftag=ft1;nat=yes>", 'loose_route(); check_route_param("nat=yes"); ' + RC),
    follow(
        "parameter from the first on", "<sip:PROXY;lr;ftag=ft1>", 'loose_route(); check_route_param("^;lr;FTAG"); ' + RC
    ),
    follow("parameter not there", "<sip:PROXY;lr;ftag=ft1>", 'loose_route(); check_route_param("zz"); ' + RC),
    follow("no parameters", "<sip:PROXY>", 'loose_route(); check_route_param("."); ' + RC),
    follow("parameter without following", "<sip:PROXY;lr;nat=yes>", 'check_route_param("nat=yes"); ' + RC),
]

DIRECTIONS = [
    follow("upstream", "<sip:PROXY;lr;ftag=other>", 'loose_route(); record_route(); is_direction("upstream"); ' + ASK),
    follow(
        "downstream", "<sip:PROXY;lr;ftag=ft1>", 'loose_route(); record_route(); is_direction("downstream"); ' + ASK
    ),
    follow(
        "upstream without following", "<sip:PROXY;lr;ftag=other>", 'record_route(); is_direction("UPSTREAM"); ' + ASK
    ),
    follow("without ftag", "<sip:PROXY;lr>", 'loose_route(); record_route(); is_direction("upstream"); ' + ASK),
]

SETTINGS = {
    "defaults": ("", RECORDS + ROUTES + DIRECTIONS),
    "lr=on, never two": (
        'modparam("rr","enable_full_lr",1)\nmodparam("rr","enable_double_rr",0)\n',
        [c for c in RECORDS[:14] if not c.name.startswith("two presets")] + ROUTES[:8] + DIRECTIONS,
    ),
    "always two, no tags": (
        'modparam("rr","enable_double_rr",2)\nmodparam("rr","append_fromtag",0)\n',
        RECORDS[:14],
    ),
    "users, sockets": (
        'modparam("rr","add_username",1)\nmodparam("rr","custom_user_avp","$avp(ru)")\n'
        'modparam("rr","ignore_sips",1)\nmodparam("rr","force_send_socket",1)\n',
        RECORDS[:17] + ROUTES,
    ),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    found = {}
    for setting, (params, cases) in SETTINGS.items():
        for name, pair in compare(cases, MODULES, params, tmp_path_factory.mktemp("rr")).items():
            found[setting, name] = pair
    return found


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("name", marked([case.name for case in SETTINGS["defaults"][1]], KNOWN))
def test_what_leaves_is_what_kamailio_sends(
    results: dict[tuple[str, str], tuple[list[str], list[str]]], name: str
) -> None:
    ours, theirs = results["defaults", name]
    assert ours == theirs


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("setting", list(SETTINGS)[1:])
def test_settings_act_as_in_kamailio(results: dict[tuple[str, str], tuple[list[str], list[str]]], setting: str) -> None:
    cases = {name: pair for (known, name), pair in results.items() if known == setting}
    assert len(cases) >= 14
    assert {name: ours for name, (ours, _) in cases.items()} == {name: theirs for name, (_, theirs) in cases.items()}
