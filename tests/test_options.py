"""Every option of every public class and function, tried with what is out of its range.

From one right call of each, every parameter in turn is given a value of another kind, NaN, −1, 0, None; and an option
is misspelt. Whatever is not accepted has to be refused in the house's form, and never by NumPy or Python from inside.
"""

import inspect

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz

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


def scoped(name):
    with tg.scope(name):
        tg.sum(X, axis=5 if name != "lstm" else 0)  # refused, and the message tells the scope


# what a parameter of this name is given, by any function that has one
BY_NAME = {
    "x": X, "a": X, "b": X, "condition": X.data > 0, "y": X, "axis": 0, "axis1": 0, "axis2": 1, "axes": None,
    "shape": (9,), "source": 0, "destination": 1, "dtype": np.float64, "indices": np.array([[0, 1, 2]]), "offset": 0,
    "ids": np.array([0, 1]), "num_classes": 3, "index": [0, 1], "values": np.ones((2, 3)), "keepdims": False, "ddof": 0,
    "arrays": [X, X], "indices_or_sections": 3, "pad_width": 1, "mode": "edge", "constant_values": 0.0, "reps": 2,
    "repeats": 2, "a_min": -1.0, "a_max": 1.0, "ord": None, "data": [1.0, 2.0], "requires_grad": True, "name": "h",
    "gradient": None, "tensor": X, "role": "gate", "t": 1, "of": 3, "f": cube, "W": np.eye(2), "fan_in": 3,
    "input_size": 3, "hidden_size": 4, "output_size": 2, "rng": 0, "scope": None, "subscripts": "ij->i",
    "in_features": 3, "out_features": 2, "num_embeddings": 5, "embedding_dim": 3, "p": 0.5, "normalized_shape": 3,
    "logits": X, "targets": np.array([0, 1, 2]), "target": X.data, "prediction": X, "predictions": X,
    "params": [X], "lr": 0.1,
}  # fmt: skip
# what else a right call needs, and how to call what answers only when its result is called
RIGHT = {
    "tg.softmax": {"axis": -1}, "tg.expand_dims": {"axis": 0}, "tg.squeeze": {"x": X[None], "axis": 0},
    "tg.broadcast_to": {"shape": (2, 3, 3)}, "tg.tensordot": {"axes": 1}, "tg.getitem": {"index": 0},
    "tg.take_along_axis": {"indices": np.zeros((1, 3), int)},
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
    "viz.draw": lambda x=X * 2, view="cell", gradients=False, steps=None, theme="light": viz.draw(
        x, view=view, gradients=gradients, steps=steps, theme=theme
    ),
}
PAIRS = [("one", "1"), ("two", "2"), ("three", "3")]
SCARCE = {  # right calls that the names alone do not tell
    "nn.beam_search nn.greedy_search nn.functional_call nn.rtrl nn.checkpointed nn.unroll nn.Module nn.Sequential": (
        "they take a model or a function, and run it"
    ),
    "tg.Graph tg.GraphNode tg.primitive tg.linear tg.nondifferentiable": "they are tried where they are tested: engine",
    "nn.Cell nn.Recurrent nn.Attention": "bases, not made by themselves",
    "nn.Encoder nn.Decoder nn.Seq2Seq nn.ManyToOne nn.ManyToMany nn.OneToMany": "they take modules",
}
PACKAGES = {"tg": tg, "nn": tg.nn, "nn.init": tg.nn.init, "optim": tg.optim}
FUNCTIONS = {
    "train.perplexity": (tg.train.perplexity, {"nats": 1.0}),
    "train.bits_per_char": (tg.train.bits_per_char, {"nats": 1.0}),
    "train.Corpus": (tg.train.Corpus, {"text": "to be or not to be"}),
    "train.stream_batches": (lambda **k: list(tg.train.stream_batches(**k)),
        {"ids": np.arange(40), "batch": 2, "bptt": 5}),
    "train.split_pairs": (tg.train.split_pairs, {"pairs": PAIRS, "held_out": 1, "seed": 0}),
    "train.clip_grad_norm_": (tg.train.clip_grad_norm_, {"parameters": [X], "max_norm": 1.0}),
    "train.clip_grad_value_": (tg.train.clip_grad_value_, {"parameters": [X], "clip_value": 1.0}),
    "train.CharModel": (tg.train.CharModel, {"kind": "lstm", "vocabulary_size": 5, "hidden": 4, "layers": 1}),
    "train.Recipe": (tg.train.Recipe, {"model": "gru", "hidden": 4}),
    "train.Settings": (tg.train.Settings, {"model": "gru", "hidden": 4}),
    "testing.check_vjp": (lambda **k: tg.testing.check_vjp(tg.exp, X.data, **k),
        {"wrt": 0, "order": 1, "kinks": "skip"}),
    "testing.check_laws": (lambda **k: tg.testing.check_laws(tg.exp, X.data, **k), {"wrt": 0, "seed": 0}),
}  # fmt: skip
UNTOUCHED = {"dtype", "f"}  # whatever NumPy takes for a dtype is one; what is not a function, Python itself refuses


def public():
    """(what is called, how, the arguments of a right call), for every public class and function that they tell."""
    skipped = {name for names in SCARCE for name in names.split()}
    taken = {name.removesuffix(" of") for name in DEFERRED}
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


def leaks(name, called, right):
    """The parameters whose wrong values come back as an error that is not of the house, and how many were tried."""
    found, tried = {}, 0
    for parameter in right:
        if parameter in UNTOUCHED:
            continue
        for kind, value in WRONG.items():
            tried += 1
            error = attempt(called, right | {parameter: value})
            if error is not None and not isinstance(error, tg.TinygradError):
                found.setdefault(parameter, f"{kind}: {type(error).__name__}: {error}"[:150])
    return found, tried


OPEN = {  # what other parts of the library still let through; a name leaves this table when it is mended
    "tg.step t": "the number of a step is compared before it is checked",
    "tg.scope name": "a scope takes any object, and its message cannot be written",
    "nn.init.identity shape gain, nn.init.normal shape std, nn.init.orthogonal shape gain": "initial values",
    "nn.init.uniform shape bound, nn.init.xavier_uniform shape, nn.init.zeros shape": "initial values",
    "train.perplexity nats, train.bits_per_char nats, train.Corpus text": "training",
    "train.stream_batches ids batch bptt": "training",
    "train.split_pairs pairs held_out seed, train.clip_grad_norm_ parameters max_norm": "training",
    "train.clip_grad_value_ parameters clip_value, train.CharModel kind": "training",
    "testing.check_vjp wrt order kinks, testing.check_laws wrt seed": "the checks",
}
STILL = {
    f"{name} {parameter}"
    for rows in OPEN
    for row in rows.split(", ")
    for name, *parameters in [row.split()]
    for parameter in parameters
}
CALLS = list(public())


@pytest.mark.parametrize(("name", "called", "right"), CALLS, ids=[name for name, *_ in CALLS])
def test_what_is_not_accepted_is_refused_in_the_house_s_form(name, called, right):
    error = attempt(called, right)
    assert error is None, f"not a right call: {error}"
    found, tried = leaks(name, called, right)
    assert tried >= len(WRONG) * len(right.keys() - UNTOUCHED)
    leaked = {parameter: error for parameter, error in found.items() if f"{name} {parameter}" not in STILL}
    assert not leaked, f"{name}: {leaked}"


@pytest.mark.parametrize("name", [name for name, *_ in CALLS if name.split(".")[0] in PACKAGES and " " not in name])
def test_a_misspelt_option_is_refused(name):
    called, right = next((called, right) for other, called, right in CALLS if other == name)
    for option in right:
        if name == "tg.elementwise":  # takes a derivative for any argument of the op that it declares
            continue
        error = attempt(called, {**right, f"{option}x": right[option]})
        assert isinstance(error, tg.OptionError | TypeError), f"{name}({option}x=…): {error!r}"


def test_how_many_calls_were_tried():
    assert len(CALLS) >= 140
    assert sum(len(WRONG) * len(right.keys() - UNTOUCHED) for _, _, right in CALLS) >= 3000
