"""Nonces: made of times and digests, so that most of what is to be known of one stands in itself.

base64( expires(4) since(4) MD5(expires since [id pool] secret)(16) [MD5(parts of the request, second secret)(16)]
[id(4) pool and flags(1)] ): Kamailio's form, so that servers with one `secret` take each other's nonces.
"""

from __future__ import annotations

import binascii
import hmac
from hashlib import md5
from ipaddress import ip_address
from typing import Final

from olelo.core.context import RouteContext
from olelo.core.party import FROM, TO, tag_of
from olelo.modules.auth.spent import Counts, Ids, OneTime
from olelo.sip.digest import Credentials
from olelo.sip.errors import SipError

# auth_checks_*: what of a request its nonce is bound to.
CHECK_URI: Final = 1
CHECK_CALL_ID: Final = 2
CHECK_FROM_TAG: Final = 4
CHECK_SOURCE: Final = 8

# Flags beside the pool number.
_HAS_COUNT: Final = 128
_ONE_TIME: Final = 64
_POOL: Final = 63
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")

_HEAD: Final = 8
_SHORTEST: Final = 24
_LONGEST: Final = 48

# What check() says.
GOOD: Final = 0
BAD: Final = 1  # not one of ours
STALE: Final = 2  # it was ours: a new one will do, the password need not be asked for
REUSED: Final = 3


class Nonces:
    """Makes and checks the nonces of one server.

    secret: authenticates the times; second: authenticates the request's parts. expire and drift are seconds; started is
    the time of day of the start: older nonces count as stale.
    """

    __slots__ = ("counts", "drift", "expire", "ids", "once", "second", "secret", "started")

    def __init__(
        self,
        secret: bytes,
        second: bytes,
        expire: int,
        drift: int,
        started: int,
        ids: Ids,
        counts: Counts | None,
        once: OneTime | None,
    ) -> None:
        self.secret = secret
        self.second = second
        self.expire = expire
        self.drift = drift
        self.started = started
        self.ids = ids
        self.counts = counts
        self.once = once

    def make(self, ctx: RouteContext | None, checks: int, now: int) -> bytes:
        """A new nonce for a request (None: for whatever request)."""
        head = (now + self.expire).to_bytes(4, "big") + now.to_bytes(4, "big")
        tail = b""
        if self.counts is not None or self.once is not None:
            number = self.ids.next()
            flags = 0
            if self.counts is not None:
                self.counts.open(number)
                flags |= _HAS_COUNT
            if self.once is not None:
                self.once.open(number)
                flags |= _ONE_TIME
            tail = number.to_bytes(4, "big") + bytes((flags,))
        binary = head + md5(head + tail + self.secret, usedforsecurity=False).digest()
        if checks and ctx is not None:
            binary += self._parts(ctx, checks)
        return binascii.b2a_base64(binary + tail, newline=False)

    def check(self, credentials: Credentials, ctx: RouteContext, checks: int, now: int) -> int:
        """GOOD (and its use is noted), BAD, STALE or REUSED."""
        try:
            binary = binascii.a2b_base64(credentials.nonce, strict_mode=True)
        except (binascii.Error, ValueError):
            return BAD
        if not _SHORTEST <= len(binary) <= _LONGEST:
            return BAD
        expires = int.from_bytes(binary[:4], "big")
        since = int.from_bytes(binary[4:_HEAD], "big")
        if since < self.started:
            self.started = min(self.started, now)  # the clock was put back
            if since < now:
                return STALE
        if since > now + self.drift:
            return STALE
        at = 40 if checks else 24
        tail = binary[at : at + 5]
        flags = tail[4] if len(tail) == 5 else 0
        if self.once is not None and not flags & _ONE_TIME:
            return STALE  # of a time when one_time_nonce was off
        if not flags & (_HAS_COUNT | _ONE_TIME):
            tail = b""
        mark = md5(binary[:_HEAD] + tail + self.secret, usedforsecurity=False).digest()
        if not hmac.compare_digest(mark, binary[_HEAD:24]):
            return BAD
        number = int.from_bytes(tail[:4], "big")
        counted = False
        if self.counts is not None and flags & _HAS_COUNT and credentials.nc:
            nc = credentials.nc
            if len(nc) != 8 or not all(octet in _HEX for octet in nc):
                return BAD
            count = int(nc, 16)
            if not self.counts.use(number, flags & _POOL, count):
                return STALE
            counted = True  # who counts needs no other check
        if not counted:
            if self.once is not None and not self.once.use(number, flags & _POOL):
                return REUSED
            if checks:
                if len(binary) != at + len(tail):
                    return BAD
                if not hmac.compare_digest(binary[24:40], self._parts(ctx, checks)):
                    return STALE
        return STALE if expires < now else GOOD

    def _parts(self, ctx: RouteContext, checks: int) -> bytes:
        parts = b""
        if checks & CHECK_URI:
            parts += ctx.ruri
        if checks & CHECK_CALL_ID:
            parts += ctx.msg.call_id
        if checks & CHECK_FROM_TAG:
            try:
                parts += tag_of(ctx.msg, FROM)
            except SipError:
                parts += b""
        if checks & CHECK_SOURCE:
            parts += ip_address(ctx.rcv.ip).packed
        return md5(parts + self.second, usedforsecurity=False).digest()


def is_in_dialog(ctx: RouteContext) -> bool:
    """Whether To has a tag."""
    try:
        return bool(tag_of(ctx.msg, TO))
    except SipError:
        return False
