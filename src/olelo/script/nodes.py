"""The tree of a kamailio.cfg: what the parser makes and what check, codegen and tools read.

Every node carries a `Pos` (file, line, column) of its first token, so that whatever is said about it can be
said with its place. The tree holds what the file says; names are resolved by `check` and `codegen` against a
`catalog.Catalog`, never here.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, frozen=True)
class Pos:
    """A place in a configuration file. Lines and columns count from 1; columns count bytes."""

    file: str
    line: int
    col: int


# --- expressions ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Expr:
    pos: Pos


@dataclass(slots=True)
class Int(Expr):
    value: int
    text: str = ""  # as written, where that differs (0x04, yes)


@dataclass(slots=True)
class Str(Expr):
    """A string constant after escapes and concatenation. Latin-1: one character is one byte.

    `value` may hold pseudo-variables (`"sip:$rU@$rd"`): whether they are expanded depends on where it stands
    (an argument of a module function: by the function's declaration; an operand of an expression: never).
    """

    value: str


@dataclass(slots=True)
class Ident(Expr):
    """A bare word as operand: INET, UDP, a host name, an address (`10.0.0.1`), a network."""

    name: str


@dataclass(slots=True)
class Network(Expr):
    """`10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `[2001:db8::]/32` as the right side of src_ip == .."""

    address: str
    mask: str


@dataclass(slots=True)
class Var(Expr):
    """A pseudo-variable as written after its `$`: `ru`, `(ru{uri.user})`, `hdr(X)`, `avp(s:x)`; parsed by script/pvspec.py."""

    text: str


@dataclass(slots=True)
class Select(Expr):
    """`@via[1].branch`, text without the `@`."""

    text: str


@dataclass(slots=True)
class CoreOperand(Expr):
    """`method uri from_uri to_uri src_ip dst_ip src_port dst_port proto af status msg:len max_len myself`
    and in onsend_route `snd_ip snd_port snd_proto snd_af to_ip to_port`."""

    name: str


@dataclass(slots=True)
class Unary(Expr):
    """op: `!`, `-`, `~`, `(int)`, `(str)`, `defined`, `strlen`, `strempty`."""

    op: str
    operand: Expr


@dataclass(slots=True)
class Binary(Expr):
    """op, normalised: `|| && | & ^ << >> == != =~ > < >= <= + - * / mod` and the typed `eq ne ieq ine`."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True)
class Ternary(Expr):
    """`selval(cond, a, b)`."""

    cond: Expr
    yes: Expr
    no: Expr


@dataclass(slots=True)
class Call(Expr):
    """A call of a module function or a core command, `name(args)`; `route(NAME)` is `RouteCall`.

    `bare` is true for core commands written without parentheses."""

    name: str
    args: list[Expr] = field(default_factory=list)
    bare: bool = False


@dataclass(slots=True)
class RouteCall(Expr):
    """`route(NAME)`, `route("name")`, `route(expr)`; target is a Str where the name is constant."""

    target: Expr


@dataclass(slots=True)
class Assign(Expr):
    """`lvalue = value`. An expression because Kamailio accepts it as one (and `check` says so in a condition)."""

    target: Expr  # Var, or Select-like attribute
    value: Expr


@dataclass(slots=True)
class BlockExpr(Expr):
    """`{ actions }` used as a value, e.g. the right side of an assignment."""

    body: Block


# --- statements -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stmt:
    pos: Pos


@dataclass(slots=True)
class Block(Stmt):
    body: list[Stmt] = field(default_factory=list)


@dataclass(slots=True)
class ExprStmt(Stmt):
    """A call, an assignment or any expression used as a statement."""

    expr: Expr


@dataclass(slots=True)
class If(Stmt):
    cond: Expr
    then: Stmt | None
    orelse: Stmt | None = None


@dataclass(slots=True)
class Case:
    """labels: constants (Int, Str) of `case x:`; `regex` for `case /"re":`; `default:` has label None."""

    pos: Pos
    label: Expr | None
    regex: bool
    body: list[Stmt] = field(default_factory=list)


@dataclass(slots=True)
class Switch(Stmt):
    subject: Expr
    cases: list[Case] = field(default_factory=list)


@dataclass(slots=True)
class While(Stmt):
    cond: Expr
    body: Stmt | None


@dataclass(slots=True)
class Return(Stmt):
    value: Expr | None


@dataclass(slots=True)
class Exit(Stmt):
    value: Expr | None = None


@dataclass(slots=True)
class Drop(Stmt):
    value: Expr | None = None


@dataclass(slots=True)
class Break(Stmt):
    pass


# --- top level --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CoreParam:
    """`name = value`; several values for lists (alias, listen is `Listen`)."""

    pos: Pos
    name: str
    values: list[Expr]
    value_pos: Pos


@dataclass(slots=True)
class CustomParam:
    """`group.var = value desc "text"`, `group[idx].var = value`."""

    pos: Pos
    group: str
    name: str
    value: Expr
    desc: str = ""
    index: int | None = None


@dataclass(slots=True)
class Listen:
    """`listen=udp:1.2.3.4:5060 advertise 5.6.7.8:5060 name "x"`; one per address. proto "" means all."""

    pos: Pos
    proto: str
    host: str
    port: int
    advertise_host: str = ""
    advertise_port: int = 0
    name: str = ""
    virtual: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LoadModule:
    """name is the module's bare name ("tm" for "tm.so", "/usr/lib/.../tm.so")."""

    pos: Pos
    name: str
    path: str
    options: str = ""


@dataclass(slots=True)
class ModParam:
    """`modparam("acc|auth_db", "name", value)`; modules is the regular expression as written.

    expand: written as `modparamx`, whose value may hold pseudo-variables evaluated at load."""

    pos: Pos
    modules: str
    name: str
    value: int | str
    modules_pos: Pos
    name_pos: Pos
    value_pos: Pos
    expand: bool = False


@dataclass(slots=True)
class FlagDecl:
    """`flags name:bit, ...` or `avpflags ...`; bit -1 means the next free one."""

    pos: Pos
    kind: str
    names: list[tuple[str, int, Pos]]


@dataclass(slots=True)
class Route:
    """One route block.

    kind: "request" (request_route, route, route[0]), "route" (route[NAME]), "reply" (reply_route,
    onreply_route without name), "onreply" (onreply_route[NAME]), "failure", "branch", "onsend", "event".
    name is "" for the main ones. end is the place of the closing brace.
    """

    pos: Pos
    kind: str
    name: str
    body: Block
    end: Pos


@dataclass(slots=True)
class Config:
    """A whole configuration in file order, includes merged.

    `items` keeps everything in order (loading is order-dependent); the lists below are views of it.
    `sources` maps each file name to its text (latin-1), for showing lines.
    """

    file: str
    items: list[object] = field(default_factory=list)
    defines: dict[str, str | None] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def routes(self) -> list[Route]:
        return [item for item in self.items if isinstance(item, Route)]
