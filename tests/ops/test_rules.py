"""Every op of the registry: its value is NumPy's, every check of the public module holds, what it must refuse it does.

edge cases   the edges of its spec (tinygrad_rnn/testing/specs), one test each
between them whatever its spec draws, away from kinks and on them
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.ops import aliases
from tinygrad_rnn.testing import DEFAULT, calls, check_call, check_errors, check_laws
from tinygrad_rnn.testing.specs.library import CALLABLE, LIBRARY

EDGES = [
    pytest.param(spec, spec.call(*args, **static), id=f"{spec}-{k}")
    for spec in LIBRARY.values()
    for k, (args, static) in enumerate(spec.edges)
]
SMOOTH = [p for p in EDGES if p.values[0].differentiable and p.values[1].arrays]
every_op = pytest.mark.parametrize("spec", LIBRARY.values(), ids=str)
NAMES = {name for name in tg.ops.__all__ if name not in aliases.__all__}  # an alias is the op itself


def test_every_op_has_a_spec():
    missing = sorted({*REGISTRY, *NAMES} - set(LIBRARY))
    assert not missing, f"no spec in tinygrad_rnn/testing/specs for: {', '.join(missing)}"
    assert set(LIBRARY) == {*REGISTRY, *NAMES}
    assert all(spec.edges and spec.errors for spec in LIBRARY.values())


@every_op
def test_docstring_states_the_formula_first(spec):
    doc = REGISTRY[spec.name].doc if spec.name in REGISTRY else getattr(tg, spec.name).__doc__
    assert doc
    assert doc.strip().splitlines()[0].endswith((".", "]", ":", "reduction"))


@every_op
def test_refusal_is_ours(spec):
    names = "|".join(sorted({*REGISTRY, *NAMES}))  # a composite may be refused by the op it is made of
    for case in spec.errors:
        call = spec.call(*case.args, **case.kwargs)
        tensors = tuple(tg.tensor(x, requires_grad=True) for x in call.arrays)
        check_errors(call.function, [(tensors, case.error, rf"^({names}): |argument")])


# values


def assert_numpys(spec, call):
    """On arrays and on Tensors, in every dtype: the same ufuncs give the same bits, a formula may round otherwise."""
    expected = flatten(spec.reference(*call.args, **call.static))[0]
    on_arrays = flatten(call.run())[0]
    on_tensors = flatten(call.function(*(tg.tensor(x, requires_grad=True) for x in call.arrays)))[0]
    assert len(on_arrays) == len(on_tensors) == len(expected)
    for array, tensor, exact in zip(on_arrays, on_tensors, expected, strict=True):
        assert isinstance(array, np.ndarray | np.generic)
        if call.arrays:
            assert isinstance(tensor, tg.Tensor)
            assert tensor.requires_grad == (spec.differentiable and tensor.dtype.kind == "f")
        for got in (array, tg.tensor(tensor).data):
            assert got.shape == np.shape(exact)
            assert got.dtype == np.asarray(exact).dtype
            np.testing.assert_allclose(got, exact, rtol=spec.rtol, atol=0.1 * spec.rtol)


@pytest.mark.parametrize(("spec", "call"), EDGES)
def test_value_at_an_edge(spec, call):
    assert_numpys(spec, call)


@pytest.mark.parametrize("op", CALLABLE)
@given(data=st.data())
def test_value_anywhere(op, data):
    with np.errstate(all="ignore"):
        assert_numpys(LIBRARY[op], data.draw(calls(op)))


# derivatives


def laws_for(call):
    return [law for law in DEFAULT if law != "float32" or call.keeps_float32]


@pytest.mark.parametrize(("spec", "call"), SMOOTH)
def test_derivatives_at_an_edge(spec, call):
    check_call(call.function, *call.arrays, laws=laws_for(call), name=str(call))


@pytest.mark.parametrize("op", [op for op in CALLABLE if LIBRARY[op].differentiable])
@given(data=st.data())
def test_derivatives_anywhere(op, data):
    call = data.draw(calls(op).filter(lambda call: call.arrays))
    check_call(call.function, *call.arrays, laws=laws_for(call), name=str(call))


SUBGRADIENTS = [
    "abs", "relu", "max", "min", "maximum", "minimum", "fmax", "fmin", "norm", "std", "hypot",
]  # fmt: skip


OPTIONS = ("norm",)  # what else it takes by position is an option


@pytest.mark.parametrize("op", SUBGRADIENTS)
@given(data=st.data())
def test_the_choice_at_ties_and_zeros_is_the_shortest_subgradient(op, data):
    """Not of sort, which keeps equal elements in order; nor beside a Python number, which takes half of a tie.

    Nor of the middle of three equal elements, along each of which it does not move: tests/ops/test_ranking.py.
    """
    call = data.draw(calls(op, ties=True).filter(lambda call: len(call.arrays) == len(call.args) or op in OPTIONS))
    check_laws(call.function, *call.arrays, laws=["ties", "memory"], name=str(call))


@pytest.mark.parametrize(("spec", "call"), [p for p in SMOOTH if p.values[0].name in ("getitem", "take")])
def test_adding_into_a_buffer_is_adding_the_gradient(spec, call):
    """`into` is a short cut for the vjp: the same sum, in another order."""
    x = tg.tensor(call.arrays[0], requires_grad=True)
    node = call.function(x).node
    gy = np.random.default_rng(0).standard_normal(node.shape)
    buffer = np.zeros(x.shape)
    node.op.into(buffer, gy, *node.args[1:], **node.static)
    expected = node.op.vjps[0](gy, node.value, *node.args, **node.static)
    np.testing.assert_allclose(buffer, expected, rtol=1e-14, atol=1e-14)
