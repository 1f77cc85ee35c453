"""Variables and format strings resolved against a catalog: from a text to getters and setters.

Used by check (which reports what `ResolveError` says) and by codegen (which binds what comes out).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from olelo.script.catalog import Catalog, Getter, PvRef, Setter, TransformSpec, Value, VariableSpec
from olelo.script.pvspec import PvError, PvSpec, TransformCall, parse_format, parse_pv, split_args
from olelo.script.runtime import arg_int, show, to_str

#: How many spellings of one dynamic name ($sht(t=>$var(k))) are kept ready.
_DYNAMIC_CACHE = 512
#: Code of what a module of Kamailio's exports that Olelo does not have.
LACKING = "lacking-module"


class ResolveError(ValueError):
    """A variable or transformation cannot be used as written. `code` as in Diagnostic, `offset` into the text."""

    def __init__(
        self, code: str, message: str, offset: int, hint: str = "", modules: Iterable[str] = frozenset()
    ) -> None:
        super().__init__(message)
        self.modules = frozenset(modules)  # with LACKING: Kamailio's modules that export it
        self.code = code
        self.offset = offset
        self.hint = hint


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the known name nearest to `name`, or ""."""
    found = difflib.get_close_matches(name, list(known), n=5, cutoff=0.6)
    found.sort(key=lambda one: sorted(one) != sorted(name))  # letters in the wrong order before everything else
    return f"did you mean {found[0]}?" if found else ""


#: Stands for a variable that only other releases have: $null, and written to without effect.
_NOTHING = VariableSpec("", "", inner="optional", make=lambda inner, index: (lambda ctx: None, lambda ctx, value: None))


def shown(ref: PvRef) -> Callable[[Value], str]:
    """How a variable prints in a format string: $null is `<null>`, but nothing where a transformation failed."""
    return to_str if ref.text.endswith("})") else show


class Resolver:
    """Resolves variable texts, with a cache by text: the same variable has one getter in a whole program."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._refs: dict[str, PvRef] = {}

    def text(self, text: str) -> PvRef:
        """Resolve a variable as written after its `$`. Raises: ResolveError."""
        ref = self._refs.get(text)
        if ref is None:
            try:
                spec = parse_pv(text)
            except PvError as error:
                raise ResolveError("bad-variable", str(error), error.offset) from None
            ref = self._refs[text] = self.spec(spec)
        return ref

    def spec(self, spec: PvSpec) -> PvRef:
        """Resolve a variable already taken apart. Raises: ResolveError."""
        get, set_ = self._base(spec)
        if not spec.transforms:
            return PvRef("$" + spec.text, get, set_)
        steps = [self._transform(call) for call in spec.transforms]
        return PvRef("$" + spec.text, _pipeline(get, steps), None)

    def parts(self, text: str) -> list[str | PvRef]:
        """Resolve a format string into literal text and variables. Raises: ResolveError."""
        try:
            return [part if isinstance(part, str) else self.spec(part) for part in parse_format(text)]
        except PvError as error:
            raise ResolveError("bad-variable", str(error), error.offset) from None

    def format(self, text: str) -> Callable[[object], str]:
        """A function that expands a format string."""
        parts = self.parts(text)

        def expand(ctx: object) -> str:
            return "".join([part if isinstance(part, str) else shown(part)(part.get(ctx)) for part in parts])

        return expand

    def variable(self, spec: PvSpec) -> VariableSpec:
        """The declaration behind a variable's name. Raises: ResolveError with the nearest name."""
        found = self.catalog.variables.get(spec.name)
        if found is None:
            if "$" + spec.name in self.catalog.known_elsewhere:
                return _NOTHING
            self._lacking(f"${spec.name}", "$" + spec.name, spec.offset)
            raise ResolveError(
                "unknown-variable",
                f"unknown variable ${spec.name}",
                spec.offset,
                nearest(spec.name, self.catalog.variables).replace("mean ", "mean $"),
            )
        return found

    def _base(self, spec: PvSpec) -> tuple[Getter, Setter | None]:
        found = self.variable(spec)
        if found.module and found.module not in self.catalog.loaded:
            raise ResolveError(
                "module-not-loaded",
                f"${spec.name} is exported by module {found.module}, which is not loaded",
                spec.offset,
                f'add loadmodule "{found.module}.so"',
            )
        if spec.inner is None and found.inner == "required":
            raise ResolveError("bad-variable", f"${spec.name} needs a name: ${spec.name}(..)", spec.offset)
        if spec.inner is not None and found.inner == "none":
            raise ResolveError("bad-variable", f"${spec.name} takes no name in parentheses", spec.offset)
        if spec.index is not None and found.make is None:
            raise ResolveError("bad-variable", f"${spec.name} takes no index", spec.offset)
        if found.make is None or (spec.inner is None and found.get is not None and spec.index is None):
            assert found.get is not None
            return found.get, found.set
        dynamic = spec.inner is not None and found.inner_dynamic and "$" in spec.inner
        if dynamic or isinstance(spec.index, PvSpec):
            return self._dynamic(spec, found, dynamic)
        try:
            return found.make(spec.inner or "", spec.index)
        except ValueError as error:
            raise ResolveError("bad-variable", f"${spec.text}: {error}", spec.offset) from None

    def _dynamic(self, spec: PvSpec, found: VariableSpec, dynamic: bool) -> tuple[Getter, Setter | None]:
        """A variable whose name or index holds variables: made when used, for each name once."""
        make = found.make
        assert make is not None
        inner = spec.inner or ""
        expand = self.format(inner) if dynamic else None
        index = self.spec(spec.index).get if isinstance(spec.index, PvSpec) else None
        fixed_index = None if isinstance(spec.index, PvSpec) else spec.index
        cache: dict[tuple[str, int | str | None], tuple[Getter, Setter | None] | None] = {}

        def made(ctx: object) -> tuple[Getter, Setter | None] | None:
            name = inner if expand is None else expand(ctx)
            at = fixed_index if index is None else arg_int(index(ctx)) or 0
            key = (name, at)
            if key in cache:
                return cache[key]
            if len(cache) >= _DYNAMIC_CACHE:
                cache.clear()
            try:
                pair = make(name, at)
            except ValueError:
                pair = None  # the expanded name is bad: the variable has no value
            cache[key] = pair
            return pair

        def get(ctx: object) -> Value:
            pair = made(ctx)
            return None if pair is None else pair[0](ctx)

        def set_(ctx: object, value: Value) -> None:
            pair = made(ctx)
            if pair is not None and pair[1] is not None:
                pair[1](ctx, value)

        return get, set_

    def _transform(self, call: TransformCall) -> Callable[[object, Value], Value]:
        spec = self.find_transform(call)
        args = split_args(call, spec.max_args) if spec.max_args else []
        if call.args is not None and not spec.max_args:
            raise ResolveError("bad-transformation", f"{{{call.cls}.{call.name}}} takes no arguments", call.offset)
        if len(args) < spec.min_args:
            raise ResolveError(
                "bad-transformation",
                f"{{{call.cls}.{call.name}}} needs {spec.min_args} argument(s), {len(args)} given",
                call.offset,
            )
        try:
            ready = [arg if isinstance(arg, str) else self.spec(arg).get for arg in args]
            if spec.expanding is not None:
                return spec.expanding(ready, self.format)
            return spec.make(ready)
        except ResolveError:
            raise
        except ValueError as error:
            raise ResolveError("bad-transformation", f"{{{call.cls}.{call.name}}}: {error}", call.offset) from None

    def _lacking(self, what: str, name: str, offset: int) -> None:
        """Raises ResolveError where something is exported by a module of Kamailio's that Olelo does not have."""
        modules = self.catalog.lacking(name)
        if modules:
            message = f"{what} is exported by Kamailio's module {' or '.join(modules)}, which Olelo does not have"
            raise ResolveError(LACKING, message, offset, modules=modules)

    def find_transform(self, call: TransformCall) -> TransformSpec:
        """The declaration behind `{cls.name}`. Raises: ResolveError with the nearest name."""
        known = self.catalog.transforms
        found = known.get((call.cls, call.name)) or known.get((call.cls, call.name.lower()))
        if found is None:
            self._lacking(f"{{{call.cls}.{call.name}}}", f"{{{call.cls}}}", call.offset)
            names = [f"{cls}.{name}" for cls, name in known]
            raise ResolveError(
                "unknown-transformation",
                f"unknown transformation {{{call.cls}.{call.name}}}",
                call.offset,
                self.catalog.known_elsewhere.get(f"{{{call.cls}.{call.name}}}")
                or nearest(f"{call.cls}.{call.name}", names),
            )
        if found.module and found.module not in self.catalog.loaded:
            raise ResolveError(
                "module-not-loaded",
                f"{{{call.cls}.{call.name}}} is exported by module {found.module}, which is not loaded",
                call.offset,
                f'add loadmodule "{found.module}.so"',
            )
        return found


def _pipeline(get: Getter, steps: list[Callable[[object, Value], Value]]) -> Getter:
    if len(steps) == 1:
        step = steps[0]
        return lambda ctx: step(ctx, get(ctx))

    def through(ctx: object) -> Value:
        value = get(ctx)
        for each in steps:
            value = each(ctx, value)
        return value

    return through
