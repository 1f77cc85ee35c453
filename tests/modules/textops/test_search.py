"""Searching, replacing and substituting in the text."""

from __future__ import annotations

import pytest

from textops.kit import Run, code

BODY = b"v=0\r\ns=alpha beta\r\na=alpha\r\nm=audio 4000 RTP/AVP 0\r\n"
UA = "User-Agent: alpha/1 (alpha)"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('search("^user-agent: ALPHA")', 1),
        ('search("^OPTIONS sip:108")', 1),
        ('search("^s=alpha")', 1),
        ('search("gamma")', -1),
        ('search_body("^a=ALPHA")', 1),
        ('search_body("User-Agent")', -1),
        ('search_body("alpha.*audio")', -1),
        ('search_append("gamma", "x")', -1),
        ('search_append_body("User-Agent", "x")', -1),
        ('replace("gamma", "x")', -1),
        ('replace("OPTIONS sip", "x")', -1),
        ('replace_hdrs("^s=alpha", "x")', -1),
        ('replace_body("User-Agent", "x")', -1),
        ('replace_all("gamma", "x")', -1),
        ('replace_body_all("gamma", "x")', -1),
        ('replace_body_all("x*", "x")', -1),
        ('replace_body_atonce("^s", "x")', -1),
        ('replace_body_atonce("(", "x")', -1),
        ('replace_str("gamma", "x", "a")', 1),
        ('subst("/gamma/x/")', -1),
        ('subst("/gamma")', -1),
        ('subst("/alpha/$nosuch(x)/")', -1),
        ('subst_body("/User-Agent/x/")', -1),
        ('subst_hf("User-Agent", "/gamma/x/", "a")', -1),
        ('subst_uri("/gamma/x/")', -1),
        ('subst_user("/gamma/x/")', -1),
    ],
)
def test_return_codes(call: str, expected: int) -> None:
    assert code(call, UA, body=BODY) == expected


@pytest.mark.parametrize(
    "call",
    [
        'search_body(".")', 'search_append_body(".", "x")', 'replace_body(".", "x")', 'replace_body_all(".", "x")',
        'replace_body_atonce(".", "x")', 'replace_body_str("a", "x", "a")', 'subst_body("/./x/")',
    ],
)  # fmt: skip
def test_without_a_body_there_is_nothing_to_look_at(call: str) -> None:
    assert code(call) == -1


@pytest.mark.parametrize(
    ("call", "agent", "body"),
    [
        ('search_append("alpha", "+")', "alpha+/1 (alpha)", BODY),
        ('search_append_body("alpha", "+")', "alpha/1 (alpha)", BODY.replace(b"alpha ", b"alpha+ ")),
        ('replace("alpha", "x$rU")', "x$rU/1 (alpha)", BODY),
        ('replace("^a=al", "a=")', "alpha/1 (alpha)", BODY.replace(b"a=al", b"a=")),
        ('replace_hdrs("alpha", "x")', "x/1 (alpha)", BODY),
        ('replace_body("alpha", "x")', "alpha/1 (alpha)", BODY.replace(b"alpha", b"x", 1)),
        ('replace_all("ALPHA", "omega")', "omega/1 (omega)", BODY.replace(b"alpha", b"omega")),
        (
            'replace_body_all("^.=a", "")',
            "alpha/1 (alpha)",
            BODY.replace(b"s=a", b"").replace(b"a=a", b"").replace(b"m=a", b""),
        ),
        ('replace_body_atonce("^v.*$", "all")', "alpha/1 (alpha)", b"all"),
        ('replace_body_atonce("^.+$", "")', "alpha/1 (alpha)", b""),
        ('replace_str("alpha", "$rU", "f")', "108/1 (alpha)", BODY),
        ('replace_str("alpha", "o", "a")', "o/1 (o)", BODY.replace(b"alpha", b"o")),
        ('replace_body_str("alpha", "o", "f")', "alpha/1 (alpha)", BODY.replace(b"alpha", b"o", 1)),
        ('replace_body_str("alpha", "o", "a")', "alpha/1 (alpha)", BODY.replace(b"alpha", b"o")),
        ('subst("/(alpha).1/\\1-$rU/")', "alpha-108 (alpha)", BODY),
        ('subst("/ALPHA/o/ig")', "o/1 (o)", BODY.replace(b"alpha", b"o")),
        ('subst("/alpha.1/\\u/")', "sip:108@proxy (alpha)", BODY),
        ('subst_body("/^a=(.*)$/b=\\1\\1/")', "alpha/1 (alpha)", BODY.replace(b"a=alpha\r\n", b"b=alpha\ralpha\r\n")),
        ('subst_hf("User-Agent", "/a/A/g", "a")', "AlphA/1 (AlphA)", BODY),
        ('subst_hf("User-Agent", "/^(.*)$/[\\1]/", "f")', "[alpha/1 (alpha)]", BODY),
    ],
)
def test_what_is_forwarded(call: str, agent: str, body: bytes) -> None:
    run = Run(f'{call}; xlog("code $rc\\n");', UA, body=BODY)
    assert run.codes == ["1"]
    assert run.out.header("User-Agent") == agent
    assert run.body == body


@pytest.mark.parametrize(("mode", "values"), [("a", ["A", "A"]), ("f", ["A", "a"]), ("l", ["a", "A"])])
def test_which_headers_are_substituted(mode: str, values: list[str]) -> None:
    run = Run(f'subst_hf("X", "/a/A/", "{mode}");', "X: a", "X: a")
    assert run.out.headers("X") == values


def test_several_changes_of_the_body_give_the_right_length() -> None:
    run = Run(
        'replace_body("v=0", "v=0123"); replace_body("beta", ""); search_append_body("audio", "xx");'
        'subst_body("/4000/5/"); remove_hf("User-Agent");',
        UA,
        body=BODY,
    )
    assert run.body == BODY.replace(b"v=0", b"v=0123").replace(b"beta", b"").replace(b"audio 4000", b"audioxx 5")


def test_the_request_uri() -> None:
    run = Run(
        'subst_uri("/108@(.*)/7$rU@\\1;x/i"); xlog("code $rc\\n"); subst_user("/^7(.*)$/\\1\\1/"); xlog("code $rc\\n");'
    )
    assert run.codes == ["1", "1"]
    assert run.out.uri == "sip:108108@proxy;x"


def test_subst_v() -> None:
    run = Run(
        'subst_v("abc $rU", "/b/$rm/", "$var(x)"); xlog("code $rc $var(x)\\n");'
        'subst_v("abc", "/z/y/", "$var(x)"); xlog("code $rc\\n");'
    )
    assert run.codes == ["1 aOPTIONSc 108", "-1"]
