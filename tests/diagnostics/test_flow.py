"""gradient_flow, labelled, step_jacobians, state_influence, spectral_radius: against derivatives by other means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn

RNG = np.random.default_rng(0)
CLOSE = {"rtol": 1e-10, "atol": 1e-12}  # float64: the same products in another order
KINDS = [nn.RNN, nn.LSTM, nn.GRU]


def made(kind, T=5, layers=1, batch=2, seed=0, **options):
    layer = kind(3, 4, layers, dtype=np.float64, rng=seed, **options)
    return layer, np.random.default_rng(seed).standard_normal((T, batch, 3))


def by_cutting(layer, x, t):
    """The gradient at the state after step t, had as that of a first state from which the rest is run."""
    _, state = layer(x[:t])
    parts = [tg.tensor(p.data, requires_grad=True) for p in (state if isinstance(state, tuple) else (state,))]
    state = tuple(parts) if len(parts) > 1 else parts[0]
    # the output of step t is h itself, so its loss is there too
    loss = (parts[0] ** 2).sum()
    if t < len(x):
        loss = loss + (layer(x[t:], state)[0] ** 2).sum()
    loss.backward()
    return parts


@pytest.mark.parametrize("kind", KINDS)
def test_the_flow_to_h_is_the_gradient_of_the_rest_of_the_sequence_by_its_first_state(kind):
    layer, x = made(kind)
    hs, _ = layer.unrolled(x)
    loss = sum((h * h).sum() for h in hs)
    flow = tg.gradient_flow(loss, hs)
    expected = [np.linalg.norm(by_cutting(layer, x, t)[0].grad.data) for t in range(1, 6)]
    np.testing.assert_allclose(flow, expected, **CLOSE)
    np.testing.assert_array_equal(flow, tg.gradient_flow(loss, "h"))


def test_the_flow_to_c_counts_the_way_through_h_of_the_same_step():
    layer, x = made(nn.LSTM)
    output, _ = layer(x)
    h, c = (tg.labelled(output, name) for name in "hc")
    flow = tg.gradient_flow((output * output).sum(), "c")
    for t in range(1, 6):
        ph, pc = by_cutting(layer, x, t)
        slope = h[t - 1].data / np.tanh(c[t - 1].data) * (1 - np.tanh(c[t - 1].data) ** 2)  # ∂h/∂c = o (1 − tanh²c)
        arrived = (pc.grad.data if t < 5 else 0) + ph.grad.data * slope
        assert flow[t - 1] == pytest.approx(np.linalg.norm(arrived), rel=1e-10)


def test_the_graph_is_kept_and_the_leaves_get_nothing():
    layer, x = made(nn.GRU)
    hs, _ = layer.unrolled(x)
    loss = hs[-1].sum()
    tg.gradient_flow(loss, hs)
    tg.step_jacobians(hs)
    assert all(parameter.grad is None for parameter in layer.parameters())
    loss.backward()


def test_a_state_after_the_loss_has_no_gradient_by_hand_and_no_place_by_name():
    layer, x = made(nn.RNN)
    hs, _ = layer.unrolled(x)
    assert (tg.gradient_flow(hs[2].sum(), hs) > 0).tolist() == [True] * 3 + [False] * 2
    assert len(tg.gradient_flow(hs[2].sum(), "h")) == 3


def test_a_scope_chooses_among_layers():
    layer, x = made(nn.LSTM, layers=2)
    output, _ = layer(x)
    loss = (output * output).sum()
    with pytest.raises(
        tg.GraphError, match=r"2 scopes recorded a value named 'c'(.|\n)*got +LSTM/l0, LSTM/l1(.|\n)*scope='LSTM/l0'"
    ):
        tg.gradient_flow(loss, "c")
    assert len(tg.gradient_flow(loss, "c", scope="l0")) == 5
    np.testing.assert_array_equal(
        tg.gradient_flow(loss, "h", scope="LSTM/l1"), tg.gradient_flow(loss, tg.labelled(output, "h", scope="l1"))
    )
    with pytest.raises(tg.GraphError, match=r"no time step recorded a value named 'z'(.|\n)*expected.*\bc\b"):
        tg.labelled(output, "z", scope="l0")
    with pytest.raises(tg.GraphError, match="no time step recorded a value named 'c' in scope 'l2'"):
        tg.labelled(output, "c", scope="l2")


def test_gates_can_be_had_by_name_and_are_those_of_the_cell():
    layer, x = made(nn.LSTM)
    output, (_, c_n) = layer(x)
    f, i, g, c = (tg.labelled(output, name) for name in "figc")
    np.testing.assert_array_equal(c[-1].data, c_n.data[0])
    np.testing.assert_allclose(c[3].data, f[3].data * c[2].data + i[3].data * g[3].data, **CLOSE)


def test_what_has_no_flow():
    layer, x = made(nn.RNN)
    hs, _ = layer.unrolled(x)
    output, _ = layer(x)
    loss = (output * output).sum()
    with pytest.raises(tg.GraphError, match=r"one Tensor(.|\n)*unrolled"):
        tg.gradient_flow(loss, output)
    with pytest.raises(tg.GraphError, match="not computed from any of these states"):
        tg.gradient_flow(loss, hs)
    with pytest.raises(tg.GraphError, match="state 2 was not recorded"):
        tg.gradient_flow(loss, [hs[0], hs[1].detach()])
    with pytest.raises(tg.GraphError, match="the loss is not a scalar"):
        tg.gradient_flow(output, hs)
    with pytest.raises(tg.GraphError, match="was not recorded"):
        tg.labelled(output.detach(), "h")
    loss.backward()
    with pytest.raises(tg.GraphError, match="was released"):
        tg.labelled(output, "h")
    with pytest.raises(tg.GraphError, match="was released"):
        tg.gradient_flow(loss, "h")


def states_of(kind, output):
    return list(zip(*(tg.labelled(output, name) for name in kind.cell_type.states), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_steps_jacobian_is_that_of_the_cell(kind):
    layer, x = made(kind, batch=1)
    states = states_of(kind, layer(x)[0])
    cell = kind.cell_type(3, 4, dtype=np.float64)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    parts = len(states[0])

    def advance(s, t):
        before = tuple(tg.split(s, parts)) if parts > 1 else s
        after = cell(x[t, 0], before)
        return tg.concatenate(list(after)) if parts > 1 else after

    for t, J in enumerate(tg.step_jacobians(states), 1):
        start = np.concatenate([part.data[0] for part in states[t - 1]])
        np.testing.assert_allclose(J, tg.jacobian(advance)(start, t).data, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_influence_is_the_norm_of_the_jacobian_of_the_rest_of_the_sequence(kind):
    layer, x = made(kind, batch=1)
    states = states_of(kind, layer(x)[0])
    influence = tg.state_influence(states)
    parts = len(states[0])

    def rest(s, t):
        given = tuple(p.reshape(1, 1, 4) for p in tg.split(s, parts)) if parts > 1 else s.reshape(1, 1, 4)
        _, last = layer(x[t:], given)
        return tg.concatenate([p.reshape(-1) for p in (last if parts > 1 else [last])])

    for t in range(1, 5):
        start = np.concatenate([part.data[0] for part in states[t - 1]])
        assert influence[t - 1] == pytest.approx(np.linalg.norm(tg.jacobian(rest)(start, t).data, 2), rel=1e-10)
    assert influence[-1] == 1


def test_half_a_state_is_refused():
    layer, x = made(nn.LSTM)
    output, _ = layer(x)
    with pytest.raises(tg.GraphError, match=r"state 3 depends on state 1 by a way that avoids state 2(.|\n)*\(h, c\)"):
        tg.step_jacobians(tg.labelled(output, "h"))


def test_an_upper_layers_state_is_whole_as_the_layer_below_does_not_see_it():
    layer, x = made(nn.RNN, layers=2, batch=1)
    hs, _ = layer.unrolled(x)
    J = tg.step_jacobians(hs)[-1]
    expected = (1 - hs[-1].data[0] ** 2)[:, None] * layer.weight_hh_l1.data
    np.testing.assert_allclose(J, expected, **CLOSE)


def test_a_state_that_stays_has_the_identity():
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    (J,) = tg.step_jacobians([a, a])
    np.testing.assert_array_equal(J, np.eye(2))
    np.testing.assert_array_equal(tg.state_influence([a]), [1.0])


def test_with_lengths_and_in_two_directions_the_states_go_by_name():
    layer, x = made(nn.GRU, bidirectional=True)
    outputs, _ = layer.unrolled(x, lengths=[5, 3])
    loss = sum((y * y).sum() for y in outputs)
    with pytest.raises(tg.GraphError, match=r"not computed from the one before(.|\n)*lengths"):
        tg.gradient_flow(loss, outputs)
    one_way, x = made(nn.GRU)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(one_way, f"{name}_l0").assign(getattr(layer, f"{name}_l0_reverse").data)
    hs, _ = one_way.unrolled(x[::-1, :1])
    alone = tg.gradient_flow(sum((h * h).sum() for h in hs), hs)
    outputs, _ = layer.unrolled(x)
    loss = sum((y[0, 4:] ** 2).sum() for y in outputs)  # row 0, backwards
    np.testing.assert_allclose(tg.gradient_flow(loss, "h", scope="l0_reverse"), alone[::-1], **CLOSE)
    backwards = tg.labelled(loss, "h", scope="l0_reverse")
    np.testing.assert_allclose(tg.gradient_flow(loss, backwards), alone[::-1], **CLOSE)
    with pytest.raises(tg.GraphError, match=r"state 2 was not computed from state 1(.|\n)*reversed"):
        tg.step_jacobians(backwards)
    assert len(tg.step_jacobians(backwards[::-1])) == 4


def test_outputs_are_no_states_even_where_only_the_last_step_has_pads():
    layer, x = made(nn.GRU, T=3)
    outputs, h_n = layer.unrolled(x, lengths=[3, 2])
    with pytest.raises(tg.GraphError, match="pass the name of the states"):
        tg.gradient_flow((h_n * h_n).sum(), outputs)
    outputs, h_n = layer.unrolled(x[:1], lengths=[1, 0])
    with pytest.raises(tg.GraphError, match="pass the name of the states"):
        tg.gradient_flow(outputs[0].sum() + h_n.sum(), outputs)


def test_a_layer_that_ran_several_times_has_the_states_of_every_run():
    layer, x = made(nn.GRU)
    runs = [(x, [5, 3]), (x[:3], [3, 1]), (x[:1], [1, 0]), (x[:1], [1, 1])]
    losses = [(y * y).sum() for y, _ in (layer(x, lengths=lengths) for x, lengths in runs)]
    alone = [tg.gradient_flow(loss, "h") for loss in losses]
    assert [len(flow) for flow in alone] == [5, 3, 1, 1]
    np.testing.assert_array_equal(tg.gradient_flow(sum(losses), "h"), np.concatenate(alone))


def test_the_states_may_come_one_by_one():
    layer, x = made(nn.RNN)
    hs, _ = layer.unrolled(x)
    loss = (hs[-1] * hs[-1]).sum()
    np.testing.assert_array_equal(tg.gradient_flow(loss, (h for h in hs)), tg.gradient_flow(loss, hs))


@pytest.mark.parametrize("name", ["h", "c"])
@pytest.mark.parametrize("lengths", [[5, 3, 1], [4, 2, 3]])
def test_with_lengths_it_is_the_flow_of_each_row_alone(name, lengths):
    layer, x = made(nn.LSTM, batch=3)
    output, (h_n, c_n) = layer(x, lengths=lengths)
    flow = tg.gradient_flow((output * output).sum(), name)
    held = tg.gradient_flow((output * output).sum() + (h_n * c_n).sum(), name)
    alone, alone_held = np.zeros((2, 5, 3))
    for b, n in enumerate(lengths):
        row, (h, c) = layer(x[:n, b])
        alone[:n, b] = tg.gradient_flow((row * row).sum(), name)
        alone_held[:n, b] = tg.gradient_flow((row * row).sum() + (h * c).sum(), name)
        alone_held[n:, b] = np.linalg.norm(c.data if name == "h" else h.data)  # ∂(h c), all that the pads carry back
    np.testing.assert_allclose(flow, np.linalg.norm(alone, axis=1), **CLOSE)
    np.testing.assert_allclose(held, np.linalg.norm(alone_held, axis=1), **CLOSE)


def test_a_state_that_only_sounds_like_a_held_one():
    h, states = tg.tensor([1.0, 1.0], requires_grad=True), []
    for t in range(1, 4):
        with tg.step(t):
            h = tg.label(0.25 * tg.label(h * 1.0, None, "h′") + 0.25 * h, "hidden_state", "h")
            states.append(h)
    np.testing.assert_array_equal(tg.gradient_flow(h.sum(), "h"), tg.gradient_flow(h.sum(), states))


def test_a_state_held_over_pads_is_whole():
    layer, x = made(nn.LSTM)
    output, _ = layer(x, lengths=[5, 3])
    states = states_of(nn.LSTM, output)
    # row 1 has ended after step 3: ∂s_4/∂s_3 is the identity for it, and for row 0 what it is without a row 1
    J = tg.step_jacobians(states)[2].reshape(2, 2, 4, 2, 2, 4)
    np.testing.assert_array_equal(J[:, 1, :, :, 1].reshape(8, 8), np.eye(8))
    alone = tg.step_jacobians(states_of(nn.LSTM, layer(x[:, :1])[0]))[2]
    np.testing.assert_allclose(J[:, 0, :, :, 0].reshape(8, 8), alone, **CLOSE)


def test_what_has_no_jacobian():
    with pytest.raises(tg.GraphError, match="state 2 was not recorded"):
        tg.step_jacobians([tg.tensor([1.0], requires_grad=True), tg.tensor([1.0])])
    with pytest.raises(tg.ShapeError, match=r"\(16, 4\) has no eigenvalues(.|\n)*np.split"):
        tg.spectral_radius(made(nn.LSTM)[0].weight_hh_l0)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_linear_recurrence_shrinks_and_grows_by_the_spectral_radius(H, seed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((H, H))
    W = tg.tensor((W + W.T) / 2, requires_grad=True)  # symmetric: ‖Wᵗ‖₂ = ρᵗ, not only in the limit
    h = tg.tensor(rng.standard_normal(H), requires_grad=True)
    states = [h := W @ h for _ in range(4)]
    rho = tg.spectral_radius(W)
    np.testing.assert_allclose(tg.state_influence(states), rho ** np.arange(3, -1, -1.0), rtol=1e-8)


def test_the_spectral_radius_of_what_turns_is_the_modulus():
    assert tg.spectral_radius([[0.0, -2.0], [2.0, 0.0]]) == pytest.approx(2.0)
    assert tg.spectral_radius(nn.RNNCell(3, 8, recurrent_init="orthogonal", rng=0).weight_hh) == pytest.approx(
        1, abs=1e-6
    )
    assert tg.spectral_radius(np.zeros((0, 0))) == 0.0
    assert tg.spectral_radius(2 * np.eye(2, dtype=np.float16)) == 2.0  # for which LAPACK has no routine


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_has_no_spectral_radius(number):
    with pytest.raises(tg.GradientError, match="it holds NaN or infinity"):
        tg.spectral_radius([[number, 0.0], [0.0, 1.0]])


def test_the_spectral_radius_of_a_long_float_is_that_of_a_double():
    assert tg.spectral_radius(np.array([[3.0]], np.longdouble)) == 3.0
