"""Files of cards: whole or absent, and no input fills memory."""

import errno
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from olelo.auc.errors import FormatError
from olelo.auc.files import digesting, lines_of, private_file

SOURCE = str(Path(__file__).parents[2] / "src")


def test_a_private_file_has_no_name_until_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with private_file(target) as file:
        file.write(b"content")
        file.flush()
        assert list(tmp_path.iterdir()) == []
    assert target.read_bytes() == b"content"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_existing_file_is_kept_also_if_it_comes_meanwhile(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    with pytest.raises(FormatError, match="overwrite"), private_file(target):
        pass
    target.unlink()
    with pytest.raises(FormatError, match="overwrite"), private_file(target):
        target.write_bytes(b"old")
    assert target.read_bytes() == b"old"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FormatError, match="overwrite"), private_file(tmp_path / "link"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "out"]


def test_a_file_system_without_links_and_unnamed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_args: object, **_more: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def no_unnamed(path: object, flags: int, *more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return really_open(path, flags, *more)  # type: ignore[arg-type]

    really_open = os.open
    monkeypatch.setattr("os.link", no_links)
    monkeypatch.setattr("os.open", no_unnamed)
    with private_file(tmp_path / "out") as file:
        file.write(b"content")
    assert (tmp_path / "out").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    with pytest.raises(RuntimeError), private_file(tmp_path / "other") as file:
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_is_told_with_the_name_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught, private_file(tmp_path / "out") as file:
        file.write(b"content")
    assert caught.value.filename == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_export_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom olelo.auc.files import private_file\n"
        "with private_file(Path(sys.argv[1])) as file:\n    file.write(b'keys')\n    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "out")], env=os.environ | {"PYTHONPATH": SOURCE}, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olelo.auc.files.LONGEST_LINE", 1 << 20)
    assert list(lines_of(io.BytesIO(b"a\n" + b"b" * (1 << 20)))) == [b"a\n", b"b" * (1 << 20)]
    with open("/dev/zero", "rb") as endless, pytest.raises(FormatError, match="line 1 is longer than 1 MB"):
        list(islice(lines_of(endless), 3))


def test_text_is_utf_8_and_its_bytes_are_counted() -> None:
    digest = hashlib.sha256()
    lines = [b"\xef\xbb\xbfimsi\n", "é\n".encode()]
    assert list(digesting(lines, digest)) == ["imsi\n", "é\n"]
    assert digest.digest() == hashlib.sha256(b"".join(lines)).digest()
    for number, bad in ((1, [b"\xff\xfei\0m\0"]), (2, [b"ok\n", b"caf\xe9\n"])):
        with pytest.raises(FormatError, match=f"line {number} is not UTF-8"):
            list(digesting(bad, digest))
