"""What is not a plain array of real numbers is refused, whichever door it comes to."""

import warnings
from fractions import Fraction

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn


class Quantity(np.ndarray):
    """An array with a unit, as in astropy: its operators are its own."""

    def __mul__(self, other):
        return super().__mul__(other)


class Sparse:
    """As scipy's: not a sequence and no __array__, so NumPy makes an object of it."""

    shape = (2,)


class Gone:
    """As a tensor on another device: asked for its numbers, it raises an error of its own."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("can't convert: it is on the device")


with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)  # of the matrix
    MATRIX = np.asmatrix([[1.0, 2.0]])
BAD = {
    "None": None,
    "a text": "1.0",
    "texts": ["a", "b"],
    "objects": np.array([1.0, None], dtype=object),
    "fractions": [Fraction(1, 2), Fraction(1, 3)],
    "large integers": [10**30, 1],
    "complex": np.array([1j, 2.0]),
    "dates": np.array(["2020-01-01", "2020-01-02"], "datetime64[D]"),
    "durations": np.array([1, 2], "timedelta64[s]"),
    "records": np.zeros(2, [("a", float)]),
    "masked": np.ma.masked_equal([1.0, 2.0], 2.0),
    "masked, in a list": [np.ma.masked_equal([1.0, 2.0], 2.0)],
    "a matrix": MATRIX,
    "with a unit": np.ones(2).view(Quantity),
    "sparse": Sparse(),
    "elsewhere": Gone(),
    "a dict": {"a": 1.0},
    "a generator": (k for k in range(2)),
    "ragged": [[1.0], [1.0, 2.0]],
}
W = tg.tensor([1.0, 2.0], requires_grad=True)
V = tg.tensor([1.0, 2.0])
LINEAR = nn.Linear(2, 2, rng=0, dtype=np.float64)
DOORS = {
    "tensor": tg.tensor,
    "assign": lambda x: tg.tensor([1.0, 2.0]).assign(x),
    "grad": lambda x: setattr(tg.tensor([1.0, 2.0]), "grad", x),
    "an op of one": tg.tanh,
    "an op of two": lambda x: tg.multiply(W, x),
    "an op of two, not recorded": lambda x: tg.multiply(V, x),
    "an op of many": lambda x: tg.concatenate([W, x]),
    "a layer": LINEAR,
    "load_state_dict": lambda x: LINEAR.load_state_dict({"weight": np.eye(2), "bias": x}),
    "functional_call": lambda x: nn.functional_call(LINEAR, {"bias": x}, np.ones(2)),
}


MEANT = {  # None is no gradient; and where nothing is recorded, complex numbers are NumPy's
    ("grad", "None"), ("an op of one", "complex"), ("an op of two, not recorded", "complex"),
}  # fmt: skip


@pytest.mark.parametrize(("door", "bad"), [(d, b) for d in DOORS for b in BAD if (d, b) not in MEANT])
def test_every_door_refuses(door, bad):
    with pytest.raises(tg.TinygradError) as refused:
        DOORS[door](BAD[bad])
    assert isinstance(refused.value, TypeError | ValueError), refused.value
    assert "\n  " in str(refused.value)  # facts, and not a first line alone


def test_operators_leave_what_they_do_not_know_to_the_other_side_and_refuse_the_rest():
    for name, bad in BAD.items():
        with pytest.raises((TypeError, ValueError)) as refused:
            W * bad
        ours = isinstance(refused.value, tg.TinygradError)
        assert ours or name in ("None", "a text", "sparse", "a dict", "a generator"), name


def test_a_subclass_that_is_a_plain_array_is_one(tmp_path):
    mapped = np.memmap(tmp_path / "numbers", np.float64, "w+", shape=2)
    mapped[:] = [3.0, 4.0]
    assert (W * mapped).tolist() == [3, 8]
    assert type(tg.tensor(mapped).data) is np.ndarray


@pytest.mark.parametrize("dtype", [complex, object, "datetime64[s]", "U3", "nonsense"])
def test_a_dtype_that_is_not_one_of_real_numbers(dtype):
    with pytest.raises(tg.DTypeError, match=r"tensor: .* (is not a dtype of real numbers|there is no dtype)|no dtype"):
        tg.tensor([1.0], dtype=dtype)


def test_a_complex_constant_that_meets_what_is_recorded():
    for call in (lambda: W * 1j, lambda: 1j * W, lambda: tg.dot(W, [1.0, 1j]), lambda: W ** np.complex128(2)):
        with pytest.raises(tg.DTypeError, match=r"complex numbers(.|\n)*the real and the imaginary part"):
            call()


@pytest.mark.usefixtures("registry")
def test_a_forward_without_a_return():
    @tg.primitive
    def forgets(x):
        """y is not returned."""
        np.tanh(x)

    for x in (W, V):
        with pytest.raises(tg.DTypeError, match=r"forgets: the output is object(.|\n)*does the forward return\?"):
            forgets(x)


@pytest.mark.parametrize("dtype", [np.array(0.5), np.float32(1), tg.tensor(1.0)], ids=["array", "number", "Tensor"])
def test_an_array_is_not_a_dtype(dtype):
    with pytest.raises(tg.DTypeError, match="tensor: an array is not a dtype"):
        tg.tensor([1.0], dtype=dtype)
