"""Where angles are hard: at the ends of their domains, far out, at the point without an angle, and sinc near 0."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def slope(f, *xs):
    return [g.tolist() for g in tg.grad(lambda *xs: tg.sum(f(*xs)), tuple(range(len(xs))))(*map(np.array, xs))]


@pytest.mark.parametrize(("f", "sign"), [(tg.arcsin, 1), (tg.arccos, -1)])
def test_at_the_ends_the_slope_is_infinite_and_near_them_exact(f, sign):
    with np.errstate(divide="ignore"):
        assert slope(f, [-1.0, 1.0]) == [[sign * np.inf, sign * np.inf]]
    near = 1 - 2.0**-50  # 1 − x² = 2⁻⁴⁹·(1 − 2⁻⁵¹): as a difference of squares it would have two digits
    ((found,),) = slope(f, [near])
    assert found == pytest.approx(sign * 2**24.5, rel=1e-15)


@both
def test_far_out_nothing_overflows(dtype):
    far = np.array([-1e30, 1e30], dtype) if dtype is np.float32 else np.array([-1e200, 1e200])
    x = tg.tensor(far, requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        (tg.arctan(x) + tg.arctan2(x, 2 * x) + tg.arcsinh(x)).sum().backward()
        tg.grad(lambda x: tg.sum(tg.grad(lambda x: tg.sum(tg.arctan(x)))(x)))(far)
    assert x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad.data, 1 / abs(far), rtol=1e-6)  # of arcsinh; arctan2's two uses of x add up to 0


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_an_angle_depends_on_the_direction_alone(size):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        (ga,), (gb,) = slope(tg.arctan2, [3.0 * size], [4.0 * size])
    assert (ga * size, gb * size) == pytest.approx((4 / 25, -3 / 25), rel=1e-15)


def test_the_point_without_an_angle_has_slopes_of_zero():
    assert slope(tg.arctan2, [0.0], [0.0]) == [[0], [0]]
    assert tg.jvp(tg.arctan2, (0.0, 0.0), (1.0, 1.0))[1].item() == 0


def test_all_four_quadrants():
    a, b = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, -1.0, 1.0])
    np.testing.assert_allclose(tg.arctan2(tg.tensor(a), b).data * 4 / np.pi, [1, 3, -3, -1], rtol=1e-15)
    exact = [[0.5, -0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]]
    np.testing.assert_allclose(slope(tg.arctan2, a, b), exact, rtol=1e-15)


def test_sinc_at_zero_order_by_order():
    """sinc x = Σ (−1)ᵐ(πx)²ᵐ/(2m + 1)!: every odd derivative is 0, and the even ones are ±π²ᵐ/(2m + 1)."""
    f, found = tg.sinc, []
    for _ in range(7):
        found.append(float(f(tg.tensor(0.0))))
        f = tg.grad(f)
    expected = [1, 0, -(np.pi**2) / 3, 0, np.pi**4 / 5, 0, -(np.pi**6) / 7]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("at", [1e-300, 1e-8, 1e-3])
def test_near_zero_the_slopes_of_sinc_keep_their_digits(at):
    first = tg.grad(tg.sinc)
    assert float(first(at)) == pytest.approx(-(np.pi**2) * at / 3 + np.pi**4 * at**3 / 30, rel=1e-12)
    assert float(tg.grad(first)(at)) == pytest.approx(-(np.pi**2) / 3 + np.pi**4 * at**2 / 10, rel=1e-11)


@both
def test_the_series_of_sinc_meets_the_recurrence(dtype):
    """On both sides of where one takes over from the other, the derivative of each order is the slope of the last."""
    sinc_slope = REGISTRY["sinc_slope"].public
    for order in range(1, 6):
        edge = max(2, order) / np.pi
        below, above = sinc_slope(np.array([edge * (1 - 1e-7), edge * (1 + 1e-7)], dtype), order)
        size = np.pi**order
        assert abs(below - above) <= size * (1e-6 + 100 * np.finfo(dtype).eps)
        assert sinc_slope(dtype(0.3), order).dtype == dtype


def test_degrees():
    assert tg.deg2rad(180.0) == np.pi
    assert slope(tg.deg2rad, [90.0]) == [[np.pi / 180]]
    assert slope(tg.rad2deg, [1.0]) == [[180 / np.pi]]
