"""Products agree with each other, and with NumPy's rules for scalars and stacks."""

import itertools
import tracemalloc

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


@pytest.mark.parametrize("given", [([1.0],), ([1.0], 0), ([1.0], [0], [1.0]), ([1.0], [0], [1.0], "i"), ([1.0], ["i"])])
def test_einsum_says_where_its_subscripts_stand(given):
    with pytest.raises(tg.DTypeError, match=r"einsum: the subscripts come first|does not consist of labels"):
        tg.einsum(tg.tensor(given[0]), *given[1:])


@pytest.mark.parametrize(
    ("lists", "text"),
    [
        (([0, 1], [1, 2], [0, 2]), "ij,jk->ik"),
        (([0, 1], [1, 2]), "ij,jk"),
        (([51, 3], [3, 30]), "zd,de->ez"),  # what is not said goes by the numbers
        (([0, ...], [1, ...], [..., 1, 0]), "i...,k...->...ki"),
        (((0, 1), (1, 0), []), "ij,ji->"),
    ],
)
def test_einsum_with_the_axes_behind_each_operand(lists, text):
    a, b = RNG.normal(size=(2, 2)), RNG.normal(size=(2, 2))
    x, y = tg.tensor(a, requires_grad=True), tg.tensor(b, requires_grad=True)
    found = np.einsum(x, lists[0], y, lists[1], *lists[2:])
    np.testing.assert_allclose(found.data, np.einsum(a, lists[0], b, lists[1], *lists[2:]), rtol=1e-14)
    np.testing.assert_allclose(found.data, tg.einsum(text, a, b), rtol=1e-14)
    found.sum().backward()
    assert x.grad.shape == a.shape
    np.testing.assert_allclose(tg.einsum(x, lists[0], y, lists[1], *lists[2:], optimize=True).data, found.data)


def test_one_vector_in_a_stack_of_rows():
    """A 1-D factor meets every matrix of the stack, so its gradient is a sum over all of them."""
    stack, x, gy = RNG.normal(size=(2, 3, 4)), RNG.normal(size=3), RNG.normal(size=(2, 4))
    (gx,) = tg.vjp(lambda x: x @ tg.tensor(stack), x)[1](gy)
    np.testing.assert_allclose(gx.data, np.einsum("sij,sj->i", stack, gy), rtol=1e-13)  # sums of 8


def test_a_shared_factor_takes_no_room_for_each_product():
    """gb = aᵀ gy is one product over all steps: no matrix is made for each of them, to be summed afterwards."""
    steps, b = np.ones((50, 1, 40)), np.ones((40, 40))
    _, pullback = tg.vjp(lambda b: tg.matmul(steps, b), b)
    gy = np.ones((50, 1, 40))
    tracemalloc.start()
    pullback(gy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(steps) * b.nbytes / 4  # 5 matrices or so, of 50


@pytest.mark.parametrize(("product", "shape"), [(tg.matmul, (3, 4)), (tg.inner, (4, 3)), (tg.dot, (3, 4))])
def test_uses_of_one_matrix_add_up(product, shape):
    """The rules for all uses at once: batches of different sizes, each with its own cotangent."""
    xs, gys = [RNG.normal(size=(n, 3)) for n in (1, 2, 5)], [RNG.normal(size=(n, 4)) for n in (1, 2, 5)]
    W = RNG.normal(size=shape)
    (gW,) = tg.vjp(lambda W: sum(tg.sum(product(x, W) * gy) for x, gy in zip(xs, gys, strict=True)), W)[1](1.0)
    exact = sum(x.T @ gy for x, gy in zip(xs, gys, strict=True))
    np.testing.assert_allclose(gW.data, exact.reshape(shape) if shape == (3, 4) else exact.T, rtol=1e-12)  # sums of 8


def test_einsum_counts_its_operands_both_ways():
    for subscripts, operands in (("ij,jk->ik", (A,)), ("ij->i", (A, A))):
        with pytest.raises(tg.ShapeError, match=f"got       {len(operands)} operands"):
            tg.einsum(subscripts, *(tg.tensor(x) for x in operands))


@pytest.mark.parametrize(
    ("subscripts", "left", "right", "spelt_out"),
    [
        ("...i,...i->...", (2, 3, 4), (3, 4), "abi,bi->ab"),
        ("...i,...i->...", (4,), (2, 3, 4), "i,abi->ab"),
        ("...i,i->...", (2, 1, 3, 4), (4,), "abci,i->abc"),
        ("...i,ij", (2, 3, 4), (4, 5), "abi,ij->abj"),
        ("ij,...j", (5, 4), (2, 3, 4), "ij,abj->abi"),
    ],
)
def test_what_an_ellipsis_stands_for(subscripts, left, right, spelt_out):
    """As many axes as there are, lined up at the last; in front, where the output is implied."""
    a, b = RNG.normal(size=left), RNG.normal(size=right)
    y, pullback = tg.vjp(lambda a, b: tg.einsum(subscripts, a, b), a, b)
    exact, exact_pullback = tg.vjp(lambda a, b: tg.einsum(spelt_out, a, b), a, b)
    gy = RNG.normal(size=y.shape)
    for got, expected in zip((y, *pullback(gy)), (exact, *exact_pullback(gy)), strict=True):
        np.testing.assert_allclose(got.data, expected.data, rtol=1e-13, atol=1e-14)  # the same sums, in another order
    np.testing.assert_allclose(y.data, np.einsum(subscripts, a, b), rtol=1e-13, atol=1e-14)


def test_einsum_names_every_axis():
    for term in ("i", "ijk"):
        with pytest.raises(tg.ShapeError, match=f"{term!r} does not name the axes of its operand\n  got       2 axes"):
            tg.einsum(f"{term}->i", A)


@pytest.mark.parametrize(
    ("product", "op"),
    [(tg.matmul, "matmul"), (tg.dot, "dot"), (tg.inner, "dot"), (lambda a, b: tg.einsum("ij,jk->ik", a, b), "einsum")],
)
def test_the_gradient_of_a_product_of_matrices_is_one_product(product, op):
    """As it is drawn, and as it costs: gy, the other matrix, a transpose at most."""
    a, b = (tg.tensor(RNG.normal(size=(3, 3)), requires_grad=True) for _ in range(2))
    product(a, b).backward(np.ones((3, 3)), create_graph=True)
    for gradient in (a.grad, b.grad):
        recorded = {node.op: len(node.inputs) for node in tg.graph(gradient).nodes if node.op}
        assert recorded[op] == 2
        assert recorded.keys() <= {op, "transpose", "identity"}


@pytest.mark.parametrize(
    ("product", "shape", "spelt_out"), [(tg.dot, (2, 4, 3), "abi,cid->abcd"), (tg.inner, (2, 3, 4), "abi,cdi->abcd")]
)
def test_two_stacks_meet_matrix_by_matrix(product, shape, spelt_out):
    a, b, gy = RNG.normal(size=(2, 3, 4)), RNG.normal(size=shape), RNG.normal(size=(2, 3, 2, 3))
    y, pullback = tg.vjp(product, a, b)
    exact, exact_pullback = tg.vjp(lambda a, b: tg.einsum(spelt_out, a, b), a, b)
    for got, expected in zip((y, *pullback(gy)), (exact, *exact_pullback(gy)), strict=True):
        np.testing.assert_allclose(got.data, expected.data, rtol=1e-13, atol=1e-14)  # the same sums, in another order


@pytest.mark.parametrize("optimize", [True, "greedy", "optimal", ["einsum_path", (0, 1), (0, 1, 2)]])
@pytest.mark.parametrize("subscripts", ["ij,jk,kl,lm->im", "ij,jk,kl,lm", "ji,jk,kl,ml->", "ij,jk,kl,ll->lik"])
def test_einsum_along_a_path(subscripts, optimize):
    shapes = [(2, 3), (3, 1), (4, 3), (3, 3)] if subscripts[:5] == "ij,jk" else [(3, 2), (3, 1), (4, 3), (5, 3)]
    xs = [RNG.normal(size=shape) for shape in shapes]  # k is 1 long in one operand and 4 in the other
    exact, exact_pullback = tg.vjp(lambda *xs: tg.einsum(subscripts, *xs), *xs)
    y, pullback = tg.vjp(lambda *xs: tg.einsum(subscripts, *xs, optimize=optimize), *xs)
    gy = RNG.normal(size=y.shape)
    for got, expected in zip((y, *pullback(gy)), (exact, *exact_pullback(gy)), strict=True):
        np.testing.assert_allclose(got.data, expected.data, rtol=1e-12, atol=1e-13)  # other sums, of up to 100
    recorded = tg.einsum(subscripts, *(tg.tensor(x, requires_grad=True) for x in xs), optimize=optimize)
    steps = [node for node in tg.graph(recorded).nodes if node.op == "einsum"]
    assert len(steps) == (2 if isinstance(optimize, list) else 3)


def test_a_path_that_is_none_is_refused():
    with pytest.raises(tg.OptionError, match="einsum: optimize='quickly' is not a way to find a path"):
        tg.einsum("ij,jk,kl->il", A, B, B.T, optimize="quickly")


# axes of size 1, which are stretched


def slope_of_a_product(f, xs, k, gy):
    """∂ Σ gy·f / ∂ argument k, element by element: f is linear in each argument, so a unit step is exact."""
    found = np.zeros(xs[k].shape)
    for place in np.ndindex(found.shape):
        step = np.zeros(found.shape)
        step[place] = 1
        found[place] = np.sum(gy * f(*xs[:k], step, *xs[k + 1 :]))
    return found


def check_slopes_of_a_product(f, shapes):
    """Both modes; False where NumPy does not take these shapes."""
    xs = [RNG.normal(size=shape) for shape in shapes]
    try:
        gy = RNG.normal(size=np.shape(f(*xs)))
    except tg.ShapeError:
        return False
    close = {"rtol": 1e-12, "atol": 1e-13}  # sums of at most 36, in another order
    for k, gx in enumerate(tg.vjp(f, *xs)[1](gy)):
        exact, dx = slope_of_a_product(f, xs, k, gy), RNG.normal(size=shapes[k])
        assert gx.shape == shapes[k]
        np.testing.assert_allclose(gx.data, exact, **close)
        dy = tg.jvp(lambda x: f(*xs[:k], x, *xs[k + 1 :]), (xs[k],), (dx,))[1]  # noqa: B023
        np.testing.assert_allclose(np.sum(gy * dy.data), np.sum(exact * dx), **close)
    return True


STRETCHED = (
    "i,i->", "i,i->i", "ij,jk->ik", "ij,ij->", "ij,ij->j", "ij,kj", "i,j,ij->", "i,i,i->", "...i,...i->...",
    "...i,ij->...j", "ii->", "ii->i", "iij,j->i", "ij,i->", "iji,j->", "i...,i...->...", "ii,i->i", "ii,ii->",
)  # fmt: skip


@pytest.mark.parametrize("subscripts", STRETCHED)
def test_einsum_stretches_an_axis_of_size_one(subscripts):
    """Also where it is summed, and long in one operand alone: every combination of sizes that NumPy takes."""
    terms = [term.replace("...", "XY") for term in subscripts.partition("->")[0].split(",")]
    full = [[{"j": 3, "Y": 3}.get(letter, 2) for letter in term] for term in terms]
    taken = 0
    for ones in itertools.product([False, True], repeat=sum(map(len, full))):
        sizes = iter(ones)
        shapes = [tuple(1 if next(sizes) else n for n in sides) for sides in full]
        taken += check_slopes_of_a_product(lambda *xs: tg.einsum(subscripts, *xs), shapes)
    assert taken >= 2


@pytest.mark.parametrize("f", [tg.matmul, tg.dot, tg.inner, tg.outer, lambda a, b: tg.tensordot(a, b, 1)])
def test_every_other_product_of_sizes_one_and_two(f):
    every = [sides for n in range(4) for sides in itertools.product([1, 2], repeat=n)]
    assert sum(check_slopes_of_a_product(f, pair) for pair in itertools.product(every, every)) > 50
