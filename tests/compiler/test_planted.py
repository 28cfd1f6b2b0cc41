"""Wrongs planted in the compiler, each of which a handful of networks shows: what the other tests run would find it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.compiler import derive, guards, lines, looped, replay
from tinygrad_rnn.compiler.passes import distribute, narrow, pack, regroup, rollup, tidy
from tinygrad_rnn.compiler.program import Carry, Loop

T, I, H = 6, 3, 4


class Net(nn.Module):
    """A layer and a head, with dropout between its layers."""

    def __init__(self, cls, **options):
        rng = np.random.default_rng(1)
        self.rnn = cls(I, H, rng=rng, dtype=np.float64, **options)
        self.head = nn.Linear(self.rnn.output_size, I, rng=rng, dtype=np.float64)

    def forward(self, x, y, lengths=None):
        output, _ = self.rnn(x, lengths=lengths)
        return nn.sequence_loss(self.head(output), y, lengths)


def batch(k, B, T=T):
    rng = np.random.default_rng(k)
    return rng.standard_normal((T, B, I)), rng.integers(0, I, (T, B)), rng.integers(1, T + 1, B)


def trained(f, net, batches):
    """The losses of a few steps, and the gradients of the last."""
    losses = []
    for each in batches:
        net.zero_grad()
        loss = f(*each)
        loss.backward()
        losses.append(loss.item())
        for p in net.parameters():
            p.assign(p.data - 0.1 * p.grad.data)
    return losses, [p.grad.data for p in net.parameters()]


def is_right():
    """Whether a handful of compiled networks train as they do without."""
    for cls, options, lengths, B in (
        (nn.LSTM, {"num_layers": 2, "dropout": 0.3}, False, 9),
        (nn.GRU, {"bidirectional": True}, True, 3),
        (nn.LSTM, {"peepholes": True, "learn_initial": True}, True, 9),
        (nn.RNN, {}, False, 9),
    ):
        batches = [batch(k, B, T + 3 * (k == 3))[: 3 if lengths else 2] for k in range(4)]
        a, b = Net(cls, **options), Net(cls, **options)
        losses, gradients = trained(a, a, batches)
        found, others = trained(tg.compile(lambda *each, b=b: b(*each)), b, batches)
        if not np.allclose(losses, found, rtol=1e-10, atol=0):
            return False
        if not all(np.allclose(g, h, rtol=1e-8, atol=1e-12) for g, h in zip(gradients, others, strict=True)):
            return False
    return goes_through_time() and reads_what_is_there()


def goes_through_time():
    """A loop by hand that reads a state after the next is made, and compares each input with the one before."""
    rng = np.random.default_rng(2)
    p, W = (tg.tensor(rng.standard_normal(shape), requires_grad=shape == I) for shape in (I, (I, I)))

    def f(x):
        h, before, ys = tg.tensor(np.zeros((9, I))), x[0] * 0.0, []
        for t in range(T):
            now = tg.tanh(x[t] * p + h)
            ys.append(now * h + (x[t] - tg.inner(before, W)) * p)
            h, before = now, x[t]
        return (tg.stack(ys) ** 2).sum()

    def gradient(g, x):
        p.grad = None
        y = g(x)
        y.backward()
        return [y.item(), *p.grad.data]

    compiled = tg.compile(f)
    inputs = [rng.standard_normal((T, 9, I)) for _ in range(2)]
    with tg.no_grad():
        alone = [np.allclose(f(x).item(), compiled(x).item(), rtol=1e-10) for x in map(tg.tensor, inputs)]
    return all(alone) and all(np.allclose(gradient(f, x), gradient(compiled, x), rtol=1e-10) for x in inputs)


def reads_what_is_there():
    table, by = np.ones(3), [2.0]
    compiled_ = tg.compile(lambda x: (x * table * by[0]).sum())
    for k in range(4):
        table[0], by[0] = k, 2.0 + (k > 2)
        if compiled_(np.ones(3)).item() != (table * by[0]).sum():
            return False
    return True


@pytest.fixture(params=["numpy", "kernels"])
def way(request):
    request.getfixturevalue("by_numpy" if request.param == "numpy" else "by_kernels")
    return request.param


def test_without_a_wrong_all_is_right(way):
    assert is_right()


def without(function, change):
    """A function whose result is changed on its way out."""
    return lambda *args, **options: change(function(*args, **options))


def unmasked(self, call, out, like, write=lines.Lines.write):
    if call.op.name == "where":
        self.lines.append(f"copyto({out}, {self.text(call.args[1])})")
    else:
        write(self, call, out, like)


def one_later(spot, by, shifted=looped._shifted):
    return shifted(spot, 1 - by)


def uncarried(loop, active, arrived, whole=derive._loop):
    whole(loop, active, arrived)
    for step in arrived.steps:
        if isinstance(step, Loop):
            step.carries = [Carry(each.start, each.first, each.first) for each in step.carries]


def swapped(program, packed=pack.packed):
    made = packed(program)
    for call in [call for step in made.steps if isinstance(step, Loop) for call in step.body]:
        if call.op is pack.PACK and len(call.args) > 1:
            call.static = {**call.static, "places": call.static["places"][::-1]}
    return made


WRONGS = {
    "a state is overwritten before it was read": (looped.Looped, "_in_place", lambda self, *_: True),
    "a mask is dropped": (lines.Lines, "write", unmasked),
    "a state is read one step late": (looped, "_shifted", one_later),
    "a sequence is read from its start, whatever the direction": (
        rollup, "_stretch", lambda at, step, count, total: slice(None)),
    "all masks of a dropout are one": (tidy, "draws", lambda step: False),
    "the step before is the step after": (
        distribute._Distribution, "_shifted", lambda self, wide, carry: wide.stacks[carry.end]),
    "gates are packed in another order": ("tinygrad_rnn.compiler.passes.packed", None, swapped),
    "no gradient is carried back": (derive, "_loop", uncarried),
    "calls with other options are one": (tidy, "frozen", lambda static: ()),
    "what changes from step to step is moved before the loop": (
        tidy, "_invariant", lambda loop: list(loop.body)[:1]),
    "a slice is always the first": (narrow, "_last", without(narrow._last, lambda part: part and slice(0, H))),
    "a plan is used though a number changed": (guards.Guards, "hold", lambda self: True),
    "the first gradient alone is kept": (
        derive._Arrived, "add", lambda self, value, g: self.parts.setdefault(value, [g])),
    "memory is used again before its last reader has run": (
        replay, "_dying", without(replay._dying, lambda dying: [set(), *dying[:-1]])),
    "a term that is the same at each step is left out": (regroup, "_sum", lambda terms, dtype, body: terms[0]),
    "what is kept of each step is not copied": (looped.Looped, "_copy", lambda self, spot, value: None),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONGS)
def test_a_wrong_is_seen(monkeypatch, request, name):
    where, what, wrong = WRONGS[name]
    seen = False
    for fixture in ("by_numpy", "by_kernels"):
        request.getfixturevalue(fixture)
        with monkeypatch.context() as patch:
            patch.setattr(where, wrong) if what is None else patch.setattr(where, what, wrong)
            try:
                seen = seen or not is_right()
            except Exception:
                seen = True
        if seen:
            return
    assert seen
