"""Runs the real Kamailio on a generated configuration and collects what its script printed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

_LINE = re.compile(r"@@(\d+)\[(.*?)\]@@", re.DOTALL)

#: What a script does: ("show", layout), ("do", statements as written).
Step = tuple[str, str]


def needs_kamailio() -> None:
    if shutil.which("kamailio") is None:
        pytest.skip("kamailio is not installed")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config(steps: Sequence[Step], port: int, head: str = "", tail: str = "") -> str:
    lines = [
        "debug=-1",
        "log_stderror=yes",
        "children=1",
        "disable_tcp=yes",
        "auto_aliases=no",
        f"listen=udp:127.0.0.1:{port}",
        head,
        "request_route {",
        "  route(SHOW);",
        "  exit;",
        "}",
        "reply_route {",
        "  route(SHOW);",
        "  drop;",
        "}",
        "route[SHOW] {",
    ]
    for number, (kind, text) in enumerate(steps):
        if kind == "do":
            lines.append("  " + text)
        else:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'  xlog("L_ERR", "@@{number}[{escaped}]@@\\n");')
    lines += ['  xlog("L_ERR", "@@999999[]@@\\n");', "  return;", "}", tail]
    return "\n".join(lines) + "\n"


def run(
    folder: Path, steps: Sequence[Step], messages: Sequence[bytes], head: str = "", tail: str = ""
) -> tuple[list[dict[int, str]], int, int]:
    """What each message made the script print, by step number; with Kamailio's port and the sender's."""
    port = free_port()
    path = folder / "kamailio.cfg"
    path.write_text(config(steps, port, head, tail), "latin-1")
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["kamailio", "-f", str(path), "-DD", "-E", "-w", str(folder), "-Y", str(folder), "-P", str(folder / "pid")],
            stdout=out,
            stderr=out,
        )
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind(("127.0.0.1", 0))
                sender.settimeout(0.05)
                for number, message in enumerate(messages):
                    _send(sender, message, port, log, number, process)
                source = int(sender.getsockname()[1])
        finally:
            process.terminate()
            process.wait(10)
    return _collected(log.read_bytes().decode("latin-1")), port, source


def _done(text: str) -> int:
    return text.count("@@999999[")


def _send(
    sender: socket.socket, message: bytes, port: int, log: Path, before: int, process: subprocess.Popen[bytes]
) -> None:
    """Send until the script has run once more; the first message is repeated while Kamailio starts."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        sender.sendto(message, ("127.0.0.1", port))
        for _ in range(10):
            if process.poll() is not None:
                raise AssertionError("kamailio ended:\n" + log.read_bytes().decode("latin-1")[-3000:])
            if _done(log.read_bytes().decode("latin-1")) > before:
                return
            try:
                sender.recv(1)  # nothing comes: this waits for the socket's timeout, or for "port unreachable"
            except OSError:
                continue
    raise AssertionError("kamailio does not answer:\n" + log.read_bytes().decode("latin-1")[-3000:])


def _collected(text: str) -> list[dict[int, str]]:
    runs: list[dict[int, str]] = []
    current: dict[int, str] = {}
    for match in _LINE.finditer(text):
        number = int(match[1])
        if number == 999999:
            runs.append(current)
            current = {}
        else:
            current[number] = match[2]
    return runs
