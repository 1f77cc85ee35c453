"""The script functions of auth, and what modules that keep passwords build on."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, cast

from olelo.core.avps import avp_key
from olelo.core.context import RouteContext
from olelo.core.engine import DBG, ERR, INFO, WARN
from olelo.core.module import FAILURE, ONREPLY, REQUEST, function
from olelo.core.party import FROM, TO, uri_of
from olelo.modules.auth.codes import (
    ERROR,
    INVALID_PASSWORD,
    NO_CREDENTIALS,
    NONCE_REUSED,
    OK,
    STALE_NONCE,
    USER_MISMATCH,
)
from olelo.modules.auth.credentials import Found, find, is_complete, mark, marked
from olelo.modules.auth.nonce import GOOD, REUSED, STALE, Nonces, is_in_dialog
from olelo.modules.auth.params import AuthParams
from olelo.modules.auth.spent import Counts, Ids, OneTime
from olelo.script.catalog import PvRef
from olelo.sip.digest import ha1, quoted, response
from olelo.sip.errors import SipError
from olelo.sip.uri import Uri, parse_uri

if TYPE_CHECKING:
    from olelo.modules.sl import Sl

CHALLENGE = REQUEST | FAILURE | ONREPLY
#: Requests that cannot be challenged: they are let in (RFC 3261 section 22.1).
UNCHALLENGED = ("ACK", "CANCEL", "PRACK")
# Flags of the challenge functions.
_AUTH, _AUTH_INT, _STALE = 1, 2, 16
# Flags of the pv_* functions.
_IS_HA1, _CHALLENGE, _CHALLENGE_AUTH, _CHALLENGE_AUTH_INT = 1, 14, 4, 8
# Checks of pv_auth_check() and auth_check().
CHECK_ID, SKIP_FORWARDED = 1, 2
_SECRET_BYTES = 32
_SHORT_SECRET = 32


class Auth(AuthParams):
    __doc__ = AuthParams.__doc__

    def init(self) -> None:
        engine = self.engine
        self._sl = cast("Sl", engine.modules["sl"])
        checks = self.auth_checks_register or self.auth_checks_no_dlg or self.auth_checks_in_dlg
        if self.secret:
            text = self.secret.encode("latin-1")
            half = len(text) // 2 if checks else 0
            first, second = text[: len(text) - half], text[len(text) - half :]
            if checks and len(text) < _SHORT_SECRET:
                engine.log(WARN, f"auth: half of secret goes into each digest: give it {_SHORT_SECRET} characters")
        else:
            first, second = engine.services.random_bytes(_SECRET_BYTES), engine.services.random_bytes(_SECRET_BYTES)
        if self.nonce_count and not self.qop:
            engine.log(WARN, "auth: nonce_count is off: it needs qop")
        elif self.qop and not self.nonce_count:
            engine.log(INFO, "auth: qop is set, and nonce_count is off: a nonce may be used again within nonce_expire")
        ids = Ids(engine.services.random_bytes, self.nid_pool_no)
        self.nonces = Nonces(
            first,
            second,
            self.nonce_expire,
            self.nonce_auth_max_drift,
            int(engine.wall()),
            ids,
            Counts(ids, _size(self.nc_array_size, self.nc_array_order)) if self.nonce_count and self.qop else None,
            OneTime(ids, _size(self.otn_in_flight_no, self.otn_in_flight_order)) if self.one_time_nonce else None,
        )
        self._prefix = self.realm_prefix.encode("latin-1")
        self._algorithm = self.algorithm.encode("latin-1")
        self.challenge_avp = avp_key(self.challenge_attr[1:].removeprefix("avp(").removesuffix(")"))

    # --- for other modules --------------------------------------------------------------------------------

    @property
    def hash_name(self) -> bytes:
        """The digest algorithm."""
        return self._algorithm or b"MD5"

    def strip_realm(self, realm: bytes) -> bytes:
        return realm.removeprefix(self._prefix)

    def ha1(self, username: bytes, realm: bytes, password: bytes) -> bytes:
        """H(username:realm:password) in hexadecimal, by the algorithm of this server."""
        return ha1(username, realm, password, self.hash_name)

    def pre_auth(self, ctx: RouteContext, realm: bytes, proxy: bool) -> Found | int:
        """Find a request's credentials for a realm and check their nonce.

        Gives them, for `post_auth`; or a code: OK the request needs none, NO_CREDENTIALS, STALE_NONCE, NONCE_REUSED,
        ERROR (they cannot be read, are not complete, or the nonce is not ours).
        """
        if ctx.msg.method in UNCHALLENGED:
            return OK
        try:
            found = find(ctx, self.strip_realm(realm), proxy)
        except SipError as error:
            self.engine.log(ERR, f"auth: credentials of {ctx.rcv.ip} cannot be read: {error}")
            return ERROR
        if found is None:
            return NO_CREDENTIALS
        mark(ctx, found, proxy)
        if not is_complete(found.credentials):
            self.engine.log(ERR, f"auth: credentials of {ctx.rcv.ip} are not complete")
            return ERROR
        state = self.nonces.check(found.credentials, ctx, self._checks(ctx), int(self.engine.wall()))
        if state == GOOD:
            return found
        if state == STALE:
            return STALE_NONCE
        return NONCE_REUSED if state == REUSED else ERROR

    def post_auth(self, ctx: RouteContext, found: Found, method: bytes, h_a1: bytes) -> int:
        """Compare the response with what H(A1) gives. OK, INVALID_PASSWORD, or ERROR (it has not even the right length)."""
        credentials = found.credentials
        try:
            expected = response(h_a1, method, credentials, algorithm=self.hash_name, body=ctx.msg.body)
        except SipError as error:
            self.engine.log(INFO, f"auth: credentials of {ctx.rcv.ip}: {error}")
            return INVALID_PASSWORD
        if len(credentials.response) != len(expected):
            return ERROR
        if not hmac.compare_digest(expected, credentials.response):
            return INVALID_PASSWORD
        if self.add_authinfo_hdr:
            self._authentication_info(ctx, found, h_a1)
        return OK

    def challenge_line(
        self, ctx: RouteContext | None, realm: bytes, proxy: bool, qop: bytes, stale: bool = False
    ) -> bytes:
        """A whole header line with a new challenge."""
        nonce = self.nonces.make(ctx, self._checks(ctx) if ctx is not None else 0, int(self.engine.wall()))
        name = self.proxy_challenge_header if proxy else self.www_challenge_header
        line = (
            name.encode("latin-1") + b": Digest realm=" + quoted(self.strip_realm(realm)) + b', nonce="' + nonce + b'"'
        )
        if qop:
            line += b', qop="' + qop + b'"'
        if stale:
            line += b", stale=true"
        if self._algorithm:
            line += b", algorithm=" + self._algorithm
        return line + b"\r\n"

    def same_identity(self, ctx: RouteContext, user: bytes, checks: int, domains: bool) -> int:
        """Compare the user who has authenticated with who the request says it is from.

        REGISTER: with To, and From is the same; PUBLISH: and the Request-URI, too; others: with From, unless
        SKIP_FORWARDED lets the method's identity be another. OK, USER_MISMATCH, or ERROR (one of the URIs is bad).
        """
        method = ctx.msg.method
        try:
            caller = parse_uri(uri_of(ctx.msg, FROM))
            own = parse_uri(uri_of(ctx.msg, TO)) if method in ("REGISTER", "PUBLISH") else caller
            target = parse_uri(ctx.ruri) if method == "PUBLISH" else own
        except SipError:
            return ERROR
        skipped = checks & SKIP_FORWARDED and method in ("INVITE", "BYE", "PRACK", "UPDATE", "MESSAGE")
        if user != own.user and not skipped:
            return USER_MISMATCH
        return OK if _same(caller, own, domains) and _same(caller, target, domains) else USER_MISMATCH

    # --- inside -------------------------------------------------------------------------------------------

    def _checks(self, ctx: RouteContext) -> int:
        if ctx.msg.method == "REGISTER":
            return self.auth_checks_register
        if self.auth_checks_in_dlg == self.auth_checks_no_dlg:
            return self.auth_checks_no_dlg
        return self.auth_checks_in_dlg if is_in_dialog(ctx) else self.auth_checks_no_dlg

    def _authentication_info(self, ctx: RouteContext, found: Found, h_a1: bytes) -> None:
        credentials = found.credentials
        nonce = credentials.nonce
        if self.nonces.once is not None:
            nonce = self.nonces.make(ctx, self._checks(ctx), int(self.engine.wall()))
        proof = response(h_a1, b"", credentials, algorithm=self.hash_name)
        ctx.reply_lines.append(
            b"Authentication-Info: nextnonce=%b, qop=%b, rspauth=%b, cnonce=%b, nc=%b\r\n"
            % (
                quoted(nonce),
                _token(credentials.qop),
                quoted(proof),
                quoted(credentials.cnonce),
                _token(credentials.nc),
            )
        )

    def _answer(self, ctx: RouteContext, status: int, reason: str) -> int:
        if self.force_stateless_reply:
            return self._sl.send(ctx, status, reason.encode("latin-1"))
        return self._sl.send_reply(ctx, status, reason)

    def _challenge(self, ctx: RouteContext, realm: str, flags: int, proxy: bool) -> int:
        if not realm:
            self.engine.log(ERR, "auth: a challenge needs a realm")
            return -4 if self._answer(ctx, 500, "Internal Server Error") < 0 else ERROR
        qop = b"auth-int" if flags & _AUTH_INT else b"auth" if flags & _AUTH else b""
        line = self.challenge_line(ctx, realm.encode("latin-1"), proxy, qop, bool(flags & _STALE))
        before = len(ctx.reply_lines)
        ctx.reply_lines.append(line)
        status, reason = (407, "Proxy Authentication Required") if proxy else (401, "Unauthorized")
        sent = self._answer(ctx, status, reason)
        del ctx.reply_lines[before:]
        return 1 if sent >= 0 else -3

    def _authenticate(self, ctx: RouteContext, realm: str, password: str, flags: int, proxy: bool, method: str) -> int:
        if not realm or not password:
            self.engine.log(ERR, f"auth: the {'password' if realm else 'realm'} is empty")
            return ERROR
        name = realm.encode("latin-1")
        found = self.pre_auth(ctx, name, proxy)
        if isinstance(found, int):
            code = found
        else:
            secret = password.encode("latin-1")
            h_a1 = secret if flags & _IS_HA1 else self.ha1(found.credentials.username, self.strip_realm(name), secret)
            code = self.post_auth(ctx, found, method.encode("latin-1"), h_a1)
        if code < 0 and flags & _CHALLENGE:
            qop = b"auth-int" if flags & _CHALLENGE_AUTH_INT else b"auth" if flags & _CHALLENGE_AUTH else b""
            line = self.challenge_line(ctx, name, proxy, qop)
            ctx.avps = {} if ctx.avps is None else ctx.avps
            ctx.avps.setdefault(self.challenge_avp, []).insert(0, line.decode("latin-1"))
        return code

    # --- for scripts --------------------------------------------------------------------------------------

    @function("consume_credentials", routes=REQUEST)
    def consume_credentials(self, ctx: RouteContext) -> int:
        """Take the credentials away that authentication has looked at, before the request goes to others.
        Returns 1; -1 none were looked at, or an ACK, CANCEL or PRACK."""
        if ctx.msg.method in UNCHALLENGED:
            return -1
        found = marked(ctx)
        place = found.place(ctx.msg) if found is not None else -1
        if place < 0:
            self.engine.log(ERR, "auth: consume_credentials() without an authentication before it")
            return -1
        ctx.msg.remove_header(place)
        return 1

    @function("auth_algorithm", routes=REQUEST)
    def auth_algorithm(self, ctx: RouteContext, algorithm: str) -> int:
        """From now on use another digest algorithm: "MD5", "SHA-256", or empty for MD5 that challenges do not name.
        Returns 1, -1 for another word."""
        if algorithm not in ("", "MD5", "SHA-256"):
            self.engine.log(ERR, f"auth: no algorithm {algorithm!r}")
            return -1
        self._algorithm = algorithm.encode("latin-1")
        return 1

    @function("has_credentials", routes=REQUEST)
    def has_credentials(self, ctx: RouteContext, realm: str) -> int:
        """Has the request credentials for a realm, in Proxy-Authorization or Authorization? Returns 1 yes, -1 no."""
        name = realm.encode("latin-1")
        for proxy in (True, False):
            try:
                if find(ctx, name, proxy) is not None:
                    return 1
            except SipError as error:
                self.engine.log(DBG, f"auth: credentials cannot be read: {error}")
        return -1

    @function("www_challenge", routes=CHALLENGE)
    def www_challenge(self, ctx: RouteContext, realm: str, flags: int) -> int:
        """Answer 401 with a challenge. flags: 1 qop auth, 2 qop auth-int, 16 stale=true.
        Returns 1; -1 no realm (answered with 500), -3 or -4 the answer could not be sent."""
        return self._challenge(ctx, realm, flags, False)

    @function("proxy_challenge", routes=CHALLENGE)
    def proxy_challenge(self, ctx: RouteContext, realm: str, flags: int) -> int:
        """As www_challenge(), 407."""
        return self._challenge(ctx, realm, flags, True)

    @function("auth_challenge", routes=CHALLENGE)
    def auth_challenge(self, ctx: RouteContext, realm: str, flags: int) -> int:
        """www_challenge() for REGISTER, proxy_challenge() for other requests; for ACK and CANCEL nothing, and 1."""
        if ctx.msg.method in ("ACK", "CANCEL"):
            return 1
        return self._challenge(ctx, realm, flags, ctx.msg.method != "REGISTER")

    @function("auth_get_www_authenticate", routes=REQUEST)
    def auth_get_www_authenticate(self, ctx: RouteContext, realm: str, flags: int, target: PvRef) -> int:
        """Put the whole line of a challenge into a variable; flags as www_challenge(). Returns 1, -1 no realm."""
        if not realm or target.set is None:
            return ERROR
        qop = b"auth-int" if flags & _AUTH_INT else b"auth" if flags & _AUTH else b""
        line = self.challenge_line(None, realm.encode("latin-1"), False, qop, bool(flags & _STALE))
        target.set(ctx, line.decode("latin-1"))
        return 1

    @function("pv_www_authenticate", "pv_www_authorize", routes=REQUEST)
    def pv_www_authenticate(
        self, ctx: RouteContext, realm: str, password: str, flags: int, method: str | None = None
    ) -> int:
        """Check the credentials in Authorization against a password.

        flags: 1 the password is H(A1) in hexadecimal; 2, 4 (qop auth) or 8 (auth-int): a challenge line into the AVP
        challenge_attr where it fails. method: instead of the request's. Returns 1; -1 an error, or a nonce that is not
        ours; -2 wrong password; -4 the nonce is stale; -5 no credentials for the realm; -6 the nonce was used before.
        """
        if method == "":
            return ERROR
        return self._authenticate(ctx, realm, password, flags, False, ctx.msg.method if method is None else method)

    @function("pv_proxy_authenticate", "pv_proxy_authorize", routes=REQUEST)
    def pv_proxy_authenticate(self, ctx: RouteContext, realm: str, password: str, flags: int) -> int:
        """As pv_www_authenticate() for Proxy-Authorization."""
        return self._authenticate(ctx, realm, password, flags, True, ctx.msg.method)

    @function("pv_auth_check", routes=REQUEST)
    def pv_auth_check(self, ctx: RouteContext, realm: str, password: str, flags: int, checks: int) -> int:
        """pv_www_authenticate() for REGISTER, pv_proxy_authenticate() for other requests. checks: 1 the user must be
        To's (REGISTER, PUBLISH) or From's; with use_domain the domains are compared, too. Returns as they do; -8 another user."""
        method = ctx.msg.method
        if method in ("ACK", "CANCEL"):
            return OK
        code = self._authenticate(ctx, realm, password, flags, method != "REGISTER", method)
        if code != OK or not checks & CHECK_ID:
            return code
        found = marked(ctx)
        if found is None:
            return OK if method in UNCHALLENGED else ERROR
        return self.same_identity(ctx, found.user, checks & CHECK_ID, bool(self.use_domain))


def _same(one: Uri, other: Uri, domains: bool) -> bool:
    return one.user == other.user and (not domains or one.host == other.host)


def _size(places: int, order: int) -> int:
    return 1 << min(order, 30) if order else max(places, 1)


def _token(value: bytes) -> bytes:
    """A value of the peer that goes out without quotes: nothing in it may end the header or the parameter."""
    return bytes(
        octet for octet in value if octet in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
    )
