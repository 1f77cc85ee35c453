"""SIP messages out of a byte stream (RFC 3261 section 18.3): by their Content-Length, with limits."""

from __future__ import annotations

from olelo.sip.errors import MalformedMessage

#: Longest header part; phones stay far below, and a peer that never ends its headers is cut off.
MAX_HEADERS = 65_535
#: Longest whole message, as Kamailio's tcp_rd_buf_size users set it at most.
MAX_MESSAGE = 262_144
#: Line ends that a keepalive may send in a row before anything else (RFC 5626 section 3.5.1 sends two).
PING = b"\r\n\r\n"


class StreamFramer:
    """Cuts messages out of a stream. `feed()` gives what is complete."""

    __slots__ = ("_buffer", "_need", "no_length")

    def __init__(self, no_length: bool = False) -> None:
        """no_length: a message without Content-Length has no body, instead of being an error (tcp_accept_no_cl)."""
        self._buffer = b""
        self._need = 0
        self.no_length = no_length

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; returns what is complete now, in order: messages, and PING for each keepalive (RFC 5626 section
        4.4.1). Raises MalformedMessage: the stream cannot go on."""
        buffer = self._buffer + data if self._buffer else data
        found = []
        while buffer:
            if buffer[0] in (13, 10):
                while buffer[:4] == PING:
                    found.append(PING)
                    buffer = buffer[4:]
                if buffer and PING.startswith(buffer):
                    break
                while buffer and buffer[0] in (13, 10):
                    buffer = buffer[1:]
                continue
            if len(buffer) < self._need:
                break
            length = self._length(buffer)
            if not length or len(buffer) < length:
                self._need = length
                break
            self._need = 0
            found.append(buffer[:length])
            buffer = buffer[length:]
        self._buffer = buffer
        return found

    def _length(self, buffer: bytes) -> int:
        """Length of the first message of the buffer; 0 where its headers have no end yet."""
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEADERS:
                raise MalformedMessage(f"headers are longer than {MAX_HEADERS} bytes", 513)
            return 0
        head = buffer[: end + 2]
        lower = head.lower()
        at = lower.find(b"\ncontent-length")
        skip = 15
        if at < 0:
            at, skip = lower.find(b"\nl:"), 2
        if at < 0:
            at, skip = lower.find(b"\nl "), 2
        if at < 0:
            if self.no_length:
                return end + 4
            raise MalformedMessage("no Content-Length on a stream")
        colon = head.find(b":", at + skip)
        line_end = head.find(b"\n", at + skip)
        text = head[colon + 1 : line_end].strip() if 0 <= colon < line_end else b""
        if not text.isdigit() or len(text) > 9:
            raise MalformedMessage(f"bad Content-Length {text[:20]!r}")
        length = end + 4 + int(text)
        if length > MAX_MESSAGE:
            raise MalformedMessage(f"message of {length} bytes is longer than {MAX_MESSAGE}", 513)
        return length
