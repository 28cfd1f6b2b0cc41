"""Our ops by name, as torch spells them: the same call, in float64, eagerly. An op that torch lacks has no entry.

Where torch has no counterpart of an option (negative steps, several axes, padding by copies), the elements are told
where to go by NumPy on their numbers 0, 1, 2, …, and torch moves them: `moved`.
"""

import math

import numpy as np

from tests.oracles import require_torch

torch = require_torch()


def tensor(x):
    """x for torch: arrays and numbers become float64, integer or boolean tensors."""
    return x if isinstance(x, torch.Tensor) else torch.as_tensor(np.array(x))


def tensors(f):
    """f with its positional arguments as tensors."""
    return lambda *args, **static: f(*map(tensor, args), **static)


def plain(index):
    """An index in NumPy's terms: tensors back to arrays."""
    if isinstance(index, torch.Tensor):
        return index.detach().numpy()
    return type(index)(map(plain, index)) if isinstance(index, tuple | list) else index


def moved(f):
    """An op that only moves elements: `f(places, …)` on the numbers of x's elements says which goes where."""

    def op(x, *args, **static):
        x = tensor(x)
        places = f(np.arange(x.numel()).reshape(x.shape), *map(plain, args), **static)
        return picked(x, places)

    return op


def picked(x, places):
    if isinstance(places, list):
        return [picked(x, part) for part in places]
    return x.reshape(-1)[torch.as_tensor(np.array(places).ravel())].reshape(np.shape(places))


def along(axis, x):
    """Axes as torch takes them: all of them written out."""
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (int(axis),)


def reduction(f):
    """f(x, dim, keepdim) over a tuple of axes; over none of them, torch would take all."""

    def op(x, axis=None, keepdims=False, **static):
        dim = along(axis, x)
        return f(x, dim, keepdims, **static) if dim else f(x.unsqueeze(-1), (-1,), False, **static)

    return tensors(op)


def over_one(f):
    """The same for an f over one axis: several are laid into one first."""

    def op(x, axis=None, keepdims=False, **static):
        dim = [k % x.ndim for k in along(axis, x)]
        kept = [k for k in range(x.ndim) if k not in dim]
        flat = x.permute((*kept, *dim)).reshape([x.shape[k] for k in kept] + [math.prod(x.shape[k] for k in dim)])
        y = f(flat, -1, **static)
        return y.reshape([1 if k in dim else n for k, n in enumerate(x.shape)]) if keepdims else y

    return tensors(op)


def flattened(f):
    """An op along one axis, or of the flattened x when axis is None."""
    return tensors(lambda x, axis=None, **static: f(x.reshape(-1), 0) if axis is None else f(x, axis, **static))


def norm(x, ord=None, axis=None, keepdims=False):
    if axis == ():
        return tensor(x).abs()
    return torch.linalg.vector_norm(tensor(x), 2 if ord is None else ord, along(axis, x), keepdims)


def softmax_over(f):
    """softmax takes one axis: over several, it is that of their flattened selves, put back."""

    def op(x, axis=-1):
        dim = [k % x.ndim for k in along(axis, x)]
        order = [k for k in range(x.ndim) if k not in dim] + dim
        moved_x = x.permute(order)
        y = f(moved_x.reshape(*moved_x.shape[: x.ndim - len(dim)], -1), -1).reshape(moved_x.shape)
        return y.permute(tuple(np.argsort(order).tolist()))

    return tensors(op)


def clip(x, a_min=None, a_max=None):
    x = tensor(x)
    x = x if a_min is None else torch.maximum(x, tensor(a_min).to(x.dtype))
    return x if a_max is None else torch.minimum(x, tensor(a_max).to(x.dtype))


def power(a, b):
    if isinstance(a, int | float) and a == 0:
        return 0.0 * tensor(b)  # 0ᵇ for b > 0, whose second derivative is NaN in torch
    # a Python exponent stays one: torch then knows that it is constant
    return torch.pow(a if isinstance(a, int | float) else tensor(a), b if isinstance(b, int | float) else tensor(b))


def two_floats(f):
    return tensors(lambda a, b: f(*(x if x.is_floating_point() else x.to(torch.float64) for x in (a, b))))


def rounded(a, b):
    return torch.div(a, b, rounding_mode="floor")


def where(condition, x, y):
    return torch.where(tensor(condition), *(tensor(v).to(torch.float64) for v in (x, y)))


def astype(x, dtype):
    kinds = {"f": torch.float64, "i": torch.int64, "b": torch.bool}
    return tensor(x).to(kinds[np.dtype(dtype).kind])


def index_add(x, index, values):
    x, values = tensor(x), tensor(values)
    places = np.arange(x.numel()).reshape(x.shape)[plain(index)]
    flat = x.reshape(-1).index_add(
        0, torch.as_tensor(np.array(places).ravel()), values.expand(np.shape(places)).reshape(-1)
    )
    return flat.reshape(x.shape)


def pad(x, pad_width, mode="constant", constant_values=0):
    x = tensor(x)
    if mode != "constant":
        return moved(np.pad)(x, pad_width, mode=mode)
    pairs = np.broadcast_to(pad_width, (x.ndim, 2))[::-1].ravel().tolist()
    return torch.nn.functional.pad(x, pairs, value=constant_values)


def dot(a, b):
    a, b = tensor(a).to(torch.float64), tensor(b).to(torch.float64)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return torch.tensordot(a, b, dims=([a.ndim - 1], [max(b.ndim - 2, 0)]))


def inner(a, b):
    a, b = tensor(a).to(torch.float64), tensor(b).to(torch.float64)
    return a * b if a.ndim == 0 or b.ndim == 0 else torch.inner(a, b)


def tensordot(a, b, axes=2):
    a, b = tensor(a), tensor(b)
    if isinstance(axes, int):
        return torch.tensordot(a, b, dims=axes)
    left, right = ([side] if isinstance(side, int) else list(side) for side in axes)
    return torch.tensordot(a, b, dims=([k % a.ndim for k in left], [k % b.ndim for k in right]))


def trace(x, offset=0, axis1=0, axis2=1):
    return torch.diagonal(tensor(x), offset, axis1, axis2).sum(-1)


def einsum(subscripts, *operands):
    return torch.einsum(subscripts, *map(tensor, operands))


def einsum_of_lists(subscripts, *operands):
    """torch takes lists too, but wants them in one piece with the Tensors."""
    if isinstance(subscripts, str):
        return einsum(subscripts, *operands)
    given = [x if isinstance(x, list) else tensor(x) for x in (subscripts, *operands)]
    return torch.einsum(*given)


def fmod(a, b):
    return torch.fmod(*torch.broadcast_tensors(a, b))


def quantile(scale):
    def op(x, q, axis=None, keepdims=False, method="linear"):
        """By sorting, and NumPy's word for where the places lie."""
        x = tensor(x)
        dim = [k % x.ndim for k in along(axis, x)]
        kept = [k for k in range(x.ndim) if k not in dim]
        line = x.permute((*kept, *dim)).reshape([*(x.shape[k] for k in kept), -1]).sort(-1).values
        places = np.quantile(np.arange(float(line.shape[-1])), np.asarray(q) / scale, method=method)
        parts = [torch.lerp(line[..., int(p)], line[..., min(int(p) + 1, line.shape[-1] - 1)], p % 1)
                 for p in np.ravel(places).tolist()]  # fmt: skip
        y = torch.stack(parts).reshape([*np.shape(q), *parts[0].shape])
        ones = [1 if k in dim else n for k, n in enumerate(x.shape)]
        return y.reshape([*np.shape(q), *ones]) if keepdims else y

    return op


def median(x, axis=None, keepdims=False):
    return quantile(1)(x, 0.5, axis, keepdims)


def topk(x, k, axis=-1, largest=True):
    return tuple(torch.topk(tensor(x), k, dim=axis, largest=largest))


def roll(x, shift, axis=None):
    return torch.roll(tensor(x), shift, axis)


def tri(f):
    return lambda m, k=0: f(tensor(m) if np.ndim(m) > 1 else tensor(m).expand(len(m), len(m)), k)


def joining(f):
    return lambda tup: f([tensor(x) for x in tup])


def concatenate(arrays, axis=0):
    arrays = [tensor(x) for x in arrays]
    return torch.cat([x.reshape(-1) for x in arrays] if axis is None else arrays, 0 if axis is None else axis)


def extreme(f):
    return tensors(lambda x, axis=None, keepdims=False: torch.reshape(f(x, axis, keepdims), placed(x, axis, keepdims)))


def placed(x, axis, keepdims):
    """The shape of a reduced x: torch forgets keepdims where it reduces everything."""
    return np.sum(np.zeros(x.shape), axis=axis, keepdims=keepdims).shape


SAME = (
    "abs", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "bitwise_and", "bitwise_or",
    "bitwise_xor", "ceil", "cos", "cosh", "deg2rad", "divide", "exp", "exp2", "expm1", "floor", "isfinite", "isinf",
    "isnan", "log", "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor", "multiply",
    "negative", "positive", "rad2deg", "relu", "sigmoid", "sign", "sin", "sinc", "sinh", "sqrt", "square", "subtract",
    "tan", "tanh", "trunc",
)  # fmt: skip
COMPARISONS = {
    "equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge",
}  # fmt: skip
MOVING = (
    "array_split", "diagonal", "dsplit", "expand_dims", "flip", "hsplit", "moveaxis", "repeat", "reshape", "split",
    "squeeze", "swapaxes", "take", "take_along_axis", "tile", "transpose", "vsplit",
)  # fmt: skip
PAIRS = ("arctan2", "fmax", "fmin", "hypot", "logaddexp", "maximum", "minimum")
JOINING = ("column_stack", "dstack", "hstack", "vstack")
TORCH = {
    **{name: tensors(getattr(torch, name)) for name in SAME},
    **{name: two_floats(getattr(torch, name)) for name in PAIRS},
    **{ours: tensors(getattr(torch, theirs)) for ours, theirs in COMPARISONS.items()},
    "softplus": tensors(lambda x: torch.nn.functional.softplus(x, threshold=100)),  # else linear from 20 on
    "log_sigmoid": tensors(torch.nn.functional.logsigmoid),
    "invert": tensors(torch.bitwise_not),
    "round": tensors(lambda x, decimals=0: torch.round(x, decimals=decimals)),
    "floor_divide": tensors(rounded),
    "remainder": tensors(lambda a, b: torch.remainder(*torch.broadcast_tensors(a, b))),
    "divmod": tensors(lambda a, b: (rounded(a, b), torch.remainder(*torch.broadcast_tensors(a, b)))),
    "any": reduction(torch.any),
    "all": reduction(torch.all),
    "power": power,
    "clip": clip,
    "where": where,
    "sum": reduction(torch.sum),
    "mean": reduction(torch.mean),
    "max": reduction(torch.amax),
    "min": reduction(torch.amin),
    "prod": over_one(torch.prod),
    "var": reduction(lambda x, dim, keep, ddof=0: torch.var(x, dim, correction=ddof, keepdim=keep)),
    "std": reduction(lambda x, dim, keep, ddof=0: torch.std(x, dim, correction=ddof, keepdim=keep)),
    "logsumexp": reduction(torch.logsumexp),
    "norm": norm,
    "cumsum": flattened(torch.cumsum),
    "cumprod": flattened(torch.cumprod),
    "softmax": softmax_over(torch.softmax),
    "log_softmax": softmax_over(torch.log_softmax),
    "sort": flattened(lambda x, dim: torch.sort(x, dim=dim, stable=True).values),
    "argsort": flattened(lambda x, dim: torch.argsort(x, dim=dim, stable=True)),
    "argmax": extreme(torch.argmax),
    "argmin": extreme(torch.argmin),
    "broadcast_to": lambda x, shape: torch.broadcast_to(tensor(x), shape),
    "stack": lambda arrays, axis=0: torch.stack([tensor(x) for x in arrays], axis),
    "concatenate": concatenate,
    **{name: moved(getattr(np, name)) for name in MOVING},
    "getitem": moved(lambda places, index: places[plain(index)]),
    "index_add": index_add,
    "pad": pad,
    "trace": trace,
    "astype": astype,
    "one_hot": lambda ids, classes: torch.nn.functional.one_hot(tensor(ids), classes).to(torch.float64),
    "matmul": tensors(torch.matmul),
    "dot": dot,
    "inner": inner,
    "outer": tensors(lambda a, b: torch.outer(a.reshape(-1), b.reshape(-1))),
    "tensordot": tensordot,
    "einsum": einsum_of_lists,
    "fmod": tensors(fmod),
    "cbrt": tensors(lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3)),
    "nan_to_num": tensors(torch.nan_to_num),
    "gelu": tensors(torch.nn.functional.gelu),
    "silu": tensors(torch.nn.functional.silu),
    "elu": tensors(torch.nn.functional.elu),
    "leaky_relu": tensors(torch.nn.functional.leaky_relu),
    "median": median,
    "quantile": quantile(1),
    "percentile": quantile(100),
    "topk": topk,
    "gather": lambda x, axis, index: torch.gather(tensor(x), axis, tensor(index)),
    "roll": roll,
    "tril": tri(torch.tril),
    "triu": tri(torch.triu),
    "diag": lambda v, k=0: torch.diag(tensor(v), k),
    "append": lambda arr, values, axis=None: concatenate([arr, values], axis),
    **{name: joining(getattr(torch, name)) for name in JOINING},
    **{f"atleast_{n}d": tensors(getattr(torch, f"atleast_{n}d")) for n in (1, 2, 3)},
}  # fmt: skip
