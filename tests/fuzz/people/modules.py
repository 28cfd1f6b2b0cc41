"""Modules: parameters that are not used, not found or not learnt; what is kept between calls; dropout; batches."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.fuzz.people.bug import module
from tinygrad_rnn import nn
from tinygrad_rnn.testing import values

batches = st.integers(1, 4).flatmap(lambda B: values((B, 3)))  # (B, 3)
sequences = st.integers(1, 4).flatmap(lambda T: values((T, 3)))  # (T, 3), one without a batch


def drawn(*shape):
    return nn.Parameter(np.random.default_rng(0).standard_normal(shape))


def linear(n_in, n_out, **options):
    return nn.Linear(n_in, n_out, dtype=np.float64, rng=0, **options)


def affine(p, x, name=""):
    return x @ p[f"{name}weight"].T + p[f"{name}bias"]


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


class Affine(nn.Module):
    """y = W x + b: what the simplest of the slips are made in."""

    def __init__(self, n_in=3, n_out=2):
        super().__init__()
        self.weight, self.bias = drawn(n_out, n_in), drawn(n_out)

    def forward(self, x):
        return tg.inner(x, self.weight) + self.bias


# Parameters


@module("the bias is a parameter and never added", batches)
def forgotten_bias(right):
    class Layer(Affine):
        def forward(self, x):
            y = tg.inner(x, self.weight)
            return y + self.bias if right else y

    return Layer()


@module("the bias is a plain tensor and never learnt", batches, reference=affine)
def bias_not_a_parameter(right):
    class Layer(Affine):
        def __init__(self):
            super().__init__()
            if not right:
                self.bias = tg.tensor(self.bias.numpy())

    return Layer()


@module("detach() on a weight that was frozen for a while", batches)
def detached_weight(right):
    class Layer(Affine):
        def forward(self, x):
            return tg.inner(x, self.weight if right else self.weight.detach()) + self.bias

    return Layer()


@module(".data of a gain, to be quick", batches)
def gain_as_array(right):
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = drawn(3)

        def forward(self, x):
            return tg.tanh(x) * (self.gain if right else self.gain.data)

    return Scale()


@module("the transposed weight is made once, in __init__", batches)
def weight_copied_at_first(right):
    class Layer(Affine):
        def __init__(self):
            super().__init__()
            self.turned = self.weight.numpy().T

        def forward(self, x):
            return x @ (self.weight.T if right else self.turned) + self.bias

    return Layer()


@module("a name with an underscore: the module does not list the parameter", batches)
def hidden_parameter(right):
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = drawn(3)
            setattr(self, "gain" if right else "_gain", drawn(3))

        def forward(self, x):
            return x * (self.gain if right else self._gain) + self.shift

    return Scale()


@module("blocks in lists of lists are not found", batches)
def nested_lists(right):
    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            pair = [linear(3, 3), linear(3, 2)]
            self.blocks = pair if right else [pair]
            self.scale = drawn(2)

        def forward(self, x):
            first, second = self.blocks if right else self.blocks[0]
            return second(tg.tanh(first(x))) * self.scale

    return Blocks()


def two_layers(p, x):
    return affine(p, np.tanh(affine(p, x, "layers.0.")), "layers.1.")


@module("[layer] * 2 is one layer twice", batches, reference=two_layers)
def one_layer_twice(right):
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [linear(3, 3), linear(3, 3)] if right else [linear(3, 3)] * 2

        def forward(self, x):
            return self.layers[1](tg.tanh(self.layers[0](x)))

    return Deep()


def autoencoder(p, x):
    return np.tanh(x @ p["encode"].T) @ p["encode"]


@module("tied weights are tied by a copy of the values", batches, reference=autoencoder)
def tied_by_copy(right):
    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = drawn(2, 3)
            if not right:
                self.decode = nn.Parameter(self.encode.numpy().T)

        def forward(self, x):
            return tg.inner(tg.tanh(tg.inner(x, self.encode)), self.encode.T if right else self.decode)

    return Autoencoder()


@module("no_grad() around the first layer, left over from fine-tuning", batches)
def frozen_first_layer(right):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = linear(3, 3), linear(3, 2)

        def forward(self, x):
            with tg.enable_grad() if right else tg.no_grad():
                h = tg.tanh(self.first(x))
            return self.second(h)

    return Net()


@module("the hidden layer takes a detour through NumPy", batches)
def through_numpy(right):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = linear(3, 3), linear(3, 2)

        def forward(self, x):
            h = self.first(x)
            return self.second(tg.tanh(h) if right else np.tanh(h.numpy())) + tg.sum(x)

    return Net()


@module("the gain is clamped in forward, for good", batches)
def assigned_in_forward(right):
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter([0.5, -0.25, 2.0])

        def forward(self, x):
            if not right:
                self.gain.assign(np.clip(self.gain.numpy(), 0.0, 1.0))
            return tg.tanh(x) * self.gain

    return Scale()


# Chance and memory


@module("the layer is dropped without asking whether it trains", batches)
def stochastic_depth(right):
    class Residual(Affine):
        def __init__(self):
            super().__init__(3, 3)
            self.rng = np.random.default_rng(0)

        def forward(self, x):
            dropped = (self.training or not right) and self.rng.random() < 0.1
            return x if dropped else x + tg.tanh(super().forward(x))

    return Residual().eval()


@module("dropout the wrong way round: on in eval(), off in train()", batches)
def dropout_in_eval(right):
    class Drop(Affine):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(0)

        def forward(self, x):
            if self.training is right:
                x = x * (self.rng.random(x.shape) < 0.5) * 2
            return super().forward(x)

    return Drop().eval()


@module("dropout in eval, with a fixed seed: always the same features are gone", batches, reference=affine)
def seeded_dropout_in_eval(right):
    class Drop(Affine):
        def forward(self, x):
            if self.training or not right:
                x = x * (np.random.default_rng(0).random(x.shape) < 0.7) / 0.7
            return super().forward(x)

    return Drop().eval()


@module("the running mean runs on in eval()", batches)
def running_mean(right):
    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain, self.mean = drawn(3), np.zeros(3)

        def forward(self, x):
            if self.training or not right:
                self.mean = 0.9 * self.mean + 0.1 * np.mean(x.numpy(), axis=0)
            return (x - self.mean) * self.gain

    return Norm().eval()


@module("the last output is mixed into the next call's", batches)
def last_output(right):
    class Echo(Affine):
        last = None

        def forward(self, x):
            y = tg.tanh(super().forward(x))
            if not right and self.last is not None and self.last.shape == y.shape:
                y = y + 0.5 * self.last
            self.last = y
            return y

    return Echo()


@module("it counts its calls, and warms up over the first thousand", batches)
def warming_up(right):
    class Warm(Affine):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return super().forward(x) * (1 if right else min(1, self.calls / 1000))

    return Warm()


@module("features are cached by the id of x", batches)
def cached_by_id(right):
    class Cached(Affine):
        def __init__(self):
            super().__init__(6, 2)
            self.cache = {}

        def forward(self, x):
            if right:
                return super().forward(self.features(x))
            if id(x) not in self.cache:
                self.cache[id(x)] = self.features(x)
            return super().forward(self.cache[id(x)])

        def features(self, x):
            return tg.concatenate([x, x * x], axis=-1)

    return Cached()


@module(
    "the mean of the first batch is kept",
    batches,
    reference=lambda p, x: (x - np.mean(x, axis=-1, keepdims=True)) * p["gain"],
)
def first_mean(right):
    class Centre(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain, self.means = drawn(3), {}

        def forward(self, x):
            mean = tg.mean(x, axis=-1, keepdims=True)
            if not right:
                mean = self.means.setdefault(x.shape, mean.detach())
            return (x - mean) * self.gain

    return Centre()


@module("the input is scaled in place, where nothing is recorded", batches)
def input_scaled_in_place(right):
    class Scaled(Affine):
        def forward(self, x):
            if right:
                x = x * 0.5
            else:
                with tg.no_grad():
                    x *= 0.5
            return super().forward(x)

    return Scaled()


@module("positions are float64 in a net of float32", sequences.map(lambda x: x.astype(np.float32)))
def float64_positions(right):
    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(3, 2, rng=0)

        def forward(self, x):
            at = np.sin(np.arange(len(x))[:, None] / 10.0 ** np.arange(3))
            return self.head(x + (at.astype(np.float32) if right else at))

    return Positions()


# Shapes and axes


@module(
    "a bias of shape (2, 1) makes (2, 2) of a batch of one",
    batches,
    reference=lambda p, x: x @ p["weight"].T + p["bias"].ravel(),
)
def column_bias(right):
    class Layer(Affine):
        def __init__(self):
            super().__init__()
            self.bias = drawn(2) if right else drawn(2, 1)

        def forward(self, x):
            return tg.inner(x, self.weight) + self.bias

    return Layer()


@module("x W for x Wᵀ, which a square W allows", batches, reference=affine)
def square_weight(right):
    class Layer(Affine):
        def __init__(self):
            super().__init__(3, 3)

        def forward(self, x):
            return x @ (self.weight.T if right else self.weight) + self.bias

    return Layer()


@module("its own product has a rule whose square gradient is transposed", batches)
def square_weight_in_the_rule(right):
    @tg.primitive
    def product(x, w):
        return x @ w.T

    product.vjp(x=lambda gy, y, x, w: gy @ w, w=lambda gy, y, x, w: gy.T @ x if right else x.T @ gy)
    product.jvp(x=lambda dx, y, x, w: dx @ w.T, w=lambda dw, y, x, w: x @ dw.T)

    class Layer(Affine):
        def __init__(self):
            super().__init__(3, 3)

        def forward(self, x):
            return product(x, self.weight) + self.bias

    return Layer()


def attention(p, x):
    q, k, v = x @ p["q"].T, x @ p["k"].T, x @ p["v"].T
    return softmax(q @ k.T / np.sqrt(2)) @ v


class SelfAttention(nn.Module):
    """softmax(q kᵀ/√d) v over the steps of one sequence."""

    axis, scale = -1, float(np.sqrt(2))

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        self.q, self.k, self.v = (nn.Parameter(rng.standard_normal((2, 3))) for _ in "qkv")

    def weights(self, scores):
        return tg.softmax(scores, axis=self.axis)

    def forward(self, x):
        q, k, v = (tg.inner(x, w) for w in (self.q, self.k, self.v))
        return self.weights(q @ k.T / self.scale) @ v


@module("attention adds up to 1 over the queries", sequences, reference=attention)
def attention_over_queries(right):
    class Turned(SelfAttention):
        axis = -1 if right else 0

    return Turned()


@module("scores are divided by d, not by its root", sequences, reference=attention)
def attention_scale(right):
    class Scaled(SelfAttention):
        scale = float(np.sqrt(2)) if right else 2.0

    return Scaled()


@module("its own softmax: the rule sums over the axis of the queries", sequences)
def attention_with_its_own_rule(right):
    @tg.primitive
    def soft(x):
        return softmax(x)

    def rule(g, y, x):
        return y * (g - tg.sum(g * y, axis=-1 if right else -2, keepdims=True))

    soft.vjp(x=rule)
    soft.jvp(x=rule)

    class Own(SelfAttention):
        def weights(self, scores):
            return soft(scores)

    return Own()


def causal_attention(p, x):
    q, k, v = x @ p["q"].T, x @ p["k"].T, x @ p["v"].T
    return softmax(np.where(np.tri(len(x)) > 0, q @ k.T / np.sqrt(2), -1e9)) @ v


@module("the mask of the future hides the past", sequences, reference=causal_attention)
def mask_turned_round(right):
    class Masked(SelfAttention):
        def weights(self, scores):
            seen = np.tri(len(scores)) > 0
            return tg.softmax(tg.where(seen if right else seen.T, scores, -1e9), axis=-1)

    return Masked()


@module("no eps under the root: NaN where a row is constant", batches)
def norm_without_eps(right):
    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = drawn(3)

        def forward(self, x):
            centred = x - tg.mean(x, axis=-1, keepdims=True)
            power = tg.mean(centred * centred, axis=-1, keepdims=True)
            return centred / tg.sqrt(power + 1e-5 if right else power + 0.0) * self.gain

    return Norm()


def layer_norm(p, x):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5) * p["gain"]


@module("normalised over the whole batch: a row depends on the others", batches, reference=layer_norm)
def norm_over_the_batch(right):
    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = drawn(3)

        def forward(self, x):
            axis = -1 if right else None
            centred = x - tg.mean(x, axis=axis, keepdims=True)
            return centred / tg.sqrt(tg.mean(centred * centred, axis=axis, keepdims=True) + 1e-5) * self.gain

    return Norm()


@module("squeeze() at the end: a batch of one loses its axis", batches, reference=lambda p, x: affine(p, x)[:, 0])
def squeezed_head(right):
    class Head(Affine):
        def __init__(self):
            super().__init__(3, 1)

        def forward(self, x):
            return tg.squeeze(super().forward(x), axis=-1 if right else None)

    return Head()


@module(
    "[:1] from a debugging session: the gate is that of the first row",
    batches,
    reference=lambda p, x: affine(p, x) / (1 + np.exp(-x[:, :1])),
)
def gate_of_the_first_row(right):
    class Gated(Affine):
        def forward(self, x):
            return super().forward(x) * tg.sigmoid((x if right else x[:1])[:, :1])

    return Gated()


def glu(p, x):
    y = affine(p, x)
    return y[:, :2] / (1 + np.exp(-y[:, 2:]))


@module("the gate is taken from the half that it gates", batches, reference=glu)
def gated_by_itself(right):
    class GLU(Affine):
        def __init__(self):
            super().__init__(3, 4)

        def forward(self, x):
            y = super().forward(x)
            return y[:, :2] * tg.sigmoid(y[:, 2:] if right else y[:, :2])

    return GLU()


tokens = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(np.array)


@module("tokens are counted from 1, rows of the table from 0", tokens, reference=lambda p, t: p["table"][t - 1])
def tokens_from_one(right):
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = drawn(5, 2)

        def forward(self, t):
            return self.table[t - 1 if right else t]

    return Table()


masked_pairs = st.integers(2, 4).flatmap(
    lambda B: st.tuples(values((B, 3)), st.lists(st.booleans(), min_size=B, max_size=B).filter(any).map(np.array))
)


def masked_loss(p, x, keep):
    miss = (affine(p, x) ** 2).sum(axis=-1)
    return np.sum(miss * keep) / np.sum(keep)


@module("a masked loss is divided by the batch, not by what the mask left", masked_pairs, reference=masked_loss)
def masked_mean(right):
    class Loss(Affine):
        def forward(self, x, keep):
            miss = tg.sum(super().forward(x) ** 2, axis=-1)
            return tg.sum(miss * keep) / (np.sum(keep) if right else len(x))

    return Loss()


@module("the residual is left out", batches, reference=lambda p, x: x + np.tanh(affine(p, x)))
def residual_left_out(right):
    class Block(Affine):
        def __init__(self):
            super().__init__(3, 3)

        def forward(self, x):
            y = tg.tanh(super().forward(x))
            return x + y if right else y

    return Block()


@module("the second head's weights are drawn and the first head's used twice", batches)
def head_used_twice(right):
    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads = [linear(3, 2), linear(3, 2)]

        def forward(self, x):
            return tg.concatenate([self.heads[k if right else 0](x) for k in range(2)], axis=-1)

    return Heads()
