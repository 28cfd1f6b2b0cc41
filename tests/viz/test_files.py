"""A file is written whole or not at all, and an old one survives whatever fails."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tinygrad_rnn.errors import TinygradError
from viz.paint import files
from viz.paint.failures import WriteError
from viz.paint.files import write

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and permissions")


def test_it_is_written_and_nothing_lies_beside_it(tmp_path):
    for data in (b"one", b"", b"three"):
        write(tmp_path / "a.svg", data)
        assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
        assert (tmp_path / "a.svg").read_bytes() == data


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_an_old_file_survives_whatever_fails(tmp_path, monkeypatch, call, error):
    def fail(*_):
        raise error

    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os if call == "fsync" else Path, call, fail)
    with pytest.raises(WriteError if isinstance(error, OSError) else KeyboardInterrupt) as refused:
        write(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    if isinstance(error, OSError):
        assert str(refused.value) == f"viz: {path} cannot be written\n  got       No space left on device"


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files.os, "fsync", lambda fd: synced.append((os.fstat(fd).st_size, (tmp_path / "a").exists())))
    write(tmp_path / "a", b"12345")
    assert synced == [(5, False)]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WriteError) as refused:
        write(tmp_path / "one" / "two" / "a.svg", b"")
    assert isinstance(refused.value, TinygradError)
    assert isinstance(refused.value, OSError)
    assert f"there is no folder {tmp_path / 'one'}\n" in str(refused.value)


def test_a_file_in_the_place_of_a_folder_and_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for wrong in (tmp_path / "file" / "a.svg", tmp_path):
        with pytest.raises(WriteError, match="cannot be written\n  got "):
            write(wrong, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@posix
def test_permissions_stay_and_a_new_file_has_the_usual_ones(tmp_path):
    old, new, usual = (tmp_path / name for name in ("old", "new", "usual"))
    usual.write_bytes(b"")
    old.write_bytes(b"")
    old.chmod(0o640)
    write(old, b"1")
    write(new, b"1")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o640, stat.S_IMODE(usual.stat().st_mode)]


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link.svg"
    link.symlink_to(tmp_path / "folder" / "real.svg")
    write(link, b"1")
    assert link.is_symlink()
    assert (tmp_path / "folder" / "real.svg").read_bytes() == b"1"
