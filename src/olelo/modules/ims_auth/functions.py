"""The script functions of ims_auth: challenge, authenticate, resynchronise."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable
from typing import Any

from olelo.auc import Vector, parse_auts
from olelo.auc.errors import AucError, AutsMacFailure, FormatError, NotFound, RandNotHeld, StateError
from olelo.core.context import RouteContext
from olelo.core.engine import ERR, INFO, WARN
from olelo.core.module import REQUEST, function
from olelo.modules.ims_auth import aka
from olelo.modules.ims_auth.answers import RETRY_AFTER, Answers
from olelo.modules.ims_auth.authority import Authority, Busy, Unavailable
from olelo.modules.ims_auth.held import Held, HeldVectors
from olelo.modules.ims_auth.identity import Claim, claim_of
from olelo.modules.ims_auth.subject import Subject
from olelo.script.catalog import ArgKind, ArgSpec
from olelo.sip.digest import Credentials, ha1, response
from olelo.sip.errors import SipError

# Return codes: Kamailio's auth_cfg_result.
OK = 1
ERROR = -1
INVALID_PASSWORD = -2
USER_UNKNOWN = -3
NO_CREDENTIALS = -5
NONCE_REUSED = -6
USER_MISMATCH = -8
RESYNC_REQUESTED = -9

# What $avp(maa_return_code) says to the route that goes on after a challenge.
SENT, REFUSED, FAILED = 1, -1, -2

#: Wrong AUTS that are taken for one challenge before it is dead.
MAX_BAD_AUTS = 3
SWEEP = 10.0  # seconds, as Kamailio's timer
AUTHORIZED = "authorized"  # key in ctx.store that module pv reads for $Au and $AU
_STATE = "ims_auth"

_ROUTE = ArgSpec("route", ArgKind.ROUTE, route_kind="route")
_REALM = ArgSpec("realm", ArgKind.STR)
_ALGORITHM = ArgSpec("algorithm", ArgKind.STR, optional=True)


class ImsAuth(Answers):
    __doc__ = Answers.__bases__[0].__doc__

    def init(self) -> None:
        super().init()
        if self.ignore_failed_auth:
            self.engine.log(WARN, "ims_auth: ignore_failed_auth is on: whoever answers a challenge is let in")
        self.held = HeldVectors(
            self.auth_vector_timeout, self.auth_used_vector_timeout, self.max_held, self.max_challenges
        )
        self.authority = Authority(
            self.engine, self.auc_db, self.auc_kek_file, self.auth_vector_timeout, 2 * self.max_held
        )
        stats = self.engine.stats
        self.counters = {name: stats.counter(self.name, name, doc) for name, doc in self.statistics.items()}
        authority = self.authority
        stats.computed(self.name, "mar_timeouts", lambda: authority.timeouts)
        stats.computed(self.name, "mar_replies_received", lambda: authority.replies)
        stats.computed(self.name, "mar_replies_response_time", lambda: authority.reply_ms)
        stats.computed(self.name, "mar_avg_response_time", lambda: authority.reply_ms // max(authority.replies, 1))

    def start(self) -> None:
        """Open the authentication centre. One that was asked for and cannot be opened ends the start; without one, the
        server runs, and every challenge is refused with 480, as Kamailio's without its HSS."""
        if self.authority.store is None:
            try:
                self.authority.open()
            except (AucError, OSError) as error:
                text = f"ims_auth: {error}"
                if self.authority.asked_for:
                    raise OSError(text) from None
                self.engine.log(ERR, f"{text}; nobody can register with a SIM")
        self._stop_sweeping = self.engine.every(SWEEP, self._sweep)

    def stop(self) -> None:
        self._stop_sweeping()
        self.authority.close()

    def _sweep(self) -> None:
        self.held.sweep(self.engine.now())

    def count(self, name: str) -> None:
        self.counters[name].value += 1

    # --- who is it ----------------------------------------------------------------------------------------

    @function("ims_auth_is_sim", routes=REQUEST, waits=True)
    def is_sim(self, ctx: RouteContext, realm: str) -> int | Awaitable[int]:
        """Does the request come from a card of the authentication centre? Not in Kamailio.

        Looks at the user name of the realm's credentials, else at To (From, if it is no REGISTER). Returns 1 yes, -1
        no: it may be a subscriber with a password; -2 the card is not active; -3 the database does not answer.
        `$sim(..)` tells about the card from here on.
        """
        claim = claim_of(ctx.msg, realm, ctx.msg.method != "REGISTER") if realm else None
        return self._is_sim(ctx, claim) if claim is not None else -1

    async def _is_sim(self, ctx: RouteContext, claim: Claim) -> int:
        try:
            subject = await self._subject(ctx, claim)
        except Unavailable as error:
            self.engine.log(ERR, f"ims_auth: {error}")
            return -3
        if subject is None:
            return -1
        return 1 if subject.active else -2

    def state(self, ctx: RouteContext) -> dict[str, Any]:
        """What the functions remember of a request among themselves."""
        if ctx.store is None:
            ctx.store = {}
        found: dict[str, Any] = ctx.store.setdefault(_STATE, {})
        return found

    async def _subject(self, ctx: RouteContext, claim: Claim) -> Subject | None:
        """The card behind a claim, looked up once for a request. Raises Unavailable."""
        state = self.state(ctx)
        key = (claim.impi, claim.impu, claim.realm)
        if state.get("claim") != key:
            state["subject"] = await self.authority.locate(claim, bool(self.check_impu))
            state["claim"] = key
        found: Subject | None = state["subject"]
        return found

    # --- challenge ----------------------------------------------------------------------------------------

    @function("ims_www_challenge", routes=REQUEST, waits=True, args=(_ROUTE, _REALM, _ALGORITHM))
    def www_challenge(self, ctx: RouteContext, route: str, realm: str, algorithm: str = "") -> int | Awaitable[int]:
        """Answer a REGISTER with a fresh challenge of the sender's card (401), run the route, and end the script.

        The sequence number is on disk before the challenge leaves. algorithm: AKAv1-MD5 or AKAv2-MD5; a card knows no
        other, so where MD5 or HSS-Selected is asked for, it is challenged with AKA all the same.

        `$avp(maa_return_code)` tells the route: 1 the challenge was sent; -1 it was refused and answered (403 no such
        card, not active, not its identity; 503 too many); -2 the authentication centre failed, and the route may answer
        (480 is sent if it does not). An empty route name runs none. Returns -2 without realm or for another method than
        REGISTER, -1 if the route is missing.
        """
        return self._challenge(ctx, route, realm, algorithm, False)

    @function("ims_proxy_challenge", routes=REQUEST, waits=True, args=(_ROUTE, _REALM, _ALGORITHM))
    def proxy_challenge(self, ctx: RouteContext, route: str, realm: str, algorithm: str = "") -> int | Awaitable[int]:
        """As ims_www_challenge with 407 and Proxy-Authenticate, for other requests than REGISTER; the sender is who
        From says."""
        return self._challenge(ctx, route, realm, algorithm, True)

    def _challenge(
        self, ctx: RouteContext, route: str, realm: str, algorithm: str, proxy: bool
    ) -> int | Awaitable[int]:
        name = "" if route == "0" else route
        if name and self.engine.route("route", name) is None:
            self.engine.log(ERR, f"ims_auth: route[{name}] is missing")
            return -1
        if not realm or (not proxy and ctx.msg.method != "REGISTER"):
            self.engine.log(ERR, "ims_auth: a challenge needs a realm, and ims_www_challenge a REGISTER")
            return FAILED
        opened = self.tm.t_newtran(ctx)
        if opened == 0:
            return 0  # a retransmission, which has got its answer again
        if opened < 0 and ctx.tx is None:
            return FAILED
        return self._challenge_now(ctx, name, realm, algorithm, proxy)

    async def _challenge_now(self, ctx: RouteContext, route: str, realm: str, algorithm: str, proxy: bool) -> int:
        chosen = aka.algorithm_named(algorithm or self.registration_default_algorithm)
        result = await self._make_challenge(ctx, realm, aka.AKAV2 if chosen == aka.AKAV2 else aka.AKAV1, proxy)
        return await self._go_on(ctx, route, result)

    async def _make_challenge(self, ctx: RouteContext, realm: str, algorithm: str, proxy: bool) -> int:
        """Challenge, or refuse with an answer. Returns SENT, REFUSED, or FAILED, which has not answered."""
        state = self.state(ctx)
        fresh: Held | None = state.pop("fresh", None)  # from a resynchronisation just now
        if fresh is not None and fresh.realm == realm:
            self._sent(ctx, fresh, proxy)
            return SENT
        claim = claim_of(ctx.msg, realm, proxy)
        if claim is None:
            self.refuse(ctx, 403, "Forbidden - No Public Identity")
            return REFUSED
        try:
            subject = await self._subject(ctx, claim)
            if not self._may_be_challenged(ctx, subject) or subject is None:
                return REFUSED
            now = self.engine.now()
            if not self.held.reserve(subject.imsi, now):
                return self._once_more(ctx, claim, subject, algorithm, proxy)
            try:
                vector = await self.authority.challenge(subject.imsi)
            except BaseException:
                self.held.give_back(subject.imsi)
                raise
        except Busy:
            self._too_many(ctx)
            return REFUSED
        except Unavailable as error:
            self.engine.log(ERR, f"ims_auth: {error}")
            return FAILED
        except AucError as error:
            return self._refused_by_centre(ctx, error)
        self._sent(ctx, self._hold(claim, subject, algorithm, vector), proxy)
        return SENT

    def _may_be_challenged(self, ctx: RouteContext, subject: Subject | None) -> bool:
        if subject is None:
            self.count("unknown_cards")
            self.refuse(ctx, 403, "Forbidden - User Unknown")
        elif not subject.active:
            self.count("refused_cards")
            self.engine.log(INFO, f"ims_auth: IMSI {subject.imsi} is {subject.state}, not active")
            self.refuse(ctx, 403, "Forbidden - Card Not Active")
        elif not subject.matches:
            self.count("refused_cards")
            self.refuse(ctx, 403, "Forbidden - Identities Do Not Match")
        else:
            return True
        return False

    def _refused_by_centre(self, ctx: RouteContext, error: AucError) -> int:
        """The card changed while we asked, or its record is bad."""
        if isinstance(error, NotFound | StateError):
            self.count("refused_cards")
            self.engine.log(INFO, f"ims_auth: {error}")
            self.refuse(ctx, 403, "Forbidden - Card Not Active")
            return REFUSED
        self.engine.log(ERR, f"ims_auth: {error}")
        return FAILED

    def _once_more(self, ctx: RouteContext, claim: Claim, subject: Subject, algorithm: str, proxy: bool) -> int:
        """The card has as many unanswered challenges as it may: the newest goes out again. No number is used up, and
        whoever floods cannot lock the card's holder out, whose SIM has not seen that challenge yet."""
        held = self.held.newest(subject.imsi, claim.realm, algorithm, self.engine.now())
        if held is None:
            self._too_many(ctx)
            return REFUSED
        held.shared = True
        held.impus.add(claim.impu)
        held.names |= subject.names(claim, bool(self.av_check_only_impu))
        self.count("repeated_challenges")
        self.send_challenge(ctx, held, proxy, False)
        return SENT

    def _too_many(self, ctx: RouteContext) -> None:
        self.count("too_many")
        self.refuse(ctx, 503, "Service Unavailable", b"Retry-After: %d\r\n" % RETRY_AFTER)

    def _hold(self, claim: Claim, subject: Subject, algorithm: str, vector: Vector, *, reserved: bool = True) -> Held:
        names = subject.names(claim, bool(self.av_check_only_impu))
        held = Held(
            aka.make_nonce(vector.rand, vector.autn), vector.rand, subject.imsi, claim.realm, algorithm,
            aka.password(algorithm, vector.xres, vector.ck, vector.ik), vector.ck, vector.ik, names, claim.impu, subject,
        )  # fmt: skip
        self.held.add(held, self.engine.now(), reserved=reserved)
        return held

    def _sent(self, ctx: RouteContext, held: Held, proxy: bool) -> None:
        self.count("challenges")
        self.send_challenge(ctx, held, proxy, bool(self.state(ctx).get("stale")))

    async def _go_on(self, ctx: RouteContext, name: str, result: int) -> int:
        """What follows a challenge: the result for the route, the route, and an answer if there is none yet."""
        if ctx.avps is None:
            ctx.avps = {}
        ctx.avps.setdefault("maa_return_code", []).insert(0, result)
        route = self.engine.route("route", name) if name else None
        if route is not None:
            code = route.call(ctx)
            if code.__class__ is not int:
                await code  # type: ignore[misc]
        if ctx.tx is not None and ctx.tx.status < 200:
            fresh: Held | None = self.state(ctx).pop("fresh", None)
            if fresh is not None:
                self._sent(ctx, fresh, False)
            elif result == FAILED:
                self.refuse(ctx, 480, "Temporarily Unavailable")
        return 0

    # --- the answer ---------------------------------------------------------------------------------------

    @function("ims_www_authenticate", routes=REQUEST, waits=True)
    def www_authenticate(self, ctx: RouteContext, realm: str) -> int | Awaitable[int]:
        """Check the answer to a challenge in a REGISTER.

        Returns 1 right, and the nonce is used up; -1 no answer yet, or to a challenge that is not held any more:
        challenge; -2 wrong answer, a plain MD5 one, or the SIM did not recognise us: refuse; -3 the card is not active
        any more: refuse; -5 no realm, or no public identity; -6 the nonce was used before (nc not counting up); -8 the
        user name or public identity is not the challenged one; -9 the SIM asks for resynchronisation:
        ims_www_resync_auth.
        """
        if ctx.msg.method != "REGISTER":
            self.engine.log(ERR, "ims_auth: ims_www_authenticate is for REGISTER")
            return ERROR
        return self._authenticate(ctx, realm, False)

    @function("ims_proxy_authenticate", routes=REQUEST, waits=True)
    def proxy_authenticate(self, ctx: RouteContext, realm: str) -> int | Awaitable[int]:
        """As ims_www_authenticate for other requests: Proxy-Authorization, and From is the public identity."""
        return self._authenticate(ctx, realm, True)

    def _authenticate(self, ctx: RouteContext, realm: str, proxy: bool) -> int | Awaitable[int]:
        claim = claim_of(ctx.msg, realm, proxy) if realm else None
        if claim is None:
            return NO_CREDENTIALS
        credentials = claim.credentials
        if credentials is None or not credentials.nonce:
            return ERROR
        now = self.engine.now()
        held = self.held.find(credentials.nonce, now)
        if held is None or held.realm.lower() != realm.lower():
            if not credentials.response and not credentials.auts:
                return ERROR
            self.count("stale_nonces")
            self.state(ctx)["stale"] = True
            return OK if self.ignore_failed_auth else ERROR
        if credentials.username.lower() not in held.names or (claim.impu not in held.impus and not claim.anonymous):
            return USER_MISMATCH
        if credentials.auts:
            if held.uses:
                return ERROR  # it answered this challenge before
            self.state(ctx)["resync"] = held
            return RESYNC_REQUESTED
        result = self._check(ctx, held, credentials)
        if result != OK and not self.ignore_failed_auth:
            return result
        self.held.accept(held, now, self.max_nonce_reuse)
        self.authority.answered(held.rand)
        return self._let_in(ctx, held, credentials, proxy)

    def _check(self, ctx: RouteContext, held: Held, credentials: Credentials) -> int:
        """OK, or what is wrong with an answer; a wrong one is the end of its challenge."""
        if not credentials.response:
            # TS 24.229 section 5.1.1.5.3: the SIM found MAC-A wrong. It does not have the key that we have.
            self.count("mac_failures")
            self.engine.log(
                WARN, f"ims_auth: the SIM of IMSI {held.imsi} does not recognise our challenge: its keys differ"
            )
            self.held.reject(held)
            return INVALID_PASSWORD
        # RFC 3310 section 3.3: the answer names the algorithm of the challenge; without one it is MD5.
        if credentials.algorithm.lower() != held.algorithm.lower().encode("latin-1"):
            self.count("wrong_answers")
            self.engine.log(INFO, f"ims_auth: IMSI {held.imsi} answered {held.algorithm} with another algorithm")
            self.held.reject(held)
            return INVALID_PASSWORD
        problem = _counting(held, credentials)
        if problem:
            self.held.reject(held)
            return problem
        try:
            h_a1 = ha1(credentials.username, credentials.realm, held.password)
            expected = response(h_a1, ctx.msg.method.encode("latin-1"), credentials, body=ctx.msg.body)
        except SipError:
            self.held.reject(held)
            return ERROR
        if not hmac.compare_digest(expected, credentials.response.lower()):
            self.count("wrong_answers")
            self.held.reject(held)
            return INVALID_PASSWORD
        return OK

    async def _let_in(self, ctx: RouteContext, held: Held, credentials: Credentials, proxy: bool) -> int:
        """The answer was right; the card may have been suspended since it was challenged."""
        if not held.own_keys:
            try:
                active = await self.authority.is_active(held.imsi)
            except NotFound:
                active = False
            except (Unavailable, AucError) as error:
                self.engine.log(ERR, f"ims_auth: {error}")
                return ERROR
            if not active:
                self.count("refused_cards")
                self.held.drop(held)
                return USER_UNKNOWN
        self.count("authenticated")
        state = self.state(ctx)
        state["subject"], state["claim"] = held.subject, None
        if ctx.store is not None:
            ctx.store[AUTHORIZED] = credentials
        if self.add_authinfo_hdr and not proxy:
            self.add_authentication_info(ctx, held, credentials)
        return OK

    # --- resynchronisation --------------------------------------------------------------------------------

    @function("ims_www_resync_auth", routes=REQUEST, waits=True, args=(_ROUTE, _REALM))
    def www_resync_auth(self, ctx: RouteContext, route: str, realm: str) -> int | Awaitable[int]:
        """After -9: take the SIM's AUTS, make a challenge with a number that it accepts, run the route, end the script.

        The AUTS (base64 or hexadecimal) must answer a challenge that was sent to this card and is still held, and its
        MAC-S must be right; the digest around it is not looked at. A route that calls ims_www_challenge sends the new
        challenge; if it answers nothing, the challenge is sent after it. `$avp(maa_return_code)` as there; -1: the AUTS
        was wrong, and 403 was sent.
        """
        name = "" if route == "0" else route
        if name and self.engine.route("route", name) is None:
            self.engine.log(ERR, f"ims_auth: route[{name}] is missing")
            return -1
        if not realm:
            return FAILED
        opened = self.tm.t_newtran(ctx)
        if opened == 0:
            return 0
        if opened < 0 and ctx.tx is None:
            return FAILED
        return self._resync(ctx, name, realm)

    async def _resync(self, ctx: RouteContext, route: str, realm: str) -> int:
        held: Held | None = self.state(ctx).pop("resync", None)
        claim = claim_of(ctx.msg, realm, False)
        if held is None or claim is None or claim.credentials is None:
            # Called without a -9 before it: nothing to resynchronise with, so the phone gets a challenge.
            return await self._challenge_now(ctx, route, realm, "", False)
        return await self._go_on(ctx, route, await self._take_auts(ctx, held, claim, claim.credentials.auts))

    async def _take_auts(self, ctx: RouteContext, held: Held, claim: Claim, text: bytes) -> int:
        subject = held.subject
        assert isinstance(subject, Subject)
        try:
            auts = parse_auts(text.decode("latin-1"))
            vector = await self.authority.resynchronise(held.imsi, held.rand, auts)
        except (FormatError, AutsMacFailure) as error:
            self.count("auts_refused")
            self.engine.log(WARN, f"ims_auth: IMSI {held.imsi}: AUTS refused: {error}")
            held.bad_auts += 1
            if held.bad_auts >= MAX_BAD_AUTS and not held.shared:
                self.held.reject(held)
            self.refuse(ctx, 403, "Forbidden - Resynchronisation Failed")
            return REFUSED
        except RandNotHeld:
            # Another copy of this AUTS came first: the phone has its challenge from that.
            self.state(ctx)["stale"] = True
            return await self._make_challenge(ctx, claim.realm, held.algorithm, False)
        except Busy:
            self._too_many(ctx)
            return REFUSED
        except Unavailable as error:
            self.engine.log(ERR, f"ims_auth: {error}")
            return FAILED
        except AucError as error:
            return self._refused_by_centre(ctx, error)
        self.count("resyncs")
        self.engine.log(INFO, f"ims_auth: IMSI {held.imsi} resynchronised")
        self.held.drop_card(held.imsi)
        self.state(ctx)["fresh"] = self._hold(claim, subject, held.algorithm, vector, reserved=False)
        return SENT


def _counting(held: Held, credentials: Credentials) -> int:
    """0, or the return code for a bad nonce count: it goes up by one with each use (RFC 7616 section 3.4)."""
    if not credentials.qop:
        return NONCE_REUSED if held.uses else 0  # without a count, nothing tells a second use from a replay
    nc = credentials.nc
    if len(nc) != 8:
        return ERROR
    try:
        number = int(nc, 16)
    except ValueError:
        return ERROR
    if number <= held.uses:
        return NONCE_REUSED
    return 0 if number == held.uses + 1 else ERROR
