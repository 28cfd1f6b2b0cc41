"""An array taken apart: into equal parts, unequal ones, and at places."""

from __future__ import annotations

from tinygrad_rnn.testing.draw.choices import one_axis
from tinygrad_rnn.testing.draw.operands import Arguments, Pick, Rule, dims, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.forms import at, library, real, refuse


def _split(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1))
    at = one_axis(source, x.ndim)
    return given(x, _cuts(source, x.shape[at]), axis=at)


def _cuts(source: Source, size: int) -> int | list[int]:
    """A number of equal parts, or places."""
    if flag(source):
        return choose(source, [n for n in range(1, size + 1) if size % n == 0])
    return sorted(source.integer(0, size + 1) for _ in range(source.integer(1, 2)))


def _array_split(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1))
    at = one_axis(source, x.ndim)
    return given(x, source.integer(1, 4) if flag(source) else _cuts(source, x.shape[at]), axis=at)


def _along(axis: int, least: int) -> Rule:
    """Along one axis of `least` axes or more; of a vector along its only one."""

    def rule(source: Source, pick: Pick) -> Arguments:
        x = pick(dims(least))
        return given(x, _cuts(source, x.shape[min(axis, x.ndim - 1)]))

    return rule


SPECS = [
    library(
        "split",
        _split,
        [at(real(4), 2), at(real(2, 6), 3, axis=-1), at(real(5), [1, 3]), at(real(5), [3, 9]), at(real(4, 2), [1], 0)],
        refuse(real(5), 2),
    ),
    library(
        "array_split",
        _array_split,
        [at(real(5), 2), at(real(2, 5), 3, axis=-1), at(real(2), 4), at(real(5), [1, 3]), at(real(4, 2), [1], 0)],
        refuse(real(5), 0),
    ),
    library("vsplit", _along(0, 2), [at(real(4, 3), 2), at(real(3, 2), [1]), at(real(2, 2, 2), 2)], refuse(real(4), 2)),
    library("hsplit", _along(1, 1), [at(real(2, 4), 2), at(real(4), 2), at(real(2, 3, 2), [1, 2])], refuse(real(5), 2)),
    library("dsplit", _along(2, 3), [at(real(2, 3, 4), 2), at(real(1, 1, 3), [2])], refuse(real(2, 4), 2)),
]
