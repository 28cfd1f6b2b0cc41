"""Duplicates add up, on every path that reads; indices may be anything NumPy takes."""

import numpy as np
import pytest

import tinygrad_rnn as tg

ROWS = np.array([2, 0, 2, 2, -1])


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x[ROWS],
        lambda x: x[ROWS.tolist()],
        lambda x: x[tg.tensor(ROWS)],
        lambda x: tg.take(x, ROWS, axis=0),
        lambda x: x.take(tg.tensor(ROWS), 0),
        lambda x: tg.take_along_axis(x, np.repeat(ROWS[:, None] % 4, 2, axis=1), axis=0),
    ],
)
def test_duplicates_add_up(read):
    x = tg.tensor(np.zeros((4, 2)), requires_grad=True)
    gy = np.arange(10.0).reshape(5, 2)
    read(x).backward(gy)
    exact = np.zeros((4, 2))
    np.add.at(exact, ROWS, gy)
    assert x.grad.tolist() == exact.tolist()


def test_reads_of_many_parts_add_into_one_buffer():
    x = tg.tensor(np.arange(6.0), requires_grad=True)
    h = x * 1.0
    (sum(k * h[k] for k in range(6)) + (h * h).sum() + h[1:3].sum()).backward()
    assert x.grad.tolist() == (np.arange(6) + 2 * np.arange(6) + [0, 1, 1, 0, 0, 0]).tolist()


def test_a_borrowed_cotangent_is_not_the_buffer():
    """add passes one cotangent to both sides; a later read of one side must not add into the other's."""
    a, b = (tg.tensor(np.zeros(3), requires_grad=True) for _ in range(2))
    u, v = a * 1.0, b * 1.0
    part = u[0] * 5.0  # read first, so that its cotangent arrives after the sum's
    ((u + v).sum() + part).backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([6, 1, 1], [1, 1, 1])


def test_float_indices_are_refused():
    for read in (lambda x: tg.take(x, np.array([0.0])), lambda x: tg.take_along_axis(x, np.array([0.0]), axis=0)):
        with pytest.raises(tg.DTypeError, match="expected  integers"):
            read(tg.tensor([1.0, 2.0], requires_grad=True))


def test_sorting_with_ties_moves_each_gradient_once():
    x = np.array([2.0, 1.0, 2.0, 1.0])
    gx = tg.vjp(tg.sort, x)[1](np.array([1.0, 2.0, 3.0, 4.0]))[0]
    assert gx.tolist() == [3, 1, 4, 2]


def test_the_axis_of_sort_may_be_a_boolean_as_in_numpy():
    x, gy = np.array([[3.0, 1.0, 2.0]]), np.array([[1.0, 2.0, 3.0]])
    y, pullback = tg.vjp(lambda x: tg.sort(x, axis=True), x)
    assert (y.tolist(), pullback(gy)[0].tolist()) == ([[1, 2, 3]], [[3, 1, 2]])


def test_iteration_gives_rows():
    x = tg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    sum(row.sum() * (k + 1) for k, row in enumerate(x)).backward()
    assert x.grad.tolist() == [[1, 1, 1], [2, 2, 2]]


def test_one_hot_is_a_constant():
    ids = tg.tensor([1, 0])
    assert tg.one_hot(ids, 2, dtype=np.float32).dtype == np.float32
    assert tg.one_hot(ids, 2).tolist() == [[0, 1], [1, 0]]


def test_one_hot_takes_a_whole_number_of_classes():
    with pytest.raises(tg.DTypeError, match="one_hot"):
        tg.one_hot([0], 2.5)


def test_one_hot_names_the_classes_that_there_are():
    for ids in ([-1], [0, 4], [7, 2]):
        with pytest.raises(tg.ShapeError, match=f"ids from {min(ids)} to {max(ids)}\n  expected  0 … 3"):
            tg.one_hot(ids, 4)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_one_index_per_line_of_a_cube(axis):
    x, indices = np.arange(8.0).reshape(2, 2, 2), np.array([[[0, 1], [1, 1]], [[1, 0], [0, 0]]])
    gy = np.arange(1.0, 9.0).reshape(2, 2, 2)
    exact = np.zeros(x.shape)
    for place in np.ndindex(gy.shape):
        read = list(place)
        read[axis] = indices[place]
        exact[tuple(read)] += gy[place]
    (gx,) = tg.vjp(lambda x: tg.take_along_axis(x, indices, axis=axis), x)[1](gy)
    assert gx.tolist() == exact.tolist()


def test_one_index_per_line_is_read_along_the_last_axis_unless_said():
    cube, indices = np.arange(8.0).reshape(2, 2, 2), np.array([[[1], [0]], [[0], [0]]])
    assert tg.take_along_axis(cube, indices).tolist() == [[[1], [2]], [[4], [6]]]


@pytest.mark.parametrize(
    ("shape", "rows", "axis"), [((3, 2), (0,), 0), ((3, 2), (0, 2), 1), ((0, 2), (0,), 0), ((3,), (0,), None)]
)
def test_reading_no_rows_adds_nothing(shape, rows, axis):
    x = tg.tensor(np.ones(shape), requires_grad=True)
    rows = np.zeros(rows, int)
    h = x * 1.0  # its gradient is a buffer that all reads add into
    (tg.take(h, rows, axis=axis).sum() + tg.take(h, rows, axis=axis).sum() + h.sum()).backward()
    assert x.grad.tolist() == np.ones(shape).tolist()


@pytest.mark.parametrize(
    ("index", "values", "expected"),
    [
        ([[0, 0], [1, 2]], [1.0, 10.0], [11.0, 1.0, 10.0]),
        ([[0, 0], [1, 2]], [[1.0], [10.0]], [2.0, 10.0, 10.0]),
        ([[0, 0], [1, 2]], 1.0, [2.0, 1.0, 1.0]),
        ([0, 0, 2], [5.0], [10.0, 0.0, 5.0]),
    ],
)
def test_values_that_broadcast_against_the_index(index, values, expected):
    """numpy.add.at into one axis, by an index of two and values of one, reads memory that is not theirs (2.4)."""
    x, values = np.zeros(3), np.array(values)
    np.testing.assert_array_equal(tg.index_add(x, np.array(index), values), expected)
    gx, gv = tg.vjp(lambda x, v: tg.index_add(x, np.array(index), v), x, values)[1](np.array([1.0, 2.0, 4.0]))
    np.testing.assert_array_equal(gx.data, [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(gv.data, _summed_to(np.array([1.0, 2.0, 4.0])[np.array(index)], values.shape))


def _summed_to(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1 and g.shape[k] > 1), keepdims=True).reshape(shape)


def test_gather_reads_as_torch_does():
    x = np.arange(12.0).reshape(3, 4)
    index = np.array([[0, 2], [1, 1]])  # shorter along the other axis: the last row and columns are not looked at
    for axis, exact in ((0, [[0, 9], [4, 5]]), (1, [[0, 2], [5, 5]])):
        y, pull = tg.vjp(lambda x, axis=axis: tg.gather(x, axis, index), x)
        assert y.tolist() == exact
        gx = np.zeros(x.shape)
        np.add.at(gx.reshape(-1), np.array(exact, int), [[1, 2], [3, 4]])
        assert pull(np.array([[1.0, 2.0], [3.0, 4.0]]))[0].tolist() == gx.tolist()
    assert tg.tensor(x).gather(1, tg.tensor([[3]])).tolist() == [[3]]


def test_what_gather_does_not_broadcast_is_refused():
    x = np.zeros((2, 3))
    with pytest.raises(tg.ShapeError, match=r"gather: the index \(3, 1\) does not fit x \(2, 3\)"):
        tg.gather(x, 1, np.zeros((3, 1), int))
    with pytest.raises(tg.ShapeError, match="take_along_axis broadcasts an index"):
        tg.gather(x, 1, np.array([0, 1]))
    with pytest.raises(tg.DTypeError, match="expected  integers"):
        tg.gather(x, 1, np.zeros((2, 1)))
