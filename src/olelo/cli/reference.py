"""The reference pages, one per module, drawn from the declarations: `python -m olelo.cli.reference docs/modules`.

What a page says is what `check` enforces and what the server does: there is no second place to keep it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from olelo.core.declarations import ModuleSpec, describe
from olelo.modules import all_modules
from olelo.script.catalog import FunctionSpec, RouteKind

_ROUTES = (
    (RouteKind.REQUEST, "request"), (RouteKind.FAILURE, "failure"), (RouteKind.TM_ONREPLY, "onreply"),
    (RouteKind.CORE_ONREPLY, "reply"), (RouteKind.BRANCH, "branch"), (RouteKind.ONSEND, "onsend"),
    (RouteKind.BRANCH_FAILURE, "branch failure"), (RouteKind.LOCAL, "local"), (RouteKind.EVENT, "event"),
)  # fmt: skip


def routes_text(kinds: RouteKind) -> str:
    """Where a function may stand, in words."""
    if kinds == RouteKind.ANY:
        return "any route"
    return ", ".join(name for kind, name in _ROUTES if kinds & kind)


def signature(spec: FunctionSpec) -> str:
    """`name(a, [b])`."""
    args = [f"[{a.name}]" if a.optional else a.name for a in spec.args]
    return f"{spec.name}({', '.join(args)})"


def page(spec: ModuleSpec) -> str:
    """One module's page as Markdown."""
    lines = [f"# {spec.name}", "", spec.doc, ""]
    if spec.functions:
        lines += ["## Functions", ""]
        for function in spec.functions:
            lines += [f"### `{signature(function)}`", "", function.doc, ""]
            lines.append(f"Use in: {routes_text(function.routes)}." + (" May wait." if function.waits else ""))
            lines.append("")
    if spec.params:
        lines += ["## Parameters", "", "| parameter | type | default | meaning |", "| --- | --- | --- | --- |"]
        for param in spec.params.values():
            note = " *(accepted without effect)*" if param.noop else ""
            if param.deprecated:
                note += f" *(old: {param.deprecated})*"
            default = f"`{param.default}`" if param.default != "" else ""
            lines.append(f"| `{param.name}` | {param.type} | {default} | {_cell(param.doc)}{note} |")
        lines.append("")
    if spec.variables:
        lines += ["## Variables", "", "| variable | set | meaning |", "| --- | --- | --- |"]
        for variable in spec.variables:
            inner = {"required": "(..)", "optional": "[(..)]"}.get(variable.inner, "")
            writable = "yes" if variable.set is not None else "by name" if variable.inner != "none" else "no"
            lines.append(f"| `${variable.name}{inner}` | {writable} | {_cell(variable.doc)} |")
        lines.append("")
    if spec.rpcs:
        lines += ["## Commands", "", "| command | arguments | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{rpc.name}` | `{rpc.args}` | {_cell(rpc.doc)} |" for rpc in spec.rpcs]
        lines.append("")
    if spec.event_routes:
        lines += ["## Event routes", "", *(f"- `event_route[{name}]`" for name in spec.event_routes), ""]
    if spec.statistics:
        lines += ["## Statistics", "", *(f"- `{name}`: {doc}" for name, doc in spec.statistics.items()), ""]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def pages() -> dict[str, str]:
    """File name -> text of every page, and of the index."""
    found = {f"{name}.md": page(describe(cls)) for name, cls in sorted(all_modules().items())}
    index = ["# Modules", "", "Drawn from the modules' declarations by `make docs`.", ""]
    for name, cls in sorted(all_modules().items()):
        first = (cls.__doc__ or "").strip().split("\n")[0]
        index.append(f"- [{name}]({name}.md): {first}")
    found["README.md"] = "\n".join(index) + "\n"
    return found


def main(folder: str) -> None:
    """Write all pages into a folder."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (target / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/modules")
