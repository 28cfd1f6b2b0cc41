"""Right at first order: the rule's own derivative is lost on plain arrays, or only the shortcuts are right."""

import tinygrad_rnn as tg
from tests.seeded.indexing import _overwritten
from tests.seeded.patches import bent, slope, vjp
from tinygrad_rnn.engine.apply import as_array


def _cut(right, gy, y, *args, **static):
    """Everything but the cotangent is taken as constant."""
    return right(gy, as_array(y), *(as_array(x) for x in args), **static)


def _cut_cotangent(right, gy, *rest, **static):
    return right(tg.tensor(gy) if isinstance(gy, tg.Tensor) else gy, *rest, **static)


def constant(name, k=0):
    """Argument k's rule on plain arrays, first order right."""
    return bent(name, _cut, k)


BUGS = {
    "second order: the values are constant": {
        f"{name}: of argument {k}": constant(name, k)
        for name, k in [
            ("exp", 0),
            ("tanh", 0),
            ("sigmoid", 0),
            ("log", 0),
            ("sqrt", 0),
            ("sin", 0),
            ("square", 0),
            ("power", 1),
            ("multiply", 0),
            ("multiply", 1),
            ("divide", 1),
            ("softmax", 0),
            ("log_softmax", 0),
            ("logsumexp", 0),
            ("var", 0),
            ("std", 0),
            ("prod", 0),
            ("cumprod", 0),
            ("euclidean_norm", 0),
            ("matmul", 0),
            ("matmul", 1),
            ("dot", 1),
            ("inner", 0),
            ("tensordot", 0),
            ("einsum", 0),
            ("logaddexp", 1),
        ]
    },
    "second order: the cotangent is constant": {
        f"{name}: gy cut off": bent(name, _cut_cotangent).seen_in("programs")
        for name in ("sum", "tanh", "sin", "multiply", "subtract")
    },
    "second order: another rule": {
        "logistic_slope: sign": slope("logistic_slope", lambda y, x: y * tg.tanh(x / 2)),
        "sigmoid: its slope's slope": slope("logistic_slope", lambda y, x: y * (1 - 2 * y)).seen_in("sigmoid"),
        "tanh: its slope's slope": slope("logistic_slope", lambda y, x: -2 * y * tg.tanh(x)).seen_in("tanh"),
        "getitem: the last duplicate stays": vjp(
            "getitem", lambda gy, y, x, index: tg.tensor(_overwritten(x.shape, index, as_array(gy)))
        ).seen_in("programs getitem tanh multiply"),
        "take: in the first place only": vjp(
            "take", lambda gy, y, x, indices, axis: tg.index_add(0 * as_array(x), (0,) * x.ndim, tg.sum(gy))
        ).seen_in("programs take tanh multiply"),
        "matmul: a for aᵀ": vjp("matmul", lambda gy, y, a, b: 0 * b + tg.sum(a) * tg.mean(gy), 1),
        "inner: by one product per use": vjp("inner", lambda gy, y, a, b: 0 * b + tg.sum(a) * tg.mean(gy), 1),
    },
}
