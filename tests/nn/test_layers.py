"""What every recurrent layer has, whatever its cell: directions, lengths, streaming, dropouts, first states, errors."""

from functools import partial

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.nn import recurrent
from tinygrad_rnn.testing import check_recurrent


class Leaky(nn.Cell):
    """h′ = 0.9 h + 0.1 tanh(W_ih x + W_hh h + b)."""

    def step(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * tg.tanh(self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


class Passing(nn.Cell):
    """h′ = x: what dropout does to the outputs between layers is all there is to see."""

    def step(self, x, state):
        return (x + 0 * state[0],)


class PassingNet(nn.Recurrent):
    cell_type = Passing


LAYERS = {
    **{layer.__name__: partial(layer, 3, 4) for layer in recurrent.LAYERS.values()},
    "projection": lambda **o: nn.LSTM(3, 4, proj_size=2, **o),
    "peepholes": lambda **o: nn.LSTM(3, 4, peepholes=True, **o),
    "normalised": lambda **o: nn.LSTM(3, 4, layer_norm=True, **o),
    "normalised RNN": lambda **o: nn.RNN(3, 4, layer_norm=True, **o),
    "paper's GRU": lambda **o: nn.GRU(3, 4, reset_after=False, layer_norm=True, **o),
    "one's own": lambda **o: LeakyNet(3, 4, **o),
}
every_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def normal(a):
    """a with mean 0 and variance 1."""
    return (a - a.mean()) / np.sqrt(a.var() + 1e-5)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@every_layer
def test_the_laws_of_recurrences_hold(make, bidirectional):
    layer = make(num_layers=2, bidirectional=bidirectional, learn_initial=True, rng=0)
    report = check_recurrent(layer, numbers(4, 3, 3), lengths=[2, 0, 3])
    assert {"differences", "rows alone", "pads"} <= set(report.laws)


@pytest.mark.parametrize("batch", [(), (2,)], ids=["alone", "batch"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
@every_layer
def test_streaming_is_the_whole_to_the_bit(make, batch_first, batch):
    layer = make(num_layers=2, batch_first=batch_first, rng=0)
    x = numbers(6, *batch, 3, dtype=np.float32)
    output, ends = layer(x.swapaxes(0, 1) if batch_first and batch else x)
    state = None
    for t, x_t in enumerate(x):
        y, state = layer.step(x_t, state)
        assert np.array_equal(y.data, output.data[:, t] if batch_first and batch else output.data[t])
    for end, part in zip(ends, state, strict=True):
        assert np.array_equal(end.data, part.data)


def test_streaming_is_drawn_in_the_steps_of_the_caller():
    layer, state = nn.GRU(3, 4, rng=0), None
    for t, x_t in enumerate(numbers(3, 3, dtype=np.float32), 1):
        with tg.step(t):
            y, state = layer.step(x_t, state)
    found = [(n.role, n.step) for n in tg.graph(y.sum()).nodes if n.role in ("initial_state", "hidden_state")]
    assert found == [("initial_state", 0), *[("hidden_state", t) for t in (1, 2, 3)]]


def test_one_direction_only_can_be_streamed():
    with pytest.raises(tg.GraphError, match="second direction starts at the last step"):
        nn.GRU(3, 4, bidirectional=True).step(np.ones(3))
    with pytest.raises(tg.ShapeError, match="x has 3 axes"):
        nn.GRU(3, 4).step(np.ones((5, 2, 3)))
    with pytest.raises(tg.ShapeError, match="initial state does not fit"):
        nn.GRU(3, 4).step(np.ones((2, 3)), np.ones((1, 3, 4)))


@every_layer
def test_the_second_direction_is_the_first_on_the_reversed_sequence(make):
    layer, x = make(bidirectional=True, rng=0, dtype=np.float64), numbers(5, 2, 3)
    output, ends = layer(x)
    single = make(rng=0, dtype=np.float64)
    single.load_state_dict(
        {name.removesuffix("_reverse"): value for name, value in layer.state_dict().items() if "_reverse" in name}
    )
    backwards, last = single(x[::-1])
    P = single.output_size
    assert layer.output_size == 2 * P
    np.testing.assert_array_equal(output.data[:, :, P:], backwards.data[::-1])
    ends, last = (e if isinstance(e, tuple) else (e,) for e in (ends, last))
    for end, other in zip(ends, last, strict=True):
        np.testing.assert_array_equal(end.data[1], other.data[0])


def test_each_direction_is_recorded_at_the_time_it_reads():
    graph = tg.graph(nn.RNN(3, 4, bidirectional=True, rng=0)(numbers(3, 3))[0].sum())
    at = {
        way: [n.step for n in graph.nodes if n.role == "hidden_state" and n.scope[-1] == way]
        for way in ("l0", "l0_reverse")
    }
    assert at == {"l0": [1, 2, 3], "l0_reverse": [3, 2, 1]}
    assert [n.step for n in graph.nodes if n.role == "input"] == [1, 2, 3]
    assert viz.draw(graph).dot.count("weight_hh_l0_reverse") >= 1


def test_lengths_without_a_pad_add_no_node():
    layer, x = nn.LSTM(3, 4, rng=0), numbers(4, 2, 3)
    plain, full = (len(tg.graph(layer(x, lengths=n)[0].sum()).nodes) for n in (None, [4, 4]))
    assert plain == full


@pytest.mark.parametrize(
    ("lengths", "error", "said"),
    [
        ([1.0, 2.0], tg.DTypeError, "lengths are float64"),
        ([True, False], tg.DTypeError, "lengths are bool"),
        ([1, 2, 3], tg.ShapeError, "one length for each of 2 rows"),
        (3, tg.ShapeError, "one length for each of 2 rows"),
        ([1, 5], tg.ShapeError, "not in 0 … 4"),
        ([-1, 2], tg.ShapeError, "-1 … 2"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(lengths, error, said):
    with pytest.raises(error, match=said):
        nn.GRU(3, 4)(np.ones((4, 2, 3)), lengths=lengths)


def test_a_row_without_a_batch_has_one_length():
    layer, x = nn.GRU(3, 4, rng=0), numbers(5, 3)
    output, h_n = layer(x, lengths=2)
    short, last = layer(x[:2])
    np.testing.assert_array_equal(output.data, np.concatenate([short.data, np.zeros((3, 4))]))
    np.testing.assert_array_equal(h_n.data, last.data)
    with pytest.raises(tg.ShapeError, match="one number, as x has no batch"):
        layer(x, lengths=[2])


def test_variational_dropout_drops_the_same_places_at_every_step():
    x = np.ones((6, 2, 50))
    steady, shaking = (PassingNet(50, 50, 2, dropout=0.5, variational=kind, rng=0)(x)[0].data for kind in (True, False))
    assert set(np.unique(steady)) == {0.0, 2.0}  # x/(1 − p): the mean stays
    assert (steady == steady[0]).all()
    assert not (shaking == shaking[0]).all()
    net = PassingNet(50, 50, 2, dropout=0.5, variational=True, rng=0)
    assert not np.array_equal(net(x)[0].data, net(x)[0].data)  # another sequence, another mask
    assert (net.eval()(x)[0].data == 1).all()


@pytest.mark.parametrize("options", [{}, {"reset_after": False}], ids=["reset after", "reset before"])
def test_recurrent_dropout_drops_of_h_what_goes_into_the_weights_and_not_what_is_carried(options):
    layer = nn.GRU(3, 4, recurrent_dropout=0.5, rng=0, dtype=np.float64, **options)
    plain = nn.GRU(3, 4, rng=0, dtype=np.float64, **options)
    plain.load_state_dict(layer.state_dict())
    x = numbers(5, 2, 3)
    dict(layer.named_modules())["recurrent_dropout"].rng = np.random.default_rng(3)
    mask = nn.Dropout(0.5, rng=3).mask((2, 4), np.float64)
    h = np.zeros((2, 4))
    p = {name.removesuffix("_l0"): value for name, value in layer.state_dict().items()}

    for x_t, found in zip(x, layer(x)[0].data, strict=True):
        a = x_t @ p["weight_ih"].T + p["bias_ih"]
        u = (h * mask) @ p["weight_hh"].T + p["bias_hh"]
        r, z = sigmoid(a[:, :4] + u[:, :4]), sigmoid(a[:, 4:8] + u[:, 4:8])
        candidate = r * u[:, 8:] if not options else (r * h * mask) @ p["weight_hh"][8:].T + p["bias_hh"][8:]
        h = (1 - z) * np.tanh(a[:, 8:] + candidate) + z * h
        np.testing.assert_allclose(found, h, rtol=1e-12)
    np.testing.assert_array_equal(layer.eval()(x)[0].data, plain(x)[0].data)


def test_a_learnt_first_state_is_a_parameter_of_each_layer_and_direction():
    layer = nn.LSTM(3, 4, 2, bidirectional=True, learn_initial=True, rng=0)
    names = [f"{part}_0_l{k}{end}" for k in (0, 1) for end in ("", "_reverse") for part in ("h", "c")]
    assert [name for name, _ in layer.named_parameters() if "_0_l" in name] == names
    layer.h_0_l0.assign(np.full(4, 0.5))
    output, _ = layer(numbers(5, 2, 3))
    output.sum().backward()
    assert all(getattr(layer, name).grad is not None for name in names)
    given, _ = layer(numbers(5, 2, 3), (np.zeros((4, 2, 4)), np.zeros((4, 2, 4))))
    assert not np.array_equal(given.data, output.data)


def test_peepholes_in_numpy():
    cell = nn.LSTMCell(3, 4, peepholes=True, rng=0, dtype=np.float64)
    p, x, h, c = cell.state_dict(), numbers(3), numbers(4, seed=1), numbers(4, seed=2)
    i, f, g, o = (p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]).reshape(4, 4)
    to_i, to_f, to_o = p["peephole"]
    after = c / (1 + np.exp(-f - to_f * c)) + np.tanh(g) / (1 + np.exp(-i - to_i * c))
    found_h, found_c = cell(x, (h, c))
    np.testing.assert_allclose(found_c.data, after, rtol=1e-13)  # float64
    np.testing.assert_allclose(found_h.data, np.tanh(after) / (1 + np.exp(-o - to_o * after)), rtol=1e-13)


def test_a_layer_normalised_lstm_in_numpy():
    cell = nn.LSTMCell(3, 4, layer_norm=True, rng=0, dtype=np.float64)
    for parameter in cell.parameters():
        parameter.assign(numbers(*parameter.shape, seed=parameter.size))
    p, x, h, c = cell.state_dict(), numbers(3), numbers(4, seed=1), numbers(4, seed=2)

    i, f, g, o = (
        normal(p["weight_ih"] @ x) * p["gain_ih"]
        + p["bias_ih"]
        + normal(p["weight_hh"] @ h) * p["gain_hh"]
        + p["bias_hh"]
    ).reshape(4, 4)
    after = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    found_h, found_c = cell(x, (h, c))
    np.testing.assert_allclose(found_c.data, after, rtol=1e-12)  # float64
    np.testing.assert_allclose(
        found_h.data, np.tanh(normal(after) * p["gain_c"] + p["bias_c"]) / (1 + np.exp(-o)), rtol=1e-12
    )


def test_a_projection_is_smaller_than_the_cell():
    layer = nn.LSTM(3, 5, 2, proj_size=2, rng=0, recurrent_init="orthogonal")
    output, (h_n, c_n) = layer(numbers(4, 6, 3))
    assert (output.shape, h_n.shape, c_n.shape) == ((4, 6, 2), (2, 6, 2), (2, 6, 5))
    with pytest.raises(tg.ShapeError, match="proj_size=5"):
        nn.LSTM(3, 5, proj_size=5)


def test_layer_norm_is_torchs():
    torch = require_torch()
    ours, theirs = nn.LayerNorm((3, 4), dtype=np.float64), torch.nn.LayerNorm((3, 4), dtype=torch.float64)
    state = {name: numbers(3, 4, seed=k) for k, name in enumerate(("weight", "bias"))}
    ours.load_state_dict(state)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    x = numbers(2, 3, 4)
    np.testing.assert_allclose(ours(x).data, theirs(torch.tensor(x)).detach(), rtol=1e-12)  # float64
    assert [*nn.LayerNorm(3, elementwise_affine=False).parameters()] == []
    assert [name for name, _ in nn.LayerNorm(3, bias=False).named_parameters()] == ["weight"]
    with pytest.raises(tg.ShapeError, match="does not end in the axes"):
        ours(np.ones((4, 3)))
    with pytest.raises(tg.ShapeError, match="does not end in the axes"):
        ours(np.ones(4))


def test_sequential_runs_one_after_another():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.LayerNorm(3), nn.Linear(3, 1, rng=1))
    x = numbers(5, 2, dtype=np.float32)
    np.testing.assert_array_equal(net(x).data, net[2](net[1](net[0](x))).data)
    assert len(net) == 3
    for wrong in (3, None, nn.Tanh):
        with pytest.raises(tg.errors.OptionError, match="Sequential: a part is not a module"):
            nn.Sequential(wrong)
    with pytest.raises(tg.ShapeError, match="pass on the output"):
        nn.Sequential(nn.GRU(2, 3), nn.Linear(3, 1))(np.ones((5, 2)))


def test_a_forget_bias_needs_a_bias():
    with pytest.raises(ValueError, match="forget_bias needs bias=True"):
        nn.LSTM(3, 4, bias=False, forget_bias=1.0)


def test_no_projection_below_zero():
    with pytest.raises(tg.ShapeError, match="proj_size=-1"):
        nn.LSTM(3, 5, proj_size=-1)


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_first_values_fill_their_bounds(cell):
    made = cell(16, 64, rng=0, **({"peepholes": True} if cell is nn.LSTMCell else {}))
    for name, p in made.named_parameters():  # 1/√64; the largest of ≥ 64 uniform draws misses 10 % with p < 0.2 %
        assert 0.9 / 8 < np.abs(p.data).max() <= 1 / 8, name


def test_every_gate_has_an_orthogonal_block_of_its_own():
    blocks = nn.GRU(3, 4, rng=0, recurrent_init="orthogonal").weight_hh_l0.data.reshape(3, 4, 4)
    assert not np.array_equal(blocks[0], blocks[1])


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_layer_normalised_gru_in_numpy(reset_after):
    cell = nn.GRUCell(3, 4, layer_norm=True, reset_after=reset_after, rng=0, dtype=np.float64)
    for parameter in cell.parameters():
        parameter.assign(numbers(*parameter.shape, seed=parameter.size))
    cell.gain_hh.assign(numbers(12, seed=99))
    cell.bias_hh.assign(numbers(12, seed=98))
    p, x, h = cell.state_dict(), numbers(3), numbers(4, seed=1)
    a = normal(p["weight_ih"] @ x) * p["gain_ih"] + p["bias_ih"]
    if reset_after:
        u = normal(p["weight_hh"] @ h) * p["gain_hh"] + p["bias_hh"]
    else:
        u = normal(p["weight_hh"][:8] @ h) * p["gain_hh"][:8] + p["bias_hh"][:8]
    r, z = sigmoid(a[:4] + u[:4]), sigmoid(a[4:8] + u[4:8])
    n = r * u[8:] if reset_after else normal(p["weight_hh"][8:] @ (r * h)) * p["gain_hh"][8:] + p["bias_hh"][8:]
    np.testing.assert_allclose(cell(x, h).data, (1 - z) * np.tanh(a[8:] + n) + z * h, rtol=1e-12)  # float64


def test_a_cell_takes_one_step():
    with pytest.raises(tg.ShapeError, match="x has 3 axes"):
        nn.GRUCell(3, 4)(np.ones((5, 2, 3)))


def test_a_state_handed_in_is_an_initial_state_at_step_0():
    cases = [(nn.GRU(3, 4, rng=0), numbers(2, 3), numbers(1, 4)), (nn.GRUCell(3, 4, rng=0), numbers(3), numbers(4))]
    for net, x, hx in cases:
        y = net(x, tg.tensor(hx))
        y = y[0] if isinstance(y, tuple) else y
        nodes = tg.graph(y.sum()).nodes
        assert [(n.name, n.step) for n in nodes if n.role == "initial_state"] == [("h carried", 0)]


def test_errors_say_which_step_of_how_many():
    class Bad(nn.Cell):
        def step(self, x, state):
            return (tg.matmul(x, x),)

    class Net(nn.Recurrent):
        cell_type = Bad

    with pytest.raises(tg.ShapeError, match="Net/l0, step 1 of 5"):
        Net(3, 4, rng=0)(numbers(5, 2, 3))


def test_streaming_drops_between_layers_while_training():
    layer, x = nn.GRU(3, 4, 2, dropout=0.5, rng=0), numbers(2, 3)
    assert not np.array_equal(layer.step(x)[0].data, layer.step(x)[0].data)
    with pytest.warns(UserWarning, match="does nothing"):
        single = nn.GRU(3, 4, dropout=0.5, rng=0)  # nothing lies between the layers of one
    assert np.array_equal(single.step(x)[0].data, single.step(x)[0].data)
    assert np.array_equal(single(x[None])[0].data, single(x[None])[0].data)
    kept = nn.GRU(3, 4, recurrent_dropout=0.5, rng=0)
    same = nn.GRU(3, 4, 2, dropout=0.5, variational=True, rng=0)
    for net in (kept, same):
        with pytest.raises(tg.GraphError, match="drops the same all through a sequence"):
            net.step(x)
    for net in (layer, kept, same):
        net.eval()
        first = np.ones((net.num_layers, 2, 4))
        assert np.array_equal(net.step(x, first)[0].data, net.step(x, first)[0].data)


def test_variational_dropout_drops_other_places_of_each_row():
    y = PassingNet(50, 50, 2, dropout=0.5, variational=True, rng=0)(np.ones((3, 2, 50)))[0].data
    assert not np.array_equal(y[:, 0], y[:, 1])


def test_recurrent_dropout_of_a_projection():
    layer = nn.LSTM(3, 5, proj_size=2, recurrent_dropout=0.5, rng=0)
    assert layer(numbers(4, 2, 3))[0].shape == (4, 2, 2)


def test_no_layer_is_no_net():
    with pytest.raises(tg.ShapeError, match="num_layers=0"):
        nn.GRU(3, 4, 0)


def test_one_seed_gives_one_sequence_of_masks_and_each_layer_weights_of_its_own():
    a, b = (nn.GRU(3, 4, 2, dropout=0.5, recurrent_dropout=0.5, rng=7) for _ in range(2))
    x = numbers(5, 2, 3)
    assert np.array_equal(a(x)[0].data, b(x)[0].data)
    assert not np.array_equal(a.weight_hh_l0.data, a.weight_hh_l1.data)


def test_where_each_node_stands():
    both = nn.GRU(3, 4, 2, bidirectional=True, dropout=0.5, rng=0)
    nodes = tg.graph(both(numbers(3, 2, 3))[0].sum()).nodes
    assert [n.step for n in nodes if n.op == "concatenate"] == [1, 2, 3] * 2  # both directions of each layer meet
    plain = nn.GRU(3, 4, 2, dropout=0.5, rng=0)
    nodes = tg.graph(plain(numbers(3, 2, 3))[0].sum()).nodes
    assert [n.scope for n in nodes if n.role == "input"] == [("GRU", "l0")] * 3
    layer = nn.GRU(3, 4, rng=0)
    named = tg.label(tg.tensor(numbers(3)), "input", "token")
    nodes = tg.graph(layer.step(named)[0].sum()).nodes
    assert [n.name for n in nodes if n.role == "input"] == ["token"]
    assert [n.scope for n in nodes if n.role == "hidden_state"] == [("GRU", "l0")]


def test_layer_norm_options():
    torch = require_torch()
    x = 1e-3 * numbers(2, 4)
    ours, theirs = nn.LayerNorm(4, 0.1, False, dtype=np.float64), torch.nn.LayerNorm(4, 0.1, False)
    np.testing.assert_allclose(ours(x).data, theirs(torch.tensor(x)), rtol=1e-12)  # float64
    assert ours.bias is None


@pytest.mark.parametrize("p", [1, -0.1, float("nan")])
def test_a_dropout_of_everything_is_refused(p):
    with pytest.raises(ValueError, match=r"expected +a probability"):
        nn.Dropout(p)


def test_sequential_from_the_end():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 1))
    assert net[-1] is net[2]


def test_a_cell_with_a_layer_inside():
    class Deep(nn.RNNCell):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.inner = nn.Linear(self.hidden_size, self.hidden_size, rng=0)

        def step(self, x, state):
            return super().step(x, (self.inner(state[0]),))

    class Net(nn.Recurrent):
        cell_type = Deep

    net = Net(3, 4, 2, rng=0)
    net(numbers(5, 2, 3))[0].sum().backward()
    assert dict(net.named_parameters())["inner.weight_l1"].grad is not None


def test_what_is_assigned_is_what_is_computed_with():
    net, x = nn.GRU(3, 4, rng=0), numbers(5, 2, 3)
    net.bias_ih_l0 = None
    plain = nn.GRU(3, 4, rng=0)
    plain.bias_ih_l0.assign(np.zeros(12))
    np.testing.assert_array_equal(net(x)[0].data, plain(x)[0].data)


@pytest.mark.parametrize("made", [lambda h: h, lambda h: (h, h), lambda h: [h]])
def test_a_step_returns_the_parts_of_its_state(made):
    class Wrong(nn.Cell):
        def step(self, x, state):
            return made(tg.tanh(self.project_input(x)))

    class Net(nn.Recurrent):
        cell_type = Wrong

    with pytest.raises(tg.ShapeError, match=r"Wrong\.step"):
        Net(3, 4, rng=0)(numbers(5, 1, 3))


def test_arguments_stand_in_torchs_order():
    layer = nn.RNN(3, 4, 2, "relu", False, True, 0.5, True)
    assert "bias_ih_l0" not in layer.state_dict()
    assert (layer.batch_first, layer.dropout, layer.bidirectional) == (True, 0.5, True)
    assert {cell.nonlinearity for cell in layer.cells.values()} == {"relu"}
    cell = nn.RNNCell(3, 4, False, "relu")
    assert (cell.bias_hh, cell.nonlinearity) == (None, "relu")
    with pytest.raises(tg.errors.OptionError, match="nonlinearity=False"):
        nn.RNN(3, 4, 1, False)
    torch = require_torch()
    theirs, ours = torch.nn.RNN(3, 4, 2, "relu", True, True), nn.RNN(3, 4, 2, "relu", True, True)
    ours.load_state_dict(theirs.state_dict())
    x = numbers(2, 5, 3).astype(np.float32)
    np.testing.assert_allclose(ours(x)[0].data, theirs(torch.tensor(x))[0].detach(), rtol=1e-5, atol=1e-6)  # float32


def test_dropout_is_a_number_that_is_checked_when_it_is_set():
    layer = nn.GRU(3, 4, 2, dropout=0.25, recurrent_dropout=0.1, rng=0)
    assert (layer.dropout, layer.recurrent_dropout) == (0.25, 0.1)
    for name in ("dropout", "recurrent_dropout"):
        for wrong in (1.0, -0.1, "0.5", None, nn.Dropout(0.5)):
            with pytest.raises(tg.OptionError, match=f"GRU: {name}="):
                setattr(layer, name, wrong)
    assert (layer.dropout, layer.recurrent_dropout) == (0.25, 0.1)
    x = numbers(4, 2, 3)
    assert not np.array_equal(layer(x)[0].data, layer(x)[0].data)
    layer.dropout = layer.recurrent_dropout = 0.0
    assert np.array_equal(layer(x)[0].data, layer(x)[0].data)
    drop = nn.Dropout(0.5)
    with pytest.raises(tg.OptionError, match="Dropout: p=2"):
        drop.p = 2


def test_a_warning_where_dropout_does_nothing_says_the_users_line():
    with pytest.warns(UserWarning, match="num_layers=1") as made:
        layer = nn.RNN(3, 4, dropout=0.5)
    with pytest.warns(UserWarning, match="num_layers=1") as changed:
        layer.dropout = 0.25
    assert [w.filename for w in (*made, *changed)] == [__file__, __file__]
    nn.RNN(3, 4, recurrent_dropout=0.5)
    layer.dropout = 0  # and none, as warnings are errors here


def test_a_held_state_is_the_one_that_is_named():
    nodes = tg.graph(nn.RNN(3, 4, rng=0)(numbers(3, 2, 3), lengths=[1, 3])[1].sum()).nodes
    assert [(n.op, n.step) for n in nodes if n.role == "hidden_state"] == [("tanh", 1), ("where", 2), ("where", 3)]


def test_p_is_the_share_that_is_dropped():
    y = nn.Dropout(0.9, rng=0)(tg.tensor(np.ones(10_000))).data
    assert abs((y == 0).mean() - 0.9) < 0.02  # six standard deviations: √(0.9·0.1/10⁴) = 0.003


@pytest.mark.parametrize("call", [lambda: nn.LSTM("3", 4), lambda: nn.GRU(3, None), lambda: nn.RNN(3, 4, 1.5)])
def test_sizes_are_integers(call):
    with pytest.raises(tg.ShapeError, match="integer"):
        call()


def test_a_given_state_that_learns_is_drawn_as_the_first_state():
    h_0 = tg.tensor(numbers(2, 4), requires_grad=True)
    nodes = tg.graph(nn.GRU(3, 4, 2, rng=0)(numbers(3, 3), h_0)[0].sum()).nodes
    assert [(n.name, n.op) for n in nodes if n.role == "initial_state"] == [("h carried", None)]
