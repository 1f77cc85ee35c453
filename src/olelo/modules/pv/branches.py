"""The destination set: $branch(uri)[i], $sbranch(uri), $br $bR $ds, $ruid, $location_ua."""

from __future__ import annotations

from collections.abc import Callable

from olelo.core.branches import append_branch, destination_set, q_text
from olelo.core.context import DestBranch, RouteContext
from olelo.core.lookup import find_socket
from olelo.core.module import Module, function, variable
from olelo.modules.pv.common import Pair, encoded, text, text_or_null
from olelo.script.catalog import Value

#: Longest URI and path that a branch takes, bytes.
_MAX_URI = 1023
_MAX_PATH = 255


def _uri(branch: DestBranch) -> Value:
    return text(branch.uri)


def _dst_uri(branch: DestBranch) -> Value:
    return text_or_null(branch.dst_uri)


def _path(branch: DestBranch) -> Value:
    return text_or_null(branch.path)


def _q(branch: DestBranch) -> Value:
    return None if branch.q < 0 else branch.q


def _send_socket(branch: DestBranch) -> Value:
    return None if branch.socket is None else branch.socket.text


def _flags(branch: DestBranch) -> Value:
    return branch.flags


def _ruid(branch: DestBranch) -> Value:
    return branch.ruid or None


def _location_ua(branch: DestBranch) -> Value:
    return branch.location_ua or None


def _instance(branch: DestBranch) -> Value:
    return branch.instance or None


def _otcpid(branch: DestBranch) -> Value:
    return branch.user if isinstance(branch.user, int) else 0


_READ: dict[str, Callable[[DestBranch], Value]] = {
    "uri": _uri,
    "dst_uri": _dst_uri,
    "path": _path,
    "q": _q,
    "Q": _q,
    "send_socket": _send_socket,
    "flags": _flags,
    "ruid": _ruid,
    "location_ua": _location_ua,
    "otcpid": _otcpid,
    "instance": _instance,
}


def _write(ctx: RouteContext, branch: DestBranch, key: str, value: Value) -> bool:
    """Set one attribute; False where the URI was removed, and with it the branch."""
    if key == "uri":
        data = encoded(value)
        if not data:
            return False
        if len(data) <= _MAX_URI:
            branch.uri = data
    elif key == "dst_uri":
        data = encoded(value)
        if len(data) <= _MAX_URI:
            branch.dst_uri = data
    elif key == "path":
        data = encoded(value)
        if len(data) <= _MAX_PATH:
            branch.path = data
    elif key in ("q", "Q"):
        if value is None or isinstance(value, int):
            branch.q = -1 if value is None else value
    elif key == "flags":
        if value is None or isinstance(value, int):
            branch.flags = 0 if value is None else value & 0xFFFFFFFF
    elif key == "otcpid":
        if value is None or isinstance(value, int):
            branch.user = value
    elif key == "send_socket":
        branch.socket = find_socket(ctx.engine, str(value)) if value else None
        if value and branch.socket is None:
            ctx.engine.log(0, f"no socket found to match [{value}]")
    return True


class BranchVariables(Module):
    """Variables and functions of the destination set."""

    @variable("branch", inner="required", dynamic=False)
    def branch(self, inner: str, index: int | str | None) -> Pair:
        """One more destination by its number: keys uri dst_uri path q send_socket flags ruid location_ua otcpid
        instance count. Assigning $null to uri removes it."""
        if inner == "count":
            return _count, None
        read = _READ.get(inner)
        if read is None:
            raise ValueError(f"{inner!r} is not one of {', '.join(_READ)}, count")
        if isinstance(index, str):
            raise ValueError(f"[{index}] is no number of a branch")
        at = index or 0
        reader = read

        def get(ctx: RouteContext) -> Value:
            found = ctx.branches
            if not -len(found) <= at < len(found):
                return None
            return reader(found[at])

        def set_(ctx: RouteContext, value: Value) -> None:
            found = ctx.branches
            if -len(found) <= at < len(found) and not _write(ctx, found[at], inner, value):
                del found[at]

        return get, set_

    @variable("sbranch", inner="required", dynamic=False)
    def sbranch(self, inner: str, index: int | str | None) -> Pair:
        """A branch in preparation; sbranch_append() adds it to the set. Keys as $branch."""
        if inner == "count":
            return _set_size, None
        read = _READ.get(inner)
        if read is None:
            raise ValueError(f"{inner!r} is not one of {', '.join(_READ)}, count")
        reader = read

        def get(ctx: RouteContext) -> Value:
            found = self.prepared
            return None if found is None or not found.uri else reader(found)

        def set_(ctx: RouteContext, value: Value) -> None:
            if self.prepared is None:
                self.prepared = DestBranch(b"")
            if not _write(ctx, self.prepared, inner, value):
                self.prepared = None

        return get, set_

    #: the branch of $sbranch: one for all messages, as in Kamailio
    prepared: DestBranch | None = None

    @function("sbranch_append")
    def sbranch_append(self, ctx: RouteContext) -> int:
        """Add the prepared branch to the destination set. Returns 1, or -1 without a URI or room."""
        found = self.prepared
        if found is None or not found.uri:
            return -1
        new = DestBranch(
            found.uri,
            found.dst_uri,
            found.path,
            found.q,
            found.flags,
            found.socket,
            found.ruid,
            found.instance,
            found.location_ua,
            found.reg_id,
        )
        new.user = found.user
        return append_branch(ctx, new)

    @function("sbranch_set_ruri")
    def sbranch_set_ruri(self, ctx: RouteContext) -> int:
        """Make the prepared branch the first destination ($ru, $du, path, flags ..). Returns 1, or -1 without a URI."""
        found = self.prepared
        if found is None or not found.uri:
            return -1
        ctx.ruri = found.uri
        ctx.dst_uri = found.dst_uri
        ctx.path = found.path
        ctx.q = found.q
        ctx.instance = found.instance
        ctx.ruid = found.ruid
        ctx.location_ua = found.location_ua
        ctx.reg_id = found.reg_id
        ctx.bflags |= found.flags
        if found.socket is not None:
            ctx.force_socket = found.socket
        return 1

    @function("sbranch_reset")
    def sbranch_reset(self, ctx: RouteContext) -> int:
        """Forget the prepared branch. Returns 1."""
        self.prepared = None
        return 1

    @variable("br", setter="set_br")
    def br(self, ctx: RouteContext) -> Value:
        """URI of the first further branch; assigning adds a branch."""
        return text(ctx.branches[0].uri) if ctx.branches and ctx.msg.is_request else None

    def set_br(self, ctx: RouteContext, value: Value) -> None:
        if value:
            append_branch(ctx, DestBranch(encoded(value), socket=ctx.force_socket))

    @variable("bR")
    def bR(self, ctx: RouteContext) -> Value:
        """URIs of all further branches."""
        if not ctx.branches or not ctx.msg.is_request:
            return None
        shown = []
        for branch in ctx.branches:
            uri = branch.uri.decode("latin-1")
            shown.append(f"<{uri}>;q={q_text(branch.q)}" if branch.q >= 0 else uri)
        return ", ".join(shown)

    @variable("ds")
    def ds(self, ctx: RouteContext) -> Value:
        """The destination set as a Contact header line."""
        found = destination_set(ctx) if ctx.msg.is_request else ""
        return "Contact: " + found if found else None

    @variable("ruid")
    def ruid(self, ctx: RouteContext) -> Value:
        """Identifier of the location record that the Request-URI came from."""
        return (ctx.ruid or None) if ctx.msg.is_request else None

    @variable("location_ua")
    def location_ua(self, ctx: RouteContext) -> Value:
        """User-Agent of the location record that the Request-URI came from."""
        return (ctx.location_ua or None) if ctx.msg.is_request else None


def _count(ctx: RouteContext) -> Value:
    return len(ctx.branches) or None  # Kamailio has no attribute at all while there is no branch


def _set_size(ctx: RouteContext) -> Value:
    return len(ctx.branches)
