"""Truncated backprop through time: a long text as chunks, the state carried from one to the next and detached.

row 0   t h e _ q | u i c k _ | b r o …      chunk k + 1 continues each row where chunk k stopped;
row 1   _ o v e r | _ t h e _ | l a z …      the targets are the same rows, one character on
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import DataError, check_number

__all__ = ["chunks", "detach_state", "stream_batches"]


def stream_batches(ids: Array, batch: int, bptt: int) -> Iterator[tuple[Array, Array]]:
    """Cut a sequence into `batch` contiguous rows and yield them `bptt` steps at a time.

    Args:
        ids: (N,). Up to batch − 1 ids at the end, which do not fill a whole column, are left out.
        batch: B, rows read side by side.
        bptt: T, steps per chunk; the last chunk is shorter where they do not divide.
    Yields:
        (x, y), each (T, B): y[t] is the id after x[t]. Row i continues row i of the chunk before.
    Raises:
        DataError: too few ids for one step of every row. OptionError: batch or bptt below 1.

    >>> import numpy as np
    >>> [(x[:, 0].tolist(), y[:, 0].tolist()) for x, y in stream_batches(np.arange(11), 2, 3)]
    [([0, 1, 2], [1, 2, 3]), ([3, 4], [4, 5])]
    """
    xs, ys = rows(ids, batch, bptt)
    return ((xs[k : k + bptt], ys[k : k + bptt]) for k in range(0, len(xs), bptt))


def rows(ids: Array, batch: int, bptt: int) -> tuple[Array, Array]:
    """Inputs and targets of every chunk, end to end: (steps, B) each."""
    check_number("stream_batches", "batch", batch, whole=True, least=1)
    check_number("stream_batches", "bptt", bptt, whole=True, least=1)
    check_ids("stream_batches", ids)
    steps = (len(ids) - 1) // batch
    if steps < 1:
        raise DataError(
            f"the text is shorter than a batch: {len(ids)} characters for {batch} rows",
            expected=f"at least {batch + 1} characters",
            help="a smaller batch, or a longer text",
        )
    used = steps * batch
    return ids[:used].reshape(batch, steps).T, ids[1 : used + 1].reshape(batch, steps).T


def check_ids(owner: str, ids: object) -> None:
    """Raise DataError unless they are a plain array (N,) of integers."""
    if isinstance(ids, np.ndarray):
        as_plain(ids, owner, kinds="biufcOSUMmV")
    if not (isinstance(ids, np.ndarray | Tensor) and ids.ndim == 1 and ids.dtype.kind in "iu"):
        raise DataError(f"{owner}: the ids are not an array (N,) of integers", expected="ids as of Corpus(text)",
                        got=f"{getattr(ids, 'dtype', type(ids).__name__)} {getattr(ids, 'shape', '')}")  # fmt: skip


def chunks(ids: Array, batch: int, bptt: int) -> int:
    """How many chunks `stream_batches` yields."""
    return int(-(-len(rows(ids, batch, bptt)[0]) // bptt))


def detach_state(state: Any) -> Any:
    """The state's values, in the same nest, cut from the graph: where truncated backprop stops.

    >>> h = Tensor([1.0], requires_grad=True) * 2
    >>> detach_state((h, [h]))[1][0].requires_grad
    False
    """
    leaves, build = flatten(state)
    return build([leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves])
