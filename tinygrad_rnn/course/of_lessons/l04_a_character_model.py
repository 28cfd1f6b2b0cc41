"""The loss of a character, its slope, and temperature."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def cross_entropy(z, k):
    return np.log(np.exp(z - z.max()).sum()) + z.max() - z[k]


LOSS = Exercise(
    name="cross_entropy",
    task="cross_entropy(z, k) is given an array of logits z and the number k of the class that came, from 0 on, and "
    "returns −log p_k, where p is softmax of z. Logits may be as large as 1,000.",
    reference=cross_entropy,
    simple=(
        (np.array([2.0, 1.0, 0.0]), 0),
        (np.array([2.0, 1.0, 0.0]), 2),
        (np.array([5.0, 5.0]), 1),
        (np.array([1000.0, 0.0, 998.0]), 2),
    ),
    draw=lambda rng: (rng.normal(0, 2, 4), int(rng.integers(4))),
    mistakes=(
        Mistake(
            lambda z, k: -np.log(np.exp(z)[k] / np.exp(z).sum()),
            "exp(1000) is larger than any number that a computer has: take the largest logit off all of them first.",
        ),
        Mistake(lambda z, k: softmax(z)[k], "That is the probability itself: the loss is minus its logarithm."),
        Mistake(lambda z, k: -(cross_entropy(z, k)), "The sign is wrong: a loss is large where the answer is wrong."),
        Mistake(lambda z, k: cross_entropy(z, k) / np.log(2), "That is in bits: take the natural logarithm."),
        Mistake(lambda z, k: -z[k], "Softmax is missing: logits are no probabilities before it."),
        Mistake(
            lambda z, k: sum(cross_entropy(z, j) for j in range(len(z))) / len(z),
            "Only the class that came counts: look at p_k alone.",
        ),
        Mistake(
            lambda z, k: 1 - softmax(z)[k], "1 − p is not −log p: they are near each other only where p is near 1."
        ),
    ),
)


def slope(z, k):
    p = softmax(z)
    p[k] -= 1
    return p


SLOPE = Exercise(
    name="slope",
    task="slope(z, k) is given the same, and returns the gradient of that loss with respect to z, an array like z.",
    reference=slope,
    simple=((np.array([2.0, 1.0, 0.0]), 0), (np.array([0.0, 0.0]), 1), (np.array([1.0, -1.0, 3.0]), 1)),
    draw=lambda rng: (rng.normal(0, 2, 4), int(rng.integers(4))),
    mistakes=(
        Mistake(lambda z, k: softmax(z), "At k the 1 is missing: the gradient there is p_k − 1."),
        Mistake(
            lambda z, k: -slope(z, k), "The sign is turned: raising the logit of what came makes the loss smaller."
        ),
        Mistake(
            lambda z, k: np.eye(len(z))[k] * slope(z, k), "The others have a gradient too: each is pushed down by p_j."
        ),
        Mistake(lambda z, k: slope(z, k) / len(z), "There is no mean over the classes here: do not divide by V."),
        Mistake(lambda z, k: z - np.eye(len(z))[k], "Softmax is missing: it is p_k − 1, not z_k − 1."),
    ),
)


def temper(z, tau):
    return softmax(z / tau)


TEMPER = Exercise(
    name="temper",
    task="temper(z, tau) is given an array of logits z and a temperature tau > 0, and returns the probabilities of all "
    "classes.",
    reference=temper,
    simple=((np.array([2.0, 1.0, 0.0]), 1.0), (np.array([2.0, 1.0, 0.0]), 0.5), (np.array([2.0, 1.0, 0.0]), 4.0)),
    draw=lambda rng: (rng.normal(0, 2, 4), float(rng.uniform(0.2, 3))),
    mistakes=(
        Mistake(lambda z, tau: softmax(z * tau), "The logits are divided by the temperature, not multiplied with it."),
        Mistake(
            lambda z, tau: softmax(z) / tau, "Divide the logits, before softmax: probabilities have to add up to 1."
        ),
        Mistake(lambda z, tau: softmax(z), "The temperature is not used."),
        Mistake(lambda z, tau: np.exp(z / tau), "They do not add up to 1: divide by their sum."),
    ),
)

EXERCISES = (LOSS, SLOPE, TEMPER)
