"""RNN, LSTM and GRU against torch.nn with the same weights, in float64, and against ten lines of NumPy."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn

KINDS = ["RNN", "LSTM", "GRU"]
CLOSE = {"rtol": 1e-10, "atol": 1e-10}  # float64: both sum the same terms in another order


def twins(kind, layers=2, **options):
    torch = require_torch()
    ours = getattr(nn, kind)(3, 5, layers, dtype=np.float64, rng=0, **options)
    theirs = getattr(torch.nn, kind)(3, 5, layers, dtype=torch.float64, **options)
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    return torch, ours, theirs


def first_state(rng, kind, layers, batch):
    return [rng.standard_normal((layers, *batch, 5)) for _ in range(2 if kind == "LSTM" else 1)]


@pytest.mark.parametrize("batch", [(2,), ()], ids=["batch", "unbatched"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_every_gradient_equal_torchs(kind, layers, batch):
    torch, ours, theirs = twins(kind, layers)
    rng = np.random.default_rng(1)
    x, states = rng.standard_normal((7, *batch, 3)), first_state(rng, kind, layers, batch)
    weights = rng.standard_normal((7, *batch, 5)), rng.standard_normal((layers, *batch, 5))

    tx, ts = tg.tensor(x, requires_grad=True), [tg.tensor(s, requires_grad=True) for s in states]
    output, ends = ours(tx, tuple(ts) if len(ts) == 2 else ts[0])
    ends = ends if isinstance(ends, tuple) else (ends,)
    loss = (output * weights[0]).sum()
    for end in ends:
        loss = loss + (end * weights[1]).sum()
    loss.backward()

    qx, qs = torch.tensor(x, requires_grad=True), [torch.tensor(s, requires_grad=True) for s in states]
    q_output, q_ends = theirs(qx, tuple(qs) if len(qs) == 2 else qs[0])
    q_ends = q_ends if isinstance(q_ends, tuple) else (q_ends,)
    q_loss = (q_output * torch.tensor(weights[0])).sum() + sum((e * torch.tensor(weights[1])).sum() for e in q_ends)
    q_loss.backward()

    np.testing.assert_allclose(output.data, q_output.detach(), **CLOSE)
    for end, q_end in zip(ends, q_ends, strict=True):
        np.testing.assert_allclose(end.data, q_end.detach(), **CLOSE)
    np.testing.assert_allclose(tx.grad.data, qx.grad, **CLOSE)
    for s, q in zip(ts, qs, strict=True):
        np.testing.assert_allclose(s.grad.data, q.grad, **CLOSE)
    for name, q in theirs.named_parameters():
        np.testing.assert_allclose(dict(ours.named_parameters())[name].grad.data, q.grad, err_msg=name, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_first_only_moves_the_batch(kind):
    torch, ours, theirs = twins(kind, batch_first=True)
    x = np.random.default_rng(0).standard_normal((2, 7, 3))
    output, ends = ours(x)
    q_output, q_ends = theirs(torch.tensor(x))
    np.testing.assert_allclose(output.data, q_output.detach(), **CLOSE)
    np.testing.assert_allclose(
        (ends[0] if kind == "LSTM" else ends).data, (q_ends[0] if kind == "LSTM" else q_ends).detach(), **CLOSE
    )


@pytest.mark.parametrize("kind", KINDS)
def test_no_bias(kind):
    torch, ours, theirs = twins(kind, bias=False)
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    assert len(list(ours.parameters())) == 4
    np.testing.assert_allclose(ours(x)[0].data, theirs(torch.tensor(x))[0].detach(), **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_one_step_of_torchs(kind):
    torch = require_torch()
    ours = getattr(nn, f"{kind}Cell")(3, 5, dtype=np.float64, rng=0)
    theirs = getattr(torch.nn, f"{kind}Cell")(3, 5, dtype=torch.float64)
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((2, 3))
    mine, other = ours(x), theirs(torch.tensor(x))
    mine, other = ours(x, mine), theirs(torch.tensor(x), other)
    for a, b in zip(*([v] if kind != "LSTM" else v for v in (mine, other)), strict=True):
        np.testing.assert_allclose(a.data, b.detach(), **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_cut_in_two_with_the_state_carried_is_the_whole(kind):
    layer = getattr(nn, kind)(3, 5, 2, rng=0)
    x = np.random.default_rng(0).standard_normal((9, 2, 3)).astype(np.float32)
    whole, end = layer(x)
    first, state = layer(x[:4])
    second, state = layer(x[4:], state)
    assert np.array_equal(whole.data, np.concatenate([first.data, second.data]))
    assert all(np.array_equal(a.data, b.data) for a, b in zip(end, state, strict=True))


def test_the_vanilla_recurrence_in_numpy():
    layer = nn.RNN(3, 5, rng=0, dtype=np.float64)
    W, U, b, c = (layer.state_dict()[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    x, h = np.random.default_rng(0).standard_normal((6, 3)), np.zeros(5)
    for x_t, output in zip(x, layer(x)[0].data, strict=True):
        h = np.tanh(W @ x_t + U @ h + b + c)
        np.testing.assert_allclose(output, h, **CLOSE)


def test_the_assignments_lstm_step():
    """CS231n's check of an LSTM step (N, D, H = 3, 4, 5): its gates stand i, f, o, g; ours i, f, g, o."""
    N, D, H = 3, 4, 5
    x = np.linspace(-0.4, 1.2, N * D).reshape(N, D)
    h, c = np.linspace(-0.3, 0.7, N * H).reshape(N, H), np.linspace(-0.4, 0.9, N * H).reshape(N, H)
    W_x, W_h = np.linspace(-2.1, 1.3, 4 * D * H).reshape(D, 4 * H), np.linspace(-0.7, 2.2, 4 * H * H).reshape(H, 4 * H)
    b = np.linspace(0.3, 0.7, 4 * H)
    order = np.concatenate([np.arange(2 * H), np.arange(3 * H, 4 * H), np.arange(2 * H, 3 * H)])
    cell = nn.LSTMCell(D, H, dtype=np.float64)
    cell.load_state_dict(
        {"weight_ih": W_x.T[order], "weight_hh": W_h.T[order], "bias_ih": b[order], "bias_hh": np.zeros(4 * H)}
    )
    expected_h = [
        [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904],
        [0.49223563, 0.55611431, 0.61507696, 0.66844003, 0.7159181],
        [0.56735664, 0.66310127, 0.74419266, 0.80889665, 0.858299],
    ]
    np.testing.assert_allclose(cell(x, (h, c))[0].data, expected_h, rtol=1e-6)  # the assignment gives eight digits


def test_the_papers_gru_resets_before_the_product():
    cell = nn.GRUCell(2, 3, reset_after=False, dtype=np.float64, rng=0)
    p = cell.state_dict()
    x, h = np.array([0.5, -1.0]), np.array([0.1, 0.2, -0.3])
    W, U = p["weight_ih"].reshape(3, 3, 2), p["weight_hh"].reshape(3, 3, 3)
    b, d = p["bias_ih"].reshape(3, 3), p["bias_hh"].reshape(3, 3)
    r, z = (1 / (1 + np.exp(-(W[k] @ x + b[k] + U[k] @ h + d[k]))) for k in (0, 1))
    n = np.tanh(W[2] @ x + b[2] + U[2] @ (r * h) + d[2])
    np.testing.assert_allclose(cell(x, h).data, (1 - z) * n + z * h, **CLOSE)


def test_float32_stays_float32():
    for kind in KINDS:
        layer = getattr(nn, kind)(3, 4, 2, rng=0)
        output, _ = layer(np.ones((5, 2, 3), np.float32))
        output.sum().backward()
        assert output.dtype == np.float32
        assert all(p.grad.dtype == np.float32 for p in layer.parameters())


def test_initial_values():
    layer = nn.LSTM(3, 4, rng=0, forget_bias=1.0, recurrent_init="orthogonal", dtype=np.float64)
    plain = nn.LSTM(3, 4, rng=0, recurrent_init="orthogonal", dtype=np.float64)
    difference = layer.bias_ih_l0.data - plain.bias_ih_l0.data
    assert np.allclose(difference, [0] * 4 + [1] * 4 + [0] * 8)
    for block in layer.weight_hh_l0.data.reshape(4, 4, 4):
        assert np.allclose(block @ block.T, np.eye(4))
    assert np.array_equal(nn.RNN(3, 4, recurrent_init="identity").weight_hh_l0.data, np.eye(4))
    assert np.abs(nn.GRU(3, 4, rng=0).weight_ih_l0.data).max() <= 0.5
    same, other = nn.GRU(3, 4, rng=5), nn.GRU(3, 4, rng=6)
    assert np.array_equal(same.weight_ih_l0.data, nn.GRU(3, 4, rng=5).weight_ih_l0.data)
    assert not np.array_equal(same.weight_ih_l0.data, other.weight_ih_l0.data)


def test_dropout_between_layers_only_while_training():
    layer = nn.GRU(3, 4, 2, dropout=0.5, rng=0)
    x = np.ones((5, 2, 3), np.float32)
    assert not np.array_equal(layer(x)[0].data, layer(x)[0].data)
    layer.eval()
    assert np.array_equal(layer(x)[0].data, layer(x)[0].data)


def test_the_graph_names_steps_states_and_one_weight_with_a_use_per_step():
    layer = nn.LSTM(3, 4, rng=0)
    found = tg.graph(layer(np.ones((5, 2, 3), np.float32))[0].sum())
    by_role = {}
    for node in found.nodes:
        by_role.setdefault((node.role, node.name), []).append(node.step)
    assert by_role["initial_state", "h"] == [0]
    assert by_role["initial_state", "c"] == [0]
    for role, name in [("hidden_state", "h"), ("cell_state", "c"), ("input", "x"), ("gate", "f")]:
        assert by_role[role, name] == [1, 2, 3, 4, 5]
    weight = next(node for node in found.parameters if node.name == "weight_hh_l0")
    assert weight.step is None
    assert [found.nodes[user].step for user, _ in found.uses(weight)] == [1, 2, 3, 4, 5]


def test_a_cell_of_ones_own_runs_in_layers():
    class Leaky(nn.Cell):
        """h′ = ½h + ½(W x + b)."""

        def step(self, x, state):
            (h,) = state
            return (0.5 * h + 0.5 * self.project_input(x),)

    class LeakyNet(nn.Recurrent):
        cell_type = Leaky

    output, h_n = LeakyNet(3, 4, num_layers=2, rng=0)(np.ones((5, 2, 3), np.float32))
    assert output.shape == (5, 2, 4)
    assert np.array_equal(h_n.data[1], output.data[-1])


def test_a_weight_put_in_anothers_place_is_the_one_computed_with():
    layer = nn.RNN(4, 4, 2, rng=0)
    layer.weight_ih_l1 = layer.weight_ih_l0
    assert "weight_ih_l1" not in layer.state_dict()
    x = np.ones((1, 4), np.float32)
    before = layer(x)[0].data
    layer.weight_ih_l0.assign(np.zeros((4, 4)))
    b = layer.state_dict()
    assert not np.array_equal(layer(x)[0].data, before)
    np.testing.assert_allclose(layer(x)[0].data[0], np.tanh(b["bias_ih_l1"] + b["bias_hh_l1"]), rtol=1e-6)  # float32


def test_a_cell_of_ones_own_brings_its_own_parameters():
    class Scaled(nn.RNNCell):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.scale = nn.Parameter(np.ones(1, np.float32))

        def step(self, x, state):
            return (super().step(x, state)[0] * self.scale,)

    class Layer(nn.Recurrent):
        cell_type = Scaled

    layer = Layer(2, 3, 2, rng=0)
    layer(np.ones((4, 2)))[0].sum().backward()
    assert dict(layer.named_parameters())["scale_l1"].grad is not None


def test_a_dropout_inside_a_cell_obeys_eval_and_a_subclass_may_have_weights_of_its_own():
    class Noisy(nn.RNNCell):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.noise = nn.Dropout(0.5, rng=0)

        def step(self, x, state):
            return super().step(self.noise(x), state)

    class Net(nn.Recurrent):
        cell_type = Noisy

        def __init__(self):
            super().__init__(3, 4, rng=0)
            self.scale = nn.Parameter(np.ones(4, np.float32))

    net, x = Net(), np.ones((5, 2, 3), np.float32)
    assert not np.array_equal(net(x)[0].data, net(x)[0].data)
    net.eval()
    assert np.array_equal(net(x)[0].data, net(x)[0].data)
    assert "scale" in net.state_dict()
