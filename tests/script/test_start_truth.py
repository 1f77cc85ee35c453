"""What Kamailio refuses only when it starts (kamailio -c does not see it), `check` refuses too, and says why."""

from __future__ import annotations

import shutil

import pytest

from olelo.core.loader import check
from olelo.modules import all_modules
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.testing import Bed
from script.kamailio_probe import run_script

MODULES = ("pv", "xlog", "textops")
#: Statements that neither starts with, and the code of what `check` says.
REFUSED = {
    'return "x";': "type-mismatch",
    "return (str)$var(i);": "type-mismatch",
    'exit "x";': "type-mismatch",
    'drop "x";': "type-mismatch",
    'while ("x") { $var(i) = 1; }': "type-mismatch",
    "if (defined 5) { $var(i) = 1; }": "always-defined",
    'if (defined is_method("INVITE")) { $var(i) = 1; }': "always-defined",
    "if (snd_ip == 127.0.0.1) { $var(i) = 1; }": "not-in-this-route",
    "$null = 5;": "read-only",
    'setflag("5");': "unknown-flag",
    "setflag(NOFLAG);": "unknown-flag",
    "setflag(32);": "bad-flag",
    'xlog("$(var(s) {s.len})");': "bad-variable",
    'xlog("$(var(s){ s.len})");': "bad-variable",
    'xlog("$(var(s)[0])");': "bad-variable",
    'xlog("$(avp(x)[ 0 ])");': "bad-variable",
    'xlog("$(xavp(a=>b)[0])");': "bad-variable",
    'xlog("$(avp(x)[0] {s.len})");': "bad-variable",
    'xlog("$(var(s){s.substr,0,-1})");': "bad-transformation",
    'xlog("$hdr( X-H )");': "bad-variable",
    "xlog(\"$hdr('X-H')\");": "bad-variable",
    'xlog("$nosuch");': "unknown-variable",
}
#: Statements that both start with, though they look like the ones above.
ACCEPTED = (
    "return $var(s);",
    "return $rU;",
    'if ("x") { $var(i) = 1; }',
    "if (defined ($var(i) + 1)) { $var(i) = 1; }",
    'if (defined "x") { $var(i) = 1; }',
    'xlog("$(var(s){s.len} {s.len})");',
    'xlog("$(var(s){s.Len})");',
    "if (snd_port == 1) { $var(i) = 1; }",
    "setflag(31);",
    'if (proto == "udp") { $var(i) = 1; }',
)


def said(statement: str) -> list[str]:
    loads = "\n".join(f'loadmodule "{name}.so"' for name in MODULES)
    diag = Diagnostics()
    config = parse_text(f"{loads}\nrequest_route {{ exit; }}\nroute[PROBE] {{ {statement} }}\n", diag)
    check(config, diag, all_modules())
    return [found.code for found in diag.errors]


@pytest.mark.parametrize("statement", REFUSED)
def test_check_refuses(statement: str) -> None:
    assert said(statement) == [REFUSED[statement]]


@pytest.mark.parametrize("statement", ACCEPTED)
def test_check_accepts(statement: str) -> None:
    assert said(statement) == []


@pytest.mark.reference
@pytest.mark.skipif(shutil.which("kamailio") is None, reason="kamailio is not installed")
@pytest.mark.parametrize("statement", REFUSED)
def test_kamailio_does_not_start(statement: str) -> None:
    with pytest.raises(AssertionError):
        run_script("", f"route[PROBE] {{ {statement} }}", MODULES)


@pytest.mark.reference
def test_kamailio_starts() -> None:
    routes = "\n".join(f"route[P{i}] {{ {statement} }}" for i, statement in enumerate(ACCEPTED))
    assert "END:" in run_script("", routes, MODULES)


#: Expressions over $avp(s) = "a,b" and $var(c) = "C", and what both print.
PRINTED = {
    "$(avp(s){re.subst,/a/$var(c)/})": "C,b",
    "$(avp(s){re.subst,/(.),(.)/\\\\2$var(c)\\\\1/})": "bCa",
    "$(avp(s){re.subst,/a/x$avp(s)y$var(c)/g})": "xa,byC,b",
    "$(var(i){re.subst,/5/6/g})": "266",
    "$(avp(s){s.Len})$(avp(s){s.toUpper})": "3A,B",
}


def _script(log: str) -> str:
    lines = "".join(log.replace("@", text) for text in PRINTED)
    return f'$avp(s) = "a,b"; $var(c) = "C"; $var(i) = 255; {lines}'


def test_transformations_print() -> None:
    loads = "".join(f'loadmodule "{name}.so"\n' for name in MODULES)
    body = _script('xlog("P:@:\\n"); ')
    bed = Bed(f"{loads}request_route {{ {body} }}")
    bed.peer("alice").invite("sip:bob@proxy")
    assert [line.split(":")[2] for line in bed.log if "P:" in line] == list(PRINTED.values())


@pytest.mark.reference
def test_kamailio_prints_the_same() -> None:
    logged = run_script(_script('xlog("L_ERR", "P:@:\\n"); '), "", MODULES)
    assert [line.split("P:")[1].rstrip(":") for line in logged.splitlines() if "P:" in line] == list(PRINTED.values())
