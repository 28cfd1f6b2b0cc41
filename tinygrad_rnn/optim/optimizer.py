"""Optimizer: what all optimisers do, but for the one line that tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import (
    CheckpointError,
    OptionError,
    TinygradError,
    check_sequence,
    check_type,
    unknown_option,
)
from tinygrad_rnn.nn.options import Keywords, options_of
from tinygrad_rnn.optim.groups import Flag, Group, Number, Option, Rate, leaves
from tinygrad_rnn.optim.vector import State, update_together

__all__ = ["Optimizer"]


class Optimizer(Keywords):
    """Applies `update` to every parameter that has a gradient and is not frozen; the others stay.

    Args:
        params: leaf Tensors; a generator will do, one that comes twice counts once. Or groups of them, each a dict of
            its "params" and of the options that it has of its own.
        lr: step size, in units of parameter per step; may be changed between steps.
        weight_decay: λ, adds λ·p to the gradient.
        maximize: climb: −g in place of g.
        options: those that a subclass declares and hands on.
    Attributes:
        param_groups: the groups: `optimizer.param_groups[1]["lr"]`. An option is an attribute, too: read, it is that
            of the first group, and in `update` that of the group that is being updated; set, it is that of every group,
            where of the rates each keeps its proportion to the first.
        memory: the names of what it remembers of a parameter, to tell a saved state from another optimiser's.
        scalars: those of them that are one number for a parameter, as the count of its steps is.
        elementwise: whether `update` acts on each number alone, said by the class that defines it: then all parameters
            of a group are updated as one long vector.
    Raises:
        OptionError: none of the parameters requires grad, one is not a leaf or is in two groups, or an option is out
            of range.

    >>> slow, fast = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    >>> from tinygrad_rnn.optim import SGD
    >>> optimizer = SGD([{"params": [slow], "lr": 0.25}, {"params": [fast]}], lr=0.5)
    >>> (slow + fast).backward()
    >>> optimizer.step()
    >>> slow.item(), fast.item()
    (0.75, 0.5)
    >>> optimizer.lr = 0.1
    >>> [group["lr"] for group in optimizer.param_groups]
    [0.1, 0.2]
    """

    scalars: ClassVar[tuple[str, ...]] = ("t",)
    elementwise: ClassVar[bool] = False
    lr = Rate(least=0)
    weight_decay = Number(least=0)
    maximize = Flag()
    _at_once: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        said = [next(c for c in cls.__mro__ if name in vars(c)) for name in ("update", "decayed")]
        cls._at_once = all(c is Optimizer or vars(c).get("elementwise", False) for c in said)

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        **options: Any,
    ) -> None:
        owner, known = type(self).__name__, self.options()
        for name in options:
            if name not in known:
                raise unknown_option(owner, name, {**options_of(type(self)), **known})
        self.defaults = {"lr": lr, "weight_decay": weight_decay, "maximize": maximize, **options}
        self.params: list[Tensor] = []
        self.state: list[State] = []
        self.param_groups: list[Group] = []
        check_sequence(owner, "the parameters", params)
        given: list[Any] = list(params)
        grouped = bool(given) and all(isinstance(each, Mapping) for each in given)
        for group in given if grouped else [{"params": given}]:
            self.add_param_group(group)
        if not any(p.requires_grad for p in self.params):
            raise OptionError(f"{owner}: none of the {len(self.params)} parameters requires grad",
                              help="tensor(…, requires_grad=True), or a module that has parameters")  # fmt: skip
        self.group = self.param_groups[0]

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Every option that the class and those above it declare, by name."""
        return {
            name: value for kind in reversed(cls.__mro__) for name, value in vars(kind).items()
            if isinstance(value, Option)
        }  # fmt: skip

    @classmethod
    def check(cls, options: Mapping[str, Any]) -> None:
        """Raise OptionError where options do not go together; each alone has been checked."""

    @property
    def memory(self) -> tuple[str, ...]:
        """The names of what it remembers of a parameter, with the present options."""
        return ()

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Take more parameters: {"params": …} and options of their own, the others as for all.

        Raises:
            OptionError: as when the optimiser is built.
        """
        owner = type(self).__name__
        check_type(owner, "group", group, Mapping, 'a dict {"params": …, option: value}')
        if "params" not in group:
            raise OptionError(f"{owner}: a group without parameters", expected='{"params": …, option: value}',
                              got=", ".join(map(repr, group)))  # fmt: skip
        params = leaves(owner, group["params"])
        if twice := [p for p in params if any(p is q for q in self.params)]:
            raise OptionError(f"{owner}: a parameter is in two groups",
                              got=twice[0].name or f"one of shape {twice[0].shape}")  # fmt: skip
        self.param_groups.append(Group(type(self), {**self.defaults, **group, "params": params}))
        self.params += params
        self.state += [{} for _ in params]

    def update(self, p: Array, g: Array, state: State) -> Array:
        """What to subtract from p, which is what a subclass defines; `state` is this parameter's own memory."""
        raise TypeError(f"{type(self).__name__} defines no update()")

    def decayed(self, p: Array, g: Array) -> Array:
        """The gradient of loss + ½λ·p²."""
        return g + self.weight_decay * p if self.weight_decay else g

    def _changed(self, p: Array, g: Array, state: State) -> Array:
        """p after a step."""
        return p - self.update(p, self.decayed(p, -1 * g if self.maximize else g), state)

    def __repr__(self) -> str:
        words = [f"{name}={self.group[name]!r}" for name in self.options() if self.group[name] is not False]
        count, groups = sum(p.requires_grad for p in self.params), len(self.param_groups)
        parts = f" in {groups} groups" if groups > 1 else ""
        return f"{type(self).__name__}({', '.join(words)}) of {count} parameter{'s' * (count != 1)}{parts}"

    def step(self) -> None:
        """Change every parameter that has a gradient and is not frozen; the others stay."""
        try:
            for members in self._groups():
                self._step(members)
        finally:
            self.group = self.param_groups[0]

    def _groups(self) -> Iterator[range]:
        """Group by group: which parameters are its own. Until the next one, an option is what it is for this group."""
        start = 0
        for group in self.param_groups:
            self.group, members = group, range(start, start + len(group["params"]))
            start = members.stop
            yield members

    def _step(self, members: range) -> None:
        """Change these parameters, which are those of a group."""
        together: dict[Any, list[int]] = {}
        for k in members:
            p, state = self.params[k], self.state[k]
            if p.grad is None or not p.requires_grad:
                continue
            values, g = p._taken("step"), p.grad._taken("step")
            if self._at_once and g.dtype == values.dtype:
                alike = (values.dtype, *(float(state[name]) for name in self.scalars if name in state))
                together.setdefault(alike, []).append(k)
                continue
            if g.dtype != values.dtype:
                g = g.astype(values.dtype)
            p.assign(self._changed(values, g, state))
        for those in together.values():
            of = [self.params[k] for k in those], [self.state[k] for k in those]
            update_together(self._changed, *of, self.memory, self.scalars)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.params:
            p.grad = None

    def state_dict(self) -> dict[str, Array]:
        """What the optimiser remembers, as named arrays: "0.m" is the m of the first parameter.

        The options are not in it: who builds the optimiser anew says them.
        """
        return {f"{k}.{name}": np.array(value) for k, state in enumerate(self.state) for name, value in state.items()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Remember what `state_dict` gave.

        Raises:
            CheckpointError: it belongs to other parameters or another optimiser; nothing is changed then.
        """
        check_type(type(self).__name__, "state", state, Mapping, "a mapping of names to arrays")
        loaded: list[State] = [{} for _ in self.params]
        known = self._memories()
        for key, given in state.items():
            index, _, name = str(key).partition(".")
            value = self._remembered(key, given)
            k = int(index) if index.isdecimal() and len(index) < 9 else len(self.params)
            fits = k < len(self.params) and (not known[k] or name in known[k])
            if not fits or value.shape not in ((), self.params[k].shape):
                raise self._misfit(f"{key} {value.shape}")
            loaded[k][name] = value
        for k, remembered in enumerate(loaded):
            if lost := [name for name in known[k] if remembered and name not in remembered]:
                raise self._misfit(f"{', '.join(f'{k}.{name}' for name in lost)} missing")
        self.state = loaded

    def _memories(self) -> list[tuple[str, ...]]:
        """The names of what is remembered of each parameter."""
        found = [self.memory for members in self._groups() for _ in members]
        self.group = self.param_groups[0]
        return found

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
            expected=f"{len(self.params)} parameters, of each {', '.join(self.memory) or 'nothing'}",
            got=got,
        )
