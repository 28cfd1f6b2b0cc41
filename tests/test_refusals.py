"""What training, data, saving and tasks refuse, and in which words: kept in refusals.txt.

Of each option of each public call: what is refused of the values of tests/test_options.py and at the edges of a range.
After a change that is meant, what is said now stands in refusals.txt.new: look at the difference, and put it in place.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.kept import check_kept
from tests.test_options import (
    ALONE,
    CALLS,
    CORPUS,
    GRU,
    LINEAR,
    MODEL,
    OUTCOME,
    PAIRS,
    TRANSLATOR,
    UNTOUCHED,
    WRONG,
    X,
    attempt,
)
from tinygrad_rnn.data.pairs import Alphabet, split_pairs
from tinygrad_rnn.saving import encoded, read_arrays, write_file
from tinygrad_rnn.saving.checkpoint import DRAFT, document, read, write
from tinygrad_rnn.saving.claim import claimed

KEPT = Path(__file__).with_name("refusals.txt")
ROOMS = ("train.", "data.", "tasks.")
VALUES = WRONG | {"1": 1, "2": 2, "10": 10, "0.5": 0.5, "a negative fraction": -0.5}
UNTRIED = UNTOUCHED | {"processes", "comm"}  # they would be started; what is said depends on whether mpi4py is there
T, B = tg.tensor(np.ones((2, 3)), requires_grad=True), {"batch": 2, "bptt": 5}
DIVERGED = tg.train.CharModel("rnn", len(CORPUS.vocabulary), 2, 1, rng=0)
DIVERGED.head.weight.assign(np.full(DIVERGED.head.weight.shape, np.nan))
KINDS = {"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]},
         "b": {"dtype": "F8_E5M2", "shape": [1], "data_offsets": [2, 3]}}  # fmt: skip
HEADER = json.dumps(KINDS).encode()
BF16 = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3)  # a safetensors file
OTHER = SimpleNamespace(**vars(ALONE) | {"allgather": lambda mine: [mine, "another"]})
NINE = SimpleNamespace(**vars(ALONE) | {"Get_size": lambda: 9})


class Backwards:
    bidirectional = True


class Turned:
    batch_first = True


def loaded(*files, **names):
    """A checkpoint, some of whose files are changed first."""
    tg.train.save_checkpoint("run", LINEAR, step=1)
    for name, change in names.items():
        for path in Path("run").glob(f"{name}*"):
            change(path)
    tg.train.load_checkpoint("run", LINEAR)


def moved(**changes):
    """The batches of two items by one, at a place that was changed."""
    batches = tg.data.Batches([[1], [2]], batch=1, rng=0)
    batches.load_state_dict(batches.state_dict() | changes)


def altered_run(change):
    """A run that is loaded after some of its facts were changed."""
    Path("text").write_text("hello " * 90, encoding="utf-8")
    tg.train.Run(tg.train.Settings(hidden=2, batch=2), tg.train.Corpus.from_file("text")).save("run")
    altered(change)
    tg.train.Run.load("run", Path("text"))


def altered_training(change):
    """The training of a translator, likewise."""
    tg.train.Translation(TRANSLATOR, PAIRS).save("run")
    altered(change)
    tg.train.Translation.load("run", PAIRS)


def altered(change):
    arrays, facts = read("run")
    change(facts)
    write("run", arrays, facts)


def without_mpi():
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "mpi4py", None)
        tg.train.DataParallel()


def taken(directory):
    """Two runs in one directory."""
    Path(directory).mkdir()
    with claimed(Path(directory), "a run"), claimed(Path(directory), "another"):
        pass


def clipped(**options):
    p = tg.tensor([1.0], requires_grad=True, name="w")
    p.grad = [np.inf]
    tg.train.clip_grad_norm_([p], 1.0, **options)


MORE = {
    "a text that is none": lambda: tg.train.Corpus(b"hello"),
    "a vocabulary with one twice": lambda: tg.train.Corpus("a", "aab"),
    "two unknown characters": lambda: CORPUS.encode("xyz"),
    "ids of no character": lambda: CORPUS.decode([0, -1, 99]),
    "ids that are none": lambda: list(tg.train.stream_batches(np.ones((3, 2)), **B)),
    "ids that are masked": lambda: list(tg.train.stream_batches(np.ma.array(np.arange(30)), **B)),
    "a text shorter than a batch": lambda: list(tg.train.stream_batches(np.arange(3), 3, 5)),
    "nothing left": lambda: split_pairs([("a", "b"), ("a", "c")], 1),
    "pairs that are none": lambda: split_pairs([("a", "b", "c")], 1),
    "an alphabet without": lambda: Alphabet([("a", "b")]).batch([("x", "b")]),
    "a direction too many": lambda: tg.train.truncated(Backwards(), [X], k1=1),
    "batch first": lambda: tg.train.truncated(Turned(), [X], k1=1),
    "k2 below k1": lambda: tg.train.truncated(GRU, [X], k1=2, k2=1),
    "inputs that require grad": lambda: list(tg.train.truncated(GRU, [T], k1=1)),
    "inputs of two shapes": lambda: list(tg.train.truncated(GRU, [np.ones((2, 3)), np.ones((1, 3))], k1=2)),
    "a norm that is infinite": lambda: clipped(error_if_nonfinite=True),
    "a parameter that is none": lambda: tg.train.clip_grad_norm_([3], 1.0),
    "the corpus of another": lambda: tg.train.sample(MODEL, tg.train.Corpus("abc")),
    "logits that diverged": lambda: tg.train.sample_logits([0, np.nan], rng=0),
    "a model that diverged": lambda: tg.train.sample(DIVERGED, CORPUS),
    "a choice at a temperature": lambda: tg.train.sample_logits(np.zeros(2), temperature=-1),
    "a place before the first": lambda: tg.train.Progress(epoch=-1),
    "a loss that is none": lambda: tg.train.Progress(total="low"),
    "a history that is none": lambda: tg.train.Progress(history=3),
    "a row that is none": lambda: tg.train.Progress(history=[3]),
    "a figure that is none": lambda: tg.train.Progress(history=[{"valid": "low"}]),
    "no items": lambda: tg.data.Batches([], batch=2),
    "items without a length": lambda: tg.data.Batches(np.array(3.0), batch=2),
    "a collate that is none": lambda: tg.data.Batches([[1]], batch=1, collate=3),
    "items that are not alike": lambda: list(tg.data.Batches([([1], 2), ([3],)], 2, shuffle=False)),
    "a state that is none": lambda: tg.data.Batches([[1], [2]], batch=1).load_state_dict(3),
    "the state of other data": lambda: moved(items=9),
    "a place behind the last": lambda: moved(step=3),
    "a place before the first batch": lambda: moved(step=-1),
    "an epoch before the first": lambda: moved(epoch=-1),
    "half an epoch": lambda: moved(epoch=0.5),
    "a seed that is none": lambda: moved(seed=-1),
    "the last place": lambda: moved(step=2),
    "the state of another generator": lambda: moved(rng={"bit_generator": "MT19937"}),
    "no rows": lambda: tg.data.pad_sequences([]),
    "rows of six shapes": lambda: tg.data.pad_sequences([np.ones((1, k)) for k in range(1, 7)]),
    "a file of no pairs": lambda: tg.train.read_pairs(write_file("pairs", b"\n")),
    "an empty file of pairs": lambda: tg.train.read_pairs(write_file("pairs", b"")),
    "a folder for a text": lambda: tg.train.read_pairs("."),
    "an executor that is none": lambda: next(tg.tasks.attempts([], executor=3)),
    "no pairs to train on": lambda: tg.train.Translation(TRANSLATOR, []),
    "no pairs to ask for": lambda: tg.train.exact_match(TRANSLATOR, []),
    "no pairs to be shown": lambda: tg.train.forced_match(TRANSLATOR, []),
    "fewer rows than ranks": lambda: tg.train.DataParallel(NINE).rows(4),
    "a text too short to validate": lambda: tg.train.Run(tg.train.Settings(batch=1), tg.train.Corpus("ab")).batches(),
    "many unknown characters": lambda: CORPUS.encode("abcdfghijklmpqsuvwxyz"),
    "many ids of no character": lambda: CORPUS.decode(range(100, 120)),
    "many that were never shown": lambda: TRANSLATOR.translate(["ABCDEFGHIJKLMNOPQ"]),
    "a first loss that is not finite": lambda: tg.train.training_step((X * np.inf).sum(), tg.optim.SGD([X], lr=0.1)),
    "no pairs at all": lambda: tg.train.Translator(tg.train.Recipe(), []),
    "the pairs of another training": lambda: (
        tg.train.Translation(TRANSLATOR, PAIRS).save("run"),
        tg.train.Translation.load("run", PAIRS[1:]),
    ),
    "no training to go on with": lambda: (TRANSLATOR.save("run"), tg.train.Translation.load("run", PAIRS)),
    "a place of no training": lambda: altered_training(lambda facts: facts["training"].update(epoch=-1)),
    "a limit of nothing": lambda: altered_training(lambda facts: facts.update(limit=0)),
    "a recipe of nothing known": lambda: altered_training(lambda facts: facts["recipe"].update(depth=3)),
    "a chunk behind the last": lambda: altered_run(lambda facts: facts["progress"].update(chunk=10**6)),
    "a state of another size": lambda: altered_run(lambda facts: facts["settings"].update(layers=1)),
    "weights of other ranks": lambda: tg.train.DataParallel(OTHER).check_same([X]),
    "no processes": lambda: next(tg.tasks.attempts([], processes=0)),
    "rows that are none": lambda: tg.train.DataParallel(NINE).rows("many"),
    "several processes without mpi4py": without_mpi,
    "a communicator that is none": lambda: tg.train.DataParallel(3),
    "a fact that JSON does not hold": lambda: write("run", {}, {"x": {1, 2}}),
    "no optimiser": lambda: (
        tg.train.save_checkpoint("run", LINEAR),
        tg.train.load_checkpoint("run", LINEAR, tg.optim.Adam(LINEAR.parameters(), lr=0.1)),
    ),
    "a place to write that is none": lambda: write(3, {}, {}),
    "a place to read that is none": lambda: tg.train.load_checkpoint(3, LINEAR),
    "a file for a folder": lambda: (write_file("run", b""), write("run/here", {}, {})),
    "a folder in the way": lambda: (Path("run", DRAFT).mkdir(parents=True), write("run", {}, {})),
    "arrays elsewhere": lambda: (
        Path("run").mkdir(),
        write_file("run/checkpoint.json", document("../arrays.safetensors", b"", {})),
        tg.train.load_checkpoint("run", LINEAR),
    ),
    "a folder that is taken": lambda: taken("run"),
    "no checkpoint": lambda: tg.train.load_checkpoint("nowhere", LINEAR),
    "no arrays": lambda: loaded(arrays=Path.unlink),
    "half a document": lambda: loaded(checkpoint=lambda path: path.write_text("{")),
    "another format": lambda: loaded(checkpoint=lambda path: path.write_text('{"format": "x", "version": 9}')),
    "another text": lambda: loaded(checkpoint=lambda path: path.write_text(path.read_text().replace("step", "stop"))),
    "cut": lambda: loaded(arrays=lambda path: path.write_bytes(path.read_bytes()[:-1])),
    "turned": lambda: loaded(arrays=lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x01")),
    "too large": lambda: loaded(checkpoint=lambda path: os.truncate(path, 2**26)),
    "a directory for a file": lambda: loaded(checkpoint=lambda path: (path.unlink(), path.mkdir())),
    "arrays of nothing known": lambda: (write("run", {"x": X.data}, {}), tg.train.load_checkpoint("run", LINEAR)),
    "many arrays of nothing known": lambda: (
        write("run", {f"array_{k}": X.data for k in range(100, 200)}, {}),
        tg.train.load_checkpoint("run", LINEAR),
    ),
    "another model": lambda: (tg.train.save_checkpoint("run", LINEAR), tg.train.load_checkpoint("run", GRU)),
    "weights that are none": lambda: (Path("w").write_bytes(b"abc"), read_arrays("w")),
    "weights that were changed": lambda: read_arrays(
        write_file("w", encoded({"a": np.ones(2)}).replace(np.ones(1).tobytes(), np.zeros(1).tobytes()))
    ),
    "weights of a kind that NumPy has not": lambda: read_arrays(write_file("w", BF16)),
    "no weights": lambda: read_arrays("nowhere"),
    "no folder": lambda: write_file("nowhere/file", b"abc"),
    "an outcome that is none": lambda: tg.tasks.table([OUTCOME, 3]),
    "a task that is none": lambda: tg.tasks.Job(dict, "gru", 0, 1),
}


def words(error, value=None):
    """The error in one line; the value that was refused, its kind, and what is another each time are left out."""
    line = "; ".join(re.sub(r" {2,}", " ", each.strip()) for each in str(error).splitlines())
    kinds = "|".join({type(each).__name__ for each in VALUES.values()})
    line = re.sub(rf"(?<=[=' ]){re.escape(f'{value!r:.60}')}(?= |;|$)", "…", line)
    line = re.sub(rf"got ({kinds})$|(?<=of type )({kinds})(?=;)", "…", line)
    another = (
        r"0x[0-9a-f]+|(?<=arrays-)[0-9a-f]{12}|(?<=SHA-256 )[0-9a-f]+|(?<=damaged; ).* bytes; got .*|(?<=header: )[^;]+"
        r"|(?<=process ).*(?=; help)"
    )
    return re.sub(another, "#", line)


def refusals():
    """An option at a time: what is taken, and what is said of the rest."""
    for name, (called, right) in CALLS.items():
        for parameter in right if name.startswith(ROOMS) else ():
            said, taken = {}, []
            for kind, value in VALUES.items() if parameter not in UNTRIED else ():
                error = attempt(called, right | {parameter: value})
                if error is None:
                    taken.append(kind)
                else:
                    said.setdefault(words(error, value), []).append(kind)
            if said:
                yield f"{name}, {parameter}: {', '.join(taken) or 'nothing'}"
                yield from (f"  {', '.join(kinds)}: {line}" for line, kinds in said.items())
    for what, call in MORE.items():
        for path in Path().iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield f"{what}: {words(attempt(call, {}))}"


@pytest.mark.skipif(os.name == "nt", reason="the words of the system are others")
def test_what_is_refused_and_in_which_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_kept(KEPT, "".join(f"{line}\n" for line in refusals()))
