"""Every option of every public class and function, tried with what is out of its range.

From one right call of each, every parameter in turn is given a value of another kind, NaN, −1, 0, None; and an option
is misspelt. Whatever is not accepted has to be refused in the house's form, and never by NumPy or Python from inside.
"""

import inspect
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tinygrad_rnn import tasks
from tinygrad_rnn.data.addition import addition
from tinygrad_rnn.data.dates import dates

WRONG = {
    "a text": "text", "NaN": float("nan"), "−1": -1, "0": 0, "a fraction": 1.5, "None": None, "a list": [7, 8, 9],
    "an object": object(), "a class": dict,
}  # fmt: skip
rng = np.random.default_rng(0)
X = tg.tensor(rng.standard_normal((3, 3)), requires_grad=True)
LSTM = tg.nn.LSTM(3, 4, rng=0)
GRU = tg.nn.GRU(3, 3, rng=0)
SEQUENCE = tg.tensor(rng.standard_normal((5, 2, 3)).astype(np.float32))


def run():
    """A loss, its states and a weight, recorded anew: some of what is tried releases a graph."""
    states, _ = GRU.unrolled(SEQUENCE)
    return (states[-1] ** 2).sum(), states


def cube(x):
    return (x * x * x).sum()


LOSS, CUBE, TEXT = run()[0], cube(X), tg.graph(X * 2).to_json()


def drawn(
    x=X * 2, view="cell", gradients=False, values=False, steps=None, fold=(), legend=True, theme="light", title=None,
    width=None,
):  # fmt: skip
    return viz.draw(
        x, view=view, gradients=gradients, values=values, steps=steps, fold=fold, legend=legend, theme=theme,
        title=title, width=width,
    )  # fmt: skip


def scoped(name):
    with tg.scope(name):
        tg.sum(X, axis=5 if name != "lstm" else 0)  # refused, and the message tells the scope


# what a parameter of this name is given, by any function that has one
BY_NAME = {
    "A": X, "array": X, "ary": X, "tup": [X, X], "arr": X, "m": X, "v": X, "k": 1, "shift": 1, "q": 0.5,
    "x": X, "a": X, "b": X, "condition": X.data > 0, "y": X, "axis": 0, "axis1": 0, "axis2": 1, "axes": None,
    "shape": (9,), "source": 0, "destination": 1, "dtype": np.float64, "indices": np.array([[0, 1, 2]]), "offset": 0,
    "ids": np.array([0, 1]), "num_classes": 3, "index": [0, 1], "values": np.ones((2, 3)), "keepdims": False, "ddof": 0,
    "arrays": [X, X], "indices_or_sections": 3, "pad_width": 1, "mode": "edge", "constant_values": 0.0, "reps": 2,
    "repeats": 2, "a_min": -1.0, "a_max": 1.0, "ord": None, "data": [1.0, 2.0], "requires_grad": True, "name": "h",
    "gradient": None, "tensor": X, "role": "gate", "t": 1, "of": 3, "f": cube, "W": np.eye(2), "fan_in": 3,
    "input_size": 3, "hidden_size": 4, "output_size": 2, "rng": 0, "scope": None, "subscripts": "ij->i",
    "in_features": 3, "out_features": 2, "num_embeddings": 5, "embedding_dim": 3, "p": 0.5, "normalized_shape": 3,
    "log_p": X, "x1": X, "x2": X.data,
    "logits": X, "targets": np.array([0, 1, 2]), "target": X.data, "prediction": X, "predictions": X,
    "params": [X], "lr": 0.1, "kind": "gru", "every": 10, "gamma": 0.5, "steps": 10,
}  # fmt: skip
# what else a right call needs, and how to call what answers only when its result is called
RIGHT = {
    "tg.softmax": {"axis": -1}, "tg.expand_dims": {"axis": 0}, "tg.squeeze": {"x": X[None], "axis": 0},
    "tg.broadcast_to": {"shape": (2, 3, 3)}, "tg.tensordot": {"axes": 1}, "tg.getitem": {"index": 0},
    **{f"tg.bitwise_{name}": {"a": X.data > 0, "b": X.data > 0} for name in ("and", "or", "xor")},
    "tg.dsplit": {"ary": X[None]}, "tg.gather": {"index": np.array([[0, 1, 2]])},
    **{f"tg.{name}": {"x": tg.tanh(X)} for name in ("arccos", "arcsin", "arctanh", "acos", "asin", "atanh")},
    **{f"tg.{name}": {"x": 1 + X * X} for name in ("arccosh", "acosh")},
    "tg.invert": {"x": X.data > 0}, "tg.take_along_axis": {"indices": np.zeros((1, 3), int)},
    "nn.cosine_embedding_loss": {"target": np.ones(3)},
    "nn.Written": {"ids": [2, 3], "log_p": -1.0, "stopped": True},
    "nn.sequence_loss": {"logits": SEQUENCE, "targets": np.zeros((5, 2), int)},
    "nn.init.uniform": {"bound": 0.1}, "nn.init.xavier_uniform": {"shape": (3, 4)},
    "nn.init.orthogonal": {"shape": (3, 4)},
    "nn.init.identity": {"shape": (3, 3)}, "nn.AdditiveAttention": {"query_size": 3, "memory_size": 3},
    "nn.DotAttention": {"query_size": 3, "memory_size": 3},
}  # fmt: skip
DEFERRED = {
    "tg.grad": lambda f=cube, argnums=0: tg.grad(f, argnums)(X),
    "tg.value_and_grad": lambda f=cube, argnums=0: tg.value_and_grad(f, argnums)(X),
    "tg.jacobian": lambda f=cube, argnums=0: tg.jacobian(f, argnums)(X),
    "tg.grad of": lambda x=2.0: tg.grad(cube)(x),
    "tg.hessian of": lambda x=2.0: tg.hessian(cube)(x),
    "tg.hvp of": lambda x=2.0, v=1.0: tg.hvp(cube)(x, v),
    "tg.vjp": lambda x=2.0, gy=1.0: tg.vjp(cube, x)[1](gy),
    "tg.jvp": lambda xs=(2.0,), dxs=(1.0,): tg.jvp(cube, xs, dxs),
    "tg.einsum": lambda subscripts="ij->i", x=X: tg.einsum(subscripts, x),
    "tg.einsum of lists": lambda axes=[0, 1], x=X: tg.einsum(x, axes),
    "tg.atleast_1d": lambda x=X: tg.atleast_1d(x),
    "tg.atleast_2d": lambda x=X: tg.atleast_2d(x),
    "tg.atleast_3d": lambda x=X: tg.atleast_3d(x),
    "tg.gradient_flow": lambda states="h", scope=None: tg.gradient_flow(run()[0], states, scope),
    "tg.gradient_flow of": lambda loss=LOSS: tg.gradient_flow(loss, "h"),
    "tg.labelled": lambda name="h", scope=None: tg.labelled(run()[0], name, scope),
    "tg.labelled of": lambda output=LOSS: tg.labelled(output, "h"),
    "tg.gradient_ledger of": lambda loss=CUBE, parameter=X: tg.gradient_ledger(loss, parameter),
    "tg.gradient_ledger": lambda parameter=GRU.weight_hh_l0: tg.gradient_ledger(run()[0], parameter),
    "tg.step_jacobians": lambda states=[X, X * 2]: tg.step_jacobians(states),
    "tg.state_influence": lambda states=[X, X * 2]: tg.state_influence(states),
    "tg.graph": lambda output=X * 2: tg.graph(output),
    "tg.scope": lambda name="lstm": scoped(name),
    "Tensor.backward": lambda gradient=None: tg.sum(X).backward(gradient),
    "Tensor.assign": lambda values=(1.0, 1.0): tg.tensor([1.0, 2.0]).assign(values),
    "Tensor.grad": lambda grad=(1.0, 1.0): setattr(tg.tensor([1.0, 2.0]), "grad", grad),
    "Tensor[…]": lambda index=0: X[index],
    "Graph.from_json": lambda text=TEXT: tg.Graph.from_json(text),
    "viz.draw": drawn,
}
PAIRS = [("one", "1"), ("two", "2"), ("three", "3")]
CORPUS = tg.train.Corpus("to be or not to be")
MODEL = tg.train.CharModel("gru", len(CORPUS.vocabulary), 4, 1, rng=0)
LINEAR = tg.nn.Linear(3, 2, rng=0)
ALONE = SimpleNamespace(Get_rank=lambda: 0, Get_size=lambda: 1, Allreduce=lambda how, array: None)  # a communicator
TRANSLATOR = tg.train.Translator(tg.train.Recipe(hidden=2, embedding=2, epochs=1), PAIRS)
JOB = tasks.Job(tasks.Adding, "gru", seed=0, budget=0)
OUTCOME = tasks.Outcome(JOB, 100, False, False, 0.5, 1.0, 1.0)
SCARCE = {  # right calls that the names alone do not tell
    "nn.beam_search nn.greedy_search nn.sample_search": "they take a model, and run it",
    "nn.functional_call nn.rtrl nn.checkpointed nn.unroll nn.Sequential": "they take a model or a function, and run it",
    "tg.Graph tg.GraphNode tg.primitive tg.linear tg.nondifferentiable": "they are tried where they are tested: engine",
    "nn.Activation nn.Cell nn.Recurrent nn.Attention nn.Module tasks.Task": "bases, not made by themselves",
    "nn.Encoder nn.Decoder nn.Seq2Seq nn.ManyToOne nn.ManyToMany nn.OneToMany": "they take modules",
    "nn.seeded": "a context manager, tried where it is tested",
    "optim.Option optim.Number optim.Flag optim.Pair optim.Group": "they are what options are checked by",
    "optim.chained": "it takes functions of a step alone",
    "data.Padded data.Alphabet data.shuffled": "they are made of what was checked",
    "data.Corpus data.detach_state data.read_pairs data.split_pairs data.stream_batches": "they are train's as well",
    "testing.tally exchange.rule": "a context manager without options, and a decorator",
    "tasks.at_the_end tasks.at_every_step": "they take the arrays that a task has made, and no options",
}
PACKAGES = {
    "tg": tg, "nn": tg.nn, "nn.init": tg.nn.init, "optim": tg.optim, "data": tg.data, "train": tg.train,
    "exchange": tg.exchange, "tasks": tasks, "testing": tg.testing,
}  # fmt: skip
TOLERANCES = {"rtol": 1e-3, "atol": 0.0, "step": 1e-3, "nondeterminism": 0.0}


def loaded(module=LINEAR, path="weights", strict=True):
    """Loading what was saved under that name."""
    tg.exchange.save_weights(LINEAR, "weights")
    tg.exchange.load_weights(module, path, strict)


def restored(directory="checkpoint", model=LINEAR, optimizer=None):
    tg.train.save_checkpoint("checkpoint", LINEAR)
    tg.train.load_checkpoint(directory, model, optimizer)


def written(path="pairs.tsv"):
    Path("pairs.tsv").write_text("one\t1\n", encoding="utf-8")
    tg.train.read_pairs(path)


def stepped(**options):
    p = tg.tensor([3.0, 4.0], requires_grad=True)
    tg.train.training_step(**{"loss": (p * p).sum(), "optimizer": tg.optim.SGD([p], lr=0.1)} | options)


def minimised(**options):
    p = tg.tensor([3.0, 4.0], requires_grad=True)
    tg.optim.minimize(**{"closure": lambda: tg.sum(p * p), "parameters": [p]} | options)


FUNCTIONS = {
    "nn.WeightNorm": (lambda **k: tg.nn.WeightNorm(**{"module": tg.nn.Linear(3, 2, rng=0)} | k),
        {"name": "weight", "axis": 0}),
    "train.perplexity": (tg.train.perplexity, {"nats": 1.0}),
    "train.bits_per_char": (tg.train.bits_per_char, {"nats": 1.0}),
    "train.Corpus": (tg.train.Corpus, {"text": "to be or not to be", "vocabulary": None}),
    "train.Corpus.split": (CORPUS.split, {"fraction": 0.5}),
    "train.Corpus.encode": (CORPUS.encode, {"text": "to be"}),
    "train.Corpus.decode": (CORPUS.decode, {"ids": [0, 1]}),
    "train.Corpus.from_file": (tg.train.Corpus.from_file, {"path": __file__}),
    "train.stream_batches": (lambda **k: list(tg.train.stream_batches(**k)),
        {"ids": np.arange(40), "batch": 2, "bptt": 5}),
    "train.detach_state": (tg.train.detach_state, {"state": X}),
    "train.read_pairs": (written, {"path": "pairs.tsv"}),
    "train.split_pairs": (tg.train.split_pairs, {"pairs": PAIRS, "held_out": 1, "seed": 0}),
    "train.clip_grad_norm_": (tg.train.clip_grad_norm_, {"parameters": [X], "max_norm": 1.0}),
    "train.clip_grad_value_": (tg.train.clip_grad_value_, {"parameters": [X], "clip_value": 1.0}),
    "train.ClipStatistics": (tg.train.ClipStatistics, {"max_norm": 1.0}),
    "train.CharModel": (tg.train.CharModel,
        {"kind": "lstm", "vocabulary_size": 5, "hidden": 4, "layers": 1, "dropout": 0.0, "embedding": 2, "rng": 0}),
    "train.Chunk": (tg.train.Chunk, {"steps": slice(0, 1), "output": X, "state": X}),
    "train.Progress": (tg.train.Progress, {}),
    "train.Run": (tg.train.Run, {"settings": tg.train.Settings(hidden=2), "corpus": CORPUS}),
    "train.DataParallel": (tg.train.DataParallel, {"comm": ALONE}),
    "train.progress_bar": (lambda **k: tg.train.progress_bar(**k).__enter__(),
        {"run": tg.train.Run(tg.train.Settings(hidden=2, batch=2), tg.train.Corpus("hello " * 90)), "shown": False}),
    "train.Recipe": (tg.train.Recipe, dict(vars(tg.train.Recipe()))),
    "train.Settings": (tg.train.Settings, dict(vars(tg.train.Settings()))),
    "train.Translator": (tg.train.Translator, {"recipe": tg.train.Recipe(hidden=2), "pairs": PAIRS}),
    "train.Translation": (tg.train.Translation, {"translator": TRANSLATOR, "pairs": PAIRS}),
    "train.Translator.translate": (TRANSLATOR.translate, {"sources": ["one"], "beam": 1}),
    "train.train_translator": (lambda **k: list(tg.train.train_translator(**k)),
        {"translator": TRANSLATOR, "pairs": PAIRS}),
    "train.exact_match": (tg.train.exact_match, {"translator": TRANSLATOR, "pairs": PAIRS, "beam": 1, "batch": 2}),
    "train.forced_match": (tg.train.forced_match, {"translator": TRANSLATOR, "pairs": PAIRS, "batch": 2}),
    "train.evaluate": (tg.train.evaluate, {"model": MODEL, "ids": CORPUS.ids, "batch": 2, "bptt": 5}),
    "train.fit": (tg.train.fit, {"model": MODEL, "train": CORPUS.ids, "valid": CORPUS.ids,
        "optimizer": tg.optim.SGD(MODEL.parameters(), lr=0.0), "progress": None,
        "epochs": 1, "batch": 2, "bptt": 5, "clip": 5.0}),
    "train.sample": (tg.train.sample, {"model": MODEL, "corpus": CORPUS, "prompt": "to", "length": 2,
        "temperature": 1.0, "top_k": None, "top_p": 1.0, "rng": 0}),
    "train.stream_sample": (lambda **k: next(tg.train.stream_sample(**k)),
        {"model": MODEL, "corpus": CORPUS, "prompt": "to", "temperature": 1.0, "rng": 0}),
    "train.truncated": (lambda **k: list(tg.train.truncated(GRU, **k)),
        {"xs": SEQUENCE.data, "state": None, "k1": 2, "k2": 4}),
    "train.training_step": (stepped, {"max_norm": 1.0, "max_value": 1.0}),
    "train.save_checkpoint": (tg.train.save_checkpoint,
        {"directory": "checkpoint", "model": LINEAR, "optimizer": None}),
    "train.load_checkpoint": (restored, {"directory": "checkpoint", "model": LINEAR, "optimizer": None}),
    "train.sample_logits": (tg.train.sample_logits,
        {"logits": np.zeros(4), "temperature": 1.0, "top_k": 2, "top_p": 0.9, "rng": 0}),
    "data.Batches": (lambda **k: list(tg.data.Batches(**k)),
        {"data": [[1, 2], [3]], "batch": 2, "shuffle": True, "rng": 0, "window": 1, "lengths": None,
         "padding_value": 0, "batch_first": False, "drop_last": False}),
    "data.pad_sequences": (tg.data.pad_sequences,
        {"rows": [[1, 2], [3]], "padding_value": 0, "batch_first": False}),
    "data.chunks": (tg.data.chunks, {"ids": np.arange(40), "batch": 2, "bptt": 5}),
    "optim.sequential": (tg.optim.sequential, {"schedules": [tg.optim.constant(0.1)] * 2, "milestones": [5]}),
    "optim.ReduceLROnPlateau": (tg.optim.ReduceLROnPlateau,
        {"optimizer": tg.optim.SGD([X], lr=0.1), "mode": "min", "factor": 0.5, "patience": 1, "threshold": 0.1,
         "threshold_mode": "rel", "cooldown": 0, "min_lr": 0.0, "eps": 0.0}),
    "data.dates": (dates, {"examples": 3, "seed": 0}),
    "data.addition": (addition, {"examples": 3, "seed": 0, "digits": 2}),
    "exchange.save_weights": (tg.exchange.save_weights, {"module": LINEAR, "path": "weights"}),
    "exchange.load_weights": (loaded, {"module": LINEAR, "path": "weights", "strict": True}),
    "exchange.from_keras": (tg.exchange.from_keras, {"module": LINEAR, "arrays": [np.ones((3, 2)), np.ones(2)]}),
    "tasks.Reader": (tasks.Reader, {"kind": "gru", "inputs": 2, "hidden": 3, "outputs": 1, "rng": 0}),
    "tasks.TrialConfig": (tasks.TrialConfig, dict(vars(tasks.TrialConfig("gru", 3)))),
    "tasks.Job": (tasks.Job, {"task": tasks.Adding, "config": "gru", "seed": 0, "budget": 100}),
    "tasks.Outcome": (tasks.Outcome, dict(vars(OUTCOME))),
    "tasks.Batch": (tasks.Batch, {"x": X, "steps": [0], "rows": [0], "target": [1]}),
    "tasks.Recent": (tasks.Recent, {"size": 10}),
    "tasks.remember": (tasks.remember, {"rnn": LSTM, "longest": 10, "rng": np.random.default_rng(0)}),
    "tasks.attempt": (lambda job: job is JOB or tasks.attempt(job), {"job": JOB}),  # a trial takes its time
    "tasks.attempts": (lambda **k: list(tasks.attempts(**k)), {"jobs": [], "processes": 1}),
    "tasks.table": (tasks.table, {"outcomes": [OUTCOME]}),
    "testing.check_vjp": (lambda **k: tg.testing.check_vjp(tg.exp, X.data, **k),
        {"wrt": 0, "order": 1, "oracle": "auto", "kinks": "skip", "seed": 0, "name": None, **TOLERANCES}),
    "testing.check_jvp": (lambda **k: tg.testing.check_jvp(tg.exp, X.data, **k),
        {"wrt": 0, "order": 1, "oracle": "auto", "kinks": "skip", "seed": 0, "name": None, **TOLERANCES}),
    "testing.check_laws": (lambda **k: tg.testing.check_laws(tg.exp, X.data, **k),
        {"wrt": 0, "laws": "linear", "seed": 0, "name": None}),
    "testing.check_call": (lambda **k: tg.testing.check_call(tg.exp, X.data, **k),
        {"laws": "linear", "seed": 0, "name": None, **TOLERANCES}),
    "testing.check_module": (lambda module=LINEAR, x=X.data, **k: tg.testing.check_module(module, x, **k),
        {"module": LINEAR, "x": X.data, "order": 1, "oracle": "auto", "kinks": "skip", "batched": "auto", "unused": (),
         "seed": 0, **TOLERANCES}),
    "testing.check_recurrent": (tg.testing.check_recurrent,
        {"layer": tg.nn.RNN(2, 1, rng=0), "x": np.ones((2, 1, 2)), "h0": None, "lengths": None, "cell": None,
         "unused": (), "seed": 0, **TOLERANCES}),
    "testing.check_errors": (lambda **k: tg.testing.check_errors(tg.add, **k),
        {"cases": [((np.ones(2), np.ones(3)), tg.ShapeError)]}),
    "testing.OpSpec": (tg.testing.OpSpec, {"name": "exp", "fn": tg.exp, "inputs": None}),
    "testing.register": (tg.testing.register, {"spec": tg.testing.OpSpec("an op of this test", tg.exp, inputs=None)}),
    "testing.from_numpy": (tg.testing.from_numpy, {"f": np.exp, "vjp": lambda gy, y, x: gy * y, "jvp": None}),
    "viz.colour_text": (viz.colour_text, {"text": "be", "activations": [0.1, 1.0], "columns": 80, "title": None}),
    "viz.ColouredText.save": (viz.colour_text("be", [0.1, 1.0]).save, {"path": "text.html"}),
    "testing.GradReport": (tg.testing.GradReport, {"name": "exp"}),
}  # fmt: skip
STRATEGIES = {
    "shapes": {"min_dims": 0, "max_dims": 3, "min_side": 1, "max_side": 4},
    "broadcast_shapes": {"count": 2, "max_dims": 3, "max_side": 4},
    "matmul_shapes": {"max_dims": 3, "max_side": 4},
    "axes": {"shape": (2, 3)},
    "indices": {"shape": (3,), "duplicates": True},
    "dtypes": {},
    "values": {"shape": (2,), "domain": "real", "away_from": (), "ties": False},
    "layouts": {"array": np.ones((2, 3))},
    "sequences": {"T": 2, "B": 1, "I": 2},
    "lengths": {"T": 4, "B": 3, "min": 1},
    "calls": {"op": "sum", "ties": False},
    "programs": {"ops": ["tanh"], "max_nodes": 3},
}


def drawing(name):
    """A strategy is checked when it is built; what Hypothesis makes of the rest shows when it draws."""
    from hypothesis import Phase, find, settings

    once = settings(max_examples=1, database=None, phases=[Phase.generate])
    return lambda **options: find(getattr(tg.testing, name)(**options), lambda value: True, settings=once)


if find_spec("hypothesis"):
    FUNCTIONS |= {f"testing.{name}": (drawing(name), right) for name, right in STRATEGIES.items()}
else:
    SCARCE[" ".join(f"testing.{name}" for name in STRATEGIES)] = "they need Hypothesis"
if find_spec("onnx"):
    FUNCTIONS["exchange.export_onnx"] = (
        tg.exchange.export_onnx,
        {
            "model": LINEAR,
            "path": "model.onnx",
            "lengths": False,
            "initial_state": True,
            "inputs": {"x": ("N", 3)},
            "greedy": False,
        },
    )
else:
    SCARCE["exchange.export_onnx"] = "it needs onnx"
if find_spec("scipy"):
    FUNCTIONS["optim.minimize"] = (minimised, {"method": "L-BFGS-B", "tol": None, "callback": None, "maxiter": 2})
else:
    SCARCE["optim.minimize"] = "it needs SciPy"
if find_spec("matplotlib"):
    FUNCTIONS |= {
        "viz.plot_gradient_flow": (viz.plot_gradient_flow,
            {"flows": [0.1, 1.0], "ax": None, "healthy": (1e-3, 10.0), "title": None}),
        "viz.plot_training": (viz.plot_training, {"history": {"norm": [1.0, 2.0]}, "max_norm": 1.0, "title": None}),
    }  # fmt: skip
for library in ("jax", "torch", "autograd", "mygrad"):
    if find_spec(library):
        taken = {"f": np.exp} if library == "mygrad" else {"f": np.exp, "modes": ["vjp"], "max_order": None}
        FUNCTIONS[f"testing.from_{library}"] = (getattr(tg.testing, f"from_{library}"), taken)
    else:
        SCARCE[f"testing.from_{library}"] = f"it needs {library}"
# Whatever NumPy takes for a dtype is one; what is not a function, Python refuses.
UNTOUCHED = {"dtype", "f", "fn", "reference"}


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # "text" is a path


def public():
    """(what is called, how, the arguments of a right call), for every public class and function that they tell."""
    skipped = {name for names in SCARCE for name in names.split()}
    taken = {name.removesuffix(" of") for name in DEFERRED} | set(FUNCTIONS)
    for package, module in PACKAGES.items():
        for name in getattr(module, "__all__", None) or list(vars(module)):
            called = getattr(module, name)
            if not callable(called) or name.startswith("_") or f"{package}.{name}" in skipped | taken:
                continue
            if not getattr(called, "__module__", "").startswith("tinygrad_rnn") or issubclass_of_error(called):
                continue
            known = BY_NAME | RIGHT.get(f"{package}.{name}", {})
            signature = inspect.signature(called).parameters.values()
            named = [p for p in signature if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
            right = {p.name: known[p.name] if p.default is p.empty else p.default for p in named
                     if p.name in known or p.default is not p.empty}  # fmt: skip
            yield f"{package}.{name}", called, right
    for name, called in DEFERRED.items():
        yield name, called, {p.name: p.default for p in inspect.signature(called).parameters.values()}
    for name, (called, right) in FUNCTIONS.items():
        yield name, called, right


def issubclass_of_error(called):
    return isinstance(called, type) and issubclass(called, Exception)


def attempt(called, arguments):
    """What it raised, None where it was accepted."""
    try:
        with np.errstate(all="ignore"):
            called(**arguments)
    except Exception as error:
        return error
    return None


TAKES_ANY_KEYWORD = {"tg.elementwise", "train.save_checkpoint"}  # a derivative for any argument; any fact
CALLS = {name: (called, right) for name, called, right in public()}


@cache
def leaks(name):
    """What came back as an error that is not of the house, by parameter; how many values were refused, of how many."""
    called, right = CALLS[name]
    found, refused, tried = {}, 0, 0
    for parameter in right.keys() - UNTOUCHED:
        for kind, value in WRONG.items():
            error = attempt(called, right | {parameter: value})
            tried += 1
            refused += isinstance(error, tg.TinygradError)
            if error is not None and not isinstance(error, tg.TinygradError):
                found.setdefault(parameter, f"{kind}: {type(error).__name__}: {error}"[:150])
    return found, refused, tried


@pytest.mark.parametrize("name", CALLS)
def test_what_is_not_accepted_is_refused_in_the_house_s_form(name):
    error = attempt(*CALLS[name])
    assert error is None, f"not a right call: {error}"
    assert not leaks(name)[0], f"{name}: {leaks(name)[0]}"


@pytest.mark.parametrize("name", sorted(CALLS.keys() - TAKES_ANY_KEYWORD))
def test_a_misspelt_option_is_refused(name):
    called, right = CALLS[name]
    for option in right:
        error = attempt(called, {**right, f"{option}x": right[option]})
        ours = isinstance(called, type) and issubclass(called, tg.nn.Module | tg.optim.Optimizer)
        assert isinstance(error, tg.OptionError if ours else tg.OptionError | TypeError), (
            f"{name}({option}x=…): {error!r}"
        )


def classes(base, *packages):
    """The subclasses of `base` in these packages that can be made, by name."""
    found = {kind for package in packages for kind in vars(package).values() if isinstance(kind, type)}
    return sorted((kind for kind in found if issubclass(kind, base) and kind is not tg.nn.Recurrent), key=str)


MODULES = classes(tg.nn.Module, tg.nn, tg.nn.variants, tg.train, tasks)
OPTIMIZERS = classes(tg.optim.Optimizer, tg.optim)


@pytest.mark.parametrize("kind", MODULES + OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_a_keyword_that_a_class_does_not_have_is_refused_in_its_name(kind):
    needed = [p.name for p in inspect.signature(kind).parameters.values()
              if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]  # fmt: skip
    owner = "GRU" if kind is tg.train.CharModel else kind.__name__  # what it does not know are options of its layer
    with pytest.raises(tg.OptionError, match=f"^{owner}: there is no option 'nonsense'"):
        kind(**{name: BY_NAME.get(name, 3) for name in needed}, nonsense=1)


def test_all_classes_were_found():
    assert len(MODULES) >= 26
    assert len(OPTIMIZERS) >= 6


def test_how_many_calls_were_tried():
    assert len(CALLS) >= 205
    assert sum(leaks(name)[2] for name in CALLS) >= 5200
