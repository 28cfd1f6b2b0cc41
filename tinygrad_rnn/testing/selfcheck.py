"""Every check there is, on one call; and on every op, module and loss of the library, a row for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from inspect import isclass, isfunction, signature
from typing import Any

import numpy as np

from tinygrad_rnn import nn, ops
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.modules import check_module
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.report.findings import GradReport, Kink
from tinygrad_rnn.testing.specs.library import CALLABLE, LIBRARY, OPS, call_of


@dataclass(frozen=True)
class Row:
    """What checking one op or module showed: how many points, the worst |analytic − numeric| / S, and what failed."""

    kind: str
    name: str
    cases: int = 0
    worst: float = 0.0
    note: str = ""
    failed: bool = False


def check_library(seed: int = 0, cases: int = 8) -> Iterator[Row]:
    """A row for every public op, each at `cases` random points, then one for every public module and loss."""
    rng = np.random.default_rng(seed)
    yield from (check_op(op, rng, cases) for op in CALLABLE)
    yield from (second_name(op) for op in ops.__all__ if op not in LIBRARY)
    kinds = [each for name in nn.__all__ if is_module(each := getattr(nn, name))]
    for kind in [*kinds, *(getattr(nn.variants, name) for name in nn.variants.__all__)]:
        yield check_kind(kind, is_base=any(issubclass(other, kind) for other in kinds if other is not kind), rng=rng)
    for name in nn.__all__:
        f = getattr(nn, name)
        if isfunction(f) and needed(f) and needed(f) <= arrays(rng).keys():
            given = arrays(rng, name)
            inputs = [given[parameter] for parameter in signature(f).parameters if parameter in needed(f)]
            yield _row("loss", name, [partial(check_vjp, f, *inputs)])


def second_name(op: str) -> Row:
    """The row of an op that has a spec under another name."""
    first = [name for name in OPS if getattr(ops, name) is getattr(ops, op)]
    return Row("op", op, note=f"is {first[0]}" if first else "it has no spec", failed=not first)


def check_op(op: str, rng: np.random.Generator, cases: int = 8) -> Row:
    """The row of one op, at random points away from its kinks."""
    if not LIBRARY[op].differentiable:
        return Row("op", op, note="no gradient: its values are piecewise constant")
    calls = [call_of(op, RandomSource(rng)) for _ in range(cases)]
    calls = [call for call in calls if call.arrays]
    checks = (partial(f, call.function, *call.arrays, name=str(call)) for call in calls for f in (check_vjp, check_jvp))
    return _row("op", op, list(checks))


def _row(kind: str, name: str, checks: list[Callable[[], GradReport]]) -> Row:
    worst, done = 0.0, 0
    for check in checks:
        try:
            worst = max(worst, check().worst)
            done += 1
        except Kink:
            continue
        except Exception as error:  # whatever a rule raises is a finding about that rule
            return Row(kind, name, done, np.inf, f"{type(error).__name__}: {error}", failed=True)
    return Row(kind, name, done, worst, "" if done else "no point could be checked", failed=not done)


# modules and losses: what their parameters are called says what they are given

SIZES: dict[str, Callable[[np.random.Generator], Any]] = {
    **dict.fromkeys(("input_size", "in_features", "embedding_dim", "normalized_shape"), lambda rng: 3),
    **dict.fromkeys(("query_size", "memory_size"), lambda rng: 3),
    **dict.fromkeys(("hidden_size", "out_features", "start"), lambda rng: 2),
    "num_embeddings": lambda rng: 4,
    "stop": lambda rng: 3,
    "f": lambda rng: ops.tanh,
    "rnn": lambda rng: nn.RNN(3, 2, rng=rng),
    "module": lambda rng: nn.Linear(3, 2, rng=rng),
    "modules": lambda rng: nn.Linear(3, 2, rng=rng),
    "embedding": lambda rng: nn.Embedding(4, 3, rng=rng),
    "encoder": lambda rng: nn.Encoder(nn.RNN(3, 2, rng=rng)),
    "decoder": lambda rng: nn.Decoder(nn.RNN(3, 2, rng=rng), nn.Embedding(4, 3, rng=rng), rng=rng),
}


def arrays(rng: np.random.Generator, name: str = "") -> dict[str, Any]:
    """What the forward of a module, or a loss, is given, by the names of its parameters."""
    rows, other, steps = rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), rng.standard_normal((4, 2, 3))
    given = {
        **dict.fromkeys(("x", "args", "query", "logits", "prediction", "x1"), rows),
        "x2": other,
        "memory": other[None],
        "source": steps,
        "state": rng.standard_normal((1, 2, 2)),
        "steps": 2,
        "target": rng.uniform(0.1, 0.9, (2, 3)),
        "targets": np.array([0, 2]),
        "log_p": rows - 3,
        "ids": np.array([[0, 2], [2, 1]]),
        "token": np.array([0, 1]),
    }
    special = {
        **{kind: {"x": steps} for kind in ("RNN", "LSTM", "GRU", "ManyToMany", "ManyToOne")},
        "Seq2Seq": {"target": np.array([[0, 1], [1, 0]])},
        "cosine_embedding_loss": {"target": np.array([1, -1])},
        "sequence_loss": {"logits": steps, "targets": rng.integers(0, 3, (4, 2))},
    }
    return given | special.get(name, {})


def is_module(value: Any) -> bool:
    return isclass(value) and issubclass(value, nn.Module)


def needed(f: Callable[..., Any]) -> set[str]:
    """The parameters that a call must give, those after a star among them."""
    return {p.name for p in signature(f).parameters.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD}


def check_kind(kind: type[nn.Module], *, is_base: bool, rng: np.random.Generator) -> Row:
    """The row of a class of modules: one is made, and called, with what its parameters are called."""
    if kind.forward is nn.Module.forward:
        return Row("module", kind.__name__, note="computes nothing itself")
    if is_base:
        return Row("module", kind.__name__, note="stands below as what is made of it")
    parameters = signature(kind).parameters
    made = {name: SIZES[name](rng) for name in parameters if name in needed(kind) and name in SIZES}
    try:
        positional = [made.pop(name) for name, p in parameters.items() if name in made and p.kind is not p.KEYWORD_ONLY]
        module = kind(*positional, **made)
        given = arrays(rng, kind.__name__)
        inputs = [given[name] for name in signature(module.forward).parameters if name in needed(module.forward)]
    except Exception as error:
        note = f"{error!r}; SIZES and arrays() say what it is made of and given"
        return Row("module", kind.__name__, 0, np.inf, note, failed=True)
    if not list(module.parameters()) and all(np.asarray(x).dtype.kind != "f" for x in inputs):
        return Row("module", kind.__name__, note="no gradient: integers go in")
    return _row("module", kind.__name__, [partial(check_module, module.eval(), *inputs)])
