"""One mistake, one finding: what follows from it is not said as well, and it is said where it was made."""

from __future__ import annotations

import pytest

from olelo.core.loader import check
from olelo.modules import all_modules
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text

HEAD = 'loadmodule "pv.so"\nloadmodule "xlog.so"\n'
CASES = {
    "a lost { is where the lines are indented as its block": (
        'request_route {\n\tif ($rU == "a")\n\t\txlog("a");\n\t\txlog("b");\n\t}\n\tif ($rU == "b") {\n\t\texit;\n\t}\n}\n',
        ["error 4 missing-brace"],
    ),
    "a lost { before one statement": (
        'request_route {\n\tif ($rU == "a")\n\t\txlog("a");\n\t}\n\texit;\n}\n',
        ["error 4 missing-brace"],
    ),
    "a misspelt loadmodule still loads": (
        'loadmoduel "sl.so"\nrequest_route { sl_send_reply("404", "No"); }\n',
        ["error 3 unknown-statement"],
    ),
    "a misspelt module still exports": (
        'loadmodule "s.so"\nrequest_route { sl_send_reply("404", "No"); }\n',
        ["error 3 unknown-module"],
    ),
    "a misspelt modparam": ('modparm("xlog", "prefix", "x")\nrequest_route { exit; }\n', ["error 3 unknown-statement"]),
    "a misspelt route word": ('request_rout {\n\txlog("a");\n}\n', ["error 3 unknown-statement"]),
    "a loadmodule that is not closed": (
        'loadmodule "sl.so\nloadmodule "siputils.so"\nrequest_route { exit; }\n',
        ["error 3 unterminated-string"],
    ),
    "a module that is lacking, with what it exports": (
        'loadmodule "snmpstats.so"\nmodparam("snmpstats", "sipEntityType", "proxyServer")\nloadmodule "erlang.so"\n'
        'request_route { erl_rpc("m", "f", "a", "r"); xlog("$erl_atom(x)"); }\nevent_route[erlang:self] { exit; }\n',
        ["error 3 lacking-module", "error 5 lacking-module"],
    ),
    "a function of a module that is lacking and not loaded": (
        'request_route { erl_rpc("m", "f", "a", "r"); }\n',
        ["error 3 lacking-module"],
    ),
    "a forgotten comma between strings": (
        'request_route { xlog("L_ERR" "text"); }\n',
        ["warning 3 joined-strings"],
    ),
    "strings on two lines are one on purpose": ('request_route { xlog("a "\n"b"); }\n', []),
    "core parameters without effect": ('mpath="/usr/lib/x"\nrequest_route { exit; }\n', ["warning 3 no-effect"]),
    "a value that a parameter does not take": (
        'log_facility=LOG_NOSUCH\ncfgengine "python"\nrequest_route { exit; }\n',
        ["error 3 bad-value", "error 4 bad-value"],
    ),
    "a module that another one needs": (
        'loadmodule "registrar.so"\nrequest_route { exit; }\n',
        ["error 3 module-missing"],
    ),
    "an event that nothing runs": (
        "request_route { exit; }\nevent_route[a:b] { exit; }\n",
        ["warning 4 unknown-event"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str) -> None:
    text, expected = CASES[name]
    diag = Diagnostics()
    config = parse_text(HEAD + text, diag)
    check(config, diag, all_modules())
    assert [f"{d.severity} {d.pos.line} {d.code}" for d in diag.found] == expected
