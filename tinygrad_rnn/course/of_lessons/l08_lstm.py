"""A step of an LSTM, and its road."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def lstm_step(c, i, f, g, o):
    c = f * c + i * g
    return c, o * np.tanh(c)


def gates(rng):
    c, g = rng.normal(size=2)
    i, f, o = rng.uniform(0, 1, 3)
    return tuple(map(float, (c, i, f, np.tanh(g), o)))


def shown(c, o):
    return c, o * np.tanh(c)


STEP = Exercise(
    name="lstm_step",
    task="lstm_step(c, i, f, g, o) is given the old cell state and the gates of a step, and returns the new cell state "
    "and the new hidden state, as a pair.",
    reference=lstm_step,
    simple=(
        (2.0, 1.0, 0.5, -0.5, 1.0),
        (1.0, 0.0, 1.0, 0.3, 1.0),
        (1.0, 1.0, 0.0, 0.3, 0.5),
        (-2.0, 0.5, 0.9, 0.8, 0.2),
    ),
    draw=gates,
    mistakes=(
        Mistake(lambda c, i, f, g, o: shown(f * c + g, o), "The input gate is missing: i · g is written."),
        Mistake(lambda c, i, f, g, o: shown(c + i * g, o), "The forget gate is missing: f · c is kept."),
        Mistake(lambda c, i, f, g, o: (f * c + i * g, o * (f * c + i * g)), "h shows tanh of the cell state, not c."),
        Mistake(lambda c, i, f, g, o: shown(f * c + i * g, 1), "The output gate is missing: h is o · tanh(c)."),
        Mistake(lambda c, i, f, g, o: (f * c + i * g, o * np.tanh(c)), "h shows the new cell state, not the old one."),
        Mistake(lambda c, i, f, g, o: shown(i * c + f * g, o), "Two gates are exchanged: f keeps the old, i writes."),
        Mistake(
            lambda c, i, f, g, o: shown(f * c + (1 - f) * g, o),
            "1 − f in place of i is how a GRU does it: an LSTM has an input gate of its own.",
        ),
        Mistake(
            lambda c, i, f, g, o: (np.tanh(f * c + i * g), o * np.tanh(f * c + i * g)),
            "No tanh stands on the road: the new c is f · c + i · g as it is.",
        ),
        Mistake(lambda c, i, f, g, o: lstm_step(c, i, f, g, o)[::-1], "The pair is turned: first c, then h."),
        Mistake(lambda c, i, f, g, o: lstm_step(c, i, f, g, o)[1], "Both are asked for: c goes on to the next step."),
    ),
)


def road(fs):
    return float(np.prod(fs))


ROAD = Exercise(
    name="road",
    task="road(fs) is given the forget gates of all steps, and returns ∂c_T/∂c_0 along the road, a number.",
    reference=road,
    simple=((np.array([0.5]),), (np.array([0.5, 0.5]),), (np.array([1.0, 0.0, 1.0]),), (np.array([]),)),
    draw=lambda rng: (rng.uniform(0.3, 1, int(rng.integers(1, 6))),),
    mistakes=(
        Mistake(lambda fs: float(np.sum(fs)), "The chain rule multiplies along a way: it adds only over several ways."),
        Mistake(
            lambda fs: float(np.mean(fs)) ** len(fs) if len(fs) else 1.0, "The gates differ: the mean does not do."
        ),
        Mistake(lambda fs: float(fs[-1]) if len(fs) else 1.0, "Every step has its factor, not the last alone."),
        Mistake(lambda fs: float(np.prod(1 - fs)), "1 − f is what is forgotten: what is kept is f."),
        Mistake(
            lambda fs: float(np.prod(fs * (1 - fs))),
            "f multiplies c as it is: no slope of a sigmoid stands on the road.",
        ),
        Mistake(lambda fs: float(np.prod(fs[1:])), "The first step has its factor too: the road begins at c_0."),
    ),
)

EXERCISES = (STEP, ROAD)
