"""Module: a tree of parameters with a forward; Parameter: a Tensor that learns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, ParamSpec, Protocol, Self, TypeVar

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT, scope, using
from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.errors import CheckpointError, ShapeError, TinygradError, check_flags, check_type
from tinygrad_rnn.nn.options import Keywords
from tinygrad_rnn.nn.tree import tree
from tinygrad_rnn.ops import astype

__all__ = ["Loaded", "Module", "Parameter", "evaluating"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Parameter(Tensor):
    """A Tensor that requires grad and belongs to a Module; the attribute it is assigned to gives it its name."""

    __slots__ = ()

    def __init__(self, data: Any, *, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(data, dtype=dtype, requires_grad=True)
        self.node.label = ("parameter", name)


def incoming(x: Any, dtype: Any) -> Tensor:
    """x for a layer of `dtype`: a Tensor of floats as it is; arrays, lists and integers take the layer's dtype."""
    if x is None or (isinstance(x, tuple) and any(isinstance(part, Tensor) for part in x)):
        raise ShapeError(
            "the input of a layer is not an array",
            expected="a Tensor or an array",
            got="None" if x is None else f"a tuple of {len(x)}",
            where=str(CONTEXT.get()),
            help="a recurrent layer returns (output, h_n): pass on the output" if x else "",
        )
    if isinstance(x, Tensor) and x.dtype.kind in "fc":
        return x
    if isinstance(x, Tensor) and dtype is not None:
        return astype(x, dtype)
    return Tensor(x, dtype=None if dtype is None else np.empty(0, dtype).real.dtype)  # complex, in an oracle's step


def check_features(owner: str, x: Tensor, size: int, expected: str) -> None:
    """Raise ShapeError unless the last axis of x has `size` features, which `owner` was built for."""
    if x.ndim and x.shape[-1] == size:
        return
    got = x.shape[-1] if x.ndim else "no"
    raise ShapeError(
        f"{owner}: x has {got} features, the {'cell' if owner.endswith('Cell') else 'layer'} takes {size}",
        expected=expected,
        got=f"x {x.shape}",
        where=str(CONTEXT.get()),
        help=f"build {owner}({got if x.ndim else '…'}, …) or slice x[…, :{size}]",
    )


class HasForward(Protocol[P, R_co]):
    """A module as its call sees it: the arguments and the result are those of its own `forward`."""

    scope_name: str

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Loaded(NamedTuple):
    """What `load_state_dict` skipped: names that only the module has, and names that only the state has."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module(Keywords):
    """Parameters and submodules are attributes, or stand in a list, tuple or dict that is one; `forward` computes.

    Calling the module runs `forward` in a scope with the module's name, which is that of the attribute it was first
    assigned to. A parameter may stand in several places: it is one parameter, listed once.

    >>> from tinygrad_rnn import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         self.first = nn.Linear(3, 3)
    ...         self.second = nn.Linear(3, 1, bias=False)
    ...
    ...     def forward(self, x):
    ...         return self.second(self.first(x))
    >>> [name for name, _ in Twice().named_parameters()]
    ['first.weight', 'first.bias', 'second.weight']
    >>> Twice()
    Twice()  15 parameters
      first: Linear(3, 3)  12 parameters
        weight  (3, 3)
        bias    (3,)
      second: Linear(3, 1)  3 parameters
        weight  (1, 3)
    """

    training: bool = True
    scope_name: str = ""

    def __init__(self) -> None:
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Module) and not value.scope_name:
            object.__setattr__(value, "scope_name", name)
        elif isinstance(value, Parameter) and value.name is None:
            label(value, "parameter", name)
        elif isinstance(value, list | tuple | dict):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(item, Module) and not item.scope_name:
                    object.__setattr__(item, "scope_name", f"{name}.{key}")
                elif isinstance(item, Parameter) and item.name is None:
                    label(item, "parameter", f"{name}.{key}")
        object.__setattr__(self, name, value)

    def __call__(self: HasForward[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
        """What `forward` computes, in the module's scope; typed as `forward` is."""
        with scope(self.scope_name or type(self).__name__, self):
            return self.forward(*args, **kwargs)

    def opened(self) -> using:
        """The module's scope, where it is not the one that is open."""
        around = CONTEXT.get().scope
        inside = bool(around) and around[-1].is_of(self)
        return using() if inside else scope(self.scope_name or type(self).__name__, self)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes. Every subclass defines its own."""
        raise TypeError(f"{type(self).__name__} defines no forward()")

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, submodule) of every attribute that is a module, or a list, tuple or dict of them."""
        return ((name, value) for name, value in self._members() if isinstance(value, Module))

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) of every attribute that is a parameter, or a list, tuple or dict of them."""
        return ((name, value) for name, value in self._members() if isinstance(value, Parameter))

    def _members(self) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if name.startswith("_"):
                continue
            if isinstance(value, list | tuple | dict):
                items = value.items() if isinstance(value, dict) else enumerate(value)
                yield from ((f"{name}.{key}", item) for key, item in items)
            else:
                yield name, value

    def modules(self) -> Iterator[Module]:
        """This module and every one below it."""
        yield self
        for _, child in self.named_children():
            yield from child.modules()

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter) for each parameter once, under the first of its names."""
        seen: set[int] = set()
        for name, parameter in self._named_parameters(prefix):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def _named_parameters(self, prefix: str) -> Iterator[tuple[str, Parameter]]:
        for name, value in self._own_parameters():
            yield prefix + name, value
        for name, child in self.named_children():
            yield from child._named_parameters(f"{prefix}{name}.")

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def __repr__(self) -> str:
        return "\n".join(tree(self))

    def _parts(self) -> Iterator[tuple[str, Module]]:
        """(name, submodule) of those that the module's text shows below it."""
        return self.named_children()

    def _argument(self, name: str) -> Any:
        """What the argument of that name is now, for the module's text; None where it is not known."""
        return getattr(self, name, None)

    def train(self, training: bool = True) -> Self:
        """Switch dropout on here and below; returns self."""
        for module in self.modules():
            object.__setattr__(module, "training", training)
        return self

    def eval(self) -> Self:
        """Switch dropout off here and below; returns self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter's values, by dotted name."""
        return {name: parameter.numpy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Loaded:
        """Assign the values of `state`; on any error nothing has been assigned.

        Args:
            state: arrays by name, or whatever NumPy makes arrays of: another library's tensors, lists.
            strict: names must match exactly; otherwise those on one side only are skipped.
        Returns:
            (missing_keys, unexpected_keys): what was skipped, as torch tells it.
        Raises:
            CheckpointError: it lists every name that is missing, unexpected, of another shape, or not made of numbers.
        Warns:
            UserWarning: no name at all is on both sides.
        """
        check_type("load_state_dict", "state", state, Mapping, "a mapping of names to arrays")
        check_flags("load_state_dict", strict=strict)
        own = dict(self.named_parameters())
        faults, values = [], {}
        for name, parameter in own.items():
            if name in state:
                try:
                    given = as_array(state[name])
                    if given.shape != parameter.shape:
                        faults.append(f"{name} has shape {given.shape}, the model's is {parameter.shape}")
                        continue
                    value = values[name] = Tensor(given)
                except TinygradError as error:
                    faults.append(f"{name}: {str(error).splitlines()[0]}")
                    continue
                if value.dtype.kind == "c":
                    faults.append(f"{name} is {value.dtype}, the model's is {parameter.dtype}")
        told = Loaded([name for name in own if name not in state], [name for name in state if name not in own])
        if strict:
            faults += [f"{name} is missing" for name in told.missing_keys]
            faults += [f"{name} is unexpected" for name in told.unexpected_keys]
        if faults:
            raise CheckpointError(
                f"load_state_dict: the state does not fit {type(self).__name__}",
                expected=f"{len(own)} parameters: {', '.join(own)}",
                got="; ".join(faults),
                help="build the model with the sizes it was saved with",
            )
        for name, value in values.items():
            own[name].assign(value)
        if own and not values:
            warnings.warn(
                f"load_state_dict: none of the {len(own)} parameters was loaded: this {type(self).__name__} has "
                f"{', '.join(own):.200}, and the state has {', '.join(state):.200}",
                stacklevel=2,
            )
        return told


@contextmanager
def evaluating(module: Module) -> Iterator[None]:
    """Dropout is off in the block; afterwards, also after an exception, every module below is as it was before."""
    before = [(each, each.training) for each in module.modules()]
    try:
        module.eval()
        yield
    finally:
        for each, training in before:
            object.__setattr__(each, "training", training)
