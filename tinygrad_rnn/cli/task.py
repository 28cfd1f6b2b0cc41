"""tinygrad-rnn task: the classic problems, over several seeds, beside the published figures."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tinygrad_rnn.cli.options import Command, Parser, add_eager, ranged
from tinygrad_rnn.errors import CheckpointError, DataError
from tinygrad_rnn.saving.files import read_file, write_file
from tinygrad_rnn.tasks import TASKS, Job, Outcome, Task, attempts, table
from tinygrad_rnn.tasks.tables import sequences
from tinygrad_rnn.train.charmodel import KINDS
from tinygrad_rnn.train.parallel import world


def add_options(to: Parser) -> None:
    to.add_argument("name", choices=(*TASKS, "all"), metavar="NAME", help=", ".join((*TASKS, "all")))
    to.add_argument("--model", choices=KINDS, help="only with this recurrence (with each that the task is tried with)")
    to.add_argument("--seeds", type=ranged(int, least=1), default=5, metavar="N", help="seeds 0 … N − 1 (%(default)s)")
    add_eager(to)
    to.add_argument("--quick", action="store_true", help="fewer sequences before a trial is given up")
    to.add_argument(
        "--processes", type=ranged(int, least=1), default=2, metavar="N", help="trials side by side (%(default)s)"
    )
    to.add_argument(
        "--executor",
        choices=EXECUTORS,
        default="processes",
        help="who makes the trials: processes of this machine, the ranks that mpiexec started, or the workers of Dask "
        "(%(default)s)",
    )
    to.add_argument(
        "--keep", type=Path, metavar="FILE", help="write each outcome to FILE, and make only trials that are not in it"
    )
    to.add_argument("--scheduler", metavar="ADDRESS", help="of Dask, such as tcp://10.0.0.1:8786 (one on this machine)")


def run(options: argparse.Namespace) -> None:
    """Make the trials, a line as each ends, and print the table."""
    chosen = list(TASKS.values()) if options.name == "all" else [TASKS[options.name]]
    jobs = [job for one in chosen for job in jobs_of(one, options)]
    if not jobs:
        known = sorted({config.model for one in chosen for config in one.configs.values()})
        raise DataError(f"{options.name} is not tried with --model {options.model}", expected=" or ".join(known))
    if options.scheduler and options.executor != "dask":
        raise DataError("--scheduler is for --executor dask")
    with EXECUTORS[options.executor](options) as executor:
        if executor is None and options.executor == "mpi":
            return  # this rank has made trials for the first one
        began, found = time.perf_counter(), outcomes(options.keep, jobs)
        left = [job for job in jobs if job not in found]
        if found:
            print(f"{len(found)} of {len(jobs)} trials are in {options.keep}")
        try:
            for outcome in told(attempts(left, min(options.processes, max(1, len(left))), executor), len(left)):
                found[outcome.job] = outcome
                if options.keep is not None:
                    keep(options.keep, found)
        finally:  # what an interruption leaves is a table too
            done = [found[job] for job in jobs if job in found]
            print(f"\n{table(done)}\n\n{len(done)} of {len(jobs)} trials in {time.perf_counter() - began:.0f} s")


def outcomes(path: Path | None, jobs: list[Job]) -> dict[Job, Outcome]:
    """What was kept of these trials. Raises CheckpointError for a file that `keep` did not write."""
    if path is None or not path.exists():
        return {}
    known = {name_of(job): job for job in jobs}
    try:
        rows = json.loads(read_file(path, MOST))
        return {
            known[key]: Outcome(known[key], **{name: kind(row["outcome"][name]) for name, kind in FIELDS.items()})
            for row in rows
            if (key := tuple(row["job"])) in known
        }
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise CheckpointError(f"{path}: no outcomes of trials", got=f"{type(error).__name__}: {error!s:.200}") from None


def keep(path: Path, found: Mapping[Job, Outcome]) -> None:
    """Write the outcomes, the file whole at each moment."""
    rows = [
        {"job": name_of(job), "outcome": {name: kind(getattr(outcome, name)) for name, kind in FIELDS.items()}}
        for job, outcome in found.items()
    ]
    write_file(path, json.dumps(rows).encode())


def name_of(job: Job) -> tuple[Any, ...]:
    """A trial in words and numbers."""
    return job.task.name, job.config, job.seed, job.budget, job.eager


FIELDS: dict[str, Callable[[Any], Any]] = {
    "sequences": int, "solved": bool, "diverged": bool, "score": float, "largest": float, "seconds": float,
}  # fmt: skip
MOST = 2**24  # bytes of outcomes


@contextmanager
def on_ranks(options: argparse.Namespace) -> Iterator[Executor | None]:
    """The ranks after the first, as an executor; on them None, after they are needed no more."""
    try:
        from mpi4py.futures import MPICommExecutor
    except ImportError:
        raise DataError("--executor mpi: mpi4py is not here", help="pip install 'tinygrad-rnn[mpi]'") from None
    if world() is None:
        raise DataError("--executor mpi: there is one process only", help="mpiexec -n N tinygrad-rnn task …")
    with MPICommExecutor() as executor:
        found: Any = executor
        yield found


@contextmanager
def on_dask(options: argparse.Namespace) -> Iterator[Executor | None]:
    """The workers of a Dask scheduler, or of one that is started here."""
    try:
        from distributed import Client
    except ImportError:
        raise DataError("--executor dask: Dask is not here", help="pip install distributed") from None
    local = {} if options.scheduler else {"n_workers": options.processes, "threads_per_worker": 1}
    with Client(options.scheduler, **local) as client:
        yield client.get_executor()


EXECUTORS: dict[str, Callable[[argparse.Namespace], AbstractContextManager[Executor | None]]] = {
    "processes": lambda options: nullcontext(), "mpi": on_ranks, "dask": on_dask,
}  # fmt: skip


def told(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """The outcomes, with a line as each comes, and a bar where there is a terminal."""
    with tqdm(total=total, unit="trial", disable=None) as bar:
        for outcome in outcomes:
            job = outcome.job
            tqdm.write(f"{job.task.name}, {job.config}, seed {job.seed}: {sequences(outcome)} sequences, "
                       f"{job.task.measure}: {outcome.score:.4g}, {outcome.seconds:.0f} s")  # fmt: skip
            bar.update()
            yield outcome


def jobs_of(task: type[Task], options: argparse.Namespace) -> list[Job]:
    """A trial for each config of the model that was asked for and each seed."""
    return [
        Job(task, name, seed, config.quick if options.quick else config.budget, options.eager)
        for name, config in task.configs.items()
        if options.model in (None, config.model)
        for seed in range(options.seeds)
    ]


COMMAND = Command("task", "try a classic problem over several seeds, beside the published figures", add_options, run)
