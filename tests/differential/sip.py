"""SIP messages for the cases: just enough to read what came and to write what goes, without the server's own parser.

Nothing here validates anything: a case must be able to send whatever it likes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "m": "contact",
    "i": "call-id",
    "l": "content-length",
    "c": "content-type",
}
Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Message:
    start: str
    headers: Headers = field(default_factory=list)
    body: str = ""

    @property
    def status(self) -> int:
        """The status code, 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request; of a reply, the one in its CSeq."""
        return self.get("CSeq").split()[-1] if self.status else self.start.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        return self.start.split(" ")[1]

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if COMPACT.get(key.lower(), key.lower()) == wanted]

    def get(self, name: str) -> str:
        """The first header of this name, or an empty string."""
        found = self.all(name)
        return found[0] if found else ""

    def without(self, *names: str) -> Message:
        """A copy that lacks these headers."""
        gone = {name.lower() for name in names}
        return Message(self.start, [pair for pair in self.headers if pair[0].lower() not in gone], self.body)

    def with_header(self, name: str, value: str) -> Message:
        """A copy in which the header has this value, in its old place if it was there."""
        headers = [(key, value if key.lower() == name.lower() else old) for key, old in self.headers]
        if all(key.lower() != name.lower() for key, _ in headers):
            headers.append((name, value))
        return Message(self.start, headers, self.body)

    def text(self) -> str:
        """As sent; a Content-Length is added unless the headers have one; the value "\\0" leaves it out."""
        lines = [self.start] + [f"{key}: {value}" for key, value in self.headers if value != "\0"]
        if not any(key.lower() in ("content-length", "l") for key, _ in self.headers):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines) + "\r\n\r\n" + self.body


def parse(text: str) -> Message:
    head, _, body = text.partition("\r\n\r\n")
    lines = head.split("\r\n")
    headers: Headers = []
    for line in lines[1:]:
        if line[:1] in (" ", "\t") and headers:
            headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
        else:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
    return Message(lines[0], headers, body)


def tag(value: str) -> str:
    """The tag parameter of a From or To value, or an empty string."""
    return value.partition(";tag=")[2].partition(";")[0]


def address(value: str) -> str:
    """The URI of a name-addr value."""
    return value.partition("<")[2].partition(">")[0] if "<" in value else value.partition(";")[0]
