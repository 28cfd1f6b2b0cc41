"""Every door of the library that values come in by: how it is called rightly, and what NumPy does there.

ops, functions of functions, options        those of tests/test_options.py, which finds every public callable
methods, operators                          of Tensor, on both sides
layers                                      the call of every module, with its states, lengths and masks
"""

# ruff: noqa: E731, PLW0108   a lambda names the arguments, which are replaced by name

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tests.fuzz.kinds import is_data, plain
from tests.test_options import BY_NAME, CALLS, LINEAR, SEQUENCE, STRATEGIES, X
from tinygrad_rnn import nn, ops
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing.specs.library import LIBRARY

OPTIONAL = {
    "grad",
    "gradient",
    "hx",
    "lengths",
    "state",
    "h0",
    "pos_weight",
    "memory",
    "mask",
}  # None is a value of theirs


@dataclass(frozen=True)
class Door:
    """A call that is right, of which each argument in turn is replaced.

    Attributes:
        kind: of door, as the table has it.
        name: what it is called.
        call: with the arguments by name.
        right: arguments that it takes.
        reference: the same in NumPy, on arrays; None where NumPy has no such function.
        foreign: the arguments whose own class is asked before us, by Python's operator protocol.
    """

    kind: str
    name: str
    call: Callable[..., Any]
    right: Mapping[str, Any]
    reference: Callable[..., Any] | None = None
    foreign: frozenset[str] = frozenset()

    def expected(self, arguments: Mapping[str, Any]) -> Any:
        """What NumPy makes of the arguments; without NumPy's function, what the door itself makes of plain arrays."""
        if self.reference is not None:
            return self.reference(**arguments)
        return self.call(**{**self.right, **{k: v for k, v in arguments.items() if v is not self.right[k]}})


def doors() -> Iterator[Door]:
    yield from _options()
    yield from _methods()
    yield from _operators()
    yield from _numpy_functions()
    yield from _functions()
    yield from _layers()
    yield from _states()


# what tests/test_options.py calls

# they train, or make as many as they are asked for
SLOW = {
    "train.fit",
    "train.train_translator",
    "train.Run",
    "tasks.attempts",
    "testing.register",
    "data.dates",
    "data.addition",
    "train.sample",
    "train.detach_state",
    "train.Chunk",  # they hand on whatever they are given
}
ROOMS = {"Tensor": "engine", "Graph": "engine", "viz": "diagnostics", "nn.init": "nn options", "nn": "nn options"}
LOSSES = {"nn.cross_entropy", "nn.sequence_loss", "nn.mse_loss", "nn.binary_cross_entropy_with_logits"}
OF_FUNCTIONS = ("grad", "value_and_grad", "jacobian", "hessian", "hvp", "vjp", "jvp", "checkpoint")
ENGINE = (
    "tensor",
    "label",
    "scope",
    "step",
    "Tensor",
    "no_grad",
    "enable_grad",
    "detect_anomaly",
    "tracing",
    "elementwise",
)


def _options() -> Iterator[Door]:
    drawn = {f"testing.{name}" for name in STRATEGIES}
    for name, (call, right) in CALLS.items():
        package, _, short = name.rpartition(".")
        if name in SLOW or name in drawn or not right:
            continue
        if package == "tg" and short.split()[0] in OF_FUNCTIONS:  # and of arrays, below
            kind = "functions of functions"
        elif package == "tg" and short in tg.ops.__all__:
            kind = "ops"
        elif name in LOSSES:
            kind = "losses"
        else:
            kind = "engine" if short in ENGINE else ROOMS.get(package, "diagnostics" if package == "tg" else package)
        yield Door(kind, name, call, right, _reference(short, right) if kind == "ops" else None)


def _reference(name: str, right: Mapping[str, Any]) -> Callable[..., Any] | None:
    """NumPy's function, or the formula of the op's spec: arrays by position, options by name."""
    spec = LIBRARY.get(name)
    f = spec.reference if spec is not None and spec.reference is not None else getattr(np, name, None)
    if f is None:
        return None
    params = REGISTRY[name].params if name in REGISTRY else [k for k, v in right.items() if is_data(v)]

    def reference(**arguments: Any) -> Any:
        given = [arguments.pop(k) for k in params if k in arguments]
        return f(*given, **arguments)

    try:
        with np.errstate(all="ignore"):
            reference(**{k: plain(v) for k, v in right.items()})
    except (TypeError, ValueError):  # it is called in another way
        return None
    return reference


# methods, operators, NumPy's functions


def _methods() -> Iterator[Door]:
    for name in sorted(
        vars(tg.Tensor).keys() & set(ops.__all__) - {"reshape", "transpose"}
    ):  # called in ways of theirs
        method = getattr(tg.Tensor, name)
        op = f"tg.{name}" if f"tg.{name}" in CALLS else None
        right = dict(CALLS[op][1]) if op else {}
        names = list(inspect.signature(method).parameters)[1:]
        right = {k: v for k, v in right.items() if k in names} or {k: BY_NAME[k] for k in names if k in BY_NAME}
        if right:
            call = lambda name=name, **options: getattr(X, name)(**options)
            reference = _reference(name, {"x": X, **right})
            first = REGISTRY[name].params[0] if name in REGISTRY else "x"
            yield Door("methods", f"Tensor.{name}", call, right, reference and _on(reference, first))
    yield Door(
        "methods",
        "Tensor.reshape",
        lambda shape: X.reshape(shape),
        {"shape": (9,)},
        lambda shape: X.data.reshape(shape),
    )
    yield Door(
        "methods",
        "Tensor.reshape(…)",
        lambda m, n: X.reshape(m, n),
        {"m": 1, "n": 9},
        lambda m, n: X.data.reshape(m, n),
    )
    yield Door(
        "methods",
        "Tensor.transpose",
        lambda axes: X.transpose(axes),
        {"axes": (1, 0)},
        lambda axes: X.data.transpose(axes),
    )
    yield Door(
        "methods",
        "Tensor.transpose(…)",
        lambda a, b: X.transpose(a, b),
        {"a": 1, "b": 0},
        lambda a, b: X.data.transpose(a, b),
    )
    yield Door("methods", "Tensor.backward", lambda gradient: (X * 1).backward(gradient), {"gradient": np.ones((3, 3))})
    yield Door(
        "methods",
        "Tensor.assign",
        lambda values: tg.tensor(X.data).assign(values),
        {"values": X.data},
        lambda values: np.array(np.broadcast_to(values, (3, 3)) if np.shape(values) == (3, 3) else [], float),
    )
    yield Door("methods", "Tensor.grad = …", _with_grad, {"grad": X.data})
    yield Door(
        "methods",
        "Tensor.requires_grad = …",
        lambda wanted: setattr(tg.tensor(1.0), "requires_grad", wanted),
        {"wanted": True},
    )
    yield Door("methods", "tensor", lambda data: tg.tensor(data), {"data": X.data}, lambda data: np.array(data))
    yield Door(
        "methods",
        "tensor requires_grad",
        lambda data: tg.tensor(data, requires_grad=True),
        {"data": X.data},
        lambda data: np.array(data),
    )


def _with_grad(grad: Any) -> Any:
    p = tg.tensor(X.data, requires_grad=True)
    p.grad = grad
    return p.grad


def _on(reference: Callable[..., Any], first: str) -> Callable[..., Any]:
    return lambda **options: reference(**{first: X.data}, **options)


BINARY = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "matmul",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "and_",
    "or_",
    "xor",
    "iadd",
    "isub",
    "imul",
    "itruediv",
)


def _operators() -> Iterator[Door]:
    for name in BINARY:
        f = divmod if name == "divmod" else getattr(operator, name)
        left = X > 0 if name in ("and_", "or_", "xor") else X * 1 + 2
        right = left.data if name in ("and_", "or_", "xor") else np.abs(X.data) + 1
        try:
            f(left, right)
        except (TypeError, tg.TinygradError):
            continue  # the Tensor has no such operator
        plain_f = getattr(operator, name.removeprefix("i")) if name[0] == "i" else f
        yield Door(
            "operators",
            f"x {name} …",
            lambda b, f=f, left=left: f(left, b),
            {"b": right},
            lambda b, f=plain_f, left=left: f(left.data, b),
        )
        if name[0] != "i":
            yield Door(
                "operators",
                f"… {name} x",
                lambda a, f=f, left=left: f(a, left),
                {"a": right},
                lambda a, f=f, left=left: f(a, left.data),
                frozenset("a"),
            )
    yield Door("operators", "x[…]", lambda index: X[index], {"index": np.array([0, 1])}, lambda index: X.data[index])
    yield Door("operators", "x[i]", lambda index: X[index], {"index": 0}, lambda index: X.data[index])
    yield Door("operators", "x[mask]", lambda index: X[index], {"index": X.data > 0}, lambda index: X.data[index])


NUMPY = {
    "add": {"x1": X, "x2": X.data},
    "multiply": {"x1": X.data, "x2": X},
    "tanh": {"x": X},
    "sum": {"a": X, "axis": 0},
    "mean": {"a": X, "axis": 0},
    "where": {"condition": X.data > 0, "x": X, "y": X.data},
    "matmul": {"x1": X, "x2": X.data},
    "concatenate": {"arrays": [X, X.data], "axis": 0},
    "stack": {"arrays": [X.data, X], "axis": 0},
    "dot": {"a": X, "b": X.data},
    "clip": {"a": X, "a_min": -1.0, "a_max": 1.0},
    "transpose": {"a": X, "axes": (1, 0)},
    "reshape": {"a": X, "shape": (9,)},
    "max": {"a": X, "axis": 0},
    "cumsum": {"a": X, "axis": 0},
    "std": {"a": X, "axis": 0},
    "maximum": {"x1": X, "x2": X.data},
    "einsum": {"subscripts": "ij,jk->ik", "a": X, "b": X.data},
    "take": {"a": X, "indices": [0], "axis": 0},
}


def _numpy_functions() -> Iterator[Door]:
    """NumPy's own functions, called with a Tensor among the arguments."""
    for name, right in NUMPY.items():
        f = lambda name=name, **arguments: getattr(np, name)(*arguments.values())
        try:
            f(**right)
        except (TypeError, tg.TinygradError):
            continue  # Tensors do not answer to it
        yield Door("NumPy's functions", f"np.{name}", f, right, f, frozenset(("x1", "x2")))  # pandas is asked first


def _functions() -> Iterator[Door]:
    """Functions of functions, of arrays and of nests of them."""
    x, v = X.data, np.ones((3, 3))
    cube, kind = lambda x: tg.sum(x * x * x), "functions of functions"
    of_nest = lambda nest: tg.sum(nest[0] * nest[1])
    yield Door(kind, "grad of x", lambda x: tg.grad(cube)(x), {"x": x}, lambda x: 3.0 * np.square(np.asarray(x, float)))
    yield Door(kind, "grad of x, a Tensor", lambda x: tg.grad(cube)(x), {"x": X})
    yield Door(kind, "grad of a nest", lambda nest: tg.grad(of_nest)(nest), {"nest": (x, v)})
    yield Door(kind, "value_and_grad of x", lambda x: tg.value_and_grad(cube)(x), {"x": x})
    yield Door(
        kind, "value_and_grad by name", lambda x: tg.value_and_grad(lambda y, x: cube(x * y))(2.0, x=x), {"x": x}
    )
    yield Door(kind, "jacobian of x", lambda x: tg.jacobian(lambda x: x * x)(x), {"x": x})
    yield Door(kind, "hessian of x", lambda x: tg.hessian(cube)(x), {"x": x})
    yield Door(kind, "hvp of x", lambda x, v: tg.hvp(cube)(x, v), {"x": x, "v": v})
    yield Door(kind, "vjp of x", lambda x, gy: tg.vjp(lambda x: x * x, x)[1](gy), {"x": x, "gy": v})
    yield Door(kind, "jvp of x", lambda xs, dxs: tg.jvp(of_pair, xs, dxs), {"xs": (x, v), "dxs": (v, v)})
    yield Door(kind, "checkpoint of x", lambda x: tg.checkpoint(tg.tanh)(x), {"x": X})


def of_pair(a: Any, b: Any) -> Any:
    return a * b


# layers

STEPS = np.random.default_rng(1).standard_normal((5, 2, 3)).astype(np.float32)
LENGTHS, IDS = np.array([5, 3]), np.array([[0, 1], [2, 3], [4, 0]])


def _arguments(module: nn.Module, **right: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    return (lambda **arguments: module(**arguments)), right


def _layers() -> Iterator[Door]:
    h, hs = np.full((2, 4), 0.1, np.float32), np.full((1, 2, 4), 0.1, np.float32)
    x = tg.tensor(STEPS)
    table: dict[str, tuple[nn.Module, dict[str, Any]]] = {
        "Linear": (nn.Linear(3, 2, rng=0), {"x": STEPS}),
        "Linear on a Tensor": (nn.Linear(3, 2, rng=0), {"x": x}),
        "Embedding": (nn.Embedding(5, 3, rng=0), {"ids": IDS}),
        "Dropout of nothing": (nn.Dropout(0.0), {"x": x}),
        "LayerNorm": (nn.LayerNorm(3), {"x": STEPS}),
        "RNNCell": (nn.RNNCell(3, 4, rng=0), {"x": STEPS[0], "hx": h}),
        "LSTMCell": (nn.LSTMCell(3, 4, rng=0), {"x": STEPS[0], "hx": (h, h)}),
        "GRUCell": (nn.GRUCell(3, 4, rng=0), {"x": STEPS[0], "hx": h}),
        "RNN": (nn.RNN(3, 4, rng=0), {"x": STEPS, "hx": hs, "lengths": LENGTHS}),
        "LSTM": (nn.LSTM(3, 4, rng=0), {"x": STEPS, "hx": (hs, hs), "lengths": LENGTHS}),
        "GRU": (nn.GRU(3, 4, batch_first=True, rng=0), {"x": STEPS.swapaxes(0, 1), "hx": hs, "lengths": LENGTHS}),
        "GRU both ways": (nn.GRU(3, 4, bidirectional=True, rng=0), {"x": STEPS, "hx": None, "lengths": LENGTHS}),
        "ManyToMany": (nn.ManyToMany(nn.RNN(3, 4, rng=0), LINEAR_4), {"x": STEPS, "hx": hs, "lengths": LENGTHS}),
        "ManyToOne of a cell": (nn.ManyToOne(nn.GRUCell(3, 4, rng=0)), {"x": STEPS, "hx": h, "lengths": LENGTHS}),
        "OneToMany": (
            nn.OneToMany(nn.RNN(3, 4, rng=0)),
            {"x": STEPS[0], "steps": 3, "hx": hs, "lengths": np.array([3, 1])},
        ),
        "DotAttention": (nn.DotAttention(3, 3, rng=0), {"query": STEPS[0], "memory": STEPS, "lengths": LENGTHS}),
        "AdditiveAttention": (
            nn.AdditiveAttention(3, 3, rng=0),
            {"query": STEPS[0], "memory": STEPS, "lengths": LENGTHS},
        ),
        "Encoder": (ENCODER, {"source": IDS, "lengths": np.array([3, 2])}),
        "Decoder": (SEQ2SEQ.decoder, {"token": np.array([0, 1]), "state": hs}),
        "Seq2Seq": (
            SEQ2SEQ,
            {"source": IDS, "target": IDS, "lengths": np.array([3, 2]), "teacher_forcing": 1.0, "rng": 0},
        ),
        "CharModel": (
            tg.train.CharModel("gru", 5, 4, 1, rng=0),
            {"ids": IDS, "state": np.full((1, 2, 4), 0.1, np.float32)},
        ),
        "CharModel of one-hot": (tg.train.CharModel("gru", 5, 4, 1, embedding=0, rng=0), {"ids": IDS, "state": None}),
    }
    for name, (module, right) in table.items():
        yield Door("layers", name, *_arguments(module, **right))
    gru, lstm = nn.GRU(3, 4, rng=0), nn.LSTM(3, 4, rng=0)
    yield Door("layers", "Sequential", lambda x: nn.Sequential(LINEAR, nn.Dropout(0.0))(x), {"x": STEPS})
    yield Door("layers", "Dropout", lambda x: nn.Dropout(0.5, rng=0)(x), {"x": x})
    yield Door("layers", "GRU.step", lambda x, state: gru.step(x, state), {"x": STEPS[0], "state": hs})
    yield Door("layers", "LSTM.step", lambda x, state: lstm.step(x, state), {"x": STEPS[0], "state": (hs, hs)})
    yield Door(
        "layers",
        "checkpointed",
        lambda x, hx, segments, lengths: nn.checkpointed(gru, x, hx, segments=segments, lengths=lengths),
        {"x": STEPS, "hx": hs, "segments": 2, "lengths": LENGTHS},
    )
    yield Door(
        "layers",
        "unroll",
        lambda xs, state, mask: nn.unroll(lambda x, s: (x + s, x + s), xs, state, mask=mask),
        {"xs": x, "state": tg.tensor(STEPS[0]), "mask": STEPS > 0},
    )
    cell = nn.RNNCell(3, 4, rng=0)
    yield Door(
        "layers",
        "rtrl",
        lambda xs, h0: [tuple(v) for v in nn.rtrl(cell, lambda h: (h * h).sum(), xs, h0)],
        {"xs": STEPS[:2], "h0": h},
    )
    yield Door(
        "layers",
        "functional_call",
        lambda parameters, x: nn.functional_call(LINEAR, parameters, x),
        {"parameters": LINEAR.state_dict(), "x": STEPS},
    )
    yield Door(
        "layers",
        "greedy_search",
        lambda source, lengths: nn.greedy_search(SEQ2SEQ, source, lengths, limit=2),
        {"source": IDS, "lengths": np.array([3, 2])},
    )
    yield Door(
        "layers",
        "beam_search",
        lambda source, lengths, beam, length_power: nn.beam_search(
            SEQ2SEQ, source, lengths, limit=2, beam=beam, length_power=length_power
        ),
        {"source": IDS, "lengths": np.array([3, 2]), "beam": 2, "length_power": 1.0},
    )
    yield Door(
        "losses",
        "cross_entropy of one row",
        lambda logits, targets: nn.cross_entropy(logits, targets),
        {"logits": X[0], "targets": np.array(1)},
    )
    yield Door(
        "losses",
        "pos_weight",
        lambda pos_weight: nn.binary_cross_entropy_with_logits(X, X.data > 0, pos_weight=pos_weight),
        {"pos_weight": np.ones(3)},
    )
    yield Door(
        "losses",
        "sequence_loss lengths",
        lambda lengths: nn.sequence_loss(SEQUENCE, np.zeros((5, 2), int), lengths),
        {"lengths": LENGTHS},
    )


LINEAR_4 = nn.Linear(4, 2, rng=0)
ENCODER = nn.Encoder(nn.GRU(3, 4, rng=0), nn.Embedding(5, 3, rng=0))
SEQ2SEQ = nn.Seq2Seq(ENCODER, nn.Decoder(nn.GRU(3, 4, rng=1), nn.Embedding(5, 3, rng=1), rng=1), start=0, stop=1)


# what is loaded and carried


def _loaded(state: Any, strict: Any = True) -> Any:
    layer = nn.Linear(3, 2, rng=0)
    layer.load_state_dict(state, strict)
    return [p.data for p in layer.parameters()]


def _optimizer(state: Any) -> Any:
    p = tg.tensor(X.data, requires_grad=True)
    optimizer = tg.optim.Adam([p])
    optimizer.load_state_dict(state)
    (p * p).sum().backward()
    optimizer.step()
    return p.data


def _stepped(grad: Any) -> Any:
    p = tg.tensor(X.data, requires_grad=True)
    p.grad = grad
    norm = tg.train.clip_grad_norm_([p], 1.0)
    tg.train.clip_grad_value_([p], 1.0)
    tg.optim.SGD([p], lr=0.1).step()
    return norm, p.data


def _states() -> Iterator[Door]:
    adam = {"0.t": np.array(1), "0.m": np.ones((3, 3)), "0.v": np.ones((3, 3))}
    yield Door("saving", "Module.load_state_dict", _loaded, {"state": LINEAR.state_dict(), "strict": True})
    yield Door("optim", "Optimizer.load_state_dict", _optimizer, {"state": adam})
    yield Door("optim", "step with this gradient", _stepped, {"grad": X.data})
    yield Door("train", "stream_batches", lambda ids: list(tg.train.stream_batches(ids, 2, 3)), {"ids": np.arange(20)})
    yield Door(
        "train",
        "truncated",
        lambda xs, state: [c.output for c in tg.train.truncated(nn.GRU(3, 4, rng=0), xs, state, k1=2, k2=4)],
        {"xs": STEPS, "state": np.full((1, 2, 4), 0.1, np.float32)},
    )
    yield Door(
        "saving",
        "save_checkpoint facts",
        lambda fact: tg.train.save_checkpoint("checkpoint", LINEAR, fact=fact),
        {"fact": 1},
    )
    for name, (layer, arrays) in {
        "Linear": (LINEAR, [np.ones((3, 2)), np.ones(2)]),
        "LSTM": (nn.LSTM(3, 5), [np.ones((3, 20)), np.ones((5, 20)), np.zeros(20)]),
        "GRU": (nn.GRU(3, 2), [np.ones((3, 6)), np.ones((2, 6)), np.zeros((2, 6))]),
    }.items():
        yield Door(
            "exchange",
            f"from_keras {name}",
            lambda arrays, layer=layer: list(tg.exchange.from_keras(layer, arrays).parameters()),
            {"arrays": arrays},
        )
