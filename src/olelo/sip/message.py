"""A SIP message: its received bytes, an index of where its headers are, and a list of edits.

Parsing notes where each header begins and ends and nothing more. Values are cut out and parsed when first asked
for. What is changed is noted as edits (Kamailio's lumps) and applied when the message is sent: reading still
shows what was received.
"""

from __future__ import annotations

from olelo.sip import headers as h
from olelo.sip.address import STAR, NameAddr, parse_addresses
from olelo.sip.cseq import CSeq, parse_cseq
from olelo.sip.errors import MalformedHeader, MalformedMessage
from olelo.sip.headers import header_id
from olelo.sip.params import split_outside
from olelo.sip.via import Via

#: Most header lines of a message: far above what phones send, low enough to stop floods of empty ones.
MAX_HEADERS = 512

#: (offset, end, bytes): replace raw[offset:end]; an empty range inserts.
Edit = tuple[int, int, bytes]

_KNOWN = h._SEEN


class Message:
    """A request or a reply.

    `method` of a reply is the CSeq's, "" if that cannot be read. `ruri` is b"" in replies, `status` 0 in requests.
    The index: `hids[i]` is the header's number (`sip.headers`), its line is `raw[starts[i]:ends[i]]` (folds and line
    end included), its value starts at `values[i]`.
    """

    __slots__ = (
        "_call_id",
        "_contacts",
        "_cseq",
        "_from",
        "_method",
        "_to",
        "_via",
        "_vias",
        "body_at",
        "edits",
        "ends",
        "headers_at",
        "hids",
        "is_request",
        "raw",
        "reason",
        "ruri",
        "ruri_at",
        "starts",
        "status",
        "values",
    )

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.edits: list[Edit] = []
        self.is_request = True
        self._method = ""
        self.ruri = b""
        self.ruri_at = 0
        self.status = 0
        self.reason = b""
        self.hids: list[int] = []
        self.starts: list[int] = []
        self.values: list[int] = []
        self.ends: list[int] = []
        self.headers_at = 0
        self.body_at = 0
        self._via: Via | None = None
        self._vias: list[Via] | None = None
        self._from: NameAddr | None = None
        self._to: NameAddr | None = None
        self._cseq: CSeq | None = None
        self._call_id: bytes | None = None
        self._contacts: list[NameAddr] | None = None

    @staticmethod
    def parse(data: bytes) -> Message:
        """Index a message. Raises MalformedMessage; bad values are found when they are asked for."""
        msg = Message(data)
        pos = msg._first_line()
        msg.headers_at = pos
        hids, starts, values, ends = msg.hids, msg.starts, msg.values, msg.ends
        find = data.find
        length = len(data)
        known = _KNOWN.get
        while True:
            eol = find(b"\n", pos)
            if eol < 0:
                raise MalformedMessage("headers have no end")
            if eol - pos <= 1 and (eol == pos or data[pos] == 13):
                msg.body_at = eol + 1
                break
            end = eol + 1
            while end < length and data[end] in (32, 9):  # a folded line goes on
                eol = find(b"\n", end)
                if eol < 0:
                    raise MalformedMessage("headers have no end")
                end = eol + 1
            colon = find(b":", pos, end)
            if colon <= pos:
                raise MalformedMessage(f"header line without a name: {data[pos : pos + 40]!r}")
            name = data[pos:colon]
            number = known(name)
            if number is None:
                number = header_id(name.rstrip(b" \t"))
            hids.append(number)
            starts.append(pos)
            values.append(colon + 1)
            ends.append(end)
            pos = end
        if len(hids) > MAX_HEADERS:
            raise MalformedMessage(f"more than {MAX_HEADERS} headers", 513)
        return msg

    def _first_line(self) -> int:
        """Parse the first line; returns where the headers start. Empty lines before it are skipped (section 7.5)."""
        data = self.raw
        pos = 0
        while data[pos : pos + 1] in (b"\r", b"\n"):
            pos += 1
        eol = data.find(b"\n", pos)
        if eol < 0:
            raise MalformedMessage("no line end")
        end = eol - 1 if data[eol - 1 : eol] == b"\r" else eol
        line = data[pos:end]
        if line[:8].upper() == b"SIP/2.0 ":
            self.is_request = False
            code = line[8:11]
            if not code.isdigit() or line[11:12] not in (b" ", b"") or not b"100" <= code <= b"699":
                raise MalformedMessage(f"bad status line {line[:40]!r}")
            self.status = int(code)
            self.reason = line[12:]
            return eol + 1
        words = line.split(b" ")
        if len(words) != 3 or not words[0] or not words[1]:
            raise MalformedMessage(f"bad request line {line[:60]!r}")
        if words[2].upper() != b"SIP/2.0":
            raise MalformedMessage(f"bad version {words[2][:20]!r}", 505)
        self._method = words[0].decode("latin-1")
        self.ruri = words[1]
        self.ruri_at = pos + len(words[0]) + 1
        return eol + 1

    # --- headers by number or name ------------------------------------------------------------------------

    @property
    def method(self) -> str:
        if self._method or self.is_request:
            return self._method
        try:
            self._method = self.cseq.method
        except MalformedHeader:
            return ""
        return self._method

    def index(self, number: int) -> int:
        """Index of the first header with that number, -1 if there is none."""
        try:
            return self.hids.index(number)
        except ValueError:
            return -1

    def value_span(self, i: int) -> tuple[int, int]:
        """(start, end) of a header's value, without blanks around it."""
        raw = self.raw
        start, end = self.values[i], self.ends[i]
        while end > start and raw[end - 1] in b"\r\n \t":
            end -= 1
        while start < end and raw[start] in b" \t\r\n":
            start += 1
        return start, end

    def value(self, i: int) -> bytes:
        """A header's value: trimmed, folds replaced by a blank."""
        text = self.raw[self.values[i] : self.ends[i]].strip()
        if b"\n" in text:
            text = b" ".join(line.strip() for line in text.splitlines())
        return text

    def name(self, i: int) -> bytes:
        """A header's name as written."""
        return self.raw[self.starts[i] : self.values[i] - 1].rstrip()

    def line(self, i: int) -> bytes:
        """A header's whole line, folds and line end included."""
        return self.raw[self.starts[i] : self.ends[i]]

    def first(self, number: int) -> bytes | None:
        """Value of the first header with that number."""
        i = self.index(number)
        return self.value(i) if i >= 0 else None

    def all(self, number: int) -> list[bytes]:
        """Values of all headers with that number, one per line."""
        return [self.value(i) for i, known in enumerate(self.hids) if known == number]

    def find_named(self, name: bytes) -> list[int]:
        """Indexes of the headers of that name, in any case; a compact form finds the long one and the other way round."""
        number = header_id(name)
        if number:
            return [i for i, known in enumerate(self.hids) if known == number]
        lower = name.lower()
        return [i for i, known in enumerate(self.hids) if known == 0 and self.name(i).lower() == lower]

    def named(self, name: bytes) -> list[bytes]:
        """Values of the headers of that name."""
        return [self.value(i) for i in self.find_named(name)]

    def check_core_headers(self) -> None:
        """Via, From, To, Call-ID and CSeq are there and the first Via can be read. Raises MalformedMessage or MalformedHeader."""
        hids = self.hids
        for number in (h.VIA, h.CALL_ID, h.CSEQ, h.FROM, h.TO):
            if number not in hids:
                raise MalformedMessage(f"no {h.NAMES[number].decode()} header")
        _ = self.via

    # --- parsed values ------------------------------------------------------------------------------------

    @property
    def via(self) -> Via:
        """The topmost Via. Raises MalformedHeader."""
        found = self._via
        if found is None:
            value = self.first(h.VIA)
            if value is None:
                raise MalformedHeader("no Via header")
            if b"," in value:
                value = split_outside(value, 0x2C)[0].strip()
            found = self._via = Via.parse(value)
        return found

    @property
    def vias(self) -> list[Via]:
        """All Vias, topmost first. Raises MalformedHeader."""
        if self._vias is None:
            self._vias = [
                Via.parse(part.strip()) for value in self.all(h.VIA) for part in split_outside(value, 0x2C) if part.strip()
            ]
        return self._vias

    @property
    def from_(self) -> NameAddr:
        """From. Raises MalformedHeader."""
        if self._from is None:
            self._from = NameAddr.parse(self.first(h.FROM) or b"")
        return self._from

    @property
    def to(self) -> NameAddr:
        """To. Raises MalformedHeader."""
        if self._to is None:
            self._to = NameAddr.parse(self.first(h.TO) or b"")
        return self._to

    @property
    def cseq(self) -> CSeq:
        """CSeq. Raises MalformedHeader."""
        if self._cseq is None:
            self._cseq = parse_cseq(self.first(h.CSEQ) or b"")
        return self._cseq

    @property
    def call_id(self) -> bytes:
        """Call-ID; b"" where there is none."""
        if self._call_id is None:
            self._call_id = self.first(h.CALL_ID) or b""
        return self._call_id

    def first_call_id(self) -> bytes:
        return self.call_id

    @property
    def contacts(self) -> list[NameAddr]:
        """All contacts; `*` is STAR. Raises MalformedHeader."""
        if self._contacts is None:
            found: list[NameAddr] = []
            for value in self.all(h.CONTACT):
                if value == b"*":
                    found.append(STAR)
                else:
                    found += parse_addresses(value)
            self._contacts = found
        return self._contacts

    @property
    def routes(self) -> list[NameAddr]:
        """All Route entries, in order. Raises MalformedHeader."""
        return [entry for value in self.all(h.ROUTE) for entry in parse_addresses(value)]

    @property
    def content_length(self) -> int | None:
        """Content-Length, None where there is none. Raises MalformedHeader."""
        value = self.first(h.CONTENT_LENGTH)
        if value is None:
            return None
        if not value.isdigit() or len(value) > 9:
            raise MalformedHeader(f"bad Content-Length {value[:20]!r}")
        return int(value)

    @property
    def body(self) -> bytes:
        """Everything behind the headers."""
        return self.raw[self.body_at :]

    # --- edits --------------------------------------------------------------------------------------------

    def replace(self, start: int, end: int, data: bytes) -> None:
        """Note that raw[start:end] goes out as `data`."""
        self.edits.append((start, end, data))

    def insert(self, at: int, data: bytes) -> None:
        """Note that `data` goes out before raw[at]; several at one place keep their order."""
        self.edits.append((at, at, data))

    def remove_header(self, i: int) -> None:
        """Note that a header's line does not go out."""
        self.edits.append((self.starts[i], self.ends[i], b""))

    def prepend_header(self, line: bytes) -> None:
        """Note a new header line (with its line end) before all others."""
        self.edits.append((self.headers_at, self.headers_at, line))

    def append_header(self, line: bytes) -> None:
        """Note a new header line (with its line end) behind all others."""
        at = self.ends[-1] if self.ends else self.headers_at
        self.edits.append((at, at, line))

    def apply_edits(self) -> bytes:
        """The message's bytes with all edits applied."""
        return b"".join(edited(self.raw, self.edits, 0, len(self.raw)))


def edited(raw: bytes, edits: list[Edit], start: int, stop: int) -> list[bytes]:
    """raw[start:stop] in pieces, edits applied. An edit that begins inside what an earlier one replaced is dropped,
    but what it inserts is kept; Python's sort keeps the order of edits at one place."""
    if not edits:
        return [raw[start:stop]]
    pieces = []
    pos = start
    for at, end, data in edits if len(edits) == 1 else sorted(edits, key=_place):
        if at < start or at > stop:
            continue
        if at > pos:
            pieces.append(raw[pos:at])
        if data:
            pieces.append(data)
        if end > pos:
            pos = end if end > at else max(pos, at)
    if pos < stop:
        pieces.append(raw[pos:stop])
    return pieces


def _place(edit: Edit) -> tuple[int, bool]:
    return edit[0], edit[1] > edit[0]  # insertions stand before what a replacement at the same place makes
