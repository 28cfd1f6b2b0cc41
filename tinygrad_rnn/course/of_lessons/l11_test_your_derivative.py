"""A slope that must not overflow, and the difference that tests it."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def softplus_slope(x):
    e = np.exp(-np.abs(x))
    return np.where(x > 0, 1 / (1 + e), e / (1 + e))


SLOPE = Exercise(
    name="softplus_slope",
    task="softplus_slope(x) is given an array x, and returns the slope of log(1 + exp(x)) at each of its numbers, also "
    "where they are as large as 1,000 or as small as −1,000.",
    reference=softplus_slope,
    simple=(
        (np.array([0.0]),),
        (np.array([1.0, -1.0]),),
        (np.array([3.0, -40.0]),),
        (np.array([1000.0, -1000.0]),),
    ),
    draw=lambda rng: (rng.normal(0, 3, 4),),
    mistakes=(
        Mistake(
            lambda x: np.exp(x) / (1 + np.exp(x)),
            "exp(1000) is larger than any number that a computer has: use exp(−|x|), which is at most 1.",
        ),
        Mistake(
            lambda x: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0), "That is log(1 + exp(x)) itself, not its slope."
        ),
        Mistake(
            lambda x: softplus_slope(-x),
            "The sign of x is turned: the slope is near 1 for large x, and near 0 for small.",
        ),
        Mistake(lambda x: softplus_slope(x) * softplus_slope(-x), "That is the slope of the slope."),
        Mistake(lambda x: (x > 0) * 1.0, "That is the slope of relu; softplus is smooth, with slope ½ at 0."),
        Mistake(np.tanh, "That is tanh; the slope of softplus is the sigmoid, 1/(1 + exp(−x))."),
        Mistake(
            lambda x: np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))),
            "For x > 0 the other branch is needed: 1/(1 + exp(−x)).",
        ),
    ),
)


def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


FUNCTIONS = (np.sin, np.exp, np.square)
CENTRAL = Exercise(
    name="central",
    task="central(f, x, h) is given a function of one number, a number x and a step h, and returns the difference "
    "(f(x + h) − f(x − h)) / 2h.",
    reference=central,
    simple=((np.square, 3.0, 0.5), (np.exp, 0.0, 1.0), (np.sin, 1.0, 0.1)),
    draw=lambda rng: (FUNCTIONS[rng.integers(3)], float(rng.normal()), float(rng.uniform(0.1, 1))),
    mistakes=(
        Mistake(
            lambda f, x, h: (f(x + h) - f(x)) / h,
            "That looks to one side only, and its error is as large as h, not as h².",
        ),
        Mistake(
            lambda f, x, h: (f(x) - f(x - h)) / h, "That looks back only, and its error is as large as h, not as h²."
        ),
        Mistake(lambda f, x, h: (f(x + h) - f(x - h)) / h, "The two points are 2h apart, so divide by 2h."),
        Mistake(
            lambda f, x, h: f(x + h) - f(x - h) / (2 * h),
            "Brackets are missing: the whole difference is divided by 2h.",
        ),
        Mistake(
            lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h, "/ 2 * h divides by 2 and multiplies by h: write / (2 * h)."
        ),
        Mistake(lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h), "The sign is turned: what lies ahead comes first."),
    ),
)

EXERCISES = (SLOPE, CENTRAL)
