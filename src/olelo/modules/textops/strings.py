"""Comparisons of texts, which have nothing to do with the message."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Const, Module, function
from olelo.script import regex
from olelo.script.catalog import PvRef

_BLANKS = " \t\r\n"


def _order(a: str, b: str) -> int:
    """1 equal, -1 a is greater, -2 b is."""
    if a == b:
        return 1
    return -1 if a > b else -2


class Strings(Module):
    """The part of textops that compares texts."""

    @function("cmp_str")
    def cmp_str(self, ctx: RouteContext, a: str, b: str) -> int:
        """Are two texts equal? Returns 1 yes, -1 the first is greater, -2 the second."""
        return _order(a, b)

    @function("cmp_istr")
    def cmp_istr(self, ctx: RouteContext, a: str, b: str) -> int:
        """As cmp_str(), in any case."""
        return _order(a.lower(), b.lower())

    @function("starts_with")
    def starts_with(self, ctx: RouteContext, text: str, prefix: str) -> int:
        """Does the text start with the prefix? Returns 1 yes, -1 or -2 no."""
        if len(text) < len(prefix):
            return -1
        return _order(text[: len(prefix)], prefix)

    @function("ends_with")
    def ends_with(self, ctx: RouteContext, text: str, suffix: str) -> int:
        """Does the text end with the suffix? Returns 1 yes, -1 or -2 no."""
        if len(text) < len(suffix):
            return -1
        return _order(text[len(text) - len(suffix) :], suffix)

    @function("str_find")
    def str_find(self, ctx: RouteContext, text: str, part: str) -> int:
        """Where in the text does the part begin? Returns its place, the first being 1; -1 nowhere."""
        return text.find(part) + 1 or -1

    @function("str_ifind")
    def str_ifind(self, ctx: RouteContext, text: str, part: str) -> int:
        """As str_find(), in any case."""
        return text.lower().find(part.lower()) + 1 or -1

    @function("str_any_in")
    def str_any_in(self, ctx: RouteContext, text: str, characters: str) -> int:
        """Is any of these characters in the text? Returns 1 yes, -1 no."""
        return 1 if set(text) & set(characters) else -1

    @function("str_all_in")
    def str_all_in(self, ctx: RouteContext, text: str, characters: str) -> int:
        """Are all characters of the text among these? Returns 1 yes, -1 no or an empty text."""
        return 1 if text and not set(text) - set(characters) else -1

    @function("in_list")
    def in_list(self, ctx: RouteContext, subject: str, items: str, separator: Const) -> int:
        """Is the subject one of the list's items? Blanks around items do not count. Returns 1 yes, -1 no."""
        if not subject or not items:
            return -1
        return 1 if any(item.strip(_BLANKS) == subject for item in items.split(separator[:1] or ",")) else -1

    @function("in_list_prefix")
    def in_list_prefix(self, ctx: RouteContext, subject: str, items: str, separator: Const) -> int:
        """Does the subject start with one of the list's items? Returns 1 yes, -1 no."""
        if not subject or not items:
            return -1
        for item in items.split(separator[:1] or ","):
            item = item.strip(_BLANKS)
            if item and subject.startswith(item):
                return 1
        return -1

    @function("regex_substring")
    def regex_substring(
        self, ctx: RouteContext, text: str, expression: str, group: int, groups: int, result: PvRef
    ) -> int:
        """Put what a group of a regular expression matches into a variable; group 0 is the whole match, `groups` the
        number of groups with that one. Case counts, and `^` matches nowhere, as in Kamailio.
        Returns 1, -1 bad expression or nothing in that group, -2 no match."""
        if group > groups - 1 or group < 0 or result.set is None:
            return -1
        try:
            compiled = regex.posix(expression, False, False)
        except ValueError:
            return -1
        match = compiled.search("\n" + text, 1)  # the text does not start where `^` is
        if match is None:
            return -2
        found = match[group] if group <= compiled.groups else None
        if not found:
            return -1
        result.set(ctx, found)
        return 1
