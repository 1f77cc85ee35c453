"""Return codes and variables of tm and tmx, the same script run by the real Kamailio and here."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.kamailio_runner import Step, needs_kamailio, run
from modules.tm.kit import said
from olelo.testing import Bed

MODULES = ("tm", "sl", "tmx", "pv", "xlog", "siputils", "textops", "kex", "corex")
PARAMS = 'modparam("tm", "contacts_avp", "cs")\nmodparam("tm", "contact_flows_avp", "fl")\n'
HEAD = "".join(f'loadmodule "{name}.so"\n' for name in MODULES) + PARAMS

_VARIABLES = (
    "$T_branch_idx|$T_reply_code|$T_reply_reason|$T_reply_ruid|$T_reply_last|$T(id_index)|$T(reply_type)|$T_inv($rm)"
    "|$T_req($rm)|$T_rpl($rs)|$T_branch(uri)|$T_branch(flags)"
)


def codes(*calls: str) -> list[Step]:
    steps: list[Step] = []
    for call in calls:
        steps += [("do", call + ";"), ("show", "$rc")]
    return steps


STEPS: list[Step] = [
    *codes(
        "t_any_replied()", "t_any_timeout()", "t_is_canceled()", "t_is_expired()", 't_grep_status("404")', "t_release()",
        't_reply("404", "x")', "t_retransmit_reply()", "t_flush_flags()", "t_flush_xflags()", "t_get_status_code()",
        "t_lookup_cancel()", "t_relay_cancel()", 't_is_set("failure_route")', 't_set_fr("0", "0")', "t_next_contacts()",
        "t_load_contacts()", 't_check_status("404")', "t_check_trans()", "t_lookup_request()", "t_precheck_trans()",
        "t_is_request_route()", "t_is_failure_route()", "t_is_branch_route()", "t_is_reply_route()",
        't_reply_callid("none", "1", "404", "x")', 't_cancel_callid("none", "1", "3")',
    ),
    ("show", _VARIABLES),
    ("do", 't_on_failure("F");'),
    *codes('t_is_set("failure_route")', 't_is_set("onreply_route")', "t_newtran()", 't_is_set("failure_route")', "t_newtran()"),
    ("show", _VARIABLES.replace("$T(id_index)|", "")),
    *codes(
        "t_any_replied()", "t_is_canceled()", "t_is_expired()", "t_lookup_request()", "t_flush_flags()",
        't_reply("480", "Gone")', 't_reply("404", "x")', 't_check_status("4[0-9]0")', 't_check_status("404")',
    ),
    ("show", "$T_reply_code"),
    *codes("t_retransmit_reply()", "t_release()"),
    ("do", 'append_branch("sip:a@127.0.0.1:9", "0.5"); append_branch("sip:b@127.0.0.1:9", "0.5");'),
    ("do", 'append_branch("sip:c@127.0.0.1:9", "0.9");'),
    *codes("t_load_contacts()"),
    ("show", "$xavp(cs=>uri) $xavp(cs[1]=>uri) $xavp(cs[2]=>uri) $xavp(cs[3]=>uri)"),
    ("show", "$xavp(cs=>q_flag) $xavp(cs[1]=>q_flag) $xavp(cs[2]=>q_flag) $xavp(cs[3]=>q_flag)"),
    *codes("t_next_contacts()"),
    ("show", "$ru $branch(count) $xavp(cs=>uri)"),
    *codes("t_next_contacts()"),
    ("show", "$ru $branch(count) $(branch(uri)[0]) $xavp(cs=>uri)"),
    *codes("t_next_contacts()", "t_next_contacts()"),
]  # fmt: skip

TAIL = "failure_route[F] { exit; }\n"

MESSAGE = (
    "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKone\r\nFrom: <sip:a@x>;tag=f\r\n"
    "To: <sip:b@x>\r\nCall-ID: one\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def here() -> dict[int, str]:
    lines = []
    for number, (kind, text) in enumerate(STEPS):
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(text if kind == "do" else f'xlog("L_ERR", "@@{number}[{quoted}]\\n");')
    net = Bed(HEAD + "request_route {\n" + "\n".join(lines) + "\n}\n" + TAIL)
    net.peer("alice").send(MESSAGE.encode())
    found = (line.removeprefix("@@").partition("[") for line in said(net) if line.startswith("@@"))
    return {int(number): text.removesuffix("]") for number, _, text in found}


@pytest.mark.reference
def test_the_script_says_the_same(tmp_path: Path) -> None:
    needs_kamailio()
    runs, _, _ = run(tmp_path, STEPS, [MESSAGE.encode()], HEAD, TAIL)
    theirs, ours = runs[0], here()

    def shown(found: dict[int, str]) -> list[str]:
        return [f"{STEPS[number - 1][1]} {STEPS[number][1]}: {text}" for number, text in sorted(found.items())]

    assert shown(ours) == shown(theirs)
