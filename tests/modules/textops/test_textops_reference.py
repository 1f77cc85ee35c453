"""textops compared with the reference: what leaves after each function."""

from __future__ import annotations

import pytest
from wire_kit import SDP, Case, compare, marked, split

MODULES = ["pv", "tm", "sl", "rr", "textops", "xlog"]
PARAMS = ""
#: Cases in which we differ, and why.
KNOWN: dict[str, str] = {}

RC = 'append_hf("X-RC: $rc\\r\\n");'
HEADERS = "X-A: one\r\nX-B: two, three\r\nx-a: One\r\nSubject: hello world\r\nContact: <sip:c@1.2.3.4>\r\nPrivacy: id;header\r\n"
SDP_TYPE = "Content-Type: application/sdp\r\n"
PARTS = (
    "--bb\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nx=1\r\n\r\n"
    "--bb\r\nContent-Type: text/plain\r\n\r\nhello\r\n--bb--\r\n"
)
PARTS_TYPE = 'Content-Type: multipart/mixed;boundary="bb"\r\n'

ON_SDP = r"""
is_method("INVITE");
is_method("BYE|INVITE");
is_method("ACK");
is_method("FOO");
remove_hf("X-A");
remove_hf("x-b");
remove_hf("s");
remove_hf("Nope");
remove_hf("m");
remove_hf_re("^X-");
remove_hf_re("^z");
remove_hf_exp("^X-","B$");
remove_hf_pv("X-$var(a)");
$var(a)="A";remove_hf_pv("X-$var(a)");
remove_hf_re_pv("^$var(q)X");
remove_hf_exp_pv("^x","b");
remove_hf_idx("X-A","0");
remove_hf_idx("X-A","1");
remove_hf_idx("X-A","2");
remove_hf_idx("X-A","-1");
remove_hf_idx("X-A","-2");
remove_hf_idx("X-A","-3");
remove_hf_idx("Nope","-1");
remove_hf_match("X-A","eq","one");
remove_hf_match("X-A","ne","one");
remove_hf_match("X-A","in","n");
remove_hf_match("X-A","re","^O");
remove_hf_match("X-A","xx","one");
remove_hf_match("Nope","eq","one");
remove_hf_match("X-A","eq","zzz");
is_present_hf("X-A");
is_present_hf("Nope");
is_present_hf("k");
is_present_hf("s");
is_present_hf_pv("X-$var(zz)");
is_present_hf_re("^x-");
is_present_hf_re("^zz");
is_present_hf_re_pv("^x-");
is_privacy("id");
is_privacy("user");
is_privacy("header");
append_hf("X-N: $ru\r\n");
append_hf("X-N: 1\r\n","X-A");
append_hf("X-N: 1\r\n","Nope");
append_hf("X-N: 1\r\n","Subject");
insert_hf("X-N: 1\r\n");
insert_hf("X-N: 1\r\n","X-A");
insert_hf("X-N: 1\r\n","Nope");
insert_hf("X-N: 1\r\n","From");
append_hf("");
append_urihf("X-U: <",">\r\n");
append_hf("X-1: 1\r\n"); append_hf("X-2: 1\r\n"); insert_hf("X-3: 1\r\n"); insert_hf("X-4: 1\r\n");
remove_hf("Subject"); append_hf("Subject: new\r\n","Subject");
remove_hf("Subject"); insert_hf("Subject: new\r\n","Subject");
search("world");
search("zzzz");
search("^INVITE");
search("^subject: ");
search_body("m=audio");
search_body("INVITE");
search_hf("X-A","one","a");
search_hf("X-A","ONE$","l");
search_hf("X-A","^two","f");
search_hf("Nope","x","a");
search_str("abc","b");
search_str("abc","x");
search_append("hello"," there");
search_append_body("audio [0-9]*","9");
search_append("zzz","x");
is_present_hf("ZZ");search_append("v=0","x");
replace("world","moon");
replace("v=0","v=1");
replace("zzz","1");
replace_all("o","0");
replace_all("^x-","Y-");
replace_all("x*","-");
replace_body("192.0.2.1","1.1.1.1");
replace_body_all("192.0.2.1","1.1.1.1");
replace_body_all("IP4","IP6000");
replace_body_atonce("v=0.*s=","x");
replace_body_atonce("^.*$","new");
replace_body_atonce("\n","+");
replace_hdrs("world","moon");
replace_hdrs("v=0","moon");
replace_str("world","moon","f");
is_present_hf("ZZ");replace_str("o","00","a");
replace_hdrs_str("o","0","a");
replace_hdrs_str("IP4","0","a");
replace_body_str("IP4","IP6","a");
replace_body_str("IP4","IP6","f");
replace_body_str("zz","IP6","f");
replace_str("","IP6","f");
subst("/hello (.*)/bye \1/");
subst("/HELLO/x/i");
subst("/o/0/g");
subst("/zz/0/g");
is_present_hf("ZZ");subst("/^s=(.)/s=$fU\1\n/");
subst("/hello.*v=0/X/s");
subst("/(hello) (world)/\2-\1-\0-\u-\$-$(ru{s.len})/");
subst_uri("/bob@(.*)/joe@\1/");
subst_uri("/zzz/x/");
subst_user("/(.*)b$/\1z/");
subst_user("/^.*$//");
subst_user("/b/$fU/g");
subst_body("/192.0.2.1/1.1.1.1/g");
subst_body("/a=sendrecv/a=inactive/");
subst_body("/zz/a/");
subst_hf("X-A","/one/1/i","a");
subst_hf("X-A","/one/1/i","f");
subst_hf("X-A","/one/1/i","l");
subst_hf("X-B","/t/T/g","a");
subst_hf("X-A","/^One/1/","f");
subst_hf("X-A","/^One/1/","a");
subst_hf("Nope","/One/1/","a");
has_body();
has_body("application/sdp");
has_body("text/plain");
is_audio_on_hold();
cmp_str("a","a");
cmp_str("a","b");
cmp_str("b","a");
cmp_istr("A","a");
cmp_istr("A","b");
starts_with("abc","ab");
starts_with("abc","b");
starts_with("a","ab");
starts_with("bbc","a");
ends_with("abc","bc");
ends_with("abc","ab");
ends_with("abc","zz");
str_find("abc","bc");
str_find("abc","z");
str_find("abc","C");
str_ifind("abc","C");
in_list("b","a, b ,c",",");
in_list("d","a, b ,c",",");
in_list("b","a;b",";");
in_list_prefix("abc","x,ab",",");
in_list_prefix("abc","x,bc",",");
in_list_prefix("abc","x,abcd,",",");
in_list("a b","a b",",");
regex_substring("sip:bob@x","([a-z]+):([a-z]+)","2","3","$var(o)"); append_hf("X-O: $var(o)\r\n");
regex_substring("sip:bob@x","^sip","0","1","$var(o)");
regex_substring("sip","SIP","0","1","$var(o)");
regex_substring("sip","s","2","1","$var(o)");
regex_substring("sip","s(x)?","1","2","$var(o)");
set_body("new body\r\n","text/plain");
set_body("new","application/sdp");
set_body("","x/y");
set_body_multipart();
set_body_multipart("delim");
set_body_multipart("txt","text/plain");
set_body_multipart("txt","text/plain","delim");
set_body_multipart(); append_body_part("x","a/b");
filter_body("application/sdp");
append_body_part("x","text/x");
remove_body_part("text/plain");
search_append_body("audio","1"); replace_body("v=0","v=00"); subst_body("/t=0/t=111/"); insert_hf("X-Z: 1\r\n");
"""
ON_PARTS = r"""
filter_body("application/sdp");
filter_body("text/plain");
filter_body("a/b");
append_body_part("x","a/b");
append_body_part("x\r\n\r\n","a/b","session");
append_body_part_hex("01 7aFF","a/b");
append_body_part_hex("0","a/b");
remove_body_part("text/plain");
remove_body_part("application/sdp");
remove_body_part("a/b");
get_body_part("text/plain","$var(o)"); append_hf("X-O: [$var(o)]\r\n");
get_body_part("application/sdp","$var(o)"); append_hf("X-O: [$var(o)]\r\n");
get_body_part_raw("application/sdp","$var(o)"); append_hf("X-O: [$var(o)]\r\n");
get_body_part_raw("text/plain","$var(o)"); append_hf("X-O: [$var(o)]\r\n");
set_body_multipart();
set_body_multipart("t","a/b");
set_body("x","a/b");
has_body("multipart/mixed");
is_audio_on_hold();
"""
WITHOUT_BODY = r"""
set_body("x","a/b");
set_body_multipart();
has_body();
search_body("x");
replace_body_str("a","b","f");
filter_body("a/b");
append_body_part("a","b");
get_body_part("a/b","$var(x)");
is_audio_on_hold();
"""
HELD = {
    "sendonly": SDP.replace("sendrecv", "sendonly"),
    "address 0.0.0.0": SDP.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"),
    "session inactive": SDP.replace("m=audio", "a=inactive\r\nm=audio"),
    "video only": SDP.replace("audio", "video").replace("sendrecv", "inactive"),
}
METHODS = [("INVITE", "invite"), ("FOO", "FOO"), ("foo", "FOO"), ("INVITE|OPTIONS", "OPTIONS"), ("INVITE", "FOO")]
ANSWERS = [
    'append_to_reply("X-R: $ru\\r\\n");',
    'set_reply_body("abc","text/plain");',
    'append_to_reply("X-R: 1\\r\\n"); append_to_reply("X-S: 1\\r\\n"); set_reply_body("abc","text/plain");',
]

CASES = [
    *(Case(text, f"{text} {RC}", headers=HEADERS + SDP_TYPE, body=SDP) for text in split(ON_SDP)),
    *(Case(f"parts: {text}", f"{text} {RC}", headers=HEADERS + PARTS_TYPE, body=PARTS) for text in split(ON_PARTS)),
    *(Case(f"no body: {text}", f"{text} {RC}", headers=HEADERS) for text in split(WITHOUT_BODY)),
    *(Case(f"held: {how}", f"is_audio_on_hold(); {RC}", headers=SDP_TYPE, body=body) for how, body in HELD.items()),
    *(Case(f"{asked} of {sent}", f'is_method("{asked}"); {RC}', sent) for asked, sent in METHODS),
    *(Case(text, f'{text} sl_send_reply("404","Nope");', relay=False) for text in ANSWERS),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], list[str]]]:
    return compare(CASES, MODULES, PARAMS, tmp_path_factory.mktemp("textops"))


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("name", marked([case.name for case in CASES], KNOWN))
def test_what_leaves_is_what_kamailio_sends(results: dict[str, tuple[list[str], list[str]]], name: str) -> None:
    ours, theirs = results[name]
    assert ours == theirs
