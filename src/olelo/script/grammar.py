"""The grammar's tables: how tightly operators bind, and what the core commands take. Source: cfg.y of Kamailio 5.6."""

from __future__ import annotations

#: Binding strength of binary operators, the weakest first; all bind to the left.
BINARY: dict[str, int] = {
    "||": 1, "&&": 2, "|": 3, "&": 4, "^": 5, "<<": 6, ">>": 7,
    "==": 8, "!=": 8, "=~": 8, "eq": 8, "ne": 8, "ieq": 8, "ine": 8,
    ">": 9, "<": 9, ">=": 9, "<=": 9, "+": 10, "-": 10, "*": 11, "/": 11, "mod": 11,
}  # fmt: skip
EQUAL_LEVEL = BINARY["=="]
COMPARE_LEVEL = BINARY[">"]

EQUAL_OPS = frozenset({"==", "!=", "eq", "ne"})
COMPARE_OPS = frozenset({">", "<", ">=", "<="})
URI_OPERANDS = frozenset({"uri", "status", "from_uri", "to_uri"})
IP_OPERANDS = frozenset({"src_ip", "dst_ip", "snd_ip", "to_ip"})
INT_OPERANDS = frozenset({"src_port", "dst_port", "snd_port", "to_port", "af", "snd_af", "msg:len", "max_len"})
PROTO_OPERANDS = frozenset({"proto", "snd_proto"})

# Argument letters of core commands: s string, n number, i number with sign, f flag (number or name), h host, address
# or uri:host, p port or uri:port, a SER attribute or AVP, t transport, l host or address, k [proto:]host[:port],
# x expression. One command may have several forms.
_HOST = ("", "h", "hp")
COMMANDS: dict[str, tuple[str, ...]] = {
    "forward": _HOST, "forward_udp": _HOST[1:], "forward_tcp": _HOST[1:], "forward_tls": _HOST[1:],
    "forward_sctp": _HOST[1:], "log": ("s", "ns"), "error": ("ss",), "exec": ("s",),
    "setflag": ("f",), "resetflag": ("f",), "isflagset": ("f",),
    "setavpflag": ("af",), "resetavpflag": ("af",), "isavpflagset": ("af",),
    **dict.fromkeys(
        "rewritehost sethost seth rewritehostport sethostport sethp rewritehostporttrans sethostporttrans sethpt"
        " rewriteuser setuser setu rewriteuserpass setuserpass setup rewriteport setport setp rewriteuri seturi"
        " prefix cfg_reset".split(),
        ("s",),
    ),
    "revert_uri": ("",), "strip": ("n",), "strip_tail": ("n",), "remove_branch": ("", "i"), "clear_branches": ("",),
    "userphone": ("",), "force_rport": ("",), "add_rport": ("",), "add_local_rport": ("",),
    "force_tcp_alias": ("", "n"), "add_tcp_alias": ("", "n"), "udp_mtu_try_proto": ("t",),
    "set_advertised_address": ("l",), "set_advertised_port": ("n",), "force_send_socket": ("k",),
    "set_forward_no_connect": ("",), "set_reply_no_connect": ("",), "set_forward_close": ("",),
    "set_reply_close": ("",), "cfg_select": ("sx",),
}  # fmt: skip
#: Core commands that may stand without parentheses.
BARE_COMMANDS = frozenset(
    "revert_uri force_rport add_rport add_local_rport force_tcp_alias add_tcp_alias set_forward_no_connect"
    " set_reply_no_connect set_forward_close set_reply_close".split()
)
ARGUMENT_NAMES: dict[str, str] = {
    "s": "a string", "n": "a number", "i": "a number", "f": "a flag (number or name)", "h": "a host or address",
    "p": "a port number", "a": "an AVP", "t": "UDP, TCP, TLS or SCTP", "l": "a host or address",
    "k": "[proto:]host[:port]", "x": "an expression",
}  # fmt: skip

#: Kinds of route blocks: keyword -> (kind of the main block, kind of the named blocks). "" where there is none.
ROUTE_KINDS: dict[str, tuple[str, str]] = {
    "route": ("request", "route"),
    "request_route": ("request", ""),
    "reply_route": ("reply", ""),
    "onreply_route": ("reply", "onreply"),
    "failure_route": ("failure", "failure"),
    "branch_route": ("branch", "branch"),
    "onsend_route": ("onsend", "onsend"),
    "event_route": ("", "event"),
}
#: Kinds whose names live in one table: a name may be used once in each.
ROUTE_TABLE: dict[str, str] = {
    "request": "route",
    "route": "route",
    "reply": "onreply",
    "onreply": "onreply",
    "failure": "failure",
    "branch": "branch",
    "onsend": "onsend",
    "event": "event",
}


def takes(name: str) -> str:
    """What a core command takes, in words: "a number, a string" or "nothing, or a host or address"."""
    forms = [", ".join(ARGUMENT_NAMES[letter] for letter in form) or "nothing" for form in COMMANDS[name]]
    return ", or ".join(forms)
