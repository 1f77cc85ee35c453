"""What `check` says: one golden line for each kind of mistake."""

from __future__ import annotations

from typing import Any

import pytest

from olelo.script import nodes as n
from olelo.script.catalog import ArgKind, ParamSpec, RouteKind, TransformSpec
from olelo.script.check import check
from olelo.script.diagnostics import Diagnostics
from olelo.script.transforms import plain
from script.backend_fakes import (
    BREAK,
    EXIT,
    POS,
    assign,
    block,
    call,
    catalog,
    config,
    expr,
    function,
    if_,
    main,
    not_,
    op,
    ret,
    route,
    route_call,
    switch,
)

STR, INT = ArgKind.STR, ArgKind.INT
FUNCTIONS = (
    function("f"),
    function("log", STR, INT, optional=1),
    function("save", STR, routes=RouteKind.REQUEST | RouteKind.FAILURE),
    function("only_failure", routes=RouteKind.FAILURE),
    function("sl_send_reply", STR, STR),
    function("t_on_failure", ArgKind.ROUTE, route_kind="failure"),
    function("write", ArgKind.PVAR),
    function("search", ArgKind.REGEX),
    function("setflag", INT, module=""),
    function("elsewhere", module="other"),
    function("old", deprecated="use f() now"),
)


def said(*items: object) -> list[str]:
    """The findings, as `severity code: message [hint]`."""
    found = catalog(*FUNCTIONS, loaded=())
    found.modules = {"fake", "other"}
    found.transforms = {("s", "len"): TransformSpec("s", "len", plain(len), module="")}
    found.params = {
        "fake": {
            "number": ParamSpec("number", "fake", "int", 1),
            "text": ParamSpec("text", "fake", "str", ""),
            "gone": ParamSpec("gone", "fake", "int", 0, noop=True),
        }
    }
    found.event_routes = {"tm:local-request": "", "htable:expired:*": "other"}
    found.known_elsewhere = {
        "future()": "needs release 9",
        "$fut": "needs release 9",
        "fake:newer": "needs release 9",
        "newcore": "needs release 9",
        "exotic.so": "not there",
        "event_route[x:y]": "not there",
    }
    diag = Diagnostics()
    check(config(n.LoadModule(POS, "fake", "fake.so"), *items), found, diag)
    return [f"{d.severity} {d.code}: {d.message}" + (f" [{d.hint}]" if d.hint else "") for d in diag.found]


def modparam(name: str, value: int | str, modules: str = "fake") -> n.ModParam:
    return n.ModParam(POS, modules, name, value, POS, POS, POS)


def core(name: str, value: Any) -> n.CoreParam:
    return n.CoreParam(POS, name, [expr(value)], POS)


CASES: list[tuple[str, list[object], list[str]]] = [
    ("nothing wrong", [main(call("f"))], []),
    # names
    ("function", [main(call("lgo", "x"))], ["error unknown-function: unknown function lgo() [did you mean log?]"]),
    (
        "function of a module not loaded",
        [main(call("elsewhere"))],
        [
            "error module-not-loaded: elsewhere() is exported by module other, which is not loaded "
            '[add loadmodule "other.so"]'
        ],
    ),
    ("other release", [main(call("future", 1))], ["warning other-release: future(): needs release 9"]),
    ("deprecated", [main(call("old"))], ["warning deprecated: old(): use f() now"]),
    ("variable", [main(call("log", "$vr(x)"))], ["error unknown-variable: unknown variable $vr [did you mean $var?]"]),
    (
        "variable in a string",
        [main(call("log", n.Str(POS, "a $abc b")))],
        ["error unknown-variable: unknown variable $abc"],
    ),
    ("a lone dollar", [main(call("log", "a $ b"))], ["error bad-variable: a variable name is missing after '$'"]),
    ("variable of another release", [main(call("log", "$fut"))], ["warning other-release: $fut: needs release 9"]),
    ("bad inner name", [main(call("log", "$var(bad)"))], ["error bad-variable: $var(bad): bad name"]),
    ("no inner name", [main(call("log", "$var"))], ["error bad-variable: $var needs a name: $var(..)"]),
    (
        "transformation",
        [main(call("log", "$(rU{s.ln})"))],
        ["error unknown-transformation: unknown transformation {s.ln} [did you mean s.len?]"],
    ),
    (
        "transformation with too much",
        [main(call("log", "$(rU{s.len,3})"))],
        ["error bad-transformation: {s.len} takes no arguments"],
    ),
    (
        "route",
        [main(route_call("RELY"), route_call("RELAY")), route("RELAY", call("f"))],
        ["error unknown-route: route[RELY] is missing [did you mean RELAY?]"],
    ),
    (
        "failure route",
        [main(call("t_on_failure", "X"), call("t_on_failure", "0"))],
        ["warning unknown-route: failure_route[X] is missing: t_on_failure() will run nothing"],
    ),
    ("core parameter", [core("childen", 1), main()], [
        "error unknown-core-parameter: unknown core parameter childen [did you mean children?]"]),
    ("newer core parameter", [core("newcore", 1), main()], ["warning other-release: core parameter newcore: "
                                                            "needs release 9"]),
    ("type of a core parameter", [core("children", "4"), main()], [
        "error parameter-type: core parameter children is a number [remove the quotes]"]),
    ("module", [n.LoadModule(POS, "fakee", "fakee.so"), main()], [
        "error unknown-module: there is no module fakee [did you mean fake?]"]),
    ("module of another release", [n.LoadModule(POS, "exotic", "exotic.so"), modparam("x", 1, "exotic"), main()], [
        "warning other-release: module exotic: not there"]),
    ("event route", [main(), route("tm:local-reqest", kind="event")], [
        "warning unknown-event: nothing runs event_route[tm:local-reqest] [did you mean tm:local-request?]"]),
    ("event route of a module not loaded", [main(), route("htable:expired:x", kind="event")], [
        "warning module-not-loaded: event_route[htable:expired:x] is run by module other, which is not loaded "
        '[add loadmodule "other.so"]']),
    # module parameters
    ("parameter", [modparam("nubmer", 1), main()], [
        "error unknown-parameter: module fake has no parameter nubmer [did you mean number?]"]),
    ("newer parameter", [modparam("newer", 1), main()], ["warning other-release: parameter newer of fake: "
                                                         "needs release 9"]),
    ("string for a number", [modparam("number", "30"), main()], [
        "error parameter-type: parameter number of fake is a number, not a string [remove the quotes: 30]"]),
    ("number for a string", [modparam("text", 30), main()], [
        'error parameter-type: parameter text of fake is a string, not a number [put it in quotes: "30"]']),
    ("no effect", [modparam("gone", 1), main()], [
        "warning no-effect: parameter gone of fake is accepted without effect"]),
    ("module pattern", [modparam("x", 1, "nothing|like"), main()], [
        "error unknown-module: modparam: no module matches 'nothing|like'"]),
    ("parameter of a module not loaded", [modparam("x", 1, "other"), main()], [
        'error module-not-loaded: modparam: module other is not loaded [add loadmodule "other.so"]']),
    ("parameter before its module", [modparam("x", 1, "other"), n.LoadModule(POS, "other", "other.so"), main()], [
        "error module-order: modparam of other comes before its loadmodule [move the loadmodule up]"]),
    ("function before its module", [main(call("elsewhere")), n.LoadModule(POS, "other", "other.so")], [
        "error module-order: elsewhere() is used before its module other is loaded [move the loadmodule up]"]),
    # arguments
    ("too few arguments", [main(call("log"))], ["error argument-count: log() takes 1 or 2 arguments, 0 given"]),
    ("no arguments", [main(call("f", 1))], ["error argument-count: f() takes no arguments, 1 given"]),
    ("a word for a number", [main(call("log", "x", "many"))], [
        "error argument-kind: argument a1 of log() is a number, not 'many'"]),
    ("a text for a variable", [main(call("write", "x"))], [
        "error argument-kind: argument a0 of write() is a variable"]),
    ("a bad pattern", [main(call("search", "a("))], [
        "error bad-regex: bad regular expression 'a(': unmatched ( or \\("]),
    ("a flag that is not declared", [main(call("setflag", n.Ident(POS, "FLT")))], [
        "error unknown-flag: no flag FLT is declared [`flags FLT;` or a #!define of it must stand above]"]),
    ("a call in an argument", [main(call("log", call("f")))], [
        "error call-in-argument: no call may stand inside the arguments of a call"]),
    ("status too low", [main(call("sl_send_reply", "99", "x"))], [
        "error bad-status: 99 is no SIP status (100 to 699)"]),
    ("status too high", [main(call("sl_send_reply", 700, "x"))], [
        "error bad-status: 700 is no SIP status (100 to 699)"]),
    # where functions stand
    ("function in the wrong block", [main(), route("X", call("save", "l"), kind="branch")], [
        "error not-in-this-route: save() may not be used in branch_route[X]",
        "warning unused-route: branch_route[X] is never used"]),
    (
        "function in the wrong block through sub-routes",
        [
            main(call("f")),
            route("X", route_call("A"), kind="reply"),
            route("A", route_call("B")),
            route("B", call("save", "l")),
        ],
        [
            "warning not-in-this-route: save() may not be used in reply_route[X], and is reached from there: "
            "reply_route[X] -> route[A] -> route[B] -> save()"
        ],
    ),
    # expressions
    ("assignment in a condition", [main(if_(assign("$var(x)", 1), call("f")))], [
        "warning assignment-in-condition: assignment in the condition of if [compare with ==]"]),
    ("read-only", [main(assign("$rm", "X"))], ["error read-only: $rm is read-only"]),
    ("assignment to a transformation", [main(assign("$(rU{s.len})", 1))], [
        "error read-only: $(rU{s.len}) is read-only [a transformation gives a value, it is no place]"]),
    ("sum of a number and a text", [main(assign("$var(x)", op("+", 1, "a")))], [
        "error type-mismatch: a string where a number is wanted [use a cast: (int)]"]),
    ("not of a text", [main(if_(not_("x"), call("f")))], [
        "error type-mismatch: a string where a number is wanted [use a cast: (int)]",
        "warning constant-condition: the condition of if is always the same"]),
    ("comparison of a call with a text", [main(if_(op("==", call("f"), "1"), call("f")))], [
        "error type-mismatch: a string where a number is wanted [use a cast: (int)]"]),
    ("bad pattern", [main(if_(op("=~", "$rU", "*a"), call("f")))], [
        "error bad-regex: bad regular expression '*a': invalid preceding regular expression"]),
    ("digits", [main(if_(op("=~", "$rU", "^\\d+$"), call("f")))], [
        "warning regex-digit: \\d matches no digits: these are POSIX expressions [use [0-9]]"]),
    ("division by zero", [main(assign("$var(x)", op("/", "$var(y)", 0)))], ["warning division-by-zero: division by 0"]),
    ("select", [main(if_(op("==", n.Select(POS, "via[1].x"), "a"), call("f")))], [
        "error unknown-select: select @via[1].x is not available"]),
    # flow
    ("after exit", [main(EXIT, call("f"))], ["warning unreachable: never reached: it stands after exit"]),
    ("after return", [main(if_("$rU", block(ret(), call("f"))))], [
        "warning unreachable: never reached: it stands after return"]),
    ("after break", [main(switch("$rU", ("a", [BREAK, call("f")])))], [
        "warning unreachable: never reached: it stands after break"]),
    ("case twice", [main(switch("$rU", ("a", [BREAK]), ("a", [BREAK])))], [
        "error duplicate-case: case 'a' stands twice in one switch"]),
    ("cases of two types", [main(switch("$rU", ("a", [BREAK]), (1, [BREAK])))], [
        "error case-type: numbers and strings are mixed in the labels of one switch"]),
    ("unused route", [main(), route("X", call("f"))], ["warning unused-route: route[X] is never used"]),
    ("route used by a parameter", [modparam("text", "timer=t;route=X"), main(), route("X", call("f"))], []),
    ("route used by name at run time", [main(route_call("$rU")), route("X", call("f"))], []),
    ("route twice", [main(), main()], [
        "error duplicate-route: request_route is defined twice (first at line 1)"]),
    ("no request route", [route("X", route_call("X"))], [
        "warning no-request-route: there is no request_route: requests are not handled"]),
]  # fmt: skip


@pytest.mark.parametrize(("items", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_mistake_is_named_with_a_hint(items: list[object], expected: list[str]) -> None:
    assert sorted(said(*items)) == sorted(expected)


def test_places_point_into_strings_and_variables() -> None:
    at = n.Pos("test.cfg", 4, 10)
    later = n.Pos("test.cfg", 9, 3)
    diag = Diagnostics()
    cfg = config(
        n.LoadModule(POS, "fake", "fake.so"),
        n.Route(POS, "request", "", n.Block(POS, [
            n.ExprStmt(later, n.Call(later, "nope")),
            n.ExprStmt(at, n.Call(at, "log", [n.Str(n.Pos("test.cfg", 4, 14), "ab $xyz")])),
        ]), POS),
    )  # fmt: skip
    check(cfg, catalog(*FUNCTIONS), diag)
    # the quote is column 14, the name is the fifth character after it; findings come in file order
    assert [(d.pos.line, d.pos.col) for d in diag.found] == [(4, 19), (9, 3)]
