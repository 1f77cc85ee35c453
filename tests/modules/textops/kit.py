"""A request that goes through a script, and what comes out."""

from __future__ import annotations

from olelo.testing import Bed, Packet

CONFIG = """
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
request_route {{
    {script}
    $du = "sip:192.0.2.2:5060";
    forward();
}}
onreply_route {{
    {reply}
}}
"""


class Run:
    """A packet sent through a script; `out` is what was forwarded."""

    def __init__(self, script: str, *headers: str, body: bytes = b"", method: str = "OPTIONS", reply: str = "") -> None:
        self.bed = Bed(CONFIG.format(script=script, reply=reply))
        self.caller, self.callee = self.bed.peer("caller"), self.bed.peer("callee")
        self.caller.request(method, "sip:108@proxy", *headers, body=body)

    @property
    def out(self) -> Packet:
        return self.callee.got[-1] if self.callee.got else self.callee.gets(self.callee.inbox[0].msg.method)

    @property
    def names(self) -> list[str]:
        """Names of the forwarded headers, in order."""
        return [self.out.msg.name(i).decode() for i in range(len(self.out.msg.hids))]

    @property
    def body(self) -> bytes:
        """The forwarded body; its length must be what Content-Length says."""
        body = self.out.msg.body
        assert self.out.header("Content-Length") == str(len(body)), self.out.data
        return body

    @property
    def codes(self) -> list[str]:
        """What `xlog("code ..")` of the script wrote."""
        return [line.partition("code ")[2] for line in self.bed.log if "code " in line]


def code(call: str, *headers: str, body: bytes = b"", method: str = "OPTIONS") -> int:
    """The return code of one call."""
    return int(Run(f'{call}; xlog("code $rc\\n");', *headers, body=body, method=method).codes[0])
