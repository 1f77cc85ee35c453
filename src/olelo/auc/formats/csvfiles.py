"""The CSV family: our own, pySim-prog, pySim's card_data and eSIM columns, srsEPC, pycrate, and any by mapping."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from olelo.auc.errors import AucError, FormatError
from olelo.auc.formats.fields import CARD_CODES, OTA_KEYS, Fields, Format, Options, is_code, is_kept
from olelo.auc.milenage import Milenage
from olelo.auc.profile import parse_profile
from olelo.auc.tuak import Tuak

Row = tuple[int, Fields | AucError]

_OLELO = "imsi iccid msisdn algorithm k opc amf sqn ind ind_length state".split() + [*CARD_CODES, *OTA_KEYS]
_OTA_SET = frozenset(OTA_KEYS)
_SPARE = frozenset(("name", "id", "acc", "batch"))  # nothing is lost with these


def _line(values: Sequence[str], delimiter: str = ",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _rows(lines: Iterable[str], delimiter: str, comment: str = "") -> Iterator[tuple[int, list[str]]]:
    number = 0  # of the line in the file; the reader does not count the comments

    def kept() -> Iterator[str]:
        nonlocal number
        for line in lines:
            number += 1
            if not (comment and line.lstrip().startswith(comment)):
                yield line

    try:
        for row in csv.reader(kept(), delimiter=delimiter, skipinitialspace=True):
            if any(cell.strip() for cell in row):
                yield number, [cell.strip() for cell in row]
    except csv.Error as error:
        raise FormatError(f"line {number}: {error}") from None


def read_table(
    lines: Iterable[str],
    names: Callable[[str], str | None],
    required: Sequence[str],
    delimiter: str = ",",
    ignored: set[str] | None = None,
) -> Iterator[Row]:
    """Rows under a header; `names` gives the field of a column name, or None to leave the column out.

    Columns for which an import has no place are added to `ignored`, so that their loss can be told.
    """
    rows = _rows(lines, delimiter)
    _, header = next(rows, (0, []))
    # A byte order mark is what a spreadsheet puts in front.
    header = [cell.removeprefix("\ufeff") for cell in header]
    columns = [names(cell) for cell in header]
    if missing := [name for name in required if name not in columns]:
        raise FormatError(f"the header has no column for {', '.join(missing)}")
    used = [name for name in columns if name]
    if repeated := sorted({name for name in used if used.count(name) > 1}):
        raise FormatError(f"the header has more than one column for {', '.join(repeated)}")
    if ignored is not None:
        lost = (cell for cell, name in zip(header, columns, strict=True) if not (name and is_kept(name)))
        ignored.update(cell for cell in lost if cell and cell.lower() not in _SPARE)
    for number, row in rows:
        while len(row) > len(columns) and not row[-1]:
            row.pop()
        if len(row) != len(columns):
            # Fewer values are what is left of a row when a file was cut.
            yield number, FormatError(f"{len(row)} values under {len(columns)} columns")
            continue
        yield number, {name: cell for name, cell in zip(columns, row, strict=True) if cell and name}


def _write_table(
    rows: Iterable[Fields], header: Sequence[str], fields: Sequence[str], delimiter: str = ","
) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    yield buffer.getvalue()
    bare = len(fields) - len(OTA_KEYS) if tuple(fields[-len(OTA_KEYS) :]) == OTA_KEYS else 0
    empty = delimiter * len(OTA_KEYS) + "\n"
    for row in rows:
        # One writer for the file: it costs more than the row. And most cards have no OTA keys, but sixty columns.
        buffer.seek(0)
        buffer.truncate()
        if bare and _OTA_SET.isdisjoint(row):
            writer.writerow([row.get(name, "") for name in fields[:bare]])
            yield buffer.getvalue()[:-1] + empty
        else:
            writer.writerow([row.get(name, "") for name in fields])
            yield buffer.getvalue()


def _read_olelo(lines: Iterable[str], options: Options) -> Iterator[Row]:
    return read_table(lines, lambda name: name.lower(), ("imsi", "k", "opc"), ignored=options.ignored)


def _write_olelo(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    return _write_table(rows, _OLELO, _OLELO)


def _pysim_name(name: str) -> str | None:
    name = name.lower()
    return {"ki": "k", "pin_adm": "adm1"}.get(name, name)


def _read_pysim_prog(lines: Iterable[str], options: Options) -> Iterator[Row]:
    for number, fields in read_table(lines, _pysim_name, ("imsi", "k", "opc"), ignored=options.ignored):
        if not isinstance(fields, AucError):
            # pySim-prog writes MCC and MNC as numbers would be: 1 instead of 001.
            for name, size in (("mcc", 3), ("mnc", len(options.mnc))):
                if name in fields:
                    fields[name] = fields[name].zfill(size)
        yield number, fields


def _write_pysim_prog(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    header = ["name", "iccid", "mcc", "mnc", "imsi", "smsp", "ki", "opc", "acc", "pin_adm"]
    fields = ["name", "iccid", "mcc", "mnc", "imsi", "smsp", "k", "opc", "acc", "adm1"]
    return _write_table(rows, header, fields)


def _card_data_name(name: str) -> str | None:
    name = name.lower()
    return "k" if name == "ki" else name


def _read_card_data(lines: Iterable[str], options: Options) -> Iterator[Row]:
    return read_table(lines, _card_data_name, ("imsi", "iccid", "k", "opc"), ignored=options.ignored)


def _write_card_data(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    codes = ("pin1", "puk1", "pin2", "puk2")
    fields = ["index", "imsi", "iccid", "acc", *codes, "k", "opc", "adm1", *OTA_KEYS]
    header = ["ID", "IMSI", "ICCID", "ACC", *(code.upper() for code in codes), "KI", "OPC", "ADM1"]
    return _write_table(rows, [*header, *(name.upper() for name in OTA_KEYS)], fields)


_SAIP = (
    *("ICCID", "IMSI", "K", "OPc", "Algorithm", "MilenageRotation", "MilenageXOR", "KECCAK-N"),
    *("PIN1", "PUK1", "PIN2", "PUK2", "ADM1"),
)
_SAIP_PROFILE = ("milenagerotation", "milenagexor", "keccak-n")


def _saip_name(name: str) -> str:
    return name.lower()


def _read_saip(lines: Iterable[str], options: Options) -> Iterator[Row]:
    for number, fields in read_table(lines, _saip_name, ("imsi", "iccid", "k", "opc"), ignored=options.ignored):
        if not isinstance(fields, AucError):
            rotation, xoring, iterations = (fields.pop(name, "").replace(" ", "") for name in _SAIP_PROFILE)
            # pySim's numbers and names of the algorithms.
            name = {"1": "milenage", "2": "tuak"}.get(fields.get("algorithm", ""), fields.get("algorithm", "").lower())
            try:
                if name == "tuak" and iterations:
                    name = f"tuak:iterations={int(iterations)}"
                elif name in ("milenage", "") and (rotation or xoring):
                    name = "milenage" + _saip_values(rotation, xoring)
            except ValueError:
                yield number, FormatError("MilenageRotation, MilenageXOR or KECCAK-N is not of its form")
                continue
            fields["algorithm"] = name
        yield number, fields
    options.ignored.difference_update({column for column in options.ignored if column.lower() in _SAIP_PROFILE})


def _saip_values(rotation: str, xoring: str) -> str:
    text = ":r=" + "/".join(str(bits) for bits in bytes.fromhex(rotation)) if rotation else ""
    if xoring:
        values = bytes.fromhex(xoring)
        text += ":c=" + "/".join(values[start : start + 16].hex() for start in range(0, len(values), 16))
    return text


def _write_saip(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    def named(row: Fields) -> Fields:
        algorithm = parse_profile(row["algorithm"])
        extra = {"algorithm": algorithm.name.upper()}
        if isinstance(algorithm, Milenage):
            extra = {"algorithm": "Milenage"}
            if algorithm != Milenage():
                extra["milenagerotation"] = bytes(algorithm.rotations).hex()
                extra["milenagexor"] = b"".join(value.to_bytes(16, "big") for value in algorithm.constants).hex()
        elif isinstance(algorithm, Tuak):
            if algorithm != Tuak(iterations=algorithm.iterations):
                raise FormatError(f"IMSI {row['imsi']}: saip has no column for the profile {row['algorithm']}")
            extra["keccak-n"] = str(algorithm.iterations)
        return row | extra

    return _write_table((named(row) for row in rows), _SAIP, [column.lower() for column in _SAIP])


def _read_srsepc(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, row in _rows(lines, ",", comment="#"):
        if len(row) >= 8:  # Name,Auth,IMSI,Key,OP_Type,OP/OPc,AMF,SQN[,QCI,IP_alloc]
            _, auth, imsi, key, kind, value, amf, sqn = row[:8]
            if auth.lower() != "mil":
                yield number, FormatError("authentication is not Milenage (mil)")
                continue
            if kind.lower() not in ("op", "opc"):
                yield number, FormatError("OP_Type is op or opc")
                continue
            try:
                counter = str(int(sqn or "0", 16))
            except ValueError:
                yield number, FormatError("SQN is not hexadecimal")
                continue
            yield number, {"imsi": imsi, "k": key, kind.lower(): value, "amf": amf, "sqn": counter}
        elif len(row) == 5:  # the oldest shape: Name,IMSI,Key,OP,AMF
            yield number, {"imsi": row[1], "k": row[2], "op": row[3], "amf": row[4].removeprefix("0x")}
        else:
            yield number, FormatError(f"{len(row)} values; user_db.csv has 10, or 5 in its oldest form")


def _write_srsepc(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    yield "# Name,Auth,IMSI,Key,OP_Type,OP/OPc,AMF,SQN,QCI,IP_alloc\n"
    for row in rows:
        only_standard_milenage(row, "srsepc")
        sqn = f"{int(row['sqn']):012x}"
        yield _line([row["name"], "mil", row["imsi"], row["k"], "opc", row["opc"], row["amf"], sqn, "9", "dynamic"])


def _read_pycrate(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, row in _rows(lines, ";", comment="#"):
        if not 4 <= len(row) <= 6:
            yield number, FormatError(f"{len(row)} values; AuC.db has IMSI;K;2G algorithm;SQN;OP")
            continue
        imsi, key, _gsm, sqn, op = [*row, "", ""][:5]
        # The third value is the 2G algorithm (0 Milenage, 1 to 3 COMP128); the 3G side is Milenage unless SQN is -1.
        if sqn.startswith("-"):
            yield number, FormatError("SQN -1: a card without Milenage, it has no OPc")
            continue
        yield number, {"imsi": imsi, "k": key, "algorithm": "milenage", "sqn": sqn or "0", "op": op}


def _write_pycrate(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    for row in rows:
        only_standard_milenage(row, "pycrate")
        yield _line([row["imsi"], row["k"], "0", row["sqn"], row["op"]], ";")


def _read_mapped(lines: Iterable[str], options: Options) -> Iterator[Row]:
    if not options.mapping:
        raise FormatError("format csv needs a column mapping, such as imsi=IMSI,k=eKi,opc=eOPc")
    fields = {column.lower(): name for name, column in options.mapping.items()}
    return read_table(lines, lambda column: fields.get(column.lower()), tuple(options.mapping), options.delimiter)


def _write_mapped(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    if not options.mapping:
        raise FormatError("format csv needs a column mapping, such as imsi=IMSI,k=eKi,opc=eOPc")
    return _write_table(rows, list(options.mapping.values()), list(options.mapping), options.delimiter)


def only_standard_milenage(row: Fields, name: str) -> None:
    """Raise FormatError if a card runs under a profile the target has no place for."""
    if row["algorithm"] != "milenage":
        raise FormatError(f"IMSI {row['imsi']}: {name} has no place for the profile {row['algorithm']}")


def known_field(name: str) -> bool:
    """Whether a mapping may use this field name."""
    return name in _OLELO or name in ("op", "mcc", "mnc", "acc", "impi", "impu", "name", "index") or is_code(name)


OLELO = Format("olelo", "Olelo's own CSV: everything, for another Olelo", _read_olelo, _write_olelo)
PYSIM_PROG = Format("pysim-prog", "CSV of pySim-prog, to write cards", _read_pysim_prog, _write_pysim_prog)
CARD_DATA = Format(
    "card-data", "card_data.csv of pySim-shell, with PIN, ADM and OTA keys", _read_card_data, _write_card_data
)
SAIP = Format("saip", "CSV for pySim's eSIM profile personalisation", _read_saip, _write_saip)
SRSEPC = Format("srsepc", "user_db.csv of srsEPC", _read_srsepc, _write_srsepc, has_codes=False, decrypts=False)
PYCRATE = Format(
    "pycrate",
    "AuC.db of pycrate/corenet (OP only)",
    _read_pycrate,
    _write_pycrate,
    needs_op=True,
    has_codes=False,
    decrypts=False,
)
MAPPED = Format("csv", "any CSV with a header, by --map", _read_mapped, _write_mapped)
