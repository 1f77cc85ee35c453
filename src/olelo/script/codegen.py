"""Statements of a route as Python text: one readable function per route.

Protocol: `def route_X(c)` returns the route's code, 0 means exit. As in Kamailio a route that ends without
`return` has the value of its last action, so every statement is written with a sink that says what becomes of its
value: nothing, the route's return value (tail position), or a local variable (the last value of a loop's body).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from olelo.script import nodes as n
from olelo.script import ops
from olelo.script.codegen_expr import CodegenError, ExprGen, Unit, literal, place
from olelo.script.codegen_names import Text, mangle

__all__ = ["CodegenError", "RouteText", "Unit", "function_name", "write_route"]

_KIND_PREFIX = {"request": "request_route", "reply": "reply_route", "onsend": "onsend_route", "route": "route"}


@dataclass(slots=True)
class RouteText:
    """The text of one route's function, with helpers for blocks used as values before it."""

    key: tuple[str, str]
    name: str
    route: n.Route
    waits: bool
    text: Text
    blocks: list[Text] = field(default_factory=list)


def function_name(kind: str, name: str) -> str:
    """The identifier of a route's function: `route_RELAY`, `request_route`, `event_route_tm_local_request`."""
    prefix = _KIND_PREFIX.get(kind, f"{kind}_route")
    return f"{prefix}_{mangle(name)}" if name else prefix


def write_route(unit: Unit, route: n.Route) -> RouteText:
    """Write one route. Raises: CodegenError, values.ResolveError where check has not been heeded."""
    key = (route.kind, route.name)
    gen = RouteGen(unit, key)
    waits = key in unit.waiting
    name = unit.functions[key]
    gen.out.line(f"# {route.kind} {ascii(route.name)} {place(route.pos)}", route.pos)
    gen.out.line(f"{'async ' if waits else ''}def {name}(c):", route.pos)
    gen.out.indent = 1
    gen.body(route.body.body, "return", route.pos)
    return RouteText(key, name, route, waits, gen.out, gen.blocks)


class RouteGen(ExprGen):
    """Writes one route's statements."""

    def __init__(self, unit: Unit, key: tuple[str, str]) -> None:
        super().__init__(unit, key)
        self.blocks: list[Text] = []
        # what `break` does at this point, innermost last; a route itself is left with the value 0
        self._breaks: list[str] = ["return"]

    def body(self, stmts: list[n.Stmt], sink: str, pos: n.Pos) -> None:
        """Write statements; what follows a return, exit, drop or break is left out."""
        begin = len(self.out.lines)
        ended = False
        stmts = [s for s in stmts if not (isinstance(s, n.Block) and not s.body)]
        for i, stmt in enumerate(stmts):
            ended = i == len(stmts) - 1 or ops.ends_route(stmt)
            self.statement(stmt, sink if ended else "")
            if ended:
                break
        if not ended:
            self.value("1", sink, pos)
        if len(self.out.lines) == begin:
            self.out.line("pass", pos)

    def value(self, text: str, sink: str, pos: n.Pos) -> None:
        """Give a statement's value to its sink."""
        if sink == "return":
            self.out.line(f"return {text}", pos)
        elif sink:
            self.out.line(f"{sink} = {text}", pos)

    def statement(self, stmt: n.Stmt, sink: str) -> None:
        if self.unit.trace and not isinstance(stmt, n.Block):
            self.unit.trace_lines.append(stmt.pos)
            self.out.line(f"c.trace({len(self.unit.trace_lines) - 1})", stmt.pos)
        match stmt:
            case n.Block():
                self.body(stmt.body, sink, stmt.pos)
            case n.If():
                self._if(stmt, sink)
            case n.While():
                self._while(stmt, sink)
            case n.Switch():
                self._switch(stmt, sink)
            case n.Return():
                self._return(stmt)
            case n.Exit() | n.Drop():
                if stmt.value is not None and ops.acts(stmt.value):
                    self.expr(stmt.value)
                if isinstance(stmt, n.Drop):
                    self.out.line("c.dropped = True", stmt.pos)
                elif self.out.lines[-2:] == [self.pad + "if not rc:", self.pad + "    return 0"]:
                    self.out.drop(2)  # the script ends here whatever the code is
                self.out.line("return 0", stmt.pos)
            case n.Break():
                self._break(stmt.pos)
            case n.ExprStmt():
                if ops.may_fail(stmt.expr):
                    self._guarded_statement(stmt, sink)
                else:
                    self._expression(stmt.expr, sink)
            case _:
                raise CodegenError(f"cannot compile {type(stmt).__name__}", stmt.pos)

    # --- expressions as statements ---------------------------------------------------------------------------

    def _expression(self, expr: n.Expr, sink: str) -> None:
        pos = expr.pos
        if isinstance(expr, n.Call):
            ends = self.call(expr)
            if sink == "return" and ends:
                self.out.line("return rc", pos)
                return
            if ends:
                self.out.line("if not rc:", pos)
                self.out.line("    return 0", pos)
            self.value("rc", sink, pos)
        elif isinstance(expr, n.RouteCall):
            self.route_call(expr)
            self.value("rc", sink, pos)
        elif isinstance(expr, n.BlockExpr):
            self.value(self.block_value(expr), sink, pos)
        elif isinstance(expr, n.Assign):
            self.assign(expr)
            self.value("1", sink, pos)
        else:
            code = self.expr(expr)
            if not code.atom or "(" in code.text:
                self.out.line(code.text, pos)
            self.value("1", sink, pos)

    def _guarded_statement(self, stmt: n.ExprStmt, sink: str) -> None:
        """A statement whose expression may have no value is given up then, and the script goes on."""
        self.out.line("try:", stmt.pos)
        self.out.indent += 1
        begin = len(self.out.lines)
        self._expression(stmt.expr, sink)
        if len(self.out.lines) == begin:
            self.out.line("pass", stmt.pos)
        self.out.indent -= 1
        self._except(stmt.pos, sink)

    def _except(self, pos: n.Pos, sink: str) -> None:
        call = f"{self.unit.helper('given_up')}(error, {place(pos)})"
        self.out.line(f"except {self.unit.helper('EvalError')} as error:", pos)
        self.out.indent += 1
        if sink:
            self.value(call, sink, pos)
        else:
            self.out.line(call, pos)
        self.out.indent -= 1

    def _try(self, expr: n.Expr, write: str, otherwise: str) -> str:
        """Evaluate an expression that may have no value into a local, `otherwise` where it has none."""
        name = self.temp()
        self.out.line("try:", expr.pos)
        self.out.indent += 1
        if write == "condition":
            self.out.line(f"{name} = {self.condition(expr, positive=True)}", expr.pos)
        elif write == "truth":
            self.out.line(f"{name} = {self.condition(expr)}", expr.pos)
        elif write == "str":
            self.out.line(f"{name} = {self.as_str(self.expr(expr)).text}", expr.pos)
        else:
            self.out.line(f"{name} = {self.as_int(self.expr(expr)).text}", expr.pos)
        self.out.indent -= 1
        self._except(expr.pos, "")
        self.out.line(f"    {name} = {otherwise}", expr.pos)
        return name

    # --- control flow ----------------------------------------------------------------------------------------

    def _if(self, stmt: n.If, sink: str) -> None:
        orelse = stmt.orelse
        if isinstance(orelse, n.Block) and not orelse.body:
            orelse = None
        if orelse is None and isinstance(stmt.cond, n.Binary) and stmt.cond.op == "&&" and not ops.may_fail(stmt.cond):
            if ops.acts(stmt.cond.right):
                self._nested_if(stmt.cond, stmt, sink)
                self._missed(sink, stmt.pos)
                return
        if ops.may_fail(stmt.cond):
            cond = self._try(stmt.cond, "condition", "False")
        else:
            cond = self.condition(stmt.cond, positive=True)
        if orelse is None and sink not in ("", "return"):
            self.out.line(f"{sink} = 1", stmt.pos)
        self.out.line(f"if {cond}:", stmt.pos)
        self._branch(stmt.then, sink, stmt.pos)
        depth = self.depth
        while isinstance(orelse, n.If) and self._is_elif(orelse):
            self.depth += 1  # it counts as nested, but the text must not: Python bears 100 levels
            self.out.line(f"elif {self.condition(orelse.cond, positive=True)}:", orelse.pos)
            self._branch(orelse.then, sink, orelse.pos)
            orelse = orelse.orelse
            if isinstance(orelse, n.Block) and not orelse.body:
                orelse = None
        if orelse is not None:
            self.out.line("else:", orelse.pos)
            self._branch(orelse, sink, stmt.pos)
        elif sink == "return":
            self.out.line("return 1", stmt.pos)
        elif sink and self.depth > depth:
            self.out.line("else:", stmt.pos)
            self.out.line(f"    {sink} = 1", stmt.pos)
        self.depth = depth

    def _is_elif(self, stmt: n.If) -> bool:
        """Can this be an `elif`: does nothing have to be done before its condition is known?"""
        return not (self.unit.trace or ops.acts(stmt.cond) or ops.may_fail(stmt.cond))

    def _nested_if(self, cond: n.Binary, stmt: n.If, sink: str) -> None:
        """`if (A && f())` without else: an if inside an if, so that no flag is kept."""
        if sink not in ("", "return"):
            self.out.line(f"{sink} = 1", stmt.pos)
        base = self.out.indent
        for part in _conjuncts(cond):
            self.out.line(f"if {self.condition(part)}:", part.pos)
            self.out.indent += 1
        self.out.indent -= 1
        self._branch(stmt.then, sink, stmt.pos)
        self.out.indent = base

    def _missed(self, sink: str, pos: n.Pos) -> None:
        if sink == "return":
            self.out.line("return 1", pos)

    def _branch(self, stmt: n.Stmt | None, sink: str, pos: n.Pos) -> None:
        self.out.indent += 1
        self.depth += 1
        if stmt is None:
            self.body([], sink, pos)
        else:
            self.body(stmt.body if isinstance(stmt, n.Block) else [stmt], sink, stmt.pos)
        self.depth -= 1
        self.out.indent -= 1

    def _return(self, stmt: n.Return) -> None:
        if stmt.value is None:
            self.out.line("return 1", stmt.pos)
        elif ops.may_fail(stmt.value):
            self.out.line(f"return {self._try(stmt.value, 'int', '-1')}", stmt.pos)
        else:
            self.out.line(f"return {self.as_int(self.expr(stmt.value)).text}", stmt.pos)

    def _break(self, pos: n.Pos) -> None:
        what = self._breaks[-1]
        if what == "return":
            self.unit.soft.add(self.key)
            self.out.line(f"return {self.unit.helper('SOFT_ZERO')}", pos)
            return
        if what:
            self.out.line(f"{what} = 0", pos)
        self.out.line("break", pos)

    def _while(self, stmt: n.While, sink: str) -> None:
        limit = self.unit.max_loops
        body_sink = ""
        if sink:
            body_sink = self.temp("ret")
            self.out.line(f"{body_sink} = 1", stmt.pos)
        count = self.temp("n")
        if limit > 0:
            self.out.line(f"{count} = 0", stmt.pos)
        self.out.line("while True:", stmt.pos)
        self.out.indent += 1
        if ops.may_fail(stmt.cond):
            cond = self._try(stmt.cond, "truth", "False")
        else:
            cond = self.condition(stmt.cond)
        self.out.line(f"if not ({cond}):", stmt.pos)
        self.out.line("    break", stmt.pos)
        if limit > 0:
            self.out.line(f"{count} += 1", stmt.pos)
            self.out.line(f"if {count} > {limit}:", stmt.pos)
            store = f"{body_sink} = " if sink else ""
            self.out.line(f"    {store}{self.unit.helper('runaway')}({limit}, {place(stmt.pos)})", stmt.pos)
            self.out.line("    break", stmt.pos)
        self._breaks.append(body_sink)
        self.out.indent -= 1
        self._branch(stmt.body, body_sink, stmt.pos)
        self._breaks.pop()
        self._loop_value(body_sink, sink, stmt.pos)

    def _loop_value(self, name: str, sink: str, pos: n.Pos) -> None:
        if sink == "return":
            self.unit.soft.add(self.key)
            self.out.line(f"return {name} or {self.unit.helper('SOFT_ZERO')}", pos)
        elif sink:
            self.out.line(f"{sink} = {name}", pos)

    # --- switch ----------------------------------------------------------------------------------------------

    def _switch(self, stmt: n.Switch, sink: str) -> None:
        textual = _is_text_switch(stmt)
        if ops.may_fail(stmt.subject):
            # without a value no label matches, and `default` runs
            code = self._try(stmt.subject, "str" if textual else "int", "None")
        else:
            value = self.expr(stmt.subject)
            code = (self.as_str(value) if textual else self.as_int(value)).text
        name = self.temp("case")
        self.out.line(f"{name} = {code}", stmt.pos)
        groups = _groups(stmt.cases)
        if sink == "return":
            loop = False
            self._breaks.append("return")
        else:
            loop = any(_breaks_inside(group.body) for group in groups)
            self._breaks.append(sink)
        if any(_falls_through(group.body) for group in groups[:-1]):
            self._fall_through(stmt, groups, name, textual, sink)
        else:
            if loop:
                self._default_sink(sink, stmt.pos)
                self.out.line("while True:", stmt.pos)
                self.out.indent += 1
            self._chain(stmt, groups, name, textual, sink)
            if loop:
                self.out.line("break", stmt.pos)
                self.out.indent -= 1
        self._breaks.pop()

    def _default_sink(self, sink: str, pos: n.Pos) -> None:
        if sink not in ("", "return"):
            self.out.line(f"{sink} = 1", pos)

    def _chain(self, stmt: n.Switch, groups: list[_Group], name: str, textual: bool, sink: str) -> None:
        """No case runs into the next one: an if/elif chain."""
        word = "if"
        default: _Group | None = None
        for group in groups:
            if group.default:
                default = group
                continue
            self.out.line(f"{word} {self._labels(group, name, textual, ops.may_fail(stmt.subject))}:", group.pos)
            self._case(group, sink)
            word = "elif"
        if default is not None:
            if word == "if":
                self.out.line("if True:", default.pos)
            else:
                self.out.line("else:", default.pos)
            self._case(default, sink)
        elif word == "elif" and sink:
            self.out.line("else:", stmt.pos)
            self.out.indent += 1
            self.value("1", sink, stmt.pos)
            self.out.indent -= 1
        elif sink:
            self.value("1", sink, stmt.pos)

    def _case(self, group: _Group, sink: str) -> None:
        body = group.body
        self.out.indent += 1
        self.depth += 1
        if body and isinstance(body[-1], n.Break) and not sink:
            body = body[:-1]  # the chain ends here anyway
        if body and isinstance(body[-1], n.Break) and sink and sink != "return":
            self.body(body[:-1], "", group.pos)
            self.out.line(f"{sink} = 0", group.pos)
        else:
            self.body(body, sink, group.pos)
        self.depth -= 1
        self.out.indent -= 1

    def _fall_through(self, stmt: n.Switch, groups: list[_Group], name: str, textual: bool, sink: str) -> None:
        """Cases that run into the next one: first find where to start, then run from there until a break."""
        start = self.temp("case")
        default = next((i for i, group in enumerate(groups) if group.default), len(groups))
        word = "if"
        for i, group in enumerate(groups):
            if group.labels:
                self.out.line(f"{word} {self._labels(group, name, textual, ops.may_fail(stmt.subject))}:", group.pos)
                self.out.line(f"    {start} = {i}", group.pos)
                word = "elif"
        self.out.line("else:", stmt.pos)
        self.out.line(f"    {start} = {default}", stmt.pos)
        loop = sink != "return"
        # the value is that of the last statement that ran, in whichever case
        result = sink if loop else self.temp("ret")
        if result:
            self.out.line(f"{result} = 1", stmt.pos)
        if loop:
            self.out.line("while True:", stmt.pos)
            self.out.indent += 1
        for i, group in enumerate(groups):
            if not group.body:
                continue
            self.out.line(f"if {start} <= {i}:", group.pos)
            self.out.indent += 1
            self.depth += 1
            self.body(group.body, result, group.pos)
            self.depth -= 1
            self.out.indent -= 1
        if loop:
            self.out.line("break", stmt.pos)
            self.out.indent -= 1
        else:
            self._loop_value(result, sink, stmt.pos)

    def _labels(self, group: _Group, name: str, textual: bool, may_fail: bool) -> str:
        plain: list[object] = []
        tests: list[str] = []
        for label, is_regex in group.labels:
            value = ops.constant(label)
            if is_regex:
                known = f"{name} is not None and " if may_fail else ""
                tests.append(f"{known}{self.search(str(value), label.pos, False)}({name}) is not None")
            else:
                if textual != isinstance(value, str):
                    raise CodegenError("a case label of another type than the first one", label.pos)
                plain.append(value)
        if len(plain) == 1:
            tests.insert(0, f"{name} == {literal(plain[0])}")
        elif plain:
            tests.insert(0, f"{name} in {literal(tuple(plain))}")
        return " or ".join(tests) or "False"

    # --- blocks as values ------------------------------------------------------------------------------------

    def block_value(self, expr: n.BlockExpr) -> str:
        """A block used as a value is a function of its own: its `return` ends only the block."""
        inner = RouteGen(self.unit, self.key)
        inner._temps = self._temps
        name = self.unit.names.claim(f"{self.unit.functions[self.key]}_block")
        waits = self.key in self.unit.waiting
        soft_before = self.key in self.unit.soft
        inner.out.line(f"{'async ' if waits else ''}def {name}(c):", expr.pos)
        inner.out.indent = 1
        inner.body(expr.body.body, "return", expr.pos)
        if not soft_before:
            self.unit.soft.discard(self.key)
        self.blocks.extend([*inner.blocks, inner.out])
        self.out.line(f"rc = {'await ' if waits else ''}{name}(c)", expr.pos)
        self.out.line("if not rc:", expr.pos)
        self.out.line("    return 0", expr.pos)
        self.out.line(f"if rc == {self.unit.helper('SOFT_ZERO')}:", expr.pos)
        self.out.line("    rc = 0", expr.pos)
        return "rc"


@dataclass(slots=True)
class _Group:
    """Labels in a row that share one body: `case -1: case -3: ...`."""

    pos: n.Pos
    labels: list[tuple[n.Expr, bool]]
    default: bool
    body: list[n.Stmt]


def _groups(cases: list[n.Case]) -> list[_Group]:
    groups: list[_Group] = []
    open_group: _Group | None = None
    for case in cases:
        if open_group is None:
            open_group = _Group(case.pos, [], False, [])
            groups.append(open_group)
        if case.label is None:
            open_group.default = True
        else:
            open_group.labels.append((case.label, case.regex))
        open_group.body = case.body
        if case.body:
            open_group = None
    return groups


def _is_text_switch(stmt: n.Switch) -> bool:
    for case in stmt.cases:
        if case.label is not None:
            return case.regex or isinstance(ops.constant(case.label), str)
    return False


def _falls_through(body: list[n.Stmt]) -> bool:
    return not any(ops.ends_route(stmt) for stmt in body)


def _breaks_inside(body: list[n.Stmt]) -> bool:
    """Is there a `break` for this switch other than as the last statement of the case?"""
    top = body[:-1] if body and isinstance(body[-1], n.Break) else body
    return any(_has_break(stmt) for stmt in top)


def _has_break(stmt: n.Stmt | None) -> bool:
    match stmt:
        case n.Break():
            return True
        case n.Block():
            return any(_has_break(each) for each in stmt.body)
        case n.If():
            return _has_break(stmt.then) or _has_break(stmt.orelse)
    return False


def _conjuncts(expr: n.Expr) -> list[n.Expr]:
    """The parts of `A && B && C`, in order."""
    if isinstance(expr, n.Binary) and expr.op == "&&" and ops.constant(expr) is None:
        return [*_conjuncts(expr.left), *_conjuncts(expr.right)]
    return [expr]
