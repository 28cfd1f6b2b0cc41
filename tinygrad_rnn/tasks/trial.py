"""A trial: one network learns one task from one seed, until it is solved, diverges, or its sequences are used up.

jobs → trials side by side in processes, or wherever an executor makes them → outcomes, as they come
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from time import process_time

import numpy as np
from threadpoolctl import threadpool_limits

from tinygrad_rnn.compiler.compiled import compile_
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import (
    GradientError,
    OptionError,
    check_number,
    check_option,
    check_seed,
    check_sequence,
    check_type,
)
from tinygrad_rnn.tasks.batch import Batch
from tinygrad_rnn.tasks.config import Reader, TrialConfig
from tinygrad_rnn.tasks.task import Recent, Task
from tinygrad_rnn.train.step import training_step

__all__ = ["Job", "Outcome", "attempt", "attempts"]

PLANS = 128  # lengths of sequences that a plan is kept for


@dataclass(frozen=True)
class Job:
    """A trial that is to be made: the task, which of its configs, the seed, and how many sequences it may see.

    Attributes:
        eager: run the network as it is, without a plan.
    """

    task: type[Task]
    config: str
    seed: int
    budget: int
    eager: bool = False

    def __post_init__(self) -> None:
        if not (isinstance(self.task, type) and issubclass(self.task, Task)):
            raise OptionError(f"Job: task={self.task!r:.60} is not a task", expected="one of tasks.TASKS.values()")
        check_option(self.task.name, "config", self.config, self.task.configs)
        check_seed("Job", self.seed)
        check_number("Job", "budget", self.budget, whole=True, least=0)


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        sequences: how many were presented.
        solved: whether the task's criterion was met by then.
        diverged: whether it stopped because a loss or gradient was not finite, or the task says so.
        score: the task's measure, on fresh sequences.
        largest: the largest norm of the gradients that were learnt from, before they were scaled down.
        seconds: processor time.
    """

    job: Job
    sequences: int
    solved: bool
    diverged: bool
    score: float
    largest: float
    seconds: float


def attempt(job: Job) -> Outcome:
    """Make the trial. The seed decides the data and the first weights, which are drawn from streams of their own."""
    check_type("attempt", "job", job, Job, "a Job")
    began = process_time()
    config = job.task.configs[job.config]
    data, weights = np.random.default_rng(job.seed).spawn(2)
    task = job.task(data)
    network = config.network(task.inputs, task.outputs, weights)
    one_thread = threadpool_limits(limits=1)  # as in a worker: then both give the same
    with one_thread, np.errstate(all="ignore"):  # a diverging network overflows, and that is a result
        seen, solved, diverged, largest = learn(task, network, config, job.budget, eager=job.eager)
        score = task.score(network)
    return Outcome(job, seen, solved, diverged, score, largest, process_time() - began)


def learn(
    task: Task, network: Reader, config: TrialConfig, budget: int, *, eager: bool = False
) -> tuple[int, bool, bool, float]:
    """Learn batch after batch: (sequences seen, solved, diverged, largest norm of a gradient)."""
    optimizer, recent = config.learner(network), Recent()
    seen, largest = 0, 0.0

    def judged(batch: Batch) -> tuple[Tensor, Tensor]:
        y = network(batch)
        return task.loss(y, batch), y.detach()

    answer = judged if eager else compile_(judged, fallback="eager", plans=PLANS)
    while seen < budget:
        batch = task.batch(config.batch)
        loss, y = answer(batch)
        recent.add(task.errors(y.data, batch))
        try:
            _, norm = training_step(loss, optimizer, max_norm=config.clip_norm, max_value=config.clip_value)
        except GradientError:
            return seen, False, True, largest
        largest = max(largest, norm)
        seen += config.batch
        if seen // task.every > (seen - config.batch) // task.every and task.solved(network, recent):
            return seen, True, False, largest
    return seen, False, task.diverged(recent), largest


def attempts(jobs: Sequence[Job], processes: int = 2, executor: Executor | None = None) -> Iterator[Outcome]:
    """The outcomes of the jobs, in the order in which they end, from so many processes of one thread each.

    Args:
        executor: who makes them instead: any executor of concurrent.futures, as mpi4py.futures and Dask have one.
    """
    check_number("attempts", "processes", processes, whole=True, least=1)
    check_sequence("attempts", "the jobs", jobs)
    if executor is not None:
        check_type("attempts", "executor", executor, Executor, "an executor of concurrent.futures")
        waiting = [executor.submit(attempt, job) for job in jobs]
        try:
            yield from (future.result() for future in as_completed(waiting))
        finally:
            for future in waiting:
                future.cancel()
        return
    if processes == 1:
        yield from map(attempt, jobs)
        return
    with get_context("spawn").Pool(processes, _alone) as pool:  # spawn: nothing of this process is shared
        yield from pool.imap_unordered(attempt, jobs)


def _alone() -> None:
    """A worker's start: one thread for products; Ctrl-C is for the parent, which then ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(limits=1)
