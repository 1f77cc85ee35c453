"""What onsend_route sees of a request that is forwarded, with a transaction and without, compared with the reference."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare

MODULES = ["pv", "tm", "sl", "textops", "xlog", "corex"]
VARIABLES = (
    "$sndto(ip) $sndto(port) $sndto(proto) $sndto(sproto) $sndto(af) $snd(ip) $snd(port) $snd(af) $sndfrom(ip) "
    "$sndfrom(port) $sndfrom(proto) $ml $rm $ru $du $rU"
).split()
OPERANDS = (
    "snd_proto==UDP", "snd_proto==TCP", "to_port==5060", "snd_ip==127.0.0.1", "to_ip==127.0.0.1", "to_ip==127.0.0.2",
    "snd_af==INET", "msg:len > 200", 'is_method("MESSAGE")', "src_ip==127.0.0.1",
)  # fmt: skip
ROUTE = (
    "onsend_route {\n"
    + "".join(f"  $avp(v{i}) = {variable};\n" for i, variable in enumerate(VARIABLES))
    + "".join(f"  if ({operand}) $avp(o{i}) = 1;\n" for i, operand in enumerate(OPERANDS))
    + "  return -1;\n}"
)
TOLD = " ".join(f"$avp(v{i})" for i in range(len(VARIABLES))) + " ".join(f"$avp(o{i})" for i in range(len(OPERANDS)))


@pytest.mark.reference
@pytest.mark.wire
def test_what_the_route_sees(tmp_path_factory: pytest.TempPathFactory) -> None:
    answer = f' append_to_reply("X-Seen: {TOLD}\\r\\n"); sl_send_reply("200", "Seen"); exit;'
    cases = []
    for i, send in enumerate(("forward();", "t_relay();", 'append_branch("sip:x@TARGET"); t_relay();')):
        via = f"SIP/2.0/UDP CALLER;branch=z9hG4bK1{i}"
        script = f'$du = "sip:TARGET;transport=udp"; {send}' + answer
        cases.append(Case(send, script, "MESSAGE", relay=False, via=via))
    pairs = compare(cases, MODULES, "", tmp_path_factory.mktemp("onsend"), None, ROUTE)
    assert len(pairs) == 3
    for ours, theirs in pairs.values():
        assert any("X-Seen" in packet for packet in ours)
        assert sorted(ours) == sorted(set(theirs))
