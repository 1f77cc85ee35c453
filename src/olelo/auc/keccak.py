"""The permutation Keccak-f[1600] (FIPS 202 section 3) on a 200-byte state.

hashlib offers SHAKE256 but not the bare permutation, which TUAK needs when a card uses more than one iteration.
The tables are generated from their definitions, so that there is nothing to mistype.
"""

_LANE = (1 << 64) - 1


def _round_constants() -> tuple[int, ...]:
    # FIPS 202 algorithm 5: an LFSR over x^8 + x^6 + x^5 + x^4 + 1; bit j goes to position 2^j - 1.
    constants = []
    register = 1
    for _ in range(24):
        value = 0
        for j in range(7):
            if register & 1:
                value |= 1 << ((1 << j) - 1)
            register <<= 1
            if register & 0x100:
                register ^= 0x171
        constants.append(value)
    return tuple(constants)


def _rho_pi() -> tuple[tuple[int, int], ...]:
    # FIPS 202 algorithms 2 and 3 walked together: where each lane goes next, and rotated by how much.
    steps = []
    x, y = 1, 0
    for t in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        steps.append((x + 5 * y, ((t + 1) * (t + 2) // 2) % 64))
    return tuple(steps)


_ROUNDS = _round_constants()
_STEPS = _rho_pi()


def _rot(lane: int, bits: int) -> int:
    return ((lane << bits) | (lane >> (64 - bits))) & _LANE


def permute(state: bytes) -> bytes:
    """Apply Keccak-f[1600] once to 200 bytes."""
    lanes = [int.from_bytes(state[i : i + 8], "little") for i in range(0, 200, 8)]
    for constant in _ROUNDS:
        parity = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        for x in range(5):
            d = parity[(x + 4) % 5] ^ _rot(parity[(x + 1) % 5], 1)
            for y in range(0, 25, 5):
                lanes[x + y] ^= d
        carried = lanes[1]
        for target, bits in _STEPS:
            lanes[target], carried = _rot(carried, bits), lanes[target]
        for y in range(0, 25, 5):
            row = lanes[y : y + 5]
            for x in range(5):
                lanes[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _LANE)
        lanes[0] ^= constant
    return b"".join(lane.to_bytes(8, "little") for lane in lanes)
