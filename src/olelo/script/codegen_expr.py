"""Expressions of a route as Python text.

A call cannot stand inside a Python expression, because its code must be kept in `c.rc` and 0 must end the
script. So whatever acts (a call, an assignment) is written as statements before, and the expression refers to
the result; operands read earlier are put into temporaries where such statements come between.
Short circuits (`&&`, `||`) become `if` statements in that case and stay Python's own `and`/`or` otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from olelo.script import nodes as n
from olelo.script import ops, regex, runtime
from olelo.script.catalog import ArgKind, ArgSpec, Catalog, FunctionSpec, PvRef
from olelo.script.codegen_names import Namespace, Text, mangle
from olelo.script.values import Resolver, shown

_COMPARE = {">": ">", "<": "<", ">=": ">=", "<=": "<="}
_PLAIN_INT = {"-": "-", "|": "|", "&": "&", "^": "^"}
_HELPED_INT = {"*": "multiply", "/": "divide", "mod": "modulo", "<<": "shift_left", ">>": "shift_right"}


class CodegenError(Exception):
    """The tree holds what check would have refused."""

    def __init__(self, message: str, pos: n.Pos) -> None:
        super().__init__(message)
        self.pos = pos


@dataclass(slots=True, frozen=True)
class Code:
    """Python text of an expression. kind: "int", "str", "bool" (a Python truth value), "any" (int, str or None).

    number: another text, for where a number is wanted: there a sum adds, whatever its operands are.
    """

    text: str
    kind: str
    atom: bool = True
    number: str = ""

    def group(self) -> str:
        return self.text if self.atom else f"({self.text})"


def literal(value: object) -> str:
    """A constant in generated text: ASCII only, whatever the script holds."""
    return ascii(value)


def place(pos: n.Pos) -> str:
    return literal(f"{pos.file}:{pos.line}")


class Unit:
    """What all routes of one program share while their text is written."""

    def __init__(self, catalog: Catalog, trace: bool, max_loops: int, max_depth: int) -> None:
        self.catalog = catalog
        self.resolver = Resolver(catalog)
        self.names = Namespace()
        self.trace = trace
        self.trace_lines: list[n.Pos] = []
        self.max_loops = max_loops
        self.max_depth = max_depth
        self.functions: dict[tuple[str, str], str] = {}
        self.waiting: set[tuple[str, str]] = set()
        self.recursive: set[tuple[str, str]] = set()
        self.soft: set[tuple[str, str]] = set()
        self.dynamic_table: dict[str, object] = {}
        self.flags: dict[str, int] = {}

    def helper(self, name: str) -> str:
        """Name of a function of runtime.py."""
        return self.names.bind(("runtime", name), name, getattr(runtime, name))

    def getter(self, ref: PvRef) -> str:
        return self.names.bind(("get", ref.text), "get_" + mangle(ref.text), ref.get)

    def setter(self, ref: PvRef) -> str:
        return self.names.bind(("set", ref.text), "set_" + mangle(ref.text), ref.set)

    def overload(self, call: n.Call) -> FunctionSpec | None:
        """The function that a call means; None for one that only other releases have (it does nothing)."""
        spec = find_overload(self.catalog, call)
        if spec is None and call.name + "()" not in self.catalog.known_elsewhere:
            raise CodegenError(f"unknown function {call.name}/{len(call.args)}", call.pos)
        return spec


def find_overload(catalog: Catalog, call: n.Call) -> FunctionSpec | None:
    """The function of a loaded module (or of the core) that takes this number of arguments."""
    for spec in catalog.functions.get(call.name, []):
        if spec.min_args <= len(call.args) <= spec.max_args and (not spec.module or spec.module in catalog.loaded):
            return spec
    return None


class ExprGen:
    """Writes one route's expressions; the statements they need go to `out` first."""

    def __init__(self, unit: Unit, key: tuple[str, str]) -> None:
        self.unit = unit
        self.key = key
        self.out = Text()
        self.depth = 1
        self._temps = 0

    # --- small parts ---------------------------------------------------------------------------------------

    @property
    def pad(self) -> str:
        return "    " * self.out.indent

    def temp(self, prefix: str = "t") -> str:
        self._temps += 1
        return f"{prefix}{self._temps}"

    def spill(self, code: Code, pos: n.Pos) -> Code:
        """Keep a value in a local, because statements follow before it is used."""
        name = self.temp()
        self.out.line(f"{name} = {code.text}", pos)
        number = self.temp() if code.number else ""
        if number:
            self.out.line(f"{number} = {code.number}", pos)
        return Code(name, code.kind, number=number)

    def as_int(self, code: Code) -> Code:
        if code.kind == "int":
            return code
        if code.kind == "bool":
            return Code(f"1 if {code.text} else 0", "int", False)
        if code.number:
            return Code(code.number, "int", code.number.isidentifier())
        return Code(f"{self.unit.helper('to_int')}({code.text})", "int")

    def as_str(self, code: Code) -> Code:
        if code.kind == "str":
            return code
        if code.kind == "bool":
            return Code(f"'1' if {code.text} else '0'", "str", False)
        return Code(f"{self.unit.helper('to_str')}({code.text})", "str")

    def as_value(self, code: Code) -> Code:
        return self.as_int(code) if code.kind == "bool" else code

    def truth(self, code: Code, positive: bool = False) -> Code:
        """The expression as a Python truth value: not 0, or (as `if` wants it) above 0."""
        if code.kind == "bool":
            return code
        number = self.as_int(code)
        if positive:
            return Code(f"{number.group()} > 0", "bool", False)
        return Code(f"{number.group()} != 0", "bool", False)

    # --- expressions -----------------------------------------------------------------------------------------

    def expr(self, expr: n.Expr) -> Code:
        """Write an expression; its value."""
        value = ops.constant(expr)
        if isinstance(value, int):
            return Code(literal(value), "int", value >= 0)
        if isinstance(value, str):
            return Code(literal(value), "str")
        match expr:
            case n.Var():
                if ops.is_null(expr):
                    return Code("None", "any")
                return Code(f"{self.unit.getter(self.unit.resolver.text(expr.text))}(c)", "any")
            case n.Ident():
                return Code(literal(expr.name), "str")
            case n.Network():
                return Code(literal(f"{expr.address}/{expr.mask}"), "str")
            case n.Select():
                return Code(f"{self._select(expr)}(c)", "any")
            case n.CoreOperand():
                return self._operand_truth(expr)
            case n.Unary():
                return self._unary(expr)
            case n.Binary():
                return self._binary(expr)
            case n.Ternary():
                return self._ternary(expr)
            case n.Call() | n.RouteCall() | n.BlockExpr():
                rc = self.action(expr)
                return Code(f"{rc} > 0", "bool", False)
            case n.Assign():
                self.assign(expr)
                return Code("True", "bool")
        raise CodegenError(f"cannot compile {type(expr).__name__}", expr.pos)

    def condition(self, expr: n.Expr, positive: bool = False) -> str:
        """Write an expression as a truth value."""
        if isinstance(expr, n.Binary) and expr.op in ("&&", "||") and ops.constant(expr) is None:
            return self._logic(expr).text
        return self.truth(self.expr(expr), positive).text

    def pair(self, left: n.Expr, right: n.Expr) -> tuple[Code, Code]:
        """Write two operands, the left one first."""
        first = self.expr(left)
        if ops.acts(right) and ops.constant(left) is None:
            first = self.spill(first, left.pos)
        return first, self.expr(right)

    def _unary(self, expr: n.Unary) -> Code:
        match expr.op:
            case "!":
                inner = expr.operand
                if isinstance(inner, n.Binary) and inner.op in ("&&", "||"):
                    return Code(f"not {self._logic(inner).group()}", "bool", False)
                if isinstance(inner, n.Call | n.RouteCall | n.BlockExpr):
                    return Code(f"{self.action(inner)} <= 0", "bool", False)
                code = self.expr(inner)
                if code.kind == "bool":
                    return Code(f"not {code.group()}", "bool", False)
                return Code(f"{self.as_int(code).group()} == 0", "bool", False)
            case "-" | "~":
                return Code(f"{expr.op}{self.as_int(self.expr(expr.operand)).group()}", "int", False)
            case "(int)":
                return self.as_int(self.expr(expr.operand))
            case "(str)":
                return self.as_str(self.expr(expr.operand))
            case "defined":
                return self._defined(expr.operand, True)
            case "strlen":
                return Code(f"len({self.as_str(self.expr(expr.operand)).text})", "int")
            case "strempty":
                return self._empty(self.expr(expr.operand))
        raise CodegenError(f"unknown operator {expr.op}", expr.pos)

    def _empty(self, code: Code) -> Code:
        if code.kind == "any":
            return Code(f"{code.group()} in ('', None)", "bool", False)
        return Code(f"not {self.as_str(code).group()}", "bool", False)

    def _defined(self, operand: n.Expr, wanted: bool) -> Code:
        # Only a variable or a select can be undefined; anything else is not even evaluated (rvalue.c).
        if not isinstance(operand, n.Var | n.Select):
            return Code(str(wanted), "bool")
        code = self.expr(operand)
        return Code(f"{code.group()} is {'not ' if wanted else ''}None", "bool", False)

    def _logic(self, expr: n.Binary) -> Code:
        word = "and" if expr.op == "&&" else "or"
        parts = _logic_parts(expr)
        written = [self._truth_of(parts[0])]
        before = parts[0]
        for part in parts[1:]:
            if not ops.acts(part):
                written.append(self._truth_of(part))
            else:
                name = self.temp()
                self.out.line(f"{name} = {_joined(written, word).text}", before.pos)
                self.out.line(f"if {name}:" if word == "and" else f"if not {name}:", part.pos)
                self.out.indent += 1
                self.out.line(f"{name} = {self._truth_of(part).text}", part.pos)
                self.out.indent -= 1
                written = [Code(name, "bool")]
            before = part
        return _joined(written, word)

    def _truth_of(self, expr: n.Expr) -> Code:
        if isinstance(expr, n.Binary) and expr.op in ("&&", "||") and ops.constant(expr) is None:
            return self._logic(expr)
        return self.truth(self.expr(expr))

    def _binary(self, expr: n.Binary) -> Code:
        op = expr.op
        if op in ("&&", "||"):
            return self._logic(expr)
        if isinstance(expr.left, n.CoreOperand) or _is_myself(expr.right):
            return self._core_compare(expr)
        if op in ops.EQUALITY and ops.is_null(expr.right):
            return self._defined(expr.left, op in ("!=", "ne", "ine"))
        left, right = self.pair(expr.left, expr.right)
        if op == "+":
            return self._add(left, right)
        if op in _PLAIN_INT:
            return Code(f"{self.as_int(left).group()} {_PLAIN_INT[op]} {self.as_int(right).group()}", "int", False)
        if op in _HELPED_INT:
            helper = self.unit.helper(_HELPED_INT[op])
            return Code(f"{helper}({self.as_int(left).text}, {self.as_int(right).text})", "int")
        if op in _COMPARE:
            return Code(f"{self.as_int(left).group()} {_COMPARE[op]} {self.as_int(right).group()}", "bool", False)
        if op == "=~":
            return self._match(expr, left, right)
        sign = "==" if op in ("==", "eq", "ieq") else "!="
        if op in ("eq", "ne"):
            return Code(f"{self.as_str(left).group()} {sign} {self.as_str(right).group()}", "bool", False)
        if op in ("ieq", "ine"):
            return Code(f"{self.as_int(left).group()} {sign} {self.as_int(right).group()}", "bool", False)
        return self._equal(sign, left, right, ops.constant(expr.left), ops.constant(expr.right))

    def _equal(self, sign: str, left: Code, right: Code, left_value: object, right_value: object) -> Code:
        """`==` and `!=`, by the left operand's type; with a constant on the right no helper is needed."""
        if left.kind in ("int", "bool"):
            return Code(f"{self.as_int(left).group()} {sign} {self.as_int(right).group()}", "bool", False)
        if sign == "==" and "" in (left_value, right_value):
            # Kamailio's optimiser makes strempty() of a comparison with "", whatever the type
            return self._empty(right if left_value == "" else left)
        if left.kind == "str":
            return Code(f"{left.group()} {sign} {self.as_str(right).group()}", "bool", False)
        word = "in" if sign == "==" else "not in"
        if isinstance(right_value, int):
            options: tuple[object, ...] = (right_value, str(right_value))
            if right_value == 0:
                options += (None,)
            return Code(f"{left.group()} {word} {literal(options)}", "bool", False)
        if isinstance(right_value, str):
            # a number on the left makes a number of the text; $null on the left is the empty text
            options = (right_value, runtime.to_int(right_value))
            if not right_value:
                options += (None,)
            return Code(f"{left.group()} {word} {literal(options)}", "bool", False)
        call = f"{self.unit.helper('equal')}({left.text}, {self.as_value(right).text})"
        return Code(call, "bool") if sign == "==" else Code(f"not {call}", "bool", False)

    def _add(self, left: Code, right: Code) -> Code:
        if left.kind in ("int", "bool"):
            return Code(f"{self.as_int(left).group()} + {self.as_int(right).group()}", "int", False)
        if left.kind == "str":
            return Code(f"{left.group()} + {self.as_str(right).group()}", "str", False)
        # by the left one's type at run time, but a sum of numbers where a number is wanted (rval_expr_eval_int)
        number = f"{self.as_int(left).group()} + {self.as_int(right).group()}"
        return Code(f"{self.unit.helper('add')}({left.text}, {self.as_value(right).text})", "any", number=number)

    def _match(self, expr: n.Binary, left: Code, right: Code) -> Code:
        pattern = ops.constant(expr.right)
        if pattern is None:
            return Code(f"{self.unit.helper('match')}({self.as_str(left).text}, {self.as_str(right).text})", "bool")
        return Code(f"{self.search(str(pattern), expr.right.pos)}({self.as_str(left).text}) is not None", "bool", False)

    def search(self, pattern: str, pos: n.Pos, ignore_case: bool = True) -> str:
        """Name of the search method of a compiled pattern. `=~` takes either case, `case /re` does not."""
        try:
            compiled = regex.posix(pattern, ignore_case)
        except ValueError as error:
            raise CodegenError(f"bad regular expression: {error}", pos) from None
        return self.unit.names.bind(
            ("search", pattern, ignore_case), "search_" + (mangle(pattern)[:24] or "re"), compiled.search
        )

    def _ternary(self, expr: n.Ternary) -> Code:
        cond = self.condition(expr.cond, positive=True)
        helper = self.unit.helper("select")
        if ops.acts(expr.yes) or ops.acts(expr.no):
            name = self.temp()
            self.out.line(f"if {cond}:", expr.pos)
            self._store(name, expr.yes, helper)
            self.out.line("else:", expr.pos)
            self._store(name, expr.no, helper)
            return Code(name, "any")
        yes, no = self.as_value(self.expr(expr.yes)), self.as_value(self.expr(expr.no))
        kind = yes.kind if yes.kind == no.kind else "any"
        text = f"{yes.group()} if {cond} else {no.group()}"
        if kind == "any":
            return Code(f"{helper}({text})", "any")
        return Code(text, kind, False)

    def _store(self, name: str, expr: n.Expr, helper: str) -> None:
        self.out.indent += 1
        self.out.line(f"{name} = {helper}({self.as_value(self.expr(expr)).text})", expr.pos)
        self.out.indent -= 1

    # --- core operands ---------------------------------------------------------------------------------------

    def _operand(self, expr: n.CoreOperand) -> str:
        getter = self.unit.catalog.operands.get(expr.name)
        if getter is None:
            raise CodegenError(f"unknown operand {expr.name}", expr.pos)
        return self.unit.names.bind(("operand", expr.name), "op_" + mangle(expr.name), getter) + "(c)"

    def _operand_truth(self, expr: n.CoreOperand) -> Code:
        return Code(f"bool({self._operand(expr)})", "bool")

    def _select(self, expr: n.Select) -> str:
        make = self.unit.catalog.select
        if make is None:
            raise CodegenError("selects are not available", expr.pos)
        return self.unit.names.bind(("select", expr.text), "sel_" + mangle(expr.text), make(expr.text))

    def _core_compare(self, expr: n.Binary) -> Code:
        """`uri==myself`, `src_ip==10.0.0.0/8`, `method=="INVITE"`, `proto==UDP`, `src_port==5060`, `uri=~"re"`."""
        left, right = expr.left, expr.right
        negative = expr.op in ("!=", "ne", "ine")
        if _is_myself(left):
            left, right = right, left
        if _is_myself(right):
            myself = self.unit.names.bind("myself", "myself", self.unit.catalog.myself)
            if isinstance(left, n.CoreOperand):
                subject = f"{self.unit.helper('to_str')}({self._operand(left)})"
            else:
                subject = self.as_str(self.expr(left)).text
            call = f"{myself}(c, {subject})"
            return Code(f"not {call}", "bool", False) if negative else Code(call, "bool")
        if not isinstance(left, n.CoreOperand):
            raise CodegenError("a core operand stands on the left side", expr.pos)
        value = ops.constant(right)
        if isinstance(right, n.Ident):
            value = right.name
        # operands that are calls into the message come after what the right side does
        right_code = Code(literal(value), "str" if isinstance(value, str) else "int") if value is not None else None
        if isinstance(right, n.Network) or (left.name in _ADDRESSES and expr.op != "=~"):
            return self._address_compare(left, right, right_code, negative)
        if right_code is None:
            right_code = self.expr(right)
        operand = self._operand(left)
        if left.name in _NUMBERED and (isinstance(value, int) or isinstance(right, n.Str)):
            # Kamailio compares numbers here: a string in quotes counts as its number, which "udp" is not
            wanted = runtime.to_int(value)
            right_code = Code(literal(runtime_names(left.name).get(wanted, str(wanted))), "str")
        if expr.op == "=~":
            text = f"{self.unit.helper('to_str')}({operand})"
            if value is not None:
                return Code(f"{self.search(str(value), right.pos)}({text}) is not None", "bool", False)
            return Code(f"{self.unit.helper('match')}({text}, {self.as_str(right_code).text})", "bool")
        if left.name in _NUMBERS or expr.op in _COMPARE:
            sign = _COMPARE.get(expr.op) or ("!=" if negative else "==")
            number = f"{self.unit.helper('to_int')}({operand})"
            return Code(f"{number} {sign} {self.as_int(right_code).group()}", "bool", False)
        call = f"{self.unit.helper('same_text')}({operand}, {self.as_str(right_code).text})"
        return Code(f"not {call}", "bool", False) if negative else Code(call, "bool")

    def _address_compare(self, left: n.CoreOperand, right: n.Expr, code: Code | None, negative: bool) -> Code:
        operand = self._operand(left)
        if isinstance(right, n.Network):
            net = runtime_network(f"{right.address}/{right.mask}", right.pos)
            name = self.unit.names.bind(("net", net.text), "in_net_" + mangle(net.text), net.contains)
            call = f"{name}({operand})"
        elif code is not None:
            text = code.text
            address = runtime_network_or_none(str(ops.constant(right) or getattr(right, "name", "")))
            if address is not None:
                name = self.unit.names.bind(("net", address.text), "in_net_" + mangle(address.text), address.contains)
                call = f"{name}({operand})"
            else:
                call = f"{self.unit.helper('same_address')}({operand}, {text})"
        else:
            call = f"{self.unit.helper('same_address')}({operand}, {self.as_str(self.expr(right)).text})"
        return Code(f"not {call}", "bool", False) if negative else Code(call, "bool")

    # --- what acts --------------------------------------------------------------------------------------------

    def action(self, expr: n.Call | n.RouteCall | n.BlockExpr) -> str:
        """Write a call as statements: `rc` holds its code, `c.rc` too, and 0 has ended the script."""
        if isinstance(expr, n.Call):
            if self.call(expr):
                self.out.line("if not rc:", expr.pos)
                self.out.line("    return 0", expr.pos)
            else:
                # a core command leaves $rc alone, but an expression starts with $rc at 0 (action.c: run_actions)
                self.out.line("c.rc = 0", expr.pos)
            return "rc"
        if isinstance(expr, n.RouteCall):
            self.route_call(expr)
            return "rc"
        return self.block_value(expr)

    def block_value(self, expr: n.BlockExpr) -> str:
        raise NotImplementedError

    def call(self, call: n.Call) -> bool:
        """Write `rc = f(c, ...)` without the end of the script at 0. False: a core command, for which 0 is no end."""
        unit = self.unit
        spec = unit.overload(call)
        if spec is None:
            self.out.line("rc = c.rc = 1", call.pos, len(call.name))
            return True
        name = unit.names.bind(("function", spec.name, id(spec)), call.name, spec.call)
        guards: list[str] = []
        args = [self._argument(each, spec.args[i], guards) for i, each in enumerate(call.args)]
        if any(ops.acts(each) for each in call.args):
            raise CodegenError("a call inside the arguments of a call", call.pos)
        text = f"{name}({', '.join(['c', *args])})"
        width = len(call.name)
        if guards:
            text = f"-1 if {' or '.join(f'{guard} is None' for guard in guards)} else {text}"
        if not spec.waits:
            self.out.line(f"rc = c.rc = {text}" if spec.module else f"rc = {text}", call.pos, width)
            return bool(spec.module)
        self.out.line(f"rc = {text}", call.pos, width)
        self.out.line("if rc.__class__ is not int:", call.pos, width)
        self.out.line("    rc = await rc", call.pos, width)
        if spec.module:
            self.out.line("c.rc = rc", call.pos, width)
        return bool(spec.module)

    def _argument(self, expr: n.Expr, spec: ArgSpec, guards: list[str]) -> str:
        unit = self.unit
        value = ops.constant(expr)
        if isinstance(expr, n.Ident):
            value = unit.flags.get(expr.name, expr.name)
        elif spec.kind is ArgKind.INT and isinstance(value, str):
            value = unit.flags.get(value, value)
        kind = spec.kind
        if kind is ArgKind.PVAR:
            text = expr.text if isinstance(expr, n.Var) else str(value).removeprefix("$")
            ref = unit.resolver.text(text)
            return unit.names.bind(("ref", ref.text), "ref_" + mangle(ref.text), ref)
        if kind is ArgKind.CONST:
            return literal(str(value))
        if kind is ArgKind.VALUE:
            return self.as_value(self.expr(expr)).text
        if kind is ArgKind.INT:
            if isinstance(value, int):
                return literal(value)
            if isinstance(value, str) and "$" not in value:
                number = runtime.parse_int(value)
                if number is None:
                    raise CodegenError(f"argument {spec.name} is a number", expr.pos)
                return literal(number)
            code = self._format(value) if isinstance(value, str) else self.as_value(self.expr(expr))
            if code.kind == "int":
                return code.text
            name = self.temp("n")
            self.out.line(f"{name} = {unit.helper('arg_int')}({code.text})", expr.pos)
            guards.append(name)
            return name
        if kind is ArgKind.REGEX:
            if value is not None and "$" not in str(value).removesuffix("$"):
                compiled = regex.posix(str(value), True, True)
                return unit.names.bind(("re", str(value)), "re_" + mangle(str(value))[:24], compiled)
            code = self._format(value) if isinstance(value, str) else self.as_str(self.expr(expr))
            name = self.temp("n")
            self.out.line(f"{name} = {unit.helper('arg_regex')}({self.as_str(code).text})", expr.pos)
            guards.append(name)
            return name
        # STR and ROUTE
        if isinstance(value, str):
            return self._format(value, as_text=True).text
        if isinstance(value, int):
            return literal(str(value))
        return self.as_str(self.expr(expr)).text

    def _format(self, value: str, as_text: bool = False) -> Code:
        """A string argument with its variables expanded at each call."""
        if "$" not in value:
            return Code(literal(value), "str")
        parts = self.unit.resolver.parts(value)
        if len(parts) == 1 and isinstance(parts[0], PvRef) and not as_text:
            return Code(f"{self.unit.getter(parts[0])}(c)", "any")
        words = [
            literal(p) if isinstance(p, str) else f"{self.unit.helper(shown(p).__name__)}({self._get(p)})"
            for p in parts
        ]
        return Code(" + ".join(words) or "''", "str", len(words) < 2)

    def _get(self, ref: PvRef) -> str:
        return "None" if ref.text == "$null" else f"{self.unit.getter(ref)}(c)"

    def route_call(self, call: n.RouteCall) -> None:
        """Write a call of a route: `rc` and `c.rc` hold its code, and 0 has ended the script."""
        unit, out, pos = self.unit, self.out, call.pos
        target = ops.constant(call.target)
        if isinstance(call.target, n.Ident):
            target = call.target.name
        width = len("route")
        guarded = target is None or ("route", str(target)) in unit.recursive and self.key in unit.recursive
        if target is None:
            name = self.temp()
            wanted = self.as_str(self.expr(call.target))
            wanted = self.spill(wanted, pos)
            table = unit.names.bind("routes", "ROUTES", unit.dynamic_table)
            out.line(f"{name} = {table}.get({wanted.text})", pos, width)
            out.line(f"if {name} is None:", pos, width)
            out.line(f"    rc = {unit.helper('no_route')}({wanted.text}, {place(pos)})", pos, width)
            waits, soft = any(key[0] == "route" for key in unit.waiting), any(key[0] == "route" for key in unit.soft)
        else:
            key = ("route", str(target))
            if key not in unit.functions:
                raise CodegenError(f"route({target}) is missing", pos)
            name = unit.functions[key]
            waits, soft = key in unit.waiting, key in unit.soft
        word = "el" if target is None else ""
        if guarded:
            out.line(f"{word}if c.depth + {self.depth} > {unit.max_depth}:", pos, width)
            out.line(f"    rc = {unit.helper('too_deep')}({unit.max_depth}, {place(pos)})", pos, width)
            out.line("else:", pos, width)
            out.indent += 1
            out.line(f"c.depth += {self.depth}", pos, width)
        out.line(f"rc = {'await ' if waits and target is not None else ''}{name}(c)", pos, width)
        if waits and target is None:
            out.line("if rc.__class__ is not int:", pos, width)
            out.line("    rc = await rc", pos, width)
        if guarded:
            out.line(f"c.depth -= {self.depth}", pos, width)
            out.indent -= 1
        out.line("if not rc:", pos, width)
        out.line("    return 0", pos, width)
        if soft:
            out.line(f"c.rc = 0 if rc == {unit.helper('SOFT_ZERO')} else rc", pos, width)
        else:
            out.line("c.rc = rc", pos, width)

    def assign(self, expr: n.Assign) -> None:
        """Write an assignment. The value of a call is its return code itself, not the truth of it."""
        target = expr.target
        if not isinstance(target, n.Var):
            raise CodegenError("cannot assign to this", target.pos)
        ref = self.unit.resolver.text(target.text)
        if ref.set is None:
            raise CodegenError(f"{ref.text} is read-only", target.pos)
        if isinstance(expr.value, n.Call | n.RouteCall | n.BlockExpr):
            self.action(expr.value)
            value = "c.rc" if isinstance(expr.value, n.RouteCall) else "rc"
        else:
            value = self.as_value(self.expr(expr.value)).text
        self.out.line(f"{self.unit.setter(ref)}(c, {value})", expr.pos)


_NUMBERED = frozenset(("proto", "af", "snd_proto", "snd_af"))
_ADDRESSES = frozenset(("src_ip", "dst_ip", "snd_ip", "to_ip"))
_NUMBERS = frozenset(("src_port", "dst_port", "snd_port", "to_port", "msg:len", "max_len"))


def _is_myself(expr: n.Expr) -> bool:
    return (isinstance(expr, n.CoreOperand | n.Ident)) and expr.name == "myself"


def _operand(code: Code, word: str) -> str:
    """An operand of and/or: only `or` inside `and` and conditional expressions need parentheses."""
    if code.atom or (" or " not in code.text and " if " not in code.text and not code.text.startswith("not ")):
        return code.text
    return f"({code.text})"


def _logic_parts(expr: n.Binary) -> list[n.Expr]:
    """The operands of `A || B || C`, or of the same with `&&`, from left to right: a chain may be long."""
    parts: list[n.Expr] = []
    left: n.Expr = expr
    while isinstance(left, n.Binary) and left.op == expr.op and ops.constant(left) is None:
        parts.append(left.right)
        left = left.left
    parts.append(left)
    parts.reverse()
    return parts


def _joined(codes: list[Code], word: str) -> Code:
    if len(codes) == 1:
        return codes[0]
    return Code(f" {word} ".join(_operand(code, word) for code in codes), "bool", False)


def runtime_names(operand: str) -> dict[int, str]:
    return ops.PROTO_NUMBERS if operand.endswith("proto") else {2: "INET", 10: "INET6"}


def runtime_network(text: str, pos: n.Pos) -> runtime.Network:
    try:
        return runtime.Network(text)
    except ValueError as error:
        raise CodegenError(str(error), pos) from None


def runtime_network_or_none(text: str) -> runtime.Network | None:
    try:
        return runtime.Network(text)
    except ValueError:
        return None
