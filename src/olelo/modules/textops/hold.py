"""Is an audio stream of a session description on hold?"""

from __future__ import annotations

RFC2543, RFC3264 = 1, 2
_MODES = (b"a=sendrecv", b"a=sendonly", b"a=recvonly", b"a=inactive")
_HELD = (b"a=sendonly", b"a=inactive")


def _no_address(lines: list[bytes]) -> bool | None:
    """Is the connection address 0.0.0.0? None where there is no c= line."""
    for line in lines:
        if line.startswith(b"c="):
            words = line[2:].split()
            return len(words) > 2 and words[1] == b"IP4" and words[2].partition(b"/")[0] == b"0.0.0.0"
    return None


def audio_hold(body: bytes) -> int:
    """How the first held audio stream is held: RFC2543 (address 0.0.0.0), RFC3264 (sendonly or inactive), 0 none is.

    Port 9 with ICE trickle (RFC 8840) makes 0.0.0.0 no hold.
    """
    session, *streams = (b"\n" + body.replace(b"\r\n", b"\n")).split(b"\nm=")
    common = session.split(b"\n")
    mode = next((line[:10].lower() for line in common if line[:10].lower() in _MODES), b"")
    nowhere = _no_address(common)
    for stream in streams:
        lines = stream.split(b"\n")
        words = lines[0].split()
        if words[:1] != [b"audio"]:
            continue
        if any(line[:10].lower() in _HELD for line in lines):
            return RFC3264
        own = _no_address(lines)
        if nowhere if own is None else own:
            trickle = any(line.startswith(b"a=ice-options:") and b"trickle" in line[14:].split() for line in lines)
            if not trickle or words[1:2] != [b"9"]:
                return RFC2543
        if mode in _HELD:
            return RFC3264
    return 0
