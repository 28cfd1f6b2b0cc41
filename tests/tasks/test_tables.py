"""The table: every seed, the published figure, and what was not reached, in words."""

from tinygrad_rnn.tasks import Adding1997, Clipping, Job, Outcome, table


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
