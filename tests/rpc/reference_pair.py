"""Kamailio and Olelo side by side on one configuration, asked the same things with the real kamcmd."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from differential.servers import Server

CONFIG = """#!KAMAILIO
#!define WITH_FOO
#!define BAR 12
alias="example.org"
mhomed=0
flags FLT_A:1;
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "sanity.so"
loadmodule "cfgutils.so"
loadmodule "ctl.so"
loadmodule "counters.so"
modparam("ctl", "binrpc", "unix:SET_BY_THE_TEST")
modparam("counters", "script_counter", "mine counted by the script")
modparam("counters", "script_counter", "grp.other counted too")
modparam("counters", "script_cnt_grp_name", "calls")
modparam("counters", "script_counter", "named in the second group")
modparam("pv", "shvset", "a=i:1")
modparam("pv", "shvset", "b=s:text")
modparam("cfgutils", "hash_file", "/etc/hostname")
request_route {
	cnt_inc("script.mine");
	cnt_add("grp.other", "3");
	if (is_method("REGISTER")) { save("location"); exit; }
	if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
	if (is_method("INFO")) { forward(); exit; }
	if (is_method("MESSAGE")) { t_newtran(); t_reply("404", "Not here"); exit; }
	if (is_method("PUBLISH")) {
		cnt_inc("named");
		$var(s) = "counted " + $stat(mine) + " " + $stat(other) + " " + $stat(rcv_requests);
		if ($stat(mine) > 0 && $stat(nosuch) == $null) { sl_send_reply("202", "$var(s)"); }
		exit;
	}
	if (is_method("NOTIFY")) { cnt_reset("script.mine"); sl_reply_error(); exit; }
	if (is_method("BYE")) { drop; }
	if (is_method("ACK")) { t_relay(); exit; }
	if (!t_relay()) { sl_reply_error(); }
}
reply_route {
	if ($rs == "487" && $rm == "UPDATE") { drop; }
}
"""


@dataclass(slots=True)
class Pair:
    """Both servers, running."""

    olelo: Server
    kamailio: Server

    def ask(self, *words: str) -> tuple[str, str]:
        """What kamcmd prints (ours, the reference's)."""
        return kamcmd(self.olelo, *words), kamcmd(self.kamailio, *words)

    def send(self, text: str, answers: int = 1) -> None:
        """The same request to both, by UDP; waits for that many answers of each. PORT stands for the server's."""
        for server in (self.olelo, self.kamailio):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(10)
                sock.bind(("127.0.0.1", 0))
                port = int(sock.getsockname()[1])
                packet = text.replace("\n", "\r\n").replace("SERVER", f"127.0.0.1:{server.port}")
                sock.sendto(packet.replace("CLIENT", f"127.0.0.1:{port}").encode("latin-1"), ("127.0.0.1", server.port))
                for _ in range(answers):
                    sock.recv(65535)

    def stop(self) -> None:
        self.olelo.stop()
        self.kamailio.stop()


def start(folder: Path, config: str = CONFIG) -> Pair:
    path = folder / "pair.cfg"
    path.write_text(config, "latin-1")
    ours = Server("olelo", path, folder)
    try:
        return Pair(ours, Server("kamailio", path, folder))
    except BaseException:
        ours.stop()
        raise


def control(server: Server) -> Path:
    return server.log.parent / f"{server.kind}.ctl"


def kamcmd(server: Server, *words: str) -> str:
    done = subprocess.run(
        ["kamcmd", "-s", f"unix:{control(server)}", *words], capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout + done.stderr


def request(method: str, number: int = 1, *, ruri: str = "sip:bob@SERVER", extra: str = "", leave_out: str = "") -> str:
    """A request for `Pair.send`."""
    lines = [
        f"{method} {ruri} SIP/2.0",
        f"Via: SIP/2.0/UDP CLIENT;branch=z9hG4bKpair{method}{number}",
        "From: <sip:alice@example.org>;tag=f1",
        "To: <sip:alice@example.org>",
        f"Call-ID: pair-{method}-{number}",
        f"CSeq: {number} {method}",
        "Contact: <sip:alice@CLIENT>",
        "Max-Forwards: 10",
        *extra.split("\n"),
        "Content-Length: 0",
    ]
    return "\n".join(line for line in lines if line and (not leave_out or not line.startswith(leave_out))) + "\n\n"


_MEMBER = re.compile(r"([^:\s][^:]*): (.*)$")


def shape(printed: str) -> list[str]:
    """The structure of a reply: names, nesting and number of values; what repeats is shown once. Faults stay whole."""
    if printed.startswith(("error", "ERROR")):
        return [printed]
    lines = []
    for line in printed.splitlines():
        bare = line.strip()
        if not bare:
            continue  # a value that ends in a line end
        indent = line[: len(line) - len(line.lstrip())]
        member = _MEMBER.match(bare)
        if bare in ("{", "}"):
            lines.append(indent + bare)
        elif member is not None:
            lines.append(f"{indent}{member[1]}:" + ("{" if member[2] == "{" else ""))
        else:
            lines.append(indent + "value")
    return _once("\n".join(lines) + "\n").splitlines()


_REPEATED = re.compile(r"^((\t*)(?:[^\t\n]*\{\n(?:\2\t.*\n)*\2\}|value)\n)\1+", re.MULTILINE)


def _once(text: str) -> str:
    while True:
        shorter = _REPEATED.sub(r"\1", text)
        if shorter == text:
            return text
        text = shorter
