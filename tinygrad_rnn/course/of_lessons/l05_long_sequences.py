"""What truncation throws away, which pairs chunks see, and the state that is carried."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def missing(w, T, k):
    whole = sum(w**i for i in range(T))
    kept = sum(w**i for i in range(min(k, T)))
    return 1 - kept / whole


MISSING = Exercise(
    name="missing",
    task="missing(w, T, k) is given a weight between 0 and 1, the number of steps, and after how many of them, counted "
    "back from the end, the gradient is cut. It returns the share of ∂h_T/∂u that is missing then, a number between 0 "
    "and 1, for h_t = w · h_{t−1} + u · x_t, h_0 = 0 and x_t = 1. k may be larger than T.",
    reference=missing,
    simple=((0.5, 2, 1), (0.5, 3, 1), (0.9, 200, 10), (0.5, 3, 3), (0.5, 2, 5)),
    draw=lambda rng: (float(rng.uniform(0.3, 0.95)), int(rng.integers(1, 12)), int(rng.integers(1, 14))),
    mistakes=(
        Mistake(
            lambda w, T, k: 1 - missing(w, T, k),
            "That is the share that is kept: what is missing is the rest of 1.",
        ),
        Mistake(
            lambda w, T, k: w**k,
            "That holds when T is very large: with T steps the missing terms are w^k … w^(T−1), and the whole sum ends "
            "at w^(T−1) too.",
        ),
        Mistake(
            lambda w, T, k: max(0, T - k) / T,
            "Terms were counted, as if all were alike: the one from i steps back is w^i.",
        ),
        Mistake(
            lambda w, T, k: sum(w**i for i in range(k, T)),
            "That is how much is missing, not which share: divide by the whole sum.",
        ),
        Mistake(
            lambda w, T, k: (w**k - w**T) / (1 - w**T),
            "Where k is larger than T nothing is missing, and a share below 0 came out: cut at most T terms.",
        ),
        Mistake(
            lambda w, T, k: missing(w, T, k + 1),
            "One term too many was kept: the last k steps have the terms w^0 … w^(k−1).",
        ),
        Mistake(
            lambda w, T, k: missing(w, T, k - 1),
            "One term too few was kept: the last step counts as well, its term is w^0 = 1.",
        ),
    ),
)


def pairs(T, k):
    full, rest = divmod(T, k)
    return full * (k * (k + 1) // 2) + rest * (rest + 1) // 2


PAIRS = Exercise(
    name="pairs",
    task="pairs(T, k) is given T steps, each with a loss, which are read in chunks of k steps, the last one shorter "
    "where k does not divide T. It returns how many pairs there are of a loss and a step that its gradient reaches, "
    "the loss's own step included.",
    reference=pairs,
    simple=((4, 4), (4, 2), (4, 1), (20, 5), (5, 2), (3, 5)),
    draw=lambda rng: (int(rng.integers(1, 60)), int(rng.integers(1, 12))),
    mistakes=(
        Mistake(
            lambda T, k: T * (T + 1) // 2,
            "Those are the pairs in one piece: in chunks no loss sees over the border.",
        ),
        Mistake(
            lambda T, k: (T // k) * (k * (k + 1) // 2),
            "The last chunk is missing, which is shorter where k does not divide T.",
        ),
        Mistake(
            lambda T, k: -(-T // k) * (k * (k + 1) // 2),
            "The last chunk was counted as a whole one: where k does not divide T it is shorter.",
        ),
        Mistake(
            lambda T, k: T * k,
            "Not every loss sees k steps: the first of a chunk sees one, and only the last sees k.",
        ),
        Mistake(
            lambda T, k: pairs(T, k) - T,
            "A loss sees its own step too: the first of a chunk makes one pair.",
        ),
        Mistake(
            lambda T, k: sum(min(t, k) for t in range(1, T + 1)),
            "Each loss was let see k steps back, over the border: the gradient stops where its own chunk begins.",
        ),
    ),
)


def first_states(w, xs, k):
    h, found = 0.0, []
    for t, x in enumerate(xs):
        if t % k == 0:
            found.append(h)
        h = w * h + x
    return np.array(found)


def last_states_of_chunks(w, xs, k):
    h, found = 0.0, []
    for start in range(0, len(xs), k):
        for x in xs[start : start + k]:
            h = w * h + x
        found.append(h)
    return np.array(found)


def never_carried_further(w, xs, k):
    found = [0.0]
    for start in range(k, len(xs), k):
        h = 0.0
        for x in xs[start - k : start]:
            h = w * h + x
        found.append(h)
    return np.array(found)


FIRST_STATES = Exercise(
    name="first_states",
    task="first_states(w, xs, k) is given a weight and an array of inputs, which are read in chunks of k, the last one "
    "shorter where k does not divide their number. It returns an array of the states that the chunks begin with, where "
    "h_t = w · h_{t−1} + x_t and h_0 = 0.",
    reference=first_states,
    simple=(
        (1.0, np.ones(4), 2),
        (0.5, np.array([1.0, 0.0, 0.0, 0.0, 4.0, 0.0]), 2),
        (0.5, np.array([1.0, 0.0, 0.0]), 2),
        (2.0, np.ones(3), 5),
    ),
    draw=lambda rng: (float(rng.uniform(-1, 1)), rng.normal(0, 1, rng.integers(3, 12)), int(rng.integers(1, 4))),
    mistakes=(
        Mistake(
            lambda w, xs, k: np.zeros(-(-len(xs) // k)),
            "Each chunk began at 0: the state is carried over, and only the gradient is cut.",
        ),
        Mistake(
            last_states_of_chunks,
            "Those are the states that the chunks end with: the first chunk begins with 0, the second with the end of "
            "the first.",
        ),
        Mistake(
            never_carried_further,
            "Each chunk was begun at 0 and its end handed on: what the chunks before it left has to be in it too.",
        ),
        Mistake(
            lambda w, xs, k: first_states(w, xs, 1),
            "Those are the states before every step: only the ones where a chunk begins are asked for.",
        ),
        Mistake(
            lambda w, xs, k: first_states(w, xs, k)[1:],
            "The first chunk is missing: it begins with 0.",
        ),
    ),
)

EXERCISES = (MISSING, PAIRS, FIRST_STATES)
