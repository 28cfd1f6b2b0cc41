"""The loops of both modes: a use lost, overwritten, written into what was borrowed, taken out of order."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import bent, into, replaced, together
from tinygrad_rnn.autodiff import backprop, forward, returned, reverse
from tinygrad_rnn.autodiff.accumulate import Cotangents, Shortcuts
from tinygrad_rnn.engine.node import ancestors
from tinygrad_rnn.engine.tensor import from_array
from tinygrad_rnn.ops.indexing import _add_at
from tinygrad_rnn.ops.shape import sum_to

PRODUCTS = "programs matmul tanh add"  # in which a matrix is used more than once
_add = Cotangents.add
_buffer = Shortcuts.buffer


def _fitted(self, node, g):
    """The cotangent in its node's shape and dtype, as it is when it arrives alone."""
    alone = Cotangents(self.record)
    _add(alone, node, g)
    return alone.sums[node]


def _overwrites(self, node, g, *by):
    self.sums[node] = _fitted(self, node, g)


def _keeps_the_first(self, node, g, *by):
    self.sums.setdefault(node, _fitted(self, node, g))


def _loses_the_third(self, node, g, *by):
    if node not in self.owned:
        _add(self, node, g, *by)


def _averages(self, node, g, *by):
    g = _fitted(self, node, g)
    self.sums[node] = (self.sums[node] + g) / 2 if node in self.sums else g


def _adds_to_the_borrowed(self, node, g, *by):
    if node in self.sums and isinstance(self.sums[node], np.ndarray) and not self.record:
        self.sums[node][...] += _fitted(self, node, g)
    else:
        _add(self, node, g, *by)


def _in_float32(self, node, g, *by):
    _add(self, node, g if self.record else np.asarray(g, dtype=np.float32).astype(node.dtype), *by)


def _leaves_float32(self, node, g, *by):
    _add(self, node, g, *by)
    if not self.record:
        self.sums[node] = np.asarray(self.sums[node], dtype=np.float32)


def _overwrites_when_recorded(self, node, g, *by):
    if self.record:
        self.sums[node] = _fitted(self, node, g)
    else:
        _add(self, node, g, *by)


def _in_float32_when_recorded(self, node, g, *by):
    _add(self, node, g.astype(np.float32).astype(np.float64) if self.record else g, *by)


def _forgets_the_sum(self, node):
    self.sums[node] = np.zeros(node.shape, node.dtype)
    return self.sums[node]


def _buffer_of_others(self, node):
    start = self.sums.get(node)
    borrowed = isinstance(start, np.ndarray) and start.flags.writeable
    return start if borrowed else _buffer(self, node)


def _flushes_the_last(self, node):
    rule, gys, args = self.waiting.pop(node)
    self.add(node, rule(gys[-1:], args[-1:]))


def _flushes_all_but_one(self, node):
    rule, gys, args = self.waiting.pop(node)
    some = max(len(gys) - 1, 1)
    self.add(node, rule(gys[:some], args[:some]))


def _waits_for_ever(self, node):
    if node in self.waiting and node not in self.sums:
        self.flush(node)
    return self.sums.pop(node, None)


def _mixes_rules(self, node, rule, gy, args):
    kept = self.waiting.setdefault(node, (rule, [], []))
    kept[1].append(gy)
    kept[2].append(args)


def _first_row(x, shape):
    y = x[(0,) * (x.ndim - len(shape))]
    return y[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


def _mean_to(x, shape):
    total = sum_to(x, shape)
    return total * (total.size / max(x.size, 1))


def _sum_last(x, shape):
    """The trailing axes summed where the sizes allow it."""
    extra = x.ndim - len(shape)
    if extra and x.shape[: len(shape)] == shape:
        return x.sum(axis=tuple(range(len(shape), x.ndim)))
    return sum_to(x, shape)


def _only_leading(x, shape):
    """Stretched axes are cut, not summed."""
    y = x.sum(axis=tuple(range(x.ndim - len(shape)))) if x.ndim > len(shape) else x
    return y[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


def _breadth_first(outputs, **options):
    """Every node once, nearest to the outputs first: not yet an order in which all uses come before a value."""
    found = set(ancestors(outputs, **options))
    order, waiting, seen = [], list(outputs), set()
    while waiting:
        node = waiting.pop(0)
        if node in found and node not in seen:
            seen.add(node)
            order.append(node)
            waiting += [parent for parent in node.inputs if parent is not None]
    return order


def _only_parents(wanted, order):
    return wanted | {node for node in order if any(parent in wanted for parent in node.inputs)}


def _uncopied(ys, gys, xs, record, right=reverse._backprop_tensors):
    if record:
        return right(ys, gys, xs, record)
    reached = [(y, g) for y, g in zip(ys, gys, strict=True) if y.requires_grad]
    found = backprop.backprop([y.node for y, _ in reached], [g._array for _, g in reached], [x.node for x in xs])
    return [from_array(np.asarray(found.get(x.node, np.zeros(x.shape, x.dtype))), None) for x in xs]


def _into_overwrites(gx, gy, *, index):
    if isinstance(index, tuple | int | slice):
        gx[index] = gy
    else:
        _add_at(gx, index, gy)


def _product_reversed(gys, args):
    return np.concatenate([a for a, _ in args]).T @ np.concatenate(gys[::-1])


def _product_mean(gys, args):
    return np.concatenate([a for a, _ in args]).T @ np.concatenate(gys) / len(gys)


BUGS = {
    "a second use": {
        "the second cotangent overwrites the first": replaced(Cotangents, "add", _overwrites),
        "only the first cotangent stays": replaced(Cotangents, "add", _keeps_the_first),
        "the third is lost": replaced(Cotangents, "add", _loses_the_third),
        "averaged, not added": replaced(Cotangents, "add", _averages),
        "added into a borrowed array": replaced(Cotangents, "add", _adds_to_the_borrowed).seen_in(
            "programs add subtract tanh"
        ),
        "recorded: the second overwrites the first": replaced(Cotangents, "add", _overwrites_when_recorded),
        "into: the buffer forgets what came before": replaced(Shortcuts, "buffer", _forgets_the_sum),
        "into: the buffer is somebody else's": replaced(Shortcuts, "buffer", _buffer_of_others).seen_in(
            "programs add getitem"
        ),
        "into: a basic index overwrites": into("getitem", _into_overwrites).seen_in("programs"),
        "together: only the last use": replaced(Shortcuts, "flush", _flushes_the_last).seen_in(PRODUCTS),
        "together: the last use is left out": replaced(Shortcuts, "flush", _flushes_all_but_one).seen_in(PRODUCTS),
        "together: left waiting when another use came": replaced(Shortcuts, "pop", _waits_for_ever).seen_in(PRODUCTS),
        "together: by the rule of the first use": replaced(Shortcuts, "defer", _mixes_rules).seen_in(
            "programs matmul inner tanh add"
        ),
        "together: inputs and cotangents in other orders": together("matmul", _product_reversed).seen_in(PRODUCTS),
        "together: the mean of the uses": together("matmul", _product_mean).seen_in(PRODUCTS),
        "the same operand twice: one use": bent(
            "add", lambda right, gy, y, a, b: right(gy, y, a, b) * (0 if a is b else 1)
        ).seen_in("programs add tanh sum"),
    },
    "broadcasting": {
        "the first row for the sum": replaced(returned, "sum_to", _first_row),
        "the mean for the sum": replaced(returned, "sum_to", _mean_to),
        "summed over the last axes": replaced(returned, "sum_to", _sum_last),
        "stretched axes cut": replaced(returned, "sum_to", _only_leading),
        "tangents not stretched": replaced(
            forward, "broadcast_to", lambda dy, shape: dy + np.zeros(shape) * 1.0 if dy.ndim == len(shape) else dy * 1.0
        ),
        "multiply: sums the batch itself": bent(
            "multiply", lambda right, gy, y, a, b: (gy * b)[:1] if gy.ndim > a.ndim else gy * b
        ),
        "broadcast_to: the mean": bent(
            "broadcast_to", lambda right, gy, y, x, shape: right(gy, y, x, shape=shape) * (x.size / max(gy.size, 1))
        ),
    },
    "order of nodes": {
        "cotangents breadth first": replaced(backprop, "ancestors", _breadth_first),
        "tangents breadth first": replaced(forward, "ancestors", _breadth_first),
        "only the parents lead to an input": replaced(backprop, "_leading_to", _only_parents),
    },
    "memory of the engine": {
        "gradients handed out without a copy": replaced(reverse, "_backprop_tensors", _uncopied),
        "cotangents through float32": replaced(Cotangents, "add", _in_float32),
        "cotangents left in float32": replaced(Cotangents, "add", _leaves_float32),
        "recorded cotangents through float32": replaced(Cotangents, "add", _in_float32_when_recorded),
        "the gradient cast to float32": replaced(
            returned, "astype", lambda x, dtype: tg.add(x, 0.0).astype(np.float16).astype(dtype)
        ),
    },
}
