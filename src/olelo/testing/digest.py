"""A phone's side of digest authentication: the header that answers a challenge (RFC 7616)."""

from __future__ import annotations

from olelo.sip.digest import Credentials, ha1, quoted, response


def answer(
    challenge: str,
    username: str,
    password: str,
    method: str,
    uri: str,
    /,
    *,
    count: int = 1,
    cnonce: str = "0a4f113b",
    proxy: bool = False,
    body: bytes = b"",
    **changes: str,
) -> str:
    """The Authorization (proxy: Proxy-Authorization) line, without line end, for a challenge's value.

    count: how often its nonce was used, this time included. changes: parameters that are written otherwise than they
    should be, after the response was made; "" leaves one out.
    """
    asked = Credentials.parse(challenge.encode("latin-1"))
    algorithm = asked.algorithm or b"MD5"
    qop = asked.qop.split(b",")[0].strip()
    params = {
        b"username": username.encode("latin-1"),
        b"realm": asked.realm,
        b"nonce": asked.nonce,
        b"uri": uri.encode("latin-1"),
    }
    if qop:
        params |= {b"qop": qop, b"nc": b"%08x" % count, b"cnonce": cnonce.encode("latin-1")}
    credentials = Credentials(b"Digest", params)
    h_a1 = ha1(params[b"username"], asked.realm, password.encode("latin-1"), algorithm)
    params[b"response"] = response(h_a1, method.encode("latin-1"), credentials, algorithm=algorithm, body=body)
    if asked.algorithm:
        params[b"algorithm"] = asked.algorithm
    if asked.opaque:
        params[b"opaque"] = asked.opaque
    for name, value in changes.items():
        params[name.encode()] = value.encode("latin-1")
    plain = (b"algorithm", b"qop", b"nc")
    fields = [name + b"=" + (value if name in plain else quoted(value)) for name, value in params.items() if value]
    header = "Proxy-Authorization" if proxy else "Authorization"
    return f"{header}: Digest {b', '.join(fields).decode('latin-1')}"
