"""The commands of an engine: registered by name, called by every door with converted arguments.

Arguments are converted as Kamailio's `rpc->scan` does (doc/rpc): S and s string, d integer, u unsigned, b bool,
f float, l j L J large integer, `*` the rest is optional, `.` the next is converted instead of refused. One letter is
ours: `a` takes the argument as it came. A method with `*args` gets the last letter repeated.

An optional argument of the wrong type counts as absent, with all after it; that is a fault only where the command then
has nothing to say.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from olelo.core.module import Many, RpcFault
from olelo.rpc.binrpc import END_OF_PACKET, WRONG_TYPE
from olelo.rpc.values import row, to_json

Arg = int | float | str
#: The method that gives another one's reply as JSON text.
JSON_METHOD = "system.json"

_INTS = "dubt"
_FLOATS = "f"
_LONGS = "ljLJ"
_STRINGS = "sS"
_EXPECTED = {
    **dict.fromkeys(_INTS, "integer"),
    **dict.fromkeys(_FLOATS + _LONGS, "float"),
    "s": "string",
    "S": "string",
}
_NUMBER = re.compile(r"[+-]?[0-9]+\Z")


class DeclaredCommand(Protocol):
    """What a module declares with `@rpc`, collected (core/declarations.RpcSpec)."""

    @property
    def name(self) -> str: ...
    @property
    def args(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def array(self) -> bool: ...
    @property
    def usage(self) -> tuple[int | str, ...]: ...
    @property
    def call(self) -> Callable[..., Any]: ...


@dataclass(slots=True, frozen=True)
class Slot:
    letter: str
    convert: bool
    optional: bool


@dataclass(slots=True, frozen=True)
class Command:
    """A registered command. usage: the fault for missing or wrong arguments where it has texts of its own: code, texts."""

    name: str
    call: Callable[..., Any]
    slots: tuple[Slot, ...]
    repeats: bool
    doc: str
    array: bool
    usage: tuple[int | str, ...]


class Registry:
    """Commands by name. `log` gets one line for each command that failed unexpectedly."""

    def __init__(self, log: Callable[[str], None] | None = None) -> None:
        self._commands: dict[str, Command] = {}
        self._log = log or logging.getLogger("olelo.rpc").error
        self.register(
            "system.listMethods", self._list, "", "Lists all RPC methods supported by the server.", array=True
        )
        self.register("system.methodSignature", self._signature, "*a", "Returns signature of given method.")
        self.register(
            "system.methodHelp",
            self._help,
            "s",
            "Print the help string for given method.",
            usage=(400, "Method Name Expected"),
        )
        self.register(JSON_METHOD, self._json, "s*a", "The reply of a method, with its arguments, as JSON text.")

    def register(
        self,
        name: str,
        func: Callable[..., Any],
        args: str = "",
        doc: str = "",
        *,
        array: bool = False,
        usage: tuple[int | str, ...] = (),
    ) -> None:
        """Add or replace a command. Raises ValueError for a bad `args` format."""
        repeats = any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(func).parameters.values())
        self._commands[name] = Command(name, func, parse_format(args), repeats, doc, array, usage)

    def register_all(self, declared: Iterable[DeclaredCommand]) -> None:
        for spec in declared:
            self.register(spec.name, spec.call, spec.args, spec.doc, array=spec.array, usage=spec.usage)

    def names(self) -> list[str]:
        """All names, sorted as Kamailio lists them (by byte)."""
        return sorted(self._commands)

    def get(self, name: str) -> Command | None:
        return self._commands.get(name)

    def call(self, name: str, args: Sequence[Any] = (), *, autoconvert: bool = False) -> Any:
        """Run a command and return its reply (or, from a command that waits, an awaitable of it: see `answer`).

        autoconvert: every argument behaves as if a `.` stood before its letter. Raises nothing but RpcFault.
        """
        command = self._commands.get(name)
        if command is None:
            raise RpcFault(500, f"command {name} not found")
        values, ignored = scan(command, args, autoconvert)
        try:
            reply = command.call(*values)
        except RpcFault:
            raise
        except Exception as error:  # a command's mistake is its caller's fault reply, never the server's end
            raise self._failed(name, error) from error
        if ignored is not None and (reply is None or (type(reply) is Many and not reply)):
            raise ignored
        return reply

    async def answer(self, name: str, args: Sequence[Any] = (), *, autoconvert: bool = False) -> Any:
        """As `call`, and waits for a command that waits."""
        reply = self.call(name, args, autoconvert=autoconvert)
        if not inspect.isawaitable(reply):
            return reply
        try:
            return await reply
        except RpcFault:
            raise
        except Exception as error:  # as in call()
            raise self._failed(name, error) from error

    def _failed(self, name: str, error: Exception) -> RpcFault:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace is not None else ""
        self._log(f"command {name} failed: {type(error).__name__}: {error}{place}")
        return RpcFault(500, f"internal server error: {type(error).__name__}: {error}")

    def _list(self) -> Many:
        return Many(self.names())

    async def _json(self, name: str, *args: Any) -> str:
        """What binrpc cannot say is told here: which replies are lists, even of one element (ours, not Kamailio's)."""
        values = [to_json(value) for value in row(await self.answer(name, args))]
        array = self._commands[name].array
        result = values if array or len(values) > 1 else values[0] if values else None
        return json.dumps(result, ensure_ascii=True)

    def _signature(self, *_: Any) -> None:
        raise RpcFault(500, "Not Implemented Yet")

    def _help(self, name: str) -> str:
        command = self._commands.get(name)
        if command is None:
            raise RpcFault(400, "command not found")
        return command.doc or "undocumented"


def parse_format(args: str) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    optional = convert = False
    for letter in args:
        if letter == "*":
            optional = True
        elif letter == ".":
            convert = True
        elif letter == "a" or letter in _EXPECTED:
            slots.append(Slot(letter, convert, optional))
            convert = False
        else:
            raise ValueError(f"bad letter {letter!r} in argument format {args!r}")
    if convert:
        raise ValueError(f"nothing after the dot in argument format {args!r}")
    return tuple(slots)


def scan(command: Command, args: Sequence[Any], autoconvert: bool) -> tuple[list[Any], RpcFault | None]:
    """The arguments as the command wants them, and the fault of an optional one that was left out for its type.

    Raises RpcFault with the command's usage, or 400 with Kamailio's text. Arguments past the format are ignored.
    """
    values: list[Any] = []
    slots = command.slots
    count = max(len(slots), len(args)) if command.repeats and slots else len(slots)
    for index in range(count):
        slot = slots[min(index, len(slots) - 1)]
        optional = slot.optional or index >= len(slots)
        if index >= len(args):
            if optional:
                break
            expected = "any" if slot.convert or autoconvert or slot.letter == "a" else _EXPECTED[slot.letter]
            raise _refusal(command, index, f"expected {expected} type but {END_OF_PACKET}")
        try:
            values.append(_convert(slot, args[index], autoconvert))
        except TypeError as error:
            text = f"expected {error} type but {WRONG_TYPE}"
            if not optional or (command.usage and not command.repeats):
                raise _refusal(command, index, text) from None
            return values, RpcFault(400, f"error at parameter {index}: {text}")
    return values, None


def _refusal(command: Command, index: int, text: str) -> RpcFault:
    if command.usage:
        code, *texts = command.usage
        return RpcFault(int(code), str(texts[min(index, len(texts) - 1)]))
    return RpcFault(400, f"error at parameter {index}: {text}")


def _convert(slot: Slot, value: Any, autoconvert: bool) -> Any:
    """The value as the slot wants it. Raises TypeError(name of the type that was expected)."""
    letter = slot.letter
    if letter == "a":
        return value
    loose = slot.convert or autoconvert
    result: Any = None
    if letter in _STRINGS:
        if isinstance(value, str):
            result = value
        elif loose and isinstance(value, int | float):
            # Kamailio has no text for a float ("bug -- internal error"); the number as typed is what was meant.
            result = str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)
    elif letter in _INTS:
        if isinstance(value, int):
            result = int(value)
        elif loose:
            result = _whole(value)
        if result is not None:
            result = bool(result) if letter == "b" else result & 0xFFFFFFFF if letter == "u" else result
    elif letter in _LONGS:  # sent as double where it is large, as int by a client that does not know better
        result = _whole(value) if loose or not isinstance(value, str) else None
        if result is not None and letter in "jJ":
            result &= 0xFFFFFFFFFFFFFFFF
    elif not isinstance(value, str) or loose:
        result = _real(value)
    if result is None:
        raise TypeError(_EXPECTED[letter] if not loose else _type_name(value))
    return result


def _whole(value: Any) -> int | None:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    if isinstance(value, str) and _NUMBER.match(value):
        return int(value) if len(value) <= 20 else None
    return None


def _real(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _type_name(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    return "array" if isinstance(value, list) else "structure"
