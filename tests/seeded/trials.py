"""Random examples of an op, a program, a layer, a module, and every check the library offers for each.

trial(source)  →  ("vjp", check), ("jvp", check), ("laws", check)        a check raises what it finds
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing import DEFAULT, check_jvp, check_laws, check_module, check_recurrent, check_vjp
from tinygrad_rnn.testing.draw.call import is_float
from tinygrad_rnn.testing.draw.choices import array
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.library import CALLABLE, LIBRARY, build, call_of

Checks = Iterator[tuple[str, Callable[[], Any]]]
Trial = Callable[[Source], Checks]


def of_op(name: str) -> Trial:
    """An op alone; once in four times at ties and zeros."""
    return partial(_op, name)


def _op(name: str, source: Source) -> Checks:
    ties = flag(source, 4)
    call = call_of(name, source, ties=ties)
    if call.arrays and smooth(call.function, [x.copy() for x in call.arrays]):
        yield from everything(call.function, call.arrays, laws_of(call))
        if ties and is_shortest(call):
            yield "ties", lambda: check_laws(call.function, *call.arrays, laws=["ties"])


def smooth(fn: Callable[..., Any], arrays: list[Any]) -> bool:
    """Whether floats come out, and nothing else."""
    with np.errstate(all="ignore"):
        return all(is_float(np.asarray(y)) for y in flatten(fn(*arrays))[0])


def laws_of(call: Any) -> list[str]:
    """Those that hold: by NumPy's promotion float32 in may be float64 out, and then it is here."""
    return [law for law in DEFAULT if law != "float32" or not _widens(call)]


def _widens(call: Any) -> bool:
    """A dtype by name, integers among the arrays, or a number in a product, which NumPy takes as a float64 array."""
    leaves = flatten(call.args)[0]
    by_number = call.name in ("dot", "inner") and any(isinstance(x, int | float) for x in leaves)
    return call.name == "astype" or by_number or any(isinstance(x, np.ndarray) and x.dtype.kind in "iu" for x in leaves)


def is_shortest(call: Any) -> bool:
    """Whether the subgradient at a tie is the shortest by the arrays of floats together.

    sort keeps the order of equal elements; maximum gives half to what may be no array; clip gives nothing to a bound
    that x is on, so that what x gets is the shortest by x alone.
    """
    return call.name != "sort" and len(call.arrays) == TIED.get(call.name, len(call.arrays))


def of_programs(ops: tuple[str, ...] = ()) -> Trial:
    """Random graphs of these ops, of any when none is given."""
    return partial(_program, ops or None)


def _program(ops: Any, source: Source) -> Checks:
    made = build(source, ops)
    yield from everything(made, made.inputs, [law for law in DEFAULT if law != "float32" or not widening(made)])


def widening(made: Any) -> bool:
    """Whether float32 comes in and float64 comes out, by NumPy's own promotion."""
    with np.errstate(all="ignore"):
        return any(x.dtype != np.float32 for x in flatten(made(*(x.astype(np.float32) for x in made.inputs)))[0])


def everything(fn: Callable[..., Any], arrays: Any, laws: Any = DEFAULT) -> Checks:
    yield "vjp", lambda: check_vjp(fn, *arrays, order=2)
    yield "jvp", lambda: check_jvp(fn, *arrays, order=2)
    yield "laws", lambda: check_laws(fn, *arrays, laws=laws)


def of_layer(layer: Any, lengths: bool = False) -> Trial:
    """A recurrent layer layer(input_size, hidden_size, rng) on a random sequence."""
    return partial(_layer, layer, lengths)


def _layer(layer: Any, lengths: bool, source: Source) -> Checks:
    T, B, I, H = source.integer(2, 4), source.integer(1, 3), source.integer(1, 2), source.integer(1, 2)
    made = layer(I, H, rng=source.integer(0, 10**6))
    x = array(source, (T, B, I))
    ends = np.array([source.integer(0 if k else 1, T) for k in range(B)]) if lengths else None
    yield "recurrent", lambda: check_recurrent(made, x, lengths=ends)


def of_module(module: Any) -> Trial:
    """A module module(input_size, output_size, rng) on a random batch."""
    return partial(_module, module)


def _module(module: Any, source: Source) -> Checks:
    made = module(source.integer(1, 3), source.integer(1, 3), rng=source.integer(0, 10**6))
    x = array(source, (source.integer(1, 3), next(made.parameters()).shape[1]))
    yield "module", lambda: check_module(made, x, order=2)
    yield "laws", lambda: check_laws(made, x)


TIED = {"maximum": 2, "minimum": 2, "clip": 1}
DIFFERENTIABLE = [name for name in CALLABLE if LIBRARY[name].differentiable]
