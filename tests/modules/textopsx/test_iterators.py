"""Iterators over headers and body lines."""

from __future__ import annotations

from textops.kit import Run, code

BODY = b"v=0\r\na=one\r\na=two\r\nlast"
X = ("X-One: 1", "X-Two:  2 ")


def test_all_headers_are_visited_in_order() -> None:
    run = Run(
        'hf_iterator_start("i"); while (hf_iterator_next("i")) { xlog("code $hfitname(i)=$hfitbody(i)\\n"); }'
        'xlog("code $hfitname(i) $rc\\n"); hf_iterator_end("i");',
        *X,
    )
    assert [line.partition("=")[0] for line in run.codes[:-1]] == run.names[1:]
    assert run.codes[-4:] == ["X-One=1", "X-Two=2", "Content-Length=0", "<null> -1"]


def test_going_back() -> None:
    run = Run(
        'hf_iterator_start("i"); hf_iterator_next("i"); hf_iterator_next("i"); xlog("code $hfitname(i)\\n");'
        'hf_iterator_prev("i"); xlog("code $hfitname(i)\\n"); hf_iterator_prev("i"); xlog("code $rc $hfitname(i)\\n");'
    )
    assert run.codes == ["From", "Via", "1 <null>"]


def test_headers_are_removed_and_added_where_the_iterator_is() -> None:
    run = Run(
        'hf_iterator_start("i"); while (hf_iterator_next("i")) {'
        ' if ($hfitname(i) == "X-One") { hf_iterator_rm("i"); }'
        ' if ($hfitname(i) == "X-Two") { hf_iterator_insert("i", "A: $rU\\r\\n"); hf_iterator_append("i", "B: 2\\r\\n"); }'
        "}",
        *X,
    )
    assert run.names[-4:] == ["A", "X-Two", "B", "Content-Length"]
    assert run.out.header("A") == "108"
    assert "X-One" not in run.names


def test_an_iterator_that_stands_nowhere_changes_nothing() -> None:
    for call in (
        'hf_iterator_rm("i")',
        'hf_iterator_append("i", "A: 1\\r\\n")',
        'hf_iterator_insert("i", "A: 1\\r\\n")',
    ):
        assert code(f'hf_iterator_start("i"); {call}') == -1
        assert code(call) == -1
    for call in ("hf_iterator_next", "hf_iterator_prev", "hf_iterator_end", "bl_iterator_next", "bl_iterator_end"):
        assert code(f'{call}("i")') == -1
    assert code('bl_iterator_start("i"); bl_iterator_rm("i")', body=BODY) == -1


def test_four_iterators_at_most_and_names_of_31_characters() -> None:
    four = "".join(f'hf_iterator_start("i{n}");' for n in range(4))
    assert code(f'{four} hf_iterator_start("i4")') == -1
    assert code(f'{four} hf_iterator_start("i3")') == 1
    assert code(f'{four} hf_iterator_end("i0"); hf_iterator_start("i4")') == -1
    assert code(f'hf_iterator_start("{"n" * 31}")') == 1
    assert code(f'bl_iterator_start("{"n" * 32}")') == -1


def test_an_iterator_ends_with_the_message_it_was_made_for() -> None:
    assert code('hf_iterator_start("i"); append_hf("A: 1\\r\\n"); msg_apply_changes(); hf_iterator_next("i")') == -1


def test_lines_of_the_body() -> None:
    run = Run(
        'bl_iterator_start("b"); while (bl_iterator_next("b")) {'
        ' xlog("code $(blitval(b){s.rm,\\r\\n})\\n");'
        ' if ($blitval(b) =~ "one") { bl_iterator_rm("b"); }'
        ' if ($blitval(b) =~ "two") { bl_iterator_insert("b", "i=1\\r\\n"); bl_iterator_append("b", "x=$rU\\r\\n"); }'
        '} xlog("code $rc\\n");',
        body=BODY,
    )
    assert [line.strip() for line in run.codes] == ["v=0", "a=one", "a=two", "last", "-1"]
    assert run.body == b"v=0\r\ni=1\r\na=two\r\nx=108\r\nlast"


def test_a_message_without_body_has_no_lines() -> None:
    assert code('bl_iterator_start("b")') == 1
    assert code('bl_iterator_start("b"); bl_iterator_next("b")') == -1


def test_another_message_does_not_find_the_iterator() -> None:
    run = Run(
        'if ($rm == "OPTIONS") { hf_iterator_start("i"); } hf_iterator_next("i"); xlog("code $rc $hfitname(i)\\n");'
    )
    run.caller.request("MESSAGE", "sip:108@proxy")
    assert run.codes == ["1 Via", "-1 <null>"]
