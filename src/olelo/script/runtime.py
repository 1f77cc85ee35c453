"""What generated routes call besides the modules' functions: conversions, comparisons, and the driver of a route.

Conversions are Kamailio's (core/rvalue.c): text that is no number counts as 0, $null as 0 or "". Integers are 64
bits wide, as in Kamailio from 5.7 on; sums and differences are left to grow, products and shifts wrap.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import lru_cache
from typing import Any, Final

from olelo.script import regex
from olelo.script.catalog import Value

log = logging.getLogger("olelo.script")

#: Default of the core parameter max_while_loops.
MAX_WHILE_LOOPS: Final = 100
#: Default of the core parameter max_recursive_level.
MAX_RECURSIVE_LEVEL: Final = 256
#: Returned by a route whose last action was `break`: its value is 0, and yet the script goes on. No function
#: may return it. Callers of such routes turn it into 0.
SOFT_ZERO: Final = -(1 << 63)

_DIGITS: Final = frozenset("0123456789")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_MASK: Final = (1 << 64) - 1
_SIGN: Final = 1 << 63


class EvalError(Exception):
    """An expression has no value (division by zero, bad pattern): its statement is given up, with a log line."""


def parse_int(text: str) -> int | None:
    """The number that a text is, or None: optional sign and decimal digits, or 0x and hexadecimal digits; "" is 0."""
    if not text:
        return 0
    digits = text[1:] if text[0] in "+-" else text
    # str.isdigit alone would take characters such as the superscript two, which int() refuses
    if digits.isdigit() and digits.isascii():
        value = int(text) if len(digits) < 20 else _SIGN
        return value if -_SIGN <= value < _SIGN else None
    if len(text) > 2 and text[0] == "0" and text[1] in "xX" and _HEX.issuperset(text[2:]) and len(text) <= 18:
        return int(text, 16)
    return None


def to_int(value: Value) -> int:
    """A value where a number is wanted: text that is no number and $null count as 0."""
    if value.__class__ is int:
        return value
    if not value:
        return 0
    return parse_int(str(value)) or 0


def to_str(value: Value) -> str:
    """A value where text is wanted: $null is the empty string."""
    if value.__class__ is str:
        return value
    return "" if value is None else str(value)


def show(value: Value) -> str:
    """A variable inside a format string: $null prints as `<null>`."""
    if value.__class__ is str:
        return value
    return "<null>" if value is None else str(value)


def arg_int(value: Value) -> int | None:
    """A value as an integer argument of a function; None (the call returns -1) where it is no number."""
    if value.__class__ is int:
        return value
    return None if value is None else parse_int(str(value))


def equal(left: Value, right: Value) -> bool:
    """`left == right`: compared as the left operand's type; where that is $null, as the right one's."""
    if left.__class__ is str:
        return left == to_str(right)
    if left is not None:
        return left == to_int(right)
    return not right if right.__class__ is int else not to_str(right)


def add(left: Value, right: Value) -> Value:
    """`left + right`: a sum where the left operand is a number, else the texts joined."""
    if left.__class__ is int:
        return left + to_int(right)
    return to_str(left) + to_str(right)


def select(value: Value) -> Value:
    """The value of selval(): $null becomes the empty string."""
    return "" if value is None else value


def _wrap(number: int) -> int:
    number &= _MASK
    return number - (1 << 64) if number & _SIGN else number


def multiply(left: int, right: int) -> int:
    return _wrap(left * right)


def divide(left: int, right: int) -> int:
    """C's division, which rounds towards zero. Raises EvalError for a zero divisor."""
    if not right:
        raise EvalError("division by 0")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def modulo(left: int, right: int) -> int:
    """C's remainder, which has the sign of the left operand. Raises EvalError for a zero divisor."""
    if not right:
        raise EvalError("modulo by 0")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def shift_left(left: int, right: int) -> int:
    return _wrap(left << (right & 63))


def shift_right(left: int, right: int) -> int:
    return left >> (right & 63)


def match(text: str, pattern: str) -> bool:
    """`text =~ pattern` where the pattern is known only now (cached). Raises EvalError if it is bad."""
    try:
        return regex.posix(pattern).search(text) is not None
    except ValueError as error:
        raise EvalError(f"bad regular expression {pattern!r}: {error}") from None


def same_text(left: Value, right: str) -> bool:
    """Comparison of a core operand (`method == "invite"`): letters match in either case."""
    return left is not None and to_str(left).lower() == right.lower()


def arg_regex(pattern: str) -> re.Pattern[str] | None:
    """A pattern argument made at run time, with the flags functions use; None (the call returns -1) if it is bad."""
    try:
        return regex.posix(pattern, True, True)
    except ValueError as error:
        log.error("bad regular expression %r: %s", pattern, error)
        return None


class Network:
    """An address or network in a comparison: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `[2001:db8::]/32`, `10.1.2.3`.

    Raises: ValueError where the text is none.
    """

    __slots__ = ("_known", "_net", "text")

    def __init__(self, text: str) -> None:
        self._net = ipaddress.ip_network(text.replace("[", "").replace("]", ""), strict=False)
        self.text = str(self._net)
        self._known: dict[str, bool] = {}

    def contains(self, address: Value) -> bool:
        """Is the address (as text) in the network? Answers are kept for the addresses seen lately."""
        text = str(address)
        found = self._known.get(text)
        if found is None:
            try:
                found = ipaddress.ip_address(text.strip("[]")) in self._net
            except ValueError:
                found = False
            if len(self._known) > 1023:
                self._known.clear()
            self._known[text] = found
        return found


@lru_cache(maxsize=256)
def _network(text: str) -> Network | None:
    try:
        return Network(text)
    except ValueError:
        return None


def same_address(address: Value, text: str) -> bool:
    """`src_ip == "..."` with an address, network or name known only now. Names are compared as text, not resolved."""
    network = _network(text)
    return network.contains(address) if network is not None else same_text(address, text)


def given_up(error: EvalError, place: str) -> int:
    """Log why a statement was given up; returns -1, the statement's value."""
    log.error("%s: %s", place, error)
    return -1


def runaway(limit: int, place: str) -> int:
    """Log that a `while` ran into max_while_loops; returns -1, the statement's value."""
    log.error("%s: runaway while: more than %d loops", place, limit)
    return -1


def too_deep(limit: int, place: str) -> int:
    """Log that routes call each other too deeply; returns -1, the call's value."""
    log.error("%s: too many recursive routing table lookups (%d)", place, limit)
    return -1


def no_route(name: str, place: str) -> int:
    """Log that route(expression) named no route; returns -10 (Kamailio's E_SCRIPT), the call's value."""
    log.error("%s: route %r not found", place, name)
    return -10


class Suspended:
    """A route that waits: await it to run it to its end. `pending` is what it waits for."""

    __slots__ = ("coroutine", "pending")

    def __init__(self, coroutine: Coroutine[Any, Any, int], pending: Any) -> None:
        self.coroutine = coroutine
        self.pending = pending

    def __await__(self) -> Generator[Any, Any, int]:
        pending = self.pending
        while True:
            try:
                try:
                    sent = yield pending
                except GeneratorExit:
                    self.coroutine.close()
                    raise
                except BaseException as error:  # cancellation and the like go into the route, which may handle it
                    pending = self.coroutine.throw(error)
                else:
                    pending = self.coroutine.send(sent)
            except StopIteration as stop:
                return 0 if stop.value == SOFT_ZERO else int(stop.value)

    def close(self) -> None:
        """Give the route up where it stands."""
        self.coroutine.close()


def run(route: Callable[[Any], int | Awaitable[int]], ctx: Any) -> int | Suspended:
    """Run a compiled route as far as it goes without waiting.

    Returns its code (0: the script ended with exit), or a Suspended for the caller to await inside a task. Until
    its first wait a route runs outside of any task: functions that need `asyncio.current_task` must wait first.
    """
    result = route(ctx)
    if result.__class__ is int:
        return 0 if result == SOFT_ZERO else result
    coroutine: Coroutine[Any, Any, int] = result  # type: ignore[assignment]
    try:
        pending = coroutine.send(None)
    except StopIteration as stop:
        return 0 if stop.value == SOFT_ZERO else int(stop.value)
    return Suspended(coroutine, pending)
