"""What routes become: the text itself, the protocol, positions in tracebacks, arguments, recursion, trace mode."""

from __future__ import annotations

import asyncio
import textwrap
import traceback
from typing import Any

import pytest

from olelo.script import nodes as n
from olelo.script.catalog import ArgKind, PvRef
from olelo.script.compile import CompileError, Program, compile_config
from olelo.script.diagnostics import Diagnostics
from olelo.script.runtime import Suspended, run
from script.backend_fakes import (
    BREAK,
    DROP,
    EXIT,
    FILE,
    POS,
    Ctx,
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
    stmt,
    switch,
    while_,
)

STR, INT = ArgKind.STR, ArgKind.INT
FUNCTIONS = (
    function("f"),
    function("g"),
    function("is_method", STR),
    function("reply", INT, STR),
    function("log", STR),
    function("core", module=""),
)


def compiled(*items: object, functions: tuple[Any, ...] = FUNCTIONS, trace: bool = False) -> Program:
    return compile_config(config(*items), catalog(*functions), Diagnostics(), trace=trace)


def executed(*items: object, functions: tuple[Any, ...] = FUNCTIONS, **codes: Any) -> tuple[int, Ctx]:
    found = compiled(*items, functions=functions).route("request")
    assert found is not None
    ctx = Ctx(**codes)
    result = run(found.call, ctx)
    assert isinstance(result, int)
    return result, ctx


def test_the_text_of_a_small_route() -> None:
    program = compiled(
        main(
            if_(not_(call("is_method", "INVITE")), block(call("reply", "483", "Too many"), EXIT)),
            if_(op("&&", call("f"), op("==", "$rU", "$null")), block(route_call("A"))),
            assign("$var(x)", op("+", "$var(x)", 1)),
            call("log", "to $rU at $$"),
        ),
        route("A", switch("$rm", ("INVITE", [call("f"), BREAK]), (None, [call("g")])), ret(-1)),
    )
    assert program.text == textwrap.dedent(
        """\
        # request '' 'test.cfg:1'
        def request_route(c):
            rc = c.rc = is_method(c, 'INVITE')
            if not rc:
                return 0
            if rc <= 0:
                rc = c.rc = reply(c, 483, 'Too many')
                return 0
            rc = c.rc = f(c)
            if not rc:
                return 0
            if rc > 0 and get_rU(c) is None:
                rc = route_A(c)
                if not rc:
                    return 0
                c.rc = rc
            set_var_x(c, add(get_var_x(c), 1))
            rc = c.rc = log(c, 'to ' + show(get_rU(c)) + ' at $')
            return rc


        # route 'A' 'test.cfg:1'
        def route_A(c):
            case1 = to_str(get_rm(c))
            if case1 == 'INVITE':
                rc = c.rc = f(c)
                if not rc:
                    return 0
            else:
                rc = c.rc = g(c)
                if not rc:
                    return 0
            return -1
        """
    )


def test_script_text_reaches_the_program_only_as_constants() -> None:
    nasty = "'); import os #\n\\ \x00 \xff {x!r} %s"
    program = compiled(main(call("log", nasty)), route("a b\n'; x", ret()), functions=FUNCTIONS)
    assert program.text.isascii()
    assert "\nimport" not in program.text
    result, ctx = executed(main(call("log", nasty)))
    assert ctx.log == [f"log({nasty!r})"]
    assert result == 1


def test_zero_from_a_function_ends_the_script_through_all_routes() -> None:
    result, ctx = executed(main(route_call("A"), call("g")), route("A", call("f"), call("g")), f=0)
    assert (result, ctx.log, ctx.rc) == (0, ["f()"], 0)


def test_zero_from_a_core_command_does_not() -> None:
    _, ctx = executed(main(call("core"), call("g")), core=0)
    assert ctx.log == ["core()", "g()"]


def test_core_commands_leave_rc_alone_as_statements_and_clear_it_in_expressions() -> None:
    _, ctx = executed(main(call("f"), call("core"), call("log", "$rc"), if_(call("core"), call("log", "$rc"))), f=5)
    assert ctx.log == ["f()", "core()", "log('5')", "core()", "log('0')"]


def test_drop_ends_the_script_and_is_remembered() -> None:
    result, ctx = executed(main(route_call("A"), call("g")), route("A", DROP))
    assert (result, ctx.dropped, ctx.log) == (0, True, [])


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ([call("f")], -3),  # a route without return has the value of its last action
        ([if_(call("g"), call("f"))], 1),
        ([assign("$var(x)", 0)], 1),
        ([switch("$rm", ("INVITE", [call("f"), BREAK]))], 0),  # break has the value 0, and is no exit
        ([while_(1, call("f"), BREAK)], 0),
        ([ret(7)], 7),
        ([ret()], 1),
        ([if_("$rm", block()), BREAK], 0),
    ],
)
def test_the_value_of_a_route(body: list[Any], value: int) -> None:
    _, ctx = executed(
        main(assign("$var(v)", route_call("A")), call("log", n.Str(POS, "$var(v) $rc"))), route("A", *body), f=-3, g=-1
    )
    assert ctx.log[-1] == f"log('{value} {value}')"


def test_runaway_loops_end_at_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    limit = n.CoreParam(POS, "max_while_loops", [expr(7)], POS)
    _, ctx = executed(limit, main(while_(1, assign("$var(n)", op("+", "$var(n)", 1))), call("f")))
    assert ctx.vars["n"] == "1" * 7  # $null + 1 joins texts
    assert ctx.log[-1] == "f()"
    assert "more than 7 loops" in caplog.text


def test_endless_recursion_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    limit = n.CoreParam(POS, "max_recursive_level", [expr(20)], POS)
    result, ctx = executed(limit, main(route_call("A"), call("g")), route("A", call("f"), route_call("A")))
    assert ctx.log.count("f()") == 21
    assert ctx.log[-1] == "g()"
    assert (result, ctx.depth) == (1, 0)
    assert "too many recursive" in caplog.text


def test_division_by_zero_gives_the_statement_up(caplog: pytest.LogCaptureFixture) -> None:
    bad = op("/", 1, "$var(zero)")
    _, ctx = executed(main(assign("$var(x)", 7), assign("$var(x)", bad), if_(bad, call("f"), call("g"))))
    assert ctx.vars["x"] == 7
    assert ctx.log[-1] == "g()"
    assert "division by 0" in caplog.text


def test_dynamic_routes_are_found_by_name_or_reported(caplog: pytest.LogCaptureFixture) -> None:
    _, ctx = executed(
        main(assign("$var(r)", "A"), route_call("$var(r)"), route_call(op("+", "$var(r)", "x")), call("g")),
        route("A", call("f")),
    )
    assert ctx.log[1:] == ["f()", "g()"]
    assert "route 'Ax' not found" in caplog.text


# --- arguments -----------------------------------------------------------------------------------------------


def received(kind: ArgKind, value: Any, **variables: Any) -> list[Any]:
    """What a function gets for an argument; nothing where the call was not made."""
    got: list[Any] = []

    def take(ctx: Any, argument: Any) -> int:
        got.append(argument)
        return 1

    program = compiled(main(call("take", value)), functions=(function("take", kind, call=take),))
    ctx = Ctx()
    ctx.vars.update(variables)
    found = program.route("request")
    assert found is not None
    run(found.call, ctx)
    if not got:
        assert ctx.rc == -1
    return got


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        (INT, 5, [5]),
        (INT, "5", [5]),
        (INT, "0x04", [4]),
        (INT, "$var(n)", [12]),
        (INT, "$var(text)", []),
        (INT, n.Str(POS, "$var(n)"), [12]),
        (STR, 5, ["5"]),
        (STR, "plain", ["plain"]),
        (STR, n.Str(POS, "<$var(n)> $var(none)"), ["<12> <null>"]),
        (STR, "$var(none)", [""]),
        (STR, op("+", "a", "$var(n)"), ["a12"]),
        (ArgKind.CONST, n.Str(POS, "$var(n)"), ["$var(n)"]),
        (ArgKind.VALUE, "$var(none)", [None]),
        (ArgKind.VALUE, "$var(n)", [12]),
    ],
)
def test_arguments_are_prepared_by_kind(kind: ArgKind, written: Any, expected: list[Any]) -> None:
    assert received(kind, written, n=12, text="abc") == expected


@pytest.mark.parametrize("written", ["$var(n)", n.Str(POS, "$var(n)")])
def test_a_variable_argument_can_be_read_and_written(written: Any) -> None:
    (ref,) = received(ArgKind.PVAR, written)
    assert isinstance(ref, PvRef)
    ctx = Ctx()
    assert ref.set is not None
    ref.set(ctx, "new")
    assert (ref.get(ctx), ref.text) == ("new", "$var(n)")


def test_patterns_come_compiled_and_bad_ones_at_run_time_refuse_the_call() -> None:
    (pattern,) = received(ArgKind.REGEX, "^a[[:digit:]]+$")
    assert pattern.search("A12")
    (dynamic,) = received(ArgKind.REGEX, "$var(p)", p="b+")
    assert dynamic.search("abb")
    assert received(ArgKind.REGEX, "$var(p)", p="(") == []


def test_flag_names_become_their_numbers() -> None:
    got: list[int] = []

    def setflag(ctx: Any, flag: int) -> int:
        got.append(flag)
        return 1

    executed(
        n.FlagDecl(POS, "flags", [("NAT", 5, POS), ("ACC", -1, POS)]),
        main(call("setflag", n.Ident(POS, "NAT")), call("setflag", n.Ident(POS, "ACC"))),
        functions=(function("setflag", INT, module="", call=setflag),),
    )
    assert got == [5, 0]


# --- comparisons of core operands ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        (op("==", n.CoreOperand(POS, "method"), "invite"), True),
        (op("!=", n.CoreOperand(POS, "method"), "ACK"), True),
        (op("=~", n.CoreOperand(POS, "method"), "^INV|^ACK"), True),
        (op("==", n.CoreOperand(POS, "uri"), n.CoreOperand(POS, "myself")), True),
        (op("==", n.CoreOperand(POS, "myself"), n.CoreOperand(POS, "uri")), True),
        (op("!=", n.CoreOperand(POS, "src_ip"), n.CoreOperand(POS, "myself")), True),
        (op("==", n.CoreOperand(POS, "src_ip"), n.Network(POS, "10.0.0.0", "8")), True),
        (op("!=", n.CoreOperand(POS, "src_ip"), n.Network(POS, "10.1.2.0", "255.255.255.0")), False),
        (op("==", n.CoreOperand(POS, "src_ip"), n.Ident(POS, "10.1.2.3")), True),
        (op("==", n.CoreOperand(POS, "src_ip"), "10.1.2.0/24"), True),
        (op("==", n.CoreOperand(POS, "src_ip"), "$var(ip)"), True),
        (op("=~", n.CoreOperand(POS, "src_ip"), "^10\\."), True),
        (op("==", n.CoreOperand(POS, "proto"), n.Ident(POS, "UDP")), True),
        (op("==", n.CoreOperand(POS, "proto"), n.Ident(POS, "TLS")), False),
        (op("==", n.CoreOperand(POS, "proto"), 1), True),
        (op(">", n.CoreOperand(POS, "src_port"), 1024), True),
        (op("==", n.CoreOperand(POS, "src_port"), "5060"), True),
    ],
)
def test_core_operands(condition: n.Expr, true: bool) -> None:
    _, ctx = executed(main(assign("$var(ip)", "10.1.2.3"), if_(condition, call("f"), call("g"))))
    assert ctx.log[-1] == ("f()" if true else "g()")


# --- positions -----------------------------------------------------------------------------------------------

SOURCE = """\
request_route {
    if (is_method("INVITE"))
        route(RELAY);
}

route[RELAY] {
    g();
    boom("x");
}
"""


def _placed(file: str = FILE) -> n.Config:
    def at(line: int, col: int) -> n.Pos:
        return n.Pos(file, line, col)

    check = n.Call(at(2, 9), "is_method", [n.Str(at(2, 19), "INVITE")])
    relay = n.RouteCall(at(3, 9), n.Str(at(3, 15), "RELAY"))
    body = n.Block(at(1, 15), [n.If(at(2, 5), check, n.ExprStmt(at(3, 9), relay))])
    calls = [n.Call(at(7, 5), "g"), n.Call(at(8, 5), "boom", [n.Str(at(8, 10), "x")])]
    inner = n.Block(at(6, 14), [n.ExprStmt(each.pos, each) for each in calls])
    routes = [n.Route(at(1, 1), "request", "", body, at(4, 1)), n.Route(at(6, 1), "route", "RELAY", inner, at(9, 1))]
    return n.Config(file, list(routes), {}, {file: SOURCE})


def _boom(ctx: Any, text: str) -> int:
    raise RuntimeError(text)


def test_tracebacks_show_the_configuration() -> None:
    functions = (*FUNCTIONS, function("boom", STR, call=_boom))
    program = compile_config(_placed("kamailio.cfg"), catalog(*functions), Diagnostics())
    found = program.route("request")
    assert found is not None
    with pytest.raises(RuntimeError) as caught:
        run(found.call, Ctx())
    frames = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(caught.value.__traceback__)]
    assert ("kamailio.cfg", 3, "request_route", "route(RELAY);") in frames
    assert ("kamailio.cfg", 8, "route_RELAY", 'boom("x");') in frames
    shown = "".join(traceback.format_exception(caught.value))
    assert '  File "kamailio.cfg", line 8, in route_RELAY\n    boom("x");\n    ^^^^' in shown


def test_a_route_put_together_from_several_files_shows_each_line_with_its_file() -> None:
    cfg = _placed("a.cfg")
    boom = cfg.routes[1].body.body[1]
    assert isinstance(boom, n.ExprStmt)
    boom.pos = boom.expr.pos = n.Pos("b.inc", 1, 1)
    cfg.sources["b.inc"] = 'boom("x");\n'
    functions = (*FUNCTIONS, function("boom", STR, call=_boom))
    found = compile_config(cfg, catalog(*functions), Diagnostics()).route("request")
    assert found is not None
    with pytest.raises(RuntimeError) as caught:
        run(found.call, Ctx())
    assert 'boom("x");  # b.inc:1' in "".join(traceback.format_exception(caught.value))


def test_trace_mode_tells_the_lines_that_ran() -> None:
    functions = (*FUNCTIONS, function("boom", STR))
    program = compile_config(_placed(), catalog(*functions), Diagnostics(), trace=True)
    found = program.route("request")
    assert found is not None
    ctx = Ctx()
    run(found.call, ctx)
    assert [program.trace_lines[number].line for number in ctx.traced] == [2, 3, 7, 8]


# --- waiting -------------------------------------------------------------------------------------------------


def test_only_routes_that_can_wait_are_coroutines() -> None:
    functions = (*FUNCTIONS, function("slow", waits=True))
    program = compiled(
        main(route_call("A")), route("A", route_call("B")), route("B", call("slow")), route("C", call("f")),
        functions=functions,
    )  # fmt: skip
    waits = {name: each.waits for (_, name), each in program.routes.items()}
    assert waits == {"": True, "A": True, "B": True, "C": False}


def test_a_waiting_function_that_answers_at_once_needs_no_event_loop() -> None:
    result, ctx = executed(main(call("slow"), call("f")), functions=(*FUNCTIONS, function("slow", waits=True)))
    assert (result, ctx.log) == (1, ["slow()", "f()"])


def _waiting_route(call_: Any) -> Any:
    functions = (*FUNCTIONS, function("slow", waits=True, call=call_))
    found = compiled(main(call("slow"), call("f")), functions=functions).route("request")
    assert found is not None
    return found.call


async def _sleep(ctx: Any) -> int:
    await asyncio.sleep(0)
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    return 2


def test_a_route_that_waits_is_finished_by_its_caller() -> None:
    async def both() -> int:
        suspended = run(_waiting_route(_sleep), ctx)
        assert isinstance(suspended, Suspended)
        assert ctx.log == []
        return await asyncio.ensure_future(_await(suspended))

    ctx = Ctx()
    assert asyncio.run(both()) == 1
    assert ctx.log == ["f()"]


async def _await(suspended: Suspended) -> int:
    return await suspended


def test_a_failure_while_waiting_is_seen_inside_the_route() -> None:
    async def fail(ctx: Any) -> int:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, OSError("gone"))
        await future
        return 1

    async def go() -> int:
        suspended = run(_waiting_route(fail), Ctx())
        assert isinstance(suspended, Suspended)
        return await suspended

    with pytest.raises(OSError, match="gone"):
        asyncio.run(go())


def test_errors_of_any_phase_stop_the_compilation() -> None:
    diag = Diagnostics()
    diag.error("syntax", "earlier", POS)
    with pytest.raises(CompileError, match="1 error"):
        compile_config(config(main(stmt(call("f")))), catalog(*FUNCTIONS), diag)


def test_parameters_are_collected_in_file_order() -> None:
    first = n.CoreParam(POS, "children", [expr(2)], POS)
    second = n.CoreParam(POS, "children", [expr(4)], POS)
    custom = n.CustomParam(POS, "my", "limit", expr(5))
    program = compiled(first, second, custom, main(call("f")))
    assert program.core_params == {"children": [first, second]}
    assert program.custom_params == {("my", "limit"): custom}
