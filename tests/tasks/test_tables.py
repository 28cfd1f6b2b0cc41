"""The table: every seed, the published figure, and what was not reached, in words."""

from pathlib import Path

from tests.kept import check_kept
from tinygrad_rnn.tasks import TASKS, Adding1997, Clipping, Job, Outcome, table


def outcome(task, config, seed, sequences, solved=True, diverged=False, score=0.0):
    return Outcome(Job(task, config, seed, 75_000), sequences, solved, diverged, score, 1.5, 10.0)


def test_every_seed_stands_beside_the_published_figure():
    said = table([outcome(Adding1997, "lstm", seed, 31_000 + 50 * seed, score=seed) for seed in range(3)])
    lines = said.splitlines()
    needed = next(line for line in lines if "sequences needed" in line)
    assert needed.split() == ["lstm", "sequences", "needed", "31,000", "31,050", "31,100", "74,000"]
    assert next(line for line in lines if "wrong of 2,560" in line).split() == [
        "wrong",
        "of",
        "2,560",
        "0",
        "1",
        "2",
        "1",
    ]
    assert "3 of 3 solved; median 31,050 sequences, published 74,000" in said
    assert "NOT" not in said


def test_what_was_not_reached_is_said():
    said = table([
        outcome(Adding1997, "lstm", 0, 31_000),
        outcome(Adding1997, "lstm", 1, 75_000, solved=False),
        outcome(Clipping, "rnn, not clipped", 0, 4000, solved=False, diverged=True),
    ])  # fmt: skip
    assert "> 75,000" in said
    assert "1 of 2 solved; 1 NOT within 75,000 sequences" in said
    assert "diverged 4,000" in said
    assert Clipping.title in said
    assert "0 of 1 solved; 1 of 1 diverged\n" in said  # counted once


def test_a_trial_that_was_not_made_is_left_blank():
    """As after an interruption."""
    made = [outcome(Adding1997, "lstm", 0, 31_000), *(outcome(Clipping, n, k, 500) for n, k in TRIED)]
    lines = table(made).splitlines()
    place = next(line for line in lines if "seed 2" in line).index("seed 2") + len("seed 2")
    rows = [line for line in lines if "sequences needed" in line]
    for (name, _), row in zip(TRIED, rows[1:], strict=True):
        assert row.strip().startswith(name)
    assert [row[:place].endswith(" 500") for row in rows[1:]] == [False, True, False]
    assert [row.count(" 500") for row in rows[1:]] == [1, 1, 1]


TRIED = [("rnn, clipped", 0), ("rnn, not clipped", 2), ("rnn, lr 0.1, clipped", 1)]


def told():
    """A table of every trial, each with three outcomes, then what a config holds beside what the table says of it."""
    tasks = sorted(TASKS.values(), key=lambda task: task.name)  # whatever other tests did to their order
    jobs = [Job(task, name, seed, config.quick) for task in tasks for name, config in task.configs.items()
            for seed in range(3)]  # fmt: skip
    ends = [
        (1000, True, False, 0.25, 1.5, 10.0),
        (2200, True, False, 3.0, 0.5, 20.0),
        (900, False, True, 7.0, 9.0, 3.0),
    ]
    yield table([Outcome(job, *ends[job.seed]) for job in jobs])
    yield table([Outcome(job, job.budget, False, False, 1234.5, 4.0, 0.4) for job in jobs[:5]])
    for task in tasks:
        yield f"{task.name}: {task.inputs} → {task.outputs}, looked at every {task.every}"
        yield from (f"  {name}: {vars(config)}" for name, config in task.configs.items())


def test_tables_and_configs_are_as_they_were():
    check_kept(Path(__file__).with_name("tables.txt"), "".join(f"{line}\n" for line in told()))
