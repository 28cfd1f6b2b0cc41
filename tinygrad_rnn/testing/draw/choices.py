"""Shapes, axes and values, as functions of a Source.

    shape      (), (3,), (2, 1, 3)             axis     None, 1, -1, (0, -1)
    partner    what broadcasts with a shape    array    numbers on a lattice: readable, distinct, away from kinks

An array's numbers are (k + phase/5)·step with a round step: 0.42, -1.38. Within one array none comes twice, arrays of
different phase have none in common, and none is a multiple of the step, as 0 and ±1 are: so max has no ties, relu no
corner, and what fails is short enough to read. With `ties` they are few and round, 0 among them, on purpose.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, isfinite, log10, prod
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import OptionError, check_option, is_number
from tinygrad_rnn.testing.draw.source import Source, choose, flag, sample

Shape = tuple[int, ...]
Axis = int | tuple[int, ...] | None

CLEAR = 0.05  # how far values stay from what they are to stay away from


class Domain(NamedTuple):
    """Where values lie: drawn from `low` to `high`, admitted from `least` to `most`, never within `gap` of 0."""

    low: float
    high: float
    least: float
    most: float
    gap: float = 0.0

    def admits(self, x: Array) -> bool:
        """Whether every value of x may be used where this domain is asked for."""
        above = self.least == -np.inf or bool((x >= self.least).all())
        below = self.most == np.inf or bool((x <= self.most).all())
        return above and below and (not self.gap or bool((np.abs(x) >= self.gap).all()))


Within = str | tuple[float, float] | Domain
DOMAINS = {
    "real": Domain(-2.0, 2.0, -np.inf, np.inf),
    "large": Domain(-30.0, 30.0, -np.inf, np.inf),  # where what saturates has saturated
    "huge": Domain(-900.0, 900.0, -np.inf, np.inf),  # where e to the x overflows
    "small": Domain(-2.0, 2.0, -3.0, 3.0),  # to be exponentiated, or multiplied many times
    "positive": Domain(0.4, 2.5, 0.2, np.inf),
    "unit": Domain(0.05, 0.95, 0.02, 0.98),
    "nonzero": Domain(-2.0, 2.0, -np.inf, np.inf, gap=0.3),
    "above -1": Domain(-0.6, 2.0, -0.7, np.inf),
}


def domain_of(domain: Within) -> Domain:
    """A Domain by its name, by (low, high), or itself.

    Raises:
        OptionError: there is none of this name, or its bounds are not finite or not in order.

    >>> domain_of((0, 1)).admits(np.array([0.5, 1.5]))
    False
    """
    pair = isinstance(domain, tuple | list) and len(domain) == 2 and all(map(is_number, domain))
    if not (pair or isinstance(domain, Domain)):
        check_option("values", "domain", domain, DOMAINS)
    if isinstance(domain, str):
        return DOMAINS[domain]
    where = domain if isinstance(domain, Domain) else Domain(*domain, *domain)
    if not (where.low <= where.high and isfinite(float(where.high) - float(where.low))):
        raise OptionError(
            f"values: domain={domain!r:.60} is not a range of numbers", expected="(low, high), finite, low < high"
        )
    return where


# shapes


def shape(source: Source, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> Shape:
    """Any shape within these bounds."""
    ndim = seldom_lowest(source, min_dims, max_dims)
    return tuple(seldom_lowest(source, min_side, max_side) for _ in range(ndim))


def seldom_lowest(source: Source, low: int, high: int) -> int:
    """low … high, low half as often as the others: scalars and sides of 1 hide what is wrong with an axis."""
    return low + (source.integer(0, 2 * (high - low)) + 1) // 2


def partner(source: Source, other: Shape, max_dims: int = 3) -> Shape:
    """A shape that broadcasts with `other`, in either direction: sides stretched or set to 1, axes dropped or added."""
    sides = [choose(source, (n, 1) if n != 1 else (1, 2, 3)) for n in other]
    kept = tuple(sides[source.integer(0, len(sides)) if flag(source) else 0 :])
    extra = max_dims - len(kept) if len(kept) == len(other) and flag(source, 4) else 0
    return (*shape(source, 0, max(extra, 0), 1, 3), *kept)


def narrowed(source: Source, wide: Shape) -> Shape:
    """A shape that broadcasts to `wide`."""
    sides = [1 if flag(source, 4) else n for n in wide]
    return tuple(sides[source.integer(0, len(sides)) if flag(source, 4) else 0 :])


def broadcast_shapes(source: Source, count: int = 2, max_dims: int = 3, max_side: int = 4) -> tuple[Shape, ...]:
    """`count` shapes that broadcast together."""
    wide = shape(source, 0, max_dims, 1, max_side)
    return tuple(narrowed(source, wide) for _ in range(count))


def right_factor(source: Source, left: Shape, max_side: int = 3, max_dims: int = 3) -> Shape:
    """The shape of a b for which a @ b has a meaning, a of shape `left` with at least one axis."""
    if flag(source, 4) or max_dims < 2:
        return (left[-1],)
    batch: Shape = ()  # most often: one matrix for every row of a batch
    if flag(source, 3):
        new = shape(source, 0, min(1, max_dims - 2), 1, min(2, max_side)) if len(left) <= 2 else ()
        batch = narrowed(source, left[:-2]) if len(left) > 2 else new
    return (*batch, left[-1], source.integer(1, max_side))


def matmul_shapes(source: Source, max_dims: int = 3, max_side: int = 4) -> tuple[Shape, Shape]:
    """The shapes of an a and a b that a @ b has a meaning for: vectors, matrices and batches of them."""
    left = shape(source, 1, max_dims, 1, max_side)
    return left, right_factor(source, left, max_side, max_dims)


# axes


def signed(source: Source, axis: int, ndim: int) -> int:
    """An axis, now and then counted from the end."""
    return axis - ndim if flag(source, 3) else axis


def one_axis(source: Source, ndim: int) -> int:
    """One axis of `ndim`, from either end."""
    return signed(source, source.integer(0, ndim - 1), ndim)


def axes(source: Source, ndim: int, count: int) -> tuple[int, ...]:
    """`count` different axes of `ndim`, in any order, from either end."""
    return tuple(signed(source, axis, ndim) for axis in sample(source, range(ndim), count))


def axis(source: Source, ndim: int) -> Axis:
    """What reductions take: None, an axis, or a tuple of them, which may be empty."""
    form = source.integer(0, 4 if ndim else 1)
    if form == 0:
        return None
    if ndim and form < 4:
        return one_axis(source, ndim)
    return axes(source, ndim, source.integer(0, ndim))


# values


def array(
    source: Source,
    shape: Shape,
    domain: Within = "real",
    away_from: tuple[float, ...] = (),
    ties: bool = False,
    dtype: Any = np.float64,
    phase: int | None = None,
) -> Array:
    """Values of `domain`: of floats a lattice (see above), of integers any in it, of booleans either.

    Args:
        source: what chooses.
        shape: of the array.
        domain: a name of DOMAINS, or (low, high).
        away_from: values that none comes near.
        ties: round values that come more than once, 0 among them, instead of distinct ones.
        dtype: of the array.
        phase: 1 to 4, chosen when None: arrays of different phase have no value in common.

    >>> from tinygrad_rnn.testing.draw.source import RandomSource
    >>> array(RandomSource(0), (0, 3)), array(RandomSource(0), (), (1.0, 1.1), phase=1)
    (array([], shape=(0, 3), dtype=float64), array(1.0844))
    """
    where, size, dtype = domain_of(domain), prod(shape), np.dtype(dtype)
    if dtype.kind == "b":
        picked: list[Any] = [flag(source) for _ in range(size)]
    elif dtype.kind in "iu":
        low, high, left_out = whole_numbers(where, away_from, dtype)
        picked = [_passing(source.integer(low, high - len(left_out)), left_out) for _ in range(size)]
    elif ties:
        picked = [choose(source, _round_values(where, away_from)) for _ in range(size)]
    else:
        phase = phase if phase is not None else source.integer(1, 4)
        picked = sample(source, lattice(where, size, phase, away_from, dtype), size)
    return np.array(picked, dtype).reshape(shape)


def any_size(source: Source) -> str:
    """A domain for what must neither overflow nor lose its slope far from 0: now and then a wide one."""
    return choose(source, ("real",) * 6 + ("large", "huge"))


def number(source: Source, domain: str) -> int | float:
    """A Python number: round, so that it is none of the lattice's values."""
    inside = [v for v in (1, 2.0, -1.5, 0.5, 3, 0, -2) if DOMAINS[domain].admits(np.array(v))]
    return choose(source, inside)


def check_room(domain: Within, away_from: tuple[float, ...], dtype: np.dtype[Any]) -> None:
    """Raise OptionError where no value of a domain in this dtype is clear of what it is to stay away from."""
    where = domain_of(domain)
    if dtype.kind in "iu":
        whole_numbers(where, away_from, dtype)
    elif dtype.kind == "f" and not rooms(where, away_from):
        raise _no_room(domain, away_from, dtype)


def _no_room(domain: Within, away_from: tuple[float, ...], dtype: np.dtype[Any]) -> OptionError:
    shown = tuple(domain[:2]) if isinstance(domain, Domain) else domain
    return OptionError(
        f"values: there are not enough values of domain={shown!r:.60}",
        expected=f"numbers that differ in {dtype}" + (f", {CLEAR} or more from each of away_from" if away_from else ""),
        got=f"away_from={away_from!r:.60}" if away_from else "",
        help="widen the domain",
    )


def rooms(domain: Domain, away_from: tuple[float, ...]) -> list[tuple[float, float]]:
    """The ranges of a domain that are clear of 0, by its gap, and of what values stay away from.

    >>> rooms(domain_of((0, 2)), (1.0,))
    [(0, 0.95), (1.05, 2)]
    """
    holes = [(-domain.gap, domain.gap)] * (domain.gap > 0) + [(k - CLEAR, k + CLEAR) for k in away_from]
    found, low = [], domain.low
    for start, end in sorted(holes):
        found.append((low, min(start, domain.high)))
        low = max(low, end)
    return [(low, high) for low, high in [*found, (low, domain.high)] if low < high]


def whole_numbers(domain: Domain, away_from: tuple[float, ...], dtype: np.dtype[Any]) -> tuple[int, int, list[int]]:
    """The least and the greatest integer of a domain in this dtype, and those between them that are left out."""
    low, high = max(ceil(domain.low), np.iinfo(dtype).min), min(floor(domain.high), np.iinfo(dtype).max)
    near = {k for kink in away_from for k in (floor(kink), ceil(kink))}
    near |= set(range(ceil(-domain.gap), floor(domain.gap) + 1))
    left_out = sorted(k for k in near if low <= k <= high and not _is_clear(k, domain.gap, away_from))
    if high - low < len(left_out):
        raise _no_room(domain, away_from, dtype)
    return low, high, left_out


def _passing(k: int, left_out: list[int]) -> int:
    """The integer that stands in the place of k once some are left out."""
    for out in left_out:
        k += k >= out
    return k


@lru_cache(maxsize=1024)
def lattice(
    domain: Domain,
    size: int,
    phase: int,
    away_from: tuple[float, ...] = (),
    dtype: np.dtype[Any] = np.dtype(np.float64),  # noqa: B008  (a constant)
) -> tuple[float, ...]:
    """At least `size` different values of the domain, those nearest to 0 first.

    Raises:
        OptionError: there is no room for so many.

    >>> lattice(DOMAINS["unit"], 1, 1)[:4]
    (0.064, 0.084, 0.104, 0.124)
    """
    clear = rooms(domain, away_from)
    with np.errstate(over="ignore", invalid="ignore"):
        finest = 8 * float(np.spacing(np.abs([domain.low, domain.high]).max().astype(dtype)))  # NaN beyond the dtype
    step = (domain.high - domain.low) / max(32, size)
    step = _round_step(step) if step > finest else 0.0
    while clear and step > finest:
        digits = max(10, 3 - floor(log10(step)))
        values = [
            v
            for low, high in clear
            for k in range(floor(low / step), ceil(high / step))
            if low <= (v := round((k + phase / 5) * step, digits)) <= high
        ]
        if len(values) >= size:
            return tuple(sorted(values, key=abs))
        step /= 2
    raise _no_room(domain, away_from, dtype)


def _round_step(step: float) -> float:
    power = 10.0 ** floor(log10(step))
    return next(digit * power for digit in (5, 2, 1) if digit * power <= step)


def _is_clear(value: float, gap: float, away_from: tuple[float, ...]) -> bool:
    return abs(value) >= gap and all(abs(value - kink) >= CLEAR for kink in away_from)


def _round_values(domain: Domain, away_from: tuple[float, ...]) -> list[float]:
    """A few values of the domain to be equal to each other, the most telling first."""
    inside = [v for v in (0.0, 1.0, -1.0, 0.5, 2.0, -2.0) if domain.low <= v <= domain.high]
    clear = [v for v in inside if _is_clear(v, domain.gap, away_from)]
    return clear or list(lattice(domain, 3, 1, away_from)[:3])
