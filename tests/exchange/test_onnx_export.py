"""What onnxruntime makes of an exported model is what the model makes here."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import as_it_was
from tests.exchange.oracles import parts, random_states, require, run_onnx
from tinygrad_rnn import CheckpointError, GraphError, nn
from tinygrad_rnn.exchange import export_onnx, rule
from tinygrad_rnn.exchange.onnx.rules import RULES

# float32, sums of at most 20 products, 4 layers, 9 steps, weights of at most 1/√H: below 4e-7 in 2,000 random layers
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
VARIANTS = {
    "RNN": {},
    "RNN relu": {"nonlinearity": "relu"},
    "LSTM": {},
    "LSTM peepholes": {"peepholes": True},
    "LSTM projection": {"proj_size": 3},
    "GRU": {},
    "GRU paper": {"reset_after": False},
    "GRU learnt": {"learn_initial": True},
}


@pytest.fixture
def rules():
    """The rules, as they were."""
    yield from as_it_was(RULES)


def build(variant, *sizes, **options):
    return getattr(nn, variant.split()[0])(*sizes, **VARIANTS[variant], **options)


def exported(model, path, **options):
    onnx = require("onnx")
    path = export_onnx(model, path, **options)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return path


def assert_equal(model, path, x, state, lengths):
    """One layer, or what stands on it, here and there; what stands in the pads is not a number."""
    inputs, layer = {"x": x}, getattr(model, "rnn", model)
    if lengths is not None:
        inputs["lengths"] = np.asarray(lengths, np.int32)
        rows = x if layer.batch_first else np.swapaxes(x, 0, 1)
        for row, length in zip(rows, lengths, strict=True):
            row[length:] = np.nan
    if state is not None:
        inputs |= parts(state, [f"{name}_0" for name in layer.cell_type.states])
    output, last = model(x, state, lengths=lengths)
    expected = {"y": output, **parts(last, [f"{name}_n" for name in layer.cell_type.states])}
    found = run_onnx(path, **inputs)
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value.data, err_msg=name, **CLOSE)


@pytest.mark.parametrize("lengths", [None, [6, 1, 4]], ids=["whole", "lengths"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_kind_of_layer(variant, layers, bidirectional, lengths, tmp_path):
    layer = build(variant, 3, 5, layers, bidirectional=bidirectional, rng=0)
    path, rng = exported(layer, tmp_path / "layer.onnx", lengths=lengths is not None), np.random.default_rng(1)
    x, state = rng.standard_normal((6, 3, 3)).astype(np.float32), random_states(rng, layer, 3)
    assert_equal(layer, path, x, state, lengths)


@given(st.data())
def test_any_layer(tmp_path_factory, data):
    draw = data.draw
    variant, I, H, L = draw(st.sampled_from(list(VARIANTS))), *(draw(st.integers(1, 4)) for _ in range(3))
    names = ("bias", "bidirectional", "batch_first")
    layer = build(variant, I, H + 3, L, rng=0, **{name: draw(st.booleans()) for name in names})
    with_lengths, with_state = draw(st.booleans()), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    for values in layer.parameters():  # what is learnt is not what it began with
        values.assign(rng.uniform(-1, 1, values.shape) / np.sqrt(H + 3))
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    exported(layer, path, lengths=with_lengths, initial_state=with_state)
    for _ in range(2):  # one file, another T and B
        T, B = draw(st.integers(1, 9)), draw(st.integers(1, 4))
        x = rng.standard_normal((B, T, I) if layer.batch_first else (T, B, I)).astype(np.float32)
        lengths = [draw(st.integers(0, T)) for _ in range(B)] if with_lengths else None
        assert_equal(layer, path, x, random_states(rng, layer, B) if with_state else None, lengths)


def test_the_state_handed_back_goes_on(tmp_path):
    layer = nn.LSTM(3, 5, 2, rng=0)
    path, x = exported(layer, tmp_path / "lstm.onnx"), np.random.default_rng(0).standard_normal((8, 2, 3), np.float32)
    state = {"h_0": np.zeros((2, 2, 5), np.float32), "c_0": np.zeros((2, 2, 5), np.float32)}
    first = run_onnx(path, x=x[:5], **state)
    second = run_onnx(path, x=x[5:], h_0=first["h_n"], c_0=first["c_n"])
    np.testing.assert_allclose(np.concatenate([first["y"], second["y"]]), layer(x)[0].data, **CLOSE)


@pytest.mark.parametrize("lengths", [None, [6, 0, 4]], ids=["whole", "lengths"])
def test_without_an_input_for_it_the_state_begins_as_learnt(lengths, tmp_path):
    layer, rng = nn.LSTM(3, 5, 2, bidirectional=True, learn_initial=True, rng=0), np.random.default_rng(0)
    for name, values in layer.named_parameters():
        if name.startswith(("h_0", "c_0")):
            values.assign(rng.standard_normal(5))
    path = exported(layer, tmp_path / "lstm.onnx", lengths=lengths is not None, initial_state=False)
    assert_equal(layer, path, rng.standard_normal((6, 3, 3), np.float32), None, lengths)


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_model_from_ids_to_logits(batch_first, tmp_path):
    embedding, norm, head = nn.Embedding(7, 3, rng=0), nn.LayerNorm(8), nn.Linear(8, 7, rng=2)
    rnn = nn.GRU(3, 4, 2, bidirectional=True, batch_first=batch_first, dropout=0.5, rng=1)
    path = tmp_path / "model.onnx"
    exported([embedding, rnn, nn.Sequential(norm, nn.Dropout(0.5), head)], path, lengths=True, initial_state=False)
    ids, lengths = np.arange(15).reshape(5, 3) % 7, np.array([5, 2, 0], np.int32)
    x = ids.T if batch_first else ids
    expected = head(norm(rnn.eval()(embedding(x), lengths=lengths)[0])).data
    np.testing.assert_allclose(run_onnx(path, x=x, lengths=lengths)["y"], expected, **CLOSE)


@pytest.mark.parametrize("lengths", [None, [6, 1, 0]], ids=["whole", "lengths"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("topology", [nn.ManyToMany, nn.ManyToOne])
def test_topologies(topology, bidirectional, lengths, tmp_path):
    for head in (None, nn.Linear(4 * (1 + bidirectional), 2, rng=1)):
        rnn = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=bidirectional, rng=0)
        path = exported(topology(rnn, head), tmp_path / "model.onnx", lengths=lengths is not None)
        rng = np.random.default_rng(0)
        assert_equal(
            topology(rnn, head), path, rng.standard_normal((3, 6, 3), np.float32), random_states(rng, rnn, 3), lengths
        )


@pytest.mark.parametrize("lengths", [None, [6, 1, 0]], ids=["whole", "lengths"])
@pytest.mark.parametrize("topology", [nn.ManyToMany, nn.ManyToOne])
@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell])
def test_topologies_of_a_cell(cell, topology, lengths, tmp_path):
    model, rng = topology(cell(3, 4, rng=0), nn.Linear(4, 2, rng=1)), np.random.default_rng(0)
    path, x = (
        exported(model, tmp_path / "model.onnx", lengths=lengths is not None),
        rng.standard_normal((6, 3, 3), "f4"),
    )
    states = [rng.standard_normal((3, 4), "f4") for _ in model.rnn.states]
    inputs = {"x": x, **{f"{name}_0": part for name, part in zip(model.rnn.states, states, strict=True)}}
    if lengths is not None:
        inputs["lengths"] = np.asarray(lengths, np.int32)
    output, last = model(x, tuple(states), lengths=lengths)
    expected = {"y": output, **parts(last, [f"{name}_n" for name in model.rnn.states])}
    for name, found in run_onnx(path, **inputs).items():
        np.testing.assert_allclose(found, expected[name].data, err_msg=name, **CLOSE)


def test_the_shapes_are_declared_with_free_batch_and_time(tmp_path):
    onnx = require("onnx")
    layers = [nn.Embedding(7, 3), nn.LSTM(3, 4, 2, bidirectional=True), nn.Linear(8, 7)]
    graph = onnx.load(export_onnx(layers, tmp_path / "model.onnx", lengths=True)).graph
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in [*graph.input, *graph.output]
    }
    state = [4, "B", 4]
    assert shapes == {
        "x": ["T", "B"],
        "h_0": state,
        "c_0": state,
        "lengths": ["B"],
        "y": ["T", "B", 7],
        "h_n": state,
        "c_n": state,
    }


def test_each_of_several_recurrent_layers_has_its_states(tmp_path):
    first, second = nn.GRU(3, 4, rng=0), nn.LSTM(4, 5, rng=1)
    path, rng = exported([first, second], tmp_path / "two.onnx"), np.random.default_rng(0)
    x, h, state = (
        rng.standard_normal((6, 2, 3), np.float32),
        random_states(rng, first, 2),
        random_states(rng, second, 2),
    )
    found = run_onnx(path, x=x, **{"rnn0.h_0": h, "rnn1.h_0": state[0], "rnn1.c_0": state[1]})
    between, h_n = first(x, h)
    output, (h_m, c_m) = second(between, state)
    for name, value in {"y": output, "rnn0.h_n": h_n, "rnn1.h_n": h_m, "rnn1.c_n": c_m}.items():
        np.testing.assert_allclose(found[name], value.data, err_msg=name, **CLOSE)


@pytest.mark.parametrize(
    "norm",
    [nn.LayerNorm(3), nn.LayerNorm((2, 3), eps=0.1), nn.LayerNorm(3, bias=False), nn.LayerNorm(3, 0.1, False)],
    ids=["plain", "two axes", "no bias", "not affine"],
)
def test_layer_norm(norm, tmp_path):
    for values in norm.parameters():
        values.assign(np.random.default_rng(0).standard_normal(values.shape))
    x = np.random.default_rng(1).standard_normal((5, 4, *norm.normalized_shape)).astype(np.float32)
    found = run_onnx(exported(norm, tmp_path / "norm.onnx"), x=x)["y"]
    np.testing.assert_allclose(found, norm(x).data, **CLOSE)


def test_float64_is_written_as_float32_which_runtimes_run(tmp_path):
    layer = nn.RNN(3, 4, dtype=np.float64, rng=0)
    x = np.random.default_rng(0).standard_normal((5, 2, 3)).astype(np.float32)
    found = run_onnx(exported(layer, tmp_path / "rnn.onnx", initial_state=False), x=x)
    assert found["y"].dtype == np.float32
    np.testing.assert_allclose(found["y"], layer(x)[0].data, **CLOSE)


def test_what_onnx_cannot_say(tmp_path):
    class Doubled(nn.LSTM):
        def forward(self, x, hx=None, *, lengths=None):
            return super().forward(2 * x, hx, lengths=lengths)

    path = tmp_path / "model.onnx"
    require("onnx")
    with pytest.raises(GraphError, match=r"no rule for Doubled(.|\n)*GRU, LSTM, LayerNorm, Linear"):
        export_onnx(Doubled(3, 4), path)
    with pytest.raises(GraphError, match=r"Doubled does not do the same for every B, T"):
        export_onnx([nn.Embedding(3, 3), Doubled(3, 4)], path)
    with pytest.raises(GraphError, match="computes nothing"):
        export_onnx(nn.Dropout(), path)
    with pytest.raises(GraphError, match=r"no rule for GRUCell(.|\n)*inputs="):
        export_onnx(nn.GRUCell(3, 4), path)
    assert not path.exists()


def test_parts_that_do_not_fit_each_other(tmp_path):
    require("onnx")
    with pytest.raises(GraphError, match=r"cannot read what the part before(.|\n)*GRU\+Linear"):
        export_onnx([nn.GRU(3, 4), nn.Linear(5, 2)], tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_projection_that_not_every_h_comes_out_of(tmp_path):
    layer = nn.LSTM(3, 5, proj_size=2, rng=0)
    layer.weight_hr_l0.assign(np.ones((2, 5)))
    require("onnx")
    with pytest.raises(GraphError, match=r"any h_0(.|\n)*rank 2(.|\n)*initial_state=False"):
        export_onnx(layer, tmp_path / "lstm.onnx")
    x = np.random.default_rng(0).standard_normal((6, 3, 3), np.float32)
    assert_equal(layer, exported(layer, tmp_path / "lstm.onnx", initial_state=False), x, None, None)


def test_a_module_of_ones_own_brings_its_rule(rules, tmp_path):
    class Scale(nn.Module):
        def __init__(self, by):
            self.by = nn.Parameter(np.full(1, by, np.float32))

        def forward(self, x):
            return x * self.by

    @rule(Scale)
    def scale(module, x, builder):
        return builder.value("Mul", x, builder.weight("by", module.by.data))

    path, x = exported([nn.Linear(3, 2, rng=0), Scale(2.0)], tmp_path / "scale.onnx"), np.ones((4, 1, 3), np.float32)
    np.testing.assert_allclose(run_onnx(path, x=x)["y"], 2 * nn.Linear(3, 2, rng=0)(x).data, **CLOSE)


def test_without_the_package_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    monkeypatch.setitem(__import__("sys").modules, "onnx.shape_inference", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tinygrad-rnn\[onnx\]'"):
        export_onnx(nn.RNN(3, 4), tmp_path / "rnn.onnx")


def test_a_place_that_cannot_be_written(tmp_path):
    require("onnx")
    with pytest.raises(CheckpointError, match="could not be written"):
        export_onnx(nn.RNN(3, 4), tmp_path / "nowhere" / "rnn.onnx")
