"""A SIP message: its received bytes, an index of where its headers are, and a list of edits.

Parsing notes where each header begins and ends and nothing more. Values are cut out and parsed when first asked
for. What is changed is noted as edits (Kamailio's lumps) and applied when the message is sent: reading still
shows what was received.
"""

from __future__ import annotations

from typing import Final

from olelo.sip import headers as h
from olelo.sip.address import STAR, NameAddr, parse_addresses
from olelo.sip.cseq import CSeq, parse_cseq
from olelo.sip.errors import MalformedHeader, MalformedMessage
from olelo.sip.headers import header_id
from olelo.sip.octets import CARRIAGE_RETURN, COMMA, LINE_FEED
from olelo.sip.params import split_outside
from olelo.sip.via import Via

#: Most header lines of a message: far above what phones send, low enough to stop floods of empty ones.
MAX_HEADERS: Final = 512

# check_core_headers has these numbers written out: it runs for every packet.
assert (h.VIA, h.FROM, h.TO, h.CALL_ID, h.CSEQ) == (1, 2, 3, 4, 5)

#: (offset, end, bytes): replace raw[offset:end]; an empty range inserts.
Edit = tuple[int, int, bytes]

_known: Final = h.SEEN.get
#: In place of a number, while the names of a message are read: one that is not written as usual.
_UNUSUAL: Final = 255

#: Methods as text, so that the usual ones are not decoded again and again.
METHODS: Final = {
    name.encode("ascii"): name
    for name in (
        "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "UPDATE", "PRACK", "SUBSCRIBE", "NOTIFY",
        "PUBLISH", "MESSAGE", "REFER",
    )
}  # fmt: skip


#: Sequences of header numbers that check_core_headers() found good: phones send few, and looking one up costs less than
#: looking into it. They come from the wire, so the memory must be bounded.
_good_orders: Final[set[bytes]] = set()
_MAX_ORDERS: Final = 4096


class Message:
    """A request or a reply.

    `method` of a reply is the CSeq's, "" if that cannot be read. `ruri` is b"" in replies, `status` 0 in requests.
    The index: `hids[i]` is the number (`sip.headers`) of header i (bytes: they are searched more than anything), `lines[i]`
    its line without the line end;
    in the received bytes it is `raw[starts[i]:ends[i]]`, line end included.
    """

    # Most of these stay as they are in most messages: the defaults stand on the class, and __init__, which runs for
    # every packet, sets next to nothing.
    is_request = True
    method = ""
    ruri = b""
    ruri_at = 0
    status = 0
    reason = b""
    headers_at = 0
    body_at = 0
    #: kept here by the transaction room, which asks for it several times: the key of the server transaction
    transaction_key: bytes | None = None
    #: kept here by core/party, for the same reason
    to_tag: bytes | None = None
    _starts: list[int] | None = None
    _ends: list[int] | None = None
    _via: Via | None = None
    _vias: list[Via] | None = None
    _from: NameAddr | None = None
    _to: NameAddr | None = None
    _cseq: CSeq | None = None
    _call_id: bytes | None = None
    _contacts: list[NameAddr] | None = None

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.edits: list[Edit] = []
        self.hids = b""
        self.lines: list[bytes] = []

    @staticmethod
    def parse(data: bytes) -> Message:
        """Index a message. Raises MalformedMessage; bad values are found when they are asked for."""
        msg = Message(data)
        at = msg._first_line()
        msg.headers_at = at
        end = data.find(b"\r\n\r\n", at - 2)
        # The usual form, CRLF everywhere and nothing folded, is cut by the interpreter's C code; the rest line by line.
        if end >= at:
            head = data[at:end]
            lines = head.split(b"\r\n")
            if head.count(b"\n") == len(lines) - 1:
                found: list[int] = []
                for line in lines:
                    name, colon, _ = line.partition(b":")
                    found.append(_known(name, _UNUSUAL) if colon else _UNUSUAL)
                hids = bytes(found)
                unusual = _UNUSUAL in hids  # a folded line begins with a blank, and is no header's name
                if not unusual or (head.find(b"\n ") < 0 and head.find(b"\n\t") < 0):
                    msg.lines = lines
                    msg.body_at = end + 4
                    msg.hids = msg._named_slowly(hids) if unusual else hids
                    if not msg.is_request:
                        msg.method = msg._cseq_method()
                    if len(lines) > MAX_HEADERS:
                        raise MalformedMessage(f"more than {MAX_HEADERS} headers", 513)
                    return msg
        msg._parse_slowly(at)
        return msg

    def _named_slowly(self, found: bytes) -> bytes:
        """Numbers of headers whose names are not written as usual."""
        hids: list[int] = []
        for line, number in zip(self.lines, found, strict=True):
            if number == _UNUSUAL:
                colon = line.find(b":")
                name = line[:colon].rstrip(b" \t") if colon > 0 else b""
                if not name:
                    raise MalformedMessage(f"header line without a name: {line[:40]!r}")
                number = header_id(name)
            hids.append(number)
        return bytes(hids)

    def _parse_slowly(self, at: int) -> None:
        """Index a message with folded headers, or with lines that end in LF alone."""
        data = self.raw
        self._starts, self._ends = starts, ends = [], []
        while True:
            eol = data.find(b"\n", at)
            if eol < 0:
                raise MalformedMessage("headers have no end")
            if eol - at <= 1 and (eol == at or data[at] == 13):
                self.body_at = eol + 1
                break
            while data[eol + 1 : eol + 2] in (b" ", b"\t"):  # a folded line goes on
                eol = data.find(b"\n", eol + 1)
                if eol < 0:
                    raise MalformedMessage("headers have no end")
            starts.append(at)
            ends.append(eol + 1)
            self.lines.append(data[at : eol + 1].rstrip(b"\r\n"))
            at = eol + 1
            if len(starts) > MAX_HEADERS:
                raise MalformedMessage(f"more than {MAX_HEADERS} headers", 513)
        self.hids = self._named_slowly(bytes((_UNUSUAL,)) * len(self.lines))
        if not self.is_request:
            self.method = self._cseq_method()

    def _cseq_method(self) -> str:
        """A reply's method, which is the CSeq's; "" where that cannot be read."""
        try:
            line = self.lines[self.hids.index(h.CSEQ)]
        except ValueError:
            return ""
        word = line[line.rfind(b" ") + 1 :]
        return METHODS.get(word) or word.strip().decode("latin-1")

    def _first_line(self) -> int:
        """Parse the first line; returns where the headers start. Empty lines before it are skipped (section 7.5)."""
        data = self.raw
        pos = 0
        size = len(data)
        while pos < size and (data[pos] == CARRIAGE_RETURN or data[pos] == LINE_FEED):
            pos += 1
        eol = data.find(b"\n", pos)
        if eol < 0:
            raise MalformedMessage("no line end")
        line = data[pos : eol - 1] if data[eol - 1] == 13 else data[pos:eol]
        if (data[pos] == 0x53 or data[pos] == 0x73) and line[:8].upper() == b"SIP/2.0 ":  # S or s
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
        if words[2] != b"SIP/2.0" and words[2].upper() != b"SIP/2.0":  # as Kamailio, which drops any other version
            raise MalformedMessage(f"not SIP/2.0: {words[2][:20]!r}", 505)
        method = words[0]
        self.method = METHODS.get(method) or method.decode("latin-1")
        self.ruri = words[1]
        self.ruri_at = pos + len(method) + 1
        return eol + 1

    # --- where the headers are ----------------------------------------------------------------------------

    @property
    def starts(self) -> list[int]:
        """Offset of each header line."""
        if self._starts is None:
            at = self.headers_at
            self._starts = starts = []
            for line in self.lines:
                starts.append(at)
                at += len(line) + 2
        return self._starts

    @property
    def ends(self) -> list[int]:
        """Offset behind each header line, its line end included."""
        if self._ends is None:
            starts = self.starts
            self._ends = [*starts[1:], self.body_at - 2] if starts else []
        return self._ends

    def start(self, i: int) -> int:
        """Offset of one header line, without counting all of them."""
        if self._starts is not None:
            return self._starts[i]
        at = self.headers_at + 2 * i
        lines = self.lines
        for number in range(i):
            at += len(lines[number])
        return at

    def end(self, i: int) -> int:
        """Offset behind one header line, its line end included."""
        return self._ends[i] if self._ends is not None else self.start(i) + len(self.lines[i]) + 2

    # --- headers by number or name ------------------------------------------------------------------------

    def index(self, number: int) -> int:
        """Index of the first header with that number, -1 if there is none."""
        hids = self.hids
        return hids.index(number) if number in hids else -1

    def value_span(self, i: int) -> tuple[int, int]:
        """(start, end) of a header's value, without blanks around it."""
        line = self.lines[i]
        at = line.find(b":") + 1
        value = line[at:].strip()
        start = self.start(i) + (line.find(value, at) if value else at)
        return start, start + len(value)

    def value(self, i: int) -> bytes:
        """A header's value: trimmed, folds replaced by a blank."""
        line = self.lines[i]
        text = line[line.find(b":") + 1 :].strip()
        if LINE_FEED in text:
            text = b" ".join(part.strip() for part in text.splitlines())
        return text

    def name(self, i: int) -> bytes:
        """A header's name as written."""
        line = self.lines[i]
        return line[: line.find(b":")].rstrip()

    def line(self, i: int) -> bytes:
        """A header's whole line, folds and line end included."""
        return self.raw[self.start(i) : self.end(i)]

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
        """Via is there and can be read; From, To, Call-ID and CSeq are there once, Max-Forwards and Content-Length once at
        most (two of them, and two servers may read the message differently). Raises MalformedMessage or MalformedHeader."""
        order = self.hids
        if order not in _good_orders:
            for number in (h.VIA, h.CALL_ID, h.CSEQ, h.FROM, h.TO, h.CONTENT_LENGTH, h.MAX_FORWARDS):
                found = order.count(number)
                if found > 1 and number != h.VIA:
                    raise MalformedMessage(f"more than one {h.NAMES[number].decode()} header")
                if not found and number not in (h.CONTENT_LENGTH, h.MAX_FORWARDS):
                    raise MalformedMessage(f"no {h.NAMES[number].decode()} header")
            if len(_good_orders) >= _MAX_ORDERS:
                _good_orders.clear()
            _good_orders.add(order)
        if self._via is None:
            _ = self.via

    # --- parsed values ------------------------------------------------------------------------------------

    @property
    def via(self) -> Via:
        """The topmost Via. Raises MalformedHeader."""
        found = self._via
        if found is None:
            try:
                value = self.value(self.hids.index(h.VIA))
            except ValueError:
                raise MalformedHeader("no Via header") from None
            if COMMA in value:
                value = split_outside(value, 0x2C)[0].strip()
            found = self._via = Via.parse(value)
        return found

    @property
    def vias(self) -> list[Via]:
        """All Vias, topmost first. Raises MalformedHeader."""
        if self._vias is None:
            self._vias = [
                Via.parse(part.strip())
                for value in self.all(h.VIA)
                for part in split_outside(value, 0x2C)
                if part.strip()
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
        start = self.start(i)
        end = self._ends[i] if self._ends is not None else start + len(self.lines[i]) + 2
        self.edits.append((start, end, b""))

    def prepend_header(self, line: bytes) -> None:
        """Note a new header line (with its line end) before all others."""
        self.edits.append((self.headers_at, self.headers_at, line))

    def append_header(self, line: bytes) -> None:
        """Note a new header line (with its line end) behind all others."""
        at = self.body_at - 2 if self.raw[self.body_at - 2] == 13 else self.body_at - 1
        self.edits.append((at, at, line))

    def apply_edits(self) -> bytes:
        """The message's bytes with all edits applied."""
        return b"".join(edited(self.raw, self.edits, 0, len(self.raw)))


def edited(raw: bytes, edits: list[Edit], start: int, stop: int) -> list[bytes]:
    """raw[start:stop] in pieces, edits applied. What would replace a part of what an earlier edit removed has no place
    any more and is dropped; a pure insertion there is kept. Python's sort keeps the order of edits at one place."""
    if not edits:
        return [raw[start:stop]]
    pieces = []
    pos = start
    for at, end, data in edits if len(edits) == 1 else sorted(edits, key=_place):
        if at < start or at > stop:
            continue
        if at > pos:
            pieces.append(raw[pos:at])
        if data and (at >= pos or end == at):
            pieces.append(data)
        pos = max(pos, end)
    if pos < stop:
        pieces.append(raw[pos:stop])
    return pieces


def _place(edit: Edit) -> tuple[int, bool]:
    return edit[0], edit[1] > edit[0]  # insertions stand before what a replacement at the same place makes
