"""Headers added, removed and looked for."""

from __future__ import annotations

import re
import time

from olelo.core.context import RouteContext
from olelo.core.edits import CACHE_SIZE, append_at, header_name, headers_named, text_from
from olelo.core.module import BRANCH, FAILURE, REQUEST, Const, Module, function
from olelo.script import regex

ON_REQUEST = REQUEST | FAILURE | BRANCH
#: Methods that Kamailio knows by number: only these may stand in a list.
KNOWN_METHODS = frozenset(
    "INVITE CANCEL ACK BYE INFO REGISTER SUBSCRIBE NOTIFY MESSAGE OPTIONS PRACK UPDATE REFER PUBLISH KDMQ GET POST PUT"
    " DELETE".split()
)
NOTHING = Const("")
_PRIVACY = frozenset(("header", "session", "user", "none", "critical", "id", "history"))


class Headers(Module):
    """The part of textops that works on headers."""

    def init(self) -> None:
        super().init()
        self._methods: dict[str, frozenset[str]] = {}

    # --- looking ------------------------------------------------------------------------------------------

    @function("is_method")
    def is_method(self, ctx: RouteContext, methods: Const) -> int:
        """Is the method (a reply's: in CSeq) one of these, separated by `|`? Returns 1 yes, -1 no."""
        known = self._methods.get(methods)
        if known is None:
            known = self._wanted(methods)
        method = ctx.msg.method
        if method in known:
            return 1
        if method not in KNOWN_METHODS and len(known) == 1 and method.upper() in known:
            return 1  # names that have no number are compared in any case
        return -1

    def _wanted(self, methods: str) -> frozenset[str]:
        names = frozenset(name.strip().upper() for name in methods.replace(",", "|").split("|") if name.strip())
        if len(self._methods) >= CACHE_SIZE:
            self._methods.clear()
        self._methods[methods] = names
        return names

    @function("is_present_hf")
    def is_present_hf(self, ctx: RouteContext, name: Const) -> int:
        """Is there a header of that name? Returns 1 yes, -1 no."""
        number, _ = header_name(name)
        if number:
            return 1 if number in ctx.msg.hids else -1
        return 1 if headers_named(ctx.msg, name) else -1

    @function("is_present_hf_pv")
    def is_present_hf_pv(self, ctx: RouteContext, name: str) -> int:
        """As is_present_hf(); the name may hold variables."""
        return 1 if name and headers_named(ctx.msg, name) else -1

    @function("is_present_hf_re", "is_present_hf_re_pv")
    def is_present_hf_re(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Is there a header whose name matches? Returns 1 yes, -1 no."""
        msg = ctx.msg
        for i in range(len(msg.hids)):
            if expression.search(msg.name(i).decode("latin-1")):
                return 1
        return -1

    @function("is_privacy")
    def is_privacy(self, ctx: RouteContext, kind: Const) -> int:
        """Does Privacy (RFC 3323) ask for "header", "session", "user", "none", "critical", "id" or "history"?
        Returns 1 yes, -1 no."""
        wanted = kind.strip().lower()
        asked = {
            part.strip().lower()
            for value in ctx.msg.named(b"Privacy")
            for part in value.replace(b",", b";").split(b";")
        }
        return 1 if wanted in _PRIVACY and wanted.encode("latin-1") in asked else -1

    # --- removing -----------------------------------------------------------------------------------------

    @function("remove_hf")
    def remove_hf(self, ctx: RouteContext, name: Const) -> int:
        """Remove all headers of that name. Returns 1 removed, -1 there was none."""
        msg = ctx.msg
        number, _ = header_name(name)
        if number and number not in msg.hids:
            return -1
        found = headers_named(msg, name)
        for i in found:
            msg.remove_header(i)
        return 1 if found else -1

    @function("remove_hf_pv")
    def remove_hf_pv(self, ctx: RouteContext, name: str) -> int:
        """Remove all headers of that name, which may hold variables. Returns 1, also where there was none."""
        for i in headers_named(ctx.msg, name):
            ctx.msg.remove_header(i)
        return 1

    @function("remove_hf_re", "remove_hf_re_pv")
    def remove_hf_re(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Remove all headers whose name matches. Returns 1 removed, -1 there was none."""
        return self._remove_matching(ctx, expression, None)

    @function("remove_hf_exp", "remove_hf_exp_pv")
    def remove_hf_exp(self, ctx: RouteContext, expression: re.Pattern[str], skip: re.Pattern[str]) -> int:
        """Remove all headers whose name matches the first expression and not the second. Returns 1 removed, -1 none."""
        return self._remove_matching(ctx, expression, skip)

    def _remove_matching(self, ctx: RouteContext, expression: re.Pattern[str], skip: re.Pattern[str] | None) -> int:
        msg = ctx.msg
        removed = -1
        for i in range(len(msg.hids)):
            name = msg.name(i).decode("latin-1")
            if expression.search(name) and (skip is None or not skip.search(name)):
                msg.remove_header(i)
                removed = 1
        return removed

    @function("remove_hf_idx")
    def remove_hf_idx(self, ctx: RouteContext, name: str, place: int) -> int:
        """Remove the header of that name at a place: 0 is the first, -1 the last. Returns 1; 2 there is none at a place
        from 0 on."""
        found = headers_named(ctx.msg, name)
        if place < 0:
            place += len(found)
            if place < 0:
                return 1
        if place >= len(found):
            return 2
        ctx.msg.remove_header(found[place])
        return 1

    @function("remove_hf_match")
    def remove_hf_match(self, ctx: RouteContext, name: str, operator: str, value: str) -> int:
        """Remove headers by value: operator "eq" equal, "ne" not equal, "in" contains, "re" matches.
        Returns 1 removed, -1 bad operator or expression, -2 none."""
        operator = operator.lower()
        if operator not in ("eq", "ne", "in", "re"):
            return -1
        expression = None
        if operator == "re":
            try:
                expression = regex.posix(value, True, True)
            except ValueError:
                return -1
        msg = ctx.msg
        result = -2
        for i in headers_named(msg, name):
            start, end = msg.value_span(i)
            text = text_from(msg, start, end)
            if expression is not None:
                hit = expression.search(text) is not None
            elif operator == "in":
                hit = value in text
            else:
                hit = (text == value) == (operator == "eq")
            if hit:
                msg.remove_header(i)
                result = 1
        return result

    # --- adding -------------------------------------------------------------------------------------------

    @function("append_hf")
    def append_hf(self, ctx: RouteContext, text: str, behind: Const = NOTHING) -> int:
        """Add header lines (with their line ends) behind all others, or behind the last header of a name.
        Returns 1, -1 nothing to add."""
        msg = ctx.msg
        if not text:
            return -1
        found = headers_named(msg, behind) if behind else []
        msg.insert(msg.end(found[-1]) if found else append_at(msg), text.encode("latin-1"))
        return 1

    @function("insert_hf")
    def insert_hf(self, ctx: RouteContext, text: str, before: Const = NOTHING) -> int:
        """Add header lines before all others, or before the first header of a name. Returns 1, -1 nothing to add."""
        msg = ctx.msg
        if not text:
            return -1
        found = headers_named(msg, before) if before else []
        msg.insert(msg.start(found[0]) if found else msg.headers_at, text.encode("latin-1"))
        return 1

    @function("append_urihf", routes=ON_REQUEST)
    def append_urihf(self, ctx: RouteContext, prefix: Const, suffix: Const) -> int:
        """Add prefix, the received Request-URI and suffix behind all headers. Returns 1."""
        msg = ctx.msg
        msg.insert(append_at(msg), prefix.encode("latin-1") + msg.ruri + suffix.encode("latin-1"))
        return 1

    @function("append_to_reply", routes=ON_REQUEST)
    def append_to_reply(self, ctx: RouteContext, text: str) -> int:
        """Add header lines (with their line ends) to the answers that we make. Returns 1, -1 there are none."""
        if not text:
            return -1
        ctx.reply_lines.append(text.encode("latin-1"))
        return 1

    @function("append_time", routes=ON_REQUEST)
    def append_time(self, ctx: RouteContext) -> int:
        """Add Date to the answers that we make. Returns 1."""
        ctx.reply_lines.append(self._date())
        return 1

    @function("append_time_to_request")
    def append_time_to_request(self, ctx: RouteContext) -> int:
        """Add Date to the request, behind its first header. Returns 1."""
        ctx.msg.insert(ctx.msg.end(0), self._date())
        return 1

    def _date(self) -> bytes:
        now = time.gmtime(self.engine.wall())
        return time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n", now).encode("ascii")

    @function("via_param_rm")
    def via_param_rm(self, ctx: RouteContext, name: str, place: int) -> int:
        """Remove a parameter from a Via; place 1 is the topmost. Returns 1, also where there is no such parameter;
        -1 no such Via."""
        msg = ctx.msg
        found = headers_named(msg, "Via")
        if not 1 <= place <= len(found):
            return -1
        start, end = msg.value_span(found[place - 1])
        at = msg.raw.find(b";", start, end)
        wanted = name.encode("latin-1").lower()
        while at >= 0:
            stop = msg.raw.find(b";", at + 1, end)
            last = stop if stop >= 0 else end
            if msg.raw[at + 1 : last].partition(b"=")[0].strip().lower() == wanted:
                msg.replace(at, last, b"")
                return 1
            at = stop
        return 1
