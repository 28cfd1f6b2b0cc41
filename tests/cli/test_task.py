"""tinygrad-rnn task, as a user types it, on a task that takes a second."""

import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from tests.tasks.test_trial import Last
from tests.train.test_parallel import ranks
from tinygrad_rnn.cli import main
from tinygrad_rnn.tasks import TASKS, TrialConfig, attempt


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(Last, "configs", {"rnn": TrialConfig("rnn", 4, budget=400, quick=100)})
    for name in list(TASKS):
        monkeypatch.delitem(TASKS, name)
    monkeypatch.setitem(TASKS, "last", Last)


def test_a_line_for_each_trial_and_then_the_table(small, capsys):
    assert main(["task", "last", "--seeds", "3", "--processes", "1"]) == 0
    said = capsys.readouterr().out
    for seed in range(3):
        assert f"last, rnn, seed {seed}: > 400 sequences, mean square error: 0." in said
    assert "0 of 3 solved; 3 NOT within 400 sequences" in said
    assert "3 of 3 trials in" in said
    assert "RNN, H = 4, Adam 0.01, batch 50, ‖g‖ ≤ 1" in said


def test_quick_gives_up_sooner_and_all_is_every_task(small, capsys):
    assert main(["task", "all", "--quick", "--seeds", "1", "--processes", "1"]) == 0
    assert "> 100 sequences" in capsys.readouterr().out


def test_an_interruption_leaves_the_table_so_far(small, monkeypatch, capsys):
    def interrupted(jobs, processes, executor):
        yield from map(attempt, jobs[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr("tinygrad_rnn.cli.task.attempts", interrupted)
    assert main(["task", "last", "--quick", "--seeds", "3"]) == 130
    said = capsys.readouterr().out
    assert "0 of 2 solved" in said
    assert "2 of 3 trials in" in said


def test_a_model_that_a_task_is_not_tried_with_is_refused(small, capsys):
    assert main(["task", "last", "--model", "gru"]) == 2
    assert "expected: rnn" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["task"], ["task", "sorting"], ["task", "adding", "--seeds", "0"]])
def test_bad_arguments_get_one_line_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_trials_are_made_on_ranks(tmp_path):
    said = ranks(3, "-m", "tinygrad_rnn", "task", "adding", "--quick", "--seeds", "2", "--model", "rnn",
                 "--executor", "mpi", cwd=tmp_path)  # fmt: skip
    assert "2 of 2 trials in" in said
    assert said.count("adding, rnn, seed 0") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--executor", "mpi"], "there is one process only"), (["--scheduler", "x"], "is for --executor dask")],
)
def test_an_executor_that_is_not_there_is_said(small, capsys, monkeypatch, options, said):
    pytest.importorskip("mpi4py", reason="pip install tinygrad-rnn[mpi]")
    assert main(["task", "last", *options]) == 2
    assert said in capsys.readouterr().err


def test_what_is_kept_is_not_made_again(small, tmp_path, monkeypatch, capsys):
    path = tmp_path / "outcomes.json"
    options = ["task", "last", "--quick", "--seeds", "3", "--processes", "1"]
    assert main(options) == 0
    whole = capsys.readouterr().out.split("\n\n")[1]
    begun = []

    def interrupted(jobs, processes, executor):
        begun.extend(job.seed for job in jobs)
        yield from map(attempt, jobs[:2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("tinygrad_rnn.cli.task.attempts", interrupted)
        assert main([*options, "--keep", str(path)]) == 130
        capsys.readouterr()
        assert main([*options, "--keep", str(path)]) == 130
    assert begun == [0, 1, 2, 2]
    said = capsys.readouterr().out
    assert "2 of 3 trials are in" in said
    assert main([*options, "--keep", str(path)]) == 0
    lines = [line for line in capsys.readouterr().out.split("\n\n")[1].splitlines() if "processor time" not in line]
    assert lines == [line for line in whole.splitlines() if "processor time" not in line]


@pytest.mark.parametrize(
    "text", ["", "3", "[3]", "{", '[{"job": ["last", "rnn", 0, 100, false], "outcome": {}}]', "[" * 99999]
)
def test_a_file_that_is_no_outcomes_is_refused(small, tmp_path, capsys, text):
    (tmp_path / "kept.json").write_text(text)
    assert (
        main(["task", "last", "--quick", "--seeds", "1", "--processes", "1", "--keep", str(tmp_path / "kept.json")])
        == 2
    )
    assert "no outcomes of trials" in capsys.readouterr().err
    assert (tmp_path / "kept.json").read_text() == text


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ([], {"address": None, "n_workers": 3, "threads_per_worker": 1}),
        (["--scheduler", "tcp://there:8786"], {"address": "tcp://there:8786"}),
    ],
)
def test_the_workers_of_dask_are_those_of_the_scheduler_or_started_here(small, monkeypatch, capsys, options, asked):
    seen = {}

    class Client:
        def __init__(self, address, **local):
            seen.update(address=address, **local)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            seen["closed"] = True

        def get_executor(self):
            return ThreadPoolExecutor(1)

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=Client))
    words = ["task", "last", "--quick", "--seeds", "2", "--processes", "3", "--executor", "dask"]
    assert main([*words, *options]) == 0
    assert seen == {**asked, "closed": True}
    assert "2 of 2 trials in" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*words, *options]) == 2
    assert "--executor dask: Dask is not here (help: pip install distributed)" in capsys.readouterr().err
