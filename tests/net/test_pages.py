"""Which memory is asked for in large pages."""

from __future__ import annotations

from pathlib import Path

from olelo.net.pages import heap_areas, use_large_pages

MIB = 1024 * 1024

MAPS = """\
00400000-00800000 r-xp 00000000 fe:00 1                      /usr/bin/python3
01100000-01900000 rw-p 00000000 00:00 0                      [heap]
7f0000200000-7f0000600000 rw-p 00000000 00:00 0
7f0000700000-7f0000800000 rw-p 00000000 00:00 0
7f0000900000-7f0000d00000 rw-p 00000000 fe:00 2              /usr/lib/libpython3.so
7f0000e00000-7f0001200000 r--p 00000000 00:00 0
7f0001200000-7f0001800000 rw-s 00000000 00:00 0
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0              [stack]
"""


def test_whole_pages_of_the_heap_and_of_anonymous_memory() -> None:
    assert heap_areas(MAPS) == [(0x01200000, 6 * MIB), (0x7F0000200000, 4 * MIB)]


def test_a_system_without_maps_goes_without(tmp_path: Path) -> None:
    assert use_large_pages(str(tmp_path / "none")) == 0


def test_it_can_be_asked_of_this_process() -> None:
    assert use_large_pages() >= 0
