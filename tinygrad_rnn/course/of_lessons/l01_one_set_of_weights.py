"""The loop with one unit, one step of the vanilla cell, and how many numbers it learns."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def states(w, u, xs):
    h, found = 0.0, []
    for x in xs:
        h = np.tanh(w * h + u * x)
        found.append(h)
    return np.array(found)


def from_another_start(w, u, xs):
    h, found = 1.0, []
    for x in xs:
        h = np.tanh(w * h + u * x)
        found.append(h)
    return np.array(found)


def without_tanh(w, u, xs):
    h, found = 0.0, []
    for x in xs:
        h = w * h + u * x
        found.append(h)
    return np.array(found)


def tanh_of_the_old_state_alone(w, u, xs):
    h, found = 0.0, []
    for x in xs:
        h = np.tanh(w * h) + u * x
        found.append(h)
    return np.array(found)


def tanh_not_carried(w, u, xs):
    return np.tanh(without_tanh(w, u, xs))


STATES = Exercise(
    name="states",
    task="states(w, u, xs) is given two weights and an array of T inputs, one number for each step, and returns an "
    "array of the T states h_1 … h_T, where h_t = tanh(w · h_{t−1} + u · x_t) and h_0 = 0.",
    reference=states,
    simple=(
        (0.5, 1.0, np.array([1.0])),
        (0.5, 1.0, np.array([1.0, 0.0, 0.0])),
        (0.5, 2.0, np.array([0.0, 1.0])),
        (-1.0, 0.5, np.array([1.0, 1.0, -1.0, 2.0])),
    ),
    draw=lambda rng: (
        float(rng.uniform(-1.5, 1.5)),
        float(rng.uniform(-1.5, 1.5)),
        rng.normal(0, 1, rng.integers(1, 6)),
    ),
    mistakes=(
        Mistake(without_tanh, "tanh is missing: each new state is tanh of the sum."),
        Mistake(
            tanh_not_carried,
            "The state that is handed on to the next step has to be the one after tanh, not the sum before it.",
        ),
        Mistake(tanh_of_the_old_state_alone, "tanh is taken of the whole sum, u · x_t included."),
        Mistake(
            lambda w, u, xs: np.tanh(u * xs),
            "The old state is not used, so nothing is remembered: add w times the state of the step before.",
        ),
        Mistake(
            lambda w, u, xs: states(u, w, xs),
            "The two weights have changed places: w belongs to the old state and u to the input.",
        ),
        Mistake(from_another_start, "Before the first step the state is 0, as nothing was read yet."),
        Mistake(
            lambda w, u, xs: np.concatenate([[0.0], states(w, u, xs)]),
            "h_0 is not one of the T states that are asked for: begin with h_1.",
        ),
        Mistake(
            lambda w, u, xs: states(w, u, xs)[-1],
            "That is the last state alone: collect the state of every step.",
        ),
        Mistake(
            lambda w, u, xs: np.tanh(w * np.concatenate([[0.0], xs[:-1]]) + u * xs),
            "The input of the step before was taken for the state of the step before: hand on h, not x.",
        ),
    ),
)


def cell(W_hh, W_xh, b, h, x):
    return np.tanh(W_hh @ h + W_xh @ x + b)


def matrices(rng):
    H, I = rng.integers(2, 5, 2)
    return (*(rng.normal(0, 0.7, shape) for shape in [(H, H), (H, I), H, H]), rng.normal(0, 1, I))


CELL = Exercise(
    name="cell",
    task="cell(W_hh, W_xh, b, h, x) is given the weights (H, H), (H, I) and (H), the old state (H) and the input (I), "
    "and returns the new state of the vanilla cell, (H).",
    reference=cell,
    simple=(
        (np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.0], [0.0]]), np.zeros(2), np.array([1.0, 0.5]), np.ones(1)),
        (np.array([[0.0, 0.5], [1.0, 0.0]]), np.eye(2), np.array([1.0, -1.0]), np.array([1.0, 2.0]), np.ones(2)),
    ),
    draw=matrices,
    mistakes=(
        Mistake(
            lambda W_hh, W_xh, b, h, x: W_hh @ h + W_xh @ x + b,
            "tanh is missing: the new state is tanh of the sum.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh(W_hh @ h + W_xh @ x),
            "The bias is missing: b is added before tanh, at every step.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh(W_hh @ h + W_xh @ x) + b,
            "The bias was added after tanh, so the state can leave −1 … 1: add it to the sum inside.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh(h @ W_hh + W_xh @ x + b),
            "W_hh was read by columns: row i of W_hh times h goes into unit i, which is W_hh @ h.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh((W_hh * h) + W_xh @ x + b),
            "* multiplies number by number and leaves a matrix: the product of a matrix and a vector is @.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh(W_xh @ x + b),
            "The old state is not used: W_hh @ h is missing from the sum.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh(W_hh @ h) + np.tanh(W_xh @ x) + b,
            "tanh is taken once, of the whole sum: tanh of a sum is not the sum of the tanh.",
        ),
        Mistake(
            lambda W_hh, W_xh, b, h, x: np.tanh(h + W_xh @ x + b),
            "The old state was added as it is: it is multiplied by W_hh first.",
        ),
    ),
)


def count(I, H):
    return H * H + H * I + H


COUNT = Exercise(
    name="count",
    task="count(I, H) is given the number of inputs and the number of units, and returns how many numbers the vanilla "
    "cell tanh(W_hh h + W_xh x + b) learns.",
    reference=count,
    simple=((1, 1), (2, 3), (3, 2), (10, 5)),
    draw=lambda rng: tuple(int(n) for n in rng.integers(1, 50, 2)),
    mistakes=(
        Mistake(lambda I, H: H * H + H * I, "The bias is missing: it has one number for each unit."),
        Mistake(lambda I, H: H * H + H * I + 1, "The bias is not one number: each unit has its own, so it has H."),
        Mistake(lambda I, H: H * I + H, "W_hh is missing: from each unit a number leads to each unit, H · H."),
        Mistake(
            lambda I, H: H * H + H * I + 2 * H,
            "Two biases were counted, as torch has them: the formula that is asked for has one b.",
        ),
        Mistake(
            lambda I, H: I * I + H * I + H,
            "W_hh leads from the state to the state, so it is H by H, whatever I is.",
        ),
        Mistake(lambda I, H: H + I + H, "Matrices have rows times columns: H · H and H · I numbers."),
        Mistake(lambda I, H: H * H + H * I + I, "The bias is added to the H units, so it has H numbers, not I."),
    ),
)

EXERCISES = (STATES, CELL, COUNT)
