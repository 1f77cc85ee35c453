"""Variable texts and format strings, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olelo.script.pvspec import PvError, PvSpec, parse_format, parse_pv, split_args


@pytest.mark.parametrize(
    ("text", "name", "inner", "index", "transforms"),
    [
        ("ru", "ru", None, None, []),
        ("?", "?", None, None, []),
        ("from.domain", "from.domain", None, None, []),
        ("hdr(X-My)", "hdr", "X-My", None, []),
        ("(hdr(X)[-1]{s.len}{uri.user})", "hdr", "X", -1, ["s.len", "uri.user"]),
        ("(avp(s:x)[*])", "avp", "s:x", "*", []),
        ("(ru{re.subst,/a/b/g})", "ru", None, None, ["re.subst"]),
        ("xavp(a[0]=>b)", "xavp", "a[0]=>b", None, []),
        ("sht(t=>$var(k)::$(var(l){s.len}))", "sht", "t=>$var(k)::$(var(l){s.len})", None, []),
        ("(ru{s.len} {s.int})", "ru", None, None, ["s.len", "s.int"]),
    ],
)
def test_parts_of_a_variable(text: str, name: str, inner: str | None, index: object, transforms: list[str]) -> None:
    spec = parse_pv(text)
    assert (spec.name, spec.inner, spec.index) == (name, inner, index)
    assert [f"{call.cls}.{call.name}" for call in spec.transforms] == transforms
    assert spec.text == text


def test_an_index_may_be_a_variable() -> None:
    index = parse_pv("(hdr(X)[$var(i)])").index
    assert isinstance(index, PvSpec)
    assert index.name == "var"


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("(", 1),
        ("hdr(X", 3),
        ("hdr()", 3),
        ("(ru", 3),
        ("(ru[x])", 4),
        ("(ru{s.len)", 3),
        ("(ru{len})", 4),
        ("(ru!)", 3),
        ("ru!", 2),
    ],
)
def test_bad_texts_say_where(text: str, offset: int) -> None:
    with pytest.raises(PvError) as caught:
        parse_pv(text)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("args", "most", "expected"),
    [
        ("0,,", 2, ["0", ","]),
        ("1,;", 2, ["1", ";"]),
        ("a,b,c", 1, ["a,b,c"]),
        ("/a,b/c,d/", 1, ["/a,b/c,d/"]),
        ("a,b,c", 9, ["a", "b", "c"]),
    ],
)
def test_arguments_split_by_position(args: str, most: int, expected: list[str]) -> None:
    (call,) = parse_pv(f"(ru{{s.x,{args}}})").transforms
    assert split_args(call, most) == expected


def test_an_argument_may_be_a_variable_with_commas_of_its_own() -> None:
    (call,) = parse_pv("(ru{s.x,$(var(a){s.select,0,,}),2})").transforms
    first, second = split_args(call, 2)
    assert isinstance(first, PvSpec)
    assert (first.name, second) == ("var", "2")


def test_format_strings() -> None:
    parts = parse_format("sip:$rU@$(rd{s.tolower})$$ $hdr(X)[0]")
    shown = [part if isinstance(part, str) else part.name for part in parts]
    assert shown == ["sip:", "rU", "@", "rd", "$ ", "hdr", "[0]"]


def test_offsets_in_format_strings_count_from_its_start() -> None:
    with pytest.raises(PvError) as caught:
        parse_format("abc $(ru{s.len}")
    assert caught.value.offset == 15


@given(st.text(alphabet="$()[]{}ab.,0-*= ", max_size=20))
def test_any_text_is_parsed_or_refused_with_a_place(text: str) -> None:
    try:
        parts = parse_format(text)
    except PvError as error:
        offset, parts = error.offset, ()
    else:
        offset = 0
    assert 0 <= offset <= len(text)
    if parts:
        assert "".join(p if isinstance(p, str) else "$" + p.text for p in parts).replace("$", "") in text.replace(
            "$", ""
        )
