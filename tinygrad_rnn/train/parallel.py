"""DataParallel: one model on several processes, each with some rows of every batch, by MPI.

rows of a batch ─┬─ rank 0: loss, gradient ─┐
                 └─ rank 1: loss, gradient ─┴─ Allreduce → the gradient of all rows → the same step on every rank

What every rank starts with is the same, and so is every step: the weights stay equal, to the bit.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.arrays import joined, parted
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.errors import DataError, GraphError, OptionError, check_number

__all__ = ["DataParallel", "world"]

LAUNCHED = ("PMI_SIZE", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE")  # what MPICH and Open MPI tell a process that they start


class DataParallel:
    """The processes that `mpiexec -n N` started, as ranks 0 … N − 1.

    Args:
        comm: an mpi4py communicator; all processes when None.
    Attributes:
        rank, size: which this process is, and how many there are.
    Raises:
        DataError: mpi4py is not installed. OptionError: comm is no communicator.

    In a loop of one's own, after `rows = parallel.rows(B)`, on every rank alike:

        loss = loss_of(x[:, rows], y[:, rows])           the mean over this rank's rows
        optimizer.zero_grad()
        loss.backward()
        share = (rows.stop - rows.start) / B
        parallel.add_gradients(optimizer.params, share)  the gradient of the mean over all rows
        optimizer.step()
    """

    def __init__(self, comm: Any = None) -> None:
        if comm is not None and not hasattr(comm, "Allreduce"):
            raise OptionError(f"DataParallel: comm={comm!r:.60} is no communicator", expected="one of mpi4py, or None")
        self.comm = _mpi().COMM_WORLD if comm is None else comm
        self.rank, self.size = int(self.comm.Get_rank()), int(self.comm.Get_size())

    def __repr__(self) -> str:
        return f"DataParallel(rank {self.rank} of {self.size})"

    def rows(self, count: int) -> slice:
        """This rank's rows of a batch of so many: the first ranks have one more where they do not divide.

        Raises:
            OptionError: fewer rows than ranks.
        """
        check_number("DataParallel", "rows", count, whole=True, least=1)
        if count < self.size:
            raise OptionError(f"DataParallel: a batch of {count} rows for {self.size} ranks", expected="a row for each",
                              help="a larger batch, or fewer processes")  # fmt: skip
        each, more = divmod(count, self.size)
        start = self.rank * each + min(self.rank, more)
        return slice(start, start + each + (self.rank < more))

    def sum(self, value: float) -> float:
        """Σ value over the ranks."""
        total = np.array([value])
        self.comm.Allreduce(_mpi().IN_PLACE, total)
        return float(total[0])

    def any(self, flag: bool) -> bool:
        """Whether one of the ranks says so; all ranks get the same answer."""
        return self.sum(float(flag)) > 0

    def add_gradients(self, parameters: Iterable[Tensor], share: float) -> None:
        """Make each gradient Σ share · gradient over the ranks.

        Args:
            share: this rank's part of the rows; over the ranks they add up to 1 where losses are means over rows.
        """
        owners = [(p, p.grad) for p in parameters if p.grad is not None]
        for dtype in dict.fromkeys(g.dtype for _, g in owners):
            those = [(p, g) for p, g in owners if g.dtype == dtype]
            arrays = [g._array for _, g in those]
            whole = joined(arrays)
            flat = (np.concatenate([a.ravel() for a in arrays]) if whole is None else whole) * dtype.type(share)
            self.comm.Allreduce(_mpi().IN_PLACE, flat)
            for (p, _), part in zip(those, parted(flat, [p.shape for p, _ in those]), strict=True):
                p.grad = from_array(part, None)

    def gathered(self, part: Array, axis: int) -> Array:
        """All ranks' parts one after another, on every rank."""
        return np.concatenate(self.comm.allgather(part), axis)

    def check_same(self, parameters: Iterable[Tensor]) -> None:
        """Raise GraphError unless the parameters are the same on every rank."""
        mine = hashlib.sha256(b"".join(p._array.tobytes() for p in parameters)).hexdigest()
        if len(set(self.comm.allgather(mine))) > 1:
            raise GraphError(
                "DataParallel: the parameters are not the same on every rank",
                expected="the same seed and the same weights everywhere",
            )


def world() -> DataParallel | None:
    """All processes, where `mpiexec` started several; None where this is the only one.

    Raises:
        DataError: there are several, and mpi4py is not installed.
    """
    if not any(name in os.environ for name in LAUNCHED):
        return None
    found = DataParallel()
    return found if found.size > 1 else None


def _mpi() -> Any:
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise DataError("mpi4py is needed for several processes", got=str(error),
                        help="pip install 'tinygrad-rnn[mpi]'") from None  # fmt: skip
    return MPI
