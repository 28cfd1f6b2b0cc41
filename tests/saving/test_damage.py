"""Files that somebody or something has changed: refused in words, or what was saved; never a little of both."""

import json
import os
import random
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tinygrad_rnn import nn
from tinygrad_rnn.exchange import load_weights, save_weights
from tinygrad_rnn.saving.checkpoint import document, state_of, write
from tinygrad_rnn.train import Corpus, Run, Translator, load_checkpoint, read_pairs, save_checkpoint


def trained():
    model = nn.Linear(8, 8, rng=0)
    optimizer = tg.optim.Adam(model.parameters())
    (model(np.ones(8, np.float32)) ** 2).sum().backward()
    optimizer.step()
    return model, optimizer


@pytest.fixture
def saved(tmp_path):
    model, optimizer = trained()
    save_checkpoint(tmp_path, model, optimizer, step=1, name="é")
    return tmp_path, state_of(model, optimizer)


def loaded(directory):
    """What is loaded, after which nothing may have changed unless it is all there."""
    model = nn.Linear(8, 8, rng=1)
    optimizer = tg.optim.Adam(model.parameters())
    before = state_of(model, optimizer)
    try:
        facts = load_checkpoint(directory, model, optimizer)
    except tg.CheckpointError:
        after = state_of(model, optimizer)
        assert before.keys() == after.keys()
        assert all(np.array_equal(before[name], after[name]) for name in before)
        return None
    return state_of(model, optimizer), facts


def mutated(rng, content):
    kind = rng.randrange(5)
    at = rng.randrange(len(content))
    if kind == 0:
        return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
    if kind == 1:
        return content[:at]
    if kind == 2:
        size = rng.randrange(1, 9)
        return content[:at] + rng.choice([bytes(size), rng.randbytes(size)]) + content[at + size :]
    if kind == 3:
        return content + rng.randbytes(rng.randrange(1, 20))
    return content[:at] + content[at + rng.randrange(1, 9) :]


@pytest.mark.parametrize("which", ["checkpoint.json", "arrays-*"])
def test_a_checkpoint_with_anything_changed_is_refused_or_the_same(saved, which):
    directory, state = saved
    path = next(directory.glob(which))
    whole, rng = path.read_bytes(), random.Random(0)
    for _ in range(400):
        path.write_bytes(mutated(rng, whole))
        found = loaded(directory)
        if found is not None:
            assert found[1] == {"step": 1, "name": "é"}
            assert found[0].keys() == state.keys()
            assert all(np.array_equal(found[0][name], state[name]) for name in state)


def test_weights_with_anything_changed_are_refused_or_the_same(tmp_path):
    model, _ = trained()
    path = save_weights(model, tmp_path / "w.safetensors")
    whole, rng, refused = path.read_bytes(), random.Random(1), 0
    for _ in range(400):
        path.write_bytes(mutated(rng, whole))
        other = nn.Linear(8, 8, rng=1)
        before = other.state_dict()
        try:
            load_weights(other, path)
        except tg.CheckpointError:
            refused += 1
            assert all(np.array_equal(before[name], a) for name, a in other.state_dict().items())
        else:
            assert all(np.array_equal(model.state_dict()[name], a) for name, a in other.state_dict().items())
    assert refused > 350


def fact(name, value):
    def change(directory):
        path = directory / "checkpoint.json"
        whole = json.loads(path.read_text())
        path.write_text(json.dumps({**whole, name: value}))

    return change


def pipe(directory):
    (directory / "checkpoint.json").unlink()
    os.mkfifo(directory / "checkpoint.json")


def link(directory):
    path = next(directory.glob("arrays-*"))
    path.rename(directory / "elsewhere")
    path.symlink_to(directory / "elsewhere")


def sparse(directory):
    with next(directory.glob("arrays-*")).open("r+b") as file:
        file.truncate(1 << 40)


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
@pytest.mark.parametrize(
    "change",
    [
        fact("arrays", "/dev/zero"), fact("arrays", "../x"), fact("arrays", "arrays-000000000000.safetensors"),
        fact("arrays", 3), fact("facts", []), fact("version", 1), fact("checksum", None), pipe, link, sparse,
        lambda d: (d / "checkpoint.json").write_text("[" * 100_000),
        lambda d: (d / "checkpoint.json").write_text("{}"),
        lambda d: (d / "checkpoint.json").write_text("3"),
        lambda d: (d / "checkpoint.json").write_bytes(b"\xff\xfe"),
        lambda d: os.truncate(d / "checkpoint.json", 1 << 40),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(saved, change):
    directory, _ = saved
    change(directory)
    assert loaded(directory) is None


def test_a_document_of_another_directory_s_arrays_is_refused(saved, tmp_path_factory):
    directory, _ = saved
    other = tmp_path_factory.mktemp("other")
    save_checkpoint(other, nn.Linear(8, 8, rng=5))
    source = next(other.glob("arrays-*"))
    next(directory.glob("arrays-*")).write_bytes(source.read_bytes())
    assert loaded(directory) is None


@pytest.mark.parametrize("lost", ["optimizer.0.m", "optimizer.1.t"])
def test_half_an_optimiser_is_refused(tmp_path, lost):
    state = state_of(*trained())
    for arrays in ({k: v for k, v in state.items() if k != lost}, {**state, "optimizes.0.m": state["optimizer.0.m"]}):
        write(tmp_path, arrays, {})
        assert loaded(tmp_path) is None


def test_a_key_of_digits_that_are_none_is_refused(tmp_path):
    write(tmp_path, {**state_of(*trained()), "optimizer.².m": np.zeros((8, 8), "f4")}, {})
    assert loaded(tmp_path) is None


def test_facts_come_back_as_json_has_them(tmp_path):
    save_checkpoint(tmp_path, nn.Linear(1, 1), steps={2: 1, 10: (1, 2)}, loss=float("nan"), text="\udce9")
    facts = load_checkpoint(tmp_path, nn.Linear(1, 1))
    assert facts["steps"] == {"2": 1, "10": [1, 2]}
    assert facts["text"] == "\udce9"


def test_arrays_that_no_checkpoint_named_stay(tmp_path):
    mine = save_weights(nn.Linear(2, 2), tmp_path / "arrays-best.safetensors")
    other = save_weights(nn.Linear(2, 2), tmp_path / "arrays-0123456789ab.safetensors")
    for _ in range(2):
        save_checkpoint(tmp_path, nn.Linear(2, 2))
    assert mine.exists()
    assert other.exists()


def test_what_a_save_left_that_was_cut_short_is_cleared_away(tmp_path):
    save_checkpoint(tmp_path, nn.Linear(2, 2), step=1)
    left = "arrays-abcdefabcdef.safetensors"
    (tmp_path / left).write_bytes(b"half")
    (tmp_path / "checkpoint.json.new").write_bytes(document(left, b"whole", {}))
    save_checkpoint(tmp_path, nn.Linear(2, 2), step=2)
    assert len(list(tmp_path.iterdir())) == 2
    assert load_checkpoint(tmp_path, nn.Linear(2, 2))["step"] == 2


def test_a_file_of_weights_that_is_too_large_takes_no_memory(tmp_path):
    path = tmp_path / "w.safetensors"
    size = 1 << 40
    header = json.dumps({"weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
    with pytest.raises(tg.CheckpointError, match="has shape"):
        load_weights(nn.Linear(2, 2), path)


def test_what_was_not_loaded_is_told(tmp_path):
    layer = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    path = save_weights(layer, tmp_path / "w.safetensors")
    other = nn.Sequential(nn.Linear(2, 3))
    told = load_weights(other, path, strict=False)
    assert (told.missing_keys, sorted(told.unexpected_keys)) == ([], ["1.bias", "1.weight"])
    assert layer.load_state_dict(other.state_dict(), strict=False).missing_keys == ["1.weight", "1.bias"]
    with pytest.warns(UserWarning, match="none of the 2 parameters was loaded"):
        told = nn.Linear(2, 3).load_state_dict({f"module.{k}": v for k, v in other.state_dict().items()}, strict=False)
    assert len(told.missing_keys) == len(told.unexpected_keys) == 2


def test_a_failed_save_leaves_nothing_behind(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, nn.Linear(2, 2), step=1)
    before = sorted(p.name for p in tmp_path.iterdir())
    for failing in ("to_disk", "replace"):
        with monkeypatch.context() as patched:
            broken = lambda *_: (_ for _ in ()).throw(OSError("no space left"))  # noqa: E731
            if failing == "replace":
                patched.setattr(Path, "replace", broken)
            else:
                patched.setattr("tinygrad_rnn.saving.checkpoint.to_disk", broken)
            with pytest.raises(tg.CheckpointError, match="no space left"):
                save_checkpoint(tmp_path, nn.Linear(2, 2), step=2)
        assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize("path", ["a\0b", 5, None, object()])
def test_what_is_no_path_is_refused_at_every_door(path):
    model, _ = trained()
    drawing = viz.draw(model(tg.tensor(np.ones(8, np.float32))))
    doors = [
        lambda: save_checkpoint(path, model), lambda: load_checkpoint(path, model), lambda: save_weights(model, path),
        lambda: load_weights(model, path), lambda: Run.load(path), lambda: Translator.load(path),
        lambda: Corpus.from_file(path), lambda: read_pairs(path), lambda: drawing.save(path),
        lambda: tg.exchange.export_onnx(model, path),
    ]  # fmt: skip
    for door in doors:
        with pytest.raises(tg.OptionError):
            door()
