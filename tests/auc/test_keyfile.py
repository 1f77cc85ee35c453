"""Key files: what is refused, what is written whole or not at all, and who waits for whom."""

import errno
import os
import stat
from pathlib import Path

import pytest

from olelo.auc.errors import FormatError, KeyFormatError, NotFound, StateError
from olelo.auc.keyfile import (
    create_key_file,
    create_key_files,
    key_file_lock,
    read_key_file,
    read_text_file,
    replace_key_file,
)


def _file(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFormatError, match=f"{mode:04o}"):
        read_key_file(_file(tmp_path / "k", b"00", mode))


def test_what_is_no_key_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(KeyFormatError, match="not a regular file"):
            read_key_file(path)  # and it does not wait for somebody to write into the pipe
    with pytest.raises(KeyFormatError, match="64 kB"):
        read_key_file(_file(tmp_path / "large", b"0" * 70_000))
    with pytest.raises(KeyFormatError, match="ASCII"):
        read_key_file(_file(tmp_path / "binary", b"\xff\x00"))
    with pytest.raises(NotFound):
        read_key_file(tmp_path / "absent")


def test_text_files_may_be_read_by_all_but_must_be_text(tmp_path: Path) -> None:
    assert read_text_file(_file(tmp_path / "t", b"\xef\xbb\xbf{imsi}", 0o644), "template") == "{imsi}"
    with pytest.raises(FormatError, match=r"template .*UTF-8"):
        read_text_file(_file(tmp_path / "b", b"\xff"), "template")
    with pytest.raises(NotFound, match="manifest"):
        read_text_file(tmp_path / "absent", "manifest")


def test_a_key_that_could_not_be_written_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = _file(tmp_path / "kek", b"old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        create_key_file(tmp_path / "new", "00")
    assert caught.value.filename == str(tmp_path / "new")
    with pytest.raises(OSError, match="No space left"):
        replace_key_file(path, "new")
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("kek", b"old")]


def test_several_keys_are_written_all_or_none(tmp_path: Path) -> None:
    _file(tmp_path / "b", b"there")
    with pytest.raises(KeyFormatError, match="exists"):
        create_key_files({tmp_path / "a": "1", tmp_path / "b": "2", tmp_path / "c": "3"})
    assert [item.name for item in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_bytes() == b"there"


def test_a_replaced_file_keeps_mode_and_owner_and_is_replaced_behind_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    path = _file(tmp_path / "real" / "kek", b"old", 0o400)
    link = tmp_path / "kek"
    link.symlink_to(path)
    given: list[tuple[int, int]] = []
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    monkeypatch.setattr("os.fchown", lambda _handle, user, group: given.append((user, group)))
    replace_key_file(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert given == [(path.stat().st_uid, path.stat().st_gid)]


def test_many_may_seal_one_may_rotate_not_both(tmp_path: Path) -> None:
    path = _file(tmp_path / "kek", b"00")
    with key_file_lock(path, exclusive=False), key_file_lock(path, exclusive=False):
        with pytest.raises(StateError, match="sealing cards"), key_file_lock(path, exclusive=True):
            pass
    with key_file_lock(path, exclusive=True):
        for exclusive in (True, False):
            with pytest.raises(StateError, match="rotating"), key_file_lock(path, exclusive=exclusive):
                pass
    with key_file_lock(path, exclusive=True):
        pass
