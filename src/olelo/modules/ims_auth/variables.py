"""$sim(x): what is known of the card that a request comes from. Not in Kamailio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olelo.core.context import RouteContext
from olelo.core.module import Value, variable
from olelo.modules.ims_auth.answers import Answers
from olelo.modules.ims_auth.subject import Subject

_FIELDS: dict[str, Callable[[Subject], str]] = {
    "imsi": lambda card: card.imsi,
    "impi": lambda card: card.impi,
    "impu": lambda card: card.impu,
    "msisdn": lambda card: card.msisdn,
    "state": lambda card: card.state,
    "batch": lambda card: card.batch,
}


class SimVariable(Answers):
    """State of a request in this module, and the variable that shows its public part."""

    def state(self, ctx: RouteContext) -> dict[str, Any]:
        """What the functions remember of a request among themselves."""
        if ctx.store is None:
            ctx.store = {}
        found: dict[str, Any] = ctx.store.setdefault(self.name, {})
        return found

    @variable("sim", inner="required")
    def sim(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """The card behind the request, after ims_auth_is_sim, a challenge, or a right answer: $sim(imsi), $sim(impi) and
        $sim(impu) (derived from the IMSI, TS 23.003), $sim(msisdn), $sim(state), $sim(batch). $null before, and for who
        has no card. Right is only what stands after ims_www_authenticate; before it, it is what the request claims."""
        field = _FIELDS.get(inner)
        if field is None:
            raise ValueError(f"$sim({inner}): one of {', '.join(_FIELDS)}")

        def get(ctx: RouteContext) -> Value:
            subject = self.state(ctx).get("subject")
            return (field(subject) or None) if isinstance(subject, Subject) else None

        return get, None
