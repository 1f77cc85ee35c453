"""sanity: is a message well enough formed to be worked on (RFC 3261 section 16.3)?"""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import ONREPLY, REQUEST, Module, ModuleError, function, param
from olelo.modules.sanity.checks import MAX_CHECKS, MAX_URI_CHECKS, Check, Fault, first_fault, plan
from olelo.modules.sl import Sl
from olelo.sip.errors import SipError
from olelo.sip.headers import PROXY_REQUIRE
from olelo.sip.message import Message

#: What default_checks and uri_checks are where the configuration says nothing.
DEFAULT_CHECKS = 3047
DEFAULT_URI_CHECKS = 7
#: No number was given in the script.
_UNSET = -(1 << 31)


class Sanity(Module):
    """Checks of a message's form; what fails is answered and ends the script."""

    name = "sanity"
    needs = ("sl",)

    default_checks = param(DEFAULT_CHECKS, "Checks of sanity_check() without arguments.")
    uri_checks = param(DEFAULT_URI_CHECKS, "URIs parsed by it: 1 Request-URI, 2 From, 4 To, 8 Contact.")
    proxy_require = param("", "Extensions that Proxy-Require may ask for, separated by commas.")
    autodrop = param(1, "1: a failed check ends the script; 0: it returns -1.")
    noreply = param(0, "1: a failed check is not answered; sanity_reply() does that.")
    size_checks = param(0, "Checks of sizes.", noop=True)
    size_message = param(65536, "Longest message.", noop=True)
    size_headers = param(65536, "Longest headers together.", noop=True)
    size_header = param(8192, "Longest header.", noop=True)
    size_body = param(65536, "Longest body.", noop=True)
    size_method = param(64, "Longest method.", noop=True)
    size_ruri = param(1024, "Longest Request-URI.", noop=True)
    size_from_uri = param(1024, "Longest URI in From.", noop=True)
    size_to_uri = param(1024, "Longest URI in To.", noop=True)
    size_contact_uri = param(1024, "Longest URI in Contact.", noop=True)
    size_route_uri = param(1024, "Longest URI in Route.", noop=True)
    size_path_uri = param(1024, "Longest URI in Path.", noop=True)
    size_pai_uri = param(1024, "Longest URI in P-Asserted-Identity.", noop=True)

    def init(self) -> None:
        found = self.engine.modules.get("sl")
        if not isinstance(found, Sl):
            raise ModuleError("sanity needs the module sl")
        self._sl = found
        self._known = {part.strip().encode("latin-1") for part in self.proxy_require.split(",") if part.strip()}
        self._plans: dict[tuple[int, int], tuple[Check, ...]] = {}

    @function("sanity_check", routes=REQUEST | ONREPLY)
    def sanity_check(self, ctx: RouteContext, checks: int = _UNSET, uri_checks: int = _UNSET) -> int:
        """Check the message's form; masks say what.

        checks: 1 SIP version and 2 scheme of the Request-URI, 4 headers that must be there, 8 and 16 Via (nothing:
        the parser has seen to it), 32 method and 64 number in CSeq, 128 Content-Length, 256 Expires,
        512 Proxy-Require, 1024 URIs (uri_checks: 1 Request-URI, 2 From, 4 To, 8 Contact), 2048 all credentials are
        Digest and complete, 4096 one tag only, 8192 Digest credentials are complete, 16384 Via.
        Returns 1 good; 0 (the script ends) bad, and answered; with autodrop 0 then -1; -1 the masks are out of range.
        """
        if checks == _UNSET:
            checks = self.default_checks
        if uri_checks == _UNSET:
            uri_checks = self.uri_checks
        steps = self._plans.get((checks, uri_checks))
        if steps is None:
            if not (0 < checks < MAX_CHECKS and 0 < uri_checks < MAX_URI_CHECKS):
                self.engine.log(ERR, f"sanity: masks {checks} and {uri_checks} are out of range")
                return -1
            steps = self._plans[checks, uri_checks] = plan(checks, uri_checks, self._proxy_require)
        fault = first_fault(ctx.msg, steps)
        if fault is None:
            return 1
        self._failed(ctx, fault)
        return 0 if self.autodrop else -1

    def _proxy_require(self, msg: Message) -> Fault | None:
        """Every extension in Proxy-Require is one that we know."""
        if PROXY_REQUIRE in msg.hids and self._unsupported(msg) is not None:
            return 420, b"Bad Proxy Require Extension"
        return None

    def _unsupported(self, msg: Message) -> bytes | None:
        value = msg.first(PROXY_REQUIRE) or b""
        for part in value.split(b","):
            if part.strip() not in self._known:
                return part.strip()
        return None

    def _failed(self, ctx: RouteContext, fault: Fault) -> None:
        status, reason = fault
        if not status or not ctx.msg.is_request or ctx.msg.method == "ACK":
            return
        if status == 420:
            ctx.reply_lines.append(b"Unsupported: %b\r\n" % (self._unsupported(ctx.msg) or b""))
        if self.noreply:
            if ctx.store is None:
                ctx.store = {}
            ctx.store["sanity"] = fault
        else:
            self._answer(ctx, fault)

    def _answer(self, ctx: RouteContext, fault: Fault) -> int:
        try:
            return self._sl.send(ctx, *fault)
        except SipError as error:  # what was checked and found bad is what an answer is made of
            self.engine.log(ERR, f"sanity: cannot answer: {error}")
            return -1

    @function("sanity_reply", routes=REQUEST | ONREPLY)
    def sanity_reply(self, ctx: RouteContext) -> int:
        """With noreply 1, answer what the last sanity_check() found (500 where it found nothing).
        Returns 1, also where there is nothing to answer; -1 the answer could not be sent."""
        if not ctx.msg.is_request or ctx.msg.method == "ACK" or not self.noreply:
            return 1
        fault = ctx.store.get("sanity") if ctx.store is not None else None
        return self._answer(ctx, fault or (500, b"Server Sanity Failure"))


MODULE = Sanity
