"""What train and translate leave behind, and what they refuse to touch."""

import csv
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_rnn.cli import main
from tinygrad_rnn.data.pairs import split_pairs
from tinygrad_rnn.data.text import Corpus
from tinygrad_rnn.saving import claimed
from tinygrad_rnn.train import Run, Translation, Translator, read_pairs

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60
TINY = ["--hidden", "6", "--layers", "1", "--batch", "5", "--bptt", "20", "--eager"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    words = ["".join(w) for w in np.random.default_rng(0).choice(list("abc"), (60, 3))]
    (tmp_path / "pairs.tsv").write_text("".join(f"{w}\t{w[::-1]}\n" for w in words), encoding="utf-8")


def train(*options):
    return main(["train", "--text", "t.txt", *TINY, *options])


def command(*arguments):
    return [sys.executable, "-m", "tinygrad_rnn", *arguments]


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_runs_side_by_side_have_a_directory_each(tmp_path):
    jobs = [
        subprocess.Popen(
            command("train", "--text", "t.txt", *TINY, "--epochs", "1", "--seed", str(k)), env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for k in range(3)
    ]  # fmt: skip
    said = [job.communicate()[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0, 0], said
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["lstm-1", "lstm-2", "lstm-3"]
    assert sorted(Run.load(path).settings.seed for path in (tmp_path / "runs").iterdir()) == [0, 1, 2]


def test_a_directory_that_is_trained_in_is_said_to_be(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    with claimed(tmp_path / "run", "train"):
        assert train("--out", "run") == 2
    assert f"held by another run (got: train, process {os.getpid()}" in capsys.readouterr().err
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(("losses", "best"), [([2.0, 1.0, 1.5, 1.25], 2), ([4.0, 3.0, 2.0, 1.0], 4)])
def test_the_best_epoch_is_kept_and_a_row_for_each(losses, best, tmp_path, monkeypatch, capsys):
    valid = iter(losses)
    monkeypatch.setattr("tinygrad_rnn.train.loop.evaluate", lambda *args, loss: next(valid))
    assert train("--out", "run", "--epochs", "4", "--csv", "log.csv") == 0
    assert [row["valid"] for row in Run.load(tmp_path / "run").progress.history] == losses
    assert Run.load(tmp_path / "run" / "best").progress.epoch == best
    told = "the validation loss was lowest after epoch 2, 1.0000: run/best".replace("/", os.sep)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (told if best == 2 else "saved to run; let it write: tinygrad-rnn sample run")
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["valid"]) for row in rows] == losses
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]


def test_tensorboard_gets_the_losses(tmp_path):
    pytest.importorskip("tensorboardX", reason="pip install tinygrad-rnn[logs]")
    assert train("--out", "run", "--epochs", "1", "--tensorboard", "board") == 0
    [events] = (tmp_path / "board").iterdir()
    assert b"valid" in events.read_bytes()


def test_without_its_writer_tensorboard_is_refused(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert train("--out", "run", "--epochs", "1", "--tensorboard", "board") == 2
    assert "its writer is not here (help: pip install 'tinygrad-rnn[logs]')" in capsys.readouterr().err


def test_each_epoch_s_figures_go_to_tensorboard_and_the_file_is_closed(tmp_path, monkeypatch):
    told = []

    class SummaryWriter:
        def __init__(self, directory):
            told.append(directory)

        def add_scalar(self, name, value, epoch):
            told.append((name, value, epoch))

        def close(self):
            told.append("closed")

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=SummaryWriter))
    assert train("--out", "run", "--epochs", "2", "--tensorboard", "board") == 0
    rows = Run.load(tmp_path / "run").progress.history
    figures = [(name, row[name], row["epoch"]) for row in rows for name in row if name != "epoch"]
    assert told == ["board", *figures, "closed"]


@contextmanager
def interrupted(monkeypatch, amid, at):
    """Somebody presses Ctrl-C in the call of that number of a function."""
    calls = []

    def pressed(*args, **kwargs):
        calls.append(args)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGINT)
        return whole(*args, **kwargs)

    module, _, name = amid.rpartition(".")
    whole = getattr(sys.modules[module], name)
    with monkeypatch.context() as patched:
        patched.setattr(amid, pressed)
        yield


@posix
@pytest.mark.parametrize(("amid", "at"), [("training_step", "epoch 1, chunk 3"), ("evaluate", "epoch 2, chunk 0")])
def test_a_run_that_is_asked_to_stop_says_where_it_stands_and_goes_on_to_the_bit(
    amid, at, tmp_path, monkeypatch, capsys
):
    options = ["--epochs", "3", "--dropout", "0.2", "--layers", "2"]
    with interrupted(monkeypatch, f"tinygrad_rnn.train.loop.{amid}", 3 if amid == "training_step" else 1):
        assert train("--out", "run", *options) == 130
    assert capsys.readouterr().err.splitlines() == [
        "stopping after this step and saving to run …",
        f"interrupted: saved to run at {at}",
        "go on with: tinygrad-rnn train --text t.txt --out run --resume",
    ]
    assert train("--out", "run", *options, "--resume") == 0
    assert train("--out", "whole", *options) == 0
    a, b = (Run.load(tmp_path / name) for name in ("run", "whole"))
    assert all(np.array_equal(x, b.model.state_dict()[name]) for name, x in a.model.state_dict().items())


def test_a_model_goes_on_with_another_text_and_rate(tmp_path, capsys):
    assert train("--out", "one", "--epochs", "3", "--lr", "0.05") == 0
    (tmp_path / "t.txt").write_text(TEXT.replace("quick", "lazy"), encoding="utf-8")
    before = Run.load(tmp_path / "one")
    assert train("--out", "two", "--epochs", "1", "--lr", "0", "--weight-decay", "0", "--init-from", "one") == 0
    after = Run.load(tmp_path / "two")
    assert after.settings.lr == 0
    assert (after.progress.epoch, len(after.progress.history)) == (1, 1)
    for name, array in before.model.state_dict().items():
        assert np.array_equal(array, after.model.state_dict()[name])
    capsys.readouterr()
    assert train("--out", "three", "--init-from", "one", "--hidden", "7") == 2
    assert "the model there has --hidden 6" in capsys.readouterr().err
    (tmp_path / "t.txt").write_text(TEXT + "Ж", encoding="utf-8")
    assert train("--out", "three", "--init-from", "one") == 2
    assert "not in the vocabulary" in capsys.readouterr().err
    assert not (tmp_path / "three").exists()


def test_the_demo_leaves_a_run_that_is_not_its_own(tmp_path, capsys):
    assert train("--out", "mine", "--epochs", "1") == 0
    before = (tmp_path / "mine" / "checkpoint.json").read_bytes()
    assert main(["demo", "--out", "mine"]) == 2
    assert "another run is saved here" in capsys.readouterr().err
    assert (tmp_path / "mine" / "checkpoint.json").read_bytes() == before


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_and_the_run_goes_on_to_the_bit(tmp_path, number):
    options = ["train", "--text", "t.txt", *TINY, "--epochs", "40", "--dropout", "0.2", "--layers", "2"]
    job = subprocess.Popen(
        command(*options, "--out", "run"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not (tmp_path / "run" / "checkpoint.json").exists():
        assert job.poll() is None
        time.sleep(0.01)
    job.send_signal(number)
    job.communicate()
    assert job.returncode == 130
    assert Run.load(tmp_path / "run").progress.epoch < 40
    assert main([*options, "--out", "run", "--resume"]) == 0
    assert main([*options, "--out", "whole"]) == 0
    a, b = Run.load(tmp_path / "run"), Run.load(tmp_path / "whole")
    assert all(np.array_equal(x, b.model.state_dict()[name]) for name, x in a.model.state_dict().items())
    assert [row["valid"] for row in a.progress.history] == [row["valid"] for row in b.progress.history]


@posix
@pytest.mark.parametrize(
    ("amid", "at"),
    [("tinygrad_rnn.train.translation.training_step", (0, 3)), ("tinygrad_rnn.cli.translate.exact_match", (1, 0))],
)
def test_a_translator_that_is_asked_to_stop_says_how_to_go_on(amid, at, tmp_path, monkeypatch, capsys):
    with interrupted(monkeypatch, amid, max(at)):
        assert main(["translate", *SMALL, "--epochs", "2", "--out", "part"]) == 130
    saved = Translation.load("part", learnt_from("part"))
    assert (saved.epoch, saved.step) == at  # after that step, or that epoch, and no later
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "interrupted: saved to part; ask it: tinygrad-rnn translate --load part TEXT",
        "go on with the same command, --out part and --resume",
    ]
    assert main(["translate", *SMALL, "--epochs", "2", "--out", "part", "--resume"]) == 0
    assert main(["translate", *SMALL, "--epochs", "2", "--out", "whole"]) == 0
    a, b = (Translator.load(tmp_path / name).model.state_dict() for name in ("whole", "part"))
    assert all(np.array_equal(x, b[name]) for name, x in a.items())


SMALL = ["--pairs", "pairs.tsv", "--hidden", "4", "--embedding", "3", "--batch", "8", "--held-out", "6", "--eager"]


def test_a_translator_goes_on(tmp_path, capsys):
    assert main(["translate", *SMALL, "--epochs", "4", "--out", "whole"]) == 0
    assert main(["translate", *SMALL, "--epochs", "4", "--out", "part"]) == 0
    saved = Translation.load(tmp_path / "part", learnt_from(tmp_path / "part"))
    assert saved.epoch == 4
    assert main(["translate", *SMALL, "--out", "part"]) == 2
    assert "--resume goes on training it" in capsys.readouterr().err
    assert main(["translate", *SMALL, "--out", "part", "--resume", "--epochs", "4"]) == 0
    assert main(["translate", *SMALL, "--out", "part", "--resume", "--batch", "9"]) == 2
    assert "started with batch=8" in capsys.readouterr().err
    assert main(["translate", *SMALL, "--resume"]) == 2
    a, b = (Translator.load(tmp_path / name).model.state_dict() for name in ("whole", "part"))
    assert all(np.array_equal(x, b[name]) for name, x in a.items())
    (tmp_path / "pairs.tsv").write_text(
        "".join(f"{w}\t{w}\n" for w in ("a", "b", "c", "ab", "ba", "ac", "ca", "bc", "cb", "abc")), encoding="utf-8"
    )
    assert main(["translate", *SMALL, "--out", "part", "--resume"]) == 2
    assert "other pairs" in capsys.readouterr().err


def learnt_from(directory):
    return split_pairs(read_pairs("pairs.tsv"), 6, Translator.load(directory).recipe.seed)[0]


@posix
def test_a_pipe_that_is_written_to_is_read(tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = subprocess.Popen(["sh", "-c", f"sleep 0.2; cat t.txt > {pipe}"])
    assert Corpus.from_file(pipe).text == TEXT
    writer.wait()
    assert main(["train", "--text", "pipe", *TINY]) == 2
    assert "nobody writes to this pipe" in capsys.readouterr().err
    assert main(["train", "--text", "/dev/zero", *TINY]) == 2
    assert "not a file" in capsys.readouterr().err
