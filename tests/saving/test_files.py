"""Files: on the disk before they are named, refused where they are none, and one writer at a time."""

import os
import re
import socket
import time
from types import SimpleNamespace

import numpy as np
import portalocker
import pytest
from safetensors import safe_open

import tinygrad_rnn as tg
from tinygrad_rnn.saving import checkpoint, claim, claimed, encoded, files, read_arrays, saving, write_file

posix = pytest.mark.skipif(os.name != "posix", reason="files of POSIX")


@posix
def test_a_file_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(tmp_path, monkeypatch):
    synced, whole = [], os.fsync

    def sync(handle):
        found = os.fstat(handle)
        synced.append(("directory" if os.path.isdir(f"/proc/self/fd/{handle}") else found.st_size, path.exists()))
        whole(handle)

    monkeypatch.setattr(os, "fsync", sync)
    path = tmp_path / "file"
    assert write_file(path, b"abc") == path
    assert [kind for kind, _ in synced] == [3, "directory"] or not os.path.exists("/proc/self/fd")
    assert [named for _, named in synced] == [False, True]
    path = tmp_path / "run" / "checkpoint.json"
    synced.clear()
    assert checkpoint.write(tmp_path / "run", {"model.x": np.ones(3)}, {}) == path
    assert [named for _, named in synced] == [False, False, True]  # the document, the arrays, the directory


@posix
def test_what_is_no_file_is_refused_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    kinds = {"pipe": "a pipe", "socket": "a socket", "/dev/null": "a device", ".": "a directory"}
    for name, kind in kinds.items():
        with pytest.raises(tg.CheckpointError, match=rf"not a file(.|\n)*expected  a file(.|\n)*got       {kind}$"):
            files.check_regular(tmp_path / name)
    assert files.check_regular(tmp_path / "file") == files.check_regular(tmp_path / "link") == 3
    for read in (files.check_regular, lambda path, link: files.read_file(path, 3, link=link)):
        with pytest.raises(tg.CheckpointError, match=r"got       a link$"):
            read(tmp_path / "link", link=False)
    assert files.read_file(tmp_path / "link", 3) == b"abc"
    with pytest.raises(tg.CheckpointError, match="too large"):
        files.read_file(tmp_path / "file", 2)


def test_where_a_directory_cannot_be_locked_a_file_in_it_is(tmp_path, monkeypatch):
    windows = SimpleNamespace(**{**vars(os), "name": "nt"})
    monkeypatch.setattr(claim, "os", windows)
    for _ in range(2):
        with saving(tmp_path):
            assert [path.name for path in tmp_path.iterdir()] == ["saving.lock"]


SAVING = r"another process is saving there\n  got       not done after 0 s$"


@posix
def test_a_save_waits_for_another_and_gives_up_in_words(tmp_path, monkeypatch):
    assert 30 <= claim.PATIENCE <= 300
    monkeypatch.setattr(claim, "PATIENCE", 0.05)
    began = time.monotonic()
    with saving(tmp_path), pytest.raises(tg.CheckpointError, match=SAVING), saving(tmp_path):
        pass
    assert time.monotonic() - began >= 0.05
    with saving(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_claim_says_whose_it_is_and_ends_with_the_run(tmp_path):
    path = tmp_path / "running.txt"
    for _ in range(2):
        path.write_text("what an earlier run, that died, has left here, and more than one line of it\n" * 3)
        with claimed(tmp_path, "train"):
            said = path.read_text(encoding="utf-8")
            host = re.escape(socket.gethostname())
            assert re.fullmatch(
                rf"train, process {os.getpid()} on {host}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\n", said
            )
        assert not path.exists()


@posix
def test_a_claim_whose_file_went_away_meanwhile_is_no_claim(tmp_path, monkeypatch):
    path, lock = tmp_path / "running.txt", portalocker.lock
    for go in (path.unlink, lambda: (path.unlink(), path.write_text("another's"))):
        monkeypatch.setattr(portalocker, "lock", lambda *how, go=go: (lock(*how), go()))
        said = r"a run ended there at this moment\n  help      try again$"
        with pytest.raises(tg.CheckpointError, match=said), claimed(tmp_path, "train"):
            pass


def test_arrays_of_every_kind_go_out_and_in_and_other_programs_are_told_of_them(tmp_path):
    kinds = ["?", *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)), "f2", "f4", "f8", "c8"]
    arrays = {kind: np.arange(6).reshape(2, 3).astype(kind) for kind in kinds}
    turned = {name: array.T for name, array in arrays.items()}  # not laid out row by row
    for told in (arrays, turned):
        path = write_file(tmp_path / "a.safetensors", encoded(told))
        found = read_arrays(path)
        assert found.keys() == told.keys()
        for name, array in told.items():
            assert (found[name].dtype, found[name].tolist()) == (array.dtype, array.tolist())
    with safe_open(path, framework="numpy") as file:
        assert file.metadata()["format"] == "pt"
        assert re.fullmatch("[0-9a-f]{64}", file.metadata()["sha256"])


def test_of_arrays_that_are_not_wanted_the_shape_is_true_and_they_take_no_memory(tmp_path):
    path = write_file(tmp_path / "a.safetensors", encoded({"a": np.ones((2, 3)), "b": np.ones(2), "c": np.ones(4)}))
    found = read_arrays(path, {"a": (2, 3), "b": (5,)})
    assert {name: (array.shape, array.sum()) for name, array in found.items()} == {
        "a": ((2, 3), 6), "b": ((2,), 0), "c": ((4,), 0),
    }  # fmt: skip
    assert found["c"].strides == (0,)


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    layer, whole, replaced = tg.nn.Linear(2, 2, rng=0), checkpoint._arrays, []

    def late(data, document):
        if len(replaced) < times:
            replaced.append(tg.train.save_checkpoint(tmp_path, layer, step=len(replaced) + 1))
        return whole(data, document)

    monkeypatch.setattr(checkpoint, "_arrays", late)
    tg.train.save_checkpoint(tmp_path, layer, step=0)
    times = 3
    assert tg.train.load_checkpoint(tmp_path, layer) == {"step": 3}
    times, replaced[:] = 10**6, []
    with pytest.raises(
        tg.CheckpointError, match=rf"was replaced while it was read\n  got       {checkpoint.TRIES} times$"
    ):
        tg.train.load_checkpoint(tmp_path, layer)
    assert len(replaced) == checkpoint.TRIES
