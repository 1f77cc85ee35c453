"""The CSV family: our own, pySim-prog, pySim's card_data and eSIM columns, srsEPC, pycrate, and any by mapping."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from olelo.auc.errors import AucError, FormatError
from olelo.auc.formats.fields import CARD_CODES, Fields, Format, Options, is_code

Row = tuple[int, Fields | AucError]

_OTHER_CODES = ("kic", "kid", "kik", "psk", "des")
_OTA = tuple(
    f"{protocol}_{name}_{version}"
    for protocol in ("scp02", "scp03")
    for version in (1, 2, 3)
    for name in ("enc", "mac", "dek")
)
_OLELO = (
    "imsi iccid msisdn algorithm k opc amf sqn ind ind_length state".split() + list(CARD_CODES) + [*_OTHER_CODES, *_OTA]
)


def _line(values: Sequence[str], delimiter: str = ",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _rows(lines: Iterable[str], delimiter: str, comment: str = "") -> Iterator[tuple[int, list[str]]]:
    kept = (line for line in lines if not (comment and line.startswith(comment)))
    reader = csv.reader(kept, delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise FormatError(f"line {reader.line_num}: {error}") from None


def read_table(
    lines: Iterable[str], names: Callable[[str], str | None], required: Sequence[str], delimiter: str = ","
) -> Iterator[Row]:
    """Rows under a header; `names` gives the field of a column name, or None to leave the column out."""
    rows = _rows(lines, delimiter)
    _, header = next(rows, (0, []))
    # A byte order mark is what a spreadsheet puts in front.
    columns = [names(cell.removeprefix("\ufeff")) for cell in header]
    if missing := [name for name in required if name not in columns]:
        raise FormatError(f"the header has no column for {', '.join(missing)}")
    for number, row in rows:
        if len(row) > len(columns):
            yield number, FormatError(f"{len(row)} values under {len(columns)} columns")
            continue
        yield number, {name: cell for name, cell in zip(columns, row, strict=False) if name}


def _write_table(rows: Iterable[Fields], header: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    yield _line(header)
    for row in rows:
        yield _line([row.get(name, "") for name in fields])


def _read_olelo(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    return read_table(lines, lambda name: name.lower(), ("imsi", "k", "opc"))


def _write_olelo(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    return _write_table(rows, _OLELO, _OLELO)


def _pysim_name(name: str) -> str | None:
    name = name.lower()
    return {"ki": "k", "pin_adm": "adm1", "smsp": None, "acc": None, "name": None}.get(name, name)


def _read_pysim_prog(lines: Iterable[str], options: Options) -> Iterator[Row]:
    for number, fields in read_table(lines, _pysim_name, ("imsi", "k", "opc")):
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
    if name in ("id", "acc", "eid"):
        return None
    return "k" if name == "ki" else name


def _read_card_data(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    return read_table(lines, _card_data_name, ("imsi", "iccid", "k", "opc"))


def _write_card_data(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    codes = ("pin1", "puk1", "pin2", "puk2")
    fields = ["index", "imsi", "iccid", "acc", *codes, "k", "opc", "adm1", *_OTA]
    header = ["ID", "IMSI", "ICCID", "ACC", *(code.upper() for code in codes), "KI", "OPC", "ADM1"]
    return _write_table(rows, [*header, *(name.upper() for name in _OTA)], fields)


_SAIP = ("ICCID", "IMSI", "K", "OPc", "Algorithm", "KECCAK-N", "PIN1", "PUK1", "PIN2", "PUK2", "ADM1")


def _read_saip(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, fields in read_table(lines, lambda name: name.lower(), ("imsi", "iccid", "k", "opc")):
        if not isinstance(fields, AucError):
            iterations = fields.pop("keccak-n", "")
            if fields.get("algorithm", "").lower() == "tuak" and iterations not in ("", "1"):
                fields["algorithm"] = f"tuak:iterations={iterations}"
        yield number, fields


def _write_saip(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    yield _line(_SAIP)
    for row in rows:
        name, *options = row["algorithm"].split(":")
        iterations = ""
        if name == "tuak":
            iterations = "1"
            for option in options:
                if not option.startswith("iterations="):
                    raise FormatError(f"IMSI {row['imsi']}: saip has no column for the profile {row['algorithm']}")
                iterations = option.partition("=")[2]
        elif options:
            raise FormatError(f"IMSI {row['imsi']}: saip has no column for the profile {row['algorithm']}")
        named = row | {"algorithm": name.capitalize() if name == "milenage" else "TUAK", "keccak-n": iterations}
        yield _line([named.get(column.lower(), "") for column in _SAIP])


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
        imsi, key, algorithm, sqn, op = [*row, "", "", "", "", ""][:5]
        if algorithm not in ("0", "1", "2", ""):
            yield number, FormatError("algorithm is 0 (Milenage) or 2 (TUAK)")
            continue
        if algorithm == "1":
            yield number, FormatError("algorithm 1 is COMP128, which has no OPc")
            continue
        name = "tuak" if algorithm == "2" else "milenage"
        yield number, {"imsi": imsi, "k": key, "algorithm": name, "sqn": sqn or "0", "op": op}


def _write_pycrate(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    for row in rows:
        code = "2" if row["algorithm"].startswith("tuak") else "0"
        yield _line([row["imsi"], row["k"], code, row["sqn"], row["op"]], ";")


def _read_mapped(lines: Iterable[str], options: Options) -> Iterator[Row]:
    if not options.mapping:
        raise FormatError("format csv needs a column mapping, such as imsi=IMSI,k=eKi,opc=eOPc")
    fields = {column.lower(): name for name, column in options.mapping.items()}
    return read_table(lines, lambda column: fields.get(column.lower()), tuple(options.mapping))


def _write_mapped(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    if not options.mapping:
        raise FormatError("format csv needs a column mapping, such as imsi=IMSI,k=eKi,opc=eOPc")
    return _write_table(rows, list(options.mapping.values()), list(options.mapping))


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
SRSEPC = Format("srsepc", "user_db.csv of srsEPC", _read_srsepc, _write_srsepc)
PYCRATE = Format("pycrate", "AuC.db of pycrate/corenet (OP only)", _read_pycrate, _write_pycrate, needs_op=True)
MAPPED = Format("csv", "any CSV with a header, by --map", _read_mapped, _write_mapped)
