"""One to many in its two ways, the last state of each sequence, and the shapes of logits."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def one_to_many(w, u, v, x, T, feed):
    h, ys = 0.0, []
    for _ in range(T):
        h = w * h + u * x
        ys.append(v * h)
        x = ys[-1] if feed == "output" else 0.0
    return np.array(ys)


def fed_its_state(w, u, v, x, T, feed):
    h, ys = 0.0, []
    for _ in range(T):
        h = w * h + u * x
        ys.append(v * h)
        x = h if feed == "output" else 0.0
    return np.array(ys)


def fed_its_input(w, u, v, x, T, feed):
    h, ys = 0.0, []
    for _ in range(T):
        h = w * h + u * x
        ys.append(v * h)
        x = ys[-1] if feed == "output" else x
    return np.array(ys)


def state_forgotten(w, u, v, x, T, feed):
    ys = []
    for _ in range(T):
        ys.append(v * u * x)
        x = ys[-1] if feed == "output" else 0.0
    return np.array(ys)


ONE_TO_MANY = Exercise(
    name="one_to_many",
    task="one_to_many(w, u, v, x, T, feed) returns an array of the T outputs y_t = v · h_t, where "
    "h_t = w · h_{t−1} + u · x_t and h_0 = 0. The first step reads x. The others read 0 where feed is 'zeros', and the "
    "output of the step before where it is 'output'.",
    reference=one_to_many,
    simple=(
        (0.5, 1.0, 2.0, 1.0, 1, "zeros"),
        (0.5, 1.0, 2.0, 1.0, 3, "zeros"),
        (0.5, 1.0, 2.0, 1.0, 3, "output"),
        (0.5, 2.0, -1.0, 1.0, 4, "output"),
        (0.0, 2.0, 0.5, 3.0, 3, "output"),
    ),
    draw=lambda rng: (
        *(float(a) for a in rng.uniform(-1.5, 1.5, 4)),
        int(rng.integers(1, 6)),
        str(rng.choice(["zeros", "output"])),
    ),
    mistakes=(
        Mistake(
            fed_its_state, "The state was fed in place of the output: what the next step reads is y, which is v · h."
        ),
        Mistake(
            fed_its_input, "x was read at every step: only the first step reads it, and fed zeros the others read 0."
        ),
        Mistake(
            lambda w, u, v, x, T, feed: one_to_many(w, u, v, x, T, "zeros"),
            "Where feed is 'output', each step after the first reads the output of the step before.",
        ),
        Mistake(
            lambda w, u, v, x, T, feed: one_to_many(w, u, v, x, T, "output"),
            "Where feed is 'zeros', the steps after the first read 0, and not the output before.",
        ),
        Mistake(
            lambda w, u, v, x, T, feed: one_to_many(w, u, v, x, T, feed) / v,
            "Those are the states: an output is v times its state.",
        ),
        Mistake(
            lambda w, u, v, x, T, feed: one_to_many(w, u, v, x, T + 1, feed)[1:],
            "The output of the first step is missing: it has one as well, v · u · x.",
        ),
        Mistake(
            lambda w, u, v, x, T, feed: one_to_many(w, u, v, x, T, feed)[-1],
            "That is the last output alone, as of many to one: all T are asked for.",
        ),
        Mistake(
            state_forgotten, "The old state is missing: each step adds w times the state before, however it is fed."
        ),
    ),
)


def last_states(w, u, xs, lengths):
    T, B = xs.shape
    h = np.zeros((T + 1, B))
    for t in range(T):
        h[t + 1] = w * h[t] + u * xs[t]
    return h[lengths, np.arange(B)]


def of_every_step(w, u, xs):
    h = np.zeros(xs.shape[1])
    found = []
    for x in xs:
        h = w * h + u * x
        found.append(h)
    return np.array(found)


def padded(rng):
    lengths = rng.integers(1, 6, rng.integers(2, 4))
    xs = rng.normal(0, 1, (lengths.max(), len(lengths)))
    return float(rng.uniform(-1.2, 1.2)), float(rng.uniform(0.2, 2)), _pads(xs, lengths), lengths


def _pads(xs, lengths):
    return np.where(np.arange(len(xs))[:, None] < lengths, xs, 0.0)


LAST_STATES = Exercise(
    name="last_states",
    task="last_states(w, u, xs, lengths) is given an array xs (T, B), in which column b is sequence b, filled up with "
    "zeros below, and an array of the B lengths. It returns an array of the B states after each sequence's own last "
    "step, where h_t = w · h_{t−1} + u · x_t and h_0 = 0.",
    reference=last_states,
    simple=(
        (0.5, 1.0, np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]), np.array([3, 1])),
        (0.5, 2.0, np.array([[1.0, 2.0], [1.0, 4.0], [0.0, 2.0]]), np.array([2, 3])),
        (1.0, 1.0, np.array([[1.0, 2.0, 3.0], [1.0, 0.0, 5.0]]), np.array([2, 1, 2])),
    ),
    draw=padded,
    mistakes=(
        Mistake(
            lambda w, u, xs, lengths: of_every_step(w, u, xs)[-1],
            "The shorter sequences went on reading pads: take the state at each sequence's own length.",
        ),
        Mistake(
            lambda w, u, xs, lengths: of_every_step(w, u, xs)[lengths.min() - 1],
            "The longer sequences were stopped where the shortest ends: each has its own last step.",
        ),
        Mistake(
            lambda w, u, xs, lengths: of_every_step(w, u, xs)[lengths - 2, np.arange(len(lengths))],
            "That is one step too early: the state after the step of number `length` stands in row length − 1, "
            "as rows are counted from 0.",
        ),
        Mistake(
            lambda w, u, xs, lengths: of_every_step(w, u, xs)[
                np.minimum(lengths, len(xs) - 1), np.arange(len(lengths))
            ],
            "That is one step too late: a list of h_1 … h_T is counted from 0, so row `length` is the step after the "
            "last.",
        ),
        Mistake(
            lambda w, u, xs, lengths: of_every_step(w, u, xs)[lengths - 1],
            "A whole row was taken for each sequence, with all columns in it: from row lengths[b] − 1 only column b is "
            "asked for.",
        ),
        Mistake(
            lambda w, u, xs, lengths: of_every_step(w, u, xs).sum(axis=0) / lengths,
            "The states were averaged: the answer is made from the last one, which has read everything.",
        ),
        Mistake(
            lambda w, u, xs, lengths: u * xs[lengths - 1, np.arange(len(lengths))],
            "Only the last input was read: the state carries what came before it, w times at each step.",
        ),
    ),
)


def logits_shape(kind, S, T, B, V):
    if kind == "many to one":
        return (B, V)
    return (S if kind == "many to many" else T, B, V)


def shape_unless(kind, shape):
    """The right shapes, and another for one kind."""
    return lambda k, S, T, B, V: shape(S, T, B, V) if k == kind else logits_shape(k, S, T, B, V)


KINDS = ("many to many", "many to one", "one to many", "sequence to sequence")
LOGITS_SHAPE = Exercise(
    name="logits_shape",
    task="logits_shape(kind, S, T, B, V) is given 'many to many', 'many to one', 'one to many' or 'sequence to "
    "sequence', S for the steps of what is read, T for the steps of what is to be written, B sequences side by side, "
    "and V classes. It returns the shape of the logits as a tuple. Many to many writes at each step that it reads, so "
    "there S counts and not T.",
    reference=logits_shape,
    simple=tuple((kind, 4, 3, 2, 6) for kind in KINDS),
    draw=lambda rng: (str(rng.choice(KINDS)), *(int(n) for n in rng.integers(2, 30, 4))),
    mistakes=(
        Mistake(
            shape_unless("sequence to sequence", lambda S, T, B, V: (S, B, V)),
            "A translation is as long as its target, not as its source: T, and S shows nowhere.",
        ),
        Mistake(
            shape_unless("many to one", lambda S, T, B, V: (1, B, V)),
            "Many to one has one answer for each sequence, and no axis for the steps: (B, V).",
        ),
        Mistake(
            shape_unless("many to one", lambda S, T, B, V: (S, B, V)),
            "Many to one keeps only what was made from the last state: (B, V).",
        ),
        Mistake(
            shape_unless("one to many", lambda S, T, B, V: (S, B, V)),
            "One to many reads one input and writes T outputs: (T, B, V).",
        ),
        Mistake(
            shape_unless("many to many", lambda S, T, B, V: (T, B, V)),
            "Many to many has an output for each step that it reads: (S, B, V).",
        ),
        Mistake(
            lambda kind, S, T, B, V: logits_shape(kind, S, T, B, V)[:-1],
            "That is the shape of the targets, which are ids: the logits have V numbers for each of them.",
        ),
        Mistake(
            lambda kind, S, T, B, V: (
                logits_shape(kind, B, B, S if kind == "many to many" else T, V) if kind != "many to one" else (B, V)
            ),
            "Here time stands first: (steps, B, V), not (B, steps, V).",
        ),
    ),
)

EXERCISES = (ONE_TO_MANY, LAST_STATES, LOGITS_SHAPE)
