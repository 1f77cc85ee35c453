"""Values of headers and their parameters."""

from __future__ import annotations

import pytest
from textops.kit import Run

FOO = ("Foo: a;p=1;q, b", 'Foo: <sip:c;p=9>;P="2;x" ,d;p', 'Auth: Digest username="u", realm=r, nonce="n,1"')
LIST = ("Supported: path, 100rel",)


@pytest.mark.parametrize(
    ("call", "expected", "foo"),
    [
        ('append_hf_value("Foo", "new")', 1, [*FOO[:2], "Foo: new"]),
        ('append_hf_value("Foo[1]", "new")', 1, ["Foo: a;p=1;q,new, b", FOO[1]]),
        ('append_hf_value("Foo[2]", "$rU")', 1, ["Foo: a;p=1;q, b,108", FOO[1]]),
        ('append_hf_value("Foo[-1]", "new")', 1, [FOO[0], FOO[1] + ",new"]),
        ('append_hf_value("Foo[7]", "new")', 1, [*FOO[:2], "Foo: new"]),
        ('append_hf_value("Foo[*]", "new")', -1, [*FOO[:2]]),
        ('append_hf_value("Foo.p", "new")', -1, [*FOO[:2]]),
        ('insert_hf_value("Foo", "new")', 1, ["Foo: new", *FOO[:2]]),
        ('insert_hf_value("Foo[1]", "new")', 1, ["Foo: new,a;p=1;q, b", FOO[1]]),
        ('insert_hf_value("Foo[2]", "new")', 1, ["Foo: a;p=1;q,new, b", FOO[1]]),
        ('insert_hf_value("Foo[9]", "new")', -1, [*FOO[:2]]),
        ('remove_hf_value("Foo")', 1, ["Foo:  b", FOO[1]]),
        ('remove_hf_value("Foo[2]")', 1, ["Foo: a;p=1;q", FOO[1]]),
        ('remove_hf_value("Foo[-1]")', 1, [FOO[0], 'Foo: <sip:c;p=9>;P="2;x" ']),
        ('remove_hf_value("Foo[9]")', -1, [*FOO[:2]]),
        ('remove_hf_value("Foo[-11]")', -1, [*FOO[:2]]),
        ('remove_hf_value("Foo[")', -1, [*FOO[:2]]),
        ('remove_hf_value("Foo[*]")', 1, []),
        ('remove_hf_value("Bar[*]")', -1, [*FOO[:2]]),
        ('remove_hf_value("Foo.p")', 1, ["Foo: a;q, b", FOO[1]]),
        ('remove_hf_value("Foo[2].p")', -1, [*FOO[:2]]),
        ('remove_hf_value("Foo[*].p")', 1, ["Foo: a;q, b", "Foo: <sip:c;p=9> ,d"]),
        ('assign_hf_value("Foo", "new")', 1, ["Foo: new, b", FOO[1]]),
        ('assign_hf_value("Foo[-1]", "new")', 1, [FOO[0], 'Foo: <sip:c;p=9>;P="2;x" ,new']),
        ('assign_hf_value("Foo[*]", "new")', -1, [*FOO[:2]]),
        ('assign_hf_value("Foo.p", "2")', 1, ["Foo: a;p=2;q, b", FOO[1]]),
        ('assign_hf_value("Foo.q", "3")', 1, ["Foo: a;p=1;q=3, b", FOO[1]]),
        ('assign_hf_value("Foo.p", "")', 1, ["Foo: a;p;q, b", FOO[1]]),
        ('assign_hf_value("Foo[2].z", "")', 1, ["Foo: a;p=1;q, b;z", FOO[1]]),
        ('assign_hf_value("Foo[*].p", "0")', 1, ["Foo: a;p=0;q, b;p=0", "Foo: <sip:c;p=9>;P=0 ,d;p=0"]),
        ('assign_hf_value("Foo[9].p", "0")', -1, [*FOO[:2]]),
    ],
)
def test_values_of_lists(call: str, expected: int, foo: list[str]) -> None:
    run = Run(f'{call}; xlog("code $rc\\n");', *FOO)
    assert [line.decode() for line in run.out.msg.lines if line.startswith(b"Foo")] == foo
    assert run.codes == [str(expected)]


@pytest.mark.parametrize("call", ['append_hf_value("Bar[-1]", "x")', 'insert_hf_value("Bar", "x")'])
def test_the_first_value_is_a_new_header_at_the_end(call: str) -> None:
    run = Run(f"{call};", *FOO)
    assert run.out.msg.lines[-1] == b"Bar: x"


AUTH = 'Auth: Digest username="u", realm=r, nonce="n,1"'


@pytest.mark.parametrize(
    ("call", "expected", "auth"),
    [
        ('remove_hf_value2("Auth")', 1, []),
        ('remove_hf_value2("Auth[*]")', 1, []),
        ('remove_hf_value2("Auth[2]")', -1, [AUTH]),
        ('remove_hf_value2("Auth.realm")', 1, ['Auth: Digest username="u", nonce="n,1"']),
        ('remove_hf_value2("Auth.username")', 1, ['Auth: Digest  realm=r, nonce="n,1"']),
        ('remove_hf_value2("Auth.nonce")', 1, ['Auth: Digest username="u", realm=r']),
        ('remove_hf_value2("Auth[*].none")', -1, [AUTH]),
        ('assign_hf_value2("Auth.realm", "new")', 1, ['Auth: Digest username="u", realm=new, nonce="n,1"']),
        ('assign_hf_value2("Auth.nonce", "x")', 1, ['Auth: Digest username="u", realm=r, nonce=x']),
        ('assign_hf_value2("Auth.ip", "yes")', 1, [AUTH + ",ip=yes"]),
        ('assign_hf_value2("Auth[-1]", "Basic x")', 1, ["Auth: Basic x"]),
        ('assign_hf_value2("Auth[*]", "x")', -1, [AUTH]),
        ('assign_hf_value2("None.a", "x")', -1, [AUTH]),
    ],
)
def test_values_of_headers_like_authorization(call: str, expected: int, auth: list[str]) -> None:
    run = Run(f'{call}; xlog("code $rc\\n");', *FOO)
    assert [line.decode() for line in run.out.msg.lines if line.startswith(b"Auth")] == auth
    assert run.codes == [str(expected)]


@pytest.mark.parametrize(
    ("call", "expected", "supported"),
    [
        ('include_hf_value("Supported", "100REL")', 1, ["path, 100rel"]),
        ('include_hf_value("Supported", "timer")', 1, ["path, 100rel,timer"]),
        ('include_hf_value("Supported", "")', -1, ["path, 100rel"]),
        ('exclude_hf_value("Supported", "100rel")', 1, ["path"]),
        ('exclude_hf_value("Supported", "path")', 1, ["100rel"]),
        ('exclude_hf_value("Supported", "timer")', 1, ["path, 100rel"]),
        ('hf_value_exists("Supported", "Path")', 1, ["path, 100rel"]),
        ('hf_value_exists("Supported", "pat")', -1, ["path, 100rel"]),
    ],
)
def test_sets(call: str, expected: int, supported: list[str]) -> None:
    run = Run(f'{call}; xlog("code $rc\\n");', *LIST)
    assert run.out.headers("Supported") == supported
    assert run.codes == [str(expected)]


def test_the_only_value_takes_its_header_along() -> None:
    run = Run('exclude_hf_value("Supported", "path"); include_hf_value("Require", "timer");', "Supported: path")
    assert run.out.headers("Supported") == []
    assert run.out.headers("Require") == ["timer"]
