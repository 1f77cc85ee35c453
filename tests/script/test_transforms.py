"""Transformations: one table, held to what is written here and, where Kamailio is installed, to what it answers."""

from __future__ import annotations

import re

import pytest

from olelo.script.catalog import Value
from olelo.script.transforms import builtin_transforms
from olelo.script.values import ResolveError, Resolver
from script.backend_fakes import Ctx, catalog, variable
from script.kamailio_probe import run_script

ADDRESS = '"B, <o>" <sip:u@h.org;transport=tcp>;tag=1;x="2;3"'
URI = "sip:bob:pw@Example.org:5070;transport=TCP;lr;user=phone;maddr=1.2.3.4?Subject=x&Y=z"

#: (value, transformations, result). A value that is an int is assigned as a number.
TABLE: list[tuple[str | int, str, Value]] = [
    ("abc", "{s.len}", 3),
    ("", "{s.len}", 0),
    (1234, "{s.len}", 4),
    ("12", "{s.int}", 12),
    ("-12", "{s.int}", -12),
    ("12a", "{s.int}", None),
    ("a b\tc ", "{s.rmws}", "abc"),
    ("abc", "{s.md5}", "900150983cd24fb0d6963f7d28e17f72"),
    ("abc", "{s.sha256}{s.substr,0,8}", "ba7816bf"),
    ("abc", "{s.sha384}{s.substr,0,8}", "cb00753f"),
    ("abc", "{s.sha512}{s.substr,0,8}", "ddaf35a1"),
    ("aB/", "{s.encode.hexa}", "61422f"),
    ("61422F", "{s.decode.hexa}", "aB/"),
    ("hello world", "{s.encode.base64}", "aGVsbG8gd29ybGQ="),
    ("aGVsbG8gd29ybGQ=", "{s.decode.base64}", "hello world"),
    ("hello world", "{s.encode.base64t}", "aGVsbG8gd29ybGQ"),
    ("aGVsbG8gd29ybGQ", "{s.decode.base64t}", "hello world"),
    ("a?>b", "{s.encode.base64url}", "YT8-Yg=="),
    ("YT8-Yg==", "{s.decode.base64url}", "a?>b"),
    ("a?>b", "{s.encode.base64urlt}", "YT8-Yg"),
    ("YT8-Yg", "{s.decode.base64urlt}", "a?>b"),
    ("hello", "{s.encode.base58}", "Cn8eVZg"),
    ("hello", "{s.encode.7bit}", "E8329BFD06"),
    ("E8329BFD06", "{s.decode.7bit}", "hello"),
    ('it\'s a "b" \\', "{s.escape.common}", 'it\\\'s a \\"b\\" \\\\'),
    ("it\\'s \\x", "{s.unescape.common}", "it's \\x"),
    ("a b@c#/", "{s.escape.user}", "a%20b%40c%23%2f"),
    ("a%20b%40", "{s.unescape.user}", "a b@"),
    ("a b=c/d", "{s.escape.param}", "a%20b%3dc/d"),
    ("a%20b%3d", "{s.unescape.param}", "a b="),
    ('a "b"', "{s.escape.csv}", '"a ""b"""'),
    ("a b/c~", "{s.urlencode.param}", "a%20b%2fc~"),
    ("a%20b+c", "{s.urldecode.param}", "a b c"),
    ("+1 (23) x4", "{s.numeric}", "1234"),
    ("abcdef", "{s.substr,2,3}", "cde"),
    ("abcdef", "{s.substr,2,0}", "cdef"),
    ("abcdef", "{s.substr,2,99}", "cdef"),
    ("abcdef", "{s.substr,-3,2}", "de"),
    ("abcdef", "{s.substr,-3,0}", "def"),
    ("abcdef", "{s.substr,9,1}", None),
    ("abcdef", "{s.substr,-9,1}", None),
    ("abcdef", "{s.substr,$var(one),$var(one)}", "b"),
    ("a,b,c", "{s.select,1,,}", "b"),
    ("a;b;c", "{s.select,-1,;}", "c"),
    ("a:b:c", "{s.select,7,:}", ""),
    ("a:b:c", "{s.select,-7,:}", ""),
    ("aBc", "{s.tolower}", "abc"),
    ("aBc", "{s.toupper}", "ABC"),
    ("abc", "{s.strip,1}", "bc"),
    ("abc", "{s.strip,9}", ""),
    ("abc", "{s.striptail,1}", "ab"),
    ("abcd", "{s.stripto,c}", "cd"),
    ("abcd", "{s.stripto,x}", ""),
    ("abc", "{s.prefixes}", "a,ab,abc"),
    ("abc", "{s.prefixes,2}", "a,ab"),
    ("abc", "{s.prefixes.quoted}", "'a','ab','abc'"),
    ("abcabc", "{s.replace,b,XY}", "aXYcaXYc"),
    ("abcabc", "{s.rm,bc}", "aa"),
    (86400 * 3, "{s.ftime,%Y-%j}", "1970-004"),
    ("  a b ", "{s.trim}", "a b"),
    ("  a b ", "{s.rtrim}", "  a b"),
    ("  a b ", "{s.ltrim}", "a b "),
    ("alice", "{s.corehash}", "1834153949"),
    ("alice", "{s.corehash,16}", "13"),
    ('"abc"', "{s.unquote}", "abc"),
    ("'abc'", "{s.unquote}", "abc"),
    ("'abc", "{s.unquote}", "'abc"),
    ("<abc>", "{s.unbracket}", "abc"),
    ("[abc)", "{s.unbracket}", "[abc)"),
    ("banana", "{s.count,a}", 3),
    ("a@b@c", "{s.before,@}", "a"),
    ("a@b@c", "{s.after,@}", "b@c"),
    ("abc", "{s.before,@}", "abc"),
    ("abc", "{s.after,@}", ""),
    (URI, "{uri.user}", "bob"),
    (URI, "{uri.passwd}", "pw"),
    (URI, "{uri.host}", "Example.org"),
    (URI, "{uri.domain}", "Example.org"),
    (URI, "{uri.port}", 5070),
    (URI, "{uri.params}", "transport=TCP;lr;user=phone;maddr=1.2.3.4"),
    (URI, "{uri.param,user}", "phone"),
    (URI, "{uri.param,nope}", ""),
    (URI, "{uri.headers}", "Subject=x&Y=z"),
    (URI, "{uri.transport}", "TCP"),
    (URI, "{uri.uparam}", "phone"),
    (URI, "{uri.maddr}", "1.2.3.4"),
    (URI, "{uri.scheme}", "sip"),
    (URI, "{uri.tosocket}", "tcp:Example.org:5070"),
    ("sip:example.org", "{uri.port}", 0),
    ("sip:example.org", "{uri.user}", ""),
    ("sip:example.org", "{uri.tosocket}", ""),
    ("no uri", "{uri.user}", None),
    (ADDRESS, "{nameaddr.name}", '"B, <o>" '),
    (ADDRESS, "{nameaddr.uri}", "sip:u@h.org;transport=tcp"),
    (ADDRESS, "{nameaddr.len}", 36),
    ("sip:u@h", "{nameaddr.uri}", "sip:u@h"),
    ("sip:u@h", "{nameaddr.name}", ""),
    (ADDRESS, "{tobody.uri}", "sip:u@h.org;transport=tcp"),
    (ADDRESS, "{tobody.display}", '"B, <o>"'),
    (ADDRESS, "{tobody.user}", "u"),
    (ADDRESS, "{tobody.host}", "h.org"),
    (ADDRESS, "{tobody.tag}", "1"),
    (ADDRESS, "{tobody.params}", 'tag=1;x="2;3"'),
    ("sip:u@h;tag=7", "{tobody.uri}", "sip:u@h"),
    ("sip:u@h;tag=7", "{tobody.tag}", "7"),
    ("a=1;b=2;a=3", "{param.value,a}", "3"),
    ("a=1;B=2", "{param.value,b}", "2"),
    ('a="x;y";b', "{param.value,a}", "x;y"),
    ("a=1;b=2", "{param.value,c}", ""),
    ("a=1&b=2", "{param.value,b,&}", "2"),
    ("a=1;b=2", "{param.in,b}", 1),
    ("a=1;b=2", "{param.in,c}", 0),
    ("a=1;b=2;c", "{param.name,1}", "b"),
    ("a=1;b=2;c", "{param.name,-1}", "c"),
    ("a=1;b=2;c", "{param.valueat,0}", "1"),
    ("a=1;b=2;c", "{param.valueat,5}", ""),
    ("a=1;b=2;c", "{param.count}", 3),
    ("a=1;b=2;", "{param.count}", 2),
    ("one\ntwo\nthree", "{line.count}", 3),
    ("one\ntwo\n", "{line.count}", 2),
    ("one\ntwo\nthree", "{line.at,1}", "two"),
    ("one\ntwo\nthree", "{line.at,-1}", "three"),
    ("one\ntwo\nthree", "{line.at,9}", ""),
    ("v=0\nm=audio 1\n", "{line.sw,m=}", "m=audio 1"),
    ("v=0\nm=audio 1\n", "{line.sw,x=}", ""),
    ("sip:bob@1.2.3.4:5062;transport=tls", "{urialias.encode}", "1.2.3.4~5062~3"),
    ("1.2.3.4~5062~3", "{urialias.decode}", "sip:1.2.3.4:5062;transport=tls"),
    ("1.2.3.4~5062~1", "{urialias.decode}", "sip:1.2.3.4:5062"),
    ("abcabc", "{re.subst,/b/X/}", "aXcabc"),
    ("abcabc", "{re.subst,/B/X/gi}", "aXcaXc"),
    ("+1234", "{re.subst,/^\\+([0-9]{2})(.*)$/\\2-\\1/}", "34-12"),
    ("a/b", "{re.subst,/\\//:/}", "a:b"),
    ("abc", "{re.subst,/x/y/}", "abc"),
    ("abc", "{s.toupper}{s.substr,1,1}{s.len}", 1),
]

#: Where Kamailio 5.6 has faults that nobody can want, Olelo does what its documentation says.
ONLY_OURS: list[tuple[str | int, str, Value]] = [
    ("a@b@c", "{s.rbefore,@}", "a@b"),  # Kamailio reads past the text's end
    ("a@b@c", "{s.rafter,@}", "c"),
    ("Cn8eVZg", "{s.decode.base58}", "hello"),  # 5.6 counts a NUL to the text
    ("abcdef", "{s.fmtlines,2,1}", "ab\r\n cd\r\n ef"),
    ("abcdef", "{s.fmtlinet,4,1}", "abcd\r\n\tef"),
    ('a\nb"', "{val.json}", 'a\\nb\\"'),  # class val is not registered in 5.6
    ("x", "{val.n0}", "x"),
    ("x", "{val.jsonqe}", '"x"'),
    (URI, "{uri.duri}", "sip:Example.org:5070;transport=TCP"),  # 5.6 puts a byte of the buffer after the scheme
    (URI, "{uri.suri}", "sip:bob@Example.org:5070;transport=TCP"),
    (URI, "{uri.saor}", "sip:bob@Example.org"),
    ("udp:10.0.0.1:5060", "{sock.host}", "10.0.0.1"),
    ("udp:10.0.0.1:5060", "{sock.port}", 5060),
    ("udp:10.0.0.1:5060", "{sock.proto}", "udp"),
    ("tcp:[2001:db8::1]:5060", "{sock.touri}", "sip:[2001:db8::1]:5060;transport=tcp"),
]


def resolver() -> Resolver:
    found = catalog(loaded=("pv", "textops", "corex"))
    found.transforms = {(spec.cls, spec.name): spec for spec in builtin_transforms()}
    found.variables["none"] = variable("none", None)
    return Resolver(found)


RESOLVER = resolver()


def transformed(value: Value, steps: str) -> Value:
    ctx = Ctx()
    ctx.vars = {"v": value, "one": 1}
    return RESOLVER.text(f"(var(v){steps})").get(ctx)


@pytest.mark.parametrize(("value", "steps", "expected"), [*TABLE, *ONLY_OURS])
def test_each_transformation(value: str | int, steps: str, expected: Value) -> None:
    assert transformed(value, steps) == expected


@pytest.mark.parametrize("steps", sorted({re.split("[,}]", steps)[0] for _, steps, _ in TABLE} - {"{val.n0"}))
def test_null_stays_null(steps: str) -> None:
    full = next(each for _, each, _ in TABLE if each.startswith(steps))
    assert transformed(None, full) is None


def test_null_becomes_a_value_where_that_is_the_point() -> None:
    assert [transformed(None, f"{{val.{name}}}") for name in ("n0", "ne", "json", "jsonqe")] == [0, "", "", '""']


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ("{s.nope}", "unknown transformation"),
        ("{s.substr,1}", "needs 2"),
        ("{s.substr,a,1}", "'a' is no number"),
        ("{s.len,1}", "takes no arguments"),
        ("{param.value,a,--}", "separator is one character"),
        ("{re.subst,/a/b}", "separator '/' is missing"),
        ("{re.subst,/a(/b/}", "unmatched"),
        ("{re.subst,/a/b/q}", "unknown flags"),
        ("{re.subst,/a/\\1/}", "group"),
        ("{nodot}", "is no transformation"),
    ],
)
def test_bad_transformations_are_refused_at_load(steps: str, reason: str) -> None:
    with pytest.raises(ResolveError, match=re.escape(reason)):
        resolver().text(f"(var(v){steps})")


def test_every_transformation_is_in_the_table() -> None:
    used = {match for _, steps, _ in [*TABLE, *ONLY_OURS] for match in re.findall(r"\{([a-z0-9.]+)", steps)}
    known = {f"{spec.cls}.{spec.name}" for spec in builtin_transforms()}
    newer = {"num.fdiv", "num.fmul", "s.rmhdws", "s.rmhlws", "val.ne"}
    rare = {"uri.ttl", "uri.method", "uri.lr", "uri.r2"}
    assert known - used - newer - rare == set()


# --- against Kamailio ------------------------------------------------------------------------------------------


def _quoted(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def _script() -> str:
    lines = ["$var(one) = 1;"]
    for i, (value, steps, _) in enumerate(TABLE):
        lines.append(f"$avp(v) = {_quoted(value)};")
        lines.append(f"$avp(r) = $null; $avp(r) = $(avp(v){steps});")
        lines.append(f'if ($avp(r) == $null) xlog("L_ERR", "R{i}:N:\\n");')
        lines.append(f'else xlog("L_ERR", "R{i}:$(avp(r){{s.encode.hexa}}):\\n");')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def answers() -> dict[int, str]:
    """What Kamailio answers for each row: hexadecimal text, or N for $null."""
    return {int(row): text for row, text in re.findall(r"R(\d+):(N|[0-9a-f]*):", run_script(_script()))}


@pytest.mark.reference
@pytest.mark.parametrize("row", range(len(TABLE)), ids=lambda i: f"{TABLE[i][1]}-{i}")
def test_kamailio_answers_the_same(answers: dict[int, str], row: int) -> None:
    _, _, expected = TABLE[row]
    answer = answers[row]
    got = None if answer == "N" else bytes.fromhex(answer).decode("latin-1")
    assert got == (None if expected is None else str(expected))
