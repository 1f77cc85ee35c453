"""The authentication centre: what a registrar asks for vectors.

    centre = AuthenticationCentre(store, keyring)
    vector = centre.challenge("001010000000001@ims.mnc001.mcc001.3gppnetwork.org", now)
    ...the answer comes with RES:   centre.answered(vector.rand, now)
    ...or with AUTS:                vector = centre.resynchronise(imsi, vector.rand, auts, now)

Every method is synchronous and touches the database at most a few times; a server with an event loop calls them on
a worker thread. Sequence numbers live in the database, sent challenges in memory: after a restart an AUTS for an
old RAND is refused, and the phone gets a new challenge.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from olelo.auc.algorithm import Functions
from olelo.auc.errors import AucError, AutsMacFailure, FormatError, RandNotHeld, StateError
from olelo.auc.keyring import Keyring
from olelo.auc.profile import parse_profile
from olelo.auc.seal import RandomSource, open_keys
from olelo.auc.store import ACTIVE, Store, Subscriber
from olelo.auc.vector import Triplet, Vector, check_auts, generate, triplet

HOLD = 60  # seconds a sent RAND is held, as Kamailio's auth_vector_timeout
CAPACITY = 200_000  # RANDs held at once; the oldest go first


@dataclass(frozen=True, slots=True)
class Sent:
    """A RAND that went out: whose it is, and until when it is held (the caller's seconds)."""

    imsi: str
    expires: float


class AuthenticationCentre:
    """Vectors and resynchronisation for the cards of one store.

    Args:
        store, keyring: the database and the keys that open it.
        random: source of RAND; os.urandom unless a test needs the same twice.
        hold: seconds a sent RAND is held for its answer.
        capacity: RANDs held at once.
        refresh: reads the ring again (`lambda: Keyring.find(path)`); called when a record is under a key the ring
            does not have, which is what a rotation looks like to a running server.

    `counters` counts challenges, answered, resyncs, auts_mac_failures, rand_not_held, unknown, refused.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        *,
        random: RandomSource = os.urandom,
        hold: float = HOLD,
        capacity: int = CAPACITY,
        refresh: Callable[[], Keyring] | None = None,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._random = random
        self._hold = hold
        self._capacity = capacity
        self._refresh = refresh
        self._sent: dict[bytes, Sent] = {}  # in order of sending, so the oldest is first
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self.counters: Counter[str] = Counter()

    def _count(self, name: str) -> None:
        # Adding to a number is not one step, and challenges are made on several threads.
        with self._counting:
            self.counters[name] += 1

    def subscriber(self, identity: str) -> Subscriber:
        """The subscriber of an IMSI, IMPI or temporary IMPU; NotFound if there is none."""
        try:
            return self._store.subscriber(identity)
        except AucError:
            self._count("unknown")
            raise

    def _active(self, identity: str) -> Subscriber:
        subscriber = self.subscriber(identity)
        if subscriber.state != ACTIVE:
            self._count("refused")
            raise StateError(f"IMSI {subscriber.imsi} is {subscriber.state}, not active")
        return subscriber

    def reserve_sqn(self, imsi: str, now: int, count: int = 1) -> list[int]:
        """Reserve sequence numbers without a vector; see `Store.reserve_sqn`."""
        return self._store.reserve_sqn(imsi, now, count)

    def functions(self, subscriber: Subscriber) -> Functions:
        """The f-functions with the card's keys inside.

        Raises:
            SealError: the sealed record was changed, moved, or is under a key that is not in the ring.
        """
        if self._refresh is not None and subscriber.kek_id not in self._keyring.ids:
            self._keyring = self._refresh()
        keys = open_keys(self._keyring, subscriber.kek_id, subscriber.binding, subscriber.sealed_keys)
        return parse_profile(subscriber.algorithm).bind(keys.k, keys.opc)

    def challenge(self, identity: str, now: float, *, amf: bytes | None = None) -> Vector:
        """A fresh vector for a card, its SQN reserved and its RAND held.

        Args:
            identity: IMSI, IMPI or temporary IMPU.
            now: seconds; the wall clock, because SEQ may follow it.
            amf: instead of the card's own AMF.

        Raises:
            NotFound, StateError, SealError, SqnExhausted: no vector; a refused card has not used a number.
        """
        if amf is not None and len(amf) != 2:
            raise FormatError("AMF has 2 bytes")
        subscriber = self._active(identity)
        # Opened before the reservation: a record that does not open must not use up numbers.
        functions = self.functions(subscriber)
        (sqn,) = self._store.reserve_sqn(subscriber.imsi, int(now))
        vector = generate(functions, self._random(16), sqn, subscriber.amf if amf is None else amf)
        with self._lock:
            self._expire(now)
            self._sent[vector.rand] = Sent(subscriber.imsi, now + self._hold)
        self._count("challenges")
        return vector

    def triplet(self, identity: str) -> Triplet:
        """A GSM triplet; it has no sequence number and proves nothing about the network.

        Raises:
            NotFound, StateError, SealError: as for `challenge`.
        """
        return triplet(self.functions(self._active(identity)), self._random(16))

    def held(self, rand: bytes, now: float) -> bool:
        """Whether a RAND was sent and neither answered nor expired."""
        with self._lock:
            sent = self._sent.get(rand)
        return sent is not None and now < sent.expires

    def answered(self, rand: bytes, now: float) -> bool:
        """Mark a RAND as answered: from here on no AUTS is taken for it. False if it was not held."""
        with self._lock:
            sent = self._sent.pop(rand, None)
        if sent is None or now >= sent.expires:
            return False
        self._count("answered")
        return True

    def resynchronise(self, identity: str, rand: bytes, auts: bytes, now: float) -> Vector:
        """Take a card's AUTS and give the vector of the next challenge at once.

        Only for a RAND that was sent to this card and is still held, and once; MAC-S is compared, with AMF* = 0000.
        On success all held RANDs of the card are dropped. On a wrong MAC-S nothing changes, so that a forged AUTS
        does not cost the real phone its challenge.

        Raises:
            RandNotHeld: not sent, answered, expired, or sent to another card.
            AutsMacFailure: MAC-S is wrong.
            NotFound, StateError, SealError, SqnExhausted: as for `challenge`.
        """
        subscriber = self.subscriber(identity)
        with self._lock:
            sent = self._sent.get(rand)
        if sent is None or sent.imsi != subscriber.imsi or now >= sent.expires:
            self._count("rand_not_held")
            raise RandNotHeld(f"IMSI {subscriber.imsi}: no such challenge is waiting for an answer")
        sqn_ms = check_auts(self.functions(subscriber), rand, auts)
        if sqn_ms is None:
            self._count("auts_mac_failures")
            raise AutsMacFailure(f"IMSI {subscriber.imsi}: MAC-S of the AUTS is wrong")
        with self._lock:
            # Taken out under the lock: of two copies of one AUTS only the first gets here.
            if self._sent.pop(rand, None) is None:
                self._count("rand_not_held")
                raise RandNotHeld(f"IMSI {subscriber.imsi}: this challenge was answered already")
            for other in [held for held, item in self._sent.items() if item.imsi == subscriber.imsi]:
                del self._sent[other]
        self._store.resynchronise(subscriber.imsi, sqn_ms, int(now))
        self._count("resyncs")
        return self.challenge(subscriber.imsi, now)

    def _expire(self, now: float) -> None:
        # `hold` is the same for all, so insertion order is expiry order.
        while self._sent:
            oldest = next(iter(self._sent))
            if self._sent[oldest].expires > now and len(self._sent) < self._capacity:
                return
            del self._sent[oldest]
