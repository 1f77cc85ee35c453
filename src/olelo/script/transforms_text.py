"""Transformations of plain text: most of class `s`, `line`, and `val`/`num`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from olelo.script.catalog import TransformSpec, Value
from olelo.script.runtime import parse_int, to_int
from olelo.script.transforms import Args, Step, int_arg, plain, str_arg, strings_only, text_of, with_int, with_str

_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_BLANKS = " \t\r\n"
_BRACKETS = ("()", "[]", "{}", "<>")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def _to_number(ctx: Any, value: Value) -> Value:
    """{s.int}: text that is no number gives $null."""
    if value is None or isinstance(value, int):
        return value
    return parse_int(value) if not value[:2].lower() == "0x" else None


def _lower(ctx: Any, value: Value) -> Value:
    return value.translate(_LOWER) if isinstance(value, str) else value


def _upper(ctx: Any, value: Value) -> Value:
    return value.translate(_UPPER) if isinstance(value, str) else value


def _substr(args: Args) -> Step:
    """{s.substr,offset,length}: length 0 is the rest; a negative offset counts from the end."""
    if isinstance(args[1], str) and args[1].strip().startswith("-"):
        raise ValueError("the length is negative")
    offset, length = int_arg(args[0]), int_arg(args[1])

    def step(ctx: Any, value: Value) -> Value:
        i, j = offset(ctx), length(ctx)
        if value is None or i is None or j is None or j < 0:
            return None
        text = text_of(value)
        if i < 0:
            if -i > len(text):
                return None
            start = len(text) + i
        elif i >= len(text):
            return None
        else:
            start = i
        return text[start : start + j] if j else text[start:]

    return step


def _select(args: Args) -> Step:
    """{s.select,index,separator}: the field at an index, from the end where it is negative."""
    index = int_arg(args[0])
    separator = args[1]
    if not isinstance(separator, str):
        raise ValueError("the separator is one character, not a variable")
    separator = separator if separator == "" or separator.strip() == "" else separator.strip()
    if len(separator) == 2 and separator[0] == "\\":
        if separator[1] not in _ESCAPES:
            raise ValueError(f"bad separator {separator!r}")
        separator = _ESCAPES[separator[1]]
    if not separator:
        raise ValueError("the separator is missing")
    mark = separator[0]

    def step(ctx: Any, value: Value) -> Value:
        i = index(ctx)
        if value is None or i is None:
            return None
        fields = text_of(value).split(mark)
        return fields[i] if -len(fields) <= i < len(fields) else ""

    return step


def _strip(text: str, count: int) -> str:
    return text[count:] if count > 0 else text


def _strip_tail(text: str, count: int) -> str:
    return text if count <= 0 else text[: max(len(text) - count, 0)]


def _strip_to(text: str, char: str) -> str:
    at = text.find(char[:1])
    return text[at:] if at >= 0 else ""


def _prefixes(quote: str) -> Any:
    def make(args: Args) -> Step:
        most = int_arg(args[0]) if args else None

        def step(ctx: Any, value: Value) -> Value:
            if value is None:
                return None
            text = text_of(value)
            count = len(text)
            if most is not None:
                limit = most(ctx)
                if limit is None:
                    return None
                count = limit if 0 < limit < count else count
            return ",".join(f"{quote}{text[:i]}{quote}" for i in range(1, count + 1))

        return step

    return make


def _replace(args: Args) -> Step:
    old, new = str_arg(args[0]), str_arg(args[1])

    def step(ctx: Any, value: Value) -> Value:
        before, after = old(ctx), new(ctx)
        if value is None or before is None or after is None:
            return None
        return text_of(value).replace(before, after) if before else text_of(value)

    return step


def _remove(args: Args) -> Step:
    """{s.rm,text}: backslash escapes in a literal argument are resolved."""
    literal = args[0]
    if isinstance(literal, str) and "\\" in literal:
        out = ""
        chars = iter(literal)
        for char in chars:
            following = next(chars, None) if char == "\\" else None
            out += char if following is None else _ESCAPES.get(following, following)
        args = [out]
    text = str_arg(args[0])

    def step(ctx: Any, value: Value) -> Value:
        gone = text(ctx)
        return None if value is None or gone is None else text_of(value).replace(gone, "") if gone else text_of(value)

    return step


def _time_format(args: Args) -> Step:
    """{s.ftime,format}: seconds since 1970 in local time."""
    pattern = str_arg(args[0])

    def step(ctx: Any, value: Value) -> Value:
        seconds = value if isinstance(value, int) else parse_int(value) if value else None
        form = pattern(ctx)
        if seconds is None or form is None:
            return None
        try:
            return datetime.fromtimestamp(seconds).strftime(form)
        except (ValueError, OverflowError, OSError):
            return None

    return step


def _unquote(ctx: Any, value: Value) -> Value:
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _unbracket(ctx: Any, value: Value) -> Value:
    if isinstance(value, str) and len(value) > 1 and value[0] + value[-1] in _BRACKETS:
        return value[1:-1]
    return value


def _fixed(step: Step) -> Any:
    return lambda args: step


def _before(text: str, mark: str) -> str:
    at = text.find(mark[:1])
    return text if at < 0 else text[:at]


def _after(text: str, mark: str) -> str:
    at = text.find(mark[:1])
    return "" if at < 0 else text[at + 1 :]


def _before_last(text: str, mark: str) -> str:
    at = text.rfind(mark[:1])
    return text if at < 0 else text[:at]


def _after_last(text: str, mark: str) -> str:
    at = text.rfind(mark[:1])
    return "" if at < 0 else text[at + 1 :]


def _format_lines(indent: str) -> Any:
    """{s.fmtlines,n,m}: a line break after each n characters, the lines after it indented by m."""

    def make(args: Args) -> Step:
        width, margin = int_arg(args[0]), int_arg(args[1])

        def step(ctx: Any, value: Value) -> Value:
            n, m = width(ctx), margin(ctx)
            if value is None or n is None or m is None or n <= 0 or m < 0:
                return None
            text = text_of(value)
            glue: str = "\r\n" + indent * m
            return glue.join(text[i : i + n] for i in range(0, len(text), n))

        return step

    return make


# --- lines ---------------------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if text.endswith("\n") else lines


def _line_at(text: str, index: int) -> str:
    lines = text.split("\n") if index >= 0 else _lines(text)
    return lines[index].removesuffix("\r") if -len(lines) <= index < len(lines) else ""


def _line_starting(text: str, start: str) -> str:
    for line in text.split("\n"):
        if line.startswith(start):
            return line.removesuffix("\r")
    return ""


def _on_text(make: Any) -> Any:
    """Classes that refuse numbers and the empty string."""

    def wrapped(args: Args) -> Step:
        step: Step = make(args)
        return lambda ctx, value: step(ctx, value) if isinstance(value, str) and value else None

    return wrapped


# --- values --------------------------------------------------------------------------------------------------


def _json(text: str) -> str:
    """Backslash escapes of JSON; bytes above 126 stay, because a str here is bytes."""
    return "".join(json.dumps(char)[1:-1] if char < "\x7f" else char for char in text)


def _json_value(ctx: Any, value: Value) -> Value:
    return "" if value is None else _json(value) if isinstance(value, str) else value


def _json_quoted(ctx: Any, value: Value) -> Value:
    return '""' if value is None else f'"{_json(value)}"' if isinstance(value, str) else value


def transforms() -> list[TransformSpec]:
    s: list[tuple[str, Any, int, int]] = [
        ("len", plain(len), 0, 0),
        ("int", _fixed(_to_number), 0, 0),
        ("rmws", plain(lambda text: "".join(c for c in text if c not in _BLANKS)), 0, 0),
        ("rmhdws", plain(lambda text: " ".join(text.split())), 0, 0),
        ("rmhlws", plain(lambda text: "\r\n".join(line.strip(" \t") for line in text.split("\r\n"))), 0, 0),
        ("numeric", plain(lambda text: "".join(c for c in text if c in "0123456789")), 0, 0),
        ("substr", _substr, 2, 2),
        ("select", _select, 2, 2),
        ("tolower", _fixed(_lower), 0, 0),
        ("toupper", _fixed(_upper), 0, 0),
        ("strip", with_int(_strip), 1, 1),
        ("striptail", with_int(_strip_tail), 1, 1),
        ("stripto", with_str(_strip_to), 1, 1),
        ("prefixes", _prefixes(""), 0, 1),
        ("prefixes.quoted", _prefixes("'"), 0, 1),
        ("replace", _replace, 2, 2),
        ("ftime", _time_format, 1, 1),
        ("trim", plain(lambda text: text.strip(_BLANKS)), 0, 0),
        ("rtrim", plain(lambda text: text.rstrip(_BLANKS)), 0, 0),
        ("ltrim", plain(lambda text: text.lstrip(_BLANKS)), 0, 0),
        ("rm", _remove, 1, 1),
        ("unquote", _fixed(_unquote), 0, 0),
        ("unbracket", _fixed(_unbracket), 0, 0),
        ("count", with_str(lambda text, mark: text.count(mark[:1]) if mark else 0), 1, 1),
        ("before", with_str(_before), 1, 1),
        ("after", with_str(_after), 1, 1),
        ("rbefore", with_str(_before_last), 1, 1),
        ("rafter", with_str(_after_last), 1, 1),
        ("fmtlines", _format_lines(" "), 2, 2),
        ("fmtlinet", _format_lines("\t"), 2, 2),
    ]
    found = [TransformSpec("s", name, make, low, high, "pv") for name, make, low, high in s]
    found += [
        TransformSpec("line", "count", strings_only(lambda text: len(_lines(text))), 0, 0, "pv"),
        TransformSpec("line", "at", _on_text(with_int(_line_at)), 1, 1, "pv"),
        TransformSpec("line", "sw", _on_text(with_str(_line_starting)), 1, 1, "pv"),
        TransformSpec("val", "n0", _fixed(lambda ctx, value: 0 if value is None else value), 0, 0, "pv"),
        TransformSpec("val", "ne", _fixed(lambda ctx, value: "" if value is None else value), 0, 0, "pv"),
        TransformSpec("val", "json", _fixed(_json_value), 0, 0, "pv"),
        TransformSpec("val", "jsonqe", _fixed(_json_quoted), 0, 0, "pv"),
    ]
    for name, sign in (("fdiv", 1), ("fmul", 2)):
        found.append(TransformSpec("num", name, _number_op(sign), 1, 1, "pv"))
    return found


def _number_op(kind: int) -> Any:
    """{num.fdiv,n} and {num.fmul,n}: the number divided or multiplied as a decimal fraction, as text."""

    def make(args: Args) -> Step:
        operand = int_arg(args[0])

        def step(ctx: Any, value: Value) -> Value:
            n = operand(ctx)
            if value is None or n is None or (kind == 1 and not n):
                return None
            number = to_int(value)
            return f"{number / n if kind == 1 else float(number * n):.2f}"

        return step

    return make
