"""Hosts, addresses and sockets as the grammar writes them without quotes."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv6Address

from olelo.script.nodes import Expr, Ident, Network, Str
from olelo.script.parse_base import Cursor
from olelo.script.tokens import ID, IPV6, NUMBER, NUMID, OP, PROTO_WORDS, STRING, WORD


class AddressParser(Cursor):
    """Reads `10.0.0.1`, `[2001:db8::1]`, `eth0`, `sip.example.com`, `udp:host:5060`."""

    def at_ipv4(self) -> bool:
        return self.tok.kind == NUMBER and self.next_is(".") and self.ahead(2).kind == NUMBER

    def at_address(self) -> bool:
        return self.at_ipv4() or self.tok.kind == IPV6 or (self.is_op("[") and self.ahead().kind == IPV6)

    def ipv4(self) -> str:
        start, parts = self.tok, [self.advance()]
        while len(parts) < 4:
            if not self.is_op(".") or self.ahead().kind != NUMBER:
                self.fail(
                    "bad-address", "an IPv4 address has four numbers", start.pos, length=self._width(start.pos.col)
                )
            self.advance()
            parts.append(self.advance())
        if any(part.number > 255 for part in parts):
            self.fail(
                "bad-address", "a number of this address is above 255", start.pos, length=self._width(start.pos.col)
            )
        return ".".join(str(part.number) for part in parts)

    def _width(self, column: int) -> int:
        return max(1, self.prev.end.col - column)

    def address(self) -> str:
        """An IPv4 address or an IPv6 one, with or without brackets; IPv6 is returned without."""
        if self.at_ipv4():
            return self.ipv4()
        bracket = self.tok if self.accept("[") else None
        token = self.advance()
        try:
            IPv6Address(token.text)
        except AddressValueError:
            self.fail("bad-address", f'"{token.text}" is no IPv6 address', token.pos, length=len(token.text))
        if bracket is not None:
            self.expect("]", bracket)
        return token.text

    def network(self) -> Expr:
        """`ip`, `ip/bits` or `ip/mask`."""
        pos = self.tok.pos
        address = self.address()
        if not self.accept("/"):
            return Ident(pos, address)
        if self.at_address():
            return Network(pos, address, self.address())
        if self.tok.kind != NUMBER:
            self.unexpected("a network mask (8 or 255.0.0.0)")
        if self.tok.number > (128 if ":" in address else 32):
            self.fail("bad-address", "the network mask has too many bits", self.tok.pos, length=len(self.tok.text))
        return Network(pos, address, str(self.advance().number))

    def host(self) -> str:
        """A host name or interface written bare: words and numbers joined by `.` and `-`."""
        if self.tok.kind not in (ID, NUMID, NUMBER):
            if self.tok.kind == WORD and self.tok.first:
                self.fail("missing-value", "a host name or address is missing", self.prev.end)
            self.reserved("a host name") if self.tok.kind == WORD else self.unexpected("a host name or address")
        parts = [self.advance().text]
        while (self.is_op(".") or self.is_op("-")) and self.ahead().kind in (ID, NUMID, NUMBER, WORD):
            parts.append(self.advance().text)
            parts.append(self.advance().text)
        if self.is_op(".") or (self.is_op("-") and not self.tok.first):
            self.advance()
            self.unexpected("the rest of the host name")
        return "".join(parts)

    def listen_id(self) -> str:
        """What may stand for a host in `listen`, `alias` and their like."""
        if self.at_address():
            return self.address()
        if self.tok.kind == STRING:
            return self.advance().text
        return self.host()

    def at_proto(self) -> bool:
        return ((self.tok.kind == WORD and self.tok.text in PROTO_WORDS) or self.is_op("*")) and self.next_is(":")

    def proto(self) -> str:
        """`udp:` and its like, lower case; "" for `*` and where there is none."""
        if not self.at_proto():
            return ""
        word = self.advance().text.lower()
        self.advance()
        return "" if word == "*" else word

    def port(self) -> int:
        """`:5060` or `:*`; 0 where there is none."""
        if not self.is_op(":"):
            return 0
        self.advance()
        if self.accept("*"):
            return 0
        if self.tok.kind != NUMBER:
            self.unexpected("a port number")
        if self.tok.number > 65535:
            self.fail("bad-port", "a port number is at most 65535", self.tok.pos, length=len(self.tok.text))
        return self.advance().number

    def socket(self) -> tuple[str, str, int]:
        """`[proto:]host[:port]`, an IPv6 host in brackets; a quoted string may hold all of it."""
        proto = self.proto()
        quoted = self.tok.kind == STRING
        host = self.listen_id()
        port = self.port()
        if quoted and not proto and not port:
            proto, host, port = split_socket(host)
        return proto, bracketed(host), port

    def at_host(self) -> bool:
        """Can a host begin here (in a list of them, which has no separator)?"""
        token = self.tok
        if token.kind in (STRING, IPV6, NUMID) or self.at_address() or self.at_proto() or self.is_op("("):
            return True
        if token.kind == ID:
            # the next statement is `name =` or `group.var =`
            n = 1
            while self.next_is(".", n) and self.ahead(n + 1).kind in (ID, NUMID, NUMBER, WORD):
                n += 2
            return not (self.next_is("=", n) or (self.next_is("[", n) and token.first))
        return False

    def socket_expr(self) -> Expr:
        """A socket as one value: Str where a plain string, else Ident in the form `proto:host:port`."""
        pos, plain = self.tok.pos, self.tok.kind == STRING and not self.next_is(":")
        if plain:
            return Str(pos, self.advance().text)
        proto, host, port = self.socket()
        return Ident(pos, (proto + ":" if proto else "") + host + (f":{port}" if port else ""))

    def joined(self) -> bool:
        """Does the present token follow the previous one without a blank?"""
        return self.tok.kind == OP and self.tok.pos == self.prev.end


def bracketed(host: str) -> str:
    """An IPv6 address in the brackets that it has in URIs and sockets; anything else as it is."""
    return f"[{host}]" if ":" in host and host[0] != "[" else host


def split_socket(text: str) -> tuple[str, str, int]:
    """`udp:1.2.3.4:5060`, `[::1]:5060`, `host:5060`, `host` in its parts; what does not fit stays the host."""
    proto, rest = "", text
    head, colon, tail = text.partition(":")
    if colon and head in PROTO_WORDS and tail:
        proto, rest = head.lower(), tail
    if rest.startswith("["):
        inner, bracket, after = rest[1:].partition("]")
        if bracket and (not after or (after[0] == ":" and after[1:].isdecimal())):
            return proto, inner, int(after[1:6] or 0)
        return proto, rest, 0
    host, colon, port = rest.rpartition(":")
    if colon and port.isascii() and port.isdecimal() and ":" not in host and int(port[:6]) <= 65535:
        return proto, host, int(port[:6])
    return proto, rest, 0
