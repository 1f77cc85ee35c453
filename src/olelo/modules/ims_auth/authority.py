"""The way to the local authentication centre: its database on a thread, with a deadline and a bound.

A challenge costs one durable commit (2 ms on a fast disk, tens on a slow one), and a locked database can hold a caller
for seconds, so nothing here runs on the thread that moves packets.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from olelo.auc import AuthenticationCentre, Keyring, Store, Vector, parse_auts
from olelo.auc.errors import AucError, FormatError, NotFound, RandNotHeld, ResyncRefused, StateError
from olelo.auc.scripted import ScriptedCards
from olelo.core.engine import ERR, Engine
from olelo.core.offload import Offload, TooLate, TooMany
from olelo.modules.ims_auth.errors import AutsRefused, Busy, CardFailed, CardRefused, Declined, NotHeld, Unavailable
from olelo.modules.ims_auth.identity import Claim
from olelo.modules.ims_auth.lookup import locate
from olelo.modules.ims_auth.script_keys import ScriptKeys
from olelo.modules.ims_auth.subject import ACTIVE, Subject

T = TypeVar("T")
DEFAULT_DB = "/var/lib/olelo/auc.db"  # as `olelo sim`
ENVIRONMENT_DB = "OLELO_AUC_DB"
#: Seconds until a request stops waiting for the database: Kamailio's for a Diameter answer.
DEADLINE = 5.0
#: Requests that may wait for the database; more are refused at once.
MAX_WAITING = 512
_LANE = "auc"


class Authority:
    """Asynchronous face of `AuthenticationCentre`.

    Args:
        db: database of `olelo sim`; "": the environment's OLELO_AUC_DB, else DEFAULT_DB.
        kek_file: file of key-encryption keys; "": as `Keyring.find` looks for them.
        hold: seconds that a RAND is held.

    timeouts, replies, reply_ms: what Kamailio counts of its Diameter answers.
    """

    def __init__(self, engine: Engine, db: str, kek_file: str, hold: float, capacity: int) -> None:
        self.engine = engine
        self.asked_for = bool(db or os.environ.get(ENVIRONMENT_DB))
        self.db = db or os.environ.get(ENVIRONMENT_DB) or DEFAULT_DB
        self._kek_file = Path(kek_file) if kek_file else None
        self._hold = hold
        self._capacity = capacity
        self.store: Store | None = None
        self.centre: AuthenticationCentre | None = None
        self.scripted: ScriptedCards | None = None
        self.timeouts = 0
        self.replies = 0
        self.reply_ms = 0
        self._offload = Offload(engine.services, DEADLINE, MAX_WAITING)

    def open(self, scripted: bool) -> None:
        """Open database and keys.

        Args:
            scripted: keys may come from the script. Then a missing database is made, for the sequence numbers, and
                no key-encryption key is needed.

        Raises:
            Unavailable: they cannot be opened; the text says why.
        """
        try:
            self._open(scripted)
        except (AucError, OSError) as error:
            raise Unavailable(str(error)) from None

    def _open(self, scripted: bool) -> None:
        try:
            ring = Keyring.find(self._kek_file)
        except NotFound:
            if not scripted:
                raise
            ring = None
        random = self.engine.services.random_bytes
        self.store = store = Store.open(self.db, create=scripted)
        self.scripted = ScriptedCards(store, random)
        if ring is None:
            return
        self.centre = AuthenticationCentre(
            store,
            ring,
            random=random,
            hold=self._hold,
            capacity=self._capacity,
            refresh=lambda: Keyring.find(self._kek_file),
        )

    def close(self) -> None:
        store, self.store, self.centre, self.scripted = self.store, None, None, None
        if store is not None:
            store.close()

    # --- questions ----------------------------------------------------------------------------------------

    async def locate(self, claim: Claim, check_impu: bool) -> Subject | None:
        """The card that a claim is about. Raises Unavailable."""
        store, _ = self._open_ones()
        return await self._ask(lambda: locate(store, claim, check_impu))

    async def is_active(self, imsi: str) -> bool:
        """Whether a card may still register. Raises Unavailable; CardRefused: there is no such card any more."""
        store, _ = self._open_ones()
        return await self._ask(lambda: store.subscriber(imsi).state == ACTIVE)

    async def challenge(self, imsi: str) -> Vector:
        """A fresh vector; its SQN is on disk when this returns. Raises Unavailable, Declined."""
        _, centre = self._open_ones()
        now = self.engine.wall()
        return await self._ask(lambda: centre.challenge(imsi, now))

    async def resynchronise(self, imsi: str, rand: bytes, auts: str) -> Vector:
        """Take an AUTS; gives the vector of the next challenge. Raises Unavailable, Declined."""
        _, centre = self._open_ones()
        now = self.engine.wall()
        return await self._ask(lambda: centre.resynchronise(imsi, rand, parse_auts(auts), now))

    async def challenge_by(self, identity: str, keys: ScriptKeys) -> Vector:
        """A fresh vector with keys of the script. Raises Unavailable, Declined."""
        cards = self._scripted()
        return await self._ask(lambda: cards.challenge(identity, keys.functions(), keys.amf))

    async def resynchronise_by(self, identity: str, keys: ScriptKeys, rand: bytes, auts: str) -> Vector:
        """The same for an AUTS. Raises Unavailable, Declined."""
        cards = self._scripted()
        return await self._ask(
            lambda: cards.resynchronise(identity, keys.functions(), rand, parse_auts(auts), keys.amf)
        )

    def _scripted(self) -> ScriptedCards:
        if self.scripted is None:
            raise Unavailable(f"the authentication centre's database {self.db} is not open")
        return self.scripted

    def answered(self, rand: bytes) -> None:
        """No AUTS is taken for this RAND any more."""
        if self.centre is not None:
            self.centre.answered(rand, self.engine.wall())

    def _open_ones(self) -> tuple[Store, AuthenticationCentre]:
        if self.store is None or self.centre is None:
            raise Unavailable(f"the authentication centre's database {self.db} is not open")
        return self.store, self.centre

    async def _ask(self, call: Callable[[], T]) -> T:
        """Run a call on the database's thread and wait for it, up to DEADLINE. An answer after that is thrown away: a
        number that it reserved is skipped, never used by somebody else."""
        start = self.engine.services.now()
        try:
            result = await self._offload.call(_LANE, call)
        except TooMany:
            raise Busy(f"{MAX_WAITING} requests wait for the authentication centre") from None
        except TooLate:
            self.timeouts += 1
            raise Unavailable(f"the authentication centre has not answered within {DEADLINE:.0f} s") from None
        except AucError as error:
            self._answered(start)
            raise _declined(error) from None
        except Exception as error:
            # What other exceptions say may hold what they were given; only their kind is told.
            self._answered(start)
            if not isinstance(error, SQLAlchemyError | OSError):
                self.engine.log(ERR, f"ims_auth: a fault in the authentication centre: {type(error).__name__}")
            raise Unavailable(f"the authentication centre's database failed: {type(error).__name__}") from None
        self._answered(start)
        return result

    def _answered(self, start: float) -> None:
        self.replies += 1
        self.reply_ms += round((self.engine.services.now() - start) * 1000)


def _declined(error: AucError) -> Declined:
    text = str(error)
    if isinstance(error, NotFound | StateError):
        return CardRefused(text)
    if isinstance(error, RandNotHeld):
        return NotHeld(text)
    return AutsRefused(text) if isinstance(error, FormatError | ResyncRefused) else CardFailed(text)
