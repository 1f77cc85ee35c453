"""Addresses of the message: sender ($si ..), our socket ($Ri ..), the forced socket ($fs ..), $snd, $rcv, $K."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.lookup import find_socket, socket_by_name
from olelo.core.module import Module, variable
from olelo.core.operands import outgoing
from olelo.core.sockets import bracketed
from olelo.modules.pv.common import AF_INET, AF_INET6, PROTO_IDS, Pair, by_key, family
from olelo.script.catalog import Getter, Value

_CONSTANTS = {
    "IPv4": AF_INET,
    "INET": AF_INET,
    "IPv6": AF_INET6,
    "INET6": AF_INET6,
    "UDP": 1,
    "TCP": 2,
    "TLS": 3,
    "SCTP": 4,
    "WS": 5,
    "WSS": 6,
}


def sip_uri(host: str, port: int, proto: str, full: bool) -> str:
    """`sip:host:port`, with the transport parameter where it is not UDP or `full` asks for it."""
    return f"sip:{bracketed(host)}:{port}" + (f";transport={proto}" if full or proto != "udp" else "")


class AddressVariables(Module):
    """Variables of the addresses between which the message travels."""

    # --- the sender ---

    @variable("si", "src_ip")
    def si(self, ctx: RouteContext) -> Value:
        """The sender's address."""
        return ctx.rcv.ip

    @variable("siz")
    def siz(self, ctx: RouteContext) -> Value:
        """The sender's address, in brackets if it is IPv6."""
        return bracketed(ctx.rcv.ip)

    @variable("sp")
    def sp(self, ctx: RouteContext) -> Value:
        """The sender's port, a number."""
        return ctx.rcv.port

    @variable("su")
    def su(self, ctx: RouteContext) -> Value:
        """The sender as URI, with transport unless it is UDP."""
        return sip_uri(ctx.rcv.ip, ctx.rcv.port, ctx.rcv.proto, False)

    @variable("sut")
    def sut(self, ctx: RouteContext) -> Value:
        """The sender as URI with transport."""
        return sip_uri(ctx.rcv.ip, ctx.rcv.port, ctx.rcv.proto, True)

    @variable("sas")
    def sas(self, ctx: RouteContext) -> Value:
        """The sender as `proto:ip:port`."""
        return f"{ctx.rcv.proto}:{bracketed(ctx.rcv.ip)}:{ctx.rcv.port}"

    @variable("pr", "proto")
    def pr(self, ctx: RouteContext) -> Value:
        """Transport the message came by, in lower case."""
        return ctx.rcv.proto

    @variable("prid")
    def prid(self, ctx: RouteContext) -> Value:
        """Number of the transport."""
        return PROTO_IDS.get(ctx.rcv.proto, 0)

    @variable("conid")
    def conid(self, ctx: RouteContext) -> Value:
        """Number of the connection the message came by, $null for UDP."""
        return ctx.rcv.conn or None

    @variable("af", inner="required", dynamic=False)
    def af(self, inner: str, index: int | str | None) -> Pair:
        """Address family of the socket: keys id and name."""
        return by_key("af", _FAMILY, inner)

    @variable("K", inner="required", dynamic=False)
    def constant(self, inner: str, index: int | str | None) -> Pair:
        """Numbers of families and transports: $K(UDP), $K(INET6) .."""
        if inner not in _CONSTANTS:
            raise ValueError(f"{inner!r} is not one of {', '.join(_CONSTANTS)}")
        value = _CONSTANTS[inner]

        def get(ctx: RouteContext) -> Value:
            return value

        return get, None

    # --- our socket ---

    @variable("Ri")
    def Ri(self, ctx: RouteContext) -> Value:
        """Address of the socket that received."""
        return ctx.rcv.socket.host

    @variable("Rp")
    def Rp(self, ctx: RouteContext) -> Value:
        """Port of the socket that received, a number."""
        return ctx.rcv.socket.port

    @variable("Ras")
    def Ras(self, ctx: RouteContext) -> Value:
        """The socket that received, as `proto:ip:port`."""
        return ctx.rcv.socket.text

    @variable("Ru")
    def Ru(self, ctx: RouteContext) -> Value:
        """The socket that received, as URI with transport unless it is UDP."""
        sock = ctx.rcv.socket
        return sip_uri(sock.host, sock.port, ctx.rcv.proto, False)

    @variable("Rut")
    def Rut(self, ctx: RouteContext) -> Value:
        """The socket that received, as URI with transport."""
        sock = ctx.rcv.socket
        return sip_uri(sock.host, sock.port, ctx.rcv.proto, True)

    @variable("Rn")
    def Rn(self, ctx: RouteContext) -> Value:
        """Name of the socket that received, $null if it has none."""
        return ctx.rcv.socket.name or None

    @variable("RAi")
    def RAi(self, ctx: RouteContext) -> Value:
        """Advertised address of the socket that received, else its own."""
        return ctx.rcv.socket.via_host

    @variable("RAp")
    def RAp(self, ctx: RouteContext) -> Value:
        """Advertised port of the socket that received, else its own; a number."""
        return ctx.rcv.socket.via_port

    @variable("RAu")
    def RAu(self, ctx: RouteContext) -> Value:
        """Advertised address of the socket that received, as URI."""
        sock = ctx.rcv.socket
        return sip_uri(sock.via_host, sock.via_port, ctx.rcv.proto, False)

    @variable("RAut")
    def RAut(self, ctx: RouteContext) -> Value:
        """Advertised address of the socket that received, as URI with transport."""
        sock = ctx.rcv.socket
        return sip_uri(sock.via_host, sock.via_port, ctx.rcv.proto, True)

    # --- the forced socket ---

    @variable("fs", setter="set_fs")
    def fs(self, ctx: RouteContext) -> Value:
        """Socket to send from, `proto:ip:port`. Assigning one of our sockets forces it, $null frees it."""
        sock = ctx.force_socket
        return None if sock is None else sock.text

    def set_fs(self, ctx: RouteContext, value: Value) -> None:
        if value is None:
            ctx.force_socket = None
            return
        found = find_socket(self.engine, str(value)) if value != "" else None
        if found is None:
            self.engine.log(0, f"no socket found to match [{value}]")
        else:
            ctx.force_socket = found

    @variable("fsn", setter="set_fsn")
    def fsn(self, ctx: RouteContext) -> Value:
        """Name of the socket to send from; assign a name to force it."""
        sock = ctx.force_socket
        return None if sock is None else (sock.name or None)

    def set_fsn(self, ctx: RouteContext, value: Value) -> None:
        if value is None:
            ctx.force_socket = None
            return
        found = socket_by_name(self.engine, str(value))
        if found is None:
            self.engine.log(0, f"no socket found to match name [{value}]")
        else:
            ctx.force_socket = found

    @variable("fsp")
    def fsp(self, ctx: RouteContext) -> Value:
        """Port of the socket to send from, 0 if none is forced."""
        return 0 if ctx.force_socket is None else ctx.force_socket.port

    # --- events around packets ---

    @variable("snd", "sndto", inner="required", dynamic=False)
    def sndto(self, inner: str, index: int | str | None) -> Pair:
        """Where the packet goes, in onsend_route: keys ip af port proto buf len sproto."""
        return by_key("snd", _SEND_TO, inner)

    @variable("sndfrom", inner="required", dynamic=False)
    def sndfrom(self, inner: str, index: int | str | None) -> Pair:
        """The socket the packet leaves by, in onsend_route: keys ip af port proto buf len sproto."""
        return by_key("sndfrom", _SEND_FROM, inner)

    @variable("rcv", inner="required", dynamic=False)
    def rcv(self, inner: str, index: int | str | None) -> Pair:
        """The packet as received, in event_route[core:msg-received]: keys af buf len proto sproto srcip srcport rcvip
        rcvport."""
        read, _ = by_key("rcv", _RECEIVED, inner)

        def get(ctx: RouteContext) -> Value:
            return read(ctx) if ctx.event == "core:msg-received" else None

        return get, None


def _af_id(ctx: RouteContext) -> Value:
    return family(ctx.rcv.socket.host)


def _af_name(ctx: RouteContext) -> Value:
    return "IPv6" if ":" in ctx.rcv.socket.host else "IPv4"


_FAMILY: dict[str, Getter] = {"id": _af_id, "name": _af_name}


def _to_ip(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.ip


def _to_port(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.port


def _from_ip(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.socket.host


def _from_port(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.socket.port


def _out_af(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else family(out.to.socket.host)


def _out_proto(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else PROTO_IDS.get(out.to.proto, 0)


def _out_sproto(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.proto


def _out_buf(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.data.decode("latin-1")


def _out_len(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else len(out.data)


_OUT: dict[str, Getter] = {
    "af": _out_af,
    "proto": _out_proto,
    "buf": _out_buf,
    "len": _out_len,
    "sproto": _out_sproto,
}
_SEND_TO: dict[str, Getter] = {"ip": _to_ip, "port": _to_port, **_OUT}
_SEND_FROM: dict[str, Getter] = {"ip": _from_ip, "port": _from_port, **_OUT}


def _in_buf(ctx: RouteContext) -> Value:
    return ctx.msg.raw.decode("latin-1")


def _in_len(ctx: RouteContext) -> Value:
    return len(ctx.msg.raw)


def _in_proto(ctx: RouteContext) -> Value:
    return PROTO_IDS.get(ctx.rcv.proto, 0)


def _in_sproto(ctx: RouteContext) -> Value:
    return ctx.rcv.proto


def _in_srcip(ctx: RouteContext) -> Value:
    return ctx.rcv.ip


def _in_srcport(ctx: RouteContext) -> Value:
    return ctx.rcv.port


def _in_rcvip(ctx: RouteContext) -> Value:
    return ctx.rcv.socket.host


def _in_rcvport(ctx: RouteContext) -> Value:
    return ctx.rcv.socket.port


_RECEIVED: dict[str, Getter] = {
    "af": _af_id,
    "buf": _in_buf,
    "len": _in_len,
    "proto": _in_proto,
    "sproto": _in_sproto,
    "srcip": _in_srcip,
    "srcport": _in_srcport,
    "rcvip": _in_rcvip,
    "rcvport": _in_rcvport,
}
