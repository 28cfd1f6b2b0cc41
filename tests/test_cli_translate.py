"""tinygrad-rnn translate as a user types it."""

import re

import pytest

from tinygrad_rnn.cli import main, parser
from tinygrad_rnn.commands.translate import TASKS, data

SMALL = ["--hidden", "8", "--embedding", "4", "--epochs", "1", "--batch", "32"]
LINES = "".join(f"{word}\t{word[::-1]}\n" for word in ("abc", "bca", "cab", "aab", "bba", "cca", "ac", "ba", "cb", "a"))


def test_the_tasks_train_and_report_both_figures(capsys):
    for task in ("dates", "addition"):
        assert main(["translate", "--task", task, "--examples", "200", "--held-out", "20", *SMALL]) == 0
        said = capsys.readouterr().out
        assert "epoch 1/1" in said
        assert re.search(r"exact match, free-running +\d+\.\d\d%", said)
        assert re.search(r"exact match, teacher-forced +\d+\.\d\d%", said)
        assert "held out, 20 pairs" in said or "held out, 21 pairs" in said
        assert said.count("→") >= 8


@pytest.mark.parametrize("task", TASKS)
def test_what_a_task_asks_was_shown_in_no_other_way_either(task):
    train, held_out = data(parser().parse_args(["translate", "--task", task, "--examples", "8000"]), 0)
    key = TASKS[task].key
    assert not set(map(key, train)) & set(map(key, held_out))
    assert 2000 <= len(held_out) < 2100
    assert 7900 < len(train) <= 8000


def test_a_task_has_epochs_of_its_own(capsys):
    assert main(["translate", "--examples", "30", "--held-out", "5", "--hidden", "4", "--embedding", "4"]) == 0
    assert "epoch 2/2" in capsys.readouterr().out


def test_pairs_of_a_file_a_tenth_held_out(tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    path.write_text(LINES)
    arguments = ["--model", "gru", "--attention", "additive", "--bidirectional", "--teacher-forcing", "0.5"]
    assert main(["translate", "--pairs", str(path), "--beam", "3", *arguments, *SMALL]) == 0
    said = capsys.readouterr().out
    assert "9 pairs to train on" in said
    assert "1 held out" in said
    assert "beam of 3" in said
    assert main(["translate", "--pairs", str(path), "--held-out", "4", "--no-bidirectional", "--reverse", *SMALL]) == 0
    assert "6 pairs to train on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("", "empty"),
        ("\n \n", "no pairs in it"),
        ("one\ttwo\nthree\n", "line 2: no tabs"),
        ("one\ttwo\n", "nothing is left to train on"),
    ],
)
def test_a_file_that_is_no_pairs_gets_one_line_and_status_2(tmp_path, content, said, capsys):
    path = tmp_path / "pairs.tsv"
    if content is not None:
        path.write_text(content)
    assert main(["translate", "--pairs", str(path)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert error.startswith("tinygrad-rnn translate")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--task", "poetry"],
        ["--task", "dates", "--pairs", "x.tsv"],
        ["--teacher-forcing", "2"],
        ["--beam", "0"],
        ["--attention", "much"],
        ["--hidden", "0"],
        ["--pairs", "."],
        ["--pairs", "x.tsv", "--examples", "10"],
    ],
)
def test_bad_arguments_get_one_line_and_status_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(["translate", *arguments])
    except SystemExit as exit:
        status = exit.code
    error = capsys.readouterr().err
    assert status == 2
    assert error.count("\n") == 1
