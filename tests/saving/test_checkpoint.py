"""Checkpoints: what goes out comes in, damage is said, and no crash costs the last whole one."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.saving import checkpoint, files
from tinygrad_rnn.train import load_checkpoint, save_checkpoint


def test_a_checkpoint_goes_out_and_in(tmp_path):
    model = tg.nn.Linear(3, 2, rng=0)
    optimizer = tg.optim.Adam(model.parameters())
    model(np.ones((1, 3), np.float32)).sum().backward()
    optimizer.step()
    save_checkpoint(tmp_path, model, optimizer, step=3)
    twin = tg.nn.Linear(3, 2, rng=1)
    twin_optimizer = tg.optim.Adam(twin.parameters())
    assert load_checkpoint(tmp_path, twin, twin_optimizer)["step"] == 3
    assert np.array_equal(twin.weight.data, model.weight.data)
    assert twin_optimizer.state_dict().keys() == optimizer.state_dict().keys()
    with pytest.raises(tg.CheckpointError, match="does not fit Linear"):
        load_checkpoint(tmp_path, tg.nn.Linear(3, 4))


def test_an_optimiser_before_its_first_step_is_not_none(tmp_path):
    model = tg.nn.Linear(3, 2, rng=0)
    save_checkpoint(tmp_path / "with", model, tg.optim.SGD(model.parameters(), lr=0.1))
    save_checkpoint(tmp_path / "without", model)
    twin = tg.nn.Linear(3, 2, rng=1)
    optimizer = tg.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    twin(np.ones((1, 3), np.float32)).sum().backward()
    optimizer.step()
    weight, state = twin.weight.data.copy(), optimizer.state_dict()
    with pytest.raises(tg.CheckpointError, match="saved without an optimiser"):
        load_checkpoint(tmp_path / "without", twin, optimizer)
    assert np.array_equal(twin.weight.data, weight)
    assert optimizer.state_dict().keys() == state.keys() != set()
    load_checkpoint(tmp_path / "with", twin, optimizer)
    assert np.array_equal(twin.weight.data, model.weight.data)
    assert optimizer.state_dict() == {}


def test_a_checkpoint_can_be_read_by_a_person_too(tmp_path):
    save_checkpoint(tmp_path, tg.nn.Linear(3, 2, rng=0), step=1)
    lines = (tmp_path / "checkpoint.json").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["{", ' "format": "tinygrad_rnn.checkpoint",']


def test_the_order_of_its_lines_is_not_what_is_checked(tmp_path):
    save_checkpoint(tmp_path, tg.nn.Linear(3, 2, rng=0), step=1)
    path = tmp_path / "checkpoint.json"
    turned = dict(reversed(json.loads(path.read_text(encoding="utf-8")).items()))
    path.write_text(json.dumps(turned), encoding="utf-8")
    assert load_checkpoint(tmp_path, tg.nn.Linear(3, 2)) == {"step": 1}


def test_arrays_that_go_while_they_are_read_are_missing_and_not_damaged(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, tg.nn.Linear(3, 2, rng=0))

    def gone(path):
        path.unlink()
        raise tg.CheckpointError(f"{path}: not a whole safetensors file")

    monkeypatch.setattr(checkpoint, "read_arrays", gone)
    with pytest.raises(tg.CheckpointError, match="there is no arrays-"):
        load_checkpoint(tmp_path, tg.nn.Linear(3, 2))


def test_a_crash_while_saving_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    model = tg.nn.Linear(3, 2, rng=0)
    save_checkpoint(tmp_path, model, step=1)
    whole = checkpoint.to_disk
    for torn in ("arrays-", "checkpoint.json"):

        def half(path, content, torn=torn):
            if path.name.startswith(torn):
                path.write_bytes(content[: len(content) // 2])
                raise OSError("no space left")
            whole(path, content)

        with monkeypatch.context() as patched:
            patched.setattr(checkpoint, "to_disk", half)
            with pytest.raises(tg.CheckpointError, match="no space left"):
                save_checkpoint(tmp_path, model, step=2)
        assert len(list(tmp_path.iterdir())) == 2  # the last whole one, and no litter
        assert load_checkpoint(tmp_path, tg.nn.Linear(3, 2))["step"] == 1
    save_checkpoint(tmp_path, model, step=3)
    assert len(list(tmp_path.glob("arrays-*"))) == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: (d / "checkpoint.json").unlink(), "no checkpoint here"),
        (lambda d: next(d.glob("arrays-*")).unlink(), "there is no arrays-"),
        (lambda d: (d / "checkpoint.json").write_text("{"), "damaged"),
        (lambda d: (d / "checkpoint.json").write_text(json.dumps({"format": "x", "version": 9})), "another format"),
        (lambda d: next(d.glob("arrays-*")).write_bytes(b"no tensors"), "damaged"),
    ],
)
def test_damage_is_said(tmp_path, damage, said):
    save_checkpoint(tmp_path, tg.nn.Linear(3, 2))
    damage(tmp_path)
    with pytest.raises(tg.CheckpointError, match=said):
        load_checkpoint(tmp_path, tg.nn.Linear(3, 2))


def test_facts_may_have_any_name_and_a_half_that_does_not_fit_changes_nothing(tmp_path):
    model = tg.nn.Linear(1, 1, rng=0)
    optimizer = tg.optim.SGD(model.parameters(), momentum=0.9)
    model([[1.0]]).sum().backward()
    optimizer.step()
    save_checkpoint(tmp_path, model, optimizer, version=7, arrays="x")
    assert load_checkpoint(tmp_path, model, optimizer) == {"version": 7, "arrays": "x"}
    twin = tg.nn.Linear(1, 1, rng=1)
    before = twin.weight.item()
    with pytest.raises(tg.CheckpointError, match="Adagrad"):
        load_checkpoint(tmp_path, twin, tg.optim.Adagrad(twin.parameters()))
    assert twin.weight.item() == before


class CrashError(BaseException):
    """The machine goes down: nothing that follows is carried out."""


def test_a_crash_at_any_point_leaves_a_whole_checkpoint_and_the_next_save_clears_up(tmp_path, monkeypatch):
    model = tg.nn.Linear(3, 2, rng=0)
    whole, crashes = checkpoint.to_disk, 0

    def torn(path, content):
        path.write_bytes(content[: len(content) // 2])
        alive()
        whole(path, content)

    def alive():
        nonlocal left
        left -= 1
        if left < 0:
            raise CrashError

    def after(method):
        def wrapped(*args, **kwargs):
            alive()
            return method(*args, **kwargs)

        return wrapped

    save_checkpoint(tmp_path, model, step=0)
    for k in range(100):
        left = k
        with monkeypatch.context() as patched:
            patched.setattr(checkpoint, "to_disk", torn)
            patched.setattr(Path, "replace", after(Path.replace))
            patched.setattr(Path, "unlink", after(Path.unlink))
            try:
                save_checkpoint(tmp_path, model, step=k + 1)
            except CrashError:
                crashes += 1
        assert load_checkpoint(tmp_path, tg.nn.Linear(3, 2))["step"] in (k, k + 1)
        save_checkpoint(tmp_path, model, step=k + 1)
        assert len(list(tmp_path.iterdir())) == 2
        if left >= 0:
            break
    assert crashes >= 5  # two files half written, one renamed, the old one removed, …


def test_an_interruption_leaves_no_draft(tmp_path, monkeypatch):
    def interrupted(path, content):
        path.write_bytes(content[:1])
        raise KeyboardInterrupt

    path = files.write_file(tmp_path / "file", b"whole")
    monkeypatch.setattr(files, "to_disk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_file(path, b"other")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(tg.CheckpointError, match="could not be made"):
        save_checkpoint(tmp_path / "file", tg.nn.Linear(1, 1))


@pytest.mark.parametrize(
    "change", [{"arrays": "../other.safetensors"}, {"arrays": "arrays-0.safetensors"}, {"facts": []}]
)
def test_a_document_may_name_a_file_beside_it_only_though_its_checksum_is_right(tmp_path, change):
    path = save_checkpoint(tmp_path / "run", tg.nn.Linear(3, 2))
    whole = json.loads(path.read_text(encoding="utf-8"))
    for name in ("../other.safetensors", "arrays-0.safetensors"):
        (tmp_path / "run" / name).write_bytes((tmp_path / "run" / whole["arrays"]).read_bytes())
    whole |= change
    path.write_text(json.dumps({**whole, "checksum": checkpoint.checksum(whole)}), encoding="utf-8")
    with pytest.raises(tg.CheckpointError, match="it names no file beside it"):
        load_checkpoint(tmp_path / "run", tg.nn.Linear(3, 2))


def test_a_file_of_arrays_is_refused_when_anything_in_it_was_changed_its_header_too(tmp_path):
    save_checkpoint(tmp_path, tg.nn.Linear(3, 2))
    (path,) = tmp_path.glob("arrays-*")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"pt"', b'"px"'))  # of which the checksum inside knows nothing
    assert len(whole) == len(path.read_bytes())
    with pytest.raises(tg.CheckpointError, match=r"damaged(.|\n)*SHA-256"):
        load_checkpoint(tmp_path, tg.nn.Linear(3, 2))


def test_a_checkpoint_that_may_not_be_read_is_said(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, tg.nn.Linear(3, 2))

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoint, "read_file", refused)
    with pytest.raises(tg.CheckpointError, match="could not be read"):
        load_checkpoint(tmp_path, tg.nn.Linear(3, 2))


def test_a_name_that_is_no_unicode_is_written_over_as_any_other(tmp_path):
    for step in (1, 2):
        save_checkpoint(tmp_path, tg.nn.Linear(3, 2), name="\udce9", step=step)
    assert load_checkpoint(tmp_path, tg.nn.Linear(3, 2)) == {"name": "\udce9", "step": 2}
    assert len(list(tmp_path.glob("arrays-*"))) == 1


def test_the_folders_of_a_checkpoint_are_made(tmp_path):
    save_checkpoint(tmp_path / "runs" / "of" / "today", tg.nn.Linear(3, 2, rng=0), step=4)
    assert load_checkpoint(tmp_path / "runs" / "of" / "today", tg.nn.Linear(3, 2)) == {"step": 4}
