"""sanity compared with the reference: what is answered, what goes on, and what ends without a word."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare, marked

MODULES = ["pv", "tm", "sl", "rr", "textops", "xlog", "sanity"]
PARAMS = 'modparam("sanity","proxy_require","path,gruu")\n'
#: Cases in which we differ, and why.
KNOWN: dict[str, str] = {}
DIGEST = 'Authorization: Digest username="u", realm="r", nonce="n", uri="sip:x", response="0123456789abcdef0123456789abcdef"\r\n'
RESPONSE = '"0123456789abcdef0123456789abcdef"'


class Changed(Case):
    """A case whose packet is changed as text at the end: `params` is (old, new)."""

    def packet(self, number: int) -> str:
        old, new = self.params
        return super().packet(number).replace(old, new)


def script(checks: int, uris: int) -> str:
    return f'sanity_check("{checks}","{uris}"); append_hf("X-RC: $rc\\r\\n");'


def check(name: str, checks: int, uris: int = 7, **special: str) -> Case:
    return Case(f"{name}, {checks} and {uris}", script(checks, uris), **special)  # type: ignore[arg-type]


def changed(name: str, checks: int, old: str, new: str) -> Case:
    return Changed(f"{name}, {checks}", script(checks, 7), params=(old, new))


def contact(value: str) -> Case:
    return check(f"Contact: {value}", 1024, 8, headers=f"Contact: {value}\r\n")


def digest(name: str, checks: int, old: str = "", new: str = "") -> Case:
    return check(name, checks, headers=DIGEST.replace(old, new) if old else DIGEST)


GOOD = "Contact: <sip:a@b>\r\nExpires: 60\r\n"
CASES = [
    *(check("good", mask, uris, headers=GOOD) for mask in (1, 1511, 5607, 17895, 32767) for uris in (7, 15)),
    *(check("out of range", mask, uris) for mask, uris in ((0, 7), (32768, 7), (1024, 16), (1, 0))),
    Case("defaults", 'sanity_check(); append_hf("X-RC: $rc\\r\\n");'),
    Case("defaults look at credentials", "sanity_check();", headers="Authorization: Digest\r\n"),
    Case("one mask", 'sanity_check("1511"); append_hf("X-RC: $rc\\r\\n");'),
    check("two From", 4, headers="From: <sip:a@b>;tag=1\r\n"),
    check("two To", 4, headers="t: <sip:a@b>\r\n"),
    check("two CSeq", 4, headers="CSeq: 1 INVITE\r\n"),
    *(
        check(f"Expires: {value}", 256, headers=f"Expires: {value}\r\n")
        for value in ("60", "abc", "", "4294967296", "4294967297", "99999999999", "10 x")
    ),
    *(
        check(f"Proxy-Require: {value}", 512, headers=f"Proxy-Require: {value}\r\n")
        for value in ("foo", "path, bar", "path", "PATH", "path, gruu")
    ),
    check("ACK", 512, method="ACK", headers="Proxy-Require: foo\r\n"),
    contact("<sip:a@b>"),
    contact("<foo>"),
    contact("*"),
    contact("<sip:a@b>, <bad>"),
    contact("<bad>, <sip:a@b>"),
    contact("<sip:a@b>\r\nContact: <bad>"),
    contact("<bad>\r\nContact: <sip:a@b>"),
    contact("<sip:a@b"),
    check("From without URI", 1024, 2, sender="<bad>;tag=1"),
    check("From with tel", 1024, 2, sender="<tel:+123>;tag=1"),
    check("To without URI", 1024, 4, to="<bad>"),
    check("To with http", 1024, 4, to="<http://x>"),
    check("Request-URI", 1024, 1, ruri="bad:x@TARGET"),
    check("http", 2, ruri="http://TARGET"),
    check("tel", 2, ruri="tel:+123"),
    *(digest("Digest", mask) for mask in (2048, 8192)),
    *(check("Basic", mask, headers="Authorization: Basic abc\r\n") for mask in (2048, 8192)),
    digest("no user", 2048, 'username="u", '),
    digest("empty user", 2048, '"u"', '""'),
    digest("empty nonce", 2048, '"n"', '""'),
    digest("no response", 8192, f", response={RESPONSE}"),
    digest("empty response", 8192, RESPONSE, '""'),
    check("scheme alone", 2048, headers="Authorization: Digest\r\n"),
    check("proxy's", 2048, headers="Proxy-" + DIGEST),
    check("two tags in From", 4096, sender="<sip:a@b>;tag=1;tag=2"),
    check("two tags in To", 4096, to="<sip:a@b>;tag=1;x=y;tag=2"),
    check("a tag and another parameter", 4096, to="<sip:a@b>;tag=1;tagx=2"),
    changed("method in CSeq", 32, "CSeq: 7 INVITE", "CSeq: 7 BYE"),
    *(changed(f"number {text}", 64, "CSeq: 7 ", f"CSeq: {text} ") for text in ("4294967297", "abc", "4294967295")),
    changed("length", 128, "Content-Length: 0", "Content-Length: 5"),
    changed("length in words", 128, "Content-Length: 0", "Content-Length: abc"),
    changed("no length", 128, "Content-Length: 0\r\n", ""),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], list[str]]]:
    return compare(CASES, MODULES, PARAMS, tmp_path_factory.mktemp("sanity"))


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("name", marked([case.name for case in CASES], KNOWN))
def test_what_leaves_is_what_kamailio_sends(results: dict[str, tuple[list[str], list[str]]], name: str) -> None:
    ours, theirs = results[name]
    assert ours == theirs


#: The module's own parameters change what a failed check does: each set is a configuration of its own.
SETTINGS = {
    "autodrop 0": 'modparam("sanity","autodrop",0)\n',
    "noreply 1": 'modparam("sanity","noreply",1)\n',
    "both": 'modparam("sanity","autodrop",0)\nmodparam("sanity","noreply",1)\n',
    "own masks": 'modparam("sanity","default_checks",1280)\nmodparam("sanity","uri_checks",8)\n',
    "no extension": 'modparam("sanity","proxy_require","")\n',
}
ANSWER = ' append_hf("X-RC: $rc\\r\\n"); sanity_reply(); append_hf("X-Then: $rc\\r\\n");'
SET_CASES = [
    Case("good", f"sanity_check();{ANSWER}"),
    Case("bad Expires", f"sanity_check();{ANSWER}", headers="Expires: soon\r\n"),
    Case("bad Expires asked for", f'sanity_check("256","7");{ANSWER}', headers="Expires: soon\r\n"),
    Case("bad Contact", f"sanity_check();{ANSWER}", headers="Contact: <nonsense>\r\n"),
    Case("Proxy-Require", f'sanity_check("512","7");{ANSWER}', headers="Proxy-Require: path\r\n"),
    Changed("CSeq", f'sanity_check("32","7");{ANSWER}', params=("CSeq: 7 INVITE", "CSeq: 7 BYE")),
    Case("ACK", f'sanity_check("256","7");{ANSWER}', "ACK", headers="Expires: soon\r\n"),
    Case("answered without a check", f"sanity_reply();{ANSWER}"),
]


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_change_what_kamailio_s_change(settings: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("settings")
    for name, (ours, theirs) in compare(SET_CASES, MODULES, SETTINGS[settings], folder).items():
        assert ours == theirs, name
