"""Clipping, and the slope of a power."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def clip(g, most):
    norm = np.linalg.norm(g)
    return g * (most / norm) if norm > most else g


CLIP = Exercise(
    name="clip",
    task="clip(g, most) is given an array g and a bound. Where the norm of g is larger than `most` it returns g scaled "
    "to that norm, and where it is not, g as it is.",
    reference=clip,
    simple=(
        (np.array([3.0, 4.0]), 1.0),
        (np.array([3.0, -4.0]), 10.0),
        (np.array([0.0, 0.0]), 1.0),
        (np.array([-30.0, 0.4]), 2.0),
        (np.array([[1.0, 2.0], [2.0, 4.0]]), 2.5),
    ),
    draw=lambda rng: (rng.normal(0, 3, rng.integers(1, 5)), float(rng.uniform(0.1, 5))),
    mistakes=(
        Mistake(lambda g, most: g, "A gradient that is too long has to be made shorter: multiply it by most / norm."),
        Mistake(
            lambda g, most: np.clip(g, -most, most),
            "Each number was cut off by itself, which changes the direction: scale all of them by the same factor.",
        ),
        Mistake(
            lambda g, most: g * (most / max(np.linalg.norm(g), 1e-300)),
            "A gradient whose norm is below the bound was scaled too: it must stay as it is.",
        ),
        Mistake(
            lambda g, most: g / np.linalg.norm(g) if np.linalg.norm(g) > most else g,
            "It was scaled to norm 1 and not to the norm `most`: multiply by most as well.",
        ),
        Mistake(
            lambda g, most: g * (most / np.abs(g).sum()) if np.abs(g).sum() > most else g,
            "The norm is the square root of the sum of squares, not the sum of the absolute values.",
        ),
        Mistake(
            lambda g, most: g * (most / (g**2).sum()) if (g**2).sum() > most else g,
            "The square root is missing: the norm is √(g₁² + g₂² + …).",
        ),
        Mistake(
            lambda g, most: g * (most / np.abs(g).max()) if np.abs(g).max() > most else g,
            "The largest number was taken for the norm: the norm is √(g₁² + g₂² + …), over all of them.",
        ),
        Mistake(
            lambda g, most: g * most if np.linalg.norm(g) > most else g,
            "The division by the norm is missing: g · most / norm has the norm `most`.",
        ),
        Mistake(
            lambda g, most: np.full(g.shape, most / np.sqrt(g.size)) if np.linalg.norm(g) > most else g,
            "The length is right and the direction is lost: scale g itself.",
        ),
        Mistake(
            lambda g, most: np.abs(g) * (most / np.linalg.norm(g)) if np.linalg.norm(g) > most else g,
            "The signs were lost: a gradient that points down has to go on pointing down.",
        ),
    ),
)


def last_slope(w, T):
    return T * w ** (T - 1)


SLOPE = Exercise(
    name="last_slope",
    task="last_slope(w, T) is given a number w and the number of steps, and returns ∂h_T/∂w for h_t = w · h_{t−1} and "
    "h_0 = 1.",
    reference=last_slope,
    simple=((2.0, 1), (2.0, 2), (1.5, 3), (-1.0, 4), (0.5, 10)),
    draw=lambda rng: (float(rng.uniform(-1.5, 1.5)), int(rng.integers(1, 12))),
    mistakes=(
        Mistake(lambda w, T: w**T, "That is h_T itself. w is used at every step, and each use adds a term."),
        Mistake(lambda w, T: w ** (T - 1), "That is the term of one use of w. There are T of them, and they add up."),
        Mistake(lambda w, T: T * w**T, "Each term has one factor w less than h_T: the one that it is the slope of."),
        Mistake(lambda w, T: (T - 1) * w ** (T - 1), "w is used T times, the first step among them."),
        Mistake(lambda w, T: float(T), "The other uses of w are factors of each term."),
        Mistake(lambda w, T: T * abs(w) ** (T - 1), "A negative w has a sign, which turns at every step."),
    ),
)

EXERCISES = (CLIP, SLOPE)
