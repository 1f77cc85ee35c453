"""The destination set of a request: adding branches, q values as text, and the set as a Contact header."""

from __future__ import annotations

from olelo.core.context import DestBranch, RouteContext


def append_branch(ctx: RouteContext, branch: DestBranch) -> int:
    """Add a branch to the destination set; -1 where max_branches is reached."""
    if len(ctx.branches) >= ctx.engine.params.max_branches - 1:
        ctx.engine.log(-1, "max number of branches exceeded")
        return -1
    ctx.branches.append(branch)
    return 1


def q_text(q: int) -> str:
    """A q value in thousandths as written: 1, 0, 0.5, 0.25."""
    if q >= 1000:
        return "1"
    return f"0.{q:03d}".rstrip("0") if q > 0 else "0"


def destination_set(ctx: RouteContext) -> str:
    """All destinations as a Contact header's value: the Request-URI if it was changed, and the branches."""
    shown = []
    uris = [(branch.uri, branch.q) for branch in ctx.branches]
    if ctx.ruri != ctx.msg.ruri:
        uris.insert(0, (ctx.ruri, ctx.q))
    for uri, q in uris:
        shown.append(f"<{uri.decode('latin-1')}>" + (f";q={q_text(q)}" if q >= 0 else ""))
    return ", ".join(shown)


def parse_q(text: str) -> int:
    """A q value (0 to 1, up to three decimals) in thousandths. Raises: ValueError."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"q is between 0 and 1, not {text}")
    return round(value * 1000)
