"""Products agree with each other, and with NumPy's rules for scalars and stacks."""

import numpy as np
import pytest

import tinygrad_rnn as tg

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4))
SAME = [
    tg.matmul,
    tg.dot,
    lambda a, b: tg.inner(a, b.T),
    lambda a, b: tg.tensordot(a, b, 1),
    lambda a, b: tg.einsum("ij,jk->ik", a, b),
    lambda a, b: a @ b,
    lambda a, b: (a[:, :, None] * b[None]).sum(1),
]


@pytest.mark.parametrize("product", SAME)
def test_seven_ways_to_multiply_matrices(product):
    gy = RNG.normal(size=(2, 4))
    y, pullback = tg.vjp(product, tg.tensor(A), tg.tensor(B))
    ga, gb = pullback(gy)
    for got, exact in ((y, A @ B), (ga, gy @ B.T), (gb, A.T @ gy)):
        np.testing.assert_allclose(got.data, exact, rtol=1e-13)  # sums of 4 in different orders


def test_arrays_on_the_left_record_too():
    b = tg.tensor(B, requires_grad=True)
    for y in (A @ b, A[0] @ b, A.T[:, :1] * b, 1.0 - b, np.float64(2) * b):
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad


def test_a_scalar_has_no_matrix_product():
    with pytest.raises(tg.ShapeError, match="matmul"):
        tg.tensor(A) @ 2.0


def test_einsum_says_which_term_does_not_fit():
    with pytest.raises(tg.ShapeError, match="'ijk' does not name the axes"):
        tg.einsum("ijk->i", tg.tensor(A))
    with pytest.raises(tg.ShapeError, match="names 2 operands"):
        tg.einsum("ij,j->i", tg.tensor(A))


def test_einsum_says_where_its_subscripts_stand():
    with pytest.raises(tg.DTypeError, match="subscripts come first"):
        tg.einsum(tg.tensor([1.0]), [0])
