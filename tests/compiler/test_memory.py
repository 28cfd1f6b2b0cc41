"""Memory that is used again: never while somebody may still read what lies in it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.compiler.memory import Memory
from tinygrad_rnn.compiler.program import Value


def test_an_array_is_used_again_when_all_that_lie_in_it_are_dead():
    memory = Memory()
    a, b, c = (Value((2, 3), "float32") for _ in range(3))
    first = memory.array((2, 3), "float32")
    static = {a: first, b: first.T}
    memory.release([a], static)
    assert not np.shares_memory(memory.array((3, 2), "float32"), first)
    memory.release([b], static)
    again = memory.array((6,), "float32")
    assert np.shares_memory(again, first)
    static[c] = again
    memory.release([], static)
    assert not np.shares_memory(memory.array((6,), "float32"), first)
    assert memory.bytes == 3 * 24


def test_what_has_to_stay_0_is_never_another_s_memory():
    memory = Memory()
    a = Value((6,), "float32")
    mine = memory.array((6,), "float32", zero=True)
    memory.release([a], {a: mine})
    assert not np.shares_memory(memory.array((6,), "float32"), mine)


def layer_and_loss(cls):
    layer = cls(3, 8, rng=0, dtype=np.float64)
    return layer, lambda x: (layer(x)[0] ** 2).sum()


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_backward_pass_may_run_twice(either, cls):
    layer, f = layer_and_loss(cls)
    x = np.random.default_rng(0).standard_normal((20, 9, 3))
    f(x).backward()
    once = [p.grad.numpy() for p in layer.parameters()]
    layer.zero_grad()
    loss = tg.compile(f)(x)
    loss.backward(retain_graph=True)
    loss.backward()
    for p, g in zip(layer.parameters(), once, strict=True):
        np.testing.assert_allclose(p.grad.data, 2 * g, rtol=1e-11)


def test_the_backward_pass_of_a_layer_lies_where_its_forward_pass_did(either, monkeypatch):
    _, f = layer_and_loss(nn.LSTM)
    compiled = tg.compile(f)
    x = np.random.default_rng(0).standard_normal((20, 9, 3))
    compiled(x).backward()
    plan = compiled.plan(x)
    plan.free.clear()
    size = plan.replay().bytes
    monkeypatch.setattr(Memory, "release", lambda self, dead, *places: None)
    gates = 20 * 9 * 32 * 8
    assert plan.replay().bytes - size >= gates
