"""What can befall a checkpoint: `python -m tests.fuzz.saving [kills] [disks] [mutations]`.

kills       300 savers killed (−9) at random moments: a whole checkpoint each time, no litter after the next save
disks       100 saves on a disk that is full after a random number of bytes: the checkpoint before, no litter
mutations   10,000 changes to the files of checkpoints, weights, translators and graphs: our errors, or what was
            saved; the seconds and the memory of the worst
"""

import os
import random
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg
from tests.saving.test_damage import mutated
from tinygrad_rnn import nn
from tinygrad_rnn.exchange import load_weights, save_weights
from tinygrad_rnn.saving.checkpoint import state_of
from tinygrad_rnn.train import Recipe, Translator, load_checkpoint, save_checkpoint


def kills(count=300):
    directory, rng = Path(tempfile.mkdtemp()), random.Random(0)
    model = nn.Linear(80, 80, rng=0)
    save_checkpoint(directory, model, step=0)
    for k in range(count):
        child = os.fork()
        if child == 0:
            while True:
                save_checkpoint(directory, model, step=k + 1)
        time.sleep(rng.random() * 0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert load_checkpoint(directory, nn.Linear(80, 80))["step"] <= k + 1
    litter = len(list(directory.iterdir())) - 2
    save_checkpoint(directory, model)
    assert len(list(directory.iterdir())) == 2
    return (
        f"{count} kills: a whole checkpoint each time; {max(0, litter)} files left by the last, 0 after the next save"
    )


def disks(count=100):
    directory, rng = Path(tempfile.mkdtemp()), random.Random(1)
    model = nn.Linear(80, 80, rng=0)
    save_checkpoint(directory, model, step=-1)
    before = sorted(path.name for path in directory.iterdir())
    refused = 0
    for _ in range(count):
        limit = rng.randrange(27_000)
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                save_checkpoint(directory, model, step=0)
            except tg.CheckpointError:
                os._exit(1)
            os._exit(0)
        refused += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        load_checkpoint(directory, nn.Linear(80, 80))
        found = sorted(path.name for path in directory.iterdir())
        assert len(found) == 2, found
    return f"{count} disks that were full: {refused} saves refused, no litter; before {len(before)} files, now 2"


def mutations(count=10_000):
    rng, worst, refused, same = random.Random(2), 0.0, 0, 0
    model = nn.Linear(8, 8, rng=0)
    optimizer = tg.optim.Adam(model.parameters())
    (model(np.ones(8, np.float32)) ** 2).sum().backward()
    optimizer.step()
    directory = Path(tempfile.mkdtemp())
    save_checkpoint(directory / "run", model, optimizer, step=1)
    save_weights(model, directory / "weights")
    Translator(Recipe(hidden=4, embedding=3), [("abc", "cba")]).save(directory / "translator")

    def checkpoint():
        fresh = nn.Linear(8, 8, rng=1)
        own = tg.optim.Adam(fresh.parameters())
        load_checkpoint(directory / "run", fresh, own)
        return state_of(fresh, own)

    def weights():
        fresh = nn.Linear(8, 8, rng=1)
        load_weights(fresh, directory / "weights")
        return fresh.state_dict()

    def translator():
        return Translator.load(directory / "translator").model.state_dict()

    def graph():
        return {"graph": tg.Graph.from_json((directory / "graph.json").read_text(errors="replace"))}

    (directory / "graph.json").write_text((model(np.ones(8, np.float32)) ** 2).sum().graph(gradients=True).to_json())
    places = []
    loaders = (checkpoint, "run/*"), (weights, "weights"), (translator, "translator/*"), (graph, "graph.json")
    for load, where in loaders:
        expected = load()
        places += [(load, expected, path, path.read_bytes()) for path in directory.glob(where)]
    for k in range(count):
        load, expected, path, whole = places[k % len(places)]
        path.write_bytes(mutated(rng, whole))
        began = time.perf_counter()
        try:
            found = load()
        except (tg.CheckpointError, tg.GraphError):
            refused += 1
        else:
            same += 1
            assert found.keys() == expected.keys()
            assert all(np.array_equal(found[name], expected[name]) for name in expected)
        worst = max(worst, time.perf_counter() - began)
        path.write_bytes(whole)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"{count} mutations: {refused} refused, {same} the same; at most {worst:.2f} s, {memory} MB"


if __name__ == "__main__":
    for name in sys.argv[1:] or ["kills", "disks", "mutations"]:
        print(globals()[name](), flush=True)
