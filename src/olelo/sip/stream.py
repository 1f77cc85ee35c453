"""SIP messages out of a byte stream (RFC 3261 section 18.3): by their Content-Length, with limits."""

from __future__ import annotations

from typing import Final

from olelo.sip.errors import MalformedMessage

#: Longest header part; phones stay far below, and a peer that never ends its headers is cut off.
MAX_HEADERS: Final = 65_535
#: Longest whole message, as Kamailio's tcp_rd_buf_size users set it at most.
MAX_MESSAGE: Final = 262_144
#: Line ends that a keepalive may send in a row before anything else (RFC 5626 section 3.5.1 sends two).
PING: Final = b"\r\n\r\n"


class StreamFramer:
    """Cuts messages out of a stream. `feed()` gives what is complete."""

    __slots__ = ("_buffer", "_need", "longest", "no_length")

    def __init__(self, no_length: bool = False, longest: int = MAX_MESSAGE) -> None:
        """no_length: a message without Content-Length has no body, instead of being an error (tcp_accept_no_cl).
        longest: most bytes of a message."""
        self.longest = longest
        self._buffer = b""
        self._need = 0
        self.no_length = no_length

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; returns what is complete now, in order: messages, and PING for each keepalive (RFC 5626 section
        4.4.1). Raises MalformedMessage: the stream cannot go on."""
        buffer = self._buffer + data if self._buffer else data
        found = []
        size = len(buffer)
        pos = 0  # what is before it is done with; cutting it off each time would copy the rest as often
        while pos < size:
            if buffer[pos] in (13, 10):
                while buffer.startswith(PING, pos):
                    found.append(PING)
                    pos += 4
                if size - pos < 4 and PING.startswith(buffer[pos:]):
                    break
                while pos < size and buffer[pos] in (13, 10):
                    pos += 1
                continue
            if size - pos < self._need:
                break
            length = self._length(buffer, pos)
            if not length or size - pos < length:
                self._need = length
                break
            self._need = 0
            found.append(buffer[pos : pos + length])
            pos += length
        self._buffer = buffer[pos:] if pos else buffer
        return found

    @property
    def in_message(self) -> bool:
        """A message has begun and is not complete. Line ends alone, half of a keepalive, are none."""
        return len(self._buffer) > 3

    def _length(self, buffer: bytes, start: int) -> int:
        """Length of the message that starts there; 0 where its headers have no end yet."""
        end = buffer.find(b"\r\n\r\n", start)
        if end < 0:
            if len(buffer) - start > MAX_HEADERS:
                raise MalformedMessage(f"headers are longer than {MAX_HEADERS} bytes", 513)
            return 0
        head = buffer[start : end + 2]
        end -= start
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
        if length > self.longest:
            raise MalformedMessage(f"message of {length} bytes is longer than {self.longest}", 513)
        return length
