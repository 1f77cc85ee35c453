"""Replies on the terminal."""

from __future__ import annotations

import io

from rich.console import Console

from olelo.cli.tables import show_reply
from olelo.rpc.binrpc import Pairs


def shown(*values: object, width: int = 40) -> str:
    out = io.StringIO()
    show_reply(list(values), Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_what_is_inside_of_a_struct_stands_below_its_name() -> None:
    contacts = Pairs(
        [("Contact", {"Address": "sip:a", "Expires": 60}), ("Contact", {"Address": "sip:b", "Expires": 9})]
    )
    assert shown({"AoR": "108", "Contacts": Pairs([("First", {"Q": 1, "Stats": {"n": 1}})]), "Size": 512}) == (
        "AoR   108\nContacts\n  First\n    Q  1\n    Stats\n      n  1\nSize  512\n"
    )
    assert shown({"Contacts": contacts}).count("Contact\n") == 2


def test_values_are_never_cut() -> None:
    long = "sip:" + "x" * 200 + "@192.0.2.1"
    assert f"Address  {long}\n" in shown({"Contacts": Pairs([("Contact", {"Address": long})])})
