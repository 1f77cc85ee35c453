"""kamctl's commands for number plans and routes: dialplan, mtree, lcr, cr."""

from __future__ import annotations

import random

from sqlalchemy import column, delete, insert, table

from olelo.cli.kamctl.context import Ctl, Usage, number
from olelo.cli.kamctl.peers import reload_hint
from olelo.db.admin import AdminError, identifier

HELP = {
    "dialplan": """\
 dialplan show [DPID]            show the rules of the database
 dialplan reload                 read the database again
 dialplan addrule DPID PRIORITY equal|regexp|fnmatch MATCH [LENGTH [SUBST [REPL [ATTRS]]]]
 dialplan rm                     remove all rules
 dialplan rmdpid DPID            remove the rules of a plan
 dialplan rmrule DPID PRIORITY   remove rules of a plan""",
    "mtree": """\
 mtree show TABLE                show the database
 mtree dump [NAME]               show the trees in the server's memory
 mtree reload [NAME]             read the database again
 mtree add TABLE PREFIX VALUE
 mtree rm TABLE PREFIX""",
    "lcr": """\
 lcr show_gws                    show the gateways of the database
 lcr show_routes                 show the rules of the database
 lcr dump_gws                    show the gateways in the server's memory
 lcr dump_routes                 show the rules in the server's memory
 lcr reload                      read the database again
 lcr eval_weights WEIGHT..       how often each of gateways with these weights (1-254) is tried first""",
    "cr": """\
 cr show                         show the tables of the database
 cr dump                         show the routes in the server's memory
 cr reload                       read the database again
 cr addcn ID NAME                add a carrier's name; rmcn ID removes it
 cr adddn ID NAME                add a domain's name; rmdn ID removes it
 cr addcarrier CARRIER PREFIX DOMAIN HOST [PROB [STRIP [PREFIX [SUFFIX [MASK [FLAGS [COMMENT]]]]]]]
 cr rmcarrier CARRIER PREFIX DOMAIN""",
}
_OPERATORS = {"equal": 0, "regexp": 1, "fnmatch": 2}
_ROUNDS = 100_000


def dialplan(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    rules = ctl.table("dialplan", "DIALPLAN_TABLE")
    if command == "reload":
        ctl.call("dialplan.reload")
        return
    if command == "show" and len(rest) <= 1:
        where = [rules.c.dpid == number(rest[0], "dpid")] if rest else []
        ctl.everything(rules, *where, order=["pr"] if rest else ["dpid", "pr"])
        return
    if command == "addrule" and 4 <= len(rest) <= 8:
        _add_rule(ctl, [*rest, *[""] * (8 - len(rest))])
    elif command == "rm" and not rest:
        ctl.info(f"{ctl.run(delete(rules))} rules removed")
    elif command == "rmdpid" and len(rest) == 1:
        ctl.info(f"{ctl.run(delete(rules).where(rules.c.dpid == number(rest[0], 'dpid')))} rules removed")
    elif command == "rmrule" and len(rest) == 2:
        one = delete(rules).where(rules.c.dpid == number(rest[0], "dpid"), rules.c.pr == number(rest[1], "priority"))
        ctl.info(f"{ctl.run(one)} rules removed")
    else:
        raise Usage("dialplan")
    reload_hint(ctl, "dialplan")


def _add_rule(ctl: Ctl, words: list[str]) -> None:
    plan, priority, operator, match, length, substitution, replacement, attrs = words
    if operator not in _OPERATORS:
        raise AdminError(f"{operator!r} is none of {', '.join(_OPERATORS)}")
    rules = ctl.table("dialplan", "DIALPLAN_TABLE")
    values = {
        "dpid": number(plan, "dpid"),
        "pr": number(priority, "priority"),
        "match_op": _OPERATORS[operator],
        "match_exp": match,
        "match_len": number(length, "length") if length else 0,
        "subst_exp": substitution,
        "repl_exp": replacement,
        "attrs": attrs,
    }
    ctl.run(insert(rules).values(values))


def mtree(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command in ("reload", "dump") and len(rest) <= 1:
        ctl.call("mtree.reload" if command == "reload" else "mtree.list", *rest)
        return
    if not rest:
        raise Usage("mtree")
    tree = table(identifier(rest[0], "table"), column("tprefix"), column("tvalue"))
    if command in ("show", "showdb") and len(rest) == 1:
        ctl.everything(tree)
    elif command == "add" and len(rest) == 3:
        ctl.run(insert(tree).values(tprefix=rest[1], tvalue=rest[2]))
        reload_hint(ctl, "mtree")
    elif command == "rm" and len(rest) == 2:
        if not ctl.run(delete(tree).where(tree.c.tprefix == rest[1])):
            raise AdminError(f"{rest[0]} has no prefix {rest[1]}")
        reload_hint(ctl, "mtree")
    else:
        raise Usage("mtree")


def lcr(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "show_gws":
        ctl.everything(ctl.table("lcr_gw"), order=["lcr_id", "id"])
    elif command == "show_routes":
        ctl.everything(ctl.table("lcr_rule"), order=["lcr_id", "prefix"])
    elif command in ("reload", "dump_gws"):
        ctl.call(f"lcr.{command}")
    elif command == "dump_routes":
        ctl.call("lcr.dump_rules")
    elif command == "eval_weights" and rest:
        weights = [number(word, "weight", 1) for word in rest]
        if max(weights) > 254:
            raise AdminError("a weight is at most 254")
        for weight, share in zip(weights, probabilities(weights), strict=True):
            print(f"weight {weight} probability {share:.4f}")
    else:
        raise Usage("lcr")


def probabilities(weights: list[int], rounds: int = _ROUNDS) -> list[float]:
    """How often each is the first, when every one draws a number below its weight and the highest is first.

    Source: module lcr, section on the order of gateways. Drawn, not computed; equal from call to call.
    """
    drawn = random.Random(1).random
    counts = [0] * len(weights)
    for _ in range(rounds):
        best, at = -1.0, 0
        for i, weight in enumerate(weights):
            value = weight * drawn()
            if value > best:
                best, at = value, i
        counts[at] += 1
    return [count / rounds for count in counts]


def cr(ctl: Ctl, words: list[str]) -> None:
    command, rest = (words[0], words[1:]) if words else ("", [])
    carriers, domains = ctl.table("carrier_name", "CARRIER_NAME_TABLE"), ctl.table("domain_name", "DOMAIN_NAME_TABLE")
    routes = ctl.table("carrierroute", "CARRIERROUTE_TABLE")
    if command == "show":
        ctl.everything(carriers, order=["id"])
        ctl.everything(domains, order=["id"])
        ctl.everything(routes, order=["carrier", "scan_prefix", "domain", "prob"])
        return
    if command in ("reload", "dump"):
        ctl.call(f"cr.{command}_routes")
        return
    if command == "addcn" and len(rest) == 2:
        ctl.run(insert(carriers).values(id=number(rest[0], "carrier id"), carrier=rest[1]))
    elif command == "adddn" and len(rest) == 2:
        ctl.run(insert(domains).values(id=number(rest[0], "domain id"), domain=rest[1]))
    elif command in ("rmcn", "rmdn") and len(rest) == 1:
        names = carriers if command == "rmcn" else domains
        if not ctl.run(delete(names).where(names.c.id == number(rest[0], "id"))):
            raise AdminError(f"{names.name} has no id {rest[0]}")
    elif command == "addcarrier" and 4 <= len(rest) <= 11:
        _add_carrier(ctl, [*rest, *[""] * (11 - len(rest))])
    elif command == "rmcarrier" and len(rest) == 3:
        where = (
            routes.c.carrier == number(rest[0], "carrier"),
            routes.c.scan_prefix == rest[1],
            routes.c.domain == number(rest[2], "domain"),
        )
        if not ctl.run(delete(routes).where(*where)):
            raise AdminError(f"there is no such route of carrier {rest[0]}")
    else:
        raise Usage("cr")
    reload_hint(ctl, "cr")


def _add_carrier(ctl: Ctl, words: list[str]) -> None:
    carrier, scanned, domain, host, probability, strip, prefix, suffix, mask, flags, comment = words
    try:
        share = float(probability or 1)
    except ValueError:
        raise AdminError(f"probability {probability[:40]!r} is no number") from None
    values = {
        "carrier": number(carrier, "carrier"),
        "scan_prefix": scanned,
        "domain": number(domain, "domain"),
        "prob": share,
        "strip": number(strip, "strip") if strip else 0,
        "rewrite_host": host,
        "rewrite_prefix": prefix,
        "rewrite_suffix": suffix,
        "mask": number(mask, "mask") if mask else 0,
        "flags": number(flags, "flags") if flags else 0,
        "description": comment,
    }
    ctl.run(insert(ctl.table("carrierroute", "CARRIERROUTE_TABLE")).values(values))


COMMANDS = {"dialplan": dialplan, "mtree": mtree, "lcr": lcr, "cr": cr}
