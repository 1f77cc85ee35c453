"""Milenage, 3GPP TS 35.205 and 35.206: f1, f1*, f2, f3, f4, f5, f5* over AES-128.

Pure: bytes in, bytes out. With E(x) = AES-128 of one block under K and rot(x, n) a cyclic rotation by n bits
towards the most significant bit:

    OPc  = OP ^ E(OP)
    TEMP = E(RAND ^ OPc)
    OUT1 = E(TEMP ^ rot(IN1 ^ OPc, r1) ^ c1) ^ OPc       IN1 = SQN || AMF || SQN || AMF
    OUTn = E(rot(TEMP ^ OPc, rn) ^ cn) ^ OPc             n = 2..5

OPc is a one-way function of OP: x ^ E(x) is a feed-forward, so K and OPc do not give OP back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from olelo.auc.algorithm import Answer
from olelo.auc.errors import FormatError, KeyFormatError
from olelo.auc.secret import Secret

_BLOCK = (1 << 128) - 1
STANDARD_ROTATIONS = (64, 0, 32, 64, 96)
STANDARD_CONSTANTS = (0, 1, 2, 4, 8)


def _encryptor(k: Secret) -> CipherContext:
    if len(k) != 16:
        raise KeyFormatError(f"Milenage takes a K of 128 bits, not {len(k) * 8}")
    # One block at a time through one context is ECB with no padding: TS 35.206 uses the bare block cipher.
    return Cipher(algorithms.AES(k.reveal()), modes.ECB()).encryptor()


def _rot(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (128 - bits))) & _BLOCK


@dataclass(frozen=True, slots=True)
class Milenage:
    """Milenage under a profile: rotations r1-r5 in bits and constants c1-c5 as 128-bit numbers.

    Operators may choose their own (TS 35.206 section 5.3); they are then on the card too. Rotations need not be
    multiples of 8.
    """

    rotations: tuple[int, int, int, int, int] = STANDARD_ROTATIONS
    constants: tuple[int, int, int, int, int] = STANDARD_CONSTANTS

    def __post_init__(self) -> None:
        if len(self.rotations) != 5 or any(not 0 <= bits < 128 for bits in self.rotations):
            raise FormatError("Milenage needs five rotations of 0 to 127 bits")
        if len(self.constants) != 5 or any(not 0 <= value <= _BLOCK for value in self.constants):
            raise FormatError("Milenage needs five constants of at most 128 bits")
        # TS 35.206 section 5.3: equal (c, r) pairs would make two of f2..f5* the same function.
        pairs = list(zip(self.constants[1:], self.rotations[1:], strict=True))
        if len(set(pairs)) != 4:
            raise FormatError("two of Milenage's outputs OUT2..OUT5 share rotation and constant and would be equal")

    @property
    def name(self) -> str:
        return "milenage"

    @property
    def op_size(self) -> int:
        return 16

    @property
    def key_sizes(self) -> tuple[int, ...]:
        return (16,)

    @property
    def mac_size(self) -> int:
        return 8

    @property
    def profile(self) -> str:
        parts = []
        if self.rotations != STANDARD_ROTATIONS:
            parts.append("r=" + "/".join(str(bits) for bits in self.rotations))
        if self.constants != STANDARD_CONSTANTS:
            parts.append("c=" + "/".join(f"{value:x}" for value in self.constants))
        return ":".join(["milenage", *parts])

    def opc(self, k: Secret, op: Secret) -> Secret:
        """OPc = OP ^ E(K, OP)."""
        return self.opc_many(k, [op])[0]

    def opc_many(self, k: Secret, ops: Sequence[Secret]) -> list[Secret]:
        """OPc for each OP, under one key schedule."""
        for op in ops:
            if len(op) != 16:
                raise KeyFormatError(f"OP of Milenage has 128 bits, not {len(op) * 8}")
        plain = b"".join(op.reveal() for op in ops)
        size = len(plain)
        mixed = int.from_bytes(plain, "big") ^ int.from_bytes(_encryptor(k).update(plain), "big")
        derived = mixed.to_bytes(size, "big")
        return [Secret(derived[start : start + 16]) for start in range(0, size, 16)]

    def bind(self, k: Secret, opc: Secret) -> "MilenageFunctions":
        return MilenageFunctions(self, k, opc)


class MilenageFunctions:
    """Milenage with the keys of one card; one AES key schedule for its lifetime."""

    __slots__ = ("_constants", "_encrypt", "_opc", "_rotations")

    def __init__(self, milenage: Milenage, k: Secret, opc: Secret) -> None:
        if len(opc) != 16:
            raise KeyFormatError(f"OPc of Milenage has 128 bits, not {len(opc) * 8}")
        self._rotations = milenage.rotations
        self._constants = milenage.constants
        self._encrypt = _encryptor(k)
        self._opc = int.from_bytes(opc.reveal(), "big")

    def _e(self, block: int) -> int:
        return int.from_bytes(self._encrypt.update(block.to_bytes(16, "big")), "big")

    def _temp(self, rand: bytes) -> int:
        if len(rand) != 16:
            raise FormatError(f"RAND has 16 bytes, not {len(rand)}")
        return self._e(int.from_bytes(rand, "big") ^ self._opc)

    def _out(self, n: int, temp: int) -> bytes:
        mixed = _rot(temp ^ self._opc, self._rotations[n - 1]) ^ self._constants[n - 1]
        return (self._e(mixed) ^ self._opc).to_bytes(16, "big")

    def _out1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        if len(sqn) != 6 or len(amf) != 2:
            raise FormatError("SQN has 6 bytes and AMF 2")
        in1 = int.from_bytes(sqn + amf + sqn + amf, "big")
        mixed = self._temp(rand) ^ _rot(in1 ^ self._opc, self._rotations[0]) ^ self._constants[0]
        return (self._e(mixed) ^ self._opc).to_bytes(16, "big")

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A, 8 bytes."""
        return self._out1(rand, sqn, amf)[:8]

    def f1_star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 bytes."""
        return self._out1(rand, sqn, amf)[8:]

    def f2345(self, rand: bytes) -> Answer:
        """RES (8 bytes), CK and IK (16 each), AK (6)."""
        temp = self._temp(rand)
        out2 = self._out(2, temp)
        return Answer(res=out2[8:], ck=self._out(3, temp), ik=self._out(4, temp), ak=out2[:6])

    def f5_star(self, rand: bytes) -> bytes:
        """AK*, 6 bytes."""
        return self._out(5, self._temp(rand))[:6]
