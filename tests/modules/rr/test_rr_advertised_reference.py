"""rr with sockets that advertise addresses and have names, compared with the reference; branches and edits around it."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare

MODULES = ["pv", "tm", "sl", "rr", "textops", "xlog", "corex"]
LISTEN = [
    'udp:PROXY advertise 5.6.7.8:5070 name "one"',
    'tcp:PROXY advertise 5.6.7.8:5070 name "three"',
    'udp:SECOND advertise 6.6.6.6:5060 name "two"',
]
NEXT = ",<sip:TARGET;lr>"
FOLLOW = 'is_present_hf("ZZ"); loose_route(); append_hf("X-RC: $rc $du $ru $fs\\r\\n"); $du="sip:TARGET"; '

ROUTES = [
    "<sip:5.6.7.8:5070;lr>",
    "<sip:5.6.7.8:5070;lr>" + NEXT,
    "<sip:6.6.6.6;r2=on;lr>,<sip:5.6.7.8:5070;r2=on;lr>",
    "<sip:6.6.6.6;r2=on;lr>,<sip:5.6.7.8:5070;r2=on;lr>" + NEXT,
    "<sip:5.6.7.8:5070;r2=on;lr>,<sip:6.6.6.6;r2=on;lr>" + NEXT,
    "<sip:PROXY;r2=on;lr>,<sip:SECOND;r2=on;lr>" + NEXT,
    "<sip:5.6.7.8:5999;lr>" + NEXT,
    "<sip:5.6.7.8;lr>" + NEXT,
    "<sip:5.6.7.8:5070;transport=tcp;lr>" + NEXT,
    "<sip:5.6.7.8:5070;transport=tcp;r2=on;lr>,<sip:5.6.7.8:5070;r2=on;lr>" + NEXT,
    "<sip:x@5.6.7.8:5070;lr>" + NEXT,
    "<sip:5.6.7.8:5070;gr;lr>" + NEXT,
    "<sip:5.6.7.8:5070;lr>,<sip:foo@1.1.1.1;maddr=127.0.0.1;lr>",
    "<sips:5.6.7.8:5070;lr>" + NEXT,
    '"" <sip:5.6.7.8:5070;lr> , <sip:TARGET;lr>',
    "<sip:5.6.7.8:5070;lr>;foo=bar, <sip:TARGET;lr>;x=y",
    "<sip:5.6.7.8:5070;r2=on;lr;sn=one>,<sip:6.6.6.6;r2=on;lr;sn=two>" + NEXT,
    "<sip:5.6.7.8:5070;lr;sn=two>" + NEXT,
]
SCRIPTS = [
    "record_route();",
    'record_route(); $fs="udp:SECOND";',
    'record_route(); $fs="udp:6.6.6.6:5060";',
    'record_route(); $fsn="two";',
]
BRANCHES = """
branch_route[EDITS] { append_hf("X-Br: 1\\r\\n"); insert_hf("X-Top: 1\\r\\n"); }
branch_route[RECORDS] { record_route(); }
branch_route[ADDS] { add_rr_param(";br=1"); }
"""
RELAYED = [
    'record_route(); t_on_branch("EDITS");',
    't_on_branch("RECORDS");',
    'record_route(); t_on_branch("ADDS");',
    'record_route_preset("1.2.3.4"); t_on_branch("EDITS");',
    'record_route(); insert_hf("X-A: 1\\r\\n");',
    'insert_hf("X-A: 1\\r\\n"); record_route(); insert_hf("X-B: 1\\r\\n");',
    'insert_hf("X-A: 1\\r\\n"); record_route(); remove_hf("Via"); insert_hf("X-B: 1\\r\\n", "From");',
]


def cases() -> list[Case]:
    to = "<sip:b@e>;tag=2"
    found = [Case(routes, FOLLOW, headers=f"Route: {routes}\r\n", to=to) for routes in ROUTES]
    found += [Case(script, script) for script in SCRIPTS]
    for number, script in enumerate(RELAYED):
        via = f"SIP/2.0/UDP CALLER;branch=z9hG4bK1{number}"
        found.append(Case(script + " relayed", script + " t_relay();", "ACK", relay=False, via=via))
        found.append(Case(script + " again", script + " t_relay();", "MESSAGE", relay=False, via=via))
    return found


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("params", ["", 'modparam("rr", "sockname_mode", 1)', 'modparam("rr", "force_send_socket", 1)'])
def test_what_leaves_is_what_kamailio_sends(params: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    pairs = compare(cases(), MODULES, params, tmp_path_factory.mktemp("rr"), LISTEN, BRANCHES)
    assert len(pairs) == len(cases())
    # A MESSAGE that nobody answers is sent again while the next cases are played.
    ours = {name: mine for name, (mine, _) in pairs.items()}
    theirs = {name: [x for i, x in enumerate(sent) if x not in sent[:i]] for name, (_, sent) in pairs.items()}
    assert ours == theirs
