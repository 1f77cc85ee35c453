"""A configuration with everything that tm scenarios need, and short words for what they ask."""

from __future__ import annotations

from olelo.testing import Bed

HEAD = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "tmx.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "kex.so"
loadmodule "corex.so"
"""


def bed(config: str, **options: object) -> Bed:
    """A test bed with HEAD before the configuration."""
    return Bed(HEAD + config, **options)  # type: ignore[arg-type]


def said(net: Bed) -> list[str]:
    """What the script has said with xlog, without the prefix."""
    return [line.removeprefix("<script>: ").rstrip("\n") for line in net.log if line.startswith("<script>: ")]
