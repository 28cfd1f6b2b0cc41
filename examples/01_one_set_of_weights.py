"""What does a recurrent network do at every step?

The same thing. `new_state = f_W(old_state, x_t)`: the same f, the same W, only the state changes. This lesson writes f
down by hand, unrolls it over three steps from h₀ = 0, and looks at what was recorded.

    python examples/01_one_set_of_weights.py [FOLDER]        the picture goes into it, or into a new one
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

# A vanilla cell, from primitives: tanh(W_ih x + W_hh h + b).

rng = np.random.default_rng(0)
W_ih = tg.nn.Parameter(0.5 * rng.standard_normal((8, 4)), name="weight_ih")
W_hh = tg.nn.Parameter(0.5 * rng.standard_normal((8, 8)), name="weight_hh")
b = tg.nn.Parameter(np.zeros(8), name="bias")


def f(x, h):
    x = tg.label(x, "input", "x")
    h = tg.label(tg.tanh(tg.inner(x, W_ih) + tg.inner(h, W_hh) + b), "hidden_state", "h")
    return tg.label((h * h).sum(), "loss", "L"), h


# Three steps. `unroll` is the only time loop there is: it calls f and writes down which step each op ran in.

xs = tg.tensor(rng.standard_normal((3, 1, 4)))
with tg.step(0):
    h_0 = tg.label(tg.tensor(np.zeros((1, 8))), "initial_state", "h")
losses, h_3 = tg.nn.unroll(f, xs, h_0)
loss = tg.label(losses[0] + losses[1] + losses[2], "loss", "L")

# What was recorded: one node for each weight, and an edge from it into every step.

graph = tg.graph(loss)
for weight in graph.parameters:
    steps = [graph.nodes[user].step for user, _ in graph.uses(weight)]
    print(f"{weight.name:<10} is one node, used in steps {steps}")
    assert steps == [1, 2, 3]

# The picture, with the gradient on it. Draw before backward(), which lets go of what it has passed.

pictures = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="lesson-"))
drawing = viz.draw(loss, gradients=True, title="A vanilla RNN, written by hand")
print("picture   ", drawing.save(pictures / "one-set-of-weights.svg"))

# One weight, three uses, one gradient: the sum over the steps. Three copies that are not shared show the terms.

loss.backward()


def with_copies(copies):
    h = tg.tensor(np.zeros((1, 8)))
    total = 0.0
    for x, W in zip(xs, copies, strict=True):
        h = tg.tanh(tg.inner(x, W_ih.detach()) + tg.inner(h, W) + b.detach())
        total = total + (h * h).sum()
    return total


terms = tg.grad(with_copies)([W_hh.detach()] * 3)
for t, term in enumerate(terms, 1):
    print(f"step {t} adds a gradient of norm {tg.norm(term).item():.4f}")
print(f"together  {tg.norm(W_hh.grad).item():.4f}, the norm of W_hh.grad")
assert np.allclose(W_hh.grad.data, sum(term.data for term in terms))

# The first term is 0: h₀ = 0 meets W_hh there, and what is multiplied by 0 cannot matter.

assert not terms[0].data.any()

# Try: start from h_0 = 1 instead. Make the sequence longer and watch the first terms shrink or grow.
# Next: tinygrad-rnn draw --model lstm --view op, to see what an LSTM puts in place of this f.
