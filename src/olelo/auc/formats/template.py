"""Vendor files by template: a header, one line per card, a footer, with the fields in braces.

    [header]
    Batch: {batch}
    [line]
    {iccid} {imsi} {k} {opc} {pin1}
    [footer]
    End

The header and footer are written as they stand, with {batch}, {mcc}, {mnc} and {kcv} filled in. For reading, the
same line is used the other way round; fields must be separated by at least one character.
"""

import re
from collections.abc import Iterable, Iterator

from olelo.auc.errors import AucError, FormatError
from olelo.auc.formats.csvfiles import known_field
from olelo.auc.formats.fields import Fields, Format, Options

Row = tuple[int, Fields | AucError]
_FIELD = re.compile(r"\{([a-z0-9_]+)\}")


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
    return found["header"], lines[0], found["footer"]


def _frame(lines: list[str], options: Options) -> Iterator[str]:
    key = options.transport("k")
    values = {
        "batch": options.batch,
        "mcc": options.mcc,
        "mnc": options.mnc,
        "kcv": key.kcv if key else "",
        "transport_index": str(key.index if key else 0),
    }
    for line in lines:
        yield _FIELD.sub(lambda match: values.get(match[1], match[0]), line) + "\n"


def _write(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    header, line, footer = _sections(options.template)
    yield from _frame(header, options)
    for row in rows:
        yield _FIELD.sub(lambda match, row=row: row.get(match[1], ""), line) + "\n"  # type: ignore[misc]
    yield from _frame(footer, options)


def _read(lines: Iterable[str], options: Options) -> Iterator[Row]:
    header, line, footer = _sections(options.template)
    parts = _FIELD.split(line)
    # Odd parts are field names. A field ends where the text after it begins, so it excludes that character.
    pattern = re.escape(parts[0])
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        pattern += f"(?P<{name}>[^{re.escape(after[0])}]*)" if after else f"(?P<{name}>.*)"
        pattern += re.escape(after)
    expression = re.compile(pattern)
    frame = {text.rstrip("\n") for text in (*_frame(header, options), *_frame(footer, options))}
    for number, text in enumerate(lines, 1):
        text = text.rstrip("\r\n")
        if not text.strip() or number <= len(header) or text in frame:
            continue
        match = expression.fullmatch(text)
        if match is None:
            yield number, FormatError("the line does not have the shape of the template")
        else:
            yield number, {name: value.strip() for name, value in match.groupdict().items()}


TEMPLATE = Format("template", "a vendor's text file, by --template", _read, _write)
