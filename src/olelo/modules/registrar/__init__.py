"""registrar: REGISTER in, contacts out (RFC 3261 section 10, RFC 3327, RFC 5626, RFC 5627)."""

from __future__ import annotations

from olelo.modules.registrar.functions import Registrar

MODULE = Registrar

__all__ = ["MODULE", "Registrar"]
