"""Runs a piece of script in the real Kamailio, once, when it starts; what it logs is the answer."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest


def run_script(body: str, routes: str = "", modules: tuple[str, ...] = ("pv", "xlog", "textops", "corex")) -> str:
    """Run statements in event_route[core:worker-one-init] and return the log. Skips where Kamailio is absent."""
    program = shutil.which("kamailio")
    if program is None:
        pytest.skip("kamailio is not installed")
    loads = "\n".join(f'loadmodule "{name}.so"' for name in modules)
    text = f"""#!KAMAILIO
debug=1
log_stderror=yes
fork=no
{loads}
request_route {{ exit; }}
{routes}
event_route[core:worker-one-init] {{
{body}
xlog("L_ERR", "END:\\n");
}}
"""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "probe.cfg"
        path.write_bytes(text.encode("latin-1"))
        port = 20000 + os.getpid() % 9000
        command = [program, "-f", str(path), "-l", f"udp:127.0.0.7:{port}", "-DD", "-E", "-Y", directory]
        command += ["-P", f"{directory}/pid", "-w", directory, "-m", "32", "-M", "8"]
        process = subprocess.Popen(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, start_new_session=True)
        output = b""
        assert process.stdout is not None
        try:
            deadline = time.monotonic() + 20
            while b"END:" not in output and time.monotonic() < deadline:
                if select.select([process.stdout], [], [], 0.5)[0]:
                    piece = os.read(process.stdout.fileno(), 65536)
                    if not piece:
                        break
                    output += piece
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
    assert b"END:" in output, output.decode("latin-1")[-3000:]
    return output.decode("latin-1")
