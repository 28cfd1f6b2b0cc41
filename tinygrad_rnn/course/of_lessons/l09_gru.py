"""The mixture that is a GRU's new state, and how many numbers each kind of layer learns."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def gru_mix(h, n, z):
    return (1 - z) * n + z * h


MIX = Exercise(
    name="gru_mix",
    task="gru_mix(h, n, z) is given the old state, the candidate n and the gate z, and returns the new state.",
    reference=gru_mix,
    simple=(
        (np.array([0.8]), np.array([-0.4]), np.array([0.75])),
        (np.array([0.8]), np.array([-0.4]), np.array([1.0])),
        (np.array([0.2, -0.6]), np.array([0.5, 0.0]), np.array([0.0, 0.25])),
    ),
    draw=lambda rng: (rng.uniform(-1, 1, 3), rng.uniform(-1, 1, 3), rng.uniform(0, 1, 3)),
    mistakes=(
        Mistake(lambda h, n, z: z * n + (1 - z) * h, "The two are exchanged: z keeps the old state, 1 − z takes n."),
        Mistake(lambda h, n, z: n + z * h, "1 − z is missing before n: what is kept leaves less room for the new."),
        Mistake(lambda h, n, z: (1 - z) * n, "The old state is missing: z · h is kept."),
        Mistake(lambda h, n, z: z * h, "The new is missing: (1 − z) · n comes in."),
        Mistake(
            lambda h, n, z: np.tanh((1 - z) * n + z * h), "No tanh stands on the road: n has been through it already."
        ),
        Mistake(lambda h, n, z: (n + h) / 2, "The gate is not used: it says how much of each."),
    ),
)


def count(kind, I, H):
    return {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * (H * I + H * H + 2 * H)


COUNT = Exercise(
    name="count",
    task='count(kind, I, H) is given "RNN", "GRU" or "LSTM", the numbers of inputs and of units, and returns how many '
    "numbers a layer learns, with the two biases that torch has.",
    reference=count,
    simple=(("RNN", 1, 1), ("GRU", 1, 1), ("LSTM", 2, 3), ("RNN", 4, 16)),
    draw=lambda rng: (("RNN", "GRU", "LSTM")[rng.integers(3)], int(rng.integers(1, 9)), int(rng.integers(1, 9))),
    mistakes=(
        Mistake(
            lambda k, I, H: {"RNN": 1, "GRU": 3, "LSTM": 4}[k] * (H * I + H * H + H),
            "There are two biases of H numbers.",
        ),
        Mistake(lambda k, I, H: {"RNN": 1, "GRU": 3, "LSTM": 4}[k] * (H * I + H * H), "The two biases are missing."),
        Mistake(
            lambda k, I, H: {"RNN": 1, "GRU": 2, "LSTM": 3}[k] * (H * I + H * H + 2 * H),
            "n and g have weights as well.",
        ),
        Mistake(
            lambda k, I, H: {"RNN": 1, "GRU": 3, "LSTM": 4}[k] * (H * I + 2 * H), "W_hh is missing: H · H numbers."
        ),
        Mistake(
            lambda k, I, H: {"RNN": 1, "GRU": 3, "LSTM": 4}[k] * (I * I + H * H + 2 * H),
            "W_ih has H rows of I numbers.",
        ),
        Mistake(lambda k, I, H: H * I + H * H + 2 * H, "A GRU has that three times, and an LSTM four times."),
    ),
)

EXERCISES = (MIX, COUNT)
