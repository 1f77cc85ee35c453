"""From and To looked at without parsing them whole: most requests of a route ask only for a tag or a URI.

The usual form `name <uri>;tag=x` is cut where it stands; what is written otherwise goes to the parser.
"""

from __future__ import annotations

from olelo.sip.headers import FROM, TO
from olelo.sip.message import Message


def tag_of(msg: Message, number: int) -> bytes:
    """The tag in From or To; b"" where there is none, or no such header. Raises MalformedHeader."""
    hids = msg.hids
    if number not in hids:
        return b""
    line = msg.lines[hids.index(number)]
    if b"tag" not in line and b"tag" not in line.lower():
        return b""
    close = line.find(b">;tag=")
    if close > 0 and b'"' not in line and line.find(b">") == close:
        tag = line[close + 6 :]
        if b";" in tag:
            tag = tag[: tag.index(b";")]
        if tag and b" " not in tag and b"\t" not in tag and b"\n" not in tag:
            return tag
    return msg.to.tag if number == TO else msg.from_.tag


def uri_of(msg: Message, number: int) -> bytes:
    """The URI in From or To. Raises MalformedHeader where the header cannot be read, or there is none."""
    hids = msg.hids
    if number in hids:
        line = msg.lines[hids.index(number)]
        left = line.find(b"<")
        if left > 0 and b'"' not in line:
            right = line.find(b">", left)
            if right > left + 1 and line[right + 1 : right + 2] in (b"", b";"):
                return line[left + 1 : right].strip()
    return msg.to.uri if number == TO else msg.from_.uri


__all__ = ["FROM", "TO", "tag_of", "uri_of"]
