"""`kamcmd`: the options, aliases and output of Kamailio's command-line tool, over the same binrpc sockets."""

from __future__ import annotations

import getopt
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import olelo
from olelo.cli.client import Client, ClientError, typed
from olelo.cli.options import DEFAULT_RUN_DIR
from olelo.modules.ctl.address import ControlAddress, default_address, parse_address
from olelo.rpc import binrpc
from olelo.rpc.values import members

#: alias -> (method, format of the reply)
ALIASES: dict[str, tuple[str, str]] = {
    "ps": ("core.ps", "%v\t%v\n"),
    "psx": ("core.psx", ""),
    "list": ("system.listMethods", ""),
    "ls": ("system.listMethods", ""),
    "ver": ("core.version", ""),
    "version": ("core.version", ""),
    "who": ("ctl.who", "[%v] %v: %v %v -> %v %v\n"),
    "listen": ("ctl.listen", "[%v] %v: %v %v\n"),
    "dns_mem_info": ("dns.mem_info", "%v / %v\n"),
    "dns_debug": ("dns.debug", "%v (%v): size=%v ref=%v expire=%vs last=%vs ago f=%v\n"),
    "dns_debug_all": (
        "dns.debug_all",
        "%v (%v) [%v]: size=%v ref=%v expire=%vs last=%vs ago f=%v\n\t\t%v:%v expire=%vs f=%v\n",
    ),
    "dst_blocklist_mem_info": ("dst_blocklist.mem_info", "%v / %v\n"),
    "dst_blocklist_debug": ("dst_blocklist.debug", "%v:%v:%v expire:%v flags: %v\n"),
    "dst_blacklist_mem_info": ("dst_blacklist.mem_info", "%v / %v\n"),
    "dst_blacklist_debug": ("dst_blacklist.debug", "%v:%v:%v expire:%v flags: %v\n"),
}
BUILTINS = {
    "?": "help",
    "help": "displays help for a command",
    "quit": "exits kamcmd",
    "exit": "exits kamcmd",
    "warranty": "displays kamcmd's licence",
    "license": "displays kamcmd's licence",
}
HELP = """\
Usage: kamcmd [options][-s address] [ cmd ]
Options:
    -s address  control socket to send the commands to
    -R name     path of the reply socket, for unix datagram sockets
    -D dir      directory for the reply socket, for unix datagram sockets
    -f format   print the reply with this format: %v stands for the next value, %% for a percent sign
    -U          an address without a protocol is UDP
    -v          verbose
    -V          version
    -h          this help
address:
    [proto:]name[:port]   with proto one of tcp, udp, unixs, unixd; e.g. tcp:localhost:2049, unixs:/tmp/kamailio_ctl
cmd:
    method  [arg1 [arg2...]]
arg:
    string or number; s: in front makes a string of a number, e.g. s:1
Without a command it reads commands from its input.
"""


def version() -> str:
    return f"kamcmd 1.5 (olelo {olelo.__version__})"


def main(argv: list[str], out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Run with the arguments after the program's name; returns the exit code (0, or 255 as kamcmd's errors)."""
    out, err = out or sys.stdout, err or sys.stderr
    options: dict[str, str] = {}
    try:
        pairs, words = getopt.gnu_getopt(argv, "UVhs:D:R:vf:")
    except getopt.GetoptError as error:
        print(f"Unknown option `-{error.opt}'.", file=err)
        return 255
    options.update(pairs)
    if "-V" in options or "-h" in options:
        print(f"version: {version()}", file=out)
        if "-h" in options:
            out.write(HELP)
        return 0
    try:
        address = _address(options)
    except ValueError:
        print(f"ERROR: error parsing server socket address {options.get('-s', '')}", file=err)
        return 255
    try:
        with Client(address, reply=options.get("-R", ""), reply_dir=options.get("-D", "")) as client:
            session = Session(client, unescape(options.get("-f", "")), "-v" in options, out, err)
            if words:
                return session.run(words)
            return session.interact()
    except ClientError as error:
        print(f"ERROR: {error}", file=err)
        return 255


def _address(options: dict[str, str]) -> ControlAddress:
    text = options.get("-s") or default_address(DEFAULT_RUN_DIR)
    plain = "/" not in text and text.partition(":")[0].lower() not in ("tcp", "udp", "unix", "unixs", "unixd")
    if plain and ":" not in text and "-U" not in options:
        return parse_address(f"unixs:{text}")  # a bare word is the path of a unix socket
    return parse_address(text)


class Session:
    """Commands over one connection. Faults are answers and no errors, as with kamcmd."""

    def __init__(self, client: Client, format: str, verbose: bool, out: TextIO, err: TextIO) -> None:
        self.client = client
        self.format = format
        self.verbose = verbose
        self.out = out
        self.err = err
        self.done = False

    def run(self, words: list[str]) -> int:
        name, args = words[0], words[1:]
        if name in ALIASES:
            method, format = ALIASES[name]
            self.call(method, args, self.format or format)
        elif name in BUILTINS:
            self._builtin(name, args)
        else:
            self.call(name, args, self.format)
        return 0

    def call(self, method: str, args: list[str], format: str) -> None:
        packet = self.client.ask(method, [typed(word) for word in args])
        if packet.kind == binrpc.FAULT:
            self._write("error: " + "".join(formatted(packet.values, "%v - %v\n")))
        elif format:
            self._write("".join(formatted(packet.values, format)))
        else:
            self._write("".join(f"{tabs}{text}\n" for tabs, text in lines(packet.values)))
        if self.verbose:
            self._write(".\n")

    def _write(self, text: str) -> None:
        self.out.write(text.encode("latin-1", "replace").decode("utf-8", "replace"))

    def _builtin(self, name: str, args: list[str]) -> None:
        if name in ("quit", "exit"):
            self.done = True
        elif name in ("warranty", "license"):
            self._write(f"{version()}\nBSD-2-Clause licence, without any warranty; see the file LICENSE.\n")
        elif args:
            self._help(args[0])
        else:
            self._write("".join(f"{method}\n" for method in self._methods()))
            self._write("".join(f"alias: {alias}\n" for alias in ALIASES))
            self._write("".join(f"builtin: {builtin}\n" for builtin in BUILTINS))

    def _help(self, name: str) -> None:
        if name in ALIASES:
            method, format = ALIASES[name]
            shown = format.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
            self._write(f"{name} is an alias for {method}")
            self._write(f' with reply formatting: "{shown}"\n' if format else "\n")
        elif name in BUILTINS:
            self._write(f"builtin command: {BUILTINS[name]}\n")
        else:
            self.call("system.methodHelp", [f"s:{name}"], "")

    def _methods(self) -> list[str]:
        packet = self.client.ask("system.listMethods", [])
        return [value for value in packet.values if isinstance(value, str)] if packet.kind == binrpc.REPLY else []

    def interact(self) -> int:
        """Read commands from the input until its end or `quit`."""
        if sys.stdin.isatty():
            self._complete()
        self._write(f"{version()}\nThis comes without any warranty; type `license' for the licence.\n")
        while not self.done:
            self.out.flush()
            try:
                words = input("kamcmd> ").split()
            except EOFError:
                break
            if not words:
                continue
            try:
                self.run(words)
            except ClientError as error:
                print(f"ERROR: {error}", file=self.err)
                return 255
        return 0

    def _complete(self) -> None:
        try:
            import readline
        except ImportError:  # a Python without it: editing is all that is lost
            return
        names = sorted({*self._methods(), *ALIASES, *BUILTINS})

        def completer(text: str, state: int) -> str | None:
            found = [name for name in names if name.startswith(text)]
            return found[state] if state < len(found) else None

        readline.set_completer_delims(" \t\n")
        readline.set_completer(completer)
        readline.parse_and_bind("tab: complete")


def lines(values: list[Any]) -> Iterator[tuple[str, str]]:
    """(indentation, text) of each line kamcmd prints of a reply; arrays are shown as structs, as they are sent."""
    for value in values:
        yield from _lines(value, "", None)


def _lines(value: Any, tabs: str, name: str | None) -> Iterator[tuple[str, str]]:
    label = "" if name is None else f"{name}: "
    inside = members(value)
    if inside is None:
        yield tabs, label + plain(value)
        return
    yield tabs, label + "{"
    for member, element in inside:
        yield from _lines(element, tabs + "\t", member)
    yield tabs, "}"


def plain(value: Any) -> str:
    """A number or text as kamcmd prints it."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:f}"
    return str(value)


def formatted(values: list[Any], format: str) -> Iterator[str]:
    """The reply through a format: its `%v` take the values in turn, over and over; what is left of it is printed empty.

    A format without any `%v` is printed before each value.
    """
    parts = split_format(format)
    takes = any(is_value for _, is_value in parts)
    at = 0
    for _, text in lines(values):
        while True:
            if at == len(parts):
                if not takes and at:
                    at = 0
                    break
                at = 0
            literal, is_value = parts[at]
            at += 1
            yield literal
            if is_value:
                break
        yield text
    for literal, _ in parts[at:] if at or not values else []:
        yield literal


def split_format(format: str) -> list[tuple[str, bool]]:
    """The pieces of a format: (text, whether a value follows)."""
    parts: list[tuple[str, bool]] = []
    text = ""
    at = 0
    while at < len(format):
        pair = format[at : at + 2]
        if pair == "%v":
            parts.append((text, True))
            text = ""
            at += 2
        elif pair == "%%":
            text += "%"
            at += 2
        else:
            text += format[at]
            at += 1
    if text or not parts:
        parts.append((text, False))
    return parts


def unescape(text: str) -> str:
    """Resolve \\n, \\r, \\t and \\\\ of a format given on the command line."""
    out, at = "", 0
    replace = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in replace and at + 1 < len(text):
            out += replace[text[at + 1]]
            at += 2
        else:
            out += text[at]
            at += 1
    return out
