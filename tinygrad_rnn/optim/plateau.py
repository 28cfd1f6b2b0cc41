"""ReduceLROnPlateau: the one schedule that looks at the loss, and so the one that remembers something."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_rnn.errors import CheckpointError, OptionError, check_number, check_option, check_type, is_number
from tinygrad_rnn.optim.optimizer import Optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau:
    """Multiplies the rate by `factor` where a figure has not become better for more than `patience` of its values.

    Args:
        optimizer: whose rates, of all groups, are reduced.
        mode: whether less is better, "min", or more, "max".
        factor: below 1.
        patience: how many values in a row may be no better.
        threshold, threshold_mode: better is by more than this part of the best so far, "rel", or by this much, "abs".
        cooldown: values after a reduction that are not counted.
        min_lr: the lowest rate, one number or one for each group.
        eps: a reduction by less than this is not made.
    Attributes:
        best: the best value so far.

    >>> from tinygrad_rnn import tensor
    >>> from tinygrad_rnn.optim import SGD
    >>> optimizer = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     plateau.step(loss)
    ...     print(optimizer.lr, end=" ")
    1.0 1.0 1.0 0.5 0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        owner = "ReduceLROnPlateau"
        check_type(owner, "optimizer", optimizer, Optimizer, "an optimiser")
        check_option(owner, "mode", mode, ("min", "max"))
        check_number(owner, "factor", factor, least=0, below=1)
        check_number(owner, "patience", patience, whole=True, least=0)
        check_number(owner, "threshold", threshold, least=0)
        check_option(owner, "threshold_mode", threshold_mode, ("rel", "abs"))
        check_number(owner, "cooldown", cooldown, whole=True, least=0)
        check_number(owner, "eps", eps, least=0)
        groups = len(optimizer.param_groups)
        floors: list[Any] = list(min_lr) if isinstance(min_lr, list | tuple) else [min_lr] * groups
        if len(floors) != groups:
            raise OptionError(f"{owner}: min_lr has {len(floors)} numbers", expected=f"one for each of {groups} groups")
        for floor in floors:
            check_number(owner, "min_lr", floor, least=0)
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.min_lr = floors
        self.best = math.inf if mode == "min" else -math.inf
        self._bad = self._cooling = 0

    def step(self, value: Any) -> None:
        """Look at the next value: a number, or a Tensor of one; NaN is no better than any."""
        value = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
        if not is_number(value):
            raise OptionError(f"ReduceLROnPlateau: {value!r:.60} is not a number", expected="a loss, or another figure")
        if self._is_better(float(value)):
            self.best, self._bad = float(value), 0
        else:
            self._bad += 1
        if self._cooling:
            self._cooling, self._bad = self._cooling - 1, 0
        if self._bad > self.patience:
            self._cooling, self._bad = self.cooldown, 0
            self._reduce()

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "abs":
            return sign * value < sign * self.best - self.threshold
        return sign * value < sign * self.best * (1 - sign * self.threshold)

    def _reduce(self) -> None:
        floors = self.min_lr + [min(self.min_lr)] * (len(self.optimizer.param_groups) - len(self.min_lr))
        for group, floor in zip(self.optimizer.param_groups, floors, strict=True):
            lr = max(group["lr"] * self.factor, floor)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """What it remembers, and the rates that it has come to, as JSON holds them."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return {"best": self.best, "bad": self._bad, "cooling": self._cooling, "lr": rates}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, and give the optimiser its rates.

        Raises:
            CheckpointError: it is not one of these; nothing is changed then.
        """
        check_type("ReduceLROnPlateau", "state", state, Mapping, "a mapping of names to numbers")
        values: list[Any] = [state.get(name) for name in ("best", "bad", "cooling", "lr")]
        best, bad, cooling, rates = values
        groups = self.optimizer.param_groups
        right = is_number(best) and all(is_number(n, whole=True) and n >= 0 for n in (bad, cooling))
        if not (right and isinstance(rates, list | tuple) and len(rates) == len(groups)
                and all(is_number(lr) and 0 <= lr < math.inf for lr in rates)):  # fmt: skip
            raise CheckpointError("ReduceLROnPlateau: the saved state is not one of these",
                                  expected=f"best, bad, cooling and the rates, lr, of {len(groups)} groups",
                                  got=f"{dict(state)!r:.120}")  # fmt: skip
        self.best, self._bad, self._cooling = float(best), bad, cooling
        for group, lr in zip(groups, rates, strict=True):
            group["lr"] = lr
