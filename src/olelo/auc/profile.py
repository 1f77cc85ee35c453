"""Profile text to algorithm and back: `milenage`, `milenage:r=64/0/32/64/96`, `tuak:iterations=2:res=128`."""

from functools import lru_cache

from olelo.auc.algorithm import Algorithm
from olelo.auc.errors import FormatError
from olelo.auc.milenage import Milenage
from olelo.auc.tuak import Tuak


@lru_cache(maxsize=64)
def parse_profile(text: str) -> Algorithm:
    """The algorithm of a profile line.

    Milenage: `r=` five rotations in bits, `c=` five constants in hexadecimal, each separated by `/`.
    TUAK: `iterations=`, and `mac=`, `res=`, `ck=`, `ik=` in bits.

    Raises:
        FormatError: unknown algorithm or option, or a value out of range.
    """
    name, *options = text.strip().lower().split(":")
    try:
        values = dict(_option(option) for option in options)
        if name == "milenage":
            return _milenage(values)
        if name == "tuak":
            if unknown := set(values) - {"iterations", "mac", "res", "ck", "ik"}:
                raise FormatError(f"TUAK has no option {sorted(unknown)[0]!r}")
            return Tuak(**{key: int(value) for key, value in values.items()})
    except ValueError:
        raise FormatError(f"algorithm profile {text!r}: a value is not a number") from None
    raise FormatError(f"unknown algorithm {name!r}: milenage or tuak")


def _option(option: str) -> tuple[str, str]:
    key, equals, value = option.partition("=")
    if not equals:
        raise FormatError(f"algorithm option {option!r} is not of the form name=value")
    return key, value


def _milenage(values: dict[str, str]) -> Milenage:
    if unknown := set(values) - {"r", "c"}:
        raise FormatError(f"Milenage has no option {sorted(unknown)[0]!r}")
    standard = Milenage()
    rotations, constants = standard.rotations, standard.constants
    if "r" in values:
        rotations = _five([int(item) for item in values["r"].split("/")])
    if "c" in values:
        constants = _five([int(item, 16) for item in values["c"].split("/")])
    return Milenage(rotations, constants)


def _five(items: list[int]) -> tuple[int, int, int, int, int]:
    if len(items) != 5:
        raise FormatError("Milenage needs five values")
    return (items[0], items[1], items[2], items[3], items[4])
