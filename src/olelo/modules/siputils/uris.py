"""siputils: changing the Request-URI and other URIs."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.module import FAILURE, REQUEST, Module, function
from olelo.modules.siputils.questions import uri_or_none
from olelo.script.catalog import PvRef, RouteKind
from olelo.sip.uri import Uri

_SEPARATORS = str.maketrans("", "", "-.()")
WHERE = REQUEST | FAILURE | RouteKind.BRANCH | RouteKind.ONREPLY


class Uris(Module):
    """Parameters of the Request-URI, and URIs in variables."""

    def _ruri(self, ctx: RouteContext) -> Uri | None:
        return uri_or_none(ctx.ruri.decode("latin-1"))

    @function("uri_param", routes=REQUEST)
    def uri_param(self, ctx: RouteContext, name: str, value: str = "") -> int:
        """Has `$ru` the parameter, without a value, or with this one? Returns 1 yes, -1 no."""
        uri = self._ruri(ctx)
        found = uri.param(name.lower().encode("latin-1")) if uri is not None else None
        return 1 if found is not None and found.decode("latin-1") == value else -1

    @function("uri_param_any", routes=REQUEST)
    def uri_param_any(self, ctx: RouteContext, name: str) -> int:
        """Has `$ru` the parameter, with a value or without? Returns 1 yes, -1 no."""
        uri = self._ruri(ctx)
        return 1 if uri is not None and uri.param(name.lower().encode("latin-1")) is not None else -1

    @function("add_uri_param", routes=REQUEST)
    def add_uri_param(self, ctx: RouteContext, param: str) -> int:
        """Add `name=value` to `$ru`. Returns 1, -1 for a bad `$ru`."""
        if not param:
            return 1
        uri = self._ruri(ctx)
        if uri is None:
            return -1
        head, question, headers = ctx.ruri.partition(b"?")
        ctx.ruri = head + b";" + param.encode("latin-1") + question + headers
        ctx.ruri_used = False
        return 1

    @function("get_uri_param", routes=REQUEST)
    def get_uri_param(self, ctx: RouteContext, name: str, target: PvRef) -> int:
        """Write the value of a parameter of `$ru` into a variable. Returns 1, -1 where it is missing."""
        uri = self._ruri(ctx)
        found = uri.param(name.lower().encode("latin-1")) if uri is not None else None
        if found is None or target.set is None:
            return -1
        target.set(ctx, found.decode("latin-1"))
        return 1

    @function("uri_param_rm", routes=REQUEST)
    def uri_param_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove a parameter from `$ru`. Returns 1 removed, -1 there was none."""
        pattern = rb"(?i);%b(=[^;?]*)?(?=[;?]|$)" % re.escape(name.encode("latin-1"))
        changed, count = re.subn(pattern, b"", ctx.ruri, count=1)
        if not count:
            return -1
        ctx.ruri = changed
        ctx.ruri_used = False
        return 1

    @function("tel2sip", "tel2sip2", routes=WHERE)
    def tel2sip(self, ctx: RouteContext, uri: str, host: str, target: PvRef) -> int:
        """Write a tel URI as SIP URI into a variable (RFC 3261 section 19.1.6). Returns 1, 2 it was no tel URI, -1."""
        if uri[:4].lower() != "tel:":
            return 2
        number, semicolon, params = uri[4:].partition(";")
        number = number.translate(_SEPARATORS)
        if not number or target.set is None:
            return -1
        tail = semicolon + params.lower()
        target.set(ctx, f"sip:{number}{tail}@{host};user=phone")
        return 1

    @function("set_uri_user")
    def set_uri_user(self, ctx: RouteContext, uri: PvRef, user: str) -> int:
        """Set the user of the SIP URI in a variable. Returns 1, -1 where it holds none."""
        return self._change(ctx, uri, user, None)

    @function("set_uri_host")
    def set_uri_host(self, ctx: RouteContext, uri: PvRef, host: str) -> int:
        """Set the host of the SIP URI in a variable. Returns 1, -1 where it holds none."""
        return self._change(ctx, uri, None, host)

    def _change(self, ctx: RouteContext, target: PvRef, user: str | None, host: str | None) -> int:
        value = target.get(ctx)
        found = uri_or_none(value) if isinstance(value, str) else None
        if found is None or target.set is None or found.scheme == "tel":
            return -1
        name = user if user is not None else found.user.decode("latin-1")
        password = ":" + found.password.decode("latin-1") if found.password and name else ""
        place = host if host is not None else found.host.decode("latin-1")
        text = f"{found.scheme}:{name}{password}{'@' if name else ''}{place}"
        if found.port:
            text += f":{found.port}"
        if found.params:
            text += ";" + found.params.decode("latin-1")
        if found.headers:
            text += "?" + found.headers.decode("latin-1")
        target.set(ctx, text)
        return 1
