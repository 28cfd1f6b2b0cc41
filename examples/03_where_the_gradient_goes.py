"""Where does the gradient go?

A network reads a hundred steps and is judged at the last. To learn from step 1, the gradient of that loss has to come
back to it, through a hundred times the same W. This lesson measures what arrives, finds out what became of the rest,
and then cuts the way off on purpose.

    python examples/03_where_the_gradient_goes.py [FOLDER]   the pictures go into it, or into a new one

With matplotlib (pip install 'tinygrad-rnn[plots]') it draws curves too.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import tinygrad_rnn as tg
import viz

pictures = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="lesson-"))
T, I, H = 100, 4, 16
xs = np.random.default_rng(0).standard_normal((T, 1, I))
SHOWN = [0, 49, 89, 99]  # steps 1, 50, 90 and 100
curves = {}


def judged_at_the_end(layer):
    """The loss looks at the last step only; `unrolled` hands out every step's state."""
    states, _ = layer.unrolled(xs)
    return (states[-1] ** 2).sum(), states


def show(name, flow):
    curves[name] = flow
    print(f"{name:<24}" + "".join(f"{flow[t]:12.1e}" for t in SHOWN))


# A vanilla network whose W_hh turns h without stretching it, times ρ. What arrives at steps 1, 50, 90 and 100?

print("‖∂loss/∂h_t‖ at step     " + "".join(f"{t + 1:>12}" for t in SHOWN))
for rho in (0.5, 1.0, 1.5):
    rnn = tg.nn.RNN(I, H, recurrent_init="orthogonal", dtype=np.float64, rng=0)
    rnn.weight_hh_l0.assign(rho * rnn.weight_hh_l0.data)
    assert np.isclose(tg.spectral_radius(rnn.weight_hh_l0), rho)
    loss, states = judged_at_the_end(rnn)
    show(f"RNN, ρ = {rho}", tg.gradient_flow(loss, states))

assert curves["RNN, ρ = 0.5"][0] < 1e-30  # vanished: no optimiser will find out what step 1 had to do with it
assert curves["RNN, ρ = 1.0"][0] < 1e-6  # even this fades, though W itself shrinks nothing

# Why, at ρ = 1? Because h_t = tanh(W h_{t−1} + …), and the slope of tanh, 1 − h², is below 1 wherever h is not 0:
# J_t = ∂h_t/∂h_{t−1} = diag(1 − h_t²) W. What is left of step t in step 100 is the product of the steps between.

rnn = tg.nn.RNN(I, H, recurrent_init="orthogonal", dtype=np.float64, rng=0)
loss, states = judged_at_the_end(rnn)
J = tg.step_jacobians(states)
assert np.allclose(J[0], (1 - states[1].data[0] ** 2)[:, None] * rnn.weight_hh_l0.data)

influence = tg.state_influence(states)  # ‖J_100 … J_{t+1}‖ for every t: the most that any change of h_t can do
flow = tg.gradient_flow(loss, states)
print(f"\nof a change of h_1, h_100 shows at most {influence[0]:.1e} of it; of one of h_90, {influence[89]:.2f}")
assert np.all(flow <= influence * flow[-1] * (1 + 1e-9))

# So push back with a larger W? Then nothing holds the gradient where h happens to be near 0: with small inputs,
# ρ = 1.5 explodes. There is no ρ that is right for every h.

quiet = tg.nn.RNN(I, H, recurrent_init="orthogonal", dtype=np.float64, rng=0)
quiet.weight_hh_l0.assign(1.5 * quiet.weight_hh_l0.data)
for bias in (quiet.bias_ih_l0, quiet.bias_hh_l0):
    bias.assign(np.zeros(H))
still, _ = quiet.unrolled(1e-20 * xs[:60])  # the same network before anything has happened
print(f"ρ = 1.5 near h = 0 stretches over 59 steps {tg.state_influence(still)[0]:.1e}-fold: 1.5⁵⁹ = {1.5**59:.1e}")

# The LSTM has a second road, c_t = f ⊙ c_{t−1} + i ⊙ g, with no W and no tanh on it. How wide it is, f says, and f is
# learnt: `forget_bias` is where it starts. With 0 the road is there, and half closed at every step.

print("\n‖∂loss/∂c_t‖ at step     " + "".join(f"{t + 1:>12}" for t in SHOWN))
for bias in (0.0, 1.0, 3.0):
    lstm = tg.nn.LSTM(I, H, forget_bias=bias, dtype=np.float64, rng=0)
    loss, states = judged_at_the_end(lstm)
    show(f"LSTM, forget bias {bias:.0f}", tg.gradient_flow(loss, "c"))  # by name: the states that are called c
    f = np.mean([gate.data for gate in tg.labelled(loss, "f")])
    print(f"    f is {f:.2f} on average, and {f:.2f}⁹⁹ = {f**99:.0e}")

assert curves["LSTM, forget bias 0"][0] < 1e-15  # no better than the RNN: the LSTM promises nothing by itself
assert curves["LSTM, forget bias 3"][0] > 0.1

# Truncated backprop through time cuts all ways back at a step, to save memory. What does it throw away? The ledger
# has the terms that the gradient of W_hh consists of, one for each step.

for name, layer in {"RNN, ρ = 1.0": rnn, "LSTM, forget bias 3": lstm}.items():
    loss, _ = judged_at_the_end(layer)
    terms = {entry.step: entry.contribution for entry in tg.gradient_ledger(loss, layer.weight_hh_l0)}
    whole = sum(terms.values())
    kept = sum(terms[t] for t in range(T - 19, T + 1))
    missing = np.linalg.norm(whole - kept) / np.linalg.norm(whole)
    print(f"\n{name}: without the terms before the last 20 steps, {missing:.0%} of the gradient of W_hh is missing")

    # `truncated` is the loop that does it: a chunk of k1 steps at a time, the gradient k2 steps back.
    *_, chunk = tg.train.truncated(layer, xs, k1=1, k2=20)
    layer.zero_grad()
    (chunk.output[-1] ** 2).sum().backward()
    print("    what truncated(layer, xs, k1=1, k2=20) gives is that sum of 20 terms, to the last digits")
    assert np.allclose(layer.weight_hh_l0.grad.data, kept, rtol=1e-9, atol=1e-15)

# The picture: three steps of an LSTM, each node with the norm of the gradient that arrives there.

short, _ = tg.nn.LSTM(I, 2, forget_bias=3.0, dtype=np.float64, rng=0).unrolled(xs[:3])
loss = tg.label((short[-1] ** 2).sum(), "loss", "L")
drawing = viz.draw(loss, gradients=True, title="Judged at the end")
print(f"\npicture: {drawing.save(pictures / 'where-the-gradient-goes.svg')}")

# And the curves, where there is matplotlib.

try:
    plot = viz.plot_gradient_flow(curves, title="What arrives of a loss at step 100")
    print(f"curves: {plot.save(pictures / 'gradient-flow.svg')}")
except ModuleNotFoundError as missing:
    print(f"\nno curves: {missing}")

# Try: a loss at every step instead of the last. A GRU: which of its gates is the road, and what would be its bias?
# Next: tinygrad-rnn train --bptt 20, then 100, and watch what the model learns to remember.
