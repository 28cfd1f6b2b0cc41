"""What the command line says, word for word, and what each of its options takes: kept in transcript.txt.

After a change that is meant, what is said now stands in transcript.txt.new: look at the difference, and put it in
place. Figures that are measured are left out (#).
"""

import os
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.kept import check_kept
from tests.tasks.test_trial import Last
from tinygrad_rnn.cli import COMMANDS, _fill, main
from tinygrad_rnn.cli.options import Parser
from tinygrad_rnn.course import gallery
from tinygrad_rnn.tasks import TASKS, TrialConfig

KEPT = Path(__file__).with_name("transcript.txt")
TRIED = ("-1", "0", "0.5", "1", "1.5", "2", "9", "10", "49", "50", "2400", "2401", "1e9", "nan", "a.svg", "2-5")
SESSION = """
train --text t.txt --hidden 6 --layers 1 --batch 5 --bptt 20 --epochs 2 --out run --csv log.csv
train --text t.txt --out run
train --text t.txt --out run --resume --hidden 7 --batch 6
train --text other.txt --out run --resume
train --text t.txt --resume
train --text t.txt --out run --resume --epochs 3 --eager
train --text t.txt --init-from run --hidden 7 --layers 2 --out two
train --text short.txt --out two
train --text empty.txt --out two
train --text latin.txt --out two
train --text utf16.txt --out two
train --text cut.txt --out two
train --text utf32.txt --out two
train --text unmarked.txt --out two
train --text windows.txt --out two
train --text russian.txt --out two
train --text wide.txt --out two
train --text middle.txt --out two
train --text nothing.txt --out two
train --text undefined.txt --out two
train --text eighth.txt --out two
train --text last.txt --out two
train --text late.txt --out two
train --text t.txt --out t.txt
train --text t.txt --hidden 6 --layers 1 --lr 1 --warmup 0 --batch 5 --epochs 4 --model gru --eager
train --text t.txt --hidden 6 --layers 1 --lr 3e38 --optimizer sgd --clip 0 --warmup 0 --batch 5 --out three --eager
sample three --length 0
sample run --length 0 --prompt the
sample run --length 4 --prompt Ω
sample two
draw run --text the -o run.dot
draw run --text t
draw run
draw --text the
draw run --text the --steps 3 --hidden 5
draw --format dot
draw --dpi 100
draw --twins
draw --twins --model gru -o twins.html
draw run --twins --text the -o twins.html
draw --twins --show 2-3 -o twins.html
draw --twins --fold head -o twins.html
draw --view rolled --show 2-3
draw --topology one-to-many --bidirectional
draw -o missing/a.dot --steps 2
translate --pairs pairs.tsv --hidden 4 --embedding 3 --epochs 1 --held-out 19 --out translator --eager --beam 2
translate --pairs pairs.tsv --hidden 4 --embedding 3 --epochs 1 --held-out 6 --out translator
translate --pairs pairs.tsv --out translator --held-out 6 --resume --batch 9 --hidden 5
translate --pairs pairs.tsv --out translator --held-out 19 --resume
translate --pairs pairs.tsv --out translator --held-out 3 --resume
translate --pairs pairs.tsv --resume
translate --pairs pairs.tsv --examples 5
translate --pairs tabs.tsv
translate --pairs half.tsv
translate --pairs control.tsv
translate --load translator --hidden 5 --out x word
translate --load translator XYZ
translate --load run abc
sample translator
translate word
task last --seeds 2 --processes 1 --keep kept.json
task last --seeds 3 --processes 1 --keep kept.json
task all --quick --seeds 1 --processes 1
task last --model lstm
task last --scheduler here
task last --keep t.txt
demo --out run
demo --out demo --eager
demo --out demo --eager
draw --show 5-2
draw -o a.jpg
draw -o a
draw --show x
draw -o t.txt/a.dot --steps 2
lesson
lesson 1 --out pictures
lesson --print
lesson --out x
lesson 99
train --text t.txt --hidden 0
train --text t.txt --lr nan
train --text t.txt --dropout 1
translate --teacher-forcing 2
sample run --top-p 0
check --seed 3
check --seed 4
""".strip().splitlines()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Texts and pairs of each kind, and one task that takes a moment."""
    monkeypatch.chdir(tmp_path)
    text = "the quick brown fox jumps over the lazy dog.\n" * 60
    words = ["".join(w) for w in np.random.default_rng(0).choice(list("abc"), (40, 3))]
    contents = {
        "t.txt": text, "other.txt": text + "a", "short.txt": "too short", "empty.txt": "", "tabs.tsv": "a\tb\tc\n",
        "half.tsv": "a\t\n", "control.tsv": "a\tb\x03\n", "pairs.tsv": "".join(f"{w}\t{w[::-1]}\n" for w in words),
        "latin.txt": "für Männer\n".encode("latin-1"), "utf16.txt": "text".encode("utf-16"),
        "cut.txt": "zwölf für ä".encode()[:-1], "utf32.txt": "text".encode("utf-32"),
        "wide.txt": "für 日".encode()[:-1],
        "unmarked.txt": "für Männer".encode("utf-16-le"), "windows.txt": "“für Männer” – 5 €\n".encode("cp1252") * 9,
        "undefined.txt": b"f\x81r M\x8dnner, k\x90nne, s\x9d\n" * 9,
        "last.txt": b"text \xff", "late.txt": b"\xe4" + b"a" * 5000 + bytes(3000),
        "eighth.txt": b"\xe4 text \0",  # an eighth is 0
        "russian.txt": "для людей\n".encode("cp1251"), "middle.txt": "für ".encode() + b"\xc3" + b"Leute",
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr(Last, "configs", {"rnn": TrialConfig("rnn", 4, budget=400, quick=100)})
    for name in list(TASKS):
        monkeypatch.delitem(TASKS, name)
    monkeypatch.setitem(TASKS, "last", Last)
    monkeypatch.setattr("tinygrad_rnn.cli.demo.python_topics", lambda: text + "The end.\n" * 30)
    monkeypatch.setattr("tinygrad_rnn.cli.demo.painted", painted)
    monkeypatch.setattr("tinygrad_rnn.testing.selfcheck.check_library", checked)


def painted(picture, suffix):
    """A picture, but where this machine is said not to paint it."""
    if suffix == ".png":
        raise tg.DataError("no Graphviz here", help="install it")
    return picture.dot.encode()


def checked(seed):
    yield SimpleNamespace(kind="op", name="exp", cases=seed, worst=1e-9, note="", failed=False)
    yield SimpleNamespace(kind="module", name="LSTM", cases=12, worst=0.25, note="its state", failed=seed == 4)


def said(line, capsys):
    try:
        status = main(shlex.split(line))
    except SystemExit as exit:
        status = exit.code
    out, error = capsys.readouterr()
    whole = out + "".join(f"! {each}\n" for each in error.splitlines())
    assert all(int(seconds) < 600 for seconds in re.findall(r"(\d+) s\b", whole))  # what a command took, not the clock
    whole = re.sub(r"[\d,.]+(?= (chars|pairs)/s)|\b\d+(?= s\b)|\d+\.\d+([eE][-+]\d+)?|\b[\d.]+%", "#", whole)
    whole = re.sub(r"(?m)^compiled: .*", "compiled: #", whole).replace(str(gallery()), "GALLERY")
    whole = re.sub(r"(?m)^(  \w+ +→|(?=  \| )).*(\n  \| .*)*", r"\1", whole)  # what a model writes
    return f"$ {line}\n{whole}" + (f"status {status}\n" if status else "")


def options(command):
    to = Parser(prog="tinygrad-rnn")
    _fill(command, to)
    yield f"{command.name}: {command.help}\n"
    for action in to._actions[1:]:
        words = action.help % {**vars(action), "prog": to.prog}
        yield f"  {', '.join(action.option_strings) or action.dest} {action.metavar or ''}: {words}\n"
        yield "".join(f"    {name} {value}\n" for name, value in facts(action))


def facts(action):
    for name in ("nargs", "const", "default"):
        value = getattr(action, name)
        if value is not None and value != "==SUPPRESS==":
            yield name, value
    if action.choices:
        yield "one of", " ".join(map(str, action.choices))
    elif action.type is Path:
        yield "takes", "a path"
    elif action.type is not None:
        yield "takes", " ".join(text for text in TRIED if takes(action.type, text))


def takes(kind, text):
    try:
        kind(text)
    except Exception:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="the words of the system are others")
def test_every_word_is_as_it_was(here, capsys):
    helps = "".join(part for command in COMMANDS for part in options(command))
    check_kept(KEPT, helps + "\n" + "\n".join(said(line, capsys) for line in SESSION))
