"""SIPp's injection file.

SIPp derives OPc itself and knows OP only: cards whose OP was thrown away cannot be written.
"""

from collections.abc import Iterable, Iterator

from olelo.auc.errors import AucError, FormatError
from olelo.auc.formats.csvfiles import only_standard_milenage
from olelo.auc.formats.fields import Fields, Format, Options

Row = tuple[int, Fields | AucError]


def _write(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    yield "SEQUENTIAL\n"
    for row in rows:
        only_standard_milenage(row, "sipp")
        user = f"{row['imsi']}@{options.domain}" if options.domain else row["impi"]
        keys = f"aka_K=0x{row['k']} aka_OP=0x{row['op']} aka_AMF=0x{row['amf']}"
        yield f"{row['imsi']};[authentication username={user} {keys}]\n"


def _read(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#") or text.upper() in ("SEQUENTIAL", "RANDOM", "USER"):
            continue
        start = text.find("[authentication")
        if start < 0:
            yield number, FormatError("no [authentication ...] in the line")
            continue
        words = text[start:].strip("[];").split()[1:]
        values = dict(word.split("=", 1) for word in words if "=" in word)
        fields = {"imsi": values.get("username", "").partition("@")[0]}
        for ours, theirs in (("k", "aka_K"), ("op", "aka_OP"), ("amf", "aka_AMF")):
            fields[ours] = values.get(theirs, "").removeprefix("0x")
        yield number, fields


SIPP = Format(
    "sipp", "injection file of SIPp with AKA (OP only)", _read, _write, needs_op=True, has_codes=False, decrypts=False
)
