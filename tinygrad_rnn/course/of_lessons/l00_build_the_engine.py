"""The slopes of a product of matrices, and a value that is used three times."""

import numpy as np

from tinygrad_rnn.course.exercise import Exercise, Mistake


def slope_of_matmul(A, B, G):
    return G @ B.T, A.T @ G


def matrices(rng):
    n, m, k = rng.integers(2, 5, 3)
    return rng.normal(size=(n, m)), rng.normal(size=(m, k)), rng.normal(size=(n, k))


TWO = np.array([[1.0, 2.0], [3.0, 4.0]])
MATMUL = Exercise(
    name="slope_of_matmul",
    task="slope_of_matmul(A, B, G) is given matrices A and B and the gradient G of their product A @ B, and returns "
    "the gradients of A and of B, as a pair.",
    reference=slope_of_matmul,
    simple=(
        (TWO, np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])),
        (TWO, np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])),
    ),
    draw=matrices,
    mistakes=(
        Mistake(lambda A, B, G: (A.T @ G, G @ B.T), "The two are in the wrong order: first that of A, then that of B."),
        Mistake(
            lambda A, B, G: (G @ B, A @ G), "The transposes are missing: G @ B.T and A.T @ G have the right shapes."
        ),
        Mistake(lambda A, B, G: (B, A), "Those are slopes of a product of two numbers; and G has to come in."),
        Mistake(lambda A, B, G: (G @ B.T, G.T @ A), "The gradient of B lies on its side: it must have the shape of B."),
        Mistake(
            lambda A, B, G: ((G @ B.T).T, A.T @ G), "The gradient of A lies on its side: it must have the shape of A."
        ),
        Mistake(
            lambda A, B, G: (0 * G @ B.T + B.sum(1), A.T @ (0 * G + 1)), "G is not used: the chain rule begins there."
        ),
        Mistake(lambda A, B, G: G @ B.T, "Both gradients are asked for, as a pair."),
    ),
)


def gradient_of_a(a, b):
    return 2 * a * b + 2 * a


USES = Exercise(
    name="gradient_of_a",
    task="gradient_of_a(a, b) is given two numbers, and returns ∂y/∂a for y = (a · b + a) · a.",
    reference=gradient_of_a,
    simple=((3.0, 2.0), (1.0, 0.0), (0.0, 5.0), (-1.0, 2.0)),
    draw=lambda rng: (float(rng.normal()), float(rng.normal())),
    mistakes=(
        Mistake(
            lambda a, b: a * b + a, "That is the term of the last factor alone: a stands inside the bracket as well."
        ),
        Mistake(lambda a, b: a * b + a + b + 1, "The bracket's own slope, b + 1, has to be multiplied by the last a."),
        Mistake(lambda a, b: b + 1, "That is the slope of the bracket; the product has two factors that hold a."),
        Mistake(lambda a, b: 2 * a * b, "The term of the a that is added in the bracket is missing."),
        Mistake(lambda a, b: (a * b + a) * a, "That is y itself, and not its slope."),
        Mistake(lambda a, b: a * a, "That is the slope with respect to b."),
    ),
)

EXERCISES = (MATMUL, USES)
