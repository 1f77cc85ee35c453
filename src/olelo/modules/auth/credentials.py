"""Finding the credentials that a request has for a realm, and keeping in mind which ones were looked at."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.sip.digest import Credentials
from olelo.sip.headers import AUTHORIZATION, PROXY_AUTHORIZATION
from olelo.sip.message import Message

_KEY = "auth"
#: Key in ctx.store that module pv reads for $Au and $AU.
AUTHORIZED = "authorized"


class Found:
    """Credentials, and the header that has them: its index, and its line, since msg_apply_changes() moves headers."""

    __slots__ = ("credentials", "index", "line")

    def __init__(self, credentials: Credentials, index: int, line: bytes) -> None:
        self.credentials = credentials
        self.index = index
        self.line = line

    def place(self, msg: Message) -> int:
        """Where the header is now; -1: it is gone."""
        lines = msg.lines
        if self.index < len(lines) and lines[self.index] == self.line:
            return self.index
        return lines.index(self.line) if self.line in lines else -1

    @property
    def user(self) -> bytes:
        """The user name up to an @."""
        return self.credentials.username.partition(b"@")[0]

    @property
    def domain(self) -> bytes:
        """The user name behind an @, as some phones write it."""
        return self.credentials.username.partition(b"@")[2]


class Marks:
    """The credentials of one message that authentication has picked: of Authorization, of Proxy-Authorization."""

    __slots__ = ("proxy", "www")

    def __init__(self) -> None:
        self.www: Found | None = None
        self.proxy: Found | None = None


def find(ctx: RouteContext, realm: bytes, proxy: bool) -> Found | None:
    """The first Digest credentials of a realm (in any case). Raises SipError where one before them cannot be read."""
    number = PROXY_AUTHORIZATION if proxy else AUTHORIZATION
    msg = ctx.msg
    if number not in msg.hids:
        return None
    wanted = realm.lower()
    for index, known in enumerate(msg.hids):
        if known != number:
            continue
        value = msg.value(index)
        if value[:7].lower() not in (b"digest ", b"digest\t"):
            continue
        credentials = Credentials.parse(value)
        if credentials.realm.lower() == wanted and b"realm" in credentials.params:
            return Found(credentials, index, msg.lines[index])
    return None


def is_complete(credentials: Credentials) -> bool:
    """Whether everything is there that a response is made of."""
    params = credentials.params
    for name in (b"username", b"realm", b"nonce", b"uri", b"response"):
        if name not in params:
            return False
    return credentials.qop.lower() not in (b"auth", b"auth-int") or (b"cnonce" in params and b"nc" in params)


def mark(ctx: RouteContext, found: Found, proxy: bool) -> None:
    """Note which credentials count for this message: for consume_credentials(), and for $Au, as in Kamailio whether their
    response turns out to be right or not."""
    if ctx.store is None:
        ctx.store = {}
    ctx.store[AUTHORIZED] = found.credentials
    marks = ctx.store.setdefault(_KEY, Marks())
    if proxy:
        marks.proxy = found
    else:
        marks.www = found


def marked(ctx: RouteContext) -> Found | None:
    """The credentials that count: of Authorization, else of Proxy-Authorization."""
    marks: Marks | None = ctx.store.get(_KEY) if ctx.store else None
    if marks is None:
        return None
    return marks.www or marks.proxy
