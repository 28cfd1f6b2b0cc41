import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import primitive
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.testing import OpSpec, check_jvp, check_vjp, register
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.specs.library import CALLABLE, FILES, LIBRARY, call_of, spec_of

every_op = pytest.mark.parametrize("op", CALLABLE)


def calls(op, count=60):
    return [call_of(op, RandomSource(seed)) for seed in range(count)]


def test_every_op_says_how_it_is_called():
    for op in CALLABLE:
        assert spec_of(op).picks, f"{op}: its inputs are not a rule"
    assert {name for name, spec in LIBRARY.items() if spec.inputs is None} == {"rematerialized"}


def test_no_op_has_two_specs():
    assert sum(len(file.SPECS) for file in FILES) == len(LIBRARY)


def test_a_new_op_is_asked_for(registry, monkeypatch):
    @primitive
    def shuffled(x, *, shift):
        """y = x, moved round."""
        return np.shuffled(x, shift)

    with pytest.raises(OptionError, match=r"shuffled has no spec\n.*add one to testing/specs"):
        call_of("shuffled", RandomSource(0))
    spec = OpSpec("shuffled", shuffled, inputs=lambda source, pick: ((pick(),), {"shift": 1}))
    assert str(call_of(spec, RandomSource(0))) == "shuffled(a, shift=1)"
    monkeypatch.setitem(LIBRARY, "shuffled", spec)
    assert str(call_of("shuffled", RandomSource(0))) == "shuffled(a, shift=1)"


def test_an_op_of_one_array_or_two_needs_no_spec_to_take_part(registry):
    @primitive
    def shifted(a, b):
        """y = a + b."""
        return a + b

    assert str(call_of("shifted", RandomSource(0))).startswith("shifted(")
    assert "shifted" not in LIBRARY


def test_a_registered_spec_is_found_by_its_name(specs):
    spec = register(OpSpec("double", lambda x: x + x, inputs=lambda source, pick: ((pick(),), {})))
    assert spec_of("double") is spec


@every_op
def test_every_call_runs(op):
    """…on arrays and on Tensors, to the same finite values."""
    for call in calls(op):
        plain = call.run()
        recorded = call.function(*(tg.tensor(x, requires_grad=True) for x in call.arrays))
        for y, z in zip(
            *(part if isinstance(part, list | tuple) else [part] for part in (plain, recorded)), strict=True
        ):
            assert np.isfinite(y).all()
            assert np.asarray(y).tobytes() == tg.tensor(z).data.tobytes()


@every_op
def test_every_call_can_be_written_down(op):
    for call in calls(op, 20):
        again = eval(repr(call), {"np": np, "tg": tg, "REGISTRY": REGISTRY})
        for y, z in zip(
            *(part if isinstance(part, list | tuple) else [part] for part in (call.run(), again)), strict=True
        ):
            assert np.asarray(y).tobytes() == np.asarray(z).tobytes()


@pytest.mark.parametrize("op", [op for op in CALLABLE if LIBRARY[op].differentiable])
def test_every_call_can_be_differentiated(op):
    for call in calls(op, 3):
        assert check_vjp(call.function, *call.arrays, name=str(call)).passed
        assert check_jvp(call.function, *call.arrays, name=str(call)).passed


SEEN = {  # what the calls of an op have to show: options and edge cases
    "sum": ["axis=-1", "axis=(", "axis=()", "keepdims=True", "tg.sum(a)"],
    "var": ["ddof=1", "axis=-1"],
    "norm": ["ord=1", "ord=2", "ord=np.inf", "keepdims=True", "axis="],
    "power": ["a, 2)", "a, -1", "(2, a)", "a, b)", "a, 0.5"],
    "add": ["a, b)", "a, 2.0)", "(2.0, a)"],
    "clip": ["None, ", ", None)", "a, b, c)", "a, 0.5)"],
    "where": ["a, b)", ", 0)", "1.0, a"],
    "pad": ["mode='reflect'", "mode='wrap'", "constant_values", "(("],
    "split": [", 2, ", "[", "axis=-1"],
    "getitem": ["slice(", "...", "None", "-2)", "True", "np.array(["],
    "take": ["axis=-1", "[[", "a, -1", "a, np.array(["],
    "diagonal": ["offset=", "-1, "],
    "tensordot": ["axes=0", "axes=2", "axes=((", "axes=(0"],
    "einsum": ["'ii'", "...", "ij,jk->ik", "a, [8, 9], b"],
    "concatenate": ["[a]", "[a, b, c]", "axis=None", "axis=-"],
    "repeat": ["[", "axis=-1", "a, 2)"],
    "quantile": ["[[", "axis=", "method=", "keepdims=True"],
    "topk": ["largest=False", "axis=-1"],
    "vstack": ["[a]", "[a, b, c]"],
    "roll": ["axis=(", "axis=-1", "a, -"],
}


@pytest.mark.parametrize("op", SEEN)
def test_every_option_is_used(op):
    texts = [str(call) for call in calls(op, 400)]
    for part in SEEN[op]:
        assert any(part in text for text in texts), part


@pytest.mark.parametrize(("op", "pairs"), [
    ("matmul", {(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (3, 3), (3, 1)}),
    ("dot", {(0, 2), (2, 0), (1, 1), (2, 2), (2, 3), (3, 1)}),
    ("add", {(0, 2), (2, 0), (2, 2), (1, 3)}),
])  # fmt: skip
def test_operands_of_every_rank(op, pairs):
    found = {tuple(x.ndim for x in call.arrays) for call in calls(op, 400)}
    assert found >= pairs


def test_some_arrays_are_empty_or_of_one_element():
    sizes = [x.size for op in ("add", "sum", "matmul", "getitem") for call in calls(op, 100) for x in call.arrays]
    assert 0 in sizes
    assert 1 in sizes
    assert np.mean(np.equal(sizes, 0)) < 0.2


def test_a_spec_of_ones_own_needs_hypothesis():
    spec = tg.testing.OpSpec("twice", lambda x: 2 * x, inputs=None)
    with pytest.raises(TypeError, match="Hypothesis strategy"):
        call_of(spec, RandomSource(0))
