"""Vendor files by template: a header, one line per card, a footer, with the fields in braces.

    [header]
    Batch: {batch} Quantity: {count} Transport_key: {transport_index} KCV: {kcv}
    [line]
    {iccid} {imsi} {k} {opc} {pin1}
    [footer]
    End

Header and footer may hold {batch}, {mcc}, {mnc}, {count}, {kcv} and {transport_index}; `{...}` there stands for
anything. For reading, the same template is used the other way round: the header must be there, line by line, and a
quantity, check value or index in it must be that of the file and of the key. Fields of a card must be separated by
at least one character.
"""

import re
from collections.abc import Iterable, Iterator

from olelo.auc.errors import AucError, CheckValueError, FormatError
from olelo.auc.formats.csvfiles import known_field
from olelo.auc.formats.fields import Fields, Format, Options

Row = tuple[int, Fields | AucError]
_FIELD = re.compile(r"\{([a-z0-9_]+|\.\.\.)\}")
_FRAME = ("batch", "mcc", "mnc", "count", "kcv", "transport_index", "...")


def _sections(text: str) -> tuple[list[str], str, list[str]]:
    found: dict[str, list[str]] = {"header": [], "line": [], "footer": []}
    name = ""
    for line in text.splitlines():
        if line.strip() in ("[header]", "[line]", "[footer]"):
            name = line.strip()[1:-1]
        elif name:
            found[name].append(line)
        elif line.strip():
            raise FormatError("a template starts with [header] or [line]")
    lines = [line for line in found["line"] if line.strip()]
    if len(lines) != 1:
        raise FormatError("a template has exactly one line under [line]; see `olelo sim formats`")
    for field in _FIELD.findall(lines[0]):
        if not known_field(field):
            raise FormatError(f"the template uses an unknown field {field!r}")
    header, footer = ([line for line in found[part] if line.strip()] for part in ("header", "footer"))
    for field in _FIELD.findall("\n".join(header + footer)):
        if field not in _FRAME:
            raise FormatError(f"header and footer of a template have no field {field!r}: {', '.join(_FRAME[:-1])}")
    return header, lines[0], footer


def _values(options: Options) -> dict[str, str]:
    key = options.transport("k")
    return {
        "batch": options.batch,
        "mcc": options.mcc,
        "mnc": options.mnc,
        "count": str(options.count),
        "kcv": key.kcv if key else "",
        "transport_index": str(key.index if key else 0),
        "...": "",
    }


def _write(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    header, line, footer = _sections(options.template)
    values = _values(options)

    def filled(text: str, fields: Fields) -> str:
        return _FIELD.sub(lambda match: fields.get(match[1], ""), text) + "\n"

    yield from (filled(text, values) for text in header)
    for row in rows:
        yield filled(line, row)
    yield from (filled(text, values) for text in footer)


def _pattern(text: str) -> re.Pattern[str]:
    """A line of the template as an expression; a field ends where the character after it comes."""
    parts = _FIELD.split(text)
    names = [name for name in parts[1::2] if name != "..."]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise FormatError(f"the template has more than one place for {', '.join(repeated)}")
    pattern = re.escape(parts[0])
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        inside = f"[^{re.escape(after[0])}]*" if after and name != "..." else ".*"
        pattern += (f"(?P<{name}>{inside})" if name != "..." else inside) + re.escape(after)
    return re.compile(pattern)


def _read(lines: Iterable[str], options: Options) -> Iterator[Row]:
    header, line, footer = _sections(options.template)
    expression = _pattern(line)
    last = [_pattern(text) for text in footer]
    declared: list[dict[str, str]] = []
    numbered = ((n, text) for n, text in ((n, raw.rstrip("\r\n")) for n, raw in enumerate(lines, 1)) if text.strip())
    head = ((_pattern(text), next(numbered, (0, ""))) for text in header)
    for pattern, (number, text) in head:
        # A header that is shorter than the template's would cost its difference in cards.
        match = pattern.fullmatch(text)
        if match is None:
            raise FormatError(f"line {number} is not the header line of the template")
        declared.append(match.groupdict())
    count = 0
    for number, text in numbered:
        match = expression.fullmatch(text)
        row = {name: value.strip() for name, value in match.groupdict().items()} if match else {}
        if not row.get("imsi", "").isdigit():
            end = next((found for found in (pattern.fullmatch(text) for pattern in last) if found), None)
            if end is not None:
                declared.append(end.groupdict())
                continue
        count += 1
        yield number, row or FormatError("the line does not have the shape of the template")
    found = _values(options) | {"count": str(count)}
    for values in declared:
        _compare(values, found)


def _compare(declared: dict[str, str], found: dict[str, str]) -> None:
    """Refuse a file whose header or footer tells another quantity or transport key than there is."""
    for name, what in (("count", "quantity"), ("transport_index", "transport key index"), ("kcv", "key check value")):
        there = declared.get(name, "").strip().upper().lstrip("0")
        if name in declared and there != found[name].upper().lstrip("0"):
            raise CheckValueError(
                f"the file declares {what} {declared[name].strip()}, here it is {found[name] or 'none'}"
            )


TEMPLATE = Format("template", "a vendor's text file, by --template", _read, _write)
