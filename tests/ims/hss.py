"""A home subscriber server for one test: enough of Diameter Cx (RFC 6733, TS 29.229) that Kamailio's ims_auth gets its vectors.

One connection, one thread. The vectors are of Olelo's authentication centre, so that one simulated card can answer both
programs.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

_VENDOR = 10415
_CX = 16777216
_CER, _DWR, _DPR, _MAR = 257, 280, 282, 303
_SUCCESS = 2001
# Codes of AVPs.
USER_NAME, HOST_IP, AUTH_APPLICATION, SESSION, ORIGIN_HOST, VENDOR, RESULT = 1, 257, 258, 263, 264, 266, 268
PRODUCT, SESSION_STATE, VENDOR_APPLICATION, ORIGIN_REALM, EXPERIMENTAL, EXPERIMENTAL_CODE = 269, 277, 260, 296, 297, 298
IDENTITY, NUMBER_OF_ITEMS, SCHEME, AUTHENTICATE, AUTHORIZATION, ITEM, ITEM_NUMBER, CK, IK = (
    601, 607, 608, 609, 610, 612, 613, 625, 626,
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What a Multimedia-Auth-Request asks. auth: RAND and AUTS of a resynchronisation, else b""."""

    user: str
    identity: str
    scheme: str
    auth: bytes


@dataclass(frozen=True)
class Given:
    """What is answered: a vector, or a result code of its own (experimental, 5001 is an unknown user)."""

    rand: bytes = b""
    autn: bytes = b""
    xres: bytes = b""
    ck: bytes = b""
    ik: bytes = b""
    error: int = 0


def _avp(code: int, data: bytes | int | str, vendor: int = 0) -> bytes:
    if isinstance(data, int):
        data = data.to_bytes(4, "big")
    elif isinstance(data, str):
        data = data.encode()
    flags = 0x40 | (0x80 if vendor else 0)
    size = 8 + (4 if vendor else 0) + len(data)
    head = struct.pack(">IB", code, flags) + size.to_bytes(3, "big") + (vendor.to_bytes(4, "big") if vendor else b"")
    return head + data + bytes(-size % 4)


def _avps(data: bytes) -> dict[int, bytes]:
    """The first AVP of each code."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 8 <= len(data):
        code, flags = struct.unpack_from(">IB", data, at)
        size = int.from_bytes(data[at + 5 : at + 8], "big")
        start = at + (12 if flags & 0x80 else 8)
        found.setdefault(code, data[start : at + size])
        at += size + (-size % 4)
    return found


class Hss:
    """Listens on `port` of 127.0.0.1 from the start; `answer` says what a request for a vector gets."""

    def __init__(self, answer: Callable[[Asked], Given], host: str, realm: str) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._own = _avp(ORIGIN_HOST, host) + _avp(ORIGIN_REALM, realm)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(30)
        self.port = int(self._socket.getsockname()[1])
        self.connected = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            peer, _ = self._socket.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(60)
            try:
                while head := self._read(peer, 20):
                    size = int.from_bytes(head[1:4], "big")
                    reply = self._reply(head, self._read(peer, size - 20))
                    if reply:
                        peer.sendall(reply)
            except OSError:
                return

    @staticmethod
    def _read(peer: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = peer.recv(size - len(data))
            if not more:
                return b""
            data += more
        return data

    def _reply(self, head: bytes, body: bytes) -> bytes:
        flags, code = head[4], int.from_bytes(head[5:8], "big")
        if not flags & 0x80:
            return b""  # an answer
        found = _avps(body)
        if code == _CER:
            application = _avp(VENDOR, _VENDOR) + _avp(AUTH_APPLICATION, _CX)
            out = _avp(RESULT, _SUCCESS) + self._own + _avp(HOST_IP, b"\0\x01\x7f\0\0\x01") + _avp(VENDOR, _VENDOR)
            out += _avp(PRODUCT, "test HSS") + _avp(VENDOR_APPLICATION, application)
            self.connected.set()
        elif code in (_DWR, _DPR):
            out = _avp(RESULT, _SUCCESS) + self._own
        elif code == _MAR:
            out = self._vector(found)
        else:
            out = _avp(RESULT, 3001) + self._own
        size = 20 + len(out)
        return b"\x01" + size.to_bytes(3, "big") + bytes((flags & 0x40,)) + head[5:20] + out

    def _vector(self, found: dict[int, bytes]) -> bytes:
        item = _avps(found.get(ITEM, b""))
        asked = Asked(
            found.get(USER_NAME, b"").decode(),
            found.get(IDENTITY, b"").decode(),
            item.get(SCHEME, b"").decode(),
            item.get(AUTHORIZATION, b""),
        )
        self.asked.append(asked)
        given = self.answer(asked)
        application = _avp(VENDOR, _VENDOR) + _avp(AUTH_APPLICATION, _CX)
        out = _avp(SESSION, found.get(SESSION, b"")) + _avp(VENDOR_APPLICATION, application) + _avp(SESSION_STATE, 1)
        out += self._own
        if given.error:
            return out + _avp(EXPERIMENTAL, _avp(VENDOR, _VENDOR) + _avp(EXPERIMENTAL_CODE, given.error))
        parts = _avp(ITEM_NUMBER, 1, _VENDOR) + _avp(SCHEME, asked.scheme, _VENDOR)
        parts += _avp(AUTHENTICATE, given.rand + given.autn, _VENDOR) + _avp(AUTHORIZATION, given.xres, _VENDOR)
        parts += _avp(CK, given.ck, _VENDOR) + _avp(IK, given.ik, _VENDOR)
        out += _avp(RESULT, _SUCCESS) + _avp(USER_NAME, asked.user) + _avp(IDENTITY, asked.identity, _VENDOR)
        return out + _avp(NUMBER_OF_ITEMS, 1, _VENDOR) + _avp(ITEM, parts, _VENDOR)
