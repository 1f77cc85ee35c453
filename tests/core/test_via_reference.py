"""Our own Via and Record-Route compared with the reference: advertised addresses, sockets, parameters, large requests."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare

MODULES = ["pv", "tm", "sl", "rr", "textops", "xlog", "corex", "kex"]
#: Names that `uri==myself` is asked about, and the variables that tell of addresses.
ASK = (
    'append_hf("X-A: $RAi PORT $Ri $Rp $Ru $Ras\\r\\n");'
    'if (is_myself("sip:5.6.7.8")) append_hf("X-M: host\\r\\n");'
    'if (is_myself("sip:5.6.7.8:5070")) append_hf("X-M: port\\r\\n");'
    'if (is_myself("sip:6.6.6.6")) append_hf("X-M: six\\r\\n");'
    'if (is_myself("sip:7.7.7.7")) append_hf("X-M: seven\\r\\n");'
    'if (is_myself("sip:sip.example.org")) append_hf("X-M: name\\r\\n");'
    'if (uri==myself) append_hf("X-M: uri\\r\\n");'
)

SCRIPTS = {
    "plain": "record_route();",
    "second socket": 'record_route(); $fs="udp:SECOND";',
    "asked": ASK,
    "set address": 'set_advertised_address("9.9.9.9"); record_route();',
    "set port": "set_advertised_port(7777); record_route();",
    "set both": 'set_advertised_address("9.9.9.9"); set_advertised_port(7777); record_route(); $fs="udp:SECOND";',
    "local rport": "add_local_rport(); record_route();",
    "srvid": "via_add_srvid(1);",
    "srvid off": "via_add_srvid(1); via_add_srvid(0);",
    "params": '$xavp(vp=>a)="1"; $xavp(vp[0]=>b)="x"; $xavp(vp[0]=>n)=5; via_add_xavp_params(1);',
    "all": '$xavp(vp=>a)="1"; via_add_xavp_params(1); via_add_srvid(1); add_local_rport();',
    "force rport": "force_rport();",
    "rr preset": 'record_route_preset("1.1.1.1");',
    "double": 'record_route(); $du="sip:TARGET;transport=udp"; $fs="udp:SECOND";',
}
SETTINGS = {
    "nothing": ("", None),
    "advertise": (
        "",
        ["udp:PROXY advertise 5.6.7.8:5070", "tcp:PROXY advertise 5.6.7.8:5070", "udp:SECOND advertise 6.6.6.6:5060"],
    ),
    "advertise without port": (
        "",
        ["udp:PROXY advertise 5.6.7.8", "tcp:PROXY", "udp:SECOND advertise 6.6.6.6"],
    ),
    "advertised_address": ("advertised_address=7.7.7.7\nadvertised_port=5099", None),
    "advertised_address alone": ('advertised_address="7.7.7.7"', None),
    "both": (
        "advertised_address=7.7.7.7\nadvertised_port=5099",
        ["udp:PROXY advertise 5.6.7.8:5070", "tcp:PROXY", "udp:SECOND"],
    ),
    "ids": ('server_id=77\nxavp_via_params="vp"\nlocal_rport=yes\nforce_rport=yes', None),
}


def cases(setting: str) -> list[Case]:
    # An advertised address without port gives $RAp 0 in the reference, and URIs with that port; we give the socket's.
    port = "" if setting == "advertise without port" else "$RAp $RAu $RAut"
    found = [Case(name, script.replace("PORT", port)) for name, script in SCRIPTS.items()]
    found += [
        Case(name + ", by the second", script.replace("PORT", port), second=True) for name, script in SCRIPTS.items()
    ]
    found.append(Case("myself", ASK.replace("PORT", port) + '$du="sip:TARGET";', ruri="sip:bob@5.6.7.8:5070"))
    found.append(Case("relayed", "record_route(); t_relay();", "MESSAGE", relay=False))
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, tuple[list[str], list[str]]]]:
    found = {}
    for setting, (params, listen) in SETTINGS.items():
        found[setting] = compare(cases(setting), MODULES, params, tmp_path_factory.mktemp("via"), listen)
    return found


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("setting", SETTINGS)
def test_addresses_are_those_of_kamailio(
    results: dict[str, dict[str, tuple[list[str], list[str]]]], setting: str
) -> None:
    pairs = results[setting]
    assert len(pairs) >= 2 * len(SCRIPTS)
    assert all(ours for ours, _ in pairs.values())
    assert {name: ours for name, (ours, _) in pairs.items()} == {name: theirs for name, (_, theirs) in pairs.items()}
