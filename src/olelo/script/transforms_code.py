"""Transformations of class `s` that hash, encode and escape."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from olelo.script.catalog import TransformSpec, Value
from olelo.script.transforms import Args, Step, int_arg, plain, text_of

_ALNUM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_USER = _ALNUM | frozenset("-_.!~*'()&=+$,;?")
_PARAM = _ALNUM | frozenset("-_.!~*'()[]/:&+$")
_URL = _ALNUM | frozenset("-_.~")
_HEX = "0123456789abcdefABCDEF"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_COMMON = {"'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0"}
_COMMON_BACK = {"'": "'", '"': '"', "\\": "\\", "0": "\0"}


def core_hash(text: str, size: int = 0) -> int:
    """Kamailio's core_hash of a text; with a size (a power of 2) the slot in a table of that size.

    Characters count as signed, as `char` does on the machines Kamailio runs on.
    """
    data = [b - 256 if b > 127 else b for b in text.encode("latin-1")]
    h = 0
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        v = ((data[i] << 24) + (data[i + 1] << 16) + (data[i + 2] << 8) + data[i + 3]) & 0xFFFFFFFF
        h = (h + (v ^ (v >> 3))) & 0xFFFFFFFF
    v = 0
    for b in data[whole:]:
        v = ((v << 8) + b) & 0xFFFFFFFF
    h = (h + (v ^ (v >> 3))) & 0xFFFFFFFF
    h = ((h + (h >> 11)) + ((h >> 13) + (h >> 23))) & 0xFFFFFFFF
    return h & (size - 1) if size else h


def _core_hash(args: Args) -> Step:
    size = int_arg(args[0]) if args else None

    def step(ctx: Any, value: Value) -> Value:
        n = 0 if size is None else size(ctx)
        return None if value is None or n is None else str(core_hash(text_of(value), n))

    return step


def _digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode("latin-1"), usedforsecurity=False).hexdigest()


def _escape(allowed: frozenset[str], text: str, refuse: bool = True, upper: bool = False) -> Value:
    if refuse and any(not 32 <= ord(char) <= 126 for char in text):
        return None
    form = "%{:02X}" if upper else "%{:02x}"
    return "".join(char if char in allowed else form.format(ord(char)) for char in text)


def _unescape(text: str) -> Value:
    """%XX resolved; a bad escape or a control character gives $null."""
    out = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "%":
            pair = text[at + 1 : at + 3]
            if len(pair) < 2 or pair[0] not in _HEX or pair[1] not in _HEX:
                return None
            char = chr(int(pair, 16))
            if not 32 <= ord(char) <= 126:
                return None
            at += 2
        out += char
        at += 1
    return out


def _url_decode(text: str) -> Value:
    out = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "%":
            pair = text[at + 1 : at + 3]
            if len(pair) == 2 and pair[0] in _HEX and pair[1] in _HEX:
                char = chr(int(pair, 16))
                at += 2
        elif char == "+":
            char = " "
        out += char
        at += 1
    return out


def _unescape_common(text: str) -> str:
    out = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] in _COMMON_BACK and at + 1 < len(text):
            char = _COMMON_BACK[text[at + 1]]
            at += 1
        out += char
        at += 1
    return out


def _hex_decode(text: str) -> Value:
    pairs = [text[i : i + 2] for i in range(0, len(text) // 2 * 2, 2)]
    if any(char not in _HEX for pair in pairs for char in pair):
        return None
    return bytes.fromhex("".join(pairs)).decode("latin-1")


def _base64(text: str, url: bool, trim: bool) -> str:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    out = encode(text.encode("latin-1")).decode("ascii")
    return out.rstrip("=") if trim else out


def _base64_decode(text: str, url: bool, pad: bool) -> Value:
    if pad:
        text += "=" * (-len(text) % 4)
    try:
        decoded = base64.b64decode(text.encode("latin-1"), altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded.decode("latin-1") if decoded or not text else None


def _base58(text: str) -> str:
    data = text.encode("latin-1")
    number = int.from_bytes(data, "big")
    out = ""
    while number:
        number, digit = divmod(number, 58)
        out = _BASE58[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def _base58_decode(text: str) -> Value:
    number = 0
    for char in text:
        digit = _BASE58.find(char)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return "\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big").decode("latin-1")


def _seven_bit(text: str) -> str:
    """GSM 7-bit packing, as upper-case hexadecimal."""
    bits = 0
    count = 0
    out = bytearray()
    for char in text:
        bits |= (ord(char) & 0x7F) << count
        count += 7
        while count >= 8:
            out.append(bits & 0xFF)
            bits >>= 8
            count -= 8
    if count:
        out.append(bits & 0xFF)
    return out.hex().upper()


def _seven_bit_decode(text: str) -> Value:
    if any(char not in _HEX for char in text):
        return None
    data = bytes.fromhex(text[: len(text) // 2 * 2])
    bits = int.from_bytes(data, "little")
    return "".join(chr(bits >> (7 * i) & 0x7F) for i in range(len(data) * 8 // 7))


def transforms() -> list[TransformSpec]:
    table: dict[str, Callable[[str], Value]] = {
        "md5": _digest("md5"),
        "sha256": _digest("sha256"),
        "sha384": _digest("sha384"),
        "sha512": _digest("sha512"),
        "encode.hexa": lambda text: text.encode("latin-1").hex(),
        "decode.hexa": _hex_decode,
        "encode.7bit": _seven_bit,
        "decode.7bit": _seven_bit_decode,
        "encode.base58": _base58,
        "decode.base58": _base58_decode,
        "encode.base64": lambda text: _base64(text, False, False),
        "decode.base64": lambda text: _base64_decode(text, False, False),
        "encode.base64t": lambda text: _base64(text, False, True),
        "decode.base64t": lambda text: _base64_decode(text, False, True),
        "encode.base64url": lambda text: _base64(text, True, False),
        "decode.base64url": lambda text: _base64_decode(text, True, False),
        "encode.base64urlt": lambda text: _base64(text, True, True),
        "decode.base64urlt": lambda text: _base64_decode(text, True, True),
        "escape.common": lambda text: "".join(_COMMON.get(char, char) for char in text),
        "unescape.common": _unescape_common,
        "escape.user": lambda text: _escape(_USER, text),
        "unescape.user": _unescape,
        "escape.param": lambda text: _escape(_PARAM, text),
        "unescape.param": _unescape,
        "escape.csv": lambda text: '"' + text.replace('"', '""') + '"',
        "urlencode.param": lambda text: _escape(_URL, text, refuse=False),
        "urldecode.param": _url_decode,
    }
    found = [TransformSpec("s", name, plain(work), 0, 0, "pv") for name, work in table.items()]
    found.append(TransformSpec("s", "corehash", _core_hash, 0, 1, "pv"))
    return found
