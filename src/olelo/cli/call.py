"""`olelo cmd`: one command over a control socket, its reply as tables or as JSON."""

from __future__ import annotations

import difflib
import json
import os
import sys
from typing import Any

from olelo.cli.client import Client, ClientError, typed
from olelo.cli.kamcmd import ALIASES
from olelo.cli.options import DEFAULT_RUN_DIR
from olelo.modules.ctl.address import ControlAddress, default_address, parse_address
from olelo.rpc import binrpc
from olelo.rpc.registry import JSON_METHOD
from olelo.rpc.values import readable, to_json


def call(method: str, words: list[str], socket: str, as_json: bool) -> int:
    """Call a command and print its reply. Returns the exit code: 0, 1 refused or no server, 2 a bad address."""
    name = ALIASES[method][0] if method in ALIASES else method
    try:
        address = parse_address(socket or default_address(DEFAULT_RUN_DIR))
    except ValueError as error:
        print(f"olelo: -s: {error}", file=sys.stderr)
        return 2
    try:
        client = Client(address)
    except ClientError as error:
        print(f"olelo: {_no_server(address, str(error), bool(socket))}", file=sys.stderr)
        return 1
    with client:
        try:
            return _ask(client, name, [typed(word) for word in words], as_json)
        except ClientError as error:
            print(f"olelo: {name}: {error}", file=sys.stderr)
            return 1


def _no_server(address: ControlAddress, why: str, given: bool) -> str:
    """Why nobody answers, for people: the client's errors are in kamcmd's words."""
    text = why.rpartition("): ")[2] if address.is_path else why
    where = address.name if address.is_path else f"{address.transport} {address.name}:{address.port}"
    if not address.is_path:
        hint = "is the server running?"
    elif not os.path.exists(address.name):
        text = "there is no such socket"
        hint = "is the server running?" if given else "is the server running? -s names another socket"
    elif not os.access(address.name, os.W_OK):
        hint = "the ctl parameters mode, user and group say who may"
    else:
        hint = "nothing listens on it any more; is the server running?"
    return f"cannot reach {where}: {text} ({hint})"


def _ask(client: Client, name: str, args: list[Any], as_json: bool) -> int:
    if as_json:
        packet = client.ask(JSON_METHOD, [name, *args])
        if packet.kind == binrpc.REPLY and packet.values and isinstance(packet.values[0], str):
            _print_json({"result": json.loads(packet.values[0])})
            return 0
        if packet.kind == binrpc.FAULT and not _unknown(packet, JSON_METHOD):
            return _refused(client, name, packet, as_json)
    packet = client.ask(name, args)
    if packet.kind == binrpc.FAULT:
        return _refused(client, name, packet, as_json)
    if as_json:  # another server, which gives no JSON: as well as binrpc can tell
        values = [to_json(value) for value in packet.values]
        _print_json({"result": values[0] if len(values) == 1 else values})
    else:
        from olelo.cli.tables import show_reply

        show_reply(packet.values)
    return 0


def _unknown(packet: binrpc.Packet, name: str) -> bool:
    return binrpc.fault_parts(packet) == (500, f"command {name} not found")


def _refused(client: Client, name: str, packet: binrpc.Packet, as_json: bool) -> int:
    code, text = binrpc.fault_parts(packet)
    if as_json:
        _print_json({"error": {"code": code, "message": readable(text)}})
    elif _unknown(packet, name):
        listed = client.ask("system.listMethods", [])
        near = difflib.get_close_matches(name, [str(each) for each in listed.values], 1)
        hint = f"did you mean {near[0]}?" if near else "system.listMethods lists all there are"
        print(f"olelo: there is no command {name}; {hint}", file=sys.stderr)
    else:
        print(f"olelo: {code} {readable(text).rstrip()}", file=sys.stderr)
    return 1


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
