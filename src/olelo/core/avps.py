"""Names of AVPs."""

from __future__ import annotations


def avp_key(inner: str, aliases: dict[str, str] | None = None) -> str:
    """The key in `ctx.avps` of an AVP as written. Raises: ValueError for a bad number.

    `x` and `s:x` are one AVP, named "x"; `i:5` is another kind of name, kept as "i:5".
    """
    name = inner.strip()
    if aliases and name in aliases:
        name = aliases[name]
    head, colon, rest = name.partition(":")
    if not colon:
        return name
    if head in ("s", "S"):
        return rest
    if head in ("i", "I"):
        if not rest.lstrip("+-").isdigit():
            raise ValueError(f"{rest!r} is no number of an AVP")
        return f"i:{int(rest)}"
    return name
