"""What mypy and pyright must make of each call, in the comment behind it; checked by test_typing, never run."""

from typing import TYPE_CHECKING, Any, reveal_type

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import Tensor, nn, testing
from tinygrad_rnn.engine.tensor import Array


def ops(t: Tensor, a: Array, either: Tensor | Array) -> None:
    reveal_type(tg.tanh(t))  # Tensor
    reveal_type(tg.tanh(a))  # Array
    reveal_type(tg.tanh(0.5))  # Array
    reveal_type(tg.tanh([1.0, 2.0]))  # Array
    reveal_type(tg.tanh(either))  # Tensor | Array
    reveal_type(tg.add(t, 1))  # Tensor
    reveal_type(tg.maximum(0.0, t))  # Tensor
    reveal_type(tg.maximum(a, t))  # Tensor
    reveal_type(tg.maximum(a, 0.0))  # Array
    reveal_type(tg.where(a, t, 0.0))  # Tensor
    reveal_type(tg.where(a, 0.0, t))  # Tensor
    reveal_type(tg.where(a, a, 0.0))  # Array
    reveal_type(tg.matmul(a, t))  # Tensor
    reveal_type(tg.take(t, [0, 1], axis=0))  # Tensor
    reveal_type(tg.one_hot(a, 3, np.float32))  # Array
    reveal_type(tg.remainder(t, 2))  # Tensor
    reveal_type(tg.divmod(a, t))  # tuple[Tensor, Tensor]
    reveal_type(tg.divmod(a, 2)[0])  # Array
    reveal_type(tg.round(t, 1))  # Tensor
    reveal_type(tg.bitwise_and(t > 0, t < 1))  # Tensor
    reveal_type(tg.any(t, axis=0))  # Tensor
    reveal_type(tg.arctan2(a, t))  # Tensor
    reveal_type(tg.hypot(a, 2.0))  # Array
    reveal_type(tg.absolute(t))  # Tensor
    reveal_type(tg.nan_to_num(t, nan=1.0))  # Tensor
    reveal_type(tg.roll(t, (1, 2), axis=(0, 1)))  # Tensor
    reveal_type(tg.gelu(t, approximate="tanh"))  # Tensor
    reveal_type(tg.leaky_relu(a, 0.2))  # Array


def options(t: Tensor, a: Array) -> None:
    reveal_type(tg.sum(t, 0))  # Tensor
    reveal_type(tg.sum(t, axis=(0, 1), keepdims=True))  # Tensor
    reveal_type(tg.sum(a, 0, True))  # Array
    reveal_type(tg.sum(t, dtype="f4"))  # Tensor
    reveal_type(tg.sum(a, axis=0, where=a > 0, initial=1.0, out=None))  # Array
    reveal_type(tg.max(t, 0, initial=0.0))  # Tensor
    reveal_type(tg.std(t, correction=1, dtype=np.float32))  # Tensor
    reveal_type(tg.all(t, where=t > 0))  # Tensor
    reveal_type(tg.cumsum(a, dtype=float))  # Array
    reveal_type(tg.clip(t, min=0.0))  # Tensor
    reveal_type(tg.softmax(t, axis=None))  # Tensor
    reveal_type(tg.reshape(t, (2, -1)))  # Tensor
    reveal_type(tg.clip(t, 0, a_max=a))  # Tensor
    reveal_type(tg.clip(a, a_max=1.0))  # Array
    reveal_type(tg.getitem(t, (slice(1), None, ...)))  # Tensor
    reveal_type(tg.tensordot(t, a, axes=([0], [1])))  # Tensor


def composites(t: Tensor, a: Array) -> None:
    reveal_type(tg.concatenate([t, t], axis=1))  # Tensor
    reveal_type(tg.concatenate((t, a), 1))  # Tensor
    reveal_type(tg.concatenate([a, a]))  # Array
    reveal_type(tg.stack([t, t]))  # Tensor
    reveal_type(tg.stack([a, a], axis=-1))  # Array
    reveal_type(tg.split(t, 4, axis=1))  # list[Tensor]
    reveal_type(tg.split(a, [1, 3]))  # list[Array]
    reveal_type(tg.vstack([t, a]))  # Tensor
    reveal_type(tg.column_stack([a, a]))  # Array
    reveal_type(tg.hsplit(t, 2))  # list[Tensor]
    reveal_type(tg.atleast_2d(t))  # Tensor
    reveal_type(tg.atleast_2d(a))  # Array
    reveal_type(tg.atleast_2d(t, a))  # tuple[Any, ...]
    reveal_type(tg.append(a, t))  # Tensor
    reveal_type(tg.tril(t, -1))  # Tensor
    reveal_type(tg.median(t, axis=0))  # Tensor
    reveal_type(tg.quantile(a, [0.1, 0.9], axis=-1, keepdims=True))  # Array
    reveal_type(tg.topk(t, 2))  # tuple[Tensor, Tensor]
    reveal_type(tg.gather(t, 1, a))  # Tensor
    reveal_type(tg.einsum(t, [0, 1], a, [1], [0]))  # Tensor
    reveal_type(tg.norm(t, 2, axis=-1))  # Tensor
    reveal_type(tg.norm(a))  # Array
    reveal_type(tg.pad(t, ((1, 1), (0, 2)), mode="edge"))  # Tensor
    reveal_type(tg.tile(t, (2, 1)))  # Tensor
    reveal_type(tg.repeat(t, 2, axis=0))  # Tensor
    reveal_type(tg.astype(t, np.float32))  # Tensor
    reveal_type(tg.outer(t, a))  # Tensor
    reveal_type(tg.trace(a))  # Array
    reveal_type(tg.einsum("ij,j->i", a, t))  # Tensor
    reveal_type(tg.einsum("ij,j->i", a, a))  # Array
    reveal_type(tg.index_add(a, [0], t))  # Tensor
    reveal_type(tg.index_add(a, [0], a))  # Array


def operators(t: Tensor, a: Array) -> None:
    reveal_type((t > 0) & (a > 0))  # Tensor
    reveal_type(~(t > 0))  # Tensor
    reveal_type(t % 2)  # Tensor
    reveal_type(7 // t)  # Tensor
    reveal_type(divmod(t, 2)[1])  # Tensor
    reveal_type(round(t, 2))  # Tensor
    reveal_type(t.exp().sigmoid())  # Tensor
    reveal_type(t.softmax(axis=0))  # Tensor
    reveal_type(t.sum(dtype="f4", where=t > 0))  # Tensor
    reveal_type((t > 0).any(axis=0))  # Tensor
    reveal_type(t.split(2))  # list[Tensor]
    reveal_type(t + 1)  # Tensor
    reveal_type(2.0 * t)  # Tensor
    reveal_type(t - a)  # Tensor
    reveal_type(np.ones(3) - t)  # Tensor
    reveal_type(np.ones((3, 3)) @ t)  # Tensor
    reveal_type(np.float32(2) / t)  # Tensor
    reveal_type(-t)  # Tensor
    reveal_type(t**2 > 0)  # Tensor
    reveal_type(t == 1)  # Tensor
    reveal_type(t[:, 0])  # Tensor
    reveal_type(list(t))  # list[Tensor]


def methods(t: Tensor) -> None:
    reveal_type(t.sum())  # Tensor
    reveal_type(t.mean(0, keepdims=True))  # Tensor
    reveal_type(t.clip(0, 1))  # Tensor
    reveal_type(t.reshape(2, -1).T)  # Tensor
    reveal_type(t.transpose((1, 0)).mT)  # Tensor
    reveal_type(t.astype("float32"))  # Tensor
    reveal_type(t.arctan().silu().median(axis=0))  # Tensor
    reveal_type(t.topk(3, largest=False)[1])  # Tensor
    reveal_type(t.detach())  # Tensor
    reveal_type(t.numpy())  # Array
    reveal_type(t.shape)  # tuple[int, ...]
    reveal_type(t.grad)  # Tensor | None


def layers(t: Tensor, a: Array) -> None:
    reveal_type(nn.Linear(3, 2)(t))  # Tensor
    reveal_type(nn.Linear(3, 2)(a))  # Tensor
    reveal_type(nn.Embedding(10, 4)([[1, 2, 3]]))  # Tensor
    reveal_type(nn.LayerNorm(4)(t))  # Tensor
    reveal_type(nn.Dropout(0.1)(t))  # Tensor
    reveal_type(nn.ReLU()(t))  # Tensor
    reveal_type(nn.Softmax(axis=0)(a))  # Tensor
    reveal_type(nn.ModuleList([nn.Linear(3, 2)])[0])  # Module
    reveal_type(nn.ModuleList([nn.Linear(3, 2)])[:1])  # ModuleList
    reveal_type(nn.LSTM(3, 4).dropout)  # float
    reveal_type(nn.Linear(3, 2).requires_grad_(False))  # Linear
    reveal_type(nn.Linear(3, 2).register_forward_hook(print))  # Handle
    reveal_type(t.register_hook(print))  # Handle
    reveal_type(nn.DotAttention(3, 5)(t, a))  # tuple[Tensor, Tensor]
    reveal_type(nn.Linear(3, 2).weight)  # Parameter
    reveal_type(nn.Linear(3, 2).eval())  # Linear
    reveal_type(nn.LSTM(3, 4)(t)[0])  # Tensor
    reveal_type(Twice()(a, gain=3.0))  # Tensor


class Twice(nn.Module):
    """A module of a user: its call is typed as its forward."""

    def __init__(self) -> None:
        self.inner = nn.Linear(3, 3)

    def forward(self, x: Array, gain: float = 1.0) -> Tensor:
        return self.inner(self.inner(x)) * gain


def losses(t: Tensor, a: Array) -> None:
    reveal_type(nn.cross_entropy(t, [0, 1]))  # Tensor
    reveal_type(nn.cross_entropy(t, a, weight=a, ignore_index=-100, label_smoothing=0.1))  # Tensor
    reveal_type(nn.kl_div(t, a, "batchmean", log_target=True))  # Tensor
    reveal_type(nn.mse_loss(t, a, reduction="sum"))  # Tensor
    reveal_type(nn.binary_cross_entropy_with_logits(t, a, pos_weight=2.0))  # Tensor
    reveal_type(nn.sequence_loss(t, a, lengths=[3, 1], reduction="token"))  # Tensor


def derivatives(t: Tensor, a: Array) -> None:
    reveal_type(tg.grad(energy)(a, 2))  # Tensor
    reveal_type(tg.value_and_grad(energy)(t))  # tuple[Tensor, Tensor]
    reveal_type(tg.jacobian(energy)(t))  # Tensor
    reveal_type(tg.hessian(energy)(t))  # Tensor
    reveal_type(tg.hvp(energy)(t, a))  # Tensor
    reveal_type(tg.vjp(energy, t)[0])  # Tensor
    reveal_type(tg.jvp(energy, (t,), (a,)))  # tuple[Tensor, Tensor]
    reveal_type(tg.checkpoint(energy)(t, 2))  # Tensor
    reveal_type(t.backward())  # None


def strategies(a: Array) -> None:
    reveal_type(testing.shapes())  # SearchStrategy[tuple[int, ...]]
    reveal_type(testing.broadcast_shapes(3))  # SearchStrategy[tuple[tuple[int, ...], ...]]
    reveal_type(testing.matmul_shapes())  # SearchStrategy[tuple[tuple[int, ...], tuple[int, ...]]]
    reveal_type(testing.axes(testing.shapes()))  # SearchStrategy[int | tuple[int, ...] | None]
    reveal_type(testing.values(testing.shapes(), domain=(0, 1)))  # SearchStrategy[Array]
    reveal_type(testing.layouts(testing.values()))  # SearchStrategy[Array]
    reveal_type(testing.sequences(T=3))  # SearchStrategy[Array]
    reveal_type(testing.lengths(4, B=2))  # SearchStrategy[Array]
    reveal_type(testing.calls("sum"))  # SearchStrategy[Call]
    reveal_type(testing.programs(["tanh"]))  # SearchStrategy[Program]
    with testing.tally() as counts:
        reveal_type(counts)  # Tally


def energy(x: Tensor, k: int = 2) -> Tensor:
    return (x**k).sum()


# declared for the checkers alone: run, they would stand in the registry of ops
if TYPE_CHECKING:

    @tg.primitive
    def decay(x: Array, rate: Array, /, floor: float = 0.0) -> Array:
        """y = x·exp(−max(rate, floor))"""
        return x * np.exp(-np.maximum(rate, floor))

    @tg.elementwise(x=lambda y, x: 3 * x * x)
    def cube(x: Array) -> Array:
        """y = x³.  dy/dx = 3x²."""
        return x * x * x

    @tg.linear(transpose=lambda gy, x, *, k: gy * k)
    def times(x: Array, *, k: float = 2.0) -> Array:
        """y = k·x."""
        return x * k


@tg.no_grad()
def evaluated(x: Tensor) -> str:
    return str(x)


def declared(t: Tensor, a: Array, unknown: Any) -> None:
    reveal_type(decay(t, a))  # Tensor
    reveal_type(decay(a, t, floor=1.0))  # Tensor
    reveal_type(decay(a, 0.5, 1.0))  # Array
    reveal_type(decay(t, unknown))  # Tensor
    reveal_type(cube(t))  # Tensor
    reveal_type(times(a, k=3.0))  # Array
    reveal_type(evaluated(t))  # str
