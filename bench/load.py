"""Processor time per call of Olelo and, where it is installed, of Kamailio: SIPp's own uac and uas through a proxy.

Usage: load.py [rounds] [calls] [calls per second]. Rounds alternate between the servers. All traffic is on 127.0.0.1.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(word) for word in task.read_text().split()]
    return found


def used(pids: list[int]) -> float:
    """Seconds of processor time, user and system."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def answers(port: int) -> bool:
    """Whether the server answers a request, of whatever kind its answer is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        sock.bind(("127.0.0.1", 0))
        me = sock.getsockname()[1]
        text = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{me};branch=z9hG4bK-{me}\r\n"
            f"From: <sip:ready@127.0.0.1>;tag=1\r\nTo: <sip:ready@127.0.0.1>;tag=2\r\nCall-ID: ready-{me}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n"
        )
        sock.sendto(text.encode(), ("127.0.0.1", port))
        try:
            return bool(sock.recv(4096))
        except OSError:
            return False


def measure(command: list[str], calls: int, rate: int) -> float:
    """Microseconds of processor time per call; raises RuntimeError where a call failed."""
    port, target, caller = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "proxy.cfg")
        listen = f"listen=udp:127.0.0.1:{port}\n"
        config.write_text(listen + (HERE / "proxy.cfg").read_text().replace("TARGET", str(target)))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        server = subprocess.Popen([word.replace("{cfg}", str(config)) for word in command], **quiet)  # type: ignore[call-overload]
        callee = subprocess.Popen(
            ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(target), "-nostdin"],
            **quiet,  # type: ignore[call-overload]
        )
        try:
            end = time.monotonic() + 20
            while not answers(port):
                if time.monotonic() > end or server.poll() is not None:
                    raise RuntimeError(f"{command[0]} did not start")
            pids = family(server.pid)
            before = used(pids)
            words = ["sipp", "-sn", "uac", f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(caller), "-nostdin"]
            words += ["-d", "1", "-m", str(calls), "-r", str(rate), "-timeout", str(calls // rate + 30)]
            ended = subprocess.run(words, check=False, **quiet)  # type: ignore[call-overload]
            if ended.returncode:
                raise RuntimeError(f"sipp ended with {ended.returncode}: calls failed")
            return (used(pids) - before) / calls * 1e6
        finally:
            for process in (server, callee):
                process.send_signal(signal.SIGTERM)
            for process in (server, callee):
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def main() -> None:
    rounds, calls, rate = [int(word) for word in sys.argv[1:4]] + [3, 2000, 400][len(sys.argv[1:4]) :]
    olelo = Path(sys.executable).with_name("olelo")
    servers = {"olelo": [str(olelo), "serve", "-f", "{cfg}"]}
    if shutil.which("kamailio"):
        servers["kamailio"] = ["kamailio", "-m", "256", "-M", "16", "-DD", "-E", "-f", "{cfg}"]
    else:
        print("kamailio is not installed: only Olelo is measured")
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(1, rounds + 1):
        for name, command in servers.items():
            costs[name].append(measure(command, calls, rate))
            print(f"round {number}  {name:9} {costs[name][-1]:8.1f} us/call", flush=True)
    medians = {name: statistics.median(values) for name, values in costs.items()}
    for name, value in medians.items():
        print(f"median   {name:9} {value:8.1f} us/call")
    if len(medians) == 2:
        print(f"ratio    {medians['kamailio'] / medians['olelo']:.2f} (above 1: Olelo needs less)")


if __name__ == "__main__":
    main()
