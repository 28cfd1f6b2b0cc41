"""The same choices as Hypothesis strategies, to generate and to shrink.

    shapes  broadcast_shapes  matmul_shapes  axes  indices     of arrays
    values  layouts  dtypes  sequences  lengths                what is in them
    calls  programs                                            ops, and graphs of them

Values do not come from Hypothesis's floats(): those run straight into 0, ties and infinity, where no derivative is to
be had. They are numbers of a lattice that is clear of all that (choices.py), shrinking towards 0.

An argument may be a strategy of its values too. What is given is checked when the strategy is built, what is drawn when
it is drawn. Hypothesis is imported when the first strategy is built.

>>> from hypothesis import given, settings
>>> @settings(max_examples=10)
... @given(values(shapes(max_dims=2), domain="positive"))
... def test_log_is_finite(x):
...     assert np.isfinite(np.log(x)).all()
>>> test_log_is_finite()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import (
    DTypeError,
    OptionError,
    check_flags,
    check_number,
    check_sequence,
    check_sizes,
    check_type,
)
from tinygrad_rnn.testing.draw import choices
from tinygrad_rnn.testing.draw.brackets import index
from tinygrad_rnn.testing.draw.call import Call
from tinygrad_rnn.testing.draw.choices import Axis, Shape, Within
from tinygrad_rnn.testing.draw.memory import layout
from tinygrad_rnn.testing.draw.program import Program
from tinygrad_rnn.testing.specs.opspec import OpSpec

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "axes", "broadcast_shapes", "calls", "dtypes", "indices", "layouts", "lengths", "matmul_shapes", "programs",
    "sequences", "shapes", "values",
]  # fmt: skip

T = TypeVar("T")
OpLike = str | OpSpec
MOST_DIMS = 64  # of NumPy's arrays
LARGEST = 8192  # elements: of more, Hypothesis draws none


def _chosen(choose: Callable[[Any], T]) -> SearchStrategy[T]:
    """What `choose` makes of a source that Hypothesis chooses for."""
    from tinygrad_rnn.testing.draw.shrinking import chosen  # Hypothesis is needed from here on

    return chosen(choose)


def _drawn(value: T | SearchStrategy[T], check: Callable[[Any], T]) -> SearchStrategy[T]:
    """A strategy of the value that is given, or the one that is given, its values checked."""
    from tinygrad_rnn.testing.draw.shrinking import SearchStrategy, st

    return value.map(check) if isinstance(value, SearchStrategy) else st.just(check(value))


def _shape(owner: str, sizes: Any, largest: float = np.inf) -> Shape:
    """A shape, once it is seen to be one."""
    check_type(owner, "shape", sizes, tuple | list, "a shape, nor a strategy of shapes")
    check_sizes(owner, least=0, **{f"shape[{k}]": size for k, size in enumerate(sizes)})
    if prod(sizes) > largest:
        raise OptionError(
            f"{owner}: an array of shape {tuple(sizes)!r:.60} is too large to be drawn",
            expected=f"at most {largest} elements",
            help="draw a seed, and make the array with np.random.default_rng(seed)",
        )
    return tuple(sizes)


def _size(owner: str, name: str, size: Any, least: int = 0) -> int:
    check_sizes(owner, least=least, **{name: size})
    return int(size)


def _dtype(owner: str, dtype: Any) -> np.dtype[Any]:
    """A dtype that values may have."""
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{owner}: dtype={dtype!r:.60} is not a dtype", expected="floats, integers or bool") from error
    if found.kind not in "fiub":
        raise DTypeError(f"{owner}: values cannot be drawn as {found}", expected="floats, integers or bool")
    return found


# shapes


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> SearchStrategy[Shape]:
    """Shapes of arrays.

    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: len(shape) == 2)
    (1, 1)
    """
    check_sizes("shapes", least=0, min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)
    _check_dims("shapes", max_dims)
    check_number("shapes", "min_dims", min_dims, whole=True, most=max_dims)
    check_number("shapes", "min_side", min_side, whole=True, most=max_side)
    return _chosen(lambda source: choices.shape(source, min_dims, max_dims, min_side, max_side))


def _check_dims(owner: str, max_dims: int) -> None:
    check_number(owner, "max_dims", max_dims, whole=True, most=MOST_DIMS)


def broadcast_shapes(count: int = 2, max_dims: int = 3, max_side: int = 4) -> SearchStrategy[tuple[Shape, ...]]:
    """`count` shapes that broadcast together.

    >>> from hypothesis import find
    >>> find(broadcast_shapes(3), lambda shapes: len(shapes[1]) == 1)
    ((1,), (1,), (1,))
    """
    check_sizes("broadcast_shapes", count=count, max_side=max_side)
    check_sizes("broadcast_shapes", least=0, max_dims=max_dims)
    _check_dims("broadcast_shapes", max_dims)
    return _chosen(lambda source: choices.broadcast_shapes(source, count, max_dims, max_side))


def matmul_shapes(max_dims: int = 3, max_side: int = 4) -> SearchStrategy[tuple[Shape, Shape]]:
    """The shapes of an a and b for a @ b: vectors, matrices, batches.

    >>> from hypothesis import find
    >>> find(matmul_shapes(), lambda shapes: len(shapes[0]) == len(shapes[1]) == 2)
    ((1, 1), (1, 1))
    """
    check_sizes("matmul_shapes", max_dims=max_dims, max_side=max_side)
    _check_dims("matmul_shapes", max_dims)
    return _chosen(lambda source: choices.matmul_shapes(source, max_dims, max_side))


def axes(shape: Shape | int | SearchStrategy[Shape]) -> SearchStrategy[Axis]:
    """What a reduction of an array of this shape, or of so many axes, takes: None, an axis from either end, a tuple.

    >>> from hypothesis import find
    >>> find(axes((2, 3)), lambda axis: isinstance(axis, int))
    0
    """
    ndim = _drawn(shape, lambda of: _size("axes", "ndim", of) if isinstance(of, int) else len(_shape("axes", of)))
    return _chosen(lambda source: choices.axis(source, source.draw(ndim)))


def indices(shape: Shape | SearchStrategy[Shape], duplicates: bool = True) -> SearchStrategy[Any]:
    """What may stand in x[…]: integers, slices, None, …, masks, integer arrays that name an element more than once.

    >>> from hypothesis import find
    >>> find(indices((3,)), lambda index: isinstance(index, np.ndarray) and index.shape == (2,))
    array([0, 0])
    """
    check_flags("indices", duplicates=duplicates)
    of = _drawn(shape, partial(_shape, "indices"))
    return _chosen(lambda source: index(source, source.draw(of), duplicates))


# values


def dtypes() -> SearchStrategy[np.dtype[Any]]:
    """float64 and float32.

    >>> from hypothesis import find
    >>> find(dtypes(), lambda dtype: dtype.itemsize < 8)
    dtype('float32')
    """
    return _chosen(lambda source: np.dtype((np.float64, np.float32)[source.integer(0, 1)]))


def values(
    shape: Shape | SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    domain: Within = "real",
    away_from: Sequence[float] = (),
    ties: bool = False,
) -> SearchStrategy[Array]:
    """Arrays of readable numbers, no two of them equal, none near a multiple of their step: 0, 1, …

    Args:
        shape: or a strategy of shapes; any when None.
        dtype: or a strategy of dtypes; integers are any of the domain, and may be equal.
        domain: "real" (−2, 2), "small", "positive", "unit", "nonzero", "above -1", or (low, high).
        away_from: numbers that none comes near.
        ties: on purpose equal, and 0.
    Raises:
        OptionError: nothing is left of the domain, or not enough for an array of this shape.

    >>> from hypothesis import find
    >>> find(values((2,)), lambda x: x[0] > 1).shape
    (2,)
    """
    check_sequence("values", "the numbers of away_from", away_from)
    for number in away_from:
        check_number("values", "away_from", number)
    check_flags("values", ties=ties)
    choices.domain_of(domain)
    clear = tuple(away_from)

    def with_room(dtype: Any) -> np.dtype[Any]:
        choices.check_room(domain, clear, _dtype("values", dtype))
        return np.dtype(dtype)

    of, kind = (
        _drawn(shapes() if shape is None else shape, partial(_shape, "values", largest=LARGEST)),
        _drawn(dtype, with_room),
    )
    return _chosen(lambda source: choices.array(source, source.draw(of), domain, clear, ties, source.draw(kind)))


def layouts(array: Array | SearchStrategy[Array]) -> SearchStrategy[Array]:
    """The same values in another place: Fortran, reversed, strided, read-only, stretched by stride 0.

    >>> from hypothesis import find
    >>> find(layouts(np.ones((2, 3))), lambda x: not x.flags.c_contiguous).flags.f_contiguous
    True
    """
    given = _drawn(array, _array)
    return _chosen(lambda source: layout(source, source.draw(given)))


def _array(array: Any) -> Array:
    check_type("layouts", "array", array, np.ndarray, "an array, nor a strategy of arrays")
    found: Array = array
    return found


def sequences(
    T: int | SearchStrategy[int] | None = None,
    B: int | SearchStrategy[int] | None = None,
    I: int | SearchStrategy[int] | None = None,
    dtype: Any = np.float64,
) -> SearchStrategy[Array]:
    """Input of a recurrent network: (T, B, I) floats.

    Args:
        T: how many steps, or a strategy; 2 to 4 when None, so that something recurs.
        B, I: rows and features; 1 to 3 each when None.
        dtype: or a strategy of dtypes.

    >>> from hypothesis import find
    >>> find(sequences(T=3, B=1, I=2), lambda x: True).shape
    (3, 1, 2)
    """
    ranges = {"T": (T, 2, 4), "B": (B, 1, 3), "I": (I, 1, 3)}
    sizes = [
        _chosen(partial(_between, low=low, high=high))
        if size is None
        else _drawn(size, partial(_size, "sequences", name))
        for name, (size, low, high) in ranges.items()
    ]
    kind = _drawn(dtype, partial(_dtype, "sequences"))

    def draw(source: Any) -> Array:
        shape = _shape("sequences", [source.draw(size) for size in sizes], LARGEST)
        return choices.array(source, shape, dtype=source.draw(kind))

    return _chosen(draw)


def _between(source: Any, low: int, high: int) -> int:
    return int(source.integer(low, high))


def lengths(T: int | SearchStrategy[int], B: int | SearchStrategy[int], min: int = 1) -> SearchStrategy[Array]:
    """The lengths of a padded batch: B integers from `min` to T.

    >>> from hypothesis import find
    >>> find(lengths(T=4, B=3), lambda n: n.max() > 2)
    array([1, 1, 3])
    """
    check_number("lengths", "min", min, whole=True, least=0)
    longest, rows = _drawn(T, partial(_size, "lengths", "T", least=min)), _drawn(B, partial(_size, "lengths", "B"))
    return _chosen(lambda source: _lengths(source, min, source.draw(longest), source.draw(rows)))


def _lengths(source: Any, low: int, high: int, rows: int) -> Array:
    return choices.array(source, (rows,), (low, high), dtype=np.int64)


# ops


def calls(op: OpLike, ties: bool = False) -> SearchStrategy[Call]:
    """Calls of an op with all its options, away from its kinks unless `ties`.

    >>> from hypothesis import find
    >>> print(find(calls("sum"), lambda call: call.static.get("axis") == 0))
    tg.sum(a, axis=0)
    """
    from tinygrad_rnn.testing.specs.library import call_of  # the specs of all ops: none is needed before

    check_flags("calls", ties=ties)
    return _chosen(partial(call_of, _spec("calls", op), ties=ties))


def programs(ops: OpLike | Sequence[OpLike] | None = None, max_nodes: int = 12) -> SearchStrategy[Program]:
    """Graphs of ops, their values shared; repr is source that runs. They shrink to few nodes, then small values.

    Args:
        ops: names of ops, or OpSpecs; every public op when None.
        max_nodes: so many ops are tried at most.

    >>> from hypothesis import find
    >>> find(programs(["tanh", "matmul"]), lambda program: "matmul" in program.ops).ops
    ['matmul']
    """
    from tinygrad_rnn.testing.specs.library import build

    check_sizes("programs", max_nodes=max_nodes)
    if ops is None:
        return _chosen(partial(build, max_nodes=max_nodes))
    ops = [ops] if isinstance(ops, str | OpSpec) else ops
    check_sequence("programs", "the ops", ops)
    specs = [_spec("programs", op) for op in ops]
    if not specs:
        raise OptionError("programs: there are no ops to draw from", expected="one op or more, or None for all of them")
    return _chosen(partial(build, ops=specs, max_nodes=max_nodes))


def _spec(owner: str, op: OpLike) -> OpSpec:
    """The spec of an op that can be called with what is drawn."""
    from tinygrad_rnn.testing.draw.shrinking import SearchStrategy
    from tinygrad_rnn.testing.specs.library import spec_of

    spec = spec_of(op)
    if not (spec.picks or isinstance(spec.inputs, SearchStrategy)):
        raise OptionError(
            f"{owner}: the inputs of {spec.name} cannot be drawn",
            expected="a spec whose inputs are a strategy or a rule",
            got=f"inputs={spec.inputs!r:.60}",
        )
    return spec
