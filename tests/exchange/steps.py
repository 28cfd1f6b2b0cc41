"""Cells drawn from a grammar of steps, as somebody may write one: the source of a class, and the class.

step    →  line … line, each part of the new state
line    →  v = f(a) | a ∘ b | gate | product with a weight of its own, a peephole, a normalised value
a, b    →  a part of W_ih x or W_hh h, a part of the state, an earlier line
"""

import numpy as np

from tinygrad_rnn import nn, ops
from tinygrad_rnn.nn.layernorm import normalised

ONE = [
    "tanh({a})", "sigmoid({a})", "relu({a})", "sin({a})", "softplus({a})", "log_sigmoid({a})", "exp(-square({a}))",
    "log1p(square({a}))", "expm1(-abs({a}))", "sqrt(1 + square({a}))", "softmax({a})", "normalised({a})",
    "{a} - mean({a}, axis=-1, keepdims=True)", "{a} / (1 + norm({a}, axis=-1, keepdims=True))", "clip({a}, -1, 0.5)",
    "{a}[..., ::-1]", "concatenate([{a}[..., 1:], {a}[..., :1]], axis=-1)", "0.3 * cumsum({a}, axis=-1)",
    "reshape(swapaxes(reshape({a}, (*{a}.shape[:-1], 2, -1)), -1, -2), {a}.shape)",
]  # fmt: skip
TWO = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / (1 + square({b}))", "maximum({a}, {b})", "logaddexp({a}, {b})",
    "where({a} > {b}, {a}, {b})", "minimum({a}, 2 * {b})",
    "sum(stack([{a}, {b}], axis=-1) * softmax(stack([{b}, {a}], axis=-1)), axis=-1)",
    "einsum('...i,...j,kij->...k', {a}, {b}, self.{cube}) / 4",
]  # fmt: skip
THREE = ["sigmoid({a}) * {b} + (1 - sigmoid({a})) * {c}", "where({a} > 0, {a} * {b}, {a} * {c})"]
LEARNT = [
    "inner({a}, self.{square})", "{a} @ self.{square}", "self.{line} * {a}",
    "self.{line} * normalised({a}) + self.{line}",
]  # fmt: skip
SHAPES = {"square": lambda H: (H, H), "line": lambda H: (H,), "cube": lambda H: (H, H, H), "narrow": lambda H: (3, H)}
KINDS = [ONE, ONE, TWO, TWO, THREE, LEARNT, LEARNT]


class Draft:
    """A step being drawn."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.parameters, self.lines = {}, []

    def choose(self, options):
        return options[self.rng.integers(len(options))]

    def parameter(self, kind):
        name = f"{kind}{len(self.parameters)}"
        self.parameters[name] = kind
        return name

    def fill(self, template, values):
        for kind in SHAPES:
            while f"{{{kind}}}" in template:
                template = template.replace(f"{{{kind}}}", self.parameter(kind), 1)
        return template.format(a=self.choose(values), b=self.choose(values), c=self.choose(values))

    def line(self, text):
        self.lines.append(text)

    def source(self):
        states = ["h", "c", "m"][: self.rng.integers(1, 4)]
        gates = int(self.rng.integers(1, 5))
        narrow = len(states) == 3
        xs, hs = ([f"{side}{k}" for k in range(gates)] for side in "xh")
        self.line(f"{', '.join(states)}, = state")
        self.line(f"{', '.join(xs)}, = split(self.project_input(x), {gates}, axis=-1)")
        self.line(f"{', '.join(hs)}, = split(self.project_state(h), {gates}, axis=-1)")
        values = [*xs, *hs, *[s for s in states if s != "m" or not narrow]]
        if narrow:  # a part of the state of another size
            self.line(f"read = m @ self.{self.parameter('narrow')}")
            values.append("read")
        for k in range(int(self.rng.integers(3, 8))):
            self.line(f"v{k} = {self.fill(self.choose(self.choose(KINDS)), values)}")
            values.append(f"v{k}")
        every = " + ".join(values)
        self.line(f"new_h = tanh(({every}) / {len(values)})")
        after = ["new_h"]
        if len(states) > 1:
            self.line(f"f = sigmoid({self.choose(values)})")
            self.line(f"new_c = f * c + (1 - f) * tanh({self.choose(values)})")
            after.append("new_c")
        if narrow:
            self.line(f"new_m = tanh(0.5 * m + inner(new_h, self.{self.parameter('narrow')}))")
            after.append("new_m")
        made = [
            f"        self.{name} = Parameter(rng.uniform(-0.5, 0.5, {SHAPES[kind](4)}).astype(np.float32))"
            for name, kind in self.parameters.items()
        ]
        sizes = "(self.hidden_size, self.hidden_size, 3)" if narrow else "(self.hidden_size,) * len(self.states)"
        return "\n".join([
            "class Drawn(Cell):",
            f"    gates, states = {gates}, {tuple(states)}",
            "",
            "    def __init__(self, *sizes, **options):",
            "        super().__init__(*sizes, **options)",
            "        rng = np.random.default_rng(0)",
            *made,
            "",
            "    @property",
            "    def state_sizes(self):",
            f"        return {sizes}",
            "",
            "    def step(self, x, state):",
            *(f"        {line}" for line in self.lines),
            f"        return ({', '.join(after)},)",
        ])  # fmt: skip


def drawn_layer(seed):
    """(a class of layers of four features, of a cell that was drawn; the cell's source)."""
    source = Draft(seed).source()
    names = {**vars(ops), "np": np, "Cell": nn.Cell, "Parameter": nn.Parameter, "normalised": normalised}
    exec(source, names)
    return type("DrawnNet", (nn.Recurrent,), {"cell_type": names["Drawn"]}), source
