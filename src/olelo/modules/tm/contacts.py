"""Serial forking by q: t_load_contacts puts the destination set into an AVP, t_next_contacts takes it out in steps."""

from __future__ import annotations

import json

from olelo.core.context import DestBranch, RouteContext
from olelo.core.engine import ERR
from olelo.core.module import FAILURE, REQUEST, function
from olelo.modules.tm.answers import Answers


class Contacts(Answers):
    """Contacts in steps of equal q, highest first (RFC 3261 section 16.6)."""

    @function("t_load_contacts", routes=REQUEST | FAILURE)
    def t_load_contacts(self, ctx: RouteContext, mode: int = 0) -> int:
        """Move `$ru` and the branches to contacts_avp, sorted by q. mode 1: all in one order, one by one.

        Returns 1, also where there is nothing to do (a single destination), -1 where contacts_avp is not set.
        """
        if not self.contacts_avp:
            self.engine.log(ERR, "tm: t_load_contacts needs modparam contacts_avp")
            return -1
        if not ctx.branches:
            return 1
        every = [
            DestBranch(ctx.ruri, ctx.dst_uri, ctx.path, ctx.q, ctx.bflags, ctx.force_socket, ctx.ruid, ctx.instance)
        ]
        every += ctx.branches
        if mode == 0 and len({b.q for b in every}) == 1:
            return 1  # one step: the usual parallel forking
        every.sort(key=lambda b: -b.q)
        steps: list[list[DestBranch]] = []
        for branch in every:
            if mode == 0 and steps and steps[-1][0].q == branch.q:
                steps[-1].append(branch)
            else:
                steps.append([branch])
        values = [json.dumps([_freeze(b) for b in step]) for step in steps]
        if ctx.avps is None:
            ctx.avps = {}
        ctx.avps[self._avp()] = list(values)
        ctx.branches = []
        return 1

    @function("t_next_contacts", routes=REQUEST | FAILURE)
    def t_next_contacts(self, ctx: RouteContext) -> int:
        """Take the next step of contacts as `$ru` and branches. Returns 1 taken, -1 none left, -2 none were loaded."""
        avps = ctx.avps or {}
        steps = avps.get(self._avp())
        if steps is None:
            return -2
        if not steps:
            return -1
        step = json.loads(str(steps.pop(0)))
        first, *rest = [self._thaw(item) for item in step]
        ctx.ruri, ctx.dst_uri, ctx.path, ctx.q = first.uri, first.dst_uri, first.path, first.q
        ctx.bflags, ctx.force_socket, ctx.ruid, ctx.instance = first.flags, first.socket, first.ruid, first.instance
        ctx.ruri_used = False
        ctx.branches = list(rest)
        return 1

    @function("t_next_contact_flow", routes=REQUEST | FAILURE)
    def t_next_contact_flow(self, ctx: RouteContext) -> int:
        """The next flow of the same instance (RFC 5626). Flows are not kept apart here: -1, none left."""
        return -1

    def _avp(self) -> str:
        return self.contacts_avp.removeprefix("$avp(").rstrip(")").removeprefix("s:")

    def _thaw(self, item: dict[str, object]) -> DestBranch:
        socket = next((s for s in self.engine.sockets if s.text == item["socket"]), None)
        return DestBranch(
            str(item["uri"]).encode("latin-1"),
            str(item["dst_uri"]).encode("latin-1"),
            str(item["path"]).encode("latin-1"),
            int(str(item["q"])),
            int(str(item["flags"])),
            socket,
            str(item["ruid"]),
            str(item["instance"]),
        )


def _freeze(branch: DestBranch) -> dict[str, object]:
    return {
        "uri": branch.uri.decode("latin-1"),
        "dst_uri": branch.dst_uri.decode("latin-1"),
        "path": branch.path.decode("latin-1"),
        "q": branch.q,
        "flags": branch.flags,
        "socket": branch.socket.text if branch.socket is not None else "",
        "ruid": branch.ruid,
        "instance": branch.instance,
    }
