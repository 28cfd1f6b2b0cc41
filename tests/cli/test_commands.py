"""The command line as a user types it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tinygrad_rnn.cli import main

TEXT = "she sells sea shells by the sea shore. " * 60
TRAIN = ["--hidden", "12", "--layers", "1", "--batch", "4", "--bptt", "20"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return str(path)


def test_train_sample_and_resume(text, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", "--text", text, "--out", out, "--epochs", "2", *TRAIN]) == 0
    said = capsys.readouterr().out
    assert "epoch 2/2" in said
    assert "bits/char" in said
    assert "chars/s" in said
    assert main(["train", "--text", text, "--out", out, "--resume", "--epochs", "3"]) == 0
    assert "epoch 3/3" in capsys.readouterr().out
    assert (
        main(["sample", out, "--prompt", "she ", "--length", "30", "--seed", "1", "--top-k", "5", "--top-p", "0.9"])
        == 0
    )
    written = capsys.readouterr().out
    assert written.startswith("she ")
    assert len(written) == 4 + 30 + 1


def test_a_run_is_never_overwritten_and_keeps_its_settings(text, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", "--text", text, "--out", out, "--epochs", "1", *TRAIN]) == 0
    assert main(["train", "--text", text, "--out", out, "--epochs", "1", *TRAIN]) == 2
    assert "saved here already" in capsys.readouterr().err
    assert main(["train", "--text", text, "--out", out, "--resume", "--hidden", "13"]) == 2
    assert "started with hidden=12" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["train", "--text", "TEXT", "--hidden", "0"],
        ["train", "--text", "TEXT", "--lr", "nan"],
        ["train", "--text", "TEXT", "--model", "transformer"],
        ["train", "--text", "missing.txt"],
        ["train", "--text", "TEXT", "--batch", "5000"],
        ["train", "--text", "TEXT", "--resume", "--out", "nowhere"],
        ["train", "--text", "TEXT", "--out", "TEXT"],
        ["train", "--text", "TEXT", "--resume"],
        ["train", "--text", "TEXT", "--hidden", "10000000000"],
        ["train", "--text", "."],
        ["sample", "TEXT"],
        ["demo", "--out", "TEXT"],
        ["sample", "nowhere"],
        ["sample", "nowhere", "--temperature", "-1"],
        ["draw", "-o", "picture.jpg"],
        ["draw", "--steps", "0"],
        ["paint"],
        [],
    ],
)
def test_bad_arguments_get_one_line_and_status_2(arguments, text, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    assert refused(*(text if a == "TEXT" else a for a in arguments)).startswith("tinygrad-rnn")


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers Ctrl-C to the whole console")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_saves_and_says_where_and_the_run_goes_on(text, tmp_path, number):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "tinygrad_rnn", "train", "--text", text, "--out", str(out), *TRAIN]
    process = subprocess.Popen(
        [*command, "--epochs", "3000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not (out / "checkpoint.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"interrupted: saved to {out} at epoch" in error
    done = int(error.split("at epoch ")[1].split(",")[0])
    again = subprocess.run(
        [*command, "--resume", "--epochs", str(done + 1)], capture_output=True, text=True, check=True
    )
    assert f"epoch {done + 1}/{done + 1}" in again.stdout


@pytest.mark.skipif(os.name == "nt", reason="head")
def test_a_reader_that_has_seen_enough_and_a_pipe_of_ascii(text, tmp_path):
    out = str(tmp_path / "run")
    run = [sys.executable, "-m", "tinygrad_rnn"]
    trained = subprocess.run(
        [*run, "train", "--text", text, "--out", out, "--epochs", "1", *TRAIN],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True,
    )  # fmt: skip
    assert trained.stderr == b""  # no bar without a terminal
    with subprocess.Popen(
        [*run, "sample", out, "--length", "100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as p:
        assert len(p.stdout.read(10)) == 10
        p.stdout.close()
        assert p.stderr.read() == b""
    assert p.returncode == 0


def test_draw_writes_each_format(tmp_path, capsys):
    for name in ("a.svg", "b.dot", "c.png"):
        assert main(["draw", "--model", "gru", "--steps", "2", "-o", str(tmp_path / name)]) == 0
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert "digraph" in (tmp_path / "b.dot").read_text()
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert "drawn:" in capsys.readouterr().out


def test_a_picture_that_cannot_be_drawn_is_said_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("viz.paint.render._run", lambda *_: (_ for _ in ()).throw(RuntimeError("no Graphviz here")))
    assert main(["draw", "-o", str(tmp_path / "a.svg")]) == 2
    error = capsys.readouterr().err
    assert "no Graphviz here" in error
    assert error.count("\n") == 1
