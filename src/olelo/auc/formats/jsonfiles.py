"""The JSON family, one object a line: PyHSS, Open5GS and the 5G UDR (TS 29.505).

Reading takes one object a line, or a JSON array of objects (which is read whole).
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from olelo.auc.errors import AucError, FormatError
from olelo.auc.formats.csvfiles import only_standard_milenage
from olelo.auc.formats.fields import Fields, Format, Options

Row = tuple[int, Fields | AucError]
Record = dict[str, Any]


def _records(lines: Iterable[str]) -> Iterator[tuple[int, Record | AucError]]:
    numbered = enumerate(lines, 1)
    for number, line in numbered:
        if not line.strip():
            continue
        if line.lstrip().startswith("["):
            # The error of the json module would show a piece of the text, which may be a key.
            try:
                items = json.loads("".join(chain([line], (rest for _, rest in numbered))))
            except (ValueError, RecursionError):
                raise FormatError("not a JSON array") from None
            yield from ((n, _record(item)) for n, item in enumerate(items, 1))
            return
        try:
            yield number, _record(json.loads(line))
        except (ValueError, RecursionError):
            yield number, FormatError("not a JSON object on one line")


def _record(item: object) -> Record | AucError:
    return item if isinstance(item, dict) else FormatError("not a JSON object")


def _text(value: object) -> str:
    if isinstance(value, dict):  # MongoDB extended JSON
        value = next((value[name] for name in ("$numberLong", "$numberInt", "$numberDouble") if name in value), "")
    if isinstance(value, list):
        value = value[0] if value else ""
    # The mongo shell stores plain numbers as floating point: 97 comes out as 97.0.
    return "" if value is None else str(value).removesuffix(".0")


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _dump(record: Record) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


_PYHSS_CODES = ("pin1", "pin2", "puk1", "puk2", "kid", "psk", "des", "adm1")
_PYHSS_NAMES = {"ki": "k"} | {name: name for name in ("opc", "amf", "sqn", "iccid", "imsi", *_PYHSS_CODES)}


def _read_pyhss(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, record in _records(lines):
        if isinstance(record, AucError):
            yield number, record
            continue
        # Either our own line, with the three objects of one subscriber, or what GET /auc/list gives.
        auc = _part(record, "auc") or record
        fields = {ours: _text(auc.get(theirs)) for theirs, ours in _PYHSS_NAMES.items() if auc.get(theirs) is not None}
        fields["msisdn"] = _text(_part(record, "subscriber").get("msisdn"))
        # PyHSS's algo names the GSM side ("3" for Milenage); its 3G side is always Milenage.
        fields["algorithm"] = "milenage"
        yield number, fields


def _write_pyhss(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    for row in rows:
        only_standard_milenage(row, "pyhss")
        auc: Record = {theirs: row[ours] for theirs, ours in _PYHSS_NAMES.items() if row.get(ours)}
        auc |= {"sqn": int(row["sqn"]), "batch_name": row["batch"], "esim": False}
        subscriber = {
            "imsi": row["imsi"],
            "enabled": row["state"] == "active",
            "auc_id": None,  # given by PyHSS's answer to PUT /auc/
            "default_apn": 1,
            "apn_list": "1",
            "msisdn": row["msisdn"],
            "ue_ambr_dl": 0,
            "ue_ambr_ul": 0,
            "nam": 0,
        }
        ims = {
            "imsi": row["imsi"],
            "msisdn": row["msisdn"],
            "msisdn_list": f"[{row['msisdn']}]",
            "ifc_path": "default_ifc.xml",
        }
        yield _dump({"auc": auc, "subscriber": subscriber, "ims_subscriber": ims})


def _read_open5gs(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, record in _records(lines):
        if isinstance(record, AucError):
            yield number, record
            continue
        security = _part(record, "security")
        yield (
            number,
            {
                "imsi": _text(record.get("imsi")),
                "msisdn": _text(record.get("msisdn")),
                # Open5GS's own web page writes keys with blanks between groups.
                **{name: _text(security.get(name)).replace(" ", "") for name in ("k", "op", "opc", "amf")},
                "sqn": _text(security.get("sqn")),
            },
        )


def _write_open5gs(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    for row in rows:
        only_standard_milenage(row, "open5gs")
        qos = {"index": 9, "arp": {"priority_level": 8, "pre_emption_capability": 1, "pre_emption_vulnerability": 1}}
        ambr = {"downlink": {"value": 1, "unit": 3}, "uplink": {"value": 1, "unit": 3}}  # unit 3: Gbit/s
        session = {"name": options.apn, "type": 3, "qos": qos, "ambr": ambr}
        yield _dump(
            {
                "schema_version": 1,
                "imsi": row["imsi"],
                "msisdn": [row["msisdn"]] if row["msisdn"] else [],
                "security": {
                    "k": row["k"],
                    "op": None,
                    "opc": row["opc"],
                    "amf": row["amf"],
                    "sqn": {"$numberLong": row["sqn"]},
                },
                "ambr": ambr,
                "slice": [{"sst": 1, "default_indicator": True, "session": [session]}],
                "access_restriction_data": 32,
                "subscriber_status": 0 if row["state"] == "active" else 1,
                "network_access_mode": 0,
                "subscribed_rau_tau_timer": 12,
            }
        )


def _read_udr(lines: Iterable[str], _options: Options) -> Iterator[Row]:
    for number, record in _records(lines):
        if isinstance(record, AucError):
            yield number, record
            continue
        try:
            counter = _udr_counter(record.get("sequenceNumber"))
            sqn = int(_text(counter.get("sqn")) or "0", 16)
        except (ValueError, RecursionError):
            yield number, FormatError("sequenceNumber is not hexadecimal")
            continue
        fields = {
            "imsi": _text(record.get("ueId") or record.get("supi")).removeprefix("imsi-"),
            "k": _text(record.get("encPermanentKey")) or _text(_part(record, "permanentKey").get("permanentKeyValue")),
            "opc": _text(record.get("encOpcKey") or record.get("encTopcKey"))
            or _text(_part(record, "opc").get("opcValue")),
            "op": _text(_part(_part(record, "milenage"), "op").get("opValue")),
            "amf": _text(record.get("authenticationManagementField")),
            "algorithm": _text(record.get("algorithmId")),
            "sqn": str(sqn),
        }
        length = _text(counter.get("indLength"))
        yield number, fields | ({"ind_length": length} if length else {})


def _udr_counter(value: object) -> Record:
    # An object, its text (OAI keeps it in a text column), or in release 15 the SQN alone.
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    return value if isinstance(value, dict) else {"sqn": value}


def _write_udr(rows: Iterable[Fields], options: Options) -> Iterator[str]:
    key = options.transport("k")
    for row in rows:
        tuak = row["algorithm"].startswith("tuak")
        yield _dump(
            {
                "ueId": f"imsi-{row['imsi']}",
                "authenticationMethod": "5G_AKA",
                "encPermanentKey": row["k"],
                "protectionParameterId": str(key.index if key is not None else 0),
                "sequenceNumber": {
                    "sqnScheme": "NON_TIME_BASED",
                    "sqn": f"{int(row['sqn']):012x}",
                    "lastIndexes": {"ausf": 0, "s-cscf": int(row["ind"])},
                    "indLength": int(row["ind_length"]),
                    "difSign": "POSITIVE",
                },
                "authenticationManagementField": row["amf"],
                "algorithmId": row["algorithm"],
                ("encTopcKey" if tuak else "encOpcKey"): row["opc"],
            }
        )


PYHSS = Format(
    "pyhss",
    "PyHSS API objects auc, subscriber, ims_subscriber, one JSON object a line",
    _read_pyhss,
    _write_pyhss,
    decrypts=False,
)
OPEN5GS = Format(
    "open5gs",
    "MongoDB `subscribers` of Open5GS, for mongoimport",
    _read_open5gs,
    _write_open5gs,
    has_codes=False,
    decrypts=False,
)
UDR = Format(
    "udr",
    "5G UDR authentication subscription (TS 29.505), one JSON object a line",
    _read_udr,
    _write_udr,
    has_codes=False,
)
