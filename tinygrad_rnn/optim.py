"""Optimisers, in rising complexity: each is the one before with one idea more.

    SGD        p ← p − lr·g                      momentum: g is averaged over time
    Adagrad    g / √Σg²                          each number its own step size
    RMSProp    g / √(average of g²)              … that can grow again
    Adam       average of g / √(average of g²)   both, corrected for starting at 0
    AdamW      and p shrinks by itself           weight decay apart from the gradient

Schedules are functions of the step: `optimizer.lr = schedule(k)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from tinygrad_rnn.compiler.formula import applied
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.arrays import joined, parted
from tinygrad_rnn.engine.tensor import Array, Tensor, replace_array
from tinygrad_rnn.errors import (
    CheckpointError,
    OptionError,
    TinygradError,
    check_flags,
    check_number,
    check_sequence,
    check_type,
)
from tinygrad_rnn.nn.options import Keywords

__all__ = [
    "OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSProp", "constant", "cosine_decay",
    "exponential_decay", "step_decay",
]  # fmt: skip

State = dict[str, Array]
Schedule = Callable[[int], float]


class Optimizer(Keywords):
    """Applies `update` to every parameter that has a gradient.

    Attributes:
        memory: the names of what it remembers of a parameter, to tell a saved state from another optimiser's.
        elementwise: whether `update` acts on each number alone, said by the class that defines it: then all parameters
            are updated as one long vector, a stretch at a time that fits the processor's cache.

    Args:
        params: leaf Tensors; a generator will do, one that comes twice counts once, a frozen one is left alone.
        lr: step size, in units of parameter per step; may be changed between steps.
        weight_decay: λ, adds λ·p to the gradient.
    Raises:
        OptionError: none of the parameters requires grad, one is not a leaf, or a number is out of range.
    """

    memory: ClassVar[tuple[str, ...]] = ()
    elementwise: ClassVar[bool] = False

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float = 0.0) -> None:
        owner = type(self).__name__
        check_sequence(owner, "the parameters", params)
        self.params = list({id(p): p for p in params}.values())
        for p in self.params:
            if not (isinstance(p, Tensor) and p.is_leaf):
                raise OptionError(f"{owner}: a parameter is not a leaf Tensor", expected="those of model.parameters()",
                                  got="the result of an op" if isinstance(p, Tensor) else type(p).__name__)  # fmt: skip
        if not any(p.requires_grad for p in self.params):
            raise OptionError(f"{owner}: none of the {len(self.params)} parameters requires grad",
                              help="tensor(…, requires_grad=True), or a module that has parameters")  # fmt: skip
        check_number(owner, "lr", lr, least=0)
        check_number(owner, "weight_decay", weight_decay, least=0)
        self.lr = lr
        self.weight_decay = weight_decay
        self.state: list[State] = [{} for _ in self.params]

    def update(self, p: Array, g: Array, state: State) -> Array:
        """What to subtract from p, which is what a subclass defines; `state` is this parameter's own memory."""
        raise TypeError(f"{type(self).__name__} defines no update()")

    def __repr__(self) -> str:
        options = ", ".join(
            f"{name}={value!r}" for name, value in vars(self).items() if name not in ("params", "state")
        )
        count = sum(p.requires_grad for p in self.params)
        return f"{type(self).__name__}({options}) of {count} parameter{'s' * (count != 1)}"

    def step(self) -> None:
        """Change every parameter that has a gradient and is not frozen; the others stay."""
        together: dict[Any, list[int]] = {}
        at_once = self._is_elementwise()
        for k, (p, state) in enumerate(zip(self.params, self.state, strict=True)):
            if p.grad is None or not p.requires_grad:
                continue
            values, g = p._taken("step"), p.grad._taken("step")
            if at_once and g.dtype == values.dtype:
                together.setdefault((values.dtype, int(state.get("t", 0))), []).append(k)
                continue
            if g.dtype != values.dtype:
                g = g.astype(values.dtype)
            p.assign(values - self.update(values, self.decayed(values, g), state))
        for members in together.values():
            self._updated(members)

    def _is_elementwise(self) -> bool:
        """Whether each class that says what is done says that it is done to each number alone."""
        said = [next(c for c in type(self).__mro__ if name in vars(c)) for name in ("update", "decayed")]
        return all(c is Optimizer or vars(c).get("elementwise", False) for c in said)

    def _updated(self, members: list[int]) -> None:
        """Update these parameters, of one dtype and age, as one vector."""
        params, states = [self.params[k] for k in members], [self.state[k] for k in members]
        p, g = _vector([p._array for p in params]), _vector([p.grad._array for p in params if p.grad is not None])
        values = np.empty_like(p)
        held = {name: self._held(name, members, values.dtype) for name in self.memory if name != "t"}
        age = {"t": states[0]["t"]} if "t" in states[0] else {}
        state: State = {}
        remembered: set[str] = set()

        def formula(arrays: Any) -> Any:
            """p − update(p, g), and what is remembered; of arrays, or of symbols."""
            state.clear()
            state.update(age, **{name: arrays[name] for name in held})
            p, g = arrays["p"], arrays["g"]
            p = p - self.update(p, self.decayed(p, g), state)
            remembered.update(name for name in held if state.get(name) is not arrays[name])
            return {"p": p, **{name: state[name] for name in remembered}}

        arrays, written = {"p": p, "g": g, **held}, {"p": values, **held}
        if not applied(formula, arrays, written):
            for a in range(0, values.size, STRETCH):
                part = slice(a, a + STRETCH)
                for name, changed in formula({name: array[part] for name, array in arrays.items()}).items():
                    written[name][part] = changed
        shapes = [each.shape for each in params]
        for each, array in zip(params, parted(values, shapes), strict=True):
            replace_array(each, array)
        for name in remembered:
            for own, array in zip(states, parted(held[name], shapes), strict=True):
                own[name] = array
        for own in states:
            own.update({"t": state["t"]} if "t" in state else {})

    def _held(self, name: str, members: list[int], dtype: Any) -> Array:
        """What is remembered of these parameters under a name, one after another: 0 of what is new."""
        parts = [self.state[k].get(name) for k in members]
        sizes = [self.params[k].size for k in members]
        base = None if parts[0] is None else parts[0].base
        if base is not None and base.shape == (sum(sizes),) and all(p is not None and p.base is base for p in parts):
            return base  # as `_updated` left it
        return np.concatenate(
            [np.zeros(n, dtype) if p is None else p.ravel() for p, n in zip(parts, sizes, strict=True)]
        )

    def decayed(self, p: Array, g: Array) -> Array:
        """The gradient of loss + ½λ·p²."""
        return g + self.weight_decay * p if self.weight_decay else g

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.params:
            p.grad = None

    def state_dict(self) -> dict[str, Array]:
        """What the optimiser remembers, as named arrays: "0.m" is the m of the first parameter."""
        return {f"{k}.{name}": np.array(value) for k, state in enumerate(self.state) for name, value in state.items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Remember what `state_dict` gave.

        Raises:
            CheckpointError: it belongs to other parameters or another optimiser; nothing is changed then.
        """
        check_type(type(self).__name__, "state", state, Mapping, "a mapping of names to arrays")
        loaded: list[State] = [{} for _ in self.params]
        for key, given in state.items():
            index, _, name = str(key).partition(".")
            value = self._remembered(key, given)
            known = not self.memory or name in self.memory
            fits = known and index.isdecimal() and int(index) < len(self.params)
            if not fits or value.shape not in ((), self.params[int(index)].shape):
                raise self._misfit(f"{key} {value.shape}")
            loaded[int(index)][name] = value
        for k, remembered in enumerate(loaded):
            if lost := [name for name in self.memory if remembered and name not in remembered]:
                raise self._misfit(f"{', '.join(f'{k}.{name}' for name in lost)} missing")
        self.state = loaded

    def _remembered(self, key: str, given: Any) -> Array:
        """A saved array: real numbers, of which ∞ and NaN are some."""
        try:
            value = np.array(as_array(given))
        except TinygradError as error:
            raise self._misfit(f"{key}: {str(error).splitlines()[0]}") from None
        count = str(key).endswith(".t")  # of steps
        if value.dtype.kind not in ("iu" if count else "biuf") or (count and (value < 0).any()):
            raise self._misfit(f"{key} {value.dtype} {value!s:.30}")
        return value

    def _misfit(self, got: str) -> CheckpointError:
        return CheckpointError(
            f"{type(self).__name__}: the saved state does not fit these parameters",
            expected=f"{len(self.params)} parameters, of each {', '.join(self.memory)}",
            got=got,
        )


def _vector(parts: list[Array]) -> Array:
    """These arrays, one after another: where they lie so in memory, as they are."""
    whole = joined(parts)
    return np.concatenate([part.ravel() for part in parts]) if whole is None else whole


STRETCH = 16_384  # numbers: with what is remembered of them, and what is computed on the way, they fit the cache


class SGD(Optimizer):
    """p ← p − lr·v, with v ← μ·v + g; v = g when μ = 0.

    Args:
        momentum: μ.
        nesterov: step along g + μ·v, the gradient a step ahead.
    Source: Sutskever et al. 2013.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SGD([p], lr=0.25).step()
    >>> p
    tensor([0.5], requires_grad=True)
    >>> SGD([p], lr=0.25, momentum=0.9)
    SGD(lr=0.25, weight_decay=0.0, momentum=0.9, nesterov=False) of 1 parameter
    """

    memory = ("v",)
    elementwise = True

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        check_number("SGD", "momentum", momentum, least=0)
        check_flags("SGD", nesterov=nesterov)
        if nesterov and momentum == 0:
            raise OptionError("SGD: nesterov=True with momentum=0", expected="a momentum above 0")
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, p: Array, g: Array, state: State) -> Array:
        if not self.momentum:
            return self.lr * g
        v = state["v"] = self.momentum * state["v"] + g if "v" in state else g.copy()
        return self.lr * (g + self.momentum * v if self.nesterov else v)


class Adagrad(Optimizer):
    """p ← p − lr·g / (√s + ε), with s ← s + g².

    Source: Duchi et al. 2011.
    """

    memory = ("s",)
    elementwise = True

    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.01, eps: float = 1e-10, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, lr, weight_decay)
        check_number("Adagrad", "eps", eps, least=0)
        self.eps = eps

    def update(self, p: Array, g: Array, state: State) -> Array:
        s = state["s"] = state.get("s", 0) + g * g
        return self.lr * g / (np.sqrt(s) + self.eps)


class RMSProp(Optimizer):
    """p ← p − lr·g / (√s + ε), with s ← α·s + (1 − α)·g².

    Source: Tieleman & Hinton 2012.
    """

    memory = ("s",)
    elementwise = True

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        check_number("RMSProp", "alpha", alpha, least=0, below=1)
        check_number("RMSProp", "eps", eps, least=0)
        self.alpha, self.eps = alpha, eps

    def update(self, p: Array, g: Array, state: State) -> Array:
        s = state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * (g * g)
        return self.lr * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """p ← p − lr·m̂ / (√v̂ + ε), with m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g².

        m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), t = 1, 2, …

    Source: Kingma & Ba 2015, arXiv:1412.6980.
    """

    memory = ("t", "m", "v")
    elementwise = True

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        owner = type(self).__name__
        if not (isinstance(betas, tuple | list) and len(betas) == 2):
            raise OptionError(f"{owner}: betas={betas!r:.60} is not a pair", expected="two numbers, (β₁, β₂)")
        for k, beta in enumerate(betas):
            check_number(owner, f"betas[{k}]", beta, least=0, below=1)
        check_number(owner, "eps", eps, least=0)
        self.betas, self.eps = betas, eps

    def update(self, p: Array, g: Array, state: State) -> Array:
        b1, b2 = self.betas
        t = state["t"] = np.asarray(state.get("t", 0) + 1)
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * (g * g)
        return (self.lr / (1 - b1 ** int(t))) * m / (np.sqrt(v) / math.sqrt(1 - b2 ** int(t)) + self.eps)


class AdamW(Adam):
    """Adam, and p ← p − lr·λ·p beside it: a decay that does not depend on the scale of the gradient.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101.
    """

    elementwise = True

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def decayed(self, p: Array, g: Array) -> Array:
        return g

    def update(self, p: Array, g: Array, state: State) -> Array:
        shrink = self.lr * self.weight_decay
        return shrink * p + super().update(p, g, state)


# schedules: the rate at step k = 0, 1, 2, …


def constant(lr: float, *, warmup: int = 0) -> Schedule:
    """lr at every step.

    Args:
        warmup: the first steps rise linearly, step k at (k + 1)/warmup of what it would have been; in every schedule.
    """
    return _schedule("constant", lr, lambda k: lr, warmup)


def step_decay(lr: float, *, every: int, gamma: float = 0.1, warmup: int = 0) -> Schedule:
    """lr·γ^⌊k/every⌋: a drop every so many steps."""
    check_number("step_decay", "every", every, whole=True, least=1)
    check_number("step_decay", "gamma", gamma, least=0)
    return _schedule("step_decay", lr, lambda k: lr * gamma ** (k // every), warmup)


def exponential_decay(lr: float, *, gamma: float, warmup: int = 0) -> Schedule:
    """lr·γᵏ."""
    check_number("exponential_decay", "gamma", gamma, least=0)
    return _schedule("exponential_decay", lr, lambda k: lr * gamma**k, warmup)


def cosine_decay(lr: float, *, steps: int, floor: float = 0.0, warmup: int = 0) -> Schedule:
    """floor + ½(lr − floor)(1 + cos(π·(k − warmup)/(steps − warmup))): from lr down to floor, and floor after.

    Args:
        steps: of the whole run, those of the warmup among them.
        warmup: steps over which the rate rises to lr first.
    Source: Loshchilov & Hutter 2017, arXiv:1608.03983.

    >>> schedule = cosine_decay(1.0, steps=12, warmup=2)
    >>> [round(schedule(k), 3) for k in (0, 1, 2, 7, 12, 20)]
    [0.5, 1.0, 1.0, 0.5, 0.0, 0.0]
    """
    check_number("cosine_decay", "steps", steps, whole=True, least=1)
    check_number("cosine_decay", "floor", floor, least=0)

    def rate(k: int) -> float:
        return floor + 0.5 * (lr - floor) * (1 + math.cos(math.pi * min(k / max(steps - warmup, 1), 1.0)))

    return _schedule("cosine_decay", lr, rate, warmup)


def _schedule(owner: str, lr: float, schedule: Schedule, warmup: int) -> Schedule:
    """The schedule, after `warmup` steps over which the rate rises to lr, by the same amount each."""
    check_number(owner, "lr", lr, least=0)
    check_number(owner, "warmup", warmup, whole=True, least=0)
    return lambda k: lr * (k + 1) / warmup if k < warmup else schedule(k - warmup)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD, "adagrad": Adagrad, "rmsprop": RMSProp, "adam": Adam, "adamw": AdamW,
}  # fmt: skip
