"""tinygrad-rnn translate as a user types it."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tqdm import tqdm

from tinygrad_rnn.cli import main, parser
from tinygrad_rnn.cli.translate import SOURCES, data
from tinygrad_rnn.train import Translator

SMALL = ["--hidden", "8", "--embedding", "4", "--epochs", "1", "--batch", "32"]
LINES = "".join(f"{word}\t{word[::-1]}\n" for word in ("abc", "bca", "cab", "aab", "bba", "cca", "ac", "ba", "cb", "a"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Models are saved in ./runs."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(tmp_path, capsys):
    """Where a model was saved that has learnt to turn words round, a little."""
    (tmp_path / "pairs.tsv").write_text(LINES)
    assert main(["translate", "--pairs", "pairs.tsv", "--out", "model", "--held-out", "1", *SMALL]) == 0
    assert "ask it: tinygrad-rnn translate --load model TEXT" in capsys.readouterr().out
    return "model"


def test_a_saved_model_is_asked_by_arguments_and_by_lines(model, monkeypatch, capsys):
    assert main(["translate", "--load", model, "abc", "", "cb", "--beam", "2"]) == 0
    said = capsys.readouterr().out.split("\n")
    translator = Translator.load(model)
    assert said == [translator.translate(["abc"], 2)[0], "", translator.translate(["cb"], 2)[0], ""]
    monkeypatch.setattr("sys.stdin", io.StringIO("abc\n\ncb"))
    assert main(["translate", "--load", model, "--beam", "2"]) == 0
    assert capsys.readouterr().out.split("\n") == said


def test_lines_are_utf_8_and_what_is_none_is_said(tmp_path):
    (tmp_path / "pairs.tsv").write_text("é\tè\nü\tû\n", encoding="utf-8")
    assert main(["translate", "--pairs", "pairs.tsv", *SMALL]) == 0
    command = [sys.executable, "-m", "tinygrad_rnn", "translate", "--load", "runs/translate-1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "latin-1"}
    asked = subprocess.run(
        command, input="\ufeffé\r\nü\n".encode() + b"\xff\n", capture_output=True, env=environment, check=False
    )
    assert asked.returncode == 2
    assert asked.stdout.count(b"\n") == 2
    assert b"never shown" in asked.stderr
    assert asked.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--load", "model", "Xbc"], "'Xbc': characters that the model was never shown (expected: only 'abc'; got: "),
        (["--load", "model", "a", "--hidden", "8", "--out", "x"], "--hidden, --out: for training only"),
        (["--load", "model", "a", "--no-reverse"], "--reverse: for training only"),
        (["--load", "model", "a", "--held-out", "8"], "--held-out: for training only"),
        (["--load", "model", "a", "--examples", "8"], "--examples: for training only"),
        (["--load", "model", "--pairs", "pairs.tsv"], "not allowed with argument"),
        (["--load", "model", "--task", "addition"], "not allowed with argument"),
        (["--load", "nowhere", "a"], "no checkpoint here"),
        (["abc"], "'abc': there is no model to ask"),
        (["--out", "model"], "a model is saved here already"),
        (["--out", "pairs.tsv", "--examples", "9", "--held-out", "1"], "cannot be written to"),
    ],
)
def test_what_cannot_be_asked_or_saved_gets_one_line_and_status_2(arguments, said, model, refused):
    assert said in refused("translate", *arguments)


def test_runs_are_numbered_and_none_is_overwritten(model, tmp_path, capsys):
    for k in (1, 2):
        assert main(["translate", "--pairs", "pairs.tsv", *SMALL]) == 0
        assert f"saved to {os.path.join('runs', f'translate-{k}')}\n" in capsys.readouterr().out
        assert (tmp_path / "runs" / f"translate-{k}" / "checkpoint.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers Ctrl-C to the whole console")
def test_an_interruption_saves_and_says_how_to_ask(model):
    command = [sys.executable, "-m", "tinygrad_rnn", "translate"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    training = ["--pairs", "pairs.tsv", "--out", "stopped", *SMALL, "--epochs", "100000"]
    process = subprocess.Popen([*command, *training], **options)
    deadline = time.monotonic() + 60
    while not os.path.exists("stopped/checkpoint.json"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: saved to stopped; ask it: tinygrad-rnn translate --load stopped TEXT" in error
    assert main(["translate", "--load", "stopped", "abc"]) == 0


def test_long_sources_are_cut_and_the_header_says_how_they_are_read(tmp_path, capsys):
    path = tmp_path / "long.tsv"
    path.write_text("".join(f"{c * 70}\t{c}\n" for c in "ab"))
    ways = {
        (): "forwards, and backwards too,", ("--reverse",): "backwards, and forwards too,",
        ("--no-bidirectional",): "forwards,", ("--no-bidirectional", "--reverse"): "backwards,",
    }  # fmt: skip
    for arguments, way in ways.items():
        assert main(["translate", "--pairs", str(path), *arguments, *SMALL]) == 0
        said = capsys.readouterr().out
        assert f"the source read {way}" in said
        assert "1 pair to train on" in said
        assert "held out, 1 pair never shown" in said
        assert max(len(run) for run in re.findall(r"(?:a{9,}|b{9,})…", said)) == 60
        assert not re.search(r"a{61}|b{61}", said)


def test_the_tasks_train_and_report_both_figures(capsys):
    for task in ("dates", "addition"):
        assert main(["translate", "--task", task, "--examples", "200", "--held-out", "20", *SMALL]) == 0
        said = capsys.readouterr().out
        assert "epoch 1/1" in said
        assert re.search(r"exact match, free-running +\d+\.\d\d%", said)
        assert re.search(r"exact match, teacher-forced +\d+\.\d\d%", said)
        assert "held out, 20 pairs" in said or "held out, 21 pairs" in said
        assert said.count("→") >= 8


def test_after_an_epoch_five_hundred_are_asked_at_most(tmp_path, monkeypatch, capsys):
    path, asked = tmp_path / "pairs.tsv", []
    path.write_text("".join(f"{k}\t{k}\n" for k in range(520)), encoding="utf-8")

    def exact(translator, pairs, beam=1):
        asked.append(len(pairs))
        return 0.25

    monkeypatch.setattr("tinygrad_rnn.cli.translate.exact_match", exact)
    assert main(["translate", "--pairs", str(path), "--held-out", "510", "--out", str(tmp_path / "out"), *SMALL]) == 0
    assert asked[0] == 500
    assert "held out: 25.0% exact" in capsys.readouterr().out


@pytest.mark.parametrize("task", SOURCES)
def test_what_a_task_asks_was_shown_in_no_other_way_either(task):
    train, held_out = data(parser().parse_args(["translate", "--task", task, "--examples", "8000"]), 0)
    key = SOURCES[task].key
    assert not set(map(key, train)) & set(map(key, held_out))
    assert 2000 <= len(held_out) < 2100
    assert 7900 < len(train) <= 8000


def test_a_task_has_epochs_of_its_own(capsys):
    assert main(["translate", "--examples", "30", "--held-out", "5", "--hidden", "4", "--embedding", "4"]) == 0
    assert "epoch 2/2 " in capsys.readouterr().out


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
def test_bad_arguments_get_one_line_and_status_2(arguments, refused):
    assert refused("translate", *arguments).startswith("tinygrad-rnn")


def test_what_goes_on_is_held_and_its_bar_begins_where_the_training_stands(model, monkeypatch):
    seen = []

    class Bar(tqdm):
        def __init__(self, **options):
            seen.append({**options, "held": Path(model, "running.txt").read_text(encoding="utf-8").split(",")[0]})
            super().__init__(**options)

        def update(self, n=1):
            read.append(n)

    read = []
    monkeypatch.setattr("tinygrad_rnn.cli.translate.tqdm", Bar)
    assert (
        main(["translate", "--pairs", "pairs.tsv", "--held-out", "1", "--out", model, "--resume", "--epochs", "3"]) == 0
    )
    assert seen == [
        {"initial": 9, "total": 27, "unit": "pair", "unit_scale": True, "disable": None, "smoothing": 0.05,
         "held": "translate"}
    ]  # fmt: skip
    assert sum(read) == 27 - 9
    assert not Path(model, "running.txt").exists()
