"""Schedules: the rate at step k = 0, 1, 2, …, by `optimizer.lr = schedule(k)`. Any function of k is one.

A schedule remembers nothing: a run that goes on at step k goes on at its rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from tinygrad_rnn.errors import OptionError, check_flags, check_number, check_option, check_sequence, strict

__all__ = [
    "Schedule", "chained", "constant", "cosine_decay", "exponential_decay", "one_cycle", "sequential", "step_decay",
]  # fmt: skip

Schedule = Callable[[int], float]


@strict
def constant(lr: float, *, warmup: int = 0) -> Schedule:
    """lr at every step.

    Args:
        warmup: the first steps rise linearly, step k at (k + 1)/warmup of what it would have been; in every schedule.
    """
    return _schedule("constant", lr, lambda k: lr, warmup)


@strict
def step_decay(lr: float, *, every: int, gamma: float = 0.1, warmup: int = 0) -> Schedule:
    """lr·γ^⌊k/every⌋: a drop every so many steps."""
    check_number("step_decay", "every", every, whole=True, least=1)
    check_number("step_decay", "gamma", gamma, least=0)
    return _schedule("step_decay", lr, lambda k: lr * gamma ** (k // every), warmup)


@strict
def exponential_decay(lr: float, *, gamma: float, warmup: int = 0) -> Schedule:
    """lr·γᵏ."""
    check_number("exponential_decay", "gamma", gamma, least=0)
    return _schedule("exponential_decay", lr, lambda k: lr * gamma**k, warmup)


@strict
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


@strict
def one_cycle(
    lr: float,
    *,
    steps: int,
    pct_start: float = 0.3,
    anneal: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """Up from lr/div_factor to lr, and down to lr/(div_factor·final_div_factor), which it is after the last step.

    Args:
        lr: the highest rate.
        steps: of the whole run.
        pct_start: the part of them on the way up.
        anneal: along a cosine, "cos", or a line, "linear".
        three_phase: down as slowly as up, to where it began, and then to the end.
    Source: Smith & Topin 2019, arXiv:1708.07120.

    >>> schedule = one_cycle(1.0, steps=11, pct_start=0.5, anneal="linear", div_factor=2.0, final_div_factor=1.0)
    >>> [round(schedule(k), 3) for k in (0, 1, 9, 10, 20)]
    [0.5, 0.611, 0.591, 0.5, 0.5]
    """
    check_number("one_cycle", "lr", lr, least=0)
    check_number("one_cycle", "steps", steps, whole=True, least=1)
    check_number("one_cycle", "pct_start", pct_start, least=0, most=1)
    check_option("one_cycle", "anneal", anneal, ("cos", "linear"))
    check_number("one_cycle", "div_factor", div_factor, above=0)
    check_number("one_cycle", "final_div_factor", final_div_factor, above=0)
    check_flags("one_cycle", three_phase=three_phase)
    first = lr / div_factor
    last, top, end = first / final_div_factor, pct_start * steps - 1, steps - 1
    corners = [(0.0, first), (top, lr), *([(2 * top, first)] if three_phase else []), (end, last)]

    def rate(k: int) -> float:
        for (a, start), (b, stop) in pairwise(corners):
            if k <= b:
                part = (k - a) / (b - a) if b > a else 1.0
                return start + (stop - start) * (part if anneal == "linear" else 0.5 - 0.5 * math.cos(math.pi * part))
        return last

    return rate


@strict
def sequential(schedules: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after another: each starts from its own k = 0 at its milestone, the first at 0.

    >>> schedule = sequential([constant(1.0), exponential_decay(1.0, gamma=0.5)], milestones=[2])
    >>> [schedule(k) for k in range(5)]
    [1.0, 1.0, 1.0, 0.5, 0.25]
    """
    _check_schedules("sequential", schedules)
    check_sequence("sequential", "the milestones", milestones)
    for milestone in milestones:
        check_number("sequential", "milestones", milestone, whole=True, least=0)
    starts = [0, *milestones]
    if len(starts) != len(schedules) or any(a > b for a, b in pairwise(starts)):
        raise OptionError(f"sequential: milestones={list(milestones)!r:.60} do not fit {len(schedules)} schedules",
                          expected="a rising step for each but the first")  # fmt: skip

    def rate(k: int) -> float:
        now = max(j for j, start in enumerate(starts) if start <= max(k, 0))
        return schedules[now](k - starts[now])

    return rate


@strict
def chained(*schedules: Schedule) -> Schedule:
    """Their product: the first says the rate, the others are factors.

    >>> schedule = chained(constant(0.5), exponential_decay(1.0, gamma=0.5), lambda k: 1 / (1 + k))
    >>> [schedule(k) for k in range(3)]
    [0.5, 0.125, 0.041666666666666664]
    """
    _check_schedules("chained", schedules)
    return lambda k: math.prod(schedule(k) for schedule in schedules)


def _check_schedules(owner: str, schedules: object) -> None:
    check_sequence(owner, "the schedules", schedules)
    found = list(schedules)  # type: ignore[call-overload]
    if strange := [each for each in found if not callable(each)] or ([] if found else ["nothing"]):
        raise OptionError(f"{owner}: {strange[0]!r:.60} is not a schedule", expected="functions of the step")


def _schedule(owner: str, lr: float, schedule: Schedule, warmup: int) -> Schedule:
    """The schedule, after `warmup` steps over which the rate rises to lr, by the same amount each."""
    check_number(owner, "lr", lr, least=0)
    check_number(owner, "warmup", warmup, whole=True, least=0)
    return lambda k: lr * (k + 1) / warmup if k < warmup else schedule(k - warmup)
