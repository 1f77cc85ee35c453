"""Where the processor time of a call goes, by stage: an in-process profile of a configuration on the fake network.

    .venv/bin/python bench/stages.py [configuration [calls]]

The configuration is a registrar without passwords and a proxy, as examples/first-call.cfg is.

The profiler makes short functions look dearer than they are: read the shares, not the microseconds. What the kernel and
the event loop cost is not in it (`make bench` measures the whole). Use plain Python (`make plain`): compiled functions
are not told apart.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import sys
from pathlib import Path

from olelo.core.sockets import Destination
from olelo.testing import Bed

#: Stage of a source file, by the first part of its path under src/olelo that matches; the rest is "other".
STAGES = (
    ("sip/build", "build"),
    ("core/forward", "build"),
    ("core/reply", "build"),
    ("core/via", "build"),
    ("sip/", "parse"),
    ("core/party", "parse"),
    ("modules/tm", "transaction"),
    ("transaction/", "transaction"),
    ("modules/", "modules"),
    ("script/", "script"),
    ("testing/world", "send and clock (fake)"),
    ("core/", "receive"),
)


def stage_of(path: str) -> str:
    if path.endswith(".cfg"):
        return "script"
    _, found, inside = path.rpartition("/olelo/")
    if found:
        for prefix, stage in STAGES:
            if inside.startswith(prefix):
                return stage
    return "other"


def main(configuration: Path, calls: int) -> None:
    bed = Bed(configuration)
    alice, bob = bed.peer("alice"), bed.peer("bob")
    bob.register("108")
    profile = cProfile.Profile()
    receive = bed.receiver.receive

    class Receiver:
        """Profiles what the server does with a packet, and nothing of the peers."""

        @staticmethod
        def receive(*args: object) -> None:
            profile.enable()
            receive(*args)  # type: ignore[arg-type]
            profile.disable()

    arrives = bed.world.on_send

    def leave(data: bytes, to: Destination) -> None:
        profile.disable()  # what the peers do with it is not the server's
        arrives(data, to)
        profile.enable()

    bed.world.on_send = leave
    bed.receiver = Receiver()  # type: ignore[assignment]
    gc.disable()
    for _ in range(calls):
        call = alice.invite("sip:108@proxy")
        invite = bob.gets("INVITE")
        invite.reply(180)
        invite.reply(200)
        alice.until(200)
        alice.ack(call)
        bob.gets("ACK")
        alice.bye(call)
        bob.gets("BYE").reply(200)
        alice.gets(200)
        bed.advance(0.01)
    spent: dict[str, float] = {}
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (path, _, _), (_, _, own, _, callers) in stats.items():
        if path == "~" and callers:  # a function in C belongs to whoever calls it
            for (caller, _, _), (_, _, part, _) in callers.items():
                spent[stage_of(caller)] = spent.get(stage_of(caller), 0.0) + part
        else:
            spent[stage_of(path)] = spent.get(stage_of(path), 0.0) + own
    total = sum(spent.values())
    for stage, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{stage:24}{seconds / total:6.1%}{seconds / calls * 1e6:9.1f} us a call, profiled")


if __name__ == "__main__":
    main(
        Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "examples" / "first-call.cfg"),
        int(sys.argv[2]) if len(sys.argv) > 2 else 500,
    )
