"""The challenges that wait for their answer: one nonce, one vector.

Pure of clocks: `now` comes in, in seconds of a clock that never goes back. What is held is bounded three ways: by
time, in number over all cards, and in number per card, so that a flood of REGISTERs takes neither the memory nor the
sequence numbers. A challenge that was answered wrongly is dead but still counts for its card until its time is over.
"""

from __future__ import annotations

from collections import Counter


class Held:
    """One challenge that went out. Its repr shows nothing: it has what the answer is checked with.

    names: user names (lower case) that may answer it. impus: public identities it was sent for. uses: how often the
    nonce was taken. shared: it went out more than once. own_keys: the keys came from the script, not the database.
    """

    __slots__ = (
        "algorithm",
        "bad_auts",
        "ck",
        "dead",
        "expires",
        "ik",
        "impus",
        "imsi",
        "names",
        "nonce",
        "own_keys",
        "password",
        "rand",
        "realm",
        "shared",
        "subject",
        "uses",
    )

    def __init__(
        self,
        nonce: bytes,
        rand: bytes,
        imsi: str,
        realm: str,
        algorithm: str,
        password: bytes,
        ck: bytes,
        ik: bytes,
        names: frozenset[bytes],
        impu: str,
        subject: object,
        own_keys: bool = False,
    ) -> None:
        self.nonce = nonce
        self.rand = rand
        self.imsi = imsi
        self.realm = realm
        self.algorithm = algorithm
        self.password = password
        self.ck = ck
        self.ik = ik
        self.names = names
        self.impus = {impu}
        self.subject = subject
        self.own_keys = own_keys
        self.expires = 0.0
        self.uses = 0
        self.bad_auts = 0
        self.dead = False
        self.shared = False

    @property
    def long_res(self) -> bool:
        """Whether RES is too long to be guessed while the challenge is held (64 bits; TUAK has shorter ones)."""
        return len(self.password) >= 8


class HeldVectors:
    """Challenges by nonce.

    Args:
        timeout: seconds that a challenge waits for its answer.
        used_timeout: seconds that a nonce may go on being used, where that is allowed.
        capacity: challenges held at once, of all cards; the oldest go first.
        per_card: unanswered challenges that one card may have.
    """

    def __init__(self, timeout: float, used_timeout: float, capacity: int, per_card: int) -> None:
        self.timeout = timeout
        self.used_timeout = used_timeout
        self.capacity = capacity
        self.per_card = per_card
        # Both in order of expiry, because each has one timeout for all: what is over stands in front.
        self._sent: dict[bytes, Held] = {}
        self._used: dict[bytes, Held] = {}
        self._used_of: dict[str, Held] = {}
        self._cards: dict[str, dict[bytes, Held]] = {}
        self._coming: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._sent) + len(self._used)

    def find(self, nonce: bytes, now: float) -> Held | None:
        """The challenge of a nonce, unless it is over or dead."""
        held = self._sent.get(nonce) or self._used.get(nonce)
        if held is None or held.dead or now >= held.expires:
            return None
        return held

    # --- the bound per card -------------------------------------------------------------------------------

    def reserve(self, imsi: str, now: float) -> bool:
        """Take one of the card's places for a challenge that is being made; False where none is left. Every True is
        followed by one `add` or one `give_back`."""
        self.sweep(now)
        if len(self._cards.get(imsi, ())) + self._coming[imsi] >= self.per_card:
            return False
        self._coming[imsi] += 1
        return True

    def give_back(self, imsi: str) -> None:
        """The challenge that a place was reserved for was not made."""
        self._coming[imsi] -= 1
        if self._coming[imsi] <= 0:
            del self._coming[imsi]

    def newest(self, imsi: str, realm: str, algorithm: str, now: float) -> Held | None:
        """The card's newest challenge that an answer would be taken for; None if there is none.

        One whose RES could be guessed is not offered again: it would have to die of the first wrong answer, and
        whoever floods could kill it.
        """
        for held in reversed(self._cards.get(imsi, {}).values()):
            if not held.dead and now < held.expires and held.realm == realm and held.algorithm == algorithm:
                return held if held.long_res else None
        return None

    # --- a challenge's life -------------------------------------------------------------------------------

    def add(self, held: Held, now: float, *, reserved: bool = True) -> None:
        """Hold a challenge that is about to be sent, in the place that was reserved for it."""
        if reserved:
            self.give_back(held.imsi)
        self.sweep(now)
        while len(self) >= self.capacity:
            self.drop(next(iter((self._sent or self._used).values())))
        held.expires = now + self.timeout
        self._sent[held.nonce] = held
        self._cards.setdefault(held.imsi, {})[held.nonce] = held

    def accept(self, held: Held, now: float, reuse: int) -> None:
        """A right answer came. The nonce is over, unless it may be used `reuse` times more."""
        held.uses += 1
        if held.uses > reuse:
            self.drop(held)
        elif held.uses == 1:
            self._unlist(held)  # an answered challenge does not count against its card
            older = self._used_of.get(held.imsi)
            if older is not None:  # there is one registration, and it has a newer nonce
                self.drop(older)
            held.expires = now + self.used_timeout
            self._used[held.nonce] = self._used_of[held.imsi] = held

    def reject(self, held: Held) -> None:
        """A wrong answer came: the first is the last, except for a challenge that several have seen."""
        if held.nonce in self._used:
            self.drop(held)
        elif not held.shared:
            held.dead = True
            held.password = held.ck = held.ik = b""

    def drop(self, held: Held) -> None:
        """Forget a challenge."""
        self._unlist(held)
        if self._used.pop(held.nonce, None) is not None:
            self._used_of.pop(held.imsi, None)

    def drop_card(self, imsi: str) -> None:
        """Forget all challenges of a card (it was resynchronised, so none of them is good any more)."""
        for held in list(self._cards.get(imsi, {}).values()):
            self._unlist(held)

    def sweep(self, now: float) -> None:
        """Forget what is over."""
        for table in (self._sent, self._used):
            while table:
                oldest = next(iter(table.values()))
                if oldest.expires > now:
                    break
                self.drop(oldest)

    def _unlist(self, held: Held) -> None:
        self._sent.pop(held.nonce, None)
        card = self._cards.get(held.imsi)
        if card is not None:
            card.pop(held.nonce, None)
            if not card:
                del self._cards[held.imsi]
