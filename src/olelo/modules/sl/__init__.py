"""sl: answers without a transaction, and the ACKs that come back for them."""

from __future__ import annotations

from olelo.core.context import CLOSE_AFTER_REPLY, NO_CONNECT_REPLY, RouteContext
from olelo.core.engine import ERR
from olelo.core.errors import answer_for
from olelo.core.forward import forward_reply
from olelo.core.module import FAILURE, ONREPLY, REQUEST, Module, Value, function, param, rpc, variable
from olelo.core.reply import reply_stateless
from olelo.modules.sl.tags import carries_tag, tag_for
from olelo.sip.message import Message

#: How long after the last answer an ACK may still be for one of ours, in seconds.
ACK_WAIT = 4.0
_CODES = (200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500)


class Sl(Module):
    """Answers without a transaction."""

    name = "sl"
    event_routes = ("sl:filtered-ack", "sl:local-response")

    default_code = param(500, "Status where a script's is not a number.")
    default_reason = param("Internal Server Error", "Reason where a script gives none.")
    bind_tm = param(1, "0: send_reply never uses a transaction.")
    rich_redirect = param(0, "Contacts of a 3xx: 1 with branch flags, 2 with their path; added up.")
    event_callback_fl_ack = param("", "Function of an embedded interpreter for absorbed ACKs.", noop=True)
    event_callback_lres_sent = param("", "Function of an embedded interpreter for sent answers.", noop=True)

    def init(self) -> None:
        engine = self.engine
        self._prefix = engine.new_id(16)
        self._last_answer = float("-inf")
        self._codes: dict[int, int] = dict.fromkeys(_CODES, 0)
        self._classes = [0] * 8
        self._acks = 0
        self._failures = 0
        engine.ack_filters.append(self.filter_ack)
        count = engine.stats.computed
        count("sl", "1xx_replies", lambda: self._classes[1])
        for code in _CODES:
            self._count_code(code)
        for number in range(2, 7):
            self._count_class(number)
        count("sl", "xxx_replies", lambda: self._classes[7])
        count("sl", "sent_replies", lambda: sum(self._classes) + sum(self._codes.values()))
        count("sl", "sent_err_replies", lambda: 0)
        count("sl", "failures", lambda: self._failures)
        count("sl", "received_ACKs", lambda: self._acks)

    def _count_code(self, code: int) -> None:
        self.engine.stats.computed("sl", f"{code}_replies", lambda: self._codes[code])

    def _count_class(self, number: int) -> None:
        self.engine.stats.computed("sl", f"{number}xx_replies", lambda: self._classes[number])

    # --- answering ----------------------------------------------------------------------------------------

    def tag(self, msg: Message) -> bytes:
        """The To tag of our answers to a request: a secret of this start, and the request's own mark, so that the ACK
        of a failure is known again without keeping anything (RFC 3261 section 16.11)."""
        return tag_for(self._prefix, msg)

    def send(self, ctx: RouteContext, status: int, reason: bytes) -> int:
        """Answer without a transaction. Returns 1 sent, -1 not (an ACK, or no way back)."""
        if ctx.msg.method == "ACK" or not reply_stateless(ctx, status, reason, self.tag(ctx.msg), self.rich_redirect):
            self._failures += 1
            return -1
        self._last_answer = self.engine.services.now()
        if status in self._codes:  # such a one does not count for its class
            self._codes[status] += 1
        else:
            self._classes[min(status // 100, 7)] += 1
        if self.engine.has_event("sl:local-response"):
            self.engine.run_event("sl:local-response", ctx)
        return 1

    @function("sl_send_reply", "sl_reply", routes=REQUEST)
    def sl_send_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Answer without a transaction. Returns 1 sent, -1 not."""
        return self.send(ctx, code, (reason or self.default_reason).encode("latin-1"))

    @function("send_reply", routes=REQUEST | ONREPLY | FAILURE)
    def send_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Answer by the transaction if there is one, else without. Returns 1 sent, -1 not."""
        text = (reason or self.default_reason).encode("latin-1")
        tm = self.engine.tm
        if self.bind_tm and tm is not None and tm.has_transaction(ctx):
            return tm.reply(ctx, code, text)
        if not ctx.msg.is_request:
            return -1
        return self.send(ctx, code, text)

    @function("send_reply_mode", routes=REQUEST | ONREPLY | FAILURE)
    def send_reply_mode(self, ctx: RouteContext, code: int, reason: str, mode: str) -> int:
        """As send_reply; mode 1: by the connection at hand only, 2: close it afterwards."""
        bits = int(mode or "0", 0)
        if bits & 1:
            ctx.msg_flags |= NO_CONNECT_REPLY
        elif bits & 2:
            ctx.msg_flags |= CLOSE_AFTER_REPLY
        return self.send_reply(ctx, code, reason)

    @function("sl_reply_error", routes=REQUEST)
    def sl_reply_error(self, ctx: RouteContext) -> int:
        """Answer with what the last internal error says (477, 478, 479, 500 ...). Returns 1 sent, -1 not."""
        status, reason = answer_for(ctx.error or -1, "SL")
        self.engine.log(ERR, f"sl: stateless error reply used: {reason.decode('latin-1')}")
        self.send(ctx, status, reason)
        return 1

    @function("send_reply_error", routes=REQUEST | FAILURE)
    def send_reply_error(self, ctx: RouteContext) -> int:
        """As sl_reply_error, by the transaction if there is one."""
        tm = self.engine.tm
        if tm is not None and tm.has_transaction(ctx):
            status, reason = answer_for(ctx.error or -1, "TM")
            return tm.reply(ctx, status, reason)
        return self.sl_reply_error(ctx)

    @function("sl_forward_reply", routes=ONREPLY)
    def sl_forward_reply(self, ctx: RouteContext, code: str = "", reason: str = "") -> int:
        """Forward the reply by its second Via now, with another status and reason if given. Returns 1 sent, -1 not."""
        if code:
            old = ctx.msg.raw.find(b" ") + 1
            if not code.isdigit() or int(code) // 100 != ctx.msg.status // 100:
                return -1
            end = ctx.msg.raw.find(b"\n", old)
            end -= ctx.msg.raw[end - 1 : end] == b"\r"
            text = (reason or ctx.msg.reason.decode("latin-1")).encode("latin-1")
            ctx.msg.replace(old, end, code.encode("latin-1") + b" " + text)
        return 1 if forward_reply(ctx) else -1

    # --- the ACKs -----------------------------------------------------------------------------------------

    def filter_ack(self, ctx: RouteContext) -> bool:
        """Before the script: True for the ACK of an answer of ours, which ends here."""
        if self._last_answer + ACK_WAIT < self.engine.services.now():
            return False
        if not carries_tag(self._prefix, ctx.msg):
            return False
        self._acks += 1
        if self.engine.has_event("sl:filtered-ack"):
            self.engine.run_event("sl:filtered-ack", ctx)
        return True

    # --- looking ------------------------------------------------------------------------------------------

    @variable("ltt", inner="required")
    def ltt(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """The To tag that our answer will carry: $ltt(s) without, $ltt(t) with a transaction, $ltt(x) either."""
        if inner not in ("s", "t", "x"):
            raise ValueError("is $ltt(s), $ltt(t) or $ltt(x)")

        def get(ctx: RouteContext) -> Value:
            tm = self.engine.tm
            if ctx.msg.to.tag:
                return ctx.msg.to.tag.decode("latin-1")
            if inner != "s" and tm is not None and ctx.tx is not None:
                return tm.local_tag(ctx.tx).decode("latin-1")
            return self.tag(ctx.msg).decode("latin-1") if inner != "t" else None

        return get, None

    @rpc("sl.stats")
    def rpc_stats(self) -> dict[str, int]:
        """Numbers of answers sent without a transaction."""
        codes, classes = self._codes, self._classes
        return {
            **{str(c): codes[c] for c in (200, 202)}, "2xx": classes[2],
            **{str(c): codes[c] for c in (300, 301, 302)}, "3xx": classes[3],
            **{str(c): codes[c] for c in (400, 401, 403, 404, 407, 408, 483)}, "4xx": classes[4],
            "500": codes[500], "5xx": classes[5], "6xx": classes[6], "xxx": classes[7],
        }  # fmt: skip


MODULE = Sl
