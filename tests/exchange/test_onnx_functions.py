"""Functions and modules of one's own as ONNX: for every length of their free axes, or refused in words."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.exchange.oracles import require, run_onnx
from tests.exchange.test_onnx_cells import LeakyNet
from tests.exchange.test_onnx_export import CLOSE
from tinygrad_rnn import GraphError, OptionError, nn
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.exchange import export_onnx


def check(f, path, inputs, *calls):
    """One file, and what it makes of each call."""
    onnx = require("onnx")
    export_onnx(f, path, inputs=inputs)
    graph = onnx.load(path)
    onnx.checker.check_model(graph, full_check=True)
    for call in calls:
        found, expected = run_onnx(path, **call), flatten(f(**{name: tg.tensor(x) for name, x in call.items()}))[0]
        for (name, y), exact in zip(found.items(), expected, strict=True):
            np.testing.assert_allclose(y, exact.data, err_msg=name, **CLOSE)
    return graph


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


FUNCTIONS = {
    "sizes as numbers": lambda x: x.reshape((len(x) * x.shape[1], 3)).sum(0) / len(x),
    "zeros and ones": lambda x: tg.concatenate([x, np.zeros((x.shape[0], x.shape[1], 2), np.float32)], axis=-1) + 1,
    "a ramp": lambda x: x * np.arange(len(x), dtype=np.float32)[:, None, None],
    "all but the last": lambda x: x[1:] - x[:-1],
    "the last": lambda x: x[len(x) - 1],
    "backwards": lambda x: tg.flip(x, 0)[1:, ::-1],
    "the largest of each": lambda x: tg.max(x, axis=(0, 1)),
    "centred": lambda x: (x - x.mean(0)) / tg.std(x, axis=0, ddof=1),
    "places": lambda x: x[:, :, [2, 0, 0]],
    "outer": lambda x: tg.einsum("tbi,sbi->ts", x, x),
    "nothing is computed": lambda x: x,
    "a constant": lambda x: tg.tensor(np.ones((2, 2), np.float32)) * 2,
    "true or false": lambda x: (x > 0) & ~tg.isnan(x),
    "triangle": lambda x: tg.where(
        tg.tensor(np.arange(len(x)))[:, None] <= np.arange(len(x)), tg.matmul(x[:, 0], x[:, 0].T), 0
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, tmp_path):
    shapes = [{"x": floats(4, 2, 3)}, {"x": floats(2, 5, 3)}, {"x": floats(7, 1, 3)}]
    check(FUNCTIONS[name], tmp_path / "f.onnx", {"x": ("T", "B", 3)}, *shapes)


def test_several_results_and_names(tmp_path):
    graph = check(lambda x: (x + 1, [2 * x]), tmp_path / "f.onnx", {"x": ("N",)}, {"x": floats(3)}).graph
    assert [out.name for out in graph.output] == ["y0", "y1"]
    graph = check(lambda x: {"twice": 2 * x, "more": x + 1}, tmp_path / "f.onnx", {"x": ("N", 2)}, {"x": floats(3, 2)})
    assert [out.name for out in graph.graph.output] == ["twice", "more"]
    assert [axis.dim_param or axis.dim_value for axis in graph.graph.output[0].type.tensor_type.shape.dim] == ["N", 2]


class Tagger(nn.Module):
    """As people write a model: an embedding, a layer, a head, dropout."""

    def __init__(self, layer, **options):
        self.embedding = nn.Embedding(7, 3, rng=0)
        self.rnn = layer(3, 4, 2, dropout=0.5, rng=1, **options)
        self.dropout, self.head = nn.Dropout(0.5, rng=2), nn.Linear(self.rnn.output_size, 5, rng=3)

    def forward(self, ids, lengths=None):
        output, _ = self.rnn(self.embedding(ids), lengths=lengths)
        return tg.log_softmax(self.head(self.dropout(output)))


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "batch_first": True}], ids=["plain", "both ways"])
@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, LeakyNet])
def test_a_model_of_ones_own_around_a_layer(layer, options, lengths, tmp_path):
    require("onnx")
    model, rng = Tagger(layer, **options), np.random.default_rng(0)
    inputs = {"ids": ("T", "B", int), **({"lengths": ("B", int)} if lengths else {})}
    axes = ("B", "T") if options else ("T", "B")
    inputs["ids"] = (*axes, int)
    calls = []
    for T, B in ((5, 3), (1, 1), (9, 2)):
        ids = rng.integers(0, 7, (B, T) if options else (T, B))
        calls.append({"ids": ids, **({"lengths": rng.integers(0, T + 1, B)} if lengths else {})})
    path = tmp_path / "tagger.onnx"
    before = model.training
    export_onnx(model, path, inputs=inputs)
    assert model.training is before
    assert "forward" not in vars(model.rnn)
    graph = check(model.eval(), path, inputs, *calls).graph
    kinds = {node.op_type for node in graph.node}
    assert ("Scan" if layer is LeakyNet else layer.__name__) in kinds


def test_states_that_are_passed_and_handed_back(tmp_path):
    lstm = nn.LSTM(3, 4, rng=0)

    class Carried(nn.Module):
        def __init__(self):
            self.lstm = lstm

        def forward(self, x, h, c):
            y, (h, c) = self.lstm(2 * x, (h, c))
            return {"y": y + 1, "h_n": h, "c_n": c}

    inputs = {"x": ("T", "B", 3), "h": (1, "B", 4), "c": (1, "B", 4)}
    check(Carried(), tmp_path / "f.onnx", inputs, {"x": floats(5, 2, 3), "h": floats(1, 2, 4), "c": floats(1, 2, 4)})


@pytest.mark.parametrize("topology", [nn.ManyToMany, nn.ManyToOne])
def test_topologies_inside_a_model(topology, tmp_path):
    class Model(nn.Module):
        def __init__(self):
            self.part = topology(nn.GRU(3, 4, bidirectional=True, rng=0), nn.Linear(8, 2, rng=1))

        def forward(self, x, lengths):
            return tg.tanh(self.part(x, lengths=lengths)[0])

    inputs = {"x": ("T", "B", 3), "lengths": ("B", int)}
    calls = [{"x": floats(T, 2, 3), "lengths": np.array([T, 1])} for T in (5, 3)]
    check(Model(), tmp_path / "f.onnx", inputs, *calls)


@pytest.mark.parametrize("topology", [nn.ManyToMany, nn.ManyToOne])
def test_rows_that_are_put_together(topology, tmp_path):
    """A layer on T·B rows: the length of its batch is a product."""

    class Model(nn.Module):
        def __init__(self):
            self.rnn = LeakyNet(3, 4, rng=0)

        def forward(self, x):
            T, B, S, _ = x.shape
            return self.rnn(tg.moveaxis(tg.reshape(x, (T * B, S, 3)), 1, 0))[0]

    check(Model(), tmp_path / "f.onnx", {"x": ("T", "B", "S", 3)}, {"x": floats(2, 3, 4, 3)}, {"x": floats(1, 2, 6, 3)})


def test_a_module_without_a_rule_stands_among_others(tmp_path):
    class Swish(nn.Module):
        def forward(self, x):
            return x * tg.sigmoid(x)

    onnx, path = require("onnx"), tmp_path / "model.onnx"
    parts = [LeakyNet(3, 4, rng=0), Swish(), nn.Linear(4, 2, rng=1)]
    export_onnx(parts, path, initial_state=False)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    x = floats(5, 2, 3)
    np.testing.assert_allclose(run_onnx(path, x=x)["y"], parts[2](parts[1](parts[0](x)[0])).data, **CLOSE)


def test_what_a_function_may_not_do(tmp_path):
    path = tmp_path / "f.onnx"
    require("onnx")

    def loop(x):
        h = 0.0
        for x_t in x:
            h = tg.tanh(x_t + h)
        return h

    with pytest.raises(GraphError, match=r"loop does not do the same for every B, T(.|\n)*nn.Recurrent"):
        export_onnx(loop, path, inputs={"x": ("T", "B", 3)})
    export_onnx(loop, path, inputs={"x": (4, "B", 3)})  # of four steps it is the same
    with pytest.raises(GraphError, match=r"item reads a value(.|\n)*tg.where"):
        export_onnx(lambda x: x if x.sum().item() > 0 else -x, path, inputs={"x": ("N",)})
    rng = np.random.default_rng(0)
    with pytest.raises(GraphError, match=r"does not do the same for every N(.|\n)*made of other numbers"):
        export_onnx(lambda x: x + rng.standard_normal(3), path, inputs={"x": ("N", 3)})
    with pytest.raises(GraphError, match=r"does not do the same for every N"):
        export_onnx(lambda x: x * len(x) ** 2, path, inputs={"x": ("N", 3)})
    with pytest.raises(GraphError, match=r"does not do the same for every N(.|\n)*shapes"):
        export_onnx(lambda x: x[::2], path, inputs={"x": ("N", 3)})
    with pytest.raises(GraphError, match=r"does not do the same for every N(.|\n)*an array"):
        export_onnx(lambda x: x * np.tri(len(x), 3), path, inputs={"x": ("N", 3)})
    with pytest.raises(GraphError, match=r"returns what no op computed"):
        export_onnx(lambda x: 3.0, path, inputs={"x": ("N", 3)})
    with pytest.raises(OptionError, match=r"not the arguments of <lambda>(.|\n)*\(x\)(.|\n)*z"):
        export_onnx(lambda x: x, path, inputs={"z": ("N", 3)})
    with pytest.raises(OptionError, match=r"inputs\['x'\] has an axis -1"):
        export_onnx(lambda x: x, path, inputs={"x": ("N", -1)})
    with pytest.raises(GraphError, match="there is no rule for Tagger, and nothing that tells"):
        export_onnx(Tagger(nn.GRU), path)


def test_an_op_without_a_rule_is_named_with_its_line(tmp_path):
    require("onnx")

    @tg.elementwise(x=lambda y, x: 3 * x * x)
    def cube(x):
        """y = x³.  dy/dx = 3x²."""
        return x * x * x

    try:
        with pytest.raises(
            GraphError, match=r"calls cube, which has no rule for ONNX(.|\n)*test_onnx_functions.py:\d+: .*cube"
        ):
            export_onnx(lambda x: 1 + cube(x), tmp_path / "f.onnx", inputs={"x": ("N", 3)})
    finally:
        tg.engine.op.REGISTRY.pop("cube", None)
