"""The binrpc wire format of Kamailio's ctl module: packets to bytes and back (module ctl, section "BINRPC").

    header   A1 | type(4) LL(2) CL(2) | length of the body (LL+1 bytes) | cookie (CL+1 bytes)
    record   long(1) size(3) type(4) | [size of the value, `size` bytes, if long] | value

Integers are big endian and as short as they can be; strings end in a zero that their length counts; doubles are
thousandths in an integer of up to 64 bits; structs and arrays stand between a start and an end tag.

Everything that can be wrong with received bytes ends in `BinrpcError`, whose text is one of Kamailio's phrases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from olelo.core.module import Pairs
from olelo.rpc.values import members, row

REQUEST, REPLY, FAULT = 0, 1, 3
INT, STR, DOUBLE, STRUCT, ARRAY, AVP, BYTES = range(7)

CORRUPTED = "corrupted packet"
MORE_DATA = "more data needed"
END_OF_PACKET = "end of packet encountered"
WRONG_TYPE = "record doesn't match type"
BAD_RECORD = "bad record"
OVERFLOW = "buffer too small (overflow)"

#: Largest request of a stream client, header included (Kamailio's STREAM_BUF_SIZE).
MAX_REQUEST = 65535
#: Longest text of a fault, in bytes without the final zero.
MAX_FAULT_TEXT = 255
_MAX_DEPTH = 32
_START = 0xA1
_NULL = "<null string>"


class BinrpcError(ValueError):
    """Bytes that are no binrpc packet, or a reply that is larger than its limit."""


@dataclass(slots=True, frozen=True)
class Packet:
    """One packet. `values`: int, float, str (latin-1), dict, `Pairs` (names repeat) or list, as in replies."""

    kind: int
    cookie: int
    values: list[Any]


# --- writing ----------------------------------------------------------------------------------------------------------


def encode_request(method: str, args: list[int | float | str], cookie: int) -> bytes:
    body = bytearray()
    _text(body, method, STR)
    for arg in args:
        _scalar(body, arg)
    return _header(REQUEST, len(body), cookie) + body


def encode_reply(reply: Any, cookie: int, max_body: int = 0, max_struct: int = 0) -> bytes:
    """A reply packet. max_body and max_struct (bytes, 0: no limit) bound what stands directly in the reply and in
    each single struct; nested structs count for themselves, as in Kamailio. Past a limit: `BinrpcError`."""
    body = bytearray()
    _members(body, [(None, value) for value in row(reply)], max_body, max_struct, 0)
    return _header(REPLY, len(body), cookie) + body


def encode_fault(code: int, text: str, cookie: int) -> bytes:
    body = bytearray()
    _scalar(body, code)
    _text(body, _bytes(text)[:MAX_FAULT_TEXT].decode("latin-1"), STR)
    return _header(FAULT, len(body), cookie) + body


def _header(kind: int, length: int, cookie: int) -> bytes:
    size = length.to_bytes(max(1, (length.bit_length() + 7) // 8), "big")
    tag = (cookie & 0xFFFFFFFF).to_bytes(max(1, ((cookie & 0xFFFFFFFF).bit_length() + 7) // 8), "big")
    return bytes((_START, kind << 4 | (len(size) - 1) << 2 | (len(tag) - 1))) + size + tag


def _members(body: bytearray, items: Any, limit: int, struct_limit: int, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise BinrpcError(BAD_RECORD)
    own = 0
    for name, value in items:
        before = len(body)
        if name is not None:
            _text(body, name, AVP)
        inside = members(value)
        if inside is None:
            _scalar(body, value)
            own += len(body) - before
        else:  # Kamailio writes its arrays as structs too: their elements are records without a name
            body.append(STRUCT)
            own += len(body) - before + 1
            _members(body, inside, struct_limit, struct_limit, depth + 1)
            body.append(0x80 | STRUCT)
        if limit and own > limit:
            raise BinrpcError(OVERFLOW)


def _scalar(body: bytearray, value: Any) -> None:
    if isinstance(value, str):
        _text(body, value, STR)
    elif isinstance(value, int):
        if -0x80000000 <= value <= 0x7FFFFFFF:
            _number(body, value & 0xFFFFFFFF, INT)
        else:
            _double(body, value * 1000, str(int(value)))
    elif isinstance(value, float):
        finite = value == value and abs(value) != float("inf")
        _double(body, int(value * 1000) if finite else 1 << 64, str(value))
    elif value is None:
        _text(body, _NULL, STR)
    elif isinstance(value, bytes):
        _text(body, value.decode("latin-1"), STR)
    else:
        _text(body, str(value), STR)


def _double(body: bytearray, thousandths: int, text: str) -> None:
    if -(1 << 63) <= thousandths < 1 << 63:
        _number(body, thousandths & 0xFFFFFFFFFFFFFFFF, DOUBLE)
    else:  # does not fit: digits say more than a wrong number
        _text(body, text, STR)


def _number(body: bytearray, value: int, kind: int) -> None:
    size = (value.bit_length() + 7) // 8
    body.append(size << 4 | kind)
    body += value.to_bytes(size, "big")


def _text(body: bytearray, text: str, kind: int) -> None:
    data = _bytes(text)
    length = len(data) + 1
    if length < 8:
        body.append(length << 4 | kind)
    else:
        size = (length.bit_length() + 7) // 8
        body.append((8 | size) << 4 | kind)
        body += length.to_bytes(size, "big")
    body += data
    body.append(0)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # not from the wire but written by people
        return text.encode("utf-8", "replace")


# --- reading ----------------------------------------------------------------------------------------------------------


def read_header(data: bytes | bytearray) -> tuple[int, int, int, int] | None:
    """(kind, cookie, header length, body length); None while the header is incomplete."""
    if data and data[0] != _START:
        raise BinrpcError(CORRUPTED)
    if len(data) < 2:
        return None
    kind = data[1] >> 4
    if kind not in (REQUEST, REPLY, FAULT):
        raise BinrpcError(CORRUPTED)
    cookie_at = 2 + (data[1] >> 2 & 3) + 1
    end = cookie_at + (data[1] & 3) + 1
    if len(data) < end:
        return None
    return kind, int.from_bytes(data[cookie_at:end], "big"), end, int.from_bytes(data[2:cookie_at], "big")


def decode(data: bytes) -> Packet:
    """One whole packet; bytes after it are ignored, as Kamailio does with datagrams."""
    header = read_header(data)
    if header is None or len(data) < header[2] + header[3]:
        raise BinrpcError(MORE_DATA)
    kind, cookie, start, length = header
    return Packet(kind, cookie, decode_body(data[start : start + length]))


def decode_body(body: bytes) -> list[Any]:
    values, at = _read_until(body, 0, -1, 0)
    return [value for _, value in values]


def request_parts(packet: Packet) -> tuple[str, list[Any]]:
    """(method, arguments) of a request packet."""
    if packet.kind != REQUEST:
        raise BinrpcError(CORRUPTED)
    if not packet.values:
        raise BinrpcError(END_OF_PACKET)
    if not isinstance(packet.values[0], str):
        raise BinrpcError(WRONG_TYPE)
    return packet.values[0], packet.values[1:]


def fault_parts(packet: Packet) -> tuple[int, str]:
    """(code, text) of a fault packet."""
    values = packet.values
    if len(values) < 2 or not isinstance(values[0], int) or not isinstance(values[1], str):
        raise BinrpcError(BAD_RECORD)
    return values[0], values[1]


def _read_until(body: bytes, at: int, closing: int, depth: int) -> tuple[list[tuple[str | None, Any]], int]:
    """Records up to the end tag of type `closing` (-1: to the end of the body), and the offset after it."""
    if depth > _MAX_DEPTH:
        raise BinrpcError(BAD_RECORD)
    found: list[tuple[str | None, Any]] = []
    end = len(body)
    name: str | None = None
    while at < end:
        kind = body[at] & 15
        size = body[at] >> 4
        at += 1
        ends = False
        if kind != DOUBLE and size & 8:
            ends = True
            width = size & 7
            if at + width > end:
                raise BinrpcError(MORE_DATA)
            size = int.from_bytes(body[at : at + width], "big")
            at += width
        if kind in (STRUCT, ARRAY):
            if ends:
                if kind != closing or name is not None or size:
                    raise BinrpcError(BAD_RECORD)
                return found, at
            if size:
                raise BinrpcError(BAD_RECORD)
            inside, at = _read_until(body, at, kind, depth + 1)
            found.append((name, _container(inside, kind)))
            name = None
            continue
        if at + size > end:
            raise BinrpcError(MORE_DATA)
        data = body[at : at + size]
        at += size
        if kind == AVP:
            if closing != STRUCT or name is not None:
                raise BinrpcError(BAD_RECORD)
            name = _string(data)
            continue
        found.append((name, _value(kind, data)))
        name = None
    if closing != -1 or name is not None:
        raise BinrpcError(MORE_DATA)
    return found, at


def _value(kind: int, data: bytes) -> int | float | str:
    if kind == STR:
        return _string(data)
    if kind == INT:
        if len(data) > 4:
            raise BinrpcError(BAD_RECORD)
        number = int.from_bytes(data, "big")
        return number - 0x100000000 if number & 0x80000000 else number
    if kind == DOUBLE:
        if len(data) > 8:
            raise BinrpcError(BAD_RECORD)
        number = int.from_bytes(data, "big")
        if number & 1 << 63:
            number -= 1 << 64
        return number / 1000
    if kind == BYTES:
        return data.decode("latin-1")
    raise BinrpcError(WRONG_TYPE)


def _string(data: bytes) -> str:
    if not data or data[-1]:
        raise BinrpcError(BAD_RECORD)
    return data[:-1].decode("latin-1")


def _container(inside: list[tuple[str | None, Any]], kind: int) -> Any:
    if kind == ARRAY or (inside and all(name is None for name, _ in inside)):
        return [value for _, value in inside]
    names = [name or "" for name, _ in inside]
    if len(set(names)) == len(names) and None not in (name for name, _ in inside):
        return {name or "": value for name, value in inside}
    return Pairs((name or "", value) for name, value in inside)


class Framer:
    """Cuts a byte stream into packets. A packet larger than `limit` bytes is refused as soon as its header is read."""

    __slots__ = ("_buffer", "limit")

    def __init__(self, limit: int = MAX_REQUEST) -> None:
        self.limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are complete now. After a `BinrpcError` the stream is lost."""
        buffer = self._buffer
        buffer += data
        packets: list[bytes] = []
        while buffer:
            header = read_header(buffer)
            if header is None:
                break
            total = header[2] + header[3]
            if total > self.limit:
                raise BinrpcError(OVERFLOW)
            if len(buffer) < total:
                break
            packets.append(bytes(buffer[:total]))
            del buffer[:total]
        return packets

    @property
    def pending(self) -> int:
        """Bytes of an incomplete packet."""
        return len(self._buffer)
