"""Random programs, compiled: `python -m tests.fuzz.compiled 20000 [seed]`.

Every other one is a recurrence: a random program as the body of a loop, with states, weights and inputs of its own.
Each is called three times with new numbers; values, gradients and, for every fifth, second gradients are compared with
those of the function as it is. What disagrees is printed as source that runs.
"""

import sys
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.program import Loop
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.specs.library import build

BOUND = {"float64": 1e-12, "float32": 1e-5}  # of the largest number on the way, which rounding is relative to
PROCESSES, CHUNK = 2, 100


@dataclass
class Tally:
    """What a run saw; two of them add up."""

    programs: int = 0
    refused: Counter = field(default_factory=Counter)
    loops: int = 0
    failures: list = field(default_factory=list)

    def __add__(self, other):
        return Tally(
            self.programs + other.programs, self.refused + other.refused, self.loops + other.loops,
            self.failures + other.failures,
        )  # fmt: skip


class Recurrence:
    """A loop over time with a random body of elementwise ops, products, slices and reductions."""

    def __init__(self, rng, dtype):
        self.rng, self.dtype = rng, dtype
        self.T, self.B, self.H = (int(rng.integers(low, high)) for low, high in ((4, 9), (1, 12), (1, 4)))
        self.states = int(rng.integers(1, 3))
        self.seed = int(rng.integers(1 << 30))
        self.per_step = bool(rng.integers(2))
        self.backwards = bool(rng.integers(2))

    def arrays(self, rng):
        T, B, H = self.T, self.B, self.H
        shapes = [(T, B, H), *[(B, H)] * self.states, (H, H), (H, H), (4 * H, H), (H,), (H,)]
        return [rng.standard_normal(shape).astype(self.dtype) * 0.5 for shape in shapes]

    def __call__(self, xs, *rest):
        states, (U, W, G, b, p) = list(rest[: self.states]), rest[self.states :]
        outs = []
        for t in range(self.T)[:: -1 if self.backwards else 1]:
            rng = np.random.default_rng(self.seed)
            pool = [xs[t], *states]
            for _ in range(int(rng.integers(2, 9))):
                pool.append(self.op(rng, pool, U, W, G, b, p))
            states = [pool[-1 - k] if rng.integers(4) else pool[1 + k] for k in range(self.states)]
            outs.append(pool[int(rng.integers(1, len(pool)))])
        y = tg.stack(outs)
        return (y * y).sum() * 0.1 + sum((s * 0.3).sum() for s in states)

    @staticmethod
    def op(rng, pool, U, W, G, b, p):
        x, z = (pool[int(rng.integers(len(pool)))] for _ in range(2))
        kind = int(rng.integers(12))
        return (
            lambda: tg.tanh(tg.inner(x, U)), lambda: tg.sigmoid(x @ W + b), lambda: x * z, lambda: x + p * z,
            lambda: _gates(x, G), lambda: tg.concatenate([x[:, :1], z[:, 1:]], axis=1), lambda: tg.where(x > z, x, 0.5),
            lambda: tg.softmax(x, axis=-1), lambda: x - x.mean(axis=-1, keepdims=True), lambda: tg.maximum(x, z) - b,
            lambda: tg.tanh(x) * tg.sigmoid(z), lambda: tg.inner(x, U).reshape(-1).reshape(x.shape),
        )[kind]()  # fmt: skip


def _gates(x, G):
    i, f, g, o = tg.split(tg.inner(x, G), 4, axis=-1)
    return tg.sigmoid(o) * tg.tanh(tg.sigmoid(i) * tg.tanh(g) + tg.sigmoid(f) * x)


def judged(f, arrays):
    """What a scalar function gives: value, gradients."""
    tensors = [tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    y = f(*tensors)
    if not isinstance(y, tg.Tensor) or not y.requires_grad:
        return [np.asarray(y.data if isinstance(y, tg.Tensor) else y)]
    with np.errstate(all="ignore"):
        y.backward()
    gradients = [np.zeros(x.shape, x.dtype) if x.grad is None else x.grad.numpy() for x in tensors if x.requires_grad]
    return [y.numpy(), *gradients]  # a state whose gradient is 0 at every step but the last has one that is 0


def agree(a, b, bound, largest):
    if len(a) != len(b):
        return False
    for u, v in zip(a, b, strict=True):
        if u.shape != v.shape or u.dtype != v.dtype:
            return False
        finite = np.isfinite(u) & np.isfinite(v)
        if not np.array_equal(np.isnan(u), np.isnan(v)) or not np.array_equal(u[~finite], v[~finite], equal_nan=True):
            return False
        if finite.any() and (np.abs(u - v)[finite] > bound * max(largest, 1.0, np.abs(u[finite]).max())).any():
            return False
    return True


def largest_in(f, arrays):
    """The largest finite number on the way of a run and its backward."""
    tensors = [tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    y = f(*tensors)
    if not isinstance(y, tg.Tensor) or not y.requires_grad:
        return 1.0
    graph = y.graph(values=True, gradients=True)
    summaries = [summary for node in graph.nodes for summary in (node.value, node.gradient) if summary is not None]
    found = [abs(number) for s in summaries for number in (s.min, s.max, s.norm) if number is not None]
    return max([1.0, *(number for number in found if np.isfinite(number))])


def one(seed, tally):
    rng = np.random.default_rng(seed)
    dtype = "float64" if seed % 3 else "float32"
    if seed % 2:
        body = Recurrence(rng, dtype)
        f, draw, text = body, body.arrays, f"Recurrence seed {seed}"
    else:
        program = build(RandomSource(seed), max_nodes=8)
        text = str(program)

        def f(*xs):
            y = program(*xs)
            return y if isinstance(y, tg.Tensor) and y.size == 1 else tg.sum(y * 1.0)

        def draw(rng):
            arrays = [np.asarray(a) for a in program.inputs]
            if rng is None:
                return arrays
            return [
                a + rng.standard_normal(a.shape).astype(a.dtype) * 1e-3 if a.dtype.kind == "f" else a for a in arrays
            ]

    compiled = tg.compile(f)
    tally.programs += 1
    for k in range(3):
        arrays = draw(np.random.default_rng([seed, k]))
        try:
            expected = judged(f, arrays)
            largest = largest_in(f, arrays)
        except Exception:
            return
        try:
            found = judged(compiled, arrays)
        except tg.CompileError as error:
            tally.refused[str(error).splitlines()[0][:70]] += 1
            return
        except Exception as error:
            tally.failures.append(
                (seed, k, f"{type(error).__name__}: {error}\n{traceback.format_exc()[-700:]}\n{text}")
            )
            return
        if not agree(expected, found, BOUND[str(np.result_type(*[a for a in arrays if a.dtype.kind == "f"]))], largest):
            tally.failures.append((seed, k, f"expected {expected}\nfound {found}\nlargest {largest}\n{text}"))
            return
    if seed % 5 == 0:
        second(f, compiled, arrays, seed, text, tally)
    plans = [each._plan for those in compiled.recorded.values() for each in those if each._plan is not None]
    tally.loops += any(isinstance(step, Loop) for plan in plans for step in plan.program.steps)


def second(f, compiled, arrays, seed, text, tally):
    places = [k for k, a in enumerate(arrays) if a.dtype.kind == "f"][:1]
    if not places:
        return

    def curvature(g):
        def norm(x):
            full = list(arrays)
            full[places[0]] = x
            return (tg.grad(g, places[0])(*full) ** 2).sum()

        return tg.grad(norm)(arrays[places[0]]).numpy()

    try:
        expected = curvature(f)
    except Exception:
        return
    found = curvature(compiled)
    if not agree(
        [expected], [found], 1e-9 if expected.dtype == np.float64 else 1e-3, np.abs(expected).max(initial=1.0)
    ):
        tally.failures.append((seed, "second", f"expected {expected}\nfound {found}\n{text}"))


def chunk(seeds):
    tally = Tally()
    warnings.simplefilter("ignore")
    for seed in seeds:
        try:
            one(seed, tally)
        except Exception as error:
            tally.failures.append((seed, "", f"{type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"))
    return tally


def main(count, first=0):
    began = time.perf_counter()
    seeds = range(first, first + count)
    parts = [seeds[k : k + CHUNK] for k in range(0, count, CHUNK)]
    with ProcessPoolExecutor(PROCESSES) as pool:
        tally = sum(pool.map(chunk, parts), Tally())
    for failure in tally.failures[:20]:
        print(*failure, sep="\n", end="\n\n")
    print(
        f"{tally.programs} programs, {tally.loops} with loops, {sum(tally.refused.values())} refused "
        f"{dict(tally.refused.most_common(5))}, {len(tally.failures)} failures, {time.perf_counter() - began:.0f} s"
    )
    return bool(tally.failures)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
