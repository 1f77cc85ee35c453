"""From and To looked at without parsing them whole: most requests of a route ask only for a tag or a URI.

The usual form `name <uri>;tag=x` is cut where it stands; what is written otherwise goes to the parser.
"""

from __future__ import annotations

from olelo.sip.headers import FROM, TO
from olelo.sip.message import Message
from olelo.sip.octets import BACKSLASH, LINE_FEED, QUOTE, SEMICOLON, SPACE, TAB


def tag_of(msg: Message, number: int) -> bytes:
    """The tag in From or To; b"" where there is none, or no such header. Raises MalformedHeader."""
    if number != TO:
        return _tag_of(msg, number)
    tag = msg.to_tag
    if tag is None:  # asked for several times on a message's way
        tag = msg.to_tag = _tag_of(msg, TO)
    return tag


def _tag_of(msg: Message, number: int) -> bytes:
    hids = msg.hids
    if number not in hids:
        return b""
    line = msg.lines[hids.index(number)]
    if line.find(b"tag") < 0 and line.lower().find(b"tag") < 0:
        return b""
    start = _behind_name(line)
    close = line.find(b">;tag=", start) if start >= 0 else -1
    if close > 0 and line.find(b">", start) == close:
        tag = line[close + 6 :]
        if SEMICOLON in tag:
            tag = tag[: tag.index(b";")]
        if tag and SPACE not in tag and TAB not in tag and LINE_FEED not in tag:
            return tag
    return msg.to.tag if number == TO else msg.from_.tag


def _behind_name(line: bytes) -> int:
    """Offset behind a quoted display name, 0 where there is none; -1 where the quotes need a parser."""
    if QUOTE not in line:
        return 0
    return line.rfind(b'"') if line.count(b'"') == 2 and BACKSLASH not in line else -1


def uri_of(msg: Message, number: int) -> bytes:
    """The URI in From or To. Raises MalformedHeader where the header cannot be read, or there is none."""
    hids = msg.hids
    if number in hids:
        line = msg.lines[hids.index(number)]
        start = _behind_name(line)
        left = line.find(b"<", start) if start >= 0 else -1
        if left > 0:
            right = line.find(b">", left)
            if right > left + 1 and line[right + 1 : right + 2] in (b"", b";"):
                return line[left + 1 : right].strip()
    return msg.to.uri if number == TO else msg.from_.uri


__all__ = ["FROM", "TO", "tag_of", "uri_of"]
