"""Batches: a data set of sequences as padded batches, shuffled, sorted so that little is padded, and resumable.

items of unequal lengths → shuffled → sorted by length, a window at a time → cut into batches → shuffled → padded
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.data.padding import pad_sequences
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.errors import (
    CheckpointError,
    DataError,
    OptionError,
    check_flags,
    check_number,
    check_sequence,
    check_type,
    is_number,
)
from tinygrad_rnn.nn.options import Keywords, Rng, generator

__all__ = ["Batches", "bucketed", "collated"]


class Batches(Keywords):
    """A data set in batches of B items, every item once in each epoch.

    An item is a sequence, or a tuple or dict of sequences and single numbers. Of a batch each sequence is a pair
    (values (T, B, …), lengths (B,)), and each single number an array (B,), in the same tuple or dict:

        sequences              for x, lengths in batches: …
        (ids, label)           for (x, lengths), labels in batches: …
        (source, target)       for (x, lengths), (y, y_lengths) in batches: …

    Each `for` goes through one epoch from its start, in an order of its own; only the first after `load_state_dict`
    goes on where the saved one stood, so that a run that was stopped is one that was not:

        while batches.epoch < epochs:
            for x, lengths in batches: …       save batches.state_dict() here at any time

    Args:
        data: anything with `len(data)` and `data[i]`, i = 0, 1, …: a list, an array, a data set of your own.
        batch: B; one batch of an epoch may have fewer items.
        shuffle: False keeps the order of the data.
        rng: a seed or Generator, from which each epoch draws its order.
        window: when shuffled, how many batches are sorted by length together; at 1 nothing but chance decides what
            stands in a batch. More is less padding, and less chance.
        lengths: of the items, where reading all of them once to find out would take long.
        padding_value, batch_first: see `pad_sequences`.
        drop_last: leave out what does not fill a batch.
        collate: makes a batch of a list of items, in place of all this.
    Attributes:
        epoch, step: epochs finished, and batches handed out of the present one.
    Raises:
        DataError: there is no data. OptionError: an option out of range.

    >>> batches = Batches([[1, 2, 3], [4], [5, 6]], batch=2, shuffle=False)
    >>> for x, lengths in batches:
    ...     print(x.tolist(), lengths.tolist())
    [[1, 4], [2, 0], [3, 0]] [3, 1]
    [[5], [6]] [2]
    >>> batches
    Batches(3 items by 2, epoch 1, step 0)
    """

    def __init__(
        self,
        data: Any,
        batch: int,
        *,
        shuffle: bool = True,
        rng: Rng = None,
        window: int = 16,
        lengths: Sequence[int] | None = None,
        padding_value: float = 0,
        batch_first: bool = False,
        drop_last: bool = False,
        collate: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        if not (hasattr(data, "__len__") and hasattr(data, "__getitem__")) or isinstance(data, Mapping | str | type):
            raise _no_data_set(data)
        try:
            self.items = len(data)
        except TypeError:  # an array without axes
            raise _no_data_set(data) from None
        check_number("Batches", "batch", batch, whole=True, least=1)
        check_flags("Batches", shuffle=shuffle, batch_first=batch_first, drop_last=drop_last)
        check_number("Batches", "window", window, whole=True, least=1)
        check_type("Batches", "collate", collate, Callable | None, "a function of a list of items, or None")
        if self.items // (batch if drop_last else 1) == 0:
            raise DataError(f"Batches: {self.items or 'no'} items", expected=f"at least {batch if drop_last else 1}")
        if lengths is not None:
            check_sequence("Batches", "the lengths", lengths)
            lengths = list(lengths)
            if len(lengths) != self.items or not all(is_number(n, whole=True) and n >= 0 for n in lengths):
                raise OptionError(f"Batches: the lengths do not fit {self.items} items", expected="one for each",
                                  got=f"{len(lengths)}: {lengths!r:.60}")  # fmt: skip
        self.data, self.batch, self.shuffle, self.window, self.drop_last = data, batch, shuffle, window, drop_last
        self.rng = generator("Batches", rng)
        self.collate = collate or (lambda items: collated(items, padding_value, batch_first))
        pad_sequences([[0.0]], padding_value=padding_value)
        self.epoch = self.step = 0
        self._sizes: Sequence[Any] | None = lengths
        self._seed: int | None = None  # of the present epoch's order
        self._goes_on = False

    def __repr__(self) -> str:
        return f"Batches({self.items:,} items by {self.batch}, epoch {self.epoch}, step {self.step})"

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.items // self.batch if self.drop_last else -(-self.items // self.batch)

    def __iter__(self) -> Iterator[Any]:
        if not self._goes_on:
            self.step, self._seed = 0, int(self.rng.integers(2**63)) if self.shuffle else 0
        self._goes_on = False
        for rows in self._order()[self.step :]:
            self.step += 1
            yield self.collate([self.data[i] for i in rows])
        self.epoch, self.step, self._seed = self.epoch + 1, 0, None

    def _order(self) -> list[list[int]]:
        """Which items stand in which batch of the present epoch: a function of its seed."""
        if self.shuffle:
            if self._sizes is None:
                self._sizes = [[] if self.window == 1 else sizes(self.data[i]) for i in range(self.items)]
            order = list(bucketed(self._sizes, self.batch, np.random.default_rng(self._seed), self.window))
        else:
            order = [list(range(self.items))[k : k + self.batch] for k in range(0, self.items, self.batch)]
        return [rows for rows in order if len(rows) == self.batch] if self.drop_last else order

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, as JSON holds it."""
        return {"items": self.items, "batch": self.batch, "epoch": self.epoch, "step": self.step, "seed": self._seed,
                "rng": self.rng.bit_generator.state}  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Stand where `state_dict` was taken; the data has to be the same.

        Raises:
            CheckpointError: it is of other data, or not one of these; nothing is changed then.
        """
        check_type("Batches", "state", state, Mapping, "a mapping of names to numbers")
        values: list[Any] = [state.get(name) for name in ("items", "batch", "epoch", "step", "seed")]
        items, batch, epoch, step, seed = values
        counts = values if seed is not None else values[:4]
        right = all(is_number(n, whole=True) and n >= 0 for n in counts)
        right = right and (items, batch) == (self.items, self.batch) and step <= len(self)
        before = self.rng.bit_generator.state
        try:
            if not right:
                raise ValueError(f"items={items}, batch={batch}, epoch={epoch}, step={step}, seed={seed}")
            self.rng.bit_generator.state = state["rng"]
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            self.rng.bit_generator.state = before
            raise CheckpointError(
                "Batches: the saved state does not fit this data",
                expected=f"that of {self.items} items in batches of {self.batch}", got=f"{error!s:.160}",
            ) from None  # fmt: skip
        self.epoch, self.step, self._seed = epoch, step, seed
        self._goes_on = seed is not None


def _no_data_set(data: Any) -> OptionError:
    return OptionError(f"Batches: data={data!r:.60} is not a data set",
                       expected="len(data) and data[0], data[1], …", got=type(data).__name__)  # fmt: skip


def bucketed(sizes: Sequence[Any], batch: int, rng: np.random.Generator, window: int = 16) -> Iterator[list[int]]:
    """Every item once, in batches of items of about one size, so that little is padded.

    Args:
        sizes: of the items; anything that can be sorted.
        window: batches that are sorted together; their order is random again.
    """
    order = rng.permutation(len(sizes)).tolist()
    for k in range(0, len(order), batch * window):
        near = sorted(order[k : k + batch * window], key=sizes.__getitem__)
        cuts = [near[j : j + batch] for j in range(0, len(near), batch)]
        for j in rng.permutation(len(cuts)):
            yield cuts[j]


def sizes(item: Any) -> list[int]:
    """The lengths of an item's sequences, in the order in which it has them.

    >>> sizes(([1, 2, 3], 7, {"tags": [4]}))
    [3, 1]
    """
    if isinstance(item, tuple | dict):
        parts = item.values() if isinstance(item, dict) else item
        return [size for part in parts for size in sizes(part)]
    return [len(item)] if np.ndim(item) else []


def collated(items: Sequence[Any], padding_value: float = 0, batch_first: bool = False) -> Any:
    """Items as a batch: of each sequence (values, lengths), of each number an array (B,).

    Raises:
        DataError: they are not alike. ShapeError, DTypeError: as of `pad_sequences`.

    >>> collated([([1, 2], 0), ([3], 1)])[1].tolist()
    [0, 1]
    """
    first = items[0]
    if isinstance(first, tuple | dict):
        alike = set(first) if isinstance(first, dict) else len(first)
        for item in items:
            if type(item) is not type(first) or (set(item) if isinstance(item, dict) else len(item)) != alike:
                raise DataError("Batches: the items are not alike", expected=f"as the first, {first!r:.60}",
                                got=f"{item!r:.60}")  # fmt: skip
    if isinstance(first, dict):
        return {key: collated([item[key] for item in items], padding_value, batch_first) for key in first}
    if isinstance(first, tuple):
        made = [collated(column, padding_value, batch_first) for column in zip(*items, strict=True)]
        return type(first)(*made) if hasattr(first, "_fields") else tuple(made)
    arrays = [np.asarray(as_array(item)) for item in items]
    if all(a.ndim == 0 for a in arrays):
        return np.array([a[()] for a in arrays])
    return pad_sequences(arrays, padding_value=padding_value, batch_first=batch_first)
