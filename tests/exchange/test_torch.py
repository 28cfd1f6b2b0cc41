"""A safetensors file goes both ways between torch and here, with no bit changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchange.oracles import require
from tests.oracles import require_torch
from tinygrad_rnn import CheckpointError, nn
from tinygrad_rnn.exchange import load_weights, save_weights
from tinygrad_rnn.saving import encoded, read_arrays, write_file

layers = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["RNN", "LSTM", "GRU"]),
        "input_size": st.integers(1, 4),
        "hidden_size": st.integers(2, 5),
        "num_layers": st.integers(1, 3),
        "bias": st.booleans(),
        "bidirectional": st.booleans(),
        "proj_size": st.integers(0, 1),
        "dtype": st.sampled_from(["float32", "float64"]),
    }
)


def twins(torch, kind, dtype, proj_size, **options):
    if kind == "LSTM":
        options["proj_size"] = proj_size
    ours = getattr(nn, kind)(dtype=np.dtype(dtype), rng=0, **options)
    return ours, getattr(torch.nn, kind)(dtype=getattr(torch, dtype), **options)


def assert_same_bits(ours, theirs):
    arrays = {name: tensor.detach().numpy() for name, tensor in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(arrays)
    for name, array in ours.state_dict().items():
        assert array.dtype == arrays[name].dtype
        assert array.tobytes() == arrays[name].tobytes(), name


@given(layers)
def test_torch_loads_what_we_save(tmp_path_factory, options):
    torch, safetensors = require_torch(), require("safetensors.torch")
    ours, theirs = twins(torch, **options)
    path = save_weights(ours, tmp_path_factory.getbasetemp() / "ours.safetensors")
    theirs.load_state_dict(safetensors.load_file(path))
    assert_same_bits(ours, theirs)


@given(layers)
def test_we_load_what_torch_saves(tmp_path_factory, options):
    torch, safetensors = require_torch(), require("safetensors.torch")
    ours, theirs = twins(torch, **options)
    path = tmp_path_factory.getbasetemp() / "theirs.safetensors"
    safetensors.save_file(theirs.state_dict(), path)
    load_weights(ours, path)
    assert_same_bits(ours, theirs)


def test_a_whole_model_computes_what_torchs_does(tmp_path):
    torch, safetensors = require_torch(), require("safetensors.torch")

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(7, 3)
            self.rnn = torch.nn.LSTM(3, 4, 2, bidirectional=True)
            self.norm = torch.nn.LayerNorm(8)
            self.head = torch.nn.Linear(8, 7)

        def forward(self, ids):
            return self.head(self.norm(self.rnn(self.embedding(ids))[0]))

    class Ours(nn.Module):
        def __init__(self):
            self.embedding = nn.Embedding(7, 3)
            self.rnn = nn.LSTM(3, 4, 2, bidirectional=True)
            self.norm = nn.LayerNorm(8)
            self.head = nn.Linear(8, 7)

        forward = Theirs.forward

    theirs, ours, ids = Theirs(), Ours(), np.arange(10).reshape(5, 2) % 7
    safetensors.save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    load_weights(ours, tmp_path / "model.safetensors")
    # float32: both sum about 30 products of size 1 in another order, through 5 layers
    np.testing.assert_allclose(ours(ids).data, theirs(torch.tensor(ids)).detach(), rtol=1e-5, atol=1e-6)


class Tied(nn.Module):
    """The head's weight is the table."""

    def __init__(self):
        self.table = nn.Embedding(3, 4, rng=0)
        self.head = nn.Linear(4, 3, rng=1)
        self.head.weight = self.table.weight


def test_a_shared_parameter_is_written_under_every_name_and_read_under_any(tmp_path):
    path = save_weights(Tied(), tmp_path / "tied.safetensors")
    written = read_arrays(path)
    assert sorted(written) == ["head.bias", "head.weight", "table.weight"]
    assert written["head.weight"].tobytes() == written["table.weight"].tobytes()
    for missing in ("head.weight", "table.weight"):
        model = Tied()
        model.table.weight.assign(np.zeros((3, 4)))
        write_file(path, encoded({name: array for name, array in written.items() if name != missing}))
        load_weights(model, path)
        assert np.array_equal(model.table.weight.data, written["table.weight"])


def test_a_shared_parameter_that_was_no_number_is_read_as_it_was(tmp_path):
    model = Tied()
    model.table.weight.assign(np.full((3, 4), np.nan))
    path = save_weights(model, tmp_path / "tied.safetensors")
    load_weights(other := Tied(), path)
    assert np.isnan(other.head.weight.data).all()


def test_the_file_says_what_readers_of_torch_models_look_for(tmp_path):
    with require("safetensors").safe_open(save_weights(nn.RNN(2, 2), tmp_path / "weights"), "np") as file:
        assert file.metadata()["format"] == "pt"


def test_a_shared_parameter_has_one_value(tmp_path):
    path = save_weights(Tied(), tmp_path / "tied.safetensors")
    write_file(path, encoded({**read_arrays(path), "head.weight": np.zeros((3, 4), np.float32)}))
    with pytest.raises(CheckpointError, match=r"table.weight and head.weight differ"):
        load_weights(Tied(), path)


def test_a_transposed_array_is_written_in_its_order(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(read_arrays(write_file(tmp_path / "a", encoded({"a": array.T})))["a"], array.T)


def test_strict_and_not(tmp_path):
    path = save_weights(nn.GRU(3, 4, 2, rng=0), tmp_path / "gru.safetensors")
    shallow = nn.GRU(3, 4, rng=1)
    with pytest.raises(CheckpointError, match="weight_ih_l1 is unexpected"):
        load_weights(shallow, path)
    load_weights(shallow, path, strict=False)
    assert np.array_equal(shallow.weight_ih_l0.data, nn.GRU(3, 4, 2, rng=0).weight_ih_l0.data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "could not be read"),
        (b"", "not a whole safetensors file"),
        (b"PK\3\4 what torch.save writes", "save_file"),
    ],
    ids=["missing", "empty", "pickled"],
)
def test_a_file_that_is_none(content, message, tmp_path):
    path, layer = tmp_path / "weights", nn.RNN(2, 2, rng=0)
    before = layer.state_dict()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        load_weights(layer, path)
    assert all(np.array_equal(array, before[name]) for name, array in layer.state_dict().items())


def test_a_truncated_file(tmp_path):
    path = save_weights(nn.RNN(2, 2), tmp_path / "weights")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load_weights(nn.RNN(2, 2), path)


def test_bfloat16_has_no_dtype_in_numpy(tmp_path):
    torch, safetensors = require_torch(), require("safetensors.torch")
    safetensors.save_file(torch.nn.RNN(2, 2).bfloat16().state_dict(), tmp_path / "weights")
    with pytest.raises(CheckpointError, match=r"BF16(.|\n)*model\.float\(\)"):
        load_weights(nn.RNN(2, 2), tmp_path / "weights")


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(CheckpointError, match="could not be written"):
        save_weights(nn.RNN(2, 2), tmp_path / "nowhere" / "weights")
    (tmp_path / "directory").mkdir()
    for path in (tmp_path / "directory", tmp_path / "."):
        with pytest.raises(CheckpointError, match="could not be written"):
            save_weights(nn.RNN(2, 2), path)
    assert [path.name for path in tmp_path.iterdir()] == ["directory"]


def test_a_crash_while_writing_leaves_the_last_file(tmp_path, monkeypatch):
    path = save_weights(nn.RNN(2, 2, rng=0), tmp_path / "weights")
    whole = path.read_bytes()
    monkeypatch.setattr("tinygrad_rnn.saving.files.os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(CheckpointError, match="disk full"):
        save_weights(nn.RNN(2, 2, rng=1), path)
    assert path.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [path]
