"""Random programs, many of them: `python -m tests.fuzz.programs 20000 [seed]`.

For each, the first and second derivatives against torch's, forward mode against reverse mode by ⟨u, J dx⟩ = ⟨Jᵀu, dx⟩,
and for every tenth both against differences, to the second order. What disagrees is printed as source that runs.
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
from tests.torch_ops import TORCH, tensor, torch
from tinygrad_rnn.testing import Kink, check_jvp, check_vjp
from tinygrad_rnn.testing.draw.program import run
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.specs.library import OPS, build

RTOL = 1e-7  # of the largest element: chains amplify rounding, 2e-9 at worst in 6,000; a wrong rule is off by terms
ADJOINT = 1e-9  # of Σ|terms|, the worst of 6,000 was 2e-11
PROCESSES, CHUNK, EVERY = 2, 100, 10


@dataclass
class Tally:
    """What a run saw; two of them add up."""

    programs: int = 0
    compared: int = 0
    differenced: int = 0
    kinks: int = 0
    ops: Counter = field(default_factory=Counter)
    nodes: Counter = field(default_factory=Counter)
    depths: Counter = field(default_factory=Counter)
    mismatches: list = field(default_factory=list)

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def directions(arrays, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(np.shape(x)) for x in arrays]


def on_torch(program):
    """The output on torch, and the inputs it is differentiated by."""
    xs = [torch.tensor(x, requires_grad=True) for x in program.inputs]
    return run(program, TORCH.__getitem__, *xs), xs


def torch_gradient(y, xs, u, create_graph=False):
    """∂⟨u, y⟩/∂xs."""
    return torch.autograd.grad(y, xs, tensor(u), create_graph=create_graph, materialize_grads=True)


def assert_close(got, exact, what):
    """To RTOL of the largest element."""
    got, exact = np.asarray(got), np.asarray(exact)
    size = 1 + np.abs(exact).max(initial=0)
    assert got.shape == exact.shape, f"{what} has shape {got.shape}, not {exact.shape}"
    assert np.abs(got - exact).max(initial=0) <= RTOL * size, f"{what}: {got!r} against {exact!r}"


def check_with_torch(program):
    y, pullback = tg.vjp(program, *program.inputs)
    exact, xs = on_torch(program)
    assert_close(y.data, exact.detach().numpy(), "the value")
    (u,) = directions([y.data], 1)
    for k, (g, h) in enumerate(zip(pullback(u), torch_gradient(exact, xs, u), strict=True)):
        assert_close(g.data, h.numpy(), f"the gradient of {program.names[k]}")


def check_adjoint(program):
    dxs = directions(program.inputs, 2)
    y, dy = tg.jvp(program, program.inputs, dxs)
    (u,) = directions([y.data], 1)
    left = u * dy.data
    right = [g.data * dx for g, dx in zip(tg.vjp(program, *program.inputs)[1](u), dxs, strict=True)]
    scale = 1e-3 + np.abs(left).sum() + sum(np.abs(term).sum() for term in right)
    error = abs(left.sum() - sum(term.sum() for term in right))
    assert error <= ADJOINT * scale, f"⟨u, J dx⟩ and ⟨Jᵀu, dx⟩ differ by {error / scale:.1e} of their terms"


def check_second_order(program):
    """H·v, H the second derivatives of ⟨u, y⟩: reverse over reverse, and forward over reverse, against torch's."""
    xs = program.inputs
    vs = directions(xs, 3)
    (u,) = directions([program(*xs)], 1)

    def gradient(*xs):
        return tg.vjp(program, *xs)[1](u)

    forward = tg.jvp(gradient, xs, vs)[1]
    reverse = tg.grad(lambda *xs: sum((g * v).sum() for g, v in zip(gradient(*xs), vs, strict=True)),
                      tuple(range(len(xs))))(*xs)  # fmt: skip
    for name, f, r, exact in zip(program.names, forward, reverse, torch_curvature(program, u, vs), strict=True):
        if np.isnan(exact).any():  # torch's logaddexp far from a tie, its 0ᵇ; then the two modes are compared
            exact = r.data
        assert_close(f.data, exact, f"forward over reverse, of {name}")
        assert_close(r.data, exact, f"reverse over reverse, of {name}")


def torch_curvature(program, u, vs):
    y, xs = on_torch(program)
    gs = torch_gradient(y, xs, u, create_graph=True)
    slope = sum((g * tensor(v)).sum() for g, v in zip(gs, vs, strict=True))
    if not slope.requires_grad:  # the program is linear
        return [np.zeros(v.shape) for v in vs]
    hs = torch.autograd.grad(slope, xs, materialize_grads=True, allow_unused=True)
    # torch may return a zero that has no storage, and numpy() of that crashes the process; a sum has storage
    return [(h + torch.zeros(h.shape, dtype=h.dtype)).numpy(force=True) for h in hs]


def check_differences(program):
    check_vjp(program, *program.inputs, order=2, name="program")
    check_jvp(program, *program.inputs, order=1, name="program")


def examine(seed, tally):
    """Every check of one program."""
    program = build(RandomSource(seed))
    tally.programs += 1
    tally.ops.update(program.ops)
    tally.nodes[len(program.lines)] += 1
    tally.depths[program.depth] += 1
    checks = [check_adjoint]
    if all(op in TORCH for op in program.ops):
        tally.compared += 1
        checks += [check_with_torch, check_second_order]
    if seed % EVERY == 0:
        tally.differenced += 1
        checks.append(check_differences)
    for check in checks:
        try:
            check(program)
        except Kink:
            tally.kinks += 1
        except Exception:  # whatever a rule raises is a finding
            tally.mismatches.append((seed, check.__name__, f"{program!r}\n", traceback.format_exc(limit=-1)))


def chunk(first):
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    tally = Tally()
    for seed in range(first, first + CHUNK):
        examine(seed, tally)
    return tally


def main(count, seed=0):
    start, total = time.perf_counter(), Tally()
    with ProcessPoolExecutor(PROCESSES) as pool:
        for tally in pool.map(chunk, range(seed * count, (seed + 1) * count, CHUNK)):
            total.add(tally)
    for number, check, source, error in total.mismatches[:20]:
        print(f"\n# program {number}, {check}\n{source}\n{error}")
    missing = sorted(set(OPS) - set(total.ops))
    print(f"programs    {total.programs}, {total.compared / total.programs:.0%} compared with torch,")
    print(f"            {total.differenced} with differences, of which {total.kinks} were at a kink")
    print(f"mismatches  {len(total.mismatches)}")
    print(f"ops         {len(OPS) - len(missing)} of {len(OPS)}" + f", without {', '.join(missing)}" * bool(missing))
    print(f"nodes       {distribution(total.nodes)}")
    print(f"depth       {distribution(total.depths)}")
    print(f"seconds     {time.perf_counter() - start:.0f}")
    return bool(total.mismatches)


def distribution(counts):
    """
    >>> distribution(Counter([1, 1, 2, 5]))
    '1: 50%  2: 25%  5: 25%'
    """
    return "  ".join(f"{k}: {counts[k] / counts.total():.0%}" for k in sorted(counts))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
