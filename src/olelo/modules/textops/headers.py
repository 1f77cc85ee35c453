"""Functions on headers: is it there, add, remove; and the method."""

from __future__ import annotations

import re
from time import gmtime, strftime

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, Const, Module, function
from olelo.modules.textops.edits import end_of_headers
from olelo.script import regex
from olelo.sip.errors import SipError
from olelo.sip.headers import PRIVACY, VIA
from olelo.sip.message import METHODS, Message

SENDING = REQUEST | FAILURE | BRANCH
NONE = Const("")
_KNOWN = frozenset((*METHODS.values(), "KDMQ", "GET", "POST", "PUT", "DELETE"))


def _split_methods(methods: str) -> frozenset[str]:
    return frozenset(name.strip().upper() for name in methods.replace(",", "|").split("|"))


def remove_all(msg: Message, found: list[int]) -> int:
    """Remove headers. Returns 1, -1 there was none."""
    for i in found:
        msg.remove_header(i)
    return 1 if found else -1


def matching(msg: Message, pattern: re.Pattern[str]) -> list[int]:
    """Indexes of the headers whose names match."""
    return [i for i in range(len(msg.hids)) if pattern.search(msg.name(i).decode("latin-1"))]


class Headers(Module):
    """Functions on headers."""

    def init(self) -> None:
        super().init()
        self._methods: dict[str, frozenset[str]] = {}  # what is_method() asks for, as written in the script

    @function("is_method")
    def is_method(self, ctx: RouteContext, methods: Const) -> int:
        """Is the method (of a reply: its CSeq's) one of these, separated by |? Returns 1 yes, -1 no."""
        method = ctx.msg.method
        if method == methods:
            return 1
        known = self._methods.get(methods)
        if known is None:
            known = self._methods[methods] = _split_methods(methods)
        return 1 if method in known or (method not in _KNOWN and method.upper() in known) else -1

    # --- is it there --------------------------------------------------------------------------------------

    @function("is_present_hf")
    def is_present_hf(self, ctx: RouteContext, name: Const) -> int:
        """Is there a header of that name (long or compact form)? Returns 1 yes, -1 no."""
        return 1 if ctx.msg.find_named(name.encode("latin-1")) else -1

    @function("is_present_hf_pv")
    def is_present_hf_pv(self, ctx: RouteContext, name: str) -> int:
        """As is_present_hf(); the name may hold variables."""
        return 1 if name and ctx.msg.find_named(name.encode("latin-1")) else -1

    @function("is_present_hf_re", "is_present_hf_re_pv")
    def is_present_hf_re(self, ctx: RouteContext, pattern: re.Pattern[str]) -> int:
        """Is there a header whose name matches? Returns 1 yes, -1 no."""
        return 1 if matching(ctx.msg, pattern) else -1

    @function("is_privacy")
    def is_privacy(self, ctx: RouteContext, kind: Const) -> int:
        """Does the Privacy header ask for this (none, header, session, user, id, history, critical; RFC 3323)? Returns 1
        yes, -1 no."""
        wanted = kind.strip().lower().encode("latin-1")
        for value in ctx.msg.all(PRIVACY):
            if wanted in [part.strip() for part in value.lower().replace(b",", b";").split(b";")]:
                return 1
        return -1

    # --- adding -------------------------------------------------------------------------------------------

    @function("append_hf")
    def append_hf(self, ctx: RouteContext, line: str, after: Const = NONE) -> int:
        """Add a header line (with its line end) behind all headers, or behind the last one of a name. Returns 1, -1 empty."""
        if not line:
            return -1
        msg = ctx.msg
        found = msg.find_named(after.encode("latin-1")) if after else None
        if found:
            msg.insert(msg.end(found[-1]), line.encode("latin-1"))
        else:
            msg.append_header(line.encode("latin-1"))
        return 1

    @function("insert_hf")
    def insert_hf(self, ctx: RouteContext, line: str, before: Const = NONE) -> int:
        """Add a header line (with its line end) before all headers, or before the first one of a name. Returns 1, -1
        empty."""
        if not line:
            return -1
        msg = ctx.msg
        found = msg.find_named(before.encode("latin-1")) if before else None
        if found:
            msg.insert(msg.start(found[0]), line.encode("latin-1"))
        else:
            msg.prepend_header(line.encode("latin-1"))
        return 1

    @function("append_urihf", routes=SENDING)
    def append_urihf(self, ctx: RouteContext, prefix: Const, suffix: Const) -> int:
        """Add a header line of the prefix, the Request-URI as received, and the suffix (with a line end). Returns 1."""
        ctx.msg.append_header(prefix.encode("latin-1") + ctx.msg.ruri + suffix.encode("latin-1"))
        return 1

    @function("append_to_reply", routes=SENDING)
    def append_to_reply(self, ctx: RouteContext, line: str) -> int:
        """Add a header line (with its line end) to the answers that this proxy makes for the request. Returns 1, -1
        empty."""
        if not line:
            return -1
        ctx.reply_lines.append(line.encode("latin-1"))
        return 1

    def _date(self) -> bytes:
        return strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(self.engine.services.wall())).encode("ascii")

    @function("append_time", routes=SENDING)
    def append_time(self, ctx: RouteContext) -> int:
        """Add a Date header to the answers that this proxy makes for the request. Returns 1."""
        ctx.reply_lines.append(self._date())
        return 1

    @function("append_time_to_request")
    def append_time_to_request(self, ctx: RouteContext) -> int:
        """Add a Date header to the message, behind its first header. Returns 1."""
        msg = ctx.msg
        msg.insert(msg.end(0) if msg.hids else end_of_headers(msg), self._date())
        return 1

    # --- removing -----------------------------------------------------------------------------------------

    @function("remove_hf")
    def remove_hf(self, ctx: RouteContext, name: Const) -> int:
        """Remove all headers of that name. Returns 1 removed, -1 there was none."""
        return remove_all(ctx.msg, ctx.msg.find_named(name.encode("latin-1")))

    @function("remove_hf_pv")
    def remove_hf_pv(self, ctx: RouteContext, name: str) -> int:
        """As remove_hf(), the name may hold variables. Returns 1, also where there was none; -1 the name is empty."""
        if not name:
            return -1
        remove_all(ctx.msg, ctx.msg.find_named(name.encode("latin-1")))
        return 1

    @function("remove_hf_re", "remove_hf_re_pv")
    def remove_hf_re(self, ctx: RouteContext, pattern: re.Pattern[str]) -> int:
        """Remove all headers whose names match. Returns 1 removed, -1 there was none."""
        return remove_all(ctx.msg, matching(ctx.msg, pattern))

    @function("remove_hf_exp", "remove_hf_exp_pv")
    def remove_hf_exp(self, ctx: RouteContext, pattern: re.Pattern[str], but: re.Pattern[str]) -> int:
        """Remove all headers whose names match the first and not the second. Returns 1 removed, -1 there was none."""
        kept = matching(ctx.msg, but)
        return remove_all(ctx.msg, [i for i in matching(ctx.msg, pattern) if i not in kept])

    @function("remove_hf_idx")
    def remove_hf_idx(self, ctx: RouteContext, name: str, index: int) -> int:
        """Remove one header of a name: 0 the first, -1 the last. Returns 1; 2 there are not so many (from the end: 1)."""
        found = ctx.msg.find_named(name.encode("latin-1"))
        if index >= len(found):
            return 2
        if index + len(found) >= 0:
            ctx.msg.remove_header(found[index])
        return 1

    @function("remove_hf_match")
    def remove_hf_match(self, ctx: RouteContext, name: str, operator: str, text: str) -> int:
        """Remove the headers of a name whose values are (`eq`), are not (`ne`), contain (`in`) or match (`re`) a text.
        Returns 1 removed, -2 there was none, -1 bad operator or pattern."""
        msg = ctx.msg
        operator = operator.lower()
        if operator not in ("eq", "ne", "in", "re"):
            return -1
        try:
            pattern = regex.posix(text, True, True) if operator == "re" else None
        except ValueError:
            return -1
        found = []
        for i in msg.find_named(name.encode("latin-1")):
            start, end = msg.value_span(i)
            value = msg.raw[start:end].decode("latin-1")
            if pattern is not None:
                hit = pattern.search(value) is not None
            elif operator == "in":
                hit = text in value
            else:
                hit = (value == text) == (operator == "eq")
            if hit:
                found.append(i)
        return 1 if remove_all(msg, found) > 0 else -2

    @function("via_param_rm")
    def via_param_rm(self, ctx: RouteContext, name: str, index: int) -> int:
        """Remove a parameter of a Via: 1 the topmost, 2 the next; -1 the last, -2 the one before it. Returns 1 removed, -1
        there is none. (A function of later releases.)"""
        msg = ctx.msg
        try:
            vias = msg.vias
        except SipError:
            return -1
        n = index - 1 if index > 0 else len(vias) + index
        if not 0 <= n < len(vias):
            return -1
        at = 0
        for i in [i for i, hid in enumerate(msg.hids) if hid == VIA]:
            at, stop = msg.value_span(i)
            for via in vias[: n + 1]:
                begin = msg.raw.find(via.raw, at, stop)
                if begin < 0:
                    break
                at = begin + len(via.raw)
                vias = vias[1:]
                n -= 1
                if n < 0:
                    return self._cut_param(msg, begin, at, name.lower().encode("latin-1"))
        return -1

    def _cut_param(self, msg: Message, start: int, stop: int, name: bytes) -> int:
        at = msg.raw.find(b";", start, stop)
        while at >= 0:
            end = msg.raw.find(b";", at + 1, stop)
            last = end if end >= 0 else stop
            if msg.raw[at + 1 : last].partition(b"=")[0].strip().lower() == name:
                msg.replace(at, last, b"")
                return 1
            at = end
        return -1
