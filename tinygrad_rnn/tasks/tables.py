"""Table: every seed of every trial, beside the published figure, and what it was tried with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import median

from tinygrad_rnn.errors import check_sequence, check_type
from tinygrad_rnn.tasks.trial import Outcome

__all__ = ["table"]


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes by task and config, in the order in which the tasks and configs stand in `outcomes`."""
    check_sequence("table", "the outcomes", outcomes)
    for outcome in outcomes:
        check_type("table", "outcome", outcome, Outcome, "an Outcome")
    parts = []
    for task, found in groupby(outcomes, lambda o: o.job.task):
        of_task = list(found)
        said = [task.title, f"  solved: {task.criterion}", *([f"  note: {task.note}"] if task.note else [])]
        named = [(name, list(same)) for name, same in groupby(of_task, lambda o: o.job.config)]
        told = (f"  {name}: {_told(same)}\n    {_tried(same)}" for name, same in named)
        parts.append("\n".join([*said, *_rows(named), *told]))
    return "\n\n".join(parts)


def _rows(named: Sequence[tuple[str, list[Outcome]]]) -> list[str]:
    """Two lines a config, in columns: the sequences needed, and the score; a trial that was not made is left blank."""
    task = named[0][1][0].job.task
    seeds = sorted({o.job.seed for _, same in named for o in same})
    cells = [["", "", *(f"seed {seed}" for seed in seeds), "published"]]
    for name, same in named:
        needed, score = task.published.get(name, ("–", "–"))
        made = {o.job.seed: o for o in same}
        cells.append([name, "sequences needed", *(sequences(made[k]) if k in made else "" for k in seeds), needed])
        scores = (f"{made[k].score:.4g}" if k in made else "" for k in seeds)
        cells.append(["", task.measure, *scores, score + chance(same[0])])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(_aligned(row, widths)).rstrip() for row in cells]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Words to the left, numbers to the right."""
    left = {0, 1, len(row) - 1}
    cells = enumerate(zip(row, widths, strict=True))
    return [f"{cell:<{width}}" if k in left else f"{cell:>{width}}" for k, (cell, width) in cells]


def chance(outcome: Outcome) -> str:
    """The score of a network that has learnt nothing, to stand behind the published one; "" where it is not known."""
    known = outcome.job.task.chance
    return "" if known is None else f" (chance {known:.4g})"


def sequences(outcome: Outcome) -> str:
    """How many were needed, or how many did not do.

    >>> from tinygrad_rnn.tasks import TASKS, Job
    >>> sequences(Outcome(Job(TASKS["adding"], "rnn", 0, 75_000), 75_000, False, False, 0.167, 1.0, 60.0))
    '> 75,000'
    """
    if outcome.diverged:
        return f"diverged {outcome.sequences:,}"
    return f"{outcome.sequences:,}" if outcome.solved else f"> {outcome.sequences:,}"


def _told(same: Sequence[Outcome]) -> str:
    """How many seeds solved it, and how that stands to what was published."""
    job = same[0].job
    solved = [o.sequences for o in same if o.solved]
    astray = sum(o.diverged for o in same)
    said = [f"{len(solved)} of {len(same)} solved"]
    if astray:
        said.append(f"{astray} of {len(same)} diverged")
    if len(solved) + astray < len(same):
        said.append(f"{len(same) - len(solved) - astray} NOT within {job.budget:,} sequences")
    if solved:
        published = job.task.published.get(job.config, ("",))[0]
        said.append(f"median {median(solved):,.0f} sequences" + (f", published {published}" if published else ""))
    return "; ".join(said)


def _tried(same: Sequence[Outcome]) -> str:
    """What they were tried with, and what it took."""
    config = same[0].job.task.configs[same[0].job.config]
    seconds = sum(o.seconds for o in same)
    return f"{config}; largest ‖g‖ {max(o.largest for o in same):.2g}; {seconds:.0f} s of processor time"
