"""What several tests need: a store in a file, a ring, a batch of active cards, repeatable random bytes."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from olelo.auc.batch import BatchPlan, make_batch
from olelo.auc.keyring import Keyring
from olelo.auc.numbering import iccid_range, imsi_range
from olelo.auc.secret import Secret
from olelo.auc.store import Store

NOW = 1_800_000_000
RING = Keyring([Secret(bytes(range(32)))], "test ring")
FIRST_IMSI = "001010000000001"
FIRST_ICCID = "8988211000000000001"[:18]


class Dice:
    """Bytes that look random and are the same in every run."""

    def __init__(self, seed: str = "dice") -> None:
        self._seed = seed.encode()
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._seed + self._count.to_bytes(8, "big")).digest(size)


@dataclass(frozen=True)
class Place:
    store: Store
    path: Path


def plan(name: str = "first", count: int = 5, **changes: object) -> BatchPlan:
    basic = BatchPlan(
        name=name,
        mcc="001",
        mnc="01",
        imsis=imsi_range(FIRST_IMSI, count, "001", "01"),
        iccids=iccid_range(FIRST_ICCID, count),
        state="active",
        seq_floor=False,
    )
    return replace(basic, **changes)  # type: ignore[arg-type]


def open_store(directory: Path) -> Store:
    return Store.open(str(directory / "auc.db"))


def stocked(directory: Path, count: int = 5, **changes: object) -> Store:
    """A store with one batch of active cards."""
    store = open_store(directory)
    make_batch(store, RING, plan(count=count, **changes), now=NOW, who="test", random=Dice())
    return store
