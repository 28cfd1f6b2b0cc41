"""Compositions of reverse and forward mode: Jacobians and curvature.

jacobian   one pullback per output element          hvp       forward over reverse
hessian    the jacobian of grad
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, overload

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.functions import OfTensor, as_tensors, bind_argnums, check_function
from tinygrad_rnn.autodiff.reverse import grad, vjp
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.ops.shape import reshape
from tinygrad_rnn.ops.stacking import stack

__all__ = ["hessian", "hvp", "jacobian"]


@overload
def jacobian(f: OfTensor, argnums: Literal[0] = 0) -> Callable[..., Tensor]: ...
@overload
def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Any: ...
def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns J[i…, j…] = `∂f(*xs)[i…]` / ∂xs[argnums][j…], shape f's + the argument's.

    Nested outputs and arguments give a nest of Jacobians: the outputs' outside, the argument's inside.

    >>> import tinygrad_rnn as tg
    >>> tg.jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    check_function("jacobian", f)

    def jacobian_of(*xs: Any, **options: Any) -> Any:
        of_chosen, chosen = bind_argnums(partial(f, **options), xs, argnums)
        y, pullback = vjp(of_chosen, *chosen)
        nested, build_y = flatten(y)
        ys = as_tensors(nested, "an output")
        arguments, build_x = flatten(tuple(chosen))

        def blocks(k: int) -> Any:
            """∂ys[k] by each argument: what is pulled back from its elements, one row for each."""
            rows = [flatten(pullback(build_y(unit)))[0] for unit in _units(ys, k)]
            shapes = [(*ys[k].shape, *x.shape) for x in as_tensors(arguments, "an argument")]
            stacked = zip(*rows, strict=True) if rows else ([np.zeros(shape)] for shape in shapes)
            built = build_x([reshape(stack(list(g)), shape) for g, shape in zip(stacked, shapes, strict=True)])
            return built[0] if isinstance(argnums, int) else built

        return build_y([blocks(k) for k in range(len(ys))])

    return jacobian_of


def _units(ys: Sequence[Tensor], k: int) -> Iterator[list[Array]]:
    """For each element of ys[k], cotangents of all the ys that are 1 there and 0 elsewhere."""
    for place in np.ndindex(ys[k].shape):
        unit = [np.zeros(y.shape, y.dtype) for y in ys]
        unit[k][place] = 1
        yield unit


@overload
def hessian(f: OfTensor) -> Callable[..., Tensor]: ...
@overload
def hessian(f: Callable[..., Any]) -> Any: ...
def hessian(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns H[i…, j…] = ∂²f/∂xᵢ∂xⱼ of a scalar f of one argument.

    >>> import tinygrad_rnn as tg
    >>> tg.hessian(tg.prod)(np.array([0.0, 0.0, 3.0]))[0, 1]
    tensor(3.)
    """
    return jacobian(grad(f))


@overload
def hvp(f: OfTensor) -> Callable[..., Tensor]: ...
@overload
def hvp(f: Callable[..., Any]) -> Any: ...
def hvp(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of (x, v) that returns H·v of a scalar f, without H: the tangent of its gradient along v.

    >>> import tinygrad_rnn as tg
    >>> tg.hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    return lambda x, v, **options: jvp(grad(f), (x,), (v,), **options)[1]
