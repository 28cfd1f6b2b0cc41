"""Taken apart: into equal parts or what comes nearest, along every axis that there is."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def test_split_takes_every_axis_that_there_is():
    x = np.arange(4.0).reshape(2, 2)
    assert [part.tolist() for part in tg.split(x, 2)] == [[[0, 1]], [[2, 3]]]
    for axis in (1, -1):
        assert [part.tolist() for part in tg.split(x, 2, axis)] == [[[0], [2]], [[1], [3]]]
    assert [part.tolist() for part in tg.split(x, 1, -2)] == [x.tolist()]
    for axis in (2, 3, -3):
        with pytest.raises(tg.ShapeError, match=f"there is no axis {axis}"):
            tg.split(x, 1, axis)


@pytest.mark.parametrize("parts", [0, -1, 3])
def test_split_into_parts_that_are_not_equal(parts):
    with pytest.raises(tg.ShapeError, match=f"4 does not divide into {parts} equal parts"):
        tg.split(np.ones(4), parts)


def test_a_span_of_time_does_not_say_where_to_cut():
    with pytest.raises(tg.DTypeError, match="timedelta64"):
        tg.split(tg.tensor([1.0, 2.0]), np.timedelta64(1, "D"))


@pytest.mark.parametrize("parts", [1, 2, 3, 5, 7, [1, 3], [], [4, 2]])
def test_parts_that_are_not_equal(parts):
    x = np.arange(5.0)
    found = tg.array_split(tg.tensor(x, requires_grad=True), parts)
    assert [part.tolist() for part in found] == [part.tolist() for part in np.array_split(x, parts)]
    assert all(part.requires_grad for part in found)
    with pytest.raises(tg.ShapeError, match="array_split: there are no 0 parts"):
        tg.array_split(x, 0)
    with pytest.raises(tg.DTypeError, match=r"array_split: 1\.5 does not say where to cut"):
        tg.array_split(x, 1.5)


ALONG = [("vsplit", (4, 2)), ("hsplit", (4,)), ("hsplit", (3, 4)), ("dsplit", (1, 2, 4))]


@pytest.mark.parametrize(("name", "shape"), ALONG)
@pytest.mark.parametrize("parts", [2, [1], [1, 9]])
def test_along_the_first_the_second_the_third_axis(name, shape, parts):
    x = np.arange(float(np.prod(shape))).reshape(shape)
    found = getattr(np, name)(tg.tensor(x, requires_grad=True), parts)
    expected = getattr(np, name)(x, parts)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]
    assert [part.tolist() for part in getattr(tg, name)(x, parts)] == [part.tolist() for part in expected]


@pytest.mark.parametrize(("f", "shape"), [(tg.vsplit, (4,)), (tg.hsplit, ()), (tg.dsplit, (2, 2))])
def test_an_axis_that_there_is_not(f, shape):
    with pytest.raises(tg.ShapeError, match="has too few axes"):
        f(np.ones(shape), 1)
