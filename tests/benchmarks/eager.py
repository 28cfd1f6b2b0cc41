"""An LSTM written from primitives, forward and backward: B = 1, T = 25, H = 100, float32, one thread.

    python -m tests.benchmarks.eager [ROUNDS]

The same lines in every library; the contenders take turns, ROUNDS times, and the best time of each counts. "by_hand"
is the backward pass written out in NumPy with the formulas of our ops: what the arithmetic alone takes.
"""

import json
import sys
import time

import numpy as np

from tests.benchmarks.child import run

B, T, I, H = 1, 25, 100, 100
CONTENDERS = ("ours", "by_hand", "torch", "autograd", "mygrad")


def arrays():
    rng = np.random.default_rng(0)
    shapes = [(I, 4 * H), (H, 4 * H), (4 * H,)]
    return [(0.1 * rng.standard_normal(s)).astype("f4") for s in shapes], rng.standard_normal((T, B, I)).astype("f4")


def lstm(W, U, b, xs, zeros, sigmoid, tanh, split):
    h = c = zeros
    for x in xs:
        i, f, g, o = split(x @ W + h @ U + b)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
    return (h * h).sum()


def quarters(a):
    return a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], a[:, 3 * H :]


def ours():
    import tinygrad_rnn as tg

    weights, xs = arrays()
    weights = [tg.tensor(w, requires_grad=True) for w in weights]
    xs, zeros = [tg.tensor(x) for x in xs], tg.tensor(np.zeros((B, H), "f4"))

    def step():
        for w in weights:
            w.grad = None
        lstm(*weights, xs, zeros, tg.sigmoid, tg.tanh, lambda a: tg.split(a, 4, axis=1)).backward()
        return [w.grad.data for w in weights]

    return step


def by_hand():
    import tinygrad_rnn as tg
    from tinygrad_rnn.ops.pointwise import logistic_slope

    (W, U, b), xs = arrays()
    zeros, sigmoid, slope = np.zeros((B, H), "f4"), tg.sigmoid.op.forward, logistic_slope.op.forward

    def step():
        h = c = zeros
        tape = []
        for x in xs:
            a = x @ W + h @ U + b
            i, f, g, o = (part(q) for part, q in zip((sigmoid, sigmoid, np.tanh, sigmoid), quarters(a), strict=True))
            new = f * c + i * g
            t = np.tanh(new)
            tape.append((x, h, c, a, i, f, g, o, new, t))
            h, c = o * t, new
        dh, dc, das = 2 * h, zeros, []
        for _, _, c, a, i, f, g, o, new, t in reversed(tape):
            dc = dc + dh * o * (4 * slope(2 * new))
            ai, af, ag, ao = quarters(a)
            da = np.empty_like(a)
            di, df, dg, do = quarters(da)
            di[:], df[:] = dc * g * slope(ai), dc * c * slope(af)
            dg[:], do[:] = dc * i * (4 * slope(2 * ag)), dh * t * slope(ao)
            das.append(da)
            dh, dc = da @ U.T, dc * f
        da = np.concatenate(das[::-1])
        rows = [np.concatenate([row[k] for row in tape]) for k in (0, 1)]
        return [rows[0].T @ da, rows[1].T @ da, da.sum(0)]

    return step


def torch():
    import torch

    torch.set_num_threads(1)
    weights, xs = arrays()
    weights = [torch.tensor(w, requires_grad=True) for w in weights]
    xs, zeros = list(torch.tensor(xs)), torch.zeros((B, H))

    def step():
        for w in weights:
            w.grad = None
        lstm(*weights, xs, zeros, torch.sigmoid, torch.tanh, lambda a: torch.chunk(a, 4, dim=1)).backward()
        return [w.grad.numpy() for w in weights]

    return step


def autograd():
    import autograd.numpy as anp
    from autograd import grad

    weights, xs = arrays()
    zeros = np.zeros((B, H), "f4")
    slope = grad(lambda w: lstm(*w, xs, zeros, lambda a: 1 / (1 + anp.exp(-a)), anp.tanh, quarters).sum())
    return lambda: slope(weights)


def mygrad():
    import mygrad as mg

    weights, xs = arrays()
    weights = [mg.tensor(w) for w in weights]
    zeros = np.zeros((B, H), "f4")

    def step():
        for w in weights:
            w.null_grad()
        lstm(*weights, xs, zeros, mg.nnet.sigmoid, mg.tanh, quarters).backward()
        return [w.grad for w in weights]

    return step


def measure(name):
    """The best of 60 runs in milliseconds, after ten to warm up, and a fingerprint of the gradients."""
    step = globals()[name]()
    for _ in range(10):
        gradients = step()
    times = []
    for _ in range(60):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return {"ms": 1e3 * min(times), "norm": float(sum(np.linalg.norm(g) for g in gradients))}


def main(rounds=3):
    found = {name: [run("tests.benchmarks.eager", "--one", name) for _ in range(rounds)] for name in CONTENDERS}
    best = {name: min(row["ms"] for row in rows) for name, rows in found.items()}
    for name, ms in best.items():
        norm = found[name][0]["norm"]
        print(f"{name:<9} {ms:7.2f} ms   {ms / best['torch']:5.2f} × torch eager   gradient norm {norm:.4f}")


if __name__ == "__main__":
    if "--one" in sys.argv:
        print(json.dumps(measure(sys.argv[-1])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
