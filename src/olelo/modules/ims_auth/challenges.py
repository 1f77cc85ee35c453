"""Challenges: whom they go to, how they are made and bounded, and the route that follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from olelo.core.context import RouteContext
from olelo.core.engine import ERR, INFO, WARN
from olelo.core.module import REQUEST, function
from olelo.modules.ims_auth import aka
from olelo.modules.ims_auth.answers import RETRY_AFTER
from olelo.modules.ims_auth.errors import Busy, CardRefused, Declined, Unavailable
from olelo.modules.ims_auth.held import Held, HeldVectors
from olelo.modules.ims_auth.identity import Claim, claim_of
from olelo.modules.ims_auth.subject import SCRIPTED, Subject
from olelo.modules.ims_auth.variables import SimVariable
from olelo.script.catalog import ArgKind, ArgSpec

if TYPE_CHECKING:
    from olelo.auc import Vector
    from olelo.modules.ims_auth.script_keys import ScriptKeys

# What $avp(maa_return_code) says to the route that goes on after a challenge; FAILED is also returned to the script.
SENT, REFUSED, FAILED = 1, -1, -2

#: Spellings of its public identities (a number has many) under which one challenge is sent again.
MAX_SPELLINGS = 8
SWEEP = 10.0  # seconds, as Kamailio's timer
ROUTE = ArgSpec("route", ArgKind.ROUTE, route_kind="route")
REALM = ArgSpec("realm", ArgKind.STR)
_ALGORITHM = ArgSpec("algorithm", ArgKind.STR, optional=True)


class Challenges(SimVariable):
    """The part of ims_auth that challenges. Holds what was sent, and the way to the authentication centre."""

    def init(self) -> None:
        super().init()
        # Here and not above: it brings a database library and ciphers, which `olelo check` has no use for.
        from olelo.modules.ims_auth.authority import Authority

        if self.ignore_failed_auth:
            self.engine.log(WARN, "ims_auth: ignore_failed_auth is on: whoever answers a challenge is let in")
        self.held = HeldVectors(
            self.auth_vector_timeout, self.auth_used_vector_timeout, self.max_held, self.max_challenges
        )
        self.authority = Authority(
            self.engine, self.auc_db, self.auc_kek_file, self.auth_vector_timeout, 2 * self.max_held
        )
        self._stop_sweeping: Callable[[], None] = lambda: None
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
                self.authority.open(bool(self.av_mode))
            except Unavailable as error:
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

    async def _subject(self, ctx: RouteContext, claim: Claim) -> Subject | None:
        """The card behind a claim, looked up once for a request. Raises Unavailable."""
        state = self.state(ctx)
        key = (claim.impi, claim.impu, claim.realm)
        if state.get("claim") != key:
            state["subject"] = await self.authority.locate(claim, bool(self.check_impu))
            state["claim"] = key
        found: Subject | None = state["subject"]
        return found

    @function("ims_auth_data_set", routes=REQUEST)
    def data_set(self, ctx: RouteContext, key: str, op: str, op_c: str, amf: str) -> int:
        """Use these keys for the request's challenge, where av_mode is 1: K, OP or OPc (one may be empty; OPc wins), AMF,
        all in hexadecimal. Returns 1, -1 one of them is no such key.

        The keys are forgotten with the request. The sequence number is kept in auc_db. Cards in the database of
        `olelo sim` need none of this, and there the keys do not pass through a script, where a log line may show them.
        """
        if not self.av_mode:
            self.engine.log(WARN, "ims_auth: ims_auth_data_set() has no effect without av_mode 1")
            return 1
        from olelo.modules.ims_auth.script_keys import read_keys

        try:
            self.state(ctx)["keys"] = read_keys(key, op, op_c, amf)
        except ValueError as error:
            self.engine.log(ERR, f"ims_auth: ims_auth_data_set: {error}")
            return -1
        return 1

    @function("ims_auth_data_reset", routes=REQUEST)
    def data_reset(self, ctx: RouteContext) -> int:
        """Forget what ims_auth_data_set() was given. Returns 1."""
        self.state(ctx).pop("keys", None)
        return 1

    # --- challenge ----------------------------------------------------------------------------------------

    @function("ims_www_challenge", routes=REQUEST, waits=True, args=(ROUTE, REALM, _ALGORITHM))
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

    @function("ims_proxy_challenge", routes=REQUEST, waits=True, args=(ROUTE, REALM, _ALGORITHM))
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
        keys: ScriptKeys | None = state.get("keys")
        try:
            if keys is None:
                subject = await self._subject(ctx, claim)
            else:
                subject = state["subject"] = keys.subject(claim)
            if not self._may_be_challenged(ctx, subject) or subject is None:
                return REFUSED
            now = self.engine.now()
            if not self.held.reserve(subject.imsi, now):
                return self._once_more(ctx, claim, subject, algorithm, proxy)
            try:
                vector = await (
                    self.authority.challenge(subject.imsi)
                    if keys is None
                    else self.authority.challenge_by(subject.impi, keys)
                )
            except BaseException:
                self.held.give_back(subject.imsi)
                raise
        except Busy:
            self._too_many(ctx)
            return REFUSED
        except Unavailable as error:
            self.engine.log(ERR, f"ims_auth: {error}")
            return FAILED
        except Declined as error:
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

    def _refused_by_centre(self, ctx: RouteContext, error: Declined) -> int:
        """The card changed while we asked, or its record is bad."""
        if isinstance(error, CardRefused):
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
        if held is None or (len(held.impus) >= MAX_SPELLINGS and claim.impu not in held.impus):
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
        scripted = subject.batch == SCRIPTED
        held = Held(
            aka.make_nonce(vector.rand, vector.autn), vector.rand, subject.imsi, claim.realm, algorithm,
            aka.password(algorithm, vector.xres, vector.ck, vector.ik), vector.ck, vector.ik, names, claim.impu, subject, scripted,
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
                self._sent(ctx, fresh, ctx.msg.method != "REGISTER")
            elif result == FAILED:
                self.refuse(ctx, 480, "Temporarily Unavailable")
        return 0
