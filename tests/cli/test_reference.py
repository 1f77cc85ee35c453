"""The reference pages in docs/ are the declarations', word for word."""

from __future__ import annotations

from pathlib import Path

from olelo.cli.reference import pages

DOCS = Path(__file__).resolve().parents[2] / "docs" / "modules"


def test_the_pages_are_up_to_date() -> None:
    stale = [
        name
        for name, text in pages().items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text("utf-8") != text
    ]
    assert not stale, f"run `make docs`: {', '.join(stale)}"


def test_no_page_is_left_of_a_module_that_is_gone() -> None:
    assert {path.name for path in DOCS.glob("*.md")} == set(pages())


def test_everything_declared_says_what_it_does() -> None:
    from olelo.core.declarations import describe
    from olelo.modules import all_modules

    silent = []
    for name, cls in all_modules().items():
        spec = describe(cls)
        silent += [f"{name}: {f.name}()" for f in spec.functions if not f.doc]
        silent += [f"{name}: {p.name}" for p in spec.params.values() if not p.doc]
        silent += [f"{name}: ${v.name}" for v in spec.variables if not v.doc]
        silent += [f"{name}: {r.name}" for r in spec.rpcs if not r.doc]
    assert not silent, "\n".join(silent)
