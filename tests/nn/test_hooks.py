"""Hooks on modules, against torch's: who is called with what, and what an answer changes."""

import copy

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn

X = np.random.default_rng(0).standard_normal((4, 3))


def pair(build, *sizes):
    """Ours and torch's module, with the same float64 weights."""
    torch = require_torch()
    theirs = getattr(torch.nn, build)(*sizes, dtype=torch.float64)
    ours = getattr(nn, build)(*sizes, dtype=np.float64)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs, torch


def arrays(gradients):
    return [None if g is None else np.array(g.tolist()) for g in gradients]


def same(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)  # float64, other orders of summing


def test_forward_hooks_are_called_in_order_and_answers_replace():
    found = []
    ours, theirs, torch = pair("Linear", 3, 2)
    for module, x in ((ours, tg.tensor(X)), (theirs, torch.tensor(X))):
        told = []
        module.register_forward_pre_hook(lambda m, args, told=told: told.append(("pre", m is not None, len(args))))
        module.register_forward_pre_hook(lambda m, args: args[0] * 2)
        module.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
        module.register_forward_hook(lambda m, args, y, told=told: told.append(("after", np.array(args[0].tolist()))))
        module.register_forward_hook(lambda m, args, y: y * 10)
        found.append((np.array(module(x).tolist()), told))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10)
    assert found[0][1][0] == found[1][1][0] == ("pre", True, 1)
    np.testing.assert_array_equal(found[0][1][1][1], found[1][1][1][1])


def test_hooks_with_keywords_and_a_handle_that_takes_back():
    class Scaled(nn.Module):
        def forward(self, x, gain=1.0):
            return x * gain

    module = Scaled()
    pre = module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"gain": kwargs["gain"] + 1}), with_kwargs=True
    )
    after = module.register_forward_hook(lambda m, args, kwargs, y: y + kwargs["gain"], with_kwargs=True)
    x = tg.tensor([1.0])
    assert module(x, gain=2.0).item() == 6
    pre.remove()
    assert module(x, gain=2.0).item() == 4
    with after:
        assert module(x, gain=2.0).item() == 4
    assert module(x, gain=2.0).item() == 2


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # torch warns where no input learns
@pytest.mark.parametrize("needs", [True, False], ids=["input learns", "input is data"])
def test_a_backward_hook_sees_the_gradients_of_input_and_output(needs):
    found = []
    ours, theirs, torch = pair("Linear", 3, 2)
    xs = tg.tensor(X, requires_grad=needs), torch.tensor(X, requires_grad=needs)
    for module, x in zip((ours, theirs), xs, strict=True):
        told = []
        module.register_full_backward_hook(
            lambda m, gx, gy, told=told: told.append((arrays(gx), arrays(gy), type(m).__name__))
        )
        (module(x) ** 2).sum().backward()
        found.append(told)
    for a, b in zip(*found, strict=True):
        same(a[0], b[0])
        same(a[1], b[1])
        assert a[2] == b[2] == "Linear"
    assert len(found[0]) == 1
    np.testing.assert_allclose(ours.weight.grad.data, theirs.weight.grad, rtol=1e-10)


def test_a_backward_hook_on_a_layer_of_several_inputs_and_outputs_may_replace():
    torch = require_torch()
    theirs = torch.nn.LSTMCell(3, 2, dtype=torch.float64)
    ours = nn.LSTMCell(3, 2, dtype=np.float64)
    ours.load_state_dict(theirs.state_dict())
    x, h, c = X, X[:, :2] / 2, X[:, 1:] / 3
    found = []
    for lib, module in ((tg, ours), (torch, theirs)):
        leaves = [lib.tensor(a, requires_grad=True) for a in (x, h, c)]
        told = []

        def hook(m, gx, gy, told=told):
            told.append(arrays(gy))
            return tuple(g * (k + 2) for k, g in enumerate(gx))

        module.register_full_backward_hook(hook)
        new_h, new_c = module(leaves[0], (leaves[1], leaves[2])) if lib is tg else flat(torch, module)(*leaves)
        (new_h * new_h + new_c).sum().backward()
        found.append((told, [np.array(leaf.grad.tolist()) for leaf in leaves]))
    same(found[0][0][0], found[1][0][0])
    same(found[0][1], found[1][1])


def flat(torch, cell):
    """torch's hooks see only arguments that stand alone: the same cell with h and c side by side."""

    class Cell(torch.nn.Module):
        def forward(self, x, h, c):
            return cell.forward(x, (h, c))

    module = Cell()
    for hook in cell._backward_hooks.values():
        module.register_full_backward_hook(hook)
    return module


def test_an_output_that_nobody_used_has_gradient_zero():
    layer, told = nn.LSTM(3, 2, rng=0), []
    layer.register_full_backward_hook(lambda m, gx, gy: told.append((gx, gy)))
    output, _ = layer(X[:, None])
    output.sum().backward()
    ((gx, gy),) = told
    assert gx == (None,)
    assert [g.shape for g in gy] == [(4, 1, 2), (1, 1, 2), (1, 1, 2)]
    assert [g.data.any() for g in gy] == [True, False, False]


def test_an_answer_that_does_not_fit_is_said():
    layer = nn.Linear(3, 2, rng=0)
    with layer.register_full_backward_hook(lambda m, gx, gy: (gx[0], gx[0])):
        y = layer(tg.tensor(X, requires_grad=True)).sum()
    with pytest.raises(tg.OptionError, match=r"on Linear does not return the gradients(.|\n)*a tuple of 1"):
        y.backward()
    with layer.register_full_backward_hook(lambda m, gx, gy: gx[0][:1]):
        y = layer(tg.tensor(X, requires_grad=True)).sum()
    with pytest.raises(tg.TinygradError, match="another shape"):
        y.backward()
    for register in (layer.register_forward_hook, layer.register_forward_pre_hook, layer.register_full_backward_hook):
        with pytest.raises(tg.OptionError, match=f"{register.__name__}: hook=3"):
            register(3)


def test_a_module_without_hooks_has_nothing_to_look_at():
    layer = nn.Linear(3, 2, rng=0)
    assert "_hooks" not in vars(layer)
    layer.register_forward_hook(print).remove()
    layer(X)


@pytest.mark.parametrize("batch_first", [False, True])
def test_hooks_on_a_layer_inside_a_topology_are_called(batch_first):
    model, told = nn.ManyToMany(nn.GRU(3, 2, batch_first=batch_first, rng=0), nn.Linear(2, 1, rng=0)), []
    x = np.ones((5, 4, 3), np.float32)
    y, h = model(x)
    with model.rnn.register_forward_hook(lambda m, args, out: told.append(out[0].shape)):
        again, h_again = model(x)
    assert told == [(5, 4, 2)]
    np.testing.assert_array_equal(y.data, again.data)
    np.testing.assert_array_equal(h.data, h_again.data)
    nn.Encoder(model.rnn)(x.swapaxes(0, 1)) if not batch_first else None


def test_hooks_survive_a_copy_and_a_plan_has_what_they_compute():
    layer = nn.Linear(3, 2, rng=0)
    planned = tg.compile(lambda x: layer(x).sum())
    plain = planned(X).item()
    handle = layer.register_forward_hook(lambda m, args, y: y * 2)
    assert copy.deepcopy(layer)(X).sum().item() == pytest.approx(2 * plain)
    for _ in range(3):
        assert planned(X).item() == pytest.approx(2 * plain)
    handle.remove()
    assert planned(X).item() == pytest.approx(plain)
    layer.register_full_backward_hook(lambda m, gx, gy: None)
    with pytest.raises(tg.errors.CompileError, match="registered inside"):
        planned(X)
