"""The terms of a shared weight's gradient, and the norm of their sum."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def states(w, xs):
    """h_0 … h_T."""
    h = [0.0]
    for x in xs:
        h.append(w * h[-1] + x)
    return np.array(h)


def terms(w, xs, ys):
    h = [0.0]
    for x in xs:
        h.append(w * h[-1] + x)
    g, found = 0.0, []
    for t in range(len(xs), 0, -1):
        g = 2 * (h[t] - ys[t - 1]) + w * g
        found.append(g * h[t - 1])
    return np.array(found[::-1])


def own_loss_alone(w, xs, ys):
    h = states(w, xs)
    return 2 * (h[1:] - ys) * h[:-1]


def last_loss_alone(w, xs, ys):
    h = states(w, xs)
    T = len(xs)
    return 2 * (h[-1] - ys[-1]) * w ** np.arange(T - 1, -1, -1.0) * h[:-1]


def carried(w, xs, ys):
    """g_1 … g_T."""
    h, g = states(w, xs), [0.0]
    for t in range(len(xs), 0, -1):
        g.append(2 * (h[t] - ys[t - 1]) + w * g[-1])
    return np.array(g[:0:-1])


def without_w(w, xs, ys):
    h = states(w, xs)
    g = np.cumsum((2 * (h[1:] - ys))[::-1])[::-1]
    return g * h[:-1]


TERMS = Exercise(
    name="terms",
    task="terms(w, xs, ys) is given a weight, T inputs and T targets, and returns an array of the T terms of ∂L/∂w, "
    "the one of step 1 first, where h_t = w · h_{t−1} + x_t, h_0 = 0 and L = Σ (h_t − y_t)².",
    reference=terms,
    simple=(
        (0.5, np.array([1.0, 0.0]), np.array([1.0, 1.0])),
        (0.5, np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0])),
        (2.0, np.array([1.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0])),
        (-0.5, np.array([2.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])),
    ),
    draw=lambda rng: (float(rng.uniform(-1.3, 1.3)), *rng.normal(0, 1, (2, rng.integers(2, 7)))),
    mistakes=(
        Mistake(
            own_loss_alone,
            "Each loss taught its own step alone: what arrives at h_t from h_{t+1}, which is w · g_{t+1}, is missing.",
        ),
        Mistake(last_loss_alone, "Only the last loss was counted: each step has one, and they are summed."),
        Mistake(
            lambda w, xs, ys: carried(w, xs, ys) * states(w, xs)[1:],
            "Step t multiplies w by the state before it, so its term is g_t · h_{t−1}, not g_t · h_t.",
        ),
        Mistake(
            carried,
            "Those are the gradients that arrive at the states: the term of a step is that, times h_{t−1}.",
        ),
        Mistake(
            without_w,
            "On the way back from h_{t+1} to h_t the gradient is multiplied by w: a change of h_t is w times as large "
            "in h_{t+1}.",
        ),
        Mistake(
            lambda w, xs, ys: terms(w, xs, ys) / 2,
            "The slope of a square is 2 times what is squared: ∂L_t/∂h_t = 2 · (h_t − y_t).",
        ),
        Mistake(
            lambda w, xs, ys: -terms(w, xs, ys),
            "The sign is wrong: with y_t above h_t the slope 2 · (h_t − y_t) is negative.",
        ),
        Mistake(
            lambda w, xs, ys: terms(w, xs, ys)[::-1],
            "The way back begins at the last step, and the answer has the first step first: turn the list round.",
        ),
        Mistake(
            lambda w, xs, ys: terms(w, xs, ys).sum(),
            "That is the whole gradient, the sum of the terms: return one term for each step.",
        ),
        Mistake(
            lambda w, xs, ys: terms(w, xs, ys)[1:],
            "The first term is missing: it is 0, as h_0 = 0, but it is one of the T terms.",
        ),
    ),
)


def norm_of_sum(terms):
    return np.sqrt((np.sum(terms, axis=0) ** 2).sum())


NORM_OF_SUM = Exercise(
    name="norm_of_sum",
    task="norm_of_sum(terms) is given an array (T, H, H) of T terms, each a matrix, and returns the norm of the "
    "gradient that they make together, a number.",
    reference=norm_of_sum,
    simple=(
        (np.array([[[3.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [4.0, 0.0]]]),),
        (np.array([[[3.0]], [[-3.0]]]),),
        (np.array([[[0.0, 1.0], [2.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, -2.0]]]),),
    ),
    draw=lambda rng: (rng.normal(0, 1, (rng.integers(2, 5), 2, 2)),),
    mistakes=(
        Mistake(
            lambda terms: np.sqrt((terms**2).sum(axis=(1, 2))).sum(),
            "Those are the norms, added up: add the terms first, and take the norm of the sum.",
        ),
        Mistake(
            lambda terms: np.sqrt((terms**2).sum()),
            "That takes all terms to be at right angles, so that none cancels another: add the terms first.",
        ),
        Mistake(
            lambda terms: (terms.sum(axis=0) ** 2).sum(),
            "The square root is missing: the norm is the root of the sum of squares.",
        ),
        Mistake(
            lambda terms: abs(terms.sum()),
            "All numbers were added up to one: the sum of the terms is a matrix, number by number.",
        ),
        Mistake(
            lambda terms: np.sqrt((terms.mean(axis=0) ** 2).sum()),
            "That is the mean of the terms: a shared weight's gradient is their sum.",
        ),
        Mistake(
            lambda terms: terms.sum(axis=0),
            "That is the gradient itself: how large it is, is its norm, which is one number.",
        ),
        Mistake(
            lambda terms: np.abs(terms.sum(axis=0)).sum(),
            "The norm is the square root of the sum of squares, not the sum of the absolute values.",
        ),
    ),
)

EXERCISES = (TERMS, NORM_OF_SUM)
