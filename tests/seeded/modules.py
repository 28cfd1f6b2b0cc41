"""Modules that train badly: something is cut off, kept from an earlier call, or of another dtype."""

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.nn import Module, Parameter


class Projection(Module):
    """y = tanh(x Wᵀ + b), the right one."""

    def __init__(self, input_size, output_size, rng=None):
        rng = np.random.default_rng(rng)
        self.weight = Parameter(rng.standard_normal((output_size, input_size)))
        self.bias = Parameter(rng.standard_normal(output_size))

    def forward(self, x):
        x = x if isinstance(x, tg.Tensor) else tg.tensor(x)
        return tg.tanh(self.product(x))

    def product(self, x):
        return x @ self.weight.T + self.bias


class Centred(Projection):
    """The features normalised before the product, with what the mean and the scale are passed through."""

    through = staticmethod(lambda x: x)

    def product(self, x):
        centre = self.through(tg.mean(x, axis=-1, keepdims=True))
        scale = self.through(tg.sqrt(tg.mean((x - centre) ** 2, axis=-1, keepdims=True) + 0.1))
        return super().product((x - centre) / scale)


class Running(Projection):
    """A running mean that every call moves."""

    def product(self, x):
        self._mean = 0.9 * getattr(self, "_mean", 0.0) + 0.1 * float(x.data.mean())
        return super().product(x - self._mean)


def variant(product, base=Projection):
    return type(base.__name__, (base,), {"product": product})


RIGHT = (Projection, Centred)
BUGS = {
    "a module": {
        "Linear: W detached": variant(lambda self, x: x @ self.weight.detach().T + self.bias),
        "Linear: b read as data": variant(lambda self, x: x @ self.weight.T + self.bias.data),
        "Linear: x detached": variant(lambda self, x: Projection.product(self, x.detach())),
        "Linear: tied weights, one of two uses detached": variant(
            lambda self, x: (x @ self.weight.T) @ self.weight.detach() @ self.weight.T + self.bias
        ),
        "LayerNorm: mean and scale taken as constants": type(
            "Centred", (Centred,), {"through": staticmethod(lambda x: x.detach())}
        ),
        "Linear: scaled by its own detached norm": variant(
            lambda self, x: Projection.product(self, x) / tg.norm(self.weight).item()
        ),
        "Linear: b through float32": variant(
            lambda self, x: x @ self.weight.T + self.bias.astype(np.float32).astype(np.float64)
        ),
        "Linear: a running mean": Running,
    },
}
