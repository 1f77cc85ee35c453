"""TUAK, 3GPP TS 35.231: the f-functions over Keccak, with keys of 128 or 256 bits.

Pure: bytes in, bytes out. All strings enter and leave the sponge with their bytes reversed (R below):

    core(T, inst, ...) = Keccak of R(T) || inst || R("TUAK1.0") || R(RAND) || R(AMF) || R(SQN) || R(K) || padding
    TOPc = R(core(TOP, K256)[0:32])          f1 and f1* take SQN and AMF; f2..f5 and f5* do not
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from olelo.auc.algorithm import Answer
from olelo.auc.errors import FormatError, KeyFormatError
from olelo.auc.keccak import permute
from olelo.auc.secret import Secret

_NAME = b"TUAK1.0"[::-1]
_RATE = 136  # bytes: SHAKE256's rate, 1088 bits
_MAC_BITS = {64: 0x08, 128: 0x10, 256: 0x20}
_RES_BITS = {32: 0x00, 64: 0x08, 128: 0x10, 256: 0x20}


def _core(top: bytes, instance: int, key: bytes, rand: bytes, sqn: bytes, amf: bytes, iterations: int) -> bytes:
    message = (
        top[::-1] + bytes((instance,)) + _NAME + rand[::-1] + amf[::-1] + sqn[::-1] + key[::-1] + bytes(32 - len(key))
    )
    if iterations == 1:
        return hashlib.shake_256(message).digest(_RATE)
    # TS 35.231 section 7.1: SHAKE's padding (0x1F ... 0x80) over the rate, a capacity of zeros, then n permutations.
    state = message + b"\x1f" + bytes(_RATE - len(message) - 2) + b"\x80" + bytes(200 - _RATE)
    for _ in range(iterations):
        state = permute(state)
    return state[:_RATE]


@dataclass(frozen=True, slots=True)
class Tuak:
    """TUAK under a profile: Keccak iterations and output lengths in bits.

    AUTN carries a MAC of 64 bits (TS 33.102 section 6.3.2); the longer ones exist in TS 35.231 for other uses.
    """

    iterations: int = 1
    mac: int = 64
    res: int = 64
    ck: int = 128
    ik: int = 128

    def __post_init__(self) -> None:
        if not 1 <= self.iterations <= 255:
            raise FormatError("TUAK: iterations must be 1 to 255")
        if self.mac not in _MAC_BITS or self.res not in _RES_BITS:
            raise FormatError("TUAK: MAC has 64, 128 or 256 bits, RES 32, 64, 128 or 256")
        if self.ck not in (128, 256) or self.ik not in (128, 256):
            raise FormatError("TUAK: CK and IK have 128 or 256 bits")

    @property
    def name(self) -> str:
        return "tuak"

    @property
    def op_size(self) -> int:
        return 32

    @property
    def key_sizes(self) -> tuple[int, ...]:
        return (16, 32)

    @property
    def mac_size(self) -> int:
        return self.mac // 8

    @property
    def profile(self) -> str:
        standard = Tuak()
        parts = [
            f"{name}={getattr(self, name)}"
            for name in ("iterations", "mac", "res", "ck", "ik")
            if getattr(self, name) != getattr(standard, name)
        ]
        return ":".join(["tuak", *parts])

    def opc(self, k: Secret, op: Secret) -> Secret:
        """TOPc from K and TOP (256 bits)."""
        if len(op) != 32:
            raise KeyFormatError(f"TOP of TUAK has 256 bits, not {len(op) * 8}")
        key = _key(k)
        out = _core(op.reveal(), int(len(key) == 32), key, bytes(16), bytes(6), bytes(2), self.iterations)
        return Secret(out[31::-1])

    def opc_many(self, k: Secret, ops: Sequence[Secret]) -> list[Secret]:
        """TOPc for each TOP."""
        return [self.opc(k, op) for op in ops]

    def bind(self, k: Secret, opc: Secret) -> "TuakFunctions":
        return TuakFunctions(self, k, opc)


def _key(k: Secret) -> bytes:
    if len(k) not in (16, 32):
        raise KeyFormatError(f"TUAK takes a K of 128 or 256 bits, not {len(k) * 8}")
    return k.reveal()


class TuakFunctions:
    """TUAK with the keys of one card."""

    __slots__ = ("_k", "_k256", "_topc", "_tuak")

    def __init__(self, tuak: Tuak, k: Secret, topc: Secret) -> None:
        if len(topc) != 32:
            raise KeyFormatError(f"TOPc of TUAK has 256 bits, not {len(topc) * 8}")
        self._tuak = tuak
        self._k = Secret(_key(k))
        self._k256 = int(len(k) == 32)
        self._topc = topc

    def _out(self, instance: int, rand: bytes, sqn: bytes = bytes(6), amf: bytes = bytes(2)) -> bytes:
        if len(rand) != 16 or len(sqn) != 6 or len(amf) != 2:
            raise FormatError("RAND has 16 bytes, SQN 6 and AMF 2")
        instance |= self._k256
        return _core(self._topc.reveal(), instance, self._k.reveal(), rand, sqn, amf, self._tuak.iterations)

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A."""
        return self._out(_MAC_BITS[self._tuak.mac], rand, sqn, amf)[: self._tuak.mac // 8][::-1]

    def f1_star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S."""
        return self._out(0x80 | _MAC_BITS[self._tuak.mac], rand, sqn, amf)[: self._tuak.mac // 8][::-1]

    def f2345(self, rand: bytes) -> Answer:
        """RES, CK, IK and AK."""
        tuak = self._tuak
        lengths = int(tuak.ck == 256) << 2 | int(tuak.ik == 256) << 1
        out = self._out(0x40 | _RES_BITS[tuak.res] | lengths, rand)
        return Answer(
            res=out[: tuak.res // 8][::-1],
            ck=out[32 : 32 + tuak.ck // 8][::-1],
            ik=out[64 : 64 + tuak.ik // 8][::-1],
            ak=out[96:102][::-1],
        )

    def f5_star(self, rand: bytes) -> bytes:
        """AK*, 6 bytes."""
        return self._out(0xC0, rand)[96:102][::-1]
