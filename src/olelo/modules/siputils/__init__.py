"""siputils: small questions about a message, URIs, contacts, and the answer to OPTIONS."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, Getter, Setter, Value, function, param, variable
from olelo.core.reply import reply_stateless
from olelo.modules.siputils.contacts import ContactUris
from olelo.modules.siputils.questions import Questions, is_e164, uri_or_none
from olelo.modules.siputils.uris import Uris
from olelo.sip.params import parse_params

_VECTOR = b"P-Charging-Vector"
_PCV = {
    "all": None, "value": b"icid-value", "genaddr": b"icid-generated-at", "icid": b"icid-value",
    "orig": b"orig-ioi", "term": b"term-ioi", "status": None,
}  # fmt: skip


class Siputils(Questions, Uris, ContactUris):
    """Small questions about a message, URIs, contacts, and the answer to OPTIONS."""

    name = "siputils"

    options_accept = param("*/*", "Accept header of options_reply().")
    options_accept_encoding = param("", "Accept-Encoding header of options_reply().")
    options_accept_language = param("en", "Accept-Language header of options_reply().")
    options_support = param("", "Supported header of options_reply().")
    rpid_prefix = param("", "Text before the URI in Remote-Party-ID.")
    rpid_suffix = param(";party=calling;id-type=subscriber;screen=yes", "Text after the URI in Remote-Party-ID.")
    rpid_avp = param("$avp(s:rpid)", "AVP with the URI for Remote-Party-ID.")
    e164_max_len = param(15, "Digits of the longest E.164 number.")
    ring_timeout = param(
        0, "Seconds that ring_insert_callid() remembered.", noop=True, deprecated="ring functions are gone"
    )

    @function("options_reply", routes=REQUEST)
    def options_reply(self, ctx: RouteContext) -> int:
        """Answer an OPTIONS request for us with 200 and what we support. Returns 1 sent, -1 it is no OPTIONS, or not for
        us (a user is in `$ru`)."""
        if ctx.msg.method != "OPTIONS":
            return -1
        uri = uri_or_none(ctx.ruri.decode("latin-1"))
        if uri is None or uri.user:
            return -1
        lines = (
            (b"Accept", self.options_accept), (b"Accept-Encoding", self.options_accept_encoding),
            (b"Accept-Language", self.options_accept_language), (b"Supported", self.options_support),
        )  # fmt: skip
        ctx.reply_lines += [b"%b: %b\r\n" % (name, text.encode("latin-1")) for name, text in lines]
        tm = self.engine.tm
        if tm is not None and tm.has_transaction(ctx):
            return tm.reply(ctx, 200, b"OK")
        sl = self.engine.modules.get("sl")
        if sl is not None:
            sent: int = sl.send(ctx, 200, b"OK")  # type: ignore[attr-defined]
            return sent
        return 1 if reply_stateless(ctx, 200, b"OK", self.engine.new_id().encode()) else -1

    # --- Remote-Party-ID ----------------------------------------------------------------------------------

    def _rpid(self, ctx: RouteContext) -> str:
        name = self.rpid_avp.removeprefix("$avp(").rstrip(")").removeprefix("s:")
        values = ctx.avps.get(name) if ctx.avps else None
        return str(values[0]) if values else ""

    @function("append_rpid_hf", routes=REQUEST | FAILURE | BRANCH)
    def append_rpid_hf(self, ctx: RouteContext, prefix: str = "", suffix: str = "") -> int:
        """Add Remote-Party-ID with the URI in rpid_avp. Returns 1, -1 where it is not set."""
        rpid = self._rpid(ctx)
        if not rpid:
            return -1
        given = bool(prefix or suffix)
        before, after = (prefix, suffix) if given else (self.rpid_prefix, self.rpid_suffix)
        ctx.msg.append_header(f"Remote-Party-ID: {before}{rpid}{after}\r\n".encode("latin-1"))
        return 1

    @function("is_rpid_user_e164", routes=REQUEST)
    def is_rpid_user_e164(self, ctx: RouteContext) -> int:
        """Is the user of the URI in rpid_avp an E.164 number? Returns 1 yes, -1 no, or none."""
        text = self._rpid(ctx)
        if "<" in text:
            text = text[text.find("<") + 1 : text.find(">")]
        uri = uri_or_none(text)
        return 1 if uri is not None and is_e164(uri.user.decode("latin-1")) else -1

    # --- P-Charging-Vector (RFC 7315) ---------------------------------------------------------------------

    @function("sip_p_charging_vector")
    def sip_p_charging_vector(self, ctx: RouteContext, flags: str) -> int:
        """P-Charging-Vector: "r" remove, "g" add where it is missing, "f" replace. Returns 1, -1 bad flag."""
        action = flags[:1].lower()
        if action not in ("r", "g", "f", "d"):
            return -1
        present = ctx.msg.find_named(_VECTOR)
        if action in ("r", "d", "f"):
            for i in present:
                ctx.msg.remove_header(i)
        if action == "f" or (action == "g" and not present):
            icid = self.engine.new_id(16)
            line = f"P-Charging-Vector: icid-value={icid};icid-generated-at={ctx.rcv.socket.host}\r\n"
            ctx.msg.append_header(line.encode("latin-1"))
            if ctx.store is None:
                ctx.store = {}
            ctx.store["pcv"] = line.split(": ", 1)[1].rstrip().encode("latin-1")
        return 1

    @variable("pcv", inner="required")
    def pcv(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """Parts of P-Charging-Vector: $pcv(all), $pcv(value), $pcv(genaddr), $pcv(orig), $pcv(term), $pcv(status)."""
        if inner not in _PCV:
            raise ValueError(f"is $pcv(part), one of {', '.join(_PCV)}")

        def get(ctx: RouteContext) -> Value:
            made = ctx.store.get("pcv") if ctx.store else None
            values = ctx.msg.named(_VECTOR)
            text = made or (values[0] if values else None)
            if inner == "status":
                return 2 if made else 1 if values else 0
            if text is None:
                return None
            name = _PCV[inner]
            if name is None:
                return str(text.decode("latin-1"))
            found = parse_params(text).get(name)
            return found.decode("latin-1") if found else None

        return get, None


MODULE = Siputils
