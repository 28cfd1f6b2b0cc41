"""Does every `again` line run, and find the same again?  python -m tests.fuzz.again [reports=300] [seed=0]

Failing checks of every kind, at random points. What each report prints is executed where nothing but it is known: the
source that the line needs, then the line. It has to fail with the same first line.
"""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from functools import partial

import numpy as np

import tinygrad_rnn as tg
from tests.testing.report import wrong
from tinygrad_rnn import nn
from tinygrad_rnn.testing import (
    GradMismatch,
    Kink,
    OpSpec,
    check_jvp,
    check_laws,
    check_module,
    check_recurrent,
    check_vjp,
)
from tinygrad_rnn.testing.draw.choices import array, shape
from tinygrad_rnn.testing.draw.source import RandomSource, choose, flag
from tinygrad_rnn.testing.laws.rows import batched
from tinygrad_rnn.testing.specs.library import build

SHARE = 50  # reports in a process
GAIN = 1.5


def gained(x):
    return GAIN * wrong.half(x)


# functions, each made by a source of choices


def lambdas(source):
    return choose(source, [lambda x: x * x.detach(), lambda x: gained(x) + np.pi, lambda x: tg.sin(x) * x.detach()])


def closure(source):
    weights, k = array(source, (3,)), source.integer(2, 5)

    def weighted(x):
        return (weights.sum() * k * x * x.detach()).sum()

    return weighted


def chain(source):
    """Closures of closures whose names are the same."""

    def longer(f, k):
        return lambda x: f(x) * k + x * x.detach()

    f = tg.tanh
    for k in range(source.integer(1, 3)):
        f = longer(f, k + 1)
    return f


def defaults(source):
    return choose(source, [lambda x, k=k: k * x * x.detach() for k in (2.0, 3.0)])


def annotated(source):
    def model(x: tg.Tensor, power: int = 2) -> tg.Tensor:
        """x·x, half of it forgotten."""
        return x.detach() ** (power - 1) * x

    return model


def instance(source):
    class Local:
        def __init__(self, w):
            self.w = w
            self.rng = np.random.default_rng(3)

        def __call__(self, x):
            return self.w[0] * x * x.detach()

    return choose(source, [wrong.Scale(array(source, ())), Local(array(source, (2,)))])


def local_op(source):
    k = source.integer(2, 4)

    @tg.primitive
    def local_power(x):
        return x**k

    local_power.vjp(x=lambda gy, y, x: gy * x ** (k - 1))
    local_power.jvp(x=lambda dx, y, x: dx * x ** (k - 1))

    @tg.elementwise(x=lambda y, x: y)
    def local_square(x):
        return x * x

    return choose(source, [local_power, local_square, lambda x: tg.sin(local_power(x))])


FUNCTIONS = {
    "module-level": lambda source: choose(source, [wrong.half, wrong.wrong_square]),
    "script": lambda source: gained,
    "lambda": lambdas,
    "partial": lambda source: partial(wrong.scaled, k=array(source, ()), power=source.integer(2, 3)),
    "closure": closure,
    "chain of closures": chain,
    "defaults": defaults,
    "annotated": annotated,
    "decorated": lambda source: choose(source, [wrong.decorated, wrong.doubled(lambda x: 2 * tg.cos(x))]),
    "object": instance,
    "bound method": lambda source: wrong.Scale(0.5).method,
    "local op": local_op,
}


def point(source, large=False):
    """An array as users have them: few round numbers, many random ones, in any layout."""
    size = (source.integer(5, 20), source.integer(20, 30)) if large else shape(source, 0, 2)
    x = np.random.default_rng(source.integer(0, 99)).standard_normal(size) if flag(source) else array(source, size)
    return np.asfortranarray(x) if flag(source, 3) else x


def of_function(source, kind, large=False):
    fn, x, seed = FUNCTIONS[kind](source), point(source, large), source.integer(0, 9)
    check = choose(source, [check_vjp, check_jvp])
    x = tg.tensor(x) if flag(source, 4) else x
    options = {"order": 2} if flag(source, 4) else {}
    options |= {"oracle": "central differences"} if flag(source, 4) else {}
    options |= {"name": choose(source, ["mine", "two words"])} if flag(source, 4) else {}
    check(fn, x, seed=seed, **options)


def of_order_two(source):
    choose(source, [check_vjp, check_jvp])(wrong.wrong_later, point(source), order=2, seed=source.integer(0, 9))


def of_float32(source):
    check_vjp(wrong.drifting, point(source).astype(np.float32), seed=source.integer(0, 9))


def of_nest(source):
    w, picked = array(source, (2,)), np.array([source.integer(0, 2), 1])
    parameters = {"w": w, "b": [array(source, (), phase=2)]}
    check_vjp(wrong.of_nest, parameters, array(source, (3,)), picked, seed=source.integer(0, 9))


def of_wrt(source):
    x, w = array(source, (2,)), choose(source, [array(source, (2,)), tg.tensor(array(source, (2,)))])
    check_vjp(wrong.mixed, x, w, wrt=choose(source, [1, (1,), (0, 1)]), seed=source.integer(0, 9))


def stateful():
    calls = []

    def jittered(x):
        calls.append(1)
        return x * (1 + 1e-6 * len(calls))

    return jittered


KEPT = []


def keeping(x):
    y = tg.tanh(x)
    KEPT.append(y)
    return y


def writing(x):
    x._array.flags.writeable = True
    x._array *= 2
    return x * 1.0


def of_law(source, law):
    fn = {
        "linear": wrong.bent, "zero": wrong.offset, "adjoint": wrong.one_sided, "deterministic": stateful(),
        "freed": keeping, "float32": wrong.drifting, "inputs kept": writing, "ties": wrong.steep_relu,
    }[law]  # fmt: skip
    made = wrong.op_of("made", lambda gy, y, x: gy * gy + 1, lambda dx, y, x: dx)  # not in a module under its name
    fns = [fn, lambda x: fn(x) + 1.0, made if law in ("linear", "zero") else fn]
    x = np.zeros(2) if law == "ties" else point(source)
    check_laws(choose(source, fns), x, laws=[law], seed=source.integer(0, 9))


LAWS = ("linear", "zero", "adjoint", "deterministic", "freed", "float32", "inputs kept", "ties")


def of_own_law(source):
    def positive(p):
        from tinygrad_rnn.testing.report.findings import Mismatch

        return None if all((g > 0).all() for g in p.gs) else Mismatch("negative", "somewhere")

    law = choose(source, [batched(axis=0), batched(axis=1, shared=()), positive])
    check_laws(lambda x: x - x.mean(), array(source, (2, 3)), laws=[law], wrt=0, seed=source.integer(0, 9))


def of_module(source):
    rng = source.integer(0, 99)

    class Local(nn.Module):
        def __init__(self):
            self.layers = {"a": nn.Linear(3, 2, rng=rng), "b": (nn.LayerNorm(2),)}
            self.scale = GAIN

        def forward(self, x):
            return self.layers["b"][0](self.layers["a"](x)) * self.layers["a"].bias.detach() * self.scale

    kinds = [
        Local,
        partial(wrong.HalfLinear, rng),
        partial(wrong.HalfLinear, rng, np.float32),
        partial(wrong.Tied, rng),
        lambda: nn.Sequential(nn.Linear(3, 3, rng=rng), Local()),
    ]
    module = choose(source, kinds)()
    check = choose(source, [check_module, check_module, partial(check_laws, laws=["adjoint", batched()])])
    check(module, array(source, (2, 3)), seed=source.integer(0, 9))


def of_layer(source):
    rng, seed = source.integer(0, 99), source.integer(0, 9)

    class LocalCell(nn.Cell):
        def step(self, x, state):
            return (0.5 * state[0].detach() + tg.tanh(self.project_input(x) * GAIN),)

    class LocalNet(nn.Recurrent):
        cell_type = LocalCell

    kind = choose(source, ["cell", "cell", "layer", "batch first", "two layers", "lengths", "rows"])
    x = np.random.default_rng(rng).standard_normal((source.integer(2, 5), 2, 2))
    x = x.astype(choose(source, [np.float64, np.float32]))
    h0 = array(source, (2, 3)) if flag(source) else None
    if kind == "cell":
        return check_recurrent(choose(source, [wrong.CutCell, LocalCell])(2, 3, rng=rng), x, h0, seed=seed)
    if kind == "lengths":
        return check_recurrent(wrong.LateNet(2, 3, rng=rng), x, lengths=[len(x), 1], seed=seed)
    if kind == "rows":
        return check_recurrent(wrong.Summed(rng), x, h0 if h0 is None else h0[None], seed=seed)
    options = {"batch first": {"batch_first": True}, "two layers": {"num_layers": 2, "bidirectional": True}}
    layer = choose(source, [wrong.CutNet, LocalNet])(2, 3, rng=rng, **options.get(kind, {}))
    lengths = np.array([2, 1]) if flag(source) else None
    return check_recurrent(layer, x, lengths=lengths if kind != "batch first" else None, seed=seed)


def of_program(source):
    fn = choose(source, [wrong.wrong_square, lambda x: GAIN * wrong.wrong_square(x), local_op(source)])
    spec = OpSpec("my op", fn, lambda source, pick: ((pick(),), {}))
    program = build(source, [spec, spec, "tanh", "multiply", "concatenate", "einsum", "sum"], 9)
    check_vjp(program, *program.inputs, seed=source.integer(0, 9))


def of_spec(source):
    twice = OpSpec("twice", lambda x, by=2: by * x, None, reference=lambda x, by=2: by * x + 1e-9)
    square = OpSpec("wrong square", wrong.wrong_square, None, reference=np.square)
    scaled = OpSpec("scaled", wrong.scaled, None)
    spec, options = choose(source, [(twice, {"by": 3}), (square, {}), (scaled, {"k": source.integer(2, 3)})])
    spec.check(array(source, (2,)), **options)


KINDS = {
    **{kind: partial(of_function, kind=kind) for kind in FUNCTIONS},
    **{f"{kind}, large": partial(of_function, kind=kind, large=True) for kind in ("module-level", "closure")},
    "order 2": of_order_two, "float32": of_float32, "nest": of_nest, "wrt": of_wrt,
    **{f"law {law}": partial(of_law, law=law) for law in LAWS},
    "law of one's own": of_own_law, "module": of_module, "layer": of_layer, "layer again": of_layer,
    "program": of_program, "OpSpec": of_spec,
}  # fmt: skip


def report(kind, seed):
    """The text of a failed check of this kind; None where it did not fail at this seed."""
    try:
        with np.errstate(all="ignore"):
            KINDS[kind](RandomSource(seed))
    except GradMismatch as error:
        return str(error)
    except Kink:
        pass
    return None


def printed(text):
    """What a report prints to be run: the source below it, then its line."""
    head, _, needs = text.partition("\n\n")
    (line,) = re.findall(r"^  again +(.*)$", head, re.MULTILINE)
    return f"{needs}\n{line}\n"


def first_line(text):
    """Without the place of a lambda, which is another once it has been copied."""
    return re.sub(r"lambda at .*?:\d+", "lambda", text.partition("\n")[0])


CHILD = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
for source in json.load(sys.stdin):
    try:
        with np.errstate(all="ignore"):
            exec(compile(source, "<printed>", "exec"), {"__name__": "printed"})
        found = "nothing was found"
    except Exception as error:
        found = f"{error}" if type(error).__name__ == "GradMismatch" else f"{type(error).__name__}: {error}"
    print(json.dumps(found), file=sys.__stdout__)
"""


def executed(sources):
    """What each of these sources ends with, in a process that knows nothing of this one."""
    run = subprocess.run([sys.executable, "-c", CHILD], input=json.dumps(sources), capture_output=True, text=True,
                         check=True)  # fmt: skip
    return [json.loads(line) for line in run.stdout.splitlines()]


def main(reports=300, seed=0):
    start, found = time.perf_counter(), []
    for n in range(20 * reports):
        kind = list(KINDS)[n % len(KINDS)]
        text = report(kind, [seed, n])
        found += [(kind, n, text)] * (text is not None)
        if len(found) == reports:
            break
    ends = []
    for at in range(0, len(found), SHARE):
        ends += executed([printed(text) for _, _, text in found[at : at + SHARE]])
    counts, failed = Counter(kind for kind, _, _ in found), 0
    for (kind, n, text), end in zip(found, ends, strict=True):
        if first_line(text) != first_line(end):
            failed += 1
            print(f"{kind}, seed [{seed}, {n}]: {first_line(text)}\n  became  {first_line(end)}\n{printed(text)}")
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
    print(f"{len(found) - failed} of {len(found)} reports reproduce; {time.perf_counter() - start:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
