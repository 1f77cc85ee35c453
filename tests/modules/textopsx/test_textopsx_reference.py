"""textopsx compared with the reference: what leaves after each function."""

# ruff: noqa: E501 (the table has one script a line)

from __future__ import annotations

import pytest
from wire_kit import SDP, Case, compare, marked, split

MODULES = ["pv", "tm", "sl", "rr", "textops", "textopsx", "xlog"]
PARAMS = ""
#: Cases in which we differ, and why.
KNOWN: dict[str, str] = {
    'fnmatch("abc","A*","i");': "its flag i is documented, and built without effect in the reference",
}

#: All headers are looked at first: the reference does not see those that it has not come to yet.
FIRST = 'is_present_hf("ZZ");'
RC = 'append_hf("X-RC: $rc $ru\\r\\n");'
HEADERS = (
    'X-A: one, two ,three\r\nX-A: four\r\nX-P: <sip:a@b;x=1>;p=1;q;r="s", "n" <sip:c@d>\r\n'
    'Proxy-Authenticate: Digest realm="r", nonce="n,m", qop=auth\r\nSupported: path, timer\r\nUser-Agent: u\r\n'
    "Content-Type: application/sdp\r\n"
)

SCRIPTS = r"""
append_hf_value("X-A","v");
append_hf_value("X-A[1]","v");
append_hf_value("X-A[3]","v");
append_hf_value("X-A[-1]","v");
append_hf_value("X-N[1]","v");
append_hf_value("X-A[9]","v");
insert_hf_value("X-A","v");
insert_hf_value("X-A[1]","v");
insert_hf_value("X-A[2]","v");
insert_hf_value("X-A[-1]","v");
insert_hf_value("X-N","v");
insert_hf_value("X-N[2]","v");
insert_hf_value("X-A[4]","v");
remove_hf_value("X-A");
remove_hf_value("X-A[1]");
remove_hf_value("X-A[2]");
remove_hf_value("X-A[3]");
remove_hf_value("X-A[4]");
remove_hf_value("X-A[-1]");
remove_hf_value("X-A[*]");
remove_hf_value("X-N");
remove_hf_value("X-P.p");
remove_hf_value("X-P.q");
remove_hf_value("X-P.zz");
remove_hf_value("X-P[*].p");
remove_hf_value("X-P[2]");
assign_hf_value("X-A","v");
assign_hf_value("X-A[2]","v");
assign_hf_value("X-A[-2]","v");
assign_hf_value("X-P.p","9");
assign_hf_value("X-P.q","9");
assign_hf_value("X-P.r","9");
assign_hf_value("X-P.p","");
assign_hf_value("X-P.new","9");
assign_hf_value("X-P[2].new","9");
assign_hf_value("X-P[*].p","7");
assign_hf_value("X-N","v");
assign_hf_value("X-P[1].new","");
assign_hf_value2("Proxy-Authenticate.realm","\"x\"");
assign_hf_value2("Proxy-Authenticate.qop","z");
assign_hf_value2("Proxy-Authenticate.new","z");
assign_hf_value2("Proxy-Authenticate","Foo");
assign_hf_value2("X-N.new","z");
remove_hf_value2("Proxy-Authenticate.realm");
remove_hf_value2("Proxy-Authenticate.nonce");
remove_hf_value2("Proxy-Authenticate.qop");
remove_hf_value2("Proxy-Authenticate.zz");
remove_hf_value2("Proxy-Authenticate");
remove_hf_value2("X-A[*]");
remove_hf_value2("X-A[2]");
include_hf_value("Supported","gruu");
include_hf_value("Supported","PATH");
include_hf_value("X-N","v");
exclude_hf_value("Supported","path");
exclude_hf_value("Supported","timer");
exclude_hf_value("X-A","four");
exclude_hf_value("Supported","zz");
hf_value_exists("Supported","Path");
hf_value_exists("Supported","zz");
hf_value_exists("X-N","zz");
hf_value_exists("k","timer");
remove_body();
fnmatch("abc","a*");
fnmatch("abc","A*");
fnmatch("abc","A*","i");
fnmatch("abc","?b[a-d]");
fnmatch("abc","b*");
append_hf("X-Z: 1\r\n"); append_hf("X-S: $hdr(X-Z)\r\n"); msg_apply_changes(); append_hf("X-T: $hdr(X-Z)\r\n");
$ru="sip:n@TARGET"; msg_apply_changes(); append_hf("X-T: $ou\r\n");
subst_body("/v=0/v=00/"); msg_apply_changes(); append_hf("X-T: $rb\r\n");
record_route(); msg_apply_changes();
remove_hf("X-A"); msg_apply_changes(); is_present_hf("X-A");
msg_set_buffer("foo");
hf_iterator_start("h1"); hf_iterator_next("h1"); hf_iterator_next("h1"); append_hf("X: $hfitbody(h1)\r\n"); hf_iterator_rm("h1");
hf_iterator_start("h1"); hf_iterator_rm("h1");
hf_iterator_start("h"); hf_iterator_next("h"); hf_iterator_next("h"); hf_iterator_append("h","X-1: 1\r\n"); hf_iterator_insert("h","X-0: \r\n");
hf_iterator_next("nope");
hf_iterator_start("h1"); while(hf_iterator_next("h1")) { if($hfitname(h1)=="X-A") hf_iterator_rm("h1"); } hf_iterator_end("h1");
hf_iterator_start("h"); hf_iterator_next("h"); hf_iterator_next("h"); hf_iterator_next("h"); hf_iterator_prev("h"); append_hf("X: $hfitname(h)\r\n");
hf_iterator_start("h"); hf_iterator_next("h"); hf_iterator_next("h"); hf_iterator_next("h"); hf_iterator_next("h"); hf_iterator_prev("h");hf_iterator_prev("h"); append_hf("X: $hfitname(h)\r\n");
hf_iterator_end("h1"); append_hf("X: $hfitname(h1)\r\n");
bl_iterator_start("b1"); bl_iterator_next("b1"); append_hf("X: $(blitval(b1){s.len})\r\n"); bl_iterator_rm("b1");
bl_iterator_start("b1"); while(bl_iterator_next("b1")) { if($blitval(b1)=~"^c=") { bl_iterator_append("b1","b=1\r\n"); bl_iterator_insert("b1","i=1\r\n"); } };
bl_iterator_start("b1"); bl_iterator_rm("b1");
bl_iterator_next("b9");
bl_iterator_end("b1"); append_hf("X: $blitval(b1)\r\n");
"""

CASES = [Case(text, f"{FIRST} {text} {RC}", headers=HEADERS, body=SDP) for text in split(SCRIPTS)]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], list[str]]]:
    return compare(CASES, MODULES, PARAMS, tmp_path_factory.mktemp("textopsx"))


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("name", marked([case.name for case in CASES], KNOWN))
def test_what_leaves_is_what_kamailio_sends(results: dict[str, tuple[list[str], list[str]]], name: str) -> None:
    ours, theirs = results[name]
    assert ours == theirs
