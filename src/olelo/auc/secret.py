"""Key material in a type that does not show itself.

A key reaches a log through a repr, an f-string, a traceback with locals, or a pickle. `Secret` closes these
four doors; the one way to the bytes is `reveal()`, which can be searched for in the source.
"""

import hmac
from typing import NoReturn

from olelo.auc.errors import KeyFormatError


class Secret:
    """Immutable key bytes; repr, str and format show only the length."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    @classmethod
    def from_hex(cls, text: str, *, sizes: tuple[int, ...] | range = (16, 32), what: str = "key") -> "Secret":
        """Read hexadecimal text (blanks, dashes, colons and a 0x prefix are allowed).

        Raises:
            KeyFormatError: not hexadecimal, or not one of `sizes` bytes. The message tells lengths, never digits.
        """
        digits = text if text.isalnum() else text.strip().translate(_SEPARATORS)
        if digits[:2] in ("0x", "0X"):
            digits = digits[2:]
        try:
            value = bytes.fromhex(digits)
        except ValueError:
            # `from None`: the chained message would name the position of a digit of the key.
            raise KeyFormatError(f"{what}: not hexadecimal text of even length ({len(digits)} characters)") from None
        if len(value) not in sizes:
            lengths = [str(size * 2) for size in sizes]
            wanted = f"{lengths[0]} to {lengths[-1]}" if isinstance(sizes, range) else " or ".join(lengths)
            raise KeyFormatError(f"{what}: {len(digits)} hexadecimal digits, expected {wanted}")
        return cls(value)

    def reveal(self) -> bytes:
        """The bytes themselves. Do not log, format or store what comes out."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    # A hash would put a function of the key into sets and dicts of other code.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Secret({len(self._value) * 8} bits)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialised; seal it (olelo.auc.seal)")


_SEPARATORS = {ord(" "): None, ord("-"): None, ord(":"): None, ord("\t"): None}
