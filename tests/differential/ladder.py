"""What came to each party, with everything masked that may differ between two servers.

May differ: branches, tags and Call-IDs that a server made, the values of Server, User-Agent, Date and Warning, and
ports, which become the parties' names. Branches and tags become numbers in the order in which the party saw them, so
that two that are equal on one side must be equal on the other.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

_BRANCH = re.compile(r"branch=(z9hG4bK(?!-)[^;,\s>]*)")
_TAG = re.compile(r";tag=(?![a-z0-9]+-[\w-]+-tag)([^;,\s>]+)")
_CONNECTION = re.compile(r"(;i=)[0-9a-f]+")
_EXPIRES = re.compile(r"(expires=|Expires: )(\d+)")
_CALL_ID = re.compile(r"(Call-ID: ksrulka-)\S+")
_MADE = re.compile(r"^(\s*(?:Ruid|HashID|Last-Modified|Last-Keepalive|Tcpconn-Id): )(?!-1$)(?!0$).*$", re.MULTILINE)
_TEMPORARY = re.compile(r'(temp-gruu="sip:)[^@"]*')
_NONCE = re.compile(r'nonce="([^"]+)"')
_PROOF = re.compile(r'rspauth="[0-9a-f]{32,64}')
_MASKED = re.compile(r"^(Server|User-Agent|Date|Warning):.*$", re.MULTILINE | re.IGNORECASE)
_PORT = re.compile(r"([:=])(\d{4,5})\b")


def _numbered(seen: dict[str, str], prefix: str, text: str) -> str:
    return seen.setdefault(text, f"{prefix}{len(seen) + 1}")


def normalise(messages: Sequence[str], ports: Mapping[int, str]) -> list[str]:
    """The lines of all messages that one party received."""
    branches: dict[str, str] = {}
    tags: dict[str, str] = {}
    lines: list[str] = []
    for text in messages:
        text = _PORT.sub(lambda m: m[1] + ports.get(int(m[2]), m[2]), text)
        text = _BRANCH.sub(lambda m: "branch=" + _numbered(branches, "B", m[1]), text)
        text = _TAG.sub(lambda m: ";tag=" + _numbered(tags, "T", m[1]), text)
        text = _NONCE.sub(lambda m: f'nonce="{len(m[1])} long"', text)  # two made in one second may be the same
        text = _PROOF.sub('rspauth="made', text)
        text = _CONNECTION.sub(r"\1N", text)
        text = text.replace("Methods: -1\n", "Methods: 4294967295\n")  # kamcmd's %d of what Kamailio sends in 32 bits
        text = _CALL_ID.sub(r"\1made", _MADE.sub(r"\1made", _TEMPORARY.sub(r"\1made", text)))
        text = _EXPIRES.sub(lambda m: m[1] + str(-(-int(m[2]) // 10) * 10), text)
        text = text.replace("\r\n", "\n").rstrip("\n")
        lines += _MASKED.sub(r"\1: *", text).split("\n") + [""]
    return lines


def ladder(parties: Mapping[str, Sequence[str]], ports: Mapping[int, str]) -> list[str]:
    lines: list[str] = []
    for name, messages in parties.items():
        lines += [f"=== to {name}: {len(messages)}", *normalise(messages, ports)]
    return lines


def difference(kamailio: Sequence[str], olelo: Sequence[str]) -> str:
    return "\n".join(difflib.unified_diff(kamailio, olelo, "kamailio", "olelo", lineterm="", n=6))
