"""The parties of a case: real sockets on 127.0.0.1 that send what the case says and note everything that comes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable

from differential.sip import Headers, Message, address, parse, tag

EXPECT_SECONDS = 4.0
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 302: "Moved Temporarily"}
REASONS |= {404: "Not Found", 486: "Busy Here", 487: "Request Terminated", 503: "Service Unavailable", 603: "Decline"}


class Stop(Exception):
    """Something that the case waits for did not come; the ladder says what, and the case ends there."""


class Peer:
    """A party on UDP. `user` is unique to the case; `contact` is where it can be reached."""

    transport = "UDP"

    def __init__(self, name: str, slug: str, port: int) -> None:
        self.name = name
        self.user = f"{name}-{slug}"
        self.slug = slug
        self.server = port
        self.came: list[str] = []
        self._serial = 0
        self._open()

    def _open(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = int(self.sock.getsockname()[1])

    def close(self) -> None:
        self.sock.close()

    @property
    def aor(self) -> str:
        return f"sip:{self.user}@127.0.0.1:{self.server}"

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@127.0.0.1:{self.port}"

    # what comes

    def _read(self, seconds: float) -> str | None:
        self.sock.settimeout(max(seconds, 0.001))
        try:
            return self.sock.recv(65535).decode("latin-1")
        except (TimeoutError, ConnectionError):
            return None

    def receive(self, seconds: float) -> Message | None:
        text = self._read(seconds)
        if text is None:
            return None
        self.came.append(text)
        return parse(text)

    def expect(self, what: str | int, method: str = "", seconds: float = EXPECT_SECONDS) -> Message:
        """The next message with this status, or this method; what comes before it is noted and passed over."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                continue
            hit = message.status == what if isinstance(what, int) else not message.status and message.method == what
            if hit and (not method or message.method == method):
                return message
        self.came.append(f"({what} {method} did not come)")
        raise Stop(f"{self.name}: {what} {method} did not come")

    def quiet(self, seconds: float) -> None:
        """Notes what comes for this long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.receive(left)

    # what goes

    def send(self, message: Message | str) -> None:
        text = message if isinstance(message, str) else message.text()
        self._write(text.encode("latin-1"))

    def _write(self, data: bytes) -> None:
        self.sock.sendto(data, ("127.0.0.1", self.server))

    def via(self, rport: bool = True) -> str:
        self._serial += 1
        branch = f"z9hG4bK-{self.user}-{self._serial}"
        return f"SIP/2.0/{self.transport} 127.0.0.1:{self.port};branch={branch}" + (";rport" if rport else "")

    def make(
        self, method: str, to: str, extra: Iterable[tuple[str, str]] = (), body: str = "", cseq: int = 1, uri: str = ""
    ) -> Message:
        """A request outside a dialog, not sent; `to` is an address of record, `uri` the request URI if it differs."""
        headers: Headers = [
            ("Via", self.via()),
            ("Max-Forwards", "70"),
            ("From", f"<{self.aor}>;tag={self.user}-tag"),
            ("To", f"<{to}>"),
            ("Call-ID", f"{self.slug}-{self.name}@case"),
            ("CSeq", f"{cseq} {method}"),
        ]
        if method in ("INVITE", "SUBSCRIBE"):
            headers.append(("Contact", f"<{self.contact}>"))
        headers += extra
        if body:
            headers.append(("Content-Type", "application/sdp" if body == SDP else "text/plain"))
        return Message(f"{method} {uri or to} SIP/2.0", headers, body)

    def request(
        self, method: str, to: str, extra: Iterable[tuple[str, str]] = (), body: str = "", cseq: int = 1, uri: str = ""
    ) -> Message:
        message = self.make(method, to, extra, body, cseq, uri)
        self.send(message)
        return message

    def invite(self, to: str, extra: Iterable[tuple[str, str]] = ()) -> Message:
        return self.request("INVITE", to, extra, SDP)

    def register(
        self, contact: str = "", extra: Iterable[tuple[str, str]] = (), cseq: int = 1, aor: str = ""
    ) -> Message:
        """Registers (by default its own contact for an hour) and waits for the 200."""
        self.send(self.make_register(contact, extra, cseq, aor))
        return self.expect(200, "REGISTER")

    def make_register(
        self, contact: str = "", extra: Iterable[tuple[str, str]] = (), cseq: int = 1, aor: str = ""
    ) -> Message:
        headers = [("Contact", contact or f"<{self.contact}>"), ("Expires", "3600"), *extra]
        message = self.make("REGISTER", aor or self.aor, headers, "", cseq, f"sip:127.0.0.1:{self.server}")
        return message.with_header("Call-ID", f"{self.slug}-{self.name}-reg@case")

    def make_reply(
        self, request: Message, status: int, extra: Iterable[tuple[str, str]] = (), body: str = "", reason: str = ""
    ) -> Message:
        headers: Headers = [("Via", value) for value in request.all("Via")]
        headers += [("Record-Route", value) for value in request.all("Record-Route")]
        to = request.get("To")
        if status > 100 and not tag(to):
            to += f";tag={self.user}-tag"
        headers += [("From", request.get("From")), ("To", to)]
        headers += [("Call-ID", request.get("Call-ID")), ("CSeq", request.get("CSeq"))]
        if request.method in ("INVITE", "UPDATE") and 180 <= status < 300:
            headers.append(("Contact", f"<{self.contact}>"))
        headers += extra
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return Message(f"SIP/2.0 {status} {reason or REASONS.get(status, 'Whatever')}", headers, body)

    def reply(
        self, request: Message, status: int, extra: Iterable[tuple[str, str]] = (), body: str = "", reason: str = ""
    ) -> Message:
        message = self.make_reply(request, status, extra, body, reason)
        self.send(message)
        return message

    def ack_negative(self, invite: Message, final: Message) -> Message:
        """The ACK of a failed call: hop by hop, with the INVITE's branch."""
        return self._like(invite, "ACK", final.get("To"))

    def cancel(self, invite: Message) -> Message:
        return self._like(invite, "CANCEL", invite.get("To"))

    def _like(self, invite: Message, method: str, to: str) -> Message:
        number = invite.get("CSeq").split()[0]
        headers = [("Via", invite.get("Via")), ("Max-Forwards", "70"), ("From", invite.get("From")), ("To", to)]
        headers += [("Call-ID", invite.get("Call-ID")), ("CSeq", f"{number} {method}")]
        message = Message(f"{method} {invite.uri} SIP/2.0", headers)
        self.send(message)
        return message

    def make_within(self, method: str, invite: Message, answer: Message, cseq: int = 2) -> Message:
        """A request within the dialog, for the caller (the invite has its From tag) and the callee alike.

        ACK takes the INVITE's number. The caller gives what it sent and received, the callee what it received and sent.
        """
        caller = tag(invite.get("From")) == f"{self.user}-tag"
        local, remote = (invite.get("From"), answer.get("To"))
        routes = answer.all("Record-Route")
        target = address(answer.get("Contact"))
        if caller:
            routes = routes[::-1]
        else:
            local, remote = remote, local
            target = address(invite.get("Contact"))
        number = int(invite.get("CSeq").split()[0]) if method == "ACK" else cseq
        headers: Headers = [("Via", self.via()), ("Max-Forwards", "70")]
        headers += [("Route", route) for route in routes]
        headers += [("From", local), ("To", remote), ("Call-ID", invite.get("Call-ID")), ("CSeq", f"{number} {method}")]
        if method in ("INVITE", "UPDATE"):
            headers.append(("Contact", f"<{self.contact}>"))
        return Message(f"{method} {target} SIP/2.0", headers)

    def within(self, method: str, invite: Message, answer: Message, cseq: int = 2) -> Message:
        message = self.make_within(method, invite, answer, cseq)
        self.send(message)
        return message


class Ipv6Peer(Peer):
    """A party on UDP, at ::1."""

    def _open(self) -> None:
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.bind(("::1", 0))
        self.port = int(self.sock.getsockname()[1])

    @property
    def aor(self) -> str:
        return f"sip:{self.user}@[::1]:{self.server}"

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@[::1]:{self.port}"

    def _write(self, data: bytes) -> None:
        self.sock.sendto(data, ("::1", self.server))

    def via(self, rport: bool = True) -> str:
        return super().via(rport).replace("127.0.0.1", "[::1]")


class TcpPeer(Peer):
    """A party on TCP: one connection, opened at once; replies and requests to it come over the same one."""

    transport = "TCP"

    def _open(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self.server), 5)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = int(self.sock.getsockname()[1])
        self._buffer = b""

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@127.0.0.1:{self.port};transport=tcp"

    def _write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def _read(self, seconds: float) -> str | None:
        deadline = time.monotonic() + seconds
        while True:
            if self._buffer.startswith(b"\r\n"):  # the answer to a keepalive
                self._buffer = self._buffer[2:]
                return "(CRLF)"
            head, mark, rest = self._buffer.partition(b"\r\n\r\n")
            if mark:
                length = int(parse(head.decode("latin-1")).get("Content-Length") or 0)
                if len(rest) >= length:
                    self._buffer = rest[length:]
                    return (head + mark + rest[:length]).decode("latin-1")
            self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.sock.recv(65535)
            except (TimeoutError, ConnectionError):
                return None
            if not data:
                time.sleep(max(0.0, min(0.05, deadline - time.monotonic())))
                return None
            self._buffer += data
