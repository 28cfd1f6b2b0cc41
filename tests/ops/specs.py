"""What each op is tested with: a NumPy reference, calls that avoid kinks, and one call that must be refused.

Ops that act on one or two arrays element by element get their spec from `elementwise` unasked; any other op in the
registry without an entry here fails test_rules.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing.draw.call import Call


@dataclass(frozen=True, eq=False)
class Spec:
    """An op beside NumPy's function.

    Attributes:
        calls: edge cases; what lies between them is drawn from the grammar.
        refused, error: a call that must be refused, and how.
        formula: the reference is written out, and may round differently.
    """

    name: str
    reference: Callable[..., Any]
    calls: list[Call]
    refused: Call
    error: type[Exception] = tg.ShapeError
    differentiable: bool = True
    formula: bool = False

    def named(self, call: Call) -> Call:
        return Call(self.name, call.args, call.static)

    def plain(self, call: Call) -> Any:
        """What NumPy says."""
        return self.reference(*call.args, **call.static)

    def __str__(self):
        return self.name


def C(*args, **static):
    return Call("", args, static)


_seed = iter(range(10**6))


def real(*shape, low=-2.0, high=2.0):
    """Numbers in [low, high], in random order, no two nearer than a hundredth of the range / size, none near 0."""
    rng = np.random.default_rng(next(_seed))
    size = int(np.prod(shape, dtype=int))
    cells = (rng.permutation(size) + rng.uniform(0.25, 0.75, size)) / max(size, 1)
    values = low + (high - low) * cells
    values = np.where(np.abs(values) < 0.05, 0.05 + np.abs(values), values)
    return values.reshape(shape)


def positive(*shape):
    return real(*shape, low=0.4, high=2.5)


# element by element: found in the registry

FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "logistic_slope": lambda x: 0.25 / np.cosh(x / 2) ** 2,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "softplus": lambda x: np.logaddexp(0, x),
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "identity": lambda x: x,
}
POSITIVE = {"sqrt", "log", "log1p", "power", "divide"}
UNARY = [(), (3,), (2, 3), (0,), (2, 0, 3)]
BINARY = [
    ((), ()),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3, 1), (4,)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((2, 1, 3), (4, 1)),
    ((1, 1), (2, 2)),
    ((0, 3), (1, 3)),
    ((2, 1), (2, 0)),
]


def elementwise(op):
    """The spec of an op whose arguments are one or two arrays and nothing else, or None."""
    if op.variadic or op.static or len(op.params) > 2 or op.name in SPECIAL:
        return None
    reference = FORMULAS.get(op.name) or getattr(np, op.name, None)
    assert reference is not None, f"{op.name}: NumPy has no such function; write its formula into FORMULAS"
    draw = positive if op.name in POSITIVE else real
    if len(op.params) == 1:
        calls = [C(draw(*shape)) for shape in UNARY]
        return Spec(op.name, reference, calls, C("text"), tg.DTypeError, op.differentiable, op.name in FORMULAS)
    calls = [C(draw(*a), draw(*b)) for a, b in BINARY] + [C(draw(3), 1.5), C(1.5, draw(3)), C(draw(3), 2)]
    return Spec(op.name, reference, calls, C(real(2), real(3)), tg.ShapeError, op.differentiable)


# everything else


def _softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-1e3))
    return e / np.sum(e, axis=axis, keepdims=True)


def _logsumexp(x, axis=None, keepdims=False):
    top = np.max(x, axis=axis, keepdims=True, initial=-1e3)
    y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


def _norm(x, ord=None, axis=None, keepdims=False):
    p = 2 if ord is None else ord
    if p == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def _index_add(x, index, values):
    y = np.array(x, dtype=np.result_type(x, values))
    np.add.at(y, index, values)
    return y


def _one_hot(ids, num_classes, dtype=np.float64):
    return np.eye(num_classes, dtype=dtype)[ids]


REDUCED = [
    C(real()),
    C(real(4)),
    C(real(2, 3)),
    C(real(2, 3), axis=0),
    C(real(2, 3), axis=-1),
    C(real(2, 3), axis=1, keepdims=True),
    C(real(2, 3, 2), axis=(0, 2)),
    C(real(2, 3, 2), axis=(-1, 0), keepdims=True),
    C(real(2, 3), keepdims=True),
    C(real(2, 3), axis=()),
    C(real(2, 3), axis=np.int64(1)),
]
EMPTY = [C(real(0)), C(real(2, 0), axis=1), C(real(0, 2), axis=1, keepdims=True)]
NO_AXIS = C(real(2, 3), axis=2)
LINES = [C(real(4)), C(real(2, 3)), C(real(2, 3), axis=0), C(real(2, 3), axis=-1), C(real(2, 3, 2), axis=1), C(real(1))]
MASK = np.array([[True, False, True], [False, True, True]])
DDOF = [C(real(4), ddof=1), C(real(2, 3), axis=1, ddof=1, keepdims=True)]
WIDE = [C(real(3, 5), axis=-1), C(real(2, 3, 2), axis=(0, 2))]
PRODUCTS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((1, 1), (1, 1)),
]

SPECIAL = {
    spec.name: spec
    for spec in [
        # arithmetic
        Spec(
            "clip",
            lambda x, a_min=None, a_max=None: np.clip(x, a_min, a_max),
            [
                C(real(2, 3), -1.0, 1.0),
                C(real(2, 3), None, 0.7),
                C(real(2, 3), -0.3, None),
                C(real(), -1.0, 1.0),
                C(real(2, 3), real(3, low=-1.5, high=-0.5), positive(2, 1)),
                C(real(0), -1.0, 1.0),
                C(real(3), a_min=-1.0, a_max=1.0),
                C(real(3), a_max=0.5),
                C(real(3), 0.5),
                C(real(3), real(3, low=0.9, high=1.9), real(3, low=-1.9, high=-0.9)),
            ],
            C(real(3), real(2), real(2)),
        ),
        Spec(
            "where",
            np.where,
            [
                C(MASK, real(2, 3), real(2, 3)),
                C(MASK, real(3), real()),
                C(MASK, 1.0, real(2, 1)),
                C(MASK, real(2, 3), 0),
                C(MASK[0], real(2, 3), real(3)),
                C(True, real(2), real(2)),
                C(np.zeros(0, bool), real(0), real(1)),
                C(MASK.tolist(), real(3), real(3)),
            ],
            C(MASK, real(4), real(3)),
        ),
        Spec(
            "power",
            np.power,
            [
                *(C(positive(*a), real(*b)) for a, b in BINARY),
                C(real(4), 3),
                C(real(4), 2.0),
                C(real(4), np.array([0, 1, 2, 3])),
                C(real(4), 1),
                C(real(4), 0),
                C(2, real(4)),
                C(positive(4), -1.5),
                C(positive(4), 0.5),
            ],
            C(real(2), real(3)),
        ),
        # indexing
        Spec(
            "getitem",
            lambda x, *, index: x[index],
            [
                C(real(5), index=2),
                C(real(5), index=-1),
                C(real(5), index=slice(1, 4)),
                C(real(5), index=slice(None, None, -2)),
                C(real(3, 4), index=(1, 2)),
                C(real(3, 4), index=(slice(None), 1)),
                C(real(3, 4), index=(..., slice(1, 3))),
                C(real(3, 4), index=(None, 1, None)),
                C(real(3, 4), index=np.array([0, 2, 0, 0])),
                C(real(3, 4), index=[2, 2, -1]),
                C(real(3, 4), index=(np.array([[0], [2]]), np.array([1, 1]))),
                C(real(3, 4), index=(slice(None), [3, 3, 0])),
                C(real(2, 3), index=MASK),
                C(real(2, 3), index=(0, MASK[0])),
                C(real(), index=()),
                C(real(), index=...),
                C(real(3), index=slice(0, 0)),
                C(real(3), index=np.zeros(0, int)),
                C(real(3), index=np.array(1)),
                C(real(2), index=True),
                C(real(3, 2, 4), index=([0, 1, 0], slice(None), [1, 1, 1])),
                C(real(3), index=np.int64(1)),
            ],
            C(real(3), index=3),
        ),
        Spec(
            "index_add",
            _index_add,
            [
                C(real(4), [0, 0, 2], real(3)),
                C(real(4), np.array([1, 1]), real()),
                C(real(3, 4), (slice(None), 1), real(3)),
                C(real(3, 4), (np.array([0, 0]), np.array([1, 1])), real(2)),
                C(real(3, 4), slice(1, 3), real(4)),
                C(real(2, 3), MASK, real(4)),
                C(real(3), np.zeros(0, int), real(0)),
                C(real(3), 1, real()),
            ],
            C(real(3), [0, 5], real(2)),
        ),
        Spec(
            "take",
            np.take,
            [
                C(real(5), np.array([0, 3, 3])),
                C(real(2, 3), np.array([5, 0, -1, 5])),
                C(real(3, 4), np.array([2, 0, 2]), axis=0),
                C(real(3, 4), np.array([[0, 1], [1, 3]]), axis=1),
                C(real(2, 3, 2), np.array([2, 2]), axis=-2),
                C(real(4), 2),
                C(real(3, 2), 1, axis=0),
                C(real(3, 2), np.array([[2, -1], [2, 0]]), axis=0),
                C(real(3), np.zeros(0, int)),
                C(real(3, 2), np.array([], int), axis=0),
                C(real(3), np.array([1, 1], np.uint8)),
            ],
            C(real(3), np.array([3])),
        ),
        Spec(
            "take_along_axis",
            np.take_along_axis,
            [
                C(real(2, 3), np.array([[0, 0], [2, 1]]), axis=1),
                C(real(2, 3), np.array([[1, 0, 1]]), axis=0),
                C(real(2, 3), np.array([[2], [-1]]), axis=-1),
                C(real(2, 3), np.array([[2, 2]]), axis=1),
                C(real(1, 3), np.array([[2], [1], [1]]), axis=1),
                C(real(3), np.zeros(0, int), axis=0),
                C(real(2, 3), np.array([5, 0, 5, -1]), axis=None),
            ],
            C(real(2, 3), np.array([0, 1]), axis=1),
        ),
        Spec(
            "diagonal",
            np.diagonal,
            [
                C(real(3, 3)),
                C(real(2, 4)),
                C(real(3, 4), offset=1),
                C(real(3, 4), offset=-2),
                C(real(2, 3, 4), axis1=1, axis2=2),
                C(real(2, 3, 4), 0, -1, 0),
                C(real(2, 2), offset=5),
            ],
            C(real(3)),
        ),
        Spec(
            "one_hot",
            _one_hot,
            [
                C(np.array([0, 2, 1]), 3),
                C(np.array([[1], [0]]), num_classes=2),
                C(np.array(1), 3, np.float32),
                C(np.zeros(0, int), 3),
            ],
            C(np.array([3]), 3),
            differentiable=False,
        ),
        *(
            Spec(
                name,
                getattr(np, name),
                [
                    C(real(4)),
                    C(real(2, 3)),
                    C(real(2, 3), axis=0),
                    C(real(2, 3), axis=-1, keepdims=True),
                    C(real()),
                ],
                NO_AXIS,
                differentiable=False,
            )
            for name in ("argmax", "argmin")
        ),
        Spec(
            "argsort",
            np.argsort,
            [C(real(4)), C(real(2, 3)), C(real(2, 3), axis=0), C(real(2, 3), axis=None)],
            NO_AXIS,
            differentiable=False,
        ),
        Spec("sort", np.sort, [*LINES, C(real(2, 3), axis=None), C(real(0)), C(real(2, 0), axis=0)], NO_AXIS),
        # shape
        Spec(
            "broadcast_to",
            np.broadcast_to,
            [
                C(real(), (2, 3)),
                C(real(3), (2, 3)),
                C(real(2, 1), (2, 3)),
                C(real(1, 1), (4, 2, 3)),
                C(real(2, 3), (2, 3)),
                C(real(1), 3),
                C(real(1), (0,)),
            ],
            C(real(2), (3,)),
        ),
        Spec(
            "reshape",
            np.reshape,
            [
                C(real(2, 3), (3, 2)),
                C(real(6), (2, -1)),
                C(real(2, 3), -1),
                C(real(1), ()),
                C(real(), (1, 1)),
                C(real(0, 2), (0, 5)),
            ],
            C(real(2, 3), (4, 2)),
        ),
        Spec(
            "transpose",
            np.transpose,
            [
                C(real(2, 3)),
                C(real(2, 3, 4)),
                C(real(2, 3, 4), (1, 2, 0)),
                C(real(2, 3, 4), (-1, 0, 1)),
                C(real(3)),
                C(real()),
                C(real(0, 2)),
            ],
            C(real(2, 3), (0, 0)),
        ),
        Spec(
            "swapaxes",
            np.swapaxes,
            [C(real(2, 3), 0, 1), C(real(2, 3, 4), -1, 0), C(real(2, 3), 1, 1)],
            C(real(2, 3), 0, 2),
        ),
        Spec(
            "moveaxis",
            np.moveaxis,
            [C(real(2, 3, 4), 0, -1), C(real(2, 3, 4), (0, 1), (-1, 0)), C(real(2, 3, 4), -1, 0)],
            C(real(2, 3), 0, 5),
        ),
        Spec(
            "expand_dims",
            np.expand_dims,
            [C(real(2, 3), 0), C(real(2, 3), -1), C(real(3), (0, 2)), C(real(), 0), C(real(0), 1)],
            C(real(3), 5),
        ),
        Spec(
            "squeeze",
            np.squeeze,
            [C(real(1, 3, 1)), C(real(1, 3, 1), 0), C(real(1, 3, 1), (0, -1)), C(real(2)), C(real()), C(real(1, 0))],
            C(real(2, 1), 0),
        ),
        Spec(
            "flip",
            np.flip,
            [
                C(real(3)),
                C(real(2, 3)),
                C(real(2, 3), 0),
                C(real(2, 3), -1),
                C(real(2, 3, 2), (0, 2)),
                C(real()),
                C(real(0)),
            ],
            NO_AXIS,
        ),
        Spec(
            "astype",
            lambda x, dtype: np.asarray(x).astype(dtype),
            [C(real(3), np.float64), C(real(2, 3), "float64"), C(real(), float)],
            C(real(2), "no such type"),
            tg.DTypeError,
        ),
        Spec(
            "concatenate",
            np.concatenate,
            [
                C([real(2), real(3)]),
                C([real(2, 3), real(1, 3), real(2, 3)]),
                C([real(2, 1), real(2, 3)], axis=-1),
                C([real(2, 1), real(3)], axis=None),
                C([real(0), real(2)]),
                C([real(2), np.array([1, 2])]),
                C([real(2)], 0),
            ],
            C([real(2, 3), real(2, 2)]),
        ),
        Spec(
            "stack",
            np.stack,
            [
                C([real(3), real(3)]),
                C([real(2, 3), real(2, 3)], axis=-1),
                C([real(2), real(2)], 1),
                C([real(), real()]),
                C([real(0), real(0)]),
                C([real(2)]),
            ],
            C([real(2), real(3)]),
        ),
        Spec(
            "constant_pad",
            lambda x, pad_width, constant_values=0: np.pad(x, pad_width, constant_values=constant_values),
            [
                C(real(3), pad_width=1),
                C(real(2, 3), pad_width=((1, 0), (0, 2)), constant_values=1.5),
                C(real(2, 3), pad_width=(1, 2)),
            ],
            C(real(2), pad_width=-1),
        ),
        Spec(
            "pad",
            np.pad,
            [
                C(real(3), 1),
                C(real(2, 3), ((1, 0), (0, 2))),
                C(real(2, 3), (2, 1), constant_values=3.0),
                C(real(0), 2),
                C(real(2, 3), np.array([[1, 1], [0, 2]])),
                *(
                    C(x, widths, mode=mode)
                    for mode in ("edge", "reflect", "symmetric", "wrap")
                    for x, widths in [(real(3), (2, 1)), (real(2, 3), ((1, 0), (4, 3)))]
                ),
            ],
            C(real(2), 1, mode="no such mode"),
        ),
        Spec(
            "tile",
            np.tile,
            [
                C(real(3), 2),
                C(real(2, 3), (2, 1)),
                C(real(2), (3, 2)),
                C(real(2, 1, 2), 2),
                C(real(), (2, 2)),
                C(real(2), 0),
                C(real(2), ()),
            ],
            C(real(2), -1),
        ),
        Spec(
            "repeat",
            np.repeat,
            [
                C(real(3), 2),
                C(real(2, 3), 2),
                C(real(2, 3), 2, axis=0),
                C(real(2, 3), [1, 0, 2], axis=-1),
                C(real(3), 0),
                C(real(), 2),
            ],
            C(real(3), [1, 2]),
        ),
        Spec(
            "split",
            np.split,
            [C(real(4), 2), C(real(2, 6), 3, axis=-1), C(real(5), [1, 3]), C(real(5), [3, 9]), C(real(4, 2), [1], 0)],
            C(real(5), 2),
        ),
        Spec(
            "discretized",
            lambda x, dtype: np.asarray(x).astype(dtype),
            [C(real(3), dtype=int), C(real(2), dtype=bool)],
            C(np.array([1j]), dtype="text"),
            tg.DTypeError,
            differentiable=False,
        ),
        # reduce
        *(Spec(name, getattr(np, name), [*REDUCED, *EMPTY], NO_AXIS) for name in ("sum", "prod")),
        Spec("mean", np.mean, [*REDUCED, C(real(0, 2), axis=1)], NO_AXIS),
        *(Spec(name, getattr(np, name), [*REDUCED, C(real(0, 2), axis=1)], C(real(0))) for name in ("max", "min")),
        Spec("var", np.var, [*REDUCED[1:9], *DDOF], NO_AXIS),
        Spec("std", np.std, [*REDUCED[1:9], *DDOF], NO_AXIS),
        Spec("euclidean_norm", _norm, [*REDUCED[:9], C(real(0, 2), axis=1)], NO_AXIS, formula=True),
        Spec(
            "norm",
            _norm,
            [
                *REDUCED[:9],
                C(real(4), 1),
                C(real(4), np.inf),
                C(real(2, 3), 2, 1),
                C(real(2, 3), ord=1, axis=-1, keepdims=True),
                C(real(2, 3), np.inf, 0),
                C(real(2, 3)[0], 2),
            ],
            C(real(2, 3), 2),
            formula=True,
        ),
        *(
            Spec(
                name,
                getattr(np, name),
                [*LINES, C(real()), C(real(0)), C(real(2, 0), axis=1), C(real(0, 2), axis=0)],
                NO_AXIS,
            )
            for name in ("cumsum", "cumprod")
        ),
        Spec("logsumexp", _logsumexp, [*REDUCED, C(real(0, 2), axis=1)], NO_AXIS, formula=True),
        *(
            Spec(name, f, [*LINES, *WIDE, C(real(0, 2)), C(real(2, 3), axis=None)], NO_AXIS, formula=True)
            for name, f in [
                ("softmax", _softmax),
                ("log_softmax", lambda x, axis=-1: x - _logsumexp(x, axis, keepdims=True)),
            ]
        ),
        # matmul
        Spec(
            "matmul",
            np.matmul,
            [
                *(C(real(*a), real(*b)) for a, b in PRODUCTS),
                C(real(2, 2, 3), real(3, 4)),
                C(real(2, 3), real(2, 3, 4)),
                C(real(2, 1, 2, 3), real(3, 3, 2)),
                C(real(2, 2, 3), real(3)),
                C(real(3), real(2, 3, 2)),
                C(real(2, 3, 0), real(0, 2)),
                C(real(0, 2, 3), real(3, 2)),
            ],
            C(real(2, 3), real(2, 3)),
        ),
        Spec(
            "dot",
            np.dot,
            [
                *(C(real(*a), real(*b)) for a, b in PRODUCTS),
                C(real(), real(2, 3)),
                C(real(2, 3), real()),
                C(real(2, 2, 3), real(3, 2)),
                C(real(2, 3), real(2, 3, 2)),
                C(real(2, 2, 3), real(3)),
                C(real(3), real(2, 3, 2)),
                C(real(3), 2.0),
                C(1.5, real(2, 3)),
            ],
            C(real(2, 3), real(2, 3)),
        ),
        Spec(
            "inner",
            np.inner,
            [
                C(real(3), real(3)),
                C(real(2, 3), real(4, 3)),
                C(real(2, 2, 3), real(4, 3)),
                C(real(2, 3), real(3)),
                C(real(3), real(2, 3)),
                C(real(2, 3), real(2, 2, 3)),
                C(real(), real(2, 3)),
                C(real(2, 3), real()),
                C(real(3), 2.0),
                C(real(0, 3), real(2, 3)),
            ],
            C(real(2, 3), real(3, 2)),
        ),
        Spec(
            "tensordot",
            np.tensordot,
            [
                C(real(2, 3), real(2, 3)),
                C(real(2, 3), real(3, 4), 1),
                C(real(2), real(3), 0),
                C(real(2, 3, 4), real(4, 3, 2), axes=((1, 2), (1, 0))),
                C(real(2, 3, 4), real(3, 5, 4), axes=((-1, 1), (2, 0))),
                C(real(2, 3), real(4, 2), axes=(0, 1)),
                C(real(3), 2.0, 0),
            ],
            C(real(2, 3), real(2, 3), 1),
        ),
        Spec(
            "einsum",
            np.einsum,
            [
                C("ij,jk->ik", real(2, 3), real(3, 2)),
                C("ij,kj", real(2, 3), real(2, 3)),
                C("ii->i", real(3, 3)),
                C("ii", real(3, 3)),
                C("ij->ji", real(2, 3)),
                C("ij->", real(2, 3)),
                C("i->", real(3)),
                C("i,j,k->kij", real(2), real(2), real(3)),
                C("...i,ij->...j", real(2, 2, 3), real(3, 2)),
                C("...i,...i->...", real(2, 3), real(1, 3)),
                C("b...,b...->b...", real(2, 3), real(2, 3)),
                C("iij,j->i", real(2, 2, 3), real(3)),
                C("i,->i", real(3), real()),
                C("ij,jk,kl->il", real(2, 2), real(2, 3), real(3, 2)),
                C("iji->j", real(2, 3, 2)),
                C("iii->", real(2, 2, 2)),
                C("ij,ij->ij", real(2, 3), real(2, 3)),
                C("bA,bA->A", real(2, 3), real(2, 3)),
                C("tbi, hi -> tbh", real(2, 2, 3), real(2, 3)),
                C("i,i", real(0), real(0)),
                C("...ii->...i", real(2, 3, 3)),
                C("ij,k->i", real(2, 3), real(2)),
            ],
            C("ij,jk->ik", real(2, 3), real(2, 3)),
        ),
        Spec(
            "outer",
            np.outer,
            [
                C(real(2), real(3)),
                C(real(2, 2), real(3)),
                C(real(), real(2)),
                C(real(0), real(2)),
                C(real(2), np.array([1, 2])),
            ],
            C(real(2), "text"),
            tg.DTypeError,
        ),
        Spec(
            "trace",
            np.trace,
            [C(real(3, 3)), C(real(2, 4), offset=1), C(real(2, 3, 3), 0, 1, 2), C(real(2, 3, 2), axis1=-1, axis2=0)],
            C(real(3)),
        ),
    ]
}

ELSEWHERE = {"rematerialized": "its rules run a function again: tests/autodiff/test_higher.py"}
SPECS = {**{name: spec for name, op in list(REGISTRY.items()) if (spec := elementwise(op))}, **SPECIAL}
