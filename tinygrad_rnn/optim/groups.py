"""Groups of parameters, each with options of its own; and what an option may be, said once, in the optimiser's class.

class SGD(Optimizer):
    momentum = Number(least=0)  ─┬─ SGD(params, momentum=0.9)                          checked when it is built,
                                 ├─ SGD([{"params": …, "momentum": 0.5}, …])           for a group,
                                 ├─ optimizer.param_groups[1]["momentum"] = 0.8        when it is set for one,
                                 └─ optimizer.momentum = 0.8                           and when it is set for all
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterable, Mapping
from typing import Any

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import OptionError, check_flags, check_number, check_sequence, unknown_option

__all__ = ["Flag", "Group", "Number", "Option", "Pair", "Rate", "leaves"]


class Option:
    """An option that each group has a value of.

    On the optimiser it is that of the group whose parameters are being updated, and between steps that of the first
    group; where it is set, every group has it.
    """

    name: str = ""

    def __set_name__(self, kind: type[Any], name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, kind: type[Any] | None = None) -> Any:
        return self if optimizer is None else optimizer.group.data[self.name]

    def __set__(self, optimizer: Any, value: Any) -> None:
        self.check(type(optimizer).__name__, value)
        for group in optimizer.param_groups:
            group[self.name] = value

    def check(self, owner: str, value: Any) -> None:
        """Raise OptionError for a value that it may not have."""


class Number(Option):
    """A number within bounds, as `check_number` takes them: least, most, above, below."""

    def __init__(self, **bounds: Any) -> None:
        self.bounds = bounds

    def check(self, owner: str, value: Any) -> None:
        check_number(owner, self.name, value, **self.bounds)


class Flag(Option):
    """True or False."""

    def check(self, owner: str, value: Any) -> None:
        check_flags(owner, **{self.name: value})


class Pair(Number):
    """Two numbers within bounds."""

    def check(self, owner: str, value: Any) -> None:
        if not (isinstance(value, tuple | list) and len(value) == 2):
            raise OptionError(f"{owner}: {self.name}={value!r:.60} is not a pair", expected="two numbers")
        for k, each in enumerate(value):
            check_number(owner, f"{self.name}[{k}]", each, **self.bounds)


class Rate(Number):
    """The learning rate: set for all groups, it is the first one's, and the others keep their proportion to it."""

    def __set__(self, optimizer: Any, value: Any) -> None:
        owner, [first, *others] = type(optimizer).__name__, optimizer.param_groups
        self.check(owner, value)
        if first.initial_lr == 0 and any(group.initial_lr for group in others):
            raise OptionError(
                f"{owner}: the first group's {self.name} was 0, to which the others have no proportion",
                help='set each: for group in optimizer.param_groups: group["lr"] = …',
            )
        first[self.name] = value
        for group in others:
            alike = group.initial_lr == first.initial_lr
            group[self.name] = value if alike else value * (group.initial_lr / first.initial_lr)


def leaves(owner: str, given: Iterable[Tensor] | Tensor) -> list[Tensor]:
    """The parameters, each once. Raises OptionError for one that is not a leaf Tensor."""
    check_sequence(owner, "the parameters", given)
    params = list({id(p): p for p in ([given] if isinstance(given, Tensor) else given)}.values())
    for p in params:
        if not (isinstance(p, Tensor) and p.is_leaf):
            raise OptionError(f"{owner}: a parameter is not a leaf Tensor", expected="those of model.parameters()",
                              got="the result of an op" if isinstance(p, Tensor) else type(p).__name__)  # fmt: skip
    return params


class Group(UserDict[str, Any]):
    """Parameters, under "params", and their options, by name.

    Attributes:
        initial_lr: the rate that it began with, by which it keeps its proportion to the others.
    Raises:
        OptionError: an option that the optimiser does not have, or that is out of range; when it is set, too.
    """

    def __init__(self, kind: type[Any], options: Mapping[str, Any]) -> None:
        super().__init__()
        self.kind = kind
        for name, value in options.items():
            self._check(name, value)
        kind.check(options)
        self.data = dict(options)
        self.initial_lr = options["lr"]

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params":
            raise OptionError(f"{self.kind.__name__}: the parameters of a group stay what they are",
                              help="optimizer.add_param_group({…}) adds some")  # fmt: skip
        self._check(name, value)
        self.kind.check({**self.data, name: value})
        self.data[name] = value

    def _check(self, name: str, value: Any) -> None:
        if name != "params":
            known = self.kind.options()
            if name not in known:
                raise unknown_option(self.kind.__name__, name, known)
            known[name].check(self.kind.__name__, value)
