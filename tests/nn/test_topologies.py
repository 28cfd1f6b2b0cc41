"""Many to many, many to one, one to many: over layers and cells, against the same loops by hand."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_module

KINDS = ["RNN", "LSTM", "GRU"]
CLOSE = {"rtol": 1e-12, "atol": 1e-12}  # float64: the same terms, summed in batches of another size
X = np.random.default_rng(0).standard_normal((6, 4, 3))


def layer(kind, **options):
    return getattr(nn, kind)(3, 5, dtype=np.float64, rng=0, **options)


def head(inputs=5, outputs=2):
    return nn.Linear(inputs, outputs, dtype=np.float64, rng=1)


def h_of(state):
    return state[0] if isinstance(state, tuple) else state


@pytest.mark.parametrize("kind", KINDS)
def test_many_to_many_is_the_head_on_every_output(kind):
    net = nn.ManyToMany(layer(kind), head())
    y, last = net(X)
    output, state = net.rnn(X)
    np.testing.assert_allclose(y.data, net.head(output).data, **CLOSE)
    assert np.array_equal(h_of(last).data, h_of(state).data)
    assert np.array_equal(nn.ManyToMany(layer(kind))(X)[0].data, output.data)


@pytest.mark.parametrize("kind", KINDS)
def test_many_to_one_is_the_head_on_the_last_output(kind):
    net = nn.ManyToOne(layer(kind, num_layers=2), head())
    np.testing.assert_allclose(net(X)[0].data, net.head(net.rnn(X)[0][-1]).data, **CLOSE)


def test_many_to_one_of_both_directions_takes_the_end_of_each():
    net = nn.ManyToOne(layer("GRU", bidirectional=True), head(10))
    output, _ = net.rnn(X)
    ends = np.concatenate([output.data[-1, :, :5], output.data[0, :, 5:]], axis=-1)
    np.testing.assert_allclose(net(X)[0].data, net.head(ends).data, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_one_to_many_fed_zeros_is_the_layer_on_x_and_zeros(kind):
    net = nn.OneToMany(layer(kind), head())
    y, last = net(X[0], 5)
    output, state = net.rnn(np.concatenate([X[:1], np.zeros((4, 4, 3))]))
    np.testing.assert_allclose(y.data, net.head(output).data, **CLOSE)
    np.testing.assert_allclose(h_of(last).data, h_of(state).data, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_one_to_many_fed_its_output_reads_what_it_wrote(kind):
    net = nn.OneToMany(layer(kind), head(outputs=3), feed="output")
    y, _ = net(X[0], 4)
    x, state, ys = X[:1], None, []
    for _ in range(4):
        output, state = net.rnn(x, state)
        x = net.head(output)
        ys.append(x.data[0])
    np.testing.assert_allclose(y.data, ys, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topology", ["ManyToMany", "ManyToOne", "OneToMany"])
def test_a_cell_does_what_a_layer_of_it_does(kind, topology):
    whole, cell = layer(kind), getattr(nn, f"{kind}Cell")(3, 5, dtype=np.float64)
    cell.load_state_dict({name.removesuffix("_l0"): v for name, v in whole.state_dict().items()})
    make = getattr(nn, topology)
    arguments = (X[0], 4) if topology == "OneToMany" else (X,)
    first = h_of(whole(X)[1]).data, h_of(whole(-X)[1]).data
    of_layer, of_cell = (first, (first[0][0], first[1][0])) if kind == "LSTM" else (first[0], first[0][0])
    y, last = make(whole, head())(*arguments, of_layer, lengths=[4, 1, 3, 0])
    y_cell, last_cell = make(cell, head())(*arguments, of_cell, lengths=[4, 1, 3, 0])
    np.testing.assert_allclose(y.data, y_cell.data, **CLOSE)
    np.testing.assert_allclose(h_of(last).data[0], h_of(last_cell).data, **CLOSE)


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "GRUCell"])
@pytest.mark.parametrize("topology", ["ManyToMany", "ManyToOne"])
def test_a_row_of_a_padded_batch_is_that_row_alone_and_nan_in_its_pads_reaches_nothing(kind, topology):
    net = getattr(nn, topology)(layer(kind), head())
    lengths = np.array([6, 2, 4, 1])
    x = np.where((np.arange(6)[:, None] < lengths)[..., None], X, np.nan)
    x = tg.tensor(x, requires_grad=True)
    y, last = net(x, lengths=lengths)
    (y.sum() + h_of(last).sum()).backward()
    assert all(np.isfinite(p.grad.data).all() for p in [x, *net.parameters()])
    for b, n in enumerate(lengths):
        alone, end = net(X[:n, [b]])
        row = y.data[:n, [b]] if topology == "ManyToMany" else y.data[[b]]
        np.testing.assert_allclose(row, alone.data, **CLOSE)
        np.testing.assert_allclose(h_of(last).data[..., [b], :], h_of(end).data, **CLOSE)
        if topology == "ManyToMany":
            assert not y.data[n:, b].any()
    assert not x.grad.data[~(np.arange(6)[:, None] < lengths)].any()


def test_one_to_many_of_unequal_lengths_stops_each_row_at_its_own():
    net = nn.OneToMany(layer("LSTM", learn_initial=True), head(outputs=3), feed="output")
    net.rnn.h_0_l0.assign(np.arange(5.0))
    y, (h, _) = net(X[0], 5, lengths=[5, 2, 0, 1])
    assert np.array_equal(h.data[0, 2], np.arange(5.0))
    for b, n in [(0, 5), (1, 2), (3, 1)]:
        alone, (end, _) = net(X[0, [b]], n)
        np.testing.assert_allclose(y.data[:n, [b]], alone.data, **CLOSE)
        np.testing.assert_allclose(h.data[:, [b]], end.data, **CLOSE)
        assert not y.data[n:, b].any()


def test_batch_first_moves_the_batch_and_without_a_batch_there_is_none():
    for make in (nn.ManyToMany, nn.ManyToOne):
        first, later = make(layer("GRU", batch_first=True), head()), make(layer("GRU"), head())
        y = later(X)[0].data
        np.testing.assert_allclose(
            first(X.swapaxes(0, 1))[0].data, y.swapaxes(0, 1) if make is nn.ManyToMany else y, **CLOSE
        )
        np.testing.assert_allclose(later(X[:, 0])[0].data, y[..., 0, :], **CLOSE)
        np.testing.assert_allclose(first(X[:, 0])[0].data, y[..., 0, :], **CLOSE)
    assert nn.OneToMany(layer("GRU", batch_first=True))(X[0], 7)[0].shape == (4, 7, 5)
    assert nn.OneToMany(layer("GRU"))(X[0, 0], 7)[0].shape == (7, 5)


@pytest.mark.parametrize("recurrence", [nn.GRU, nn.LSTMCell])
def test_gradients_in_both_modes(recurrence):
    x = X[:3, :2]
    rnn = recurrence(3, 3, rng=0)
    check_module(nn.ManyToMany(rnn, nn.Linear(3, 2, rng=0)), x)
    check_module(nn.ManyToOne(rnn, nn.Linear(3, 2, rng=0)), x)
    check_module(nn.OneToMany(rnn, nn.Linear(3, 3, rng=0), feed="output"), x[0], 3)


def test_steps_and_names_are_recorded_for_a_picture():
    y, _ = nn.OneToMany(layer("GRU"), head(outputs=3), feed="output")(X[0], 3)
    nodes = tg.graph(y.sum()).nodes
    assert [n.step for n in nodes if n.role == "output"] == [1, 2, 3]
    assert [n.step for n in nodes if n.role == "hidden_state"] == [1, 2, 3]
    assert sum(n.role == "parameter" for n in nodes) == 4 + 2


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="feed='again'"):
        nn.OneToMany(layer("GRU"), feed="again")
    with pytest.raises(tg.ShapeError, match="cannot be the next input"):
        nn.OneToMany(layer("GRU"), head(), feed="output")(X[0], 2)
    with pytest.raises(tg.ShapeError, match="0 steps"):
        nn.OneToMany(layer("GRU"), head())(X[0], 0)
    with pytest.raises(tg.GraphError, match="direction"):
        nn.OneToMany(layer("GRU", bidirectional=True), head(10))(X[0], 2)
    with pytest.raises(tg.ShapeError, match="not a sequence"):
        nn.ManyToOne(nn.GRUCell(3, 5))(X[0, 0])
    with pytest.raises(tg.ShapeError, match="lengths do not match"):
        nn.ManyToMany(nn.GRUCell(3, 5))(X, lengths=[6, 6])
