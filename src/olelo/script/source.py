"""Configuration texts and reading positions in them."""

from __future__ import annotations

from bisect import bisect_right

from olelo.script.nodes import Pos


def decode(data: bytes | str) -> str:
    """A configuration as latin-1 text, one character a byte, without byte order mark, lines ended by LF.

    A str is taken as text, whose bytes are UTF-8."""
    text = data if isinstance(data, str) else data.decode("latin-1")
    if text.startswith("\xef\xbb\xbf"):
        text = text[3:]
    elif text.startswith("\ufeff"):
        text = text[1:]
    if isinstance(data, str) and not text.isascii():
        text = text.encode("utf-8", "surrogatepass").decode("latin-1")
    return text.replace("\r\n", "\n")


class Source:
    """One file's text with its line starts."""

    __slots__ = ("name", "starts", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.starts = [0]
        start = text.find("\n")
        while start >= 0:
            self.starts.append(start + 1)
            start = text.find("\n", start + 1)

    def pos(self, offset: int) -> Pos:
        """The place of a byte offset."""
        line = bisect_right(self.starts, offset)
        return Pos(self.name, line, offset - self.starts[line - 1] + 1)


class Frame:
    """A file being read. An expanded macro is spliced in front of what remains, as Kamailio's scanner does.

    So a value may end a string, open a comment or join its neighbours, and is scanned again for macros. Offsets
    below `macro_end` lie inside an expansion: their place is that of the outermost macro's use.
    """

    __slots__ = ("active", "base", "i", "macro_after", "macro_end", "macro_pos", "source", "text")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.i = 0
        self.base = 0
        self.macro_end = 0
        self.macro_pos = Pos(source.name, 1, 1)
        self.macro_after = self.macro_pos
        self.active: list[tuple[str, int]] = []  # names being expanded, each with how much text follows its value

    def pos(self, offset: int) -> Pos:
        """The place of text[offset] in the file."""
        if offset < self.macro_end:
            return self.macro_pos
        return self.source.pos(offset + self.base)

    def end(self, offset: int) -> Pos:
        """The place just after text[offset - 1]."""
        if 0 < offset <= self.macro_end:
            return self.macro_after
        return self.source.pos(offset + self.base)

    def origin(self, offset: int) -> int:
        """The offset in the file, or -1 inside a macro."""
        return -1 if offset < self.macro_end else offset + self.base

    def expanding(self, name: str) -> bool:
        """Is text[i] inside the value of macro `name`?"""
        left = len(self.text) - self.i
        while self.active and left <= self.active[-1][1]:
            self.active.pop()
        return any(active == name for active, _ in self.active)

    def splice(self, start: int, end: int, name: str, value: str) -> None:
        """Replace text[start:end], the macro's name, by its value; reading goes on at the value's first byte."""
        if start >= self.macro_end:
            self.macro_pos, self.macro_after = self.pos(start), self.source.pos(end + self.base)
            self.base += end - len(value)
            self.macro_end = len(value)
        else:
            rest = max(self.macro_end, end)
            self.base += end - len(value)
            self.macro_end = rest - end + len(value)
        self.text = value + self.text[end:]
        self.i = 0
        self.active.append((name, len(self.text) - len(value)))
