"""Self-test: the algorithms against the published sets, and one card through challenge and resynchronisation.

Run before each batch: a library or processor that computes wrongly makes cards that never register.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from olelo.auc.algorithm import Algorithm
from olelo.auc.keyring import Keyring
from olelo.auc.milenage import Milenage
from olelo.auc.published import MILENAGE, TUAK
from olelo.auc.seal import Binding, CardKeys, RandomSource, open_keys, seal_keys
from olelo.auc.secret import Secret
from olelo.auc.sqn import Counter, join
from olelo.auc.tuak import Tuak
from olelo.auc.usim import Accepted, SyncFailure, Usim
from olelo.auc.vector import check_auts, generate

_FUNCTIONS = ("f1", "f1*", "f2", "f3", "f4", "f5", "f5*")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the self-test; `wrong` names what differed, empty if nothing did."""

    name: str
    wrong: str = ""


def run(random: RandomSource) -> Iterator[Check]:
    """All checks, one after the other."""
    for name, values in published_sets(MILENAGE):
        yield Check(f"Milenage TS {name}", _compare(Milenage(), values))
    for name, values in published_sets(TUAK):
        iterations, mac, res, ck, ik = (int(value) for value in values[:5])
        yield Check(f"TUAK TS {name}", _compare(Tuak(iterations, mac, res, ck, ik), values[5:]))
    yield Check("seal and open a record", _seal(random))
    yield Check("challenge and resynchronise a card", _card(random))


def published_sets(text: str) -> Iterator[tuple[str, list[str]]]:
    """Name and values of each set of `published`."""
    words: list[str] = []
    for line in text.strip().splitlines():
        if words and not line.startswith(" "):
            yield words[0], words[1:]
            words = []
        words += line.split()
    yield words[0], words[1:]


def _compare(algorithm: Algorithm, values: list[str]) -> str:
    k, rand, sqn, amf, op, opc = (bytes.fromhex(value) for value in values[:6])
    derived = algorithm.opc(Secret(k), Secret(op))
    wrong = [] if derived == Secret(opc) else ["OPc"]
    functions = algorithm.bind(Secret(k), Secret(opc))
    answer = functions.f2345(rand)
    computed = (
        functions.f1(rand, sqn, amf),
        functions.f1_star(rand, sqn, amf),
        answer.res,
        answer.ck,
        answer.ik,
        answer.ak,
        functions.f5_star(rand),
    )
    wrong += [
        name for name, value, expected in zip(_FUNCTIONS, computed, values[6:], strict=True) if value.hex() != expected
    ]
    return ", ".join(wrong)


def _seal(random: RandomSource) -> str:
    ring = Keyring([Secret(random(32))], "self-test")
    keys = CardKeys(Secret(random(16)), Secret(random(16)))
    binding = Binding("001010000000001", "8988211000000000011", "milenage", "self-test")
    opened = open_keys(ring, ring.active, binding, seal_keys(ring, binding, keys, random))
    return "" if (opened.k, opened.opc) == (keys.k, keys.opc) else "the record opened to something else"


def _card(random: RandomSource) -> str:
    functions = Milenage().bind(Secret(random(16)), Secret(random(16)))
    card = Usim(functions)
    card.slots[3] = 1000
    counter = Counter(sqn=0, ind=3, ind_length=5)
    vector = generate(functions, random(16), counter.next_sqn(0), b"\0\0")
    answer = card.authenticate(vector.rand, vector.autn)
    if not isinstance(answer, SyncFailure):
        return "an old SQN was accepted"
    sqn_ms = check_auts(functions, vector.rand, answer.auts)
    if sqn_ms != join(1000, 3):
        return "AUTS gave another SQN"
    vector = generate(functions, random(16), Counter(sqn=sqn_ms, ind=3, ind_length=5).next_sqn(0), b"\0\0")
    answer = card.authenticate(vector.rand, vector.autn)
    return "" if isinstance(answer, Accepted) and answer.res == vector.xres else "the fresh challenge was refused"
