"""Derivatives without the engine: central differences in float64, with one Richardson step.

D(h) = (f(x + h) − f(x − h)) / 2h,     D = (4 D(h/2) − D(h)) / 3 + O(h⁴)
"""

import numpy as np

H = 1e-3  # h⁴ ≈ 1e-12 of truncation meets eps/h ≈ 1e-13 of rounding
RTOL = 1e-7  # of S = Σ |terms that were added up|: leaves room for fifth derivatives of 1e4
FLOOR = 1e-10  # rounding of the difference, 2·eps·|f|/h, where S is 0


def slope(f, h=H):
    """df/dt at t = 0 of an array-valued f."""

    def central(h):
        return (np.asarray(f(h), dtype=np.float64) - np.asarray(f(-h), dtype=np.float64)) / (2 * h)

    return (4 * central(h / 2) - central(h)) / 3


def directional(f, xs, dxs):
    """d f(xs + t·dxs) / dt at t = 0."""
    return slope(lambda t: f(*(x + t * dx for x, dx in zip(xs, dxs, strict=True))))


def jacobians(f, xs):
    """∂f[i]/∂x[j] for each x, as matrices of the flattened output and argument."""
    found = []
    for k, x in enumerate(xs):
        columns = []
        for place in np.ndindex(x.shape):
            unit = np.zeros(x.shape)
            unit[place] = 1
            columns.append(slope(lambda t, k=k, unit=unit: f(*xs[:k], xs[k] + t * unit, *xs[k + 1 :])).ravel())
        size = np.asarray(f(*xs)).size
        found.append(np.stack(columns, axis=1) if columns else np.zeros((size, 0)))
    return found


def assert_close(got, expected, scale, rtol=RTOL, floor=FLOOR):
    """|got − expected| ≤ rtol·scale + floor, element by element."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    excess = np.abs(got - expected) - (rtol * np.asarray(scale) + floor)
    assert not np.any(excess > 0), f"got {got}, expected {expected}, scale {scale}"
    assert not np.any(np.isnan(got))
