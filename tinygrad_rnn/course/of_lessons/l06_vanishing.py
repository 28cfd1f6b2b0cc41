"""The slope of tanh, a Jacobian, and a product of Jacobians."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def slope_from_h(h):
    return 1 - h * h


SLOPE = Exercise(
    name="slope_from_h",
    task="slope_from_h(h) is given an array of states h = tanh(a), and returns the slope of tanh at each of them.",
    reference=slope_from_h,
    simple=((np.array([0.0]),), (np.array([0.5, -0.5]),), (np.array([0.9, -0.1, 0.3]),)),
    draw=lambda rng: (rng.uniform(-1, 1, 4),),
    mistakes=(
        Mistake(lambda h: 1 - np.tanh(h) ** 2, "h is tanh(a) already: tanh must not be taken again."),
        Mistake(lambda h: 1 - h, "The square is missing: the slope is 1 − h²."),
        Mistake(lambda h: h * (1 - h), "That is the slope of the sigmoid; that of tanh is 1 − h²."),
        Mistake(lambda h: h * h - 1, "The sign is turned: tanh rises everywhere."),
        Mistake(lambda h: 1 + h * h, "The slope is largest at h = 0, where it is 1: h² is taken off."),
    ),
)


def jacobian(W, h):
    return (1 - h * h)[:, None] * W


def square(rng):
    n = int(rng.integers(2, 4))
    return rng.normal(size=(n, n)), rng.uniform(-1, 1, n)


TWO = np.array([[1.0, 2.0], [3.0, 4.0]])
JACOBIAN = Exercise(
    name="jacobian",
    task="jacobian(W, h) is given W_hh and the new state h_t of a vanilla cell, and returns the matrix ∂h_t/∂h_{t−1}, "
    "a row for each unit of h_t.",
    reference=jacobian,
    simple=((TWO, np.array([0.0, 0.0])), (TWO, np.array([0.5, 0.0])), (TWO, np.array([0.0, 0.9]))),
    draw=square,
    mistakes=(
        Mistake(
            lambda W, h: W * (1 - h * h), "The slopes multiply the columns: unit i of h_t has row i of the matrix."
        ),
        Mistake(lambda W, h: W, "The slope of tanh is missing: row i is multiplied by 1 − h_i²."),
        Mistake(
            lambda W, h: ((1 - h * h)[:, None] * W).T, "It lies on its side: row i is for unit i of the new state."
        ),
        Mistake(lambda W, h: np.diag(1 - h * h), "W_hh is missing: the old state goes through it first."),
        Mistake(
            lambda W, h: (1 - h * h) @ W,
            "One number for each unit is not enough: each new unit has a slope by each old.",
        ),
        Mistake(
            lambda W, h: (1 - np.tanh(h) ** 2)[:, None] * W, "h is the new state already: tanh must not be taken again."
        ),
    ),
)


def left_over(W, states):
    found = np.eye(len(W))
    for h in states[1:]:
        found = jacobian(W, h) @ found
    return found


def sequence(rng):
    n = int(rng.integers(2, 4))
    return rng.normal(size=(n, n)), rng.uniform(-1, 1, (int(rng.integers(2, 5)), n))


def turned_round(W, states):
    found = np.eye(len(W))
    for h in states[1:]:
        found = found @ jacobian(W, h)
    return found


LEFT = Exercise(
    name="left_over",
    task="left_over(W, states) is given W_hh and the states h_1 … h_T as the rows of an array, and returns the matrix "
    "∂h_T/∂h_1.",
    reference=left_over,
    simple=(
        (TWO, np.zeros((2, 2))),
        (TWO, np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.9]])),
        (TWO, np.array([[0.9, 0.0], [0.0, 0.0]])),
    ),
    draw=sequence,
    mistakes=(
        Mistake(turned_round, "The order is turned: the Jacobian of the last step stands leftmost."),
        Mistake(lambda W, s: jacobian(W, s[0]) if len(s) == 1 else left_over(W, np.concatenate([s[:1], s])),
                "The first state has no Jacobian here: from h_1 to h_T there are T − 1 steps."),
        Mistake(lambda W, s: left_over(W, s[:-1]), "The last step is missing: its Jacobian is that of h_T."),
        Mistake(lambda W, s: sum(jacobian(W, h) for h in s[1:]), "The chain rule multiplies here: add nothing."),
        Mistake(lambda W, s: np.prod([jacobian(W, h) for h in s[1:]], axis=0),
                "They were multiplied number by number: matrices are multiplied with @."),
        Mistake(lambda W, s: np.linalg.matrix_power(W, len(s) - 1), "The slopes of tanh are missing between the W_hh."),
    ),
)  # fmt: skip

EXERCISES = (SLOPE, JACOBIAN, LEFT)
