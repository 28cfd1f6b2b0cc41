"""A run replayed in NumPy, to hold a page against: each op written anew, each derivative by complex step.

values of every node                      forward, op by op
term of a use = ∂L/∂(the value as used)   Im L(value + ih at that use alone) / h, number by number
sums                                      terms added from the newest use to the oldest

Nothing of the engine is run: only what was recorded is read, which op was called on what.
"""

import numpy as np

from tinygrad_rnn.engine.node import ancestors

STEP = 1e-30


def _logsumexp(x, axis):
    top = x.real.max(axis=axis, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top


OPS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda x: -x,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "matmul": lambda a, b: a @ b,
    "inner": lambda a, b: a @ b.T,
    "getitem": lambda x, *, index: x[index],
    "take": lambda x, indices, *, axis: np.take(x, indices, axis=axis),
    "take_along_axis": lambda x, indices, *, axis: np.take_along_axis(x, indices, axis=axis),
    "stack": lambda *xs, axis: np.stack(xs, axis=axis),
    "squeeze": lambda x, *, axis: np.squeeze(x, axis=axis),
    "log_softmax": lambda x, *, axis: x - _logsumexp(x, axis),
    "sum": lambda x, *, axis, keepdims: x.sum(axis=axis, keepdims=keepdims),
    "mean": lambda x, *, axis, keepdims: x.mean(axis=axis, keepdims=keepdims),
}


class Replayed:
    """What a page has to show of a loss.

    Attributes:
        values: of every node, by its id.
        sums: of every node the partial sums of its gradient, in the order in which the terms arrive.
    """

    def __init__(self, loss):
        self.nodes = ancestors([loss.node])[::-1]
        self.ids = {node: id for id, node in enumerate(self.nodes)}
        self.values = self._run()
        self.uses = [
            [(user, k) for user in reversed(self.nodes) for k, used in enumerate(user.inputs) if used is node]
            for node in self.nodes
        ]
        self.terms = {
            (id, self.ids[user], k): self._term(id, user, k)
            for id, uses in enumerate(self.uses)
            for user, k in uses
            if self.nodes[id].requires_grad
        }
        self.sums = [
            list(np.cumsum([self.terms[id, self.ids[user], k] for user, k in uses], axis=0))
            if node.requires_grad
            else []
            for (id, uses), node in zip(enumerate(self.uses), self.nodes, strict=True)
        ]

    def _run(self, changed=None, by=None):
        found = []
        for node in self.nodes:
            if node.op is None:
                found.append(np.asarray(node.value))
                continue
            args = [given if used is None else found[self.ids[used]]
                    for given, used in zip(node.args, node.inputs, strict=True)]  # fmt: skip
            if changed is not None and changed[0] is node:
                args[changed[1]] = args[changed[1]] + by
            found.append(OPS[node.op.name](*args, **node.static))
        return found

    def _term(self, id, user, k):
        value = self.values[id]
        term = np.zeros(value.shape)
        for at in np.ndindex(value.shape):
            by = np.zeros(value.shape, complex)
            by[at] = STEP * 1j
            term[at] = self._run((user, k), by)[-1].imag / STEP
        return term
