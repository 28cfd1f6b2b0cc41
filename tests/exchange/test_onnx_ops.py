"""Each op on its own, as ONNX: what onnxruntime makes of each call in its spec is what the op makes here."""

import re
from collections import Counter

import numpy as np
import pytest

from tests.exchange.oracles import require, run_onnx
from tinygrad_rnn import GraphError, TinygradError
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.exchange import export_onnx
from tinygrad_rnn.exchange.onnx.operands import TRANSLATIONS
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.specs.library import CALLABLE, LIBRARY, call_of

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 there and here, sums of at most some tens of products
DRAWN = 8
OPTIONS = {"index_add", "pad", "tile", "repeat"}  # whose integers and masks are no operands
OF_BITS = {"bitwise_and", "bitwise_or", "bitwise_xor"}  # of integers: not in opset 17


def calls(name):
    spec = LIBRARY[name]
    yield from spec.edges
    if name in CALLABLE:
        drawn = (call_of(name, RandomSource(seed)) for seed in range(DRAWN))
        yield from ((call.args, call.static) for call in drawn)


def parted(name, args, static):
    """A function of the operands of a call, the other arguments held, and the operands by name, in float32."""
    leaves, build = flatten(args)
    held = "ib" if name in OPTIONS else ""
    xs = {
        f"x{k}": leaf.astype(np.float32) if leaf.dtype.kind == "f" else leaf
        for k, leaf in enumerate(leaves)
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind not in held
    }
    return lambda **given: LIBRARY[name].fn(
        *build([given.get(f"x{k}", leaf) for k, leaf in enumerate(leaves)]), **static
    ), xs


def of_integers(y):
    """Whether there are integers in it."""
    return y.dtype.kind in "iu" and y.size > 0


def compare(f, xs, path, axes=()):
    """One call, here and there; the first axes of its operands have these names."""
    onnx = require("onnx")
    shapes = {key: (*axes[: x.ndim], *x.shape[len(axes) :], x.dtype.type) for key, x in xs.items()}
    export_onnx(f, path, inputs=shapes)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    found = run_onnx(path, **{key: x.astype("i8") if x.dtype.kind in "iu" else x for key, x in xs.items()})
    with np.errstate(all="ignore"):
        expected = flatten(f(**{key: Tensor(x) for key, x in xs.items()}))[0]
    assert len(found) == len(expected)
    for y, exact in zip(found.values(), expected, strict=True):
        exact = np.asarray(exact.data)
        assert (y.shape, y.dtype.kind) == (exact.shape, exact.dtype.kind.replace("u", "i"))
        np.testing.assert_allclose(y, exact, **CLOSE)


@pytest.mark.parametrize("name", LIBRARY)
def test_every_call_of_its_spec(name, tmp_path):
    done = 0
    for args, static in calls(name):
        f, xs = parted(name, args, static)
        if name in OF_BITS and of_integers(f(**xs)):
            with pytest.raises(GraphError, match=f"{name}, of integers, which ONNX has not"):
                compare(f, xs, tmp_path / "op.onnx")
            continue
        try:
            compare(f, xs, tmp_path / "op.onnx")
        except GraphError as error:  # of an op that has no rule it is said, by its name
            op = re.search(r"calls (\w+), which has no rule for ONNX", str(error))
            if op is None or op[1] not in REGISTRY or op[1] in TRANSLATIONS:
                raise
        done += 1
    assert done or name in OF_BITS


@pytest.mark.parametrize("name", [name for name in LIBRARY if name not in OF_BITS])
def test_of_a_first_axis_of_any_length_it_is_right_or_refused(name, tmp_path):
    outcome = Counter()
    for args, static in calls(name):
        f, xs = parted(name, args, static)
        if not xs or any(x.ndim == 0 for x in xs.values()) or len({len(x) for x in xs.values()}) > 1:
            continue
        if any(len(x) < 2 for x in xs.values()):
            continue  # an axis of 1 may be one that is broadcast, or squeezed: it is not any length
        try:
            compare(f, xs, tmp_path / "op.onnx", ("N",))
        except TinygradError:
            outcome["refused"] += 1
        else:
            outcome["right"] += 1
    if LIBRARY[name].fn is REGISTRY.get(name) and REGISTRY[name].elementwise:
        assert outcome["right"] > outcome["refused"]
