"""OsmoHLR: commands for its VTY, to be piped into telnet or `osmo_interact_vty.py` (its CSV import does not exist)."""

from collections.abc import Iterable, Iterator

from olelo.auc.errors import AucError, FormatError
from olelo.auc.formats.csvfiles import only_standard_milenage
from olelo.auc.formats.fields import Fields, Format, Options

Row = tuple[int, Fields | AucError]


def _write(rows: Iterable[Fields], _options: Options) -> Iterator[str]:
    yield "enable\n"
    for row in rows:
        only_standard_milenage(row, "osmohlr")
        subscriber = f"subscriber imsi {row['imsi']}"
        yield f"{subscriber} create\n"
        if row["msisdn"]:
            yield f"{subscriber} update msisdn {row['msisdn']}\n"
        yield f"{subscriber} update aud3g milenage k {row['k']} opc {row['opc']} ind-bitlen {row['ind_length']}\n"


def _read(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    start = 0
    fields: Fields = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("!")[0].split()
        if words[:2] != ["subscriber", "imsi"] or len(words) < 4:
            continue
        if words[2] != fields.get("imsi"):
            if fields:
                yield start, _complete(fields)
            start, fields = number, {"imsi": words[2]}
        if words[3:5] == ["update", "msisdn"] and words[5:]:
            fields["msisdn"] = words[5]
        elif words[3:5] == ["update", "aud3g"]:
            fields |= _aud3g(words[5:])
    if fields:
        yield start, _complete(fields)


def _aud3g(words: list[str]) -> Fields:
    if not words or words[0] != "milenage":
        return {"algorithm": words[0] if words else ""}
    pairs = dict(zip(words[1::2], words[2::2], strict=False))
    found: Fields = {name: pairs[name] for name in ("k", "opc", "op") if name in pairs}
    if "ind-bitlen" in pairs:
        found["ind_length"] = pairs["ind-bitlen"]
    return found | {"algorithm": "milenage"}


def _complete(fields: Fields) -> Fields | AucError:
    if fields.get("algorithm") != "milenage":
        return FormatError(f"IMSI {fields['imsi']} has no `update aud3g milenage` line")
    return fields


OSMOHLR = Format("osmohlr", "commands for the VTY of OsmoHLR", _read, _write, has_codes=False, decrypts=False)
