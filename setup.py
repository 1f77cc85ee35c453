"""Compiles the rooms on a packet's path with mypyc, where a C compiler is there; elsewhere they stay plain Python.

OLELO_COMPILE=0 leaves them plain. Everything else about the package stands in pyproject.toml.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup

#: What runs for every packet and holds no class that plain Python code inherits from, which mypyc does not allow.
ROOMS = ("sip", "transaction")
FILES = """
core/avps core/branches core/context core/corestats core/edits core/engine core/failures core/forward core/lookup
core/memory core/onsend core/party core/receive core/reply core/ruri core/sockets core/stats core/values core/via
core/xavp
modules/auth/credentials modules/auth/nonce modules/auth/spent modules/maxfwd/header modules/registrar/bindings
modules/registrar/lookup modules/registrar/save modules/rr/direction modules/rr/entries modules/rr/record
modules/rr/routes modules/sanity/checks modules/sl/tags modules/textops/parts modules/tm/answers modules/tm/failover
modules/tm/hop modules/tm/relay modules/tm/upstream modules/usrloc/store net/udp script/runtime
"""

#: mypyc (2.4 at least) asks for a negative number of bytes where a slice of bytes ends before it begins, which is
#: b"" in Python; a packet must not be able to provoke that SystemError.
SLICES = """\
#include <Python.h>
static inline PyObject *olelo_bytes(const char *text, Py_ssize_t size) {
    return PyBytes_FromStringAndSize(text, size < 0 ? 0 : size);
}
#define PyBytes_FromStringAndSize olelo_bytes
"""


def sources() -> list[str]:
    """The files to compile."""
    root = Path("src/olelo")
    found = [
        path for room in ROOMS for path in sorted((root / room).glob("*.py")) if path.stem not in ("__init__", "draw")
    ]
    return [str(path) for path in [*found, *(root / f"{name}.py" for name in FILES.split())]]


def open_to_subclasses(sources: list[str]) -> bool:
    """Let compiled methods of the modules' classes act on instances of subclasses.

    Those classes (native_class=False) have subclasses that stay plain Python. Where mypyc knows few subclasses of a
    class, it compares the exact types of `self`; here it shall ask whether it is an instance. False: the generated code
    is not what this expects.
    """
    marked = re.compile(r"@mypyc_attr\(native_class=False\)\nclass (\w+)")
    names = [name for source in sources for name in marked.findall(Path(source).read_text())]
    exact = re.compile(r"Py_TYPE\((\w+)\) == (CPyType_(?:\w+___)?(?:%s))\b" % "|".join(names))
    changed = 0
    for path in Path("build").glob("__native*.c"):
        text, count = exact.subn(r"PyObject_TypeCheck(\1, \2)", path.read_text())
        path.write_text(text)
        changed += count
    return changed > 0


def extensions() -> list[Extension]:
    """The compiled modules; none where they are not wanted or cannot be had."""
    if os.environ.get("OLELO_COMPILE", "1") == "0":
        return []
    if not any(map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))):
        print("olelo: no C compiler: the package stays plain Python", file=sys.stderr)
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:
        print("olelo: no mypyc: the package stays plain Python", file=sys.stderr)
        return []
    found = mypycify(sources(), opt_level="2", debug_level="1", group_name="olelo")
    if not open_to_subclasses(sources()):
        print("olelo: this version of mypyc writes other code: the package stays plain Python", file=sys.stderr)
        return []
    header = Path("build/slices.h").absolute()
    header.parent.mkdir(exist_ok=True)
    header.write_text(SLICES)
    for extension in found:
        extension.extra_compile_args = [*extension.extra_compile_args, "-include", str(header)]
    return list(found)


setup(ext_modules=extensions())
