"""The same choices as Hypothesis strategies, to generate and to shrink.

    shapes  broadcast_shapes  matmul_shapes  axes  indices     of arrays
    values  layouts  dtypes  sequences  lengths                what is in them
    calls  programs                                            ops, and graphs of them

Values do not come from Hypothesis's floats(): those run straight into 0, ties and infinity, where no derivative is to
be had. They are numbers of a lattice that is clear of all that (choices.py), shrinking towards 0.

>>> from hypothesis import given, settings
>>> @settings(max_examples=10)
... @given(values(shapes(max_dims=2), domain="positive"))
... def test_log_is_finite(x):
...     assert np.isfinite(np.log(x)).all()
>>> test_log_is_finite()
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import check_number, check_sequence, check_sizes, check_type
from tinygrad_rnn.testing.draw import choices
from tinygrad_rnn.testing.draw.brackets import index
from tinygrad_rnn.testing.draw.call import Call
from tinygrad_rnn.testing.draw.choices import Axis, Shape, Within
from tinygrad_rnn.testing.draw.memory import layout
from tinygrad_rnn.testing.draw.program import Program
from tinygrad_rnn.testing.draw.shrinking import DrawFn, Drawn, SearchStrategy, chosen, integers, st
from tinygrad_rnn.testing.specs.library import OpLike, build, call_of

T = TypeVar("T")


def _drawn(draw: DrawFn, value: T | SearchStrategy[T]) -> T:
    """A value that is given, or drawn from the strategy that is."""
    return draw(value) if isinstance(value, SearchStrategy) else value


def _shape(draw: DrawFn, owner: str, shape: Shape | SearchStrategy[Shape]) -> Shape:
    """A shape that is given or drawn, once it is seen to be one."""
    sizes = _drawn(draw, shape)
    check_type(owner, "shape", sizes, tuple | list, "a shape")
    check_sizes(owner, least=0, **{f"shape[{k}]": size for k, size in enumerate(sizes)})
    return tuple(sizes)


# shapes


@st.composite
def shapes(draw: DrawFn, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> Shape:
    """Shapes of arrays.

    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: len(shape) == 2)
    (1, 1)
    """
    check_sizes("shapes", least=0, min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return choices.shape(Drawn(draw), min_dims, max_dims, min_side, max_side)


@st.composite
def broadcast_shapes(draw: DrawFn, count: int = 2, max_dims: int = 3, max_side: int = 4) -> tuple[Shape, ...]:
    """`count` shapes that broadcast together.

    >>> from hypothesis import find
    >>> find(broadcast_shapes(3), lambda shapes: len(shapes[1]) == 1)
    ((1,), (1,), (1,))
    """
    check_sizes("broadcast_shapes", count=count, max_side=max_side)
    check_sizes("broadcast_shapes", least=0, max_dims=max_dims)
    return choices.broadcast_shapes(Drawn(draw), count, max_dims, max_side)


@st.composite
def matmul_shapes(draw: DrawFn, max_dims: int = 3, max_side: int = 4) -> tuple[Shape, Shape]:
    """The shapes of an a and b for a @ b: vectors, matrices, batches.

    >>> from hypothesis import find
    >>> find(matmul_shapes(), lambda shapes: len(shapes[0]) == len(shapes[1]) == 2)
    ((1, 1), (1, 1))
    """
    check_sizes("matmul_shapes", max_dims=max_dims, max_side=max_side)
    return choices.matmul_shapes(Drawn(draw), max_dims, max_side)


@st.composite
def axes(draw: DrawFn, shape: Shape | int | SearchStrategy[Shape]) -> Axis:
    """What a reduction of an array of this shape, or of so many axes, takes: None, an axis from either end, a tuple.

    >>> from hypothesis import find
    >>> find(axes((2, 3)), lambda axis: isinstance(axis, int))
    0
    """
    of: Any = _drawn(draw, shape)
    if not isinstance(of, int):
        of = len(_shape(draw, "axes", of))
    check_sizes("axes", least=0, ndim=of)
    return choices.axis(Drawn(draw), of)


@st.composite
def indices(draw: DrawFn, shape: Shape | SearchStrategy[Shape], duplicates: bool = True) -> Any:
    """What may stand in x[…]: integers, slices, None, …, masks, integer arrays that name an element more than once.

    >>> from hypothesis import find
    >>> find(indices((3,)), lambda index: isinstance(index, np.ndarray) and index.shape == (2,))
    array([0, 0])
    """
    return index(Drawn(draw), _shape(draw, "indices", shape), duplicates)


# values


def dtypes() -> SearchStrategy[np.dtype[Any]]:
    """float64 and float32.

    >>> from hypothesis import find
    >>> find(dtypes(), lambda dtype: dtype.itemsize < 8)
    dtype('float32')
    """
    return st.sampled_from([np.dtype(np.float64), np.dtype(np.float32)])


@st.composite
def values(
    draw: DrawFn,
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    domain: Within = "real",
    away_from: Sequence[float] = (),
    ties: bool = False,
) -> Array:
    """Arrays of readable numbers, no two of them equal, none near a multiple of their step: 0, 1, …

    Args:
        draw: given by Hypothesis.
        shape: or a strategy of shapes; any when None.
        dtype: or a strategy of dtypes; integers are any of the domain.
        domain: "real" (−2, 2), "small", "positive", "unit", "nonzero", "above -1", or (low, high).
        away_from: numbers that none comes near.
        ties: on purpose equal, and 0.

    >>> from hypothesis import find
    >>> find(values((2,)), lambda x: x[0] > 1).shape
    (2,)
    """
    check_sequence("values", "the numbers of away_from", away_from)
    for number in away_from:
        check_number("values", "away_from", number)
    shape = _shape(draw, "values", shapes() if shape is None else shape)
    return choices.array(Drawn(draw), shape, domain, tuple(away_from), ties, _drawn(draw, dtype))


@st.composite
def layouts(draw: DrawFn, array: Array | SearchStrategy[Array]) -> Array:
    """The same values in another place: Fortran, reversed, strided, read-only, stretched by stride 0.

    >>> from hypothesis import find
    >>> find(layouts(np.ones((2, 3))), lambda x: not x.flags.c_contiguous).flags.f_contiguous
    True
    """
    values = _drawn(draw, array)
    check_type("layouts", "array", values, np.ndarray, "an array")
    return layout(Drawn(draw), values)


@st.composite
def sequences(
    draw: DrawFn,
    T: int | SearchStrategy[int] = integers(2, 4),  # noqa: B008  (a strategy is a constant)
    B: int | SearchStrategy[int] = integers(1, 3),  # noqa: B008
    I: int | SearchStrategy[int] = integers(1, 3),  # noqa: B008
    dtype: Any = np.float64,
) -> Array:
    """Input of a recurrent network: (T, B, I) floats, of two steps at least, so that something recurs.

    >>> from hypothesis import find
    >>> find(sequences(T=3, B=1, I=2), lambda x: True).shape
    (3, 1, 2)
    """
    sizes = {"T": _drawn(draw, T), "B": _drawn(draw, B), "I": _drawn(draw, I)}
    check_sizes("sequences", least=0, **sizes)
    return choices.array(Drawn(draw), tuple(sizes.values()), dtype=_drawn(draw, dtype))


@st.composite
def lengths(draw: DrawFn, T: int | SearchStrategy[int], B: int | SearchStrategy[int], min: int = 1) -> Array:
    """The lengths of a padded batch: B integers from `min` to T.

    >>> from hypothesis import find
    >>> find(lengths(T=4, B=3), lambda n: n.max() > 2)
    array([1, 1, 3])
    """
    longest, rows = _drawn(draw, T), _drawn(draw, B)
    check_sizes("lengths", least=0, T=longest, B=rows)
    check_number("lengths", "min", min, whole=True, least=0, most=longest)
    return choices.array(Drawn(draw), (rows,), (min, longest), dtype=np.int64)


# ops


def calls(op: OpLike, ties: bool = False) -> SearchStrategy[Call]:
    """Calls of an op with all its options, away from its kinks unless `ties`.

    >>> from hypothesis import find
    >>> print(find(calls("sum"), lambda call: call.static.get("axis") == 0))
    tg.sum(a, axis=0)
    """
    return chosen(partial(call_of, op, ties=ties))


def programs(ops: Sequence[OpLike] | None = None, max_nodes: int = 12) -> SearchStrategy[Program]:
    """Graphs of ops, their values shared; repr is source that runs. They shrink to few nodes, then small values.

    Args:
        ops: names of ops, or OpSpecs; every public op when None.
        max_nodes: so many ops are tried at most.

    >>> from hypothesis import find
    >>> find(programs(["tanh", "matmul"]), lambda program: "matmul" in program.ops).ops
    ['matmul']
    """
    check_sizes("programs", max_nodes=max_nodes)
    return chosen(partial(build, ops=ops, max_nodes=max_nodes))
