"""Kamailio's tools by their names."""

from __future__ import annotations

TOOLS = ("kamailio", "kamcmd", "kamctl", "kamdbctl")


def run_tool(name: str, words: list[str]) -> int:
    """Be the Kamailio tool of that name."""
    if name == "kamcmd":
        from olelo.cli import kamcmd

        return kamcmd.main(words)
    if name == "kamailio":
        from olelo.cli import kamailio

        return kamailio.main(words)
    if name == "kamdbctl":
        from olelo.cli import kamdbctl

        return kamdbctl.main(words)
    from olelo.cli import kamctl

    return kamctl.main(words)
