"""textops and textopsx compared with the real Kamailio: return codes, and every byte of what is forwarded."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from olelo.testing import Bed

pytestmark = pytest.mark.reference

PLAIN = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=alpha beta\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=alpha\r\n"
MIXED = (
    b"--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n"
    b"--b1\r\nContent-Type: text/plain\r\nX: y\r\n\r\nhello\r\n--b1--\r\n"
)
HEADERS = (
    b"X-One: first\r\nX-Two: a;p=1;q, b\r\nx-one: second\r\nUser-Agent: alpha/1 (alpha)\r\nSupported: path, 100rel\r\n"
    b'Authorization: Digest username="u", realm="r", nonce="n,1"\r\nPrivacy: id;critical\r\nX-Q: <sip:c;p=9>;P="2;x" ,d;p\r\n'
)

#: Kamailio has to have seen all headers (is_present_hf) to count changes of a body in a message's length; and its flag i of
#: fnmatch() has no effect.
#: Calls on a request with a session description, and on one with a body in parts.
ON_PLAIN = [
    'is_method("INVITE|OPTIONS")', 'is_method("FOO")', 'is_present_hf("x-ONE")', 'is_present_hf_re("^y-")', 'is_privacy("id")',
    'search("^X-ONE")', 'search_body("^a=ALPHA")', 'search_hf("X-One", "second", "f")', 'search_hf("X-One", "second", "l")',
    'remove_hf("X-One")', 'remove_hf("X-None")', 'remove_hf_pv("X-None")', 'remove_hf_re("^X-")', 'remove_hf_exp("^X-", "two")',
    'remove_hf_idx("X-One", "-1")', 'remove_hf_idx("X-One", "2")', 'remove_hf_idx("X-One", "-3")',
    'remove_hf_match("X-One", "in", "irs")', 'remove_hf_match("X-One", "eq", "third")', 'append_hf("A: $rU\r\n")',
    'append_hf("A: 1\r\n", "X-One")', 'append_hf("A: 1\r\n", "X-None")', 'insert_hf("A: 1\r\n")', 'insert_hf("A: 1\r\n", "To")',
    'append_urihf("A: <", ">\r\n")', 'search_append("alpha", "$rU")', 'search_append_body("alpha", "+")', 'replace("alpha", "x")',
    'replace_hdrs("^s=alpha", "x")', 'replace_body("ALPHA", "x")', 'replace_all("alpha", "omega")', 'replace_body_all("^.=a", "")',
    'replace_body_atonce("^v.*$", "all")', 'replace_body_atonce("^.+$", "")', 'is_present_hf("X"); replace_str("alpha", "o", "a")',
    'replace_body_str("gamma", "o", "a")', 'subst("/(alpha).1/\\1-$rU/")', 'is_present_hf("X"); subst("/ALPHA/o/ig")',
    'subst_body("/^a=(.*)$/b=\\1/")',
    'subst("/x*/y/g")', 'subst_hf("X-One", "/s/S/g", "a")', 'subst_hf("X-One", "/s/S/", "l")', 'subst_user("/^(.)(.*)$/\\2\\1/")',
    'set_body("hello $rU", "text/plain")', 'set_body("hello", "application/sdp")', 'set_body("", "a/b")', 'has_body()',
    'has_body("application/sdp")', 'has_body("text/plain")', 'is_audio_on_hold()', 'get_body_part("a/b", "$var(x)")',
    'set_body_multipart("one $rU", "text/plain", "mk"); msg_apply_changes()', 'set_body_multipart("mk"); msg_apply_changes()',
    'set_body_multipart(); msg_apply_changes(); append_body_part("two", "a/b"); msg_apply_changes(); '
    'remove_body_part("application/sdp")', 'subst_uri("/^sip:(.*)@.*$/sip:$rm@\\1;x=\\0/")', 'remove_hf_exp_pv("^$var(x)", "z")',
    'is_present_hf("X"); replace_hdrs_str("alpha", "o", "f")', 'set_body("one", "a/b"); msg_apply_changes(); set_body("two", "c/d")',
    'insert_hf_value("X-Nine", "new")', 'append_hf("A: 1\r\n", "Via")', 'insert_hf("A: 1\r\n", "CSeq")', 'remove_hf("Content-Type")',
    'remove_hf("f"); append_hf("From: <sip:new@example.com>;tag=2\r\n"); msg_apply_changes()',
    'remove_body(); msg_apply_changes(); has_body()', 'replace("^alpha$", "x")',
    'cmp_str("b", "a")', 'cmp_str("a", "b")', 'cmp_istr("aB", "Ab")', 'starts_with("008", "10")', 'ends_with("109", "08")',
    'str_find("abcabc", "ca")', 'str_ifind("abc", "BC")', 'in_list("fi", "dk, fi ,no", ",")', 'in_list_prefix("fix", "dk,fi", ",")',
    'regex_substring("__ abc123def", "([a-z]*)([0-9]+)", 1, 3, "$var(x)")', 'regex_substring("abc", "ABC", 0, 1, "$var(x)")',
    'replace_body("alpha", "first one"); subst_body("/beta/$rm/"); replace_body("4000", "")',
    'append_hf("A: 1\r\n"); append_hf("B: 1\r\n"); insert_hf("C: 1\r\n"); insert_hf("D: 1\r\n")',
    'remove_body()', 'keep_hf("^user-")', 'fnmatch("$rm", "OPT*")', 'fnmatch("abc", "[!a-b]*")', 'fnmatch("abc", "A?C")',
    'fnmatch("xbc", "[^a-b]*")', 'fnmatch("5", "[[:digit:]]")', 'fnmatch("a*c", "a\\*c")', 'fnmatch("abc", "a\\*c")',
    'append_to_reply("")', 'is_present_hf("X"); replace_hdrs_str("alpha", "o", "a")', 'remove_hf_value("X-Q[*].p")',
    'assign_hf_value("X-Q[*].p", "0")',
    'append_hf("A: 1\r\n"); msg_apply_changes(); is_present_hf("A")',
    'replace_body("alpha", "x"); msg_apply_changes(); replace_body("beta", "yy")',
    'append_hf_value("X-Two", "new")', 'append_hf_value("X-Two[1]", "new")', 'append_hf_value("X-Two[-1]", "new")',
    'append_hf_value("X-Two[7]", "new")', 'insert_hf_value("X-Two", "new")', 'insert_hf_value("X-Two[2]", "new")',
    'insert_hf_value("X-Nine[2]", "new")', 'remove_hf_value("X-Two")', 'remove_hf_value("X-Two[2]")', 'remove_hf_value("X-One[*]")',
    'remove_hf_value("X-Two.p")', 'remove_hf_value("X-Two[2].p")', 'assign_hf_value("X-Two", "new")', 'assign_hf_value("X-Two.p", "2")',
    'assign_hf_value("X-Two.q", "")', 'assign_hf_value("X-Two[2].z", "")', 'assign_hf_value("X-Two[*].p", "0")',
    'remove_hf_value2("Authorization")', 'remove_hf_value2("Authorization.realm")', 'remove_hf_value2("Authorization.username")',
    'remove_hf_value2("Authorization.nonce")', 'assign_hf_value2("Authorization.realm", "new")',
    'assign_hf_value2("Authorization.ip", "yes")',
    'include_hf_value("Supported", "PATH")', 'include_hf_value("Supported", "timer")', 'include_hf_value("Require", "timer")',
    'exclude_hf_value("Supported", "100rel")', 'exclude_hf_value("Supported", "path")', 'hf_value_exists("Supported", "path")',
    'hf_value_exists("Supported", "x")',
    'hf_iterator_start("i"); while (hf_iterator_next("i")) { if ($hfitname(i) == "X-Two") { hf_iterator_rm("i"); '
    'hf_iterator_append("i", "N: $hfitbody(i)\r\n"); } }',
    'bl_iterator_start("b"); while (bl_iterator_next("b")) { if ($blitval(b) =~ "^a=") { bl_iterator_insert("b", "i=1\r\n"); '
    'bl_iterator_append("b", "z=1\r\n"); } }',
]  # fmt: skip
ON_MIXED = [
    'get_body_part("text/plain", "$var(x)")', 'get_body_part("application/sdp", "$var(x)")', 'get_body_part("a/b", "$var(x)")',
    'get_body_part_raw("application/sdp", "$var(x)")', 'filter_body("application/sdp")', 'filter_body("text/plain")',
    'filter_body("a/b")', 'remove_body_part("text/plain")', 'remove_body_part("application/sdp")', 'remove_body_part("a/b")',
    'append_body_part("one", "a/b")', 'append_body_part("one", "a/b", "signal")', 'append_body_part_hex("68 69", "c/d")',
    'set_body_multipart()', 'has_body("multipart/mixed")',
]  # fmt: skip
CASES = [(call, False) for call in ON_PLAIN] + [(call, True) for call in ON_MIXED]


def escaped(call: str) -> str:
    return call.replace("\\", "\\\\").replace("\r\n", "\\r\\n")


def configuration(port: int, sink: int) -> str:
    lines = [
        "debug=-1", "log_stderror=yes", "children=1", "disable_tcp=yes", "auto_aliases=no", f"listen=udp:127.0.0.1:{port}",
        'loadmodule "pv.so"', 'loadmodule "xlog.so"', 'loadmodule "textops.so"', 'loadmodule "textopsx.so"',
        "request_route {", '  $var(x) = "none";', "  $var(name) = $rU;", "  route($var(name));",
        f'  $du = "sip:127.0.0.1:{sink}";', "  forward();", "}",
    ]  # fmt: skip
    for n, (call, _) in enumerate(CASES):
        show = "$(var(x){s.encode.hexa})"
        lines += [f"route[c{n}] {{", f"  {escaped(call)};", "  $var(r) = $rc;"]
        lines += [f'  append_hf("P-Code: $var(r) {show}\\r\\n");', "  return;", "}"]
    return "\n".join(lines) + "\n"


def packet(n: int, mixed: bool, sender: int) -> bytes:
    body, kind = (MIXED, b"multipart/mixed;boundary=b1") if mixed else (PLAIN, b"application/sdp")
    return (
        b"OPTIONS sip:c%d@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%d\r\n"
        b"From: <sip:a@example.com>;tag=1\r\nTo: <sip:c%d@example.com>\r\nCall-ID: c%d\r\nCSeq: 1 OPTIONS\r\n"
        b"Max-Forwards: 70\r\n%bContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (n, sender, n, n, n, HEADERS, kind, len(body), body)


def without_via(data: bytes, port: int) -> bytes:
    """A forwarded packet without the proxy's own Via."""
    own = b"Via: SIP/2.0/UDP 127.0.0.1:%d;" % port
    start = data.find(own)
    return data[:start] + data[data.find(b"\r\n", start) + 2 :] if start >= 0 else data


class Pair:
    """Kamailio and Olelo with the same configuration."""

    def __init__(self, folder: Path) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.9", 0))
            self.port = int(probe.getsockname()[1])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.own = int(self.socket.getsockname()[1])
        text = configuration(self.port, self.own)
        path = folder / "kamailio.cfg"
        path.write_text(text, "latin-1")
        self.log = folder / "log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    "kamailio",
                    "-f",
                    str(path),
                    "-DD",
                    "-E",
                    "-w",
                    str(folder),
                    "-Y",
                    str(folder),
                    "-P",
                    str(folder / "pid"),
                ],
                stdout=out,
                stderr=out,
            )
        self.bed = Bed(text, listen=("127.0.0.1", self.port))
        self.peer = self.bed.peer("peer", ("127.0.0.1", self.own))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.socket.close()

    def theirs(self, data: bytes) -> bytes:
        deadline = time.monotonic() + 10
        call_id = data.partition(b"Call-ID: ")[2].partition(b"\r\n")[0]
        while time.monotonic() < deadline:
            self.socket.sendto(data, ("127.0.0.1", self.port))
            try:
                found = self.socket.recv(65536)
                while b"Call-ID: " + call_id + b"\r\n" not in found:
                    found = self.socket.recv(65536)
                return without_via(found, self.port)
            except OSError:
                assert self.process.poll() is None, self.log.read_text("latin-1")[-3000:]
        raise AssertionError("kamailio does not answer:\n" + self.log.read_text("latin-1")[-3000:])

    def ours(self, data: bytes) -> bytes:
        self.peer.inbox.clear()
        self.peer.send(data)
        return without_via(self.peer.inbox[-1].data, self.port)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    if shutil.which("kamailio") is None:
        pytest.skip("kamailio is not installed")
    made = Pair(tmp_path_factory.mktemp("textops"))
    yield made
    made.close()


@pytest.mark.parametrize("number", range(len(CASES)), ids=[call for call, _ in CASES])
def test_the_same_packet_leaves(pair: Pair, number: int) -> None:
    data = packet(number, CASES[number][1], pair.own)
    assert pair.ours(data).split(b"\r\n") == pair.theirs(data).split(b"\r\n")
