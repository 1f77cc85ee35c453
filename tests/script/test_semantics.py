"""What scripts do, in configuration text: parser, compiler and runtime together, held to what Kamailio logs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from olelo.script.catalog import ArgKind, Setter, Value, VariableSpec
from olelo.script.compile import compile_config
from olelo.script.diagnostics import Diagnostics
from olelo.script.parser import parse_text
from olelo.script.runtime import run
from olelo.script.transforms import builtin_transforms
from script.backend_fakes import Ctx, catalog, function
from script.kamailio_probe import run_script

#: Statements; each logs lines of `P:`. nope() is a function that returns -1, route(SEVEN) one that returns 7.
PIECES = {
    "the value of a route is that of its last action": """
        route(TAIL); L("$rc"); route(MISSED); L("$rc"); route(SWITCH); L("$rc"); route(ASSIGN); L("$rc");
        route(WHILE); L("$rc"); route(BREAK); L("$rc"); route(SEVEN); L("$rc");""",
    "a call as a condition and as a value": """
        if (route(TAIL)) { L("true"); } else { L("false $rc"); }
        $var(x) = route(SEVEN); L("$var(x) $rc"); $var(x) = nope(); L("$var(x) $rc"); $var(x) = 1 + route(SEVEN);
        L("$var(x)"); if (!nope() && !route(TAIL)) { L("both"); } if (nope() || route(SEVEN)) { L("either"); }""",
    "$rc around core commands": """
        route(SEVEN); setflag(3); L("$rc"); if (isflagset(3)) { L("$rc"); } route(SEVEN);
        if ($var(x) == 99 || $rc == 7) { L("seven"); }""",
    "comparisons with what is not there": """
        if ($var(u) == "") { L("a"); } if ($var(u) != "") { L("b"); } if ($var(u) == 0) { L("c"); }
        if ($var(u) == "abc") { L("d"); } if ($var(u) == $null) { L("e"); } if ($avp(u) == "") { L("f"); }
        if ($avp(u) != "") { L("g"); } if ($avp(u) == 0) { L("h"); } if ($avp(u) == $avp(w)) { L("i"); }
        if ($avp(u) =~ "^$") { L("j"); } if ($avp(u) < 1) { L("k"); } if ($null == $avp(u)) { L("l"); }
        if (defined $avp(u)) { L("m"); } if ($avp(u) != $null) { L("n"); } if (strempty($avp(u))) { L("o"); }""",
    "comparisons of numbers and texts": """
        $avp(i) = 5; $avp(s) = "5"; if ($avp(i) == "5") { L("a"); } if ($avp(s) == 5) { L("b"); }
        if ($avp(s) == "05") { L("c"); } if ($avp(i) == "05") { L("d"); } if ($avp(i) eq "5") { L("e"); }
        if ($avp(s) ieq 5) { L("f"); } if ($avp(s) >= 5) { L("g"); } $avp(t) = "abc"; if ($avp(t) == 0) { L("h"); }
        if ($avp(t) =~ "^A") { L("i"); } if ($avp(i) =~ "^[0-9]$") { L("j"); }""",
    "plus goes by its left side": """
        $avp(s) = "5"; $avp(i) = 5; $var(y) = "a" + 1 + 2; L("$var(y)"); $var(y) = $avp(s) + 1; L("$var(y)");
        $var(y) = $avp(i) + "1"; L("$var(y)"); $var(y) = $avp(u) + 1; L("$var(y)"); $var(y) = $avp(u) + "a";
        L("$var(y)"); $var(y) = 1 + $avp(s); L("$var(y)"); $var(y) = strlen($avp(s)) + 1; L("$var(y)");""",
    "a sum adds where a number is wanted": """
        $avp(s) = "5"; $var(d) = "12"; $var(y) = 0 ^ ($var(d) + "5"); L("$var(y)"); $var(y) = -($avp(s) + $avp(s));
        L("$var(y)"); if ($var(d) + "5" > 100) { L("a"); } if ($var(d) + 1 + 1 == 14) { L("b"); }
        if ($avp(u) + $avp(s) + "x" == 5) { L("c"); } $var(y) = (int)($avp(s) + 1); L("$var(y)");
        if (17 == $var(d) + "5") { L("d"); } if ($var(d) + "5" == 125) { L("e"); } if ($var(d) + "x") { L("f"); }
        if ($avp(s) + 1 ieq 6 && nope()) { L("g"); }
        $var(y) = $avp(s) + 1; L("$var(y)"); if ($avp(s) + 1 > route(SEVEN)) { L("h"); }
        switch($avp(s) + 1) { case 6: L("six"); break; case 51: L("fifty-one"); }""",
    "texts as numbers": """
        $avp(q) = "0x1F"; $var(y) = 1 + $avp(q); L("$var(y)"); $avp(q) = "12abc"; $var(y) = (int)$avp(q);
        L("$var(y)"); $avp(q) = " 12"; $var(y) = 0 + $avp(q); L("$var(y)"); $avp(q) = "-12"; $var(y) = 0 + $avp(q);
        L("$var(y)"); $avp(q) = "+12"; $var(y) = 0 + $avp(q); L("$var(y)");""",
    "division": """
        $var(m) = 0 - 7; $var(y) = $var(m) / 2; L("$var(y)"); $var(y) = $var(m) mod 2; L("$var(y)");
        $var(y) = 7; $var(y) = 1 / $var(zero); L("$var(y)");
        if (1 / $var(zero)) { L("true"); } else { L("false"); }
        if (!(1 / $var(zero))) { L("true"); } else { L("false"); }""",
    "negative numbers and texts as conditions": """
        $var(m) = 0 - 7; if ($var(m)) { L("a"); } if (!$var(m)) { L("b"); } $avp(t) = "abc"; if ($avp(t)) { L("c"); }
        if (!$avp(t)) { L("d"); } if ($var(m) && $var(m)) { L("e"); } $var(n) = 3;
        while ($var(m)) { $var(m) = $var(m) + 1; } L("$var(m)");""",
    "loops": """
        $var(n) = 0; while ($var(n) < 500) { $var(n) = $var(n) + 1; } L("$var(n)"); $var(n) = 0;
        while (1) { $var(n) = $var(n) + 1; if ($var(n) == 3) { break; } } L("$var(n)");""",
    "switch": """
        $var(c) = 2; switch($var(c)) { case 1: L("1"); case 2: L("2"); case 3: L("3"); break; default: L("d"); }
        $var(c) = 9; switch($var(c)) { case 1: L("1"); default: L("d"); case 3: L("3"); }
        $avp(t) = "alice"; switch($avp(t)) { case "alice": L("text"); break; case /"^al": L("pattern"); }
        $avp(t) = "ALX"; switch($avp(t)) { case "alice": L("text"); break; case /"^al": L("pattern"); }
        switch($avp(u)) { case 0: L("null is 0"); } switch($avp(u)) { case "": L("null is empty"); }
        $var(n) = 0;
        while ($var(n) < 3) { $var(n) = $var(n) + 1; switch($var(n)) { case 2: break; default: L("$var(n)"); } }""",
    "selval and casts": """
        $var(y) = selval($avp(u) == $null, "yes", "no"); L("$var(y)"); $var(y) = selval(0, 1, 2) + 1; L("$var(y)");
        $avp(i) = 5; $var(y) = (str)$avp(i) + 1; L("$var(y)");""",
    "format strings": """
        L("$avp(u) $var(u) $$ $(avp(u){s.len})x"); $avp(s) = "a b"; L("<$avp(s)> $(avp(s){s.len})");""",
    "exit inside a condition": """
        if (route(LEAVE) || route(SEVEN)) { L("never"); } L("never either");""",
}

ROUTES = """
route[TAIL] { nope(); }
route[MISSED] { if (nope()) { L("never"); } }
route[SWITCH] { $avp(k) = "x"; switch($avp(k)) { case "x": nope(); break; } }
route[ASSIGN] { $var(a) = 0; }
route[WHILE] { $var(a) = 0; while($var(a) < 2) { $var(a) = $var(a) + 1; nope(); } }
route[BREAK] { if (!nope()) { break; } L("never"); }
route[SEVEN] { return 7; }
route[LEAVE] { exit; }
"""


def _spelled(text: str, log: str, no: str) -> str:
    return re.sub(r'\bL\("([^"]*)"\)', log, text).replace("nope()", no)


def _avp(inner: str, index: int | str | None) -> tuple[Any, Setter]:
    return (lambda ctx: ctx.vars.get("avp " + inner)), (lambda ctx, value: ctx.vars.__setitem__("avp " + inner, value))


def _var(inner: str, index: int | str | None) -> tuple[Any, Setter]:
    def set_(ctx: Any, value: Value) -> None:
        ctx.vars[inner] = 0 if value is None else value

    return (lambda ctx: ctx.vars.get(inner, 0)), set_


def ours(name: str) -> list[str]:
    lines: list[str] = []
    flags: set[int] = set()

    def log(ctx: Any, text: str) -> int:
        lines.append(text)
        return 1

    def setflag(ctx: Any, flag: int) -> int:
        flags.add(flag)
        return 1

    found = catalog(
        function("log", ArgKind.STR, call=log),
        function("nope", call=lambda ctx: -1),
        function("setflag", ArgKind.INT, module="", call=setflag),
        function("isflagset", ArgKind.INT, module="", call=lambda ctx, flag: 1 if flag in flags else -1),
    )
    found.loaded.add("pv")
    found.transforms = {(t.cls, t.name): t for t in builtin_transforms()}
    found.variables["avp"] = VariableSpec("avp", "", inner="required", make=_avp)
    found.variables["var"] = VariableSpec("var", "", inner="required", make=_var)
    text = _spelled(f"request_route {{ {PIECES[name]} }}\n{ROUTES}", r'log("\1")', "nope()")
    diag = Diagnostics()
    cfg = parse_text('loadmodule "fake.so"\nloadmodule "pv.so"\n' + text, diag)
    found.modules.add("pv")
    program = compile_config(cfg, found, diag)
    route = program.route("request")
    assert route is not None
    run(route.call, Ctx())
    return lines


@pytest.mark.reference
@pytest.mark.parametrize("name", PIECES)
def test_scripts_log_what_kamailio_logs(name: str) -> None:
    body, routes = (
        _spelled(each, r'xlog("L_ERR", "P:\1:\\n")', 'is_method("NOSUCH")') for each in (PIECES[name], ROUTES)
    )
    if name == "exit inside a condition":
        body = f'xlog("L_ERR", "END:\\n"); {body}'  # the mark at the end is not reached
    modules = ("pv", "xlog", "textops")
    logged = re.findall(r"P:(.*):\n", run_script(body, routes, modules))
    assert ours(name) == logged


def test_every_piece_runs_where_kamailio_is_absent() -> None:
    assert all(ours(name) for name in PIECES if name != "exit inside a condition")
