"""Attention over a memory, and what a decoder is shown."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def weights(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum()


def attend(q, memory):
    a = weights(memory @ q)
    return a @ memory, a


def looks(rng):
    n, m = rng.integers(2, 5, 2)
    return rng.normal(size=m), rng.normal(size=(n, m))


ATTEND = Exercise(
    name="attend",
    task="attend(q, memory) is given a query q and a memory, an array with a state in each row, and returns the "
    "context and the weights, as a pair. The score of a row is its product with q.",
    reference=attend,
    simple=(
        (np.array([2.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])),
        (np.array([1.0, 1.0]), np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]])),
        (np.array([1000.0]), np.array([[1.0], [0.5]])),
    ),
    draw=looks,
    mistakes=(
        Mistake(lambda q, m: attend(q, m)[::-1], "The pair is turned: first the context, then the weights."),
        Mistake(lambda q, m: attend(q, m)[0], "The weights are asked for as well."),
        Mistake(lambda q, m: ((m @ q) @ m, m @ q), "Softmax is missing: weights are above 0 and add up to 1."),
        Mistake(
            lambda q, m: ((np.exp(m @ q) / np.exp(m @ q).sum()) @ m, np.exp(m @ q) / np.exp(m @ q).sum()),
            "exp(1000) is larger than any number that a computer has: take the largest score off all first.",
        ),
        Mistake(lambda q, m: (m.mean(0), np.full(len(m), 1 / len(m))), "The query is not used: it decides the scores."),
        Mistake(lambda q, m: (m[np.argmax(m @ q)], np.eye(len(m))[np.argmax(m @ q)]),
                "The best alone was taken: that has no gradient. Softmax looks at all, a little."),
        Mistake(lambda q, m: (weights(m @ q)[:, None] * m, weights(m @ q)), "Add up: the context is one state."),
        Mistake(lambda q, m: (weights(-(m @ q)) @ m, weights(-(m @ q))), "The sign is turned: a large score draws it."),
    ),
)  # fmt: skip


def first_inputs(target, start):
    return [start, *target[:-1]]


INPUTS = Exercise(
    name="first_inputs",
    task="first_inputs(target, start) is given the ids that a decoder shall write, a list that ends with the stop, and "
    "the id of the start, and returns the list of the ids that it reads at each step while training.",
    reference=first_inputs,
    simple=(([5, 6, 9], 0), ([9], 0), ([1, 1, 2, 9], 7)),
    draw=lambda rng: ([int(k) for k in rng.integers(1, 9, int(rng.integers(1, 6)))], 0),
    mistakes=(
        Mistake(lambda t, s: t, "It would read what it shall write at the same step: it reads the word before."),
        Mistake(lambda t, s: [s, *t], "That is one too many: there is one input for each word that is written."),
        Mistake(lambda t, s: t[:-1], "The start is missing: at the first step there is no word before."),
        Mistake(
            lambda t, s: [s] * len(t), "After the first step it reads the true word before: that is teacher forcing."
        ),
        Mistake(lambda t, s: [*t[1:], s], "That is the word after: the decoder must not see what is to come."),
    ),
)

EXERCISES = (ATTEND, INPUTS)
