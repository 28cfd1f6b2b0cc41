"""Module: a tree of parameters with a forward; Parameter: a Tensor that learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, Self, TypeVar

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT, scope, using
from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.errors import OptionError, ShapeError, check_flags, check_type
from tinygrad_rnn.nn.hooks import Hooked, ModuleHooks
from tinygrad_rnn.nn.state import Loaded, load
from tinygrad_rnn.nn.tree import tree
from tinygrad_rnn.ops import astype

__all__ = ["Module", "Parameter", "evaluating"]

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
    _hooks: ModuleHooks | None

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Module(Hooked):
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
    _buffers: Mapping[str, bool] = {}

    def __init__(self) -> None:
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, list | tuple | dict):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                _name(item, f"{name}.{key}")
        else:
            _name(value, name)
        if name in self._buffers and not (value is None or isinstance(value, Tensor)):
            raise OptionError(f"{type(self).__name__}: the buffer {name!r} is not a Tensor", got=f"{value!r:.60}",
                              help="assign(values) replaces the values of the Tensor that it is")  # fmt: skip
        object.__setattr__(self, name, value)

    def _named(self, name: str) -> None:
        """It is called so in the module that it became a part of; the first name stays."""
        if not self.scope_name:
            object.__setattr__(self, "scope_name", name.lstrip("_"))

    def __call__(self: HasForward[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
        """What `forward` computes, in the module's scope; typed as `forward` is."""
        with scope(self.scope_name or type(self).__name__, self):
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            result: R_co = self._hooks.call(self, args, kwargs)
            return result

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

    def children(self) -> Iterator[Module]:
        """The submodules that `named_children` names."""
        return (child for _, child in self.named_children())

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
        """This module and every one below it, each once."""
        return (module for _, module in self.named_modules())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """(dotted name, module) for this module, whose name is the prefix, and every one below it, each once."""
        return _once(self._named_modules(prefix))

    def _named_modules(self, prefix: str) -> Iterator[tuple[str, Module]]:
        yield prefix, self
        for name, child in self.named_children():
            yield from child._named_modules(f"{prefix}.{name}" if prefix else name)

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` with every submodule, what is below first, and then with this module; returns self.

        >>> from tinygrad_rnn import nn
        >>> net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        >>> net.apply(lambda part: print(type(part).__name__)) is net
        Linear
        Linear
        Sequential
        True
        """
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """(dotted name, parameter) for each parameter once, under the first of its names; frozen ones too."""
        return _once(self._walk(Module._own_parameters, prefix))

    def _walk(self, own: Callable[[Module], Iterator[tuple[str, Any]]], prefix: str = "") -> Iterator[tuple[str, Any]]:
        """(dotted name, value) of what `own` names in this module, then in each below."""
        for name, value in own(self):
            yield prefix + name, value
        for name, child in self.named_children():
            yield from child._walk(own, f"{prefix}{name}.")

    def parameters(self) -> Iterator[Parameter]:
        """Each parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let every parameter here and below learn, or freeze it: optimisers leave a frozen one as it is. Returns self.

        `parameter.requires_grad = False` freezes a single one.
        """
        check_flags(type(self).__name__, requires_grad=requires_grad)
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Make `self.name` a Tensor that is saved with the module and does not learn: running statistics, a mask.

        Args:
            name: of the attribute.
            tensor: a Tensor that does not require grad, or what `tensor()` makes one of; None keeps the place.
            persistent: False leaves it out of `state_dict`.
        Raises:
            OptionError: the name is not one, or is taken; the Tensor requires grad.

        >>> from tinygrad_rnn import nn
        >>> layer = nn.Linear(2, 1, rng=0)
        >>> layer.register_buffer("mean", np.zeros(2))
        >>> list(layer.state_dict())
        ['weight', 'bias', 'mean']
        """
        owner = type(self).__name__
        check_type(owner, "name", name, str, "a text")
        check_flags(owner, persistent=persistent)
        if not name.isidentifier() or name.startswith("_") or (hasattr(self, name) and name not in self._buffers):
            raise OptionError(f"{owner}: a buffer cannot be called {name!r}",
                              expected="the name of an attribute that there is not yet")  # fmt: skip
        value = tensor if tensor is None or isinstance(tensor, Tensor) else Tensor(tensor)
        if value is not None and value.requires_grad:
            raise OptionError(f"{owner}: the buffer {name!r} requires grad", help="pass its detach(), or a Parameter")
        object.__setattr__(self, "_buffers", {**self._buffers, name: persistent})
        setattr(self, name, value)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """(dotted name, buffer) for each buffer once, those that are not saved too."""
        return _once(self._walk(Module._own_buffers, prefix))

    def buffers(self) -> Iterator[Tensor]:
        """Each buffer once."""
        return (buffer for _, buffer in self.named_buffers())

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        return ((name, value) for name in self._buffers if isinstance(value := getattr(self, name, None), Tensor))

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        """What is saved of this module alone."""
        yield from self._own_parameters()
        yield from ((name, buffer) for name, buffer in self._own_buffers() if self._buffers[name])

    def _named_state(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """What is saved, a shared parameter under each of its names."""
        return self._walk(Module._own_state, prefix)

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
        """A copy of every parameter's and persistent buffer's values, by the first of its dotted names."""
        return {name: tensor.numpy() for name, tensor in _once(self._named_state())}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Loaded:
        """Assign the values of `state`; on any error nothing has been assigned.

        Args:
            state: arrays by name, or whatever NumPy makes arrays of: another library's tensors, lists. A parameter that
                stands in several places is found under any of its names.
            strict: names must match exactly; otherwise those on one side only are skipped.
        Returns:
            (missing_keys, unexpected_keys): what was skipped, as torch tells it.
        Raises:
            CheckpointError: it lists every name that is missing, unexpected, of another shape, or not made of numbers.
        Warns:
            UserWarning: no name at all is on both sides.
        """
        return load(self, state, strict)


def _name(value: Any, name: str) -> None:
    """Give a module or parameter without a name the name of the place that it is put into."""
    if isinstance(value, Module):
        value._named(name)
    elif isinstance(value, Parameter) and value.name is None:
        label(value, "parameter", name)


def _once(named: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Each value once, under the first of its names."""
    seen: set[int] = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


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
