import numpy as np
import pytest

from tinygrad_rnn.testing.draw import choices
from tinygrad_rnn.testing.draw.choices import CLEAR, DOMAINS, array, domain_of, lattice
from tinygrad_rnn.testing.draw.source import RandomSource

SEEDS = range(200)
sources = [RandomSource(seed) for seed in SEEDS]


def test_shapes_stay_within_their_bounds():
    shapes = [choices.shape(source, 1, 2, 2, 3) for source in sources]
    assert {len(shape) for shape in shapes} == {1, 2}
    assert {n for shape in shapes for n in shape} == {2, 3}


def test_shapes_that_broadcast():
    for source in sources:
        a, b, c = choices.broadcast_shapes(source, 3)
        np.broadcast_shapes(a, b, c)
        np.broadcast_shapes(a, choices.partner(source, a))
        assert np.broadcast_shapes(a, choices.narrowed(source, a)) == a


def test_a_partner_may_be_wider_as_well_as_narrower():
    partners = {choices.partner(source, (2, 1)) for source in sources}
    assert any(np.broadcast_shapes((2, 1), partner) == (2, 1) for partner in partners)
    assert any(np.broadcast_shapes((2, 1), partner) == (2, 3) for partner in partners)
    assert any(len(partner) == 3 for partner in partners)


def test_shapes_that_multiply():
    pairs = [choices.matmul_shapes(source) for source in sources]
    for a, b in pairs:
        np.matmul(np.zeros(a), np.zeros(b))
    assert {(len(a), len(b)) for a, b in pairs} >= {(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)}


@pytest.mark.parametrize("ndim", [0, 1, 3])
def test_axes_are_those_of_the_array(ndim):
    found = [choices.axis(source, ndim) for source in sources]
    for axis in found:
        np.sum(np.zeros((2,) * ndim), axis=axis)
    kinds = {type(axis) for axis in found}
    assert kinds == ({type(None), tuple, int} if ndim else {type(None), tuple})
    assert not ndim or any(axis < 0 for axis in found if isinstance(axis, int))


# values


@pytest.mark.parametrize("domain", [*DOMAINS, (3, 4), (-100.0, 100.0)])
def test_values_are_distinct_and_of_their_domain(domain):
    where = domain_of(domain)
    for seed in range(20):
        x = array(RandomSource(seed), (4, 9), domain)
        assert np.unique(x).size == x.size
        assert x.min() >= where.low
        assert x.max() <= where.high
        assert np.abs(x).min() >= where.gap
        assert where.admits(x)


def test_values_are_short_to_read():
    for seed in range(20):
        assert all(len(str(v).lstrip("-")) <= 4 for v in array(RandomSource(seed), (3, 3)).ravel())


def test_arrays_of_different_phase_have_no_value_in_common():
    values = [set(array(RandomSource(0), (32,), phase=phase).tolist()) for phase in (1, 2, 3, 4)]
    assert len(set.union(*values)) == 4 * 32
    assert all(abs(v) > 1e-2 for v in set.union(*values))  # CLEARANCE of testing/draw/builder.py


def test_values_stay_away_from_what_they_are_told():
    for seed in range(20):
        x = array(RandomSource(seed), (30,), away_from=(0.0, 1.0))
        assert min(np.abs(x).min(), np.abs(x - 1).min()) >= CLEAR


def test_ties_are_ties():
    x = array(RandomSource(0), (100,), ties=True)
    assert np.count_nonzero(x == 0) > 5
    assert np.unique(x).size < 10
    assert array(RandomSource(0), (100,), "unit", ties=True).min() > 0
    assert 0 not in array(RandomSource(0), (100,), away_from=(0,), ties=True)


def test_the_simplest_values_come_first():
    values = lattice(DOMAINS["real"], 1, 1)
    assert [abs(v) for v in values] == sorted(abs(v) for v in values)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_other_dtypes(dtype):
    x = array(RandomSource(0), (50,), (-3, 3), dtype=dtype)
    assert x.dtype == dtype
    assert x.min() >= (-3 if dtype != np.bool_ else 0)
    assert np.unique(x).size > 1
