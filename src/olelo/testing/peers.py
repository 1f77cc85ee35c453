"""User agents for tests: they send what they are told and look at what they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.sip.headers import CONTACT
from olelo.sip.message import Message
from olelo.testing.digest import answer
from olelo.testing.packets import ack_for, contact_uri, describe, record_routes, reply_to, request

if TYPE_CHECKING:
    from olelo.testing.bed import Bed


class Packet:
    """A packet that a peer got. `msg` is it parsed; `header("X")` a value as text, "" where it is missing.

    proto is the transport it came by; replies go back the same way.
    """

    def __init__(self, owner: Peer, data: bytes, proto: str = "udp") -> None:
        self.owner = owner
        self.data = data
        self.proto = proto
        self.msg = Message.parse(data)

    def header(self, name: str) -> str:
        values = self.msg.named(name.encode("latin-1"))
        return values[0].decode("latin-1") if values else ""

    def headers(self, name: str) -> list[str]:
        return [value.decode("latin-1") for value in self.msg.named(name.encode("latin-1"))]

    @property
    def status(self) -> int:
        return self.msg.status

    @property
    def uri(self) -> str:
        return self.msg.ruri.decode("latin-1")

    def reply(self, status: int, reason: str = "", *headers: str, body: bytes = b"", contact: bool = True) -> bytes:
        """Answer this request; returns the answer's bytes."""
        return self.owner.reply(self, status, reason, *headers, body=body, contact=contact)

    def dialog(self) -> Dialog:
        """The dialog of an INVITE or SUBSCRIBE that this peer answered, for its own requests: `bob.bye(packet.dialog())`."""
        msg, owner = self.msg, self.owner
        dialog = Dialog(
            self.data,
            msg.call_id.decode("latin-1"),
            msg.to.uri.decode("latin-1"),
            msg.from_.uri.decode("latin-1"),
            owner.tag,
            0,
            "",
        )
        dialog.to_tag = msg.from_.tag.decode("latin-1")
        dialog.target = contact_uri(msg)
        dialog.routes = record_routes(msg)
        dialog.proto = self.proto
        return dialog

    def __repr__(self) -> str:
        return f"<Packet {describe(self.data)}>"


class Dialog:
    """What a caller remembers of a request: enough for CANCEL, ACK, BYE and re-INVITE."""

    def __init__(
        self, sent: bytes, call_id: str, from_uri: str, to_uri: str, from_tag: str, cseq: int, branch: str
    ) -> None:
        self.sent = sent
        self.call_id = call_id
        self.from_uri = from_uri
        self.to_uri = to_uri
        self.from_tag = from_tag
        self.cseq = cseq
        self.branch = branch
        self.to_tag = ""
        self.target = ""
        self.routes: list[str] = []
        self.proto = "udp"

    def learn(self, reply: Message) -> None:
        """Take the remote tag, target and route set from an answer."""
        self.to_tag = reply.to.tag.decode("latin-1")
        if reply.index(CONTACT) >= 0:
            self.target = contact_uri(reply)
        self.routes = list(reversed(record_routes(reply)))


class Peer:
    """A user agent with an address. Sends are immediate; what comes waits in `inbox` until `gets` takes it."""

    def __init__(self, bed: Bed, name: str, address: tuple[str, int]) -> None:
        self.bed = bed
        self.name = name
        self.address = address
        self.number = len(bed.peers) + 1
        self.inbox: list[Packet] = []
        self._count = 0
        self.got: list[Packet] = []

    @property
    def hostport(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    @property
    def uri(self) -> str:
        """Where this peer can be reached."""
        return f"sip:{self.name}@{self.hostport}"

    @property
    def tag(self) -> str:
        """The To tag of its answers."""
        return f"{self.name}-tag"

    @property
    def last(self) -> Packet:
        """The packet that `gets` took last."""
        return self.got[-1]

    # --- getting ------------------------------------------------------------------------------------------

    def gets(self, what: str | int) -> Packet:
        """Take the next packet: a method, or a status. Fails with the ladder if it is another or none."""
        if not self.inbox:
            raise AssertionError("\n".join([f"{self.name} expected {what} and got nothing", *self.bed.story()]))
        packet = self.inbox.pop(0)
        found: str | int = packet.msg.method if packet.msg.is_request else packet.msg.status
        if found != what:
            raise AssertionError(
                "\n".join([f"{self.name} expected {what} and got {describe(packet.data)}", *self.bed.story()])
            )
        self.got.append(packet)
        return packet

    def until(self, what: str | int) -> Packet:
        """Take packets until this one, a method or a status; provisional answers and retransmissions before it are
        passed over. Fails with the ladder if it does not come."""
        passed = []
        while self.inbox:
            packet = self.inbox[0]
            if what == (packet.msg.method if packet.msg.is_request else packet.msg.status):
                return self.gets(what)
            passed.append(describe(self.inbox.pop(0).data))
        seen = f"only {', '.join(passed)}" if passed else "nothing"
        raise AssertionError("\n".join([f"{self.name} waited for {what} and got {seen}", *self.bed.story()]))

    def nothing(self) -> None:
        """There is no packet to take."""
        if self.inbox:
            raise AssertionError(
                "\n".join([f"{self.name} expected nothing and got {self.inbox[0]!r}", *self.bed.story()])
            )

    # --- sending ------------------------------------------------------------------------------------------

    def send(self, data: bytes, proto: str = "udp") -> None:
        """Send bytes as they are."""
        self.bed.deliver(data, self, proto)

    def request(
        self,
        method: str,
        uri: str,
        *headers: str,
        to: str = "",
        body: bytes = b"",
        cseq: int = 1,
        call_id: str = "",
        max_forwards: int | None = 70,
        contact: bool = True,
        proto: str = "udp",
        branch: str = "",
    ) -> Dialog:
        """Send a new request; headers are whole lines."""
        self._count += 1
        call_id = call_id or f"{self.name}-{self._count}@test"
        branch = branch or f"z9hG4bK{self.name}{self._count}"
        lines = headers
        if contact and not any(h.lower().startswith("contact:") for h in headers):
            lines = (f"Contact: <{self.uri}>", *headers)
        from_uri, from_tag = f"sip:{self.name}@proxy", f"{self.name}{self._count}"
        data = request(
            method, uri, source=self.hostport, from_uri=from_uri, to_uri=to or uri, call_id=call_id, cseq=cseq, branch=branch,
            from_tag=from_tag, headers=lines, body=body, max_forwards=max_forwards, transport=proto.upper(),
        )  # fmt: skip
        dialog = Dialog(data, call_id, from_uri, to or uri, from_tag, cseq, branch)
        dialog.proto = proto
        self.send(data, proto)
        return dialog

    def invite(self, uri: str, *headers: str, body: bytes = b"", proto: str = "udp") -> Dialog:
        """Call somebody."""
        return self.request("INVITE", uri, *headers, body=body, proto=proto)

    def register(
        self,
        user: str,
        *headers: str,
        contact: str = "",
        expires: int = 3600,
        proto: str = "udp",
        domain: str = "proxy",
        password: str = "",
    ) -> Packet:
        """Register this peer under sip:user@domain; returns the answer, which must be 200.

        With proto "tcp" the contact says so, too. With a password, the registrar must challenge once, and is answered.
        """
        uri = contact or (self.uri if proto == "udp" else f"{self.uri};transport={proto}")
        lines = (f"Contact: <{uri}>", f"Expires: {expires}", *headers)
        first = self.request("REGISTER", f"sip:{domain}", *lines, to=f"sip:{user}@{domain}", proto=proto)
        if password:
            asked = self.gets(401).header("WWW-Authenticate")
            line = answer(asked, user, password, "REGISTER", f"sip:{domain}")
            self.request(
                "REGISTER", f"sip:{domain}", *lines, line, to=f"sip:{user}@{domain}", proto=proto, cseq=2, call_id=first.call_id
            )  # fmt: skip
        return self.gets(200)

    def within(self, dialog: Dialog, method: str, *headers: str, body: bytes = b"", cseq: int = 0) -> Dialog:
        """A request within a dialog, by its route set. cseq 0: the next one (the INVITE's for ACK)."""
        self._count += 1
        if method == "ACK":
            number = cseq or dialog.cseq
        else:
            dialog.cseq += 1
            number = cseq or dialog.cseq
        branch = f"z9hG4bK{self.name}{self._count}"
        lines = tuple(f"Route: {route}" for route in dialog.routes) + headers
        data = request(
            method, dialog.target or dialog.to_uri, source=self.hostport, from_uri=dialog.from_uri, to_uri=dialog.to_uri,
            call_id=dialog.call_id, cseq=number, branch=branch, from_tag=dialog.from_tag, to_tag=dialog.to_tag, headers=lines, body=body,
            transport=dialog.proto.upper(),
        )  # fmt: skip
        self.send(data, dialog.proto)
        if method != "ACK":
            dialog.sent, dialog.branch = data, branch
        return dialog

    def ack(self, dialog: Dialog) -> None:
        """Acknowledge the answer that was got last: a 2xx end to end, a failure hop by hop."""
        answer = self.last.msg
        if 200 <= answer.status < 300:
            dialog.learn(answer)
            self.within(dialog, "ACK")
        else:
            self.send(ack_for(dialog.sent, answer), dialog.proto)

    def bye(self, dialog: Dialog) -> Dialog:
        """Hang up."""
        return self.within(dialog, "BYE")

    def cancel(self, dialog: Dialog, *headers: str) -> None:
        """Give a call up before it is answered."""
        sent = Message.parse(dialog.sent)
        self.send(
            request(
                "CANCEL", sent.ruri.decode("latin-1"), source=self.hostport, from_uri=dialog.from_uri, to_uri=dialog.to_uri,
                call_id=dialog.call_id, cseq=sent.cseq.number, branch=dialog.branch, from_tag=dialog.from_tag, headers=headers,
                transport=dialog.proto.upper(),
            ),
            dialog.proto,
        )  # fmt: skip

    def reply(
        self, packet: Packet, status: int, reason: str = "", *headers: str, body: bytes = b"", contact: bool = True
    ) -> bytes:
        """Answer a request that this peer got."""
        data = reply_to(
            packet.msg, status, reason, tag=self.tag if status > 100 else "",
            contact=self.uri if contact and 100 < status < 300 else "", headers=headers, body=body,
        )  # fmt: skip
        self.send(data, packet.proto)
        return data
