"""t_write_req() and t_write_unix(): a request described in lines of text, for an application that answers it.

The application reads a FIFO or a datagram socket and answers with the command tm.reply; meanwhile a blind branch keeps
the transaction, and after fr_timer the caller gets a 408.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Awaitable

from olelo.core.avps import avp_key
from olelo.core.context import FORCE_RPORT, RouteContext
from olelo.core.engine import ERR
from olelo.core.module import FAILURE, REQUEST, Const, function
from olelo.modules.tm.answers import Answers
from olelo.modules.tm.commands import numbers
from olelo.modules.tm.params import Append
from olelo.sip.address import NameAddr
from olelo.sip.errors import SipError
from olelo.sip.headers import RECORD_ROUTE, TO
from olelo.sip.message import Message
from olelo.sip.params import split_outside
from olelo.sip.uri import parse_uri

VERSION = b"0.3"
#: Stands for a line that says nothing.
NOTHING = b"."
_DEFAULT_PORT = 5060
#: Longest name of a unix socket, and seconds between two tries to send to one whose reader is slow.
_LONGEST_NAME, _PAUSE = 107, 0.01


class Write(Answers):
    """The part of tm that tells other processes of requests."""

    @function("t_write_req", routes=REQUEST | FAILURE)
    def t_write_req(self, ctx: RouteContext, fifo: Const, action: Const) -> int:
        """Write the transaction's request to a FIFO. action: a name, or name/append (see parameter tw_append). Returns
        1; -1 where there is no transaction, or nobody reads the FIFO."""
        data = self._described(ctx, action)
        if data is None:
            return -1
        try:
            handle = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            why = "nobody reads it" if error.errno == errno.ENXIO else error.strerror
            self.engine.log(ERR, f"tm: t_write_req: {fifo}: {why}")
            return -1
        try:
            written = os.write(handle, data)
        except OSError as error:
            self.engine.log(ERR, f"tm: t_write_req: {fifo}: {error.strerror}")
            return -1
        finally:
            os.close(handle)
        return self._hold(ctx) if written == len(data) else -1

    @function("t_write_unix", routes=REQUEST | FAILURE, waits=True)
    def t_write_unix(self, ctx: RouteContext, name: Const, action: Const) -> int | Awaitable[int]:
        """As t_write_req, to a unix datagram socket. Where its reader is slow, waits up to unix_tx_timeout."""
        data = self._described(ctx, action)
        if data is None or not 0 < len(name) <= _LONGEST_NAME:
            return -1
        code = self._to_socket(ctx, name, data)
        return self._to_slow_socket(ctx, name, data) if code == 0 else code

    def _to_socket(self, ctx: RouteContext, name: str, data: bytes) -> int:
        """1 sent, 0 its buffer is full, -1 it cannot be sent to."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(data, name)
            except BlockingIOError:
                return 0
            except OSError as error:
                self.engine.log(ERR, f"tm: t_write_unix: {name}: {error.strerror}")
                return -1
        return self._hold(ctx)

    async def _to_slow_socket(self, ctx: RouteContext, name: str, data: bytes) -> int:
        services = self.engine.services
        end = services.now() + self.unix_tx_timeout / 1000
        while services.now() < end:
            await services.sleep(_PAUSE)
            if code := self._to_socket(ctx, name, data):
                return code
        self.engine.log(ERR, f"tm: t_write_unix: {name}: not read for {self.unix_tx_timeout} ms")
        return -1

    def _hold(self, ctx: RouteContext) -> int:
        """Whoever was told has to answer within fr_timer."""
        branch = ctx.tx.add_blind(self.engine.services.now())
        branch.on_failure = None
        self.flush()
        return 1

    def _described(self, ctx: RouteContext, action: str) -> bytes | None:
        """The request in lines; None where it cannot be described."""
        name, slash, append_name = action.partition("/")
        append = self.appends.get(append_name.lower())
        if ctx.tx is None or not name or (slash and append is None):
            why = "no transaction" if ctx.tx is None else f"{action} names no action, or no tw_append"
            self.engine.log(ERR, f"tm: t_write_req, t_write_unix: {why}")
            return None
        try:
            return describe(ctx, name, append)
        except SipError as error:
            self.engine.log(ERR, f"tm: t_write_req, t_write_unix: {error}")
            return None


def describe(ctx: RouteContext, action: str, append: Append | None) -> bytes:
    """The twenty lines that such applications read. Raises SipError."""
    msg, rcv = ctx.msg, ctx.rcv
    uri = parse_uri(ctx.ruri)
    routes, remote, next_hop = route_lines(msg)
    index, label = numbers(ctx.tx)
    with_body = msg.method in ("INVITE", "INFO") or (append is not None and append.body)
    lines = (
        VERSION,
        b"sip_request." + action.encode("latin-1"),
        msg.method.encode("latin-1"),
        uri.user,
        uri.host,
        rcv.socket.host.encode("latin-1"),
        NOTHING if rcv.socket.port == _DEFAULT_PORT else b"%d" % rcv.socket.port,
        msg.ruri,
        remote or NOTHING,
        _without_parameters(msg.from_),
        msg.first(TO) or b"",
        msg.call_id,
        msg.from_.tag,
        msg.to.tag,
        b"%d" % msg.cseq.number,
        b"%d:%d" % (index, label),
        routes or NOTHING,
        next_hop or NOTHING,
        b"P-MsgFlags: %x\n%b." % (ctx.msg_flags & FORCE_RPORT, _appended(ctx, append)),
        msg.body if with_body else NOTHING,
    )
    return b"".join(line + b"\n" for line in lines)


def _without_parameters(address: NameAddr) -> bytes:
    raw = address.raw.strip()
    end = raw.rfind(b">", 0, len(raw) - len(address.params))
    return raw[: end + 1] if end >= 0 else address.uri


def _appended(ctx: RouteContext, append: Append | None) -> bytes:
    lines = b""
    for kind, title, name in append.elements if append is not None else ():
        value: bytes | None = None
        if kind == "avp":
            values = ctx.avps.get(avp_key(name)) if ctx.avps else None
            value = str(values[0]).encode("latin-1") if values else None
        else:
            found = ctx.msg.named(name.encode("latin-1"))
            value = found[0].strip() if found else None
        if value is not None:
            lines += title.encode("latin-1") + b": " + value + b"\n"
    return lines


def route_lines(msg: Message) -> tuple[bytes, bytes, bytes]:
    """Route set, remote target and next hop of a dialog that the request would open, from its Record-Route and Contact.

    Behind a strict router the target is the router, and the caller is the last of the route.
    """
    contacts = msg.contacts
    target = contacts[0].uri if contacts and isinstance(contacts, list) else msg.from_.uri
    values = [part.strip() for value in msg.all(RECORD_ROUTE) for part in split_outside(value, 0x2C)]
    uris = [NameAddr.parse(value).uri for value in values if value]
    if not uris:
        return b"", target, b""
    loose = parse_uri(uris[0]).param(b"lr") is not None
    route = uris if loose else [*uris[1:], target]
    text = b",".join(b"<%b>" % uri for uri in route)
    return (text, target, uris[0]) if loose else (text, uris[0], b"")
