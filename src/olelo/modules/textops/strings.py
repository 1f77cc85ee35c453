"""Functions on texts that do not touch the message: comparing, finding, lists, parts of a match."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.module import Const, Module, function
from olelo.script import regex
from olelo.script.catalog import PvRef

_BLANKS = " \t\r\n"


def _compared(one: str, two: str) -> int:
    """1 equal, -1 the first is greater, -2 it is less."""
    return 1 if one == two else -1 if one > two else -2


def _members(text: str, separator: str) -> list[str]:
    """The members of a list, without blanks around them."""
    return [member.strip(_BLANKS) for member in text.split(separator[:1])] if separator else []


class Strings(Module):
    """Functions on texts."""

    @function("search_str")
    def search_str(self, ctx: RouteContext, text: str, pattern: re.Pattern[str]) -> int:
        """Does the pattern match in a text? Returns 1 yes, -1 no (or one of them is empty)."""
        return 1 if text and pattern.pattern and pattern.search(text) else -1

    @function("cmp_str")
    def cmp_str(self, ctx: RouteContext, one: str, two: str) -> int:
        """Are two texts equal? Returns 1 yes, -1 the first is greater, -2 it is less."""
        return _compared(one, two)

    @function("cmp_istr")
    def cmp_istr(self, ctx: RouteContext, one: str, two: str) -> int:
        """Are two texts equal in any case of letters? Returns 1 yes, -1 the first is greater, -2 it is less."""
        return _compared(one.lower(), two.lower())

    @function("starts_with")
    def starts_with(self, ctx: RouteContext, text: str, prefix: str) -> int:
        """Does a text begin with another? Returns 1 yes; -1 no, it is too short or greater; -2 no, it is less."""
        return -1 if len(text) < len(prefix) else _compared(text[: len(prefix)], prefix)

    @function("ends_with")
    def ends_with(self, ctx: RouteContext, text: str, suffix: str) -> int:
        """Does a text end with another? Returns 1 yes; -1 no, it is too short or greater; -2 no, it is less."""
        return -1 if len(text) < len(suffix) else _compared(text[len(text) - len(suffix) :], suffix)

    @function("str_find")
    def str_find(self, ctx: RouteContext, text: str, part: str) -> int:
        """Where is a text in another? Returns its place, counted from 1; -1 it is not there."""
        return text.find(part) + 1 or -1

    @function("str_ifind")
    def str_ifind(self, ctx: RouteContext, text: str, part: str) -> int:
        """As str_find(), in any case of letters."""
        return text.lower().find(part.lower()) + 1 or -1

    @function("str_any_in")
    def str_any_in(self, ctx: RouteContext, text: str, characters: str) -> int:
        """Is any of these characters in the text? Returns 1 yes, -1 no. (A function of later releases.)"""
        return 1 if not set(text).isdisjoint(characters) else -1

    @function("str_all_in")
    def str_all_in(self, ctx: RouteContext, text: str, characters: str) -> int:
        """Is every character of the text one of these? Returns 1 yes, -1 no. (A function of later releases.)"""
        return 1 if text and set(text).issubset(characters) else -1

    @function("in_list")
    def in_list(self, ctx: RouteContext, text: str, members: str, separator: Const) -> int:
        """Is a text a member of a list? The separator is one character. Returns 1 yes, -1 no, or one of them is empty."""
        return 1 if text and members and text in _members(members, separator) else -1

    @function("in_list_prefix")
    def in_list_prefix(self, ctx: RouteContext, text: str, members: str, separator: Const) -> int:
        """Does a text begin with a member of a list? Returns 1 yes, -1 no, or one of them is empty."""
        if not text or not members:
            return -1
        return 1 if any(member and text.startswith(member) for member in _members(members, separator)) else -1

    @function("regex_substring")
    def regex_substring(self, ctx: RouteContext, text: str, pattern: str, index: int, count: int, to: PvRef) -> int:
        """Put group `index` (0: all that matched) of the first match into a variable; count is how many groups to look at,
        0 among them. Case counts. Returns 1; -2 no match; -1 the group is empty or out of range, or bad pattern."""
        if index >= count or index < 0 or to.set is None:
            return -1
        try:
            found = regex.posix(pattern, False, False).search(text)
        except ValueError:
            return -1
        if found is None:
            return -2
        part = found[index] if index <= found.re.groups else None
        if not part:
            return -1
        to.set(ctx, part)
        return 1
