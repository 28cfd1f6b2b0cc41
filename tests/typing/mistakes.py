"""Calls that mypy and pyright must both refuse, one on every line that ends in "wrong"; never run."""

from typing import TYPE_CHECKING

import tinygrad_rnn as tg
from tests.typing.reveals import Twice, energy
from tinygrad_rnn import Tensor, nn
from tinygrad_rnn.engine.tensor import Array

if TYPE_CHECKING:
    from tests.typing.reveals import cube, decay, times


def ops(t: Tensor, a: Array) -> None:
    tg.tanh("x")  # wrong
    tg.tanh(t, t)  # wrong
    tg.add(t)  # wrong
    tg.add(t, "1")  # wrong
    tg.where(t > 0, t)  # wrong
    tg.sum(t, axes=0)  # wrong
    tg.sum(t, "0")  # wrong
    tg.sum(t, dtpye="f4")  # wrong
    tg.sum(t, out=a)  # wrong
    tg.max(t, dtype="f4")  # wrong
    tg.cumsum(t, where=a)  # wrong
    tg.clip(t, mim=0.0)  # wrong
    tg.sum(t, axis=0.5)  # wrong
    tg.softmax(t, axis=-1, keepdims=True)  # wrong
    tg.reshape(t)  # wrong
    tg.clip(t, a_mim=3)  # wrong
    tg.getitem(t, "a")  # wrong
    tg.take(t, [0], dim=0)  # wrong
    tg.concatenate([t, t], dim=0)  # wrong
    tg.concatenate(["a", "b"])  # wrong
    tg.stack([t, t], axis="0")  # wrong
    tg.split(t, "4")  # wrong
    tg.pad(t, 1, modus="edge")  # wrong
    tg.norm(t, order=2)  # wrong
    tg.einsum(t, a)  # wrong
    tg.gelu(t, approx="tanh")  # wrong
    tg.vstack([t, t], axis=0)  # wrong
    tg.topk(t)  # wrong
    tg.median(t, dim=0)  # wrong
    tg.relo(t)  # wrong
    tg.sum(a).backward()  # wrong


def tensors(t: Tensor) -> None:
    t.backwards()  # wrong
    t.backward(retain=True)  # wrong
    t.sum(axes=0)  # wrong
    t.sum().sun()  # wrong
    t.astype(3)  # wrong
    t + "1"  # wrong
    t.shape = (3,)  # wrong
    tg.tensor([1.0], requires_gard=True)  # wrong
    tg.tensor([1.0], dtype=3)  # wrong


def layers(t: Tensor, a: Array) -> None:
    nn.Linear(3, 2)(t, t)  # wrong
    nn.Linear(3, 2)("x")  # wrong
    nn.Linear(3, 2)(t).backwards()  # wrong
    nn.Linear(3, 2, biased=False)  # wrong
    nn.Embedding(10, 4)("one")  # wrong
    nn.Dropout("0.5")  # wrong
    nn.LSTM(3, 4)(t, length=[1])  # wrong
    nn.cross_entropy(t, [0, 1], reduction="average")  # wrong
    nn.mse_loss(t, "a")  # wrong
    Twice()(a, gian=3.0)  # wrong


def derivatives(t: Tensor, a: Array) -> None:
    tg.grad("f")  # wrong
    tg.grad(energy)(t).backwards()  # wrong
    tg.checkpoint(energy)("x")  # wrong
    decay(t)  # wrong
    decay(t, a, flor=1.0)  # wrong
    cube(t, 3)  # wrong
    times(t, 3.0)  # wrong
    cube.vjps()  # wrong
