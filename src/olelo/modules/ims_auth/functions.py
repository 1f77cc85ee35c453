"""The script functions of ims_auth that take a phone's answer: authentication and resynchronisation."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from olelo.core.context import RouteContext
from olelo.core.engine import ERR, INFO, WARN
from olelo.core.module import REQUEST, function
from olelo.modules.ims_auth.challenges import FAILED, REALM, REFUSED, ROUTE, SENT, Challenges
from olelo.modules.ims_auth.errors import AutsRefused, Busy, CardRefused, Declined, NotHeld, Unavailable
from olelo.modules.ims_auth.held import Held
from olelo.modules.ims_auth.identity import Claim, claim_of
from olelo.modules.ims_auth.params import ImsAuthParams
from olelo.modules.ims_auth.subject import Subject
from olelo.sip.digest import Credentials, ha1, response
from olelo.sip.errors import SipError

if TYPE_CHECKING:
    from olelo.auc import Vector
    from olelo.modules.ims_auth.script_keys import ScriptKeys

# Return codes: Kamailio's auth_cfg_result.
OK = 1
ERROR = -1
INVALID_PASSWORD = -2
USER_UNKNOWN = -3
NO_CREDENTIALS = -5
NONCE_REUSED = -6
USER_MISMATCH = -8
RESYNC_REQUESTED = -9

#: Wrong AUTS that are taken for one challenge before it is dead.
MAX_BAD_AUTS = 3
AUTHORIZED = "authorized"  # key in ctx.store that module pv reads for $Au and $AU


class ImsAuth(Challenges):
    __doc__ = ImsAuthParams.__doc__

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
            except CardRefused:
                active = False
            except (Unavailable, Declined) as error:
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

    @function("ims_www_resync_auth", routes=REQUEST, waits=True, args=(ROUTE, REALM))
    def www_resync_auth(self, ctx: RouteContext, route: str, realm: str) -> int | Awaitable[int]:
        """After -9: take the SIM's AUTS, make a challenge with a number that it accepts, run the route, end the script.

        The AUTS (base64 or hexadecimal) must answer a challenge that was sent to this card and is still held, and its
        MAC-S must be right; the digest around it is not looked at. A route that calls ims_www_challenge sends the new
        challenge (or ims_proxy_challenge, for another request than REGISTER); if it answers nothing, the challenge is
        sent after it. `$avp(maa_return_code)` as there; -1: the AUTS
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
        proxy = ctx.msg.method != "REGISTER"
        claim = claim_of(ctx.msg, realm, proxy)
        if held is None or claim is None or claim.credentials is None:
            # Called without a -9 before it: nothing to resynchronise with, so the phone gets a challenge.
            return await self._challenge_now(ctx, route, realm, "", proxy)
        return await self._go_on(ctx, route, await self._take_auts(ctx, held, claim, claim.credentials.auts))

    async def _take_scripted(self, ctx: RouteContext, held: Held, auts: str) -> Vector:
        keys: ScriptKeys | None = self.state(ctx).get("keys")
        if keys is None:
            raise Unavailable(f"{held.imsi} was challenged with keys of the script, which has set none now")
        assert isinstance(held.subject, Subject)
        return await self.authority.resynchronise_by(held.subject.impi, keys, held.rand, auts)

    async def _take_auts(self, ctx: RouteContext, held: Held, claim: Claim, text: bytes) -> int:
        subject = held.subject
        assert isinstance(subject, Subject)
        try:
            auts = text.decode("latin-1")
            if held.own_keys:
                vector = await self._take_scripted(ctx, held, auts)
            else:
                vector = await self.authority.resynchronise(held.imsi, held.rand, auts)
        except AutsRefused as error:
            self.count("auts_refused")
            self.engine.log(WARN, f"ims_auth: IMSI {held.imsi}: AUTS refused: {error}")
            held.bad_auts += 1
            if held.bad_auts >= MAX_BAD_AUTS and not held.shared:
                self.held.reject(held)
            self.refuse(ctx, 403, "Forbidden - Resynchronisation Failed")
            return REFUSED
        except NotHeld:
            # Another copy of this AUTS came first: the phone has its challenge from that.
            self.state(ctx)["stale"] = True
            return await self._make_challenge(ctx, claim.realm, held.algorithm, claim.proxy)
        except Busy:
            self._too_many(ctx)
            return REFUSED
        except Unavailable as error:
            self.engine.log(ERR, f"ims_auth: {error}")
            return FAILED
        except Declined as error:
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
