"""Named text fields between a file format and a Card, with encrypted columns in between.

Field names: imsi iccid msisdn mcc mnc name k opc op amf sqn (decimal) ind ind_length algorithm state batch, derived
ones when writing (acc impi impu index), and card codes (pin1 puk1 pin2 puk2 adm1, and OTA keys by their names).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from olelo.auc.algorithm import Algorithm
from olelo.auc.card import STATES, Card
from olelo.auc.errors import AucError, FormatError, KeyFormatError, NumberingError
from olelo.auc.numbering import access_class, check_iccid, check_imsi, check_msisdn, impi, impu
from olelo.auc.profile import parse_profile
from olelo.auc.seal import CardKeys, Codes, RandomSource
from olelo.auc.secret import Secret
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH, SQN_LIMIT, check_ind
from olelo.auc.transport import TransportKey

Fields = dict[str, str]
Reader = Callable[[Iterable[str], "Options"], Iterator[tuple[int, "Fields | AucError"]]]
Writer = Callable[[Iterable[Fields], "Options"], Iterator[str]]

KEY_FIELDS = ("k", "opc", "op")
CARD_CODES = ("pin1", "puk1", "pin2", "puk2", "adm1")
# Hexadecimal keys beside K: PyHSS's names, SCP80 key sets, and the GlobalPlatform names of pySim's card_data.csv.
OTA_KEYS = (
    *("kic", "kid", "kik", "psk", "des"),
    *(f"{name}{version}" for version in (1, 2, 3) for name in ("kic", "kid", "kik")),
    *(
        f"{protocol}_{name}_{suffix}"
        for protocol in ("scp02", "scp03")
        for suffix in ("1", "2", "3", "isdr", "isda", "ecasd")
        for name in ("enc", "mac", "dek")
    ),
    *(
        f"uicc_{protocol}_{name}{version}"
        for protocol in ("scp02", "scp03")
        for version in (1, 2, 3)
        for name in ("kic", "kid", "kik")
    ),
)
_CODES = frozenset(CARD_CODES + OTA_KEYS)
_LONGEST_CODE = 128  # characters; the longest key of the field has 64
# What `to_card` takes from a row beside the codes.
_TAKEN = frozenset(
    ("imsi", "iccid", "msisdn", "mcc", "mnc", *KEY_FIELDS, "amf", "sqn", "ind", "ind_length", "algorithm", "state")
)


def is_code(name: str) -> bool:
    """Whether a field is a card code or OTA key, which are sealed with the card."""
    return name in _CODES


def is_kept(name: str) -> bool:
    """Whether an import keeps this field (mcc and mnc are compared)."""
    return name in _TAKEN or name in _CODES


@dataclass(frozen=True, slots=True)
class Options:
    """What a file does not say by itself.

    `columns`: transport key by field name; the name `*` stands for K, OPc and OP, and in aes-gcm for the codes.
    `op`: the common OP, for formats and targets that know nothing else. `mapping`: field name to column name.
    `domain`, `apn`: for formats with service data. `template`: text of a template file. `delimiter`: of format csv.
    `count`: number of cards, for a template's frame. A reader adds to `ignored` the columns it has no place for.
    """

    mcc: str
    mnc: str
    algorithm: str = "milenage"
    amf: bytes = b"\x00\x00"
    ind: int = DEFAULT_IND
    ind_length: int = DEFAULT_IND_LENGTH
    state: str = "made"
    batch: str = ""
    columns: Mapping[str, TransportKey] = field(default_factory=dict)
    op: Secret | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    apn: str = "internet"
    template: str = ""
    codes: bool = True
    luhn: bool = True
    delimiter: str = ","
    count: int = 0
    ignored: set[str] = field(default_factory=set)

    def transport(self, name: str) -> TransportKey | None:
        """The key a field is encrypted under, if any."""
        if name in self.columns:
            return self.columns[name]
        common = self.columns.get("*")
        if common is None or name in KEY_FIELDS or common.mode == "aes-gcm":
            return common
        return None


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it is for, and how it is read and written (None if it cannot be).

    `needs_op`: the target knows OP only, never OPc. `has_codes`: there is a place for PIN, PUK and ADM. `decrypts`:
    the target knows transport keys; if not, encrypted keys look like keys to it, and no card registers.
    """

    name: str
    doc: str
    read: Reader | None
    write: Writer | None
    needs_op: bool = False
    has_keys: bool = True
    has_codes: bool = True
    decrypts: bool = True


def to_fields(card: Card, index: int, options: Options, random: RandomSource) -> Fields:
    """All fields of a card, keys encrypted where the options say so."""
    fields = {
        "imsi": card.imsi,
        "iccid": card.iccid,
        "msisdn": card.msisdn or "",
        "mcc": card.mcc,
        "mnc": card.mnc,
        "name": card.imsi,
        "index": str(index),
        "amf": card.amf.hex(),
        "sqn": str(card.sqn),
        "ind": str(card.ind),
        "ind_length": str(card.ind_length),
        "algorithm": card.algorithm,
        "state": card.state,
        "batch": card.batch,
        "acc": f"{access_class(card.imsi):04x}",
        "impi": impi(card.imsi, card.mcc, card.mnc),
        "impu": impu(card.imsi, card.mcc, card.mnc),
        "k": _wrapped("k", card.keys.k.reveal(), card.imsi, options, random),
        "opc": _wrapped("opc", card.keys.opc.reveal(), card.imsi, options, random),
    }
    if options.op is not None:
        if parse_profile(card.algorithm).opc(card.keys.k, options.op) != card.keys.opc:
            raise KeyFormatError(f"IMSI {card.imsi}: its OPc was not made from this OP")
        fields["op"] = _wrapped("op", options.op.reveal(), card.imsi, options, random)
    if options.codes:
        for name, value in card.codes.items():
            key = options.transport(name.lower())
            fields[name.lower()] = value if key is None else _wrapped_code(name.lower(), value, card.imsi, key, random)
    return fields


def _bound(name: str, imsi: str) -> str:
    return f"{name.upper()} of IMSI {imsi}"


def _wrapped(name: str, value: bytes, imsi: str, options: Options, random: RandomSource) -> str:
    key = options.transport(name)
    return (value if key is None else key.encrypt(value, _bound(name, imsi), random)).hex()


def _wrapped_code(name: str, value: str, imsi: str, key: TransportKey, random: RandomSource) -> str:
    what = _bound(name, imsi)
    try:
        # Block modes encrypt an OTA key as the bytes it is, as pySim does; PIN and ADM codes are text.
        plain = bytes.fromhex(value) if key.mode != "aes-gcm" and name not in CARD_CODES else value.encode()
        return key.encrypt(plain, what, random).hex()
    except KeyFormatError as error:
        raise KeyFormatError(f"{what}: {error}") from None
    except ValueError:
        raise KeyFormatError(f"{what}: not hexadecimal text, which {key.mode} needs") from None


def to_card(fields: Fields, options: Options) -> Card:
    """The card of a row.

    Raises:
        AucError: a number, key or value is missing or wrong; the message never holds key digits.
    """
    imsi = check_imsi(fields.get("imsi", ""))
    if not imsi.startswith(options.mcc + options.mnc):
        raise NumberingError(f"IMSI {imsi} is not in the network {options.mcc}-{options.mnc}")
    for name, declared in (("mcc", options.mcc), ("mnc", options.mnc)):
        if fields.get(name, declared) != declared:
            raise NumberingError(f"IMSI {imsi}: the file has another {name.upper()} than {declared}, the declared one")
    iccid = fields.get("iccid", "")
    msisdn = fields.get("msisdn", "")
    profile = _profile(fields, imsi, options)
    card = Card(
        imsi=imsi,
        iccid=check_iccid(iccid, luhn=options.luhn) if iccid else "",
        keys=_keys(fields, imsi, profile, options),
        mcc=options.mcc,
        mnc=options.mnc,
        algorithm=profile.profile,
        msisdn=check_msisdn(msisdn) if msisdn else None,
        amf=_amf(fields["amf"], imsi) if fields.get("amf") else options.amf,
        sqn=_number(fields.get("sqn") or "0", imsi, "SQN"),
        ind=_number(fields.get("ind") or str(options.ind), imsi, "IND"),
        ind_length=_number(fields.get("ind_length") or str(options.ind_length), imsi, "IND length"),
        state=fields.get("state") or options.state,
        batch=options.batch,
        codes=_codes(fields, imsi, options),
    )
    check_ind(card.ind, card.ind_length)
    if profile.mac_size != 8:
        raise FormatError(f"IMSI {imsi}: AUTN holds a MAC of 64 bits (TS 33.102 section 6.3.2); choose mac=64")
    if card.sqn >= SQN_LIMIT:
        raise FormatError(f"IMSI {imsi}: SQN has more than 48 bits")
    if card.state not in STATES:
        raise FormatError(f"IMSI {imsi}: unknown state")
    card.check_keys()
    return card


def _profile(fields: Fields, imsi: str, options: Options) -> Algorithm:
    # Values of a row are not repeated in errors: under a shifted header any of them may be a key.
    text = fields.get("algorithm")
    if not text:
        return parse_profile(options.algorithm)
    try:
        return parse_profile(text)
    except FormatError:
        raise FormatError(f"IMSI {imsi}: unknown algorithm") from None


def _keys(fields: Fields, imsi: str, profile: Algorithm, options: Options) -> CardKeys:
    k = _key("k", fields, imsi, options)
    if k is None:
        raise KeyFormatError(f"IMSI {imsi}: no K")
    opc = _key("opc", fields, imsi, options)
    op = _key("op", fields, imsi, options) or options.op
    if op is None and opc is not None:
        return CardKeys(k, opc)
    if op is None:
        raise KeyFormatError(f"IMSI {imsi}: neither OPc nor OP")
    derived = profile.opc(k, op)
    if opc is not None and opc != derived:
        raise KeyFormatError(f"IMSI {imsi}: OPc and OP of the file do not belong together")
    return CardKeys(k, derived)


def _key(name: str, fields: Fields, imsi: str, options: Options) -> Secret | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    what = _bound(name, imsi)
    key = options.transport(name)
    if key is None:
        return Secret.from_hex(text, what=what)
    wrapped = Secret.from_hex(text, sizes=range(16, 80), what=what)
    try:
        return Secret(key.decrypt(wrapped.reveal(), what))
    except KeyFormatError as error:
        raise KeyFormatError(f"{what}: {error}") from None


def _codes(fields: Fields, imsi: str, options: Options) -> Codes:
    found = {}
    for name, text in fields.items():
        if not text or not is_code(name):
            continue
        key = options.transport(name)
        what = _bound(name, imsi)
        if key is not None:
            wrapped = Secret.from_hex(text, sizes=range(8, 200), what=what)
            try:
                plain = key.decrypt(wrapped.reveal(), what)
            except KeyFormatError as error:
                raise KeyFormatError(f"{what}: {error}") from None
            is_text = key.mode == "aes-gcm" or name in CARD_CODES
            # Not ASCII after decryption means another key; the check below says so.
            text = plain.decode("latin-1") if is_text else plain.hex()
        if not (text.isascii() and text.isprintable() and len(text) <= _LONGEST_CODE):
            raise FormatError(f"{what}: not a code of at most {_LONGEST_CODE} printable characters")
        found[name] = text
    return Codes(found)


def _amf(text: str, imsi: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 2:
        raise FormatError(f"IMSI {imsi}: AMF has 4 hexadecimal digits")
    return value


def _number(text: str, imsi: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise FormatError(f"IMSI {imsi}: {what} is not a number")
    return int(text)
