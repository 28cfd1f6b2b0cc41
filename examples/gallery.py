"""The gallery: each picture is a few lines to copy, and a sentence that says what to look at.

    python examples/gallery.py                            into a new folder, and says where that is
    python examples/gallery.py --into examples/gallery    the pictures of this repository, made again

It needs matplotlib and Hypothesis: pip install 'tinygrad-rnn[plots,test]'. README.md, a page beside them, shows them.
"""

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from matplotlib.figure import Figure

import tinygrad_rnn as tg
import viz
from tinygrad_rnn import nn

options = ArgumentParser(description="Draw every picture of the gallery.")
options.add_argument("--into", type=Path, metavar="FOLDER", help="where to write; without it, into a new folder")
folder = options.parse_args().into or Path(mkdtemp(prefix="gallery-"))
folder.mkdir(parents=True, exist_ok=True)
page = ["# Gallery", "`python examples/gallery.py --into examples/gallery` draws these pictures and writes this page."]


def show(name, look, picture):
    file = folder / f"{name.lower().replace(' ', '-')}.svg"
    print(picture.save(file))
    page.extend([f"## {name}", look, f"![{name}]({file.name})"])


# Three steps, a batch of one. No biases, for fewer lines; float64, so that rounding is nowhere to be seen.

rng = np.random.default_rng(0)
xs = rng.standard_normal((3, 1, 4))
targets = np.array([[1], [0], [2]])  # at each step, which of three classes is right


def small(layer, **options):
    return layer(4, 4, bias=False, dtype=np.float64, rng=0, **options)


def linear(outputs):
    return nn.Linear(4, outputs, bias=False, dtype=np.float64, rng=1)


def squared(h):
    return tg.label((h * h).mean(), "loss", "L")  # a loss that needs no target


def total(losses):
    return tg.label(sum(losses), "loss", "L")


def judged_at_the_end(layer, steps=3):
    states, _ = layer.unrolled(xs[:steps])
    return squared(states[-1])


def judged_at_each_step(layer):
    """Many to many: an output, a target and a loss at each step."""
    head = linear(3)

    def f(given, state):
        x, target = given
        h, state = layer.step(x, state)
        y = tg.label(head(h), "output", "y")
        return tg.label(nn.cross_entropy(y, target), "loss", "L"), state

    losses, _ = nn.unroll(f, list(zip(xs, targets, strict=True)), None)
    return total(losses)


# The three layers.

show(
    "RNN",
    "Each weight stands here once, with an arrow to every step; only the state changes, from h₀ = 0 on. The dashed "
    "arrows are the gradient on its way back from the losses, and ∇ is the norm of what arrives. From the first step "
    "none comes to W_hh: it is multiplied by 0 there.",
    viz.draw(judged_at_each_step(small(nn.RNN)), gradients=True),
)
show(
    "RNN rolled",
    "The same network before it is unrolled: the state goes back into the box, and ×3 says how often.",
    viz.draw(judged_at_each_step(small(nn.RNN)), view="rolled"),
)
show(
    "LSTM",
    "An LSTM hands two things on to its next step: the cell state c, on the thick road, and the hidden state h.",
    viz.draw(judged_at_each_step(small(nn.LSTM))),
)
show(
    "LSTM gate",
    "One step of an LSTM from the inside. Follow the thick road from c₀ to c₁: a × by the forget gate f and a + are "
    "all that stands on it, no weight and no tanh. That is how a gradient gets back over many steps.",
    viz.draw(judged_at_the_end(small(nn.LSTM), steps=1), view="gate"),
)
show(
    "LSTM op",
    "All that was recorded, op by op: @ is a product with a weight, and [ ] takes the part of it that is one gate's.",
    viz.draw(judged_at_the_end(small(nn.LSTM), steps=2), view="op"),
)
show(
    "GRU",
    "Many to many, here with a GRU: for each input an output, which is compared with its target.",
    viz.draw(judged_at_each_step(small(nn.GRU))),
)
show(
    "GRU gate",
    "The road of a GRU is h itself: the gate z says how much of the old state stays, and 1 − z how much is new.",
    viz.draw(judged_at_the_end(small(nn.GRU)), view="gate"),
)

# The other topologies differ in which inputs there are, and which outputs are used.

y, _ = nn.ManyToOne(small(nn.GRU), linear(3))(xs)
show(
    "Many to one",
    "There is one answer to the whole sequence, made from the last state.",
    viz.draw(tg.label(nn.cross_entropy(y, targets[-1]), "loss", "L")),
)
one = nn.GRU(1, 1, bias=False, dtype=np.float64, rng=0), nn.Linear(1, 1, bias=False, dtype=np.float64, rng=1)
y, _ = nn.OneToMany(*one, feed="zeros")(np.ones((1, 1)), 3)
show(
    "One to many fed zeros",
    "One input, many outputs: the steps after the first read 0. In this net of one unit, all values are shown.",
    viz.draw(squared(y), values=True),
)
y, _ = nn.OneToMany(small(nn.GRU), linear(4), feed="output")(xs[0], 3)
show(
    "One to many fed its output",
    "One input, many outputs: what a step puts out, the next step reads.",
    viz.draw(squared(y)),
)


decoder = nn.Decoder(small(nn.RNN), nn.Embedding(3, 4, dtype=np.float64, rng=2), dtype=np.float64, rng=3)
model = nn.Seq2Seq(nn.Encoder(small(nn.RNN)), decoder, start=0, stop=1)
show(
    "Sequence to sequence",
    "The decoder, with weights of its own, begins with the encoder's last state: all that it knows of the source.",
    viz.draw(nn.sequence_loss(model(xs[:2], targets[:2]), targets[:2])),
)


class Attentive(nn.Module):
    def __init__(self):
        self.encoder, self.decoder = small(nn.RNN), small(nn.RNN)
        self.attention = nn.DotAttention(4, 4, dtype=np.float64, rng=2)

    def forward(self, source, target):
        states, last = self.encoder.unrolled(source)
        memory = self.attention.remember(tg.stack(states))

        def f(x, state):
            h, state = self.decoder.step(x, state)
            context, _ = self.attention.look(h, memory)
            return squared(context), state

        losses, _ = nn.unroll(f, target, last)
        return total(losses)


show(
    "Attention",
    "With attention the decoder does not live by the last state alone: all states are kept as a memory, each with a "
    "key that says what it is good for, and every step of the decoder looks at them again.",
    viz.draw(Attentive()(xs[:2], xs[1:])),
)

# Truncated backprop through time: the state goes on, the gradient does not go back.

*_, chunk = tg.train.truncated(small(nn.RNN), rng.standard_normal((5, 1, 4)), k1=1, k2=3)
show(
    "Truncated",
    "The loss of step 5, with k1=1 and k2=3: its gradient goes back through three steps. The state before them, h₂, "
    "was carried over as a constant. A bracket below is a piece of the sequence on which the layer was run.",
    viz.draw(squared(chunk.output), gradients=True),
)
cell, h, losses = small(nn.RNNCell), None, []
for t, x in enumerate(xs, 1):
    if t == 3:
        h = h.detach()
    h = cell(x, h)
    losses.append(squared(h))
show(
    "Truncated by hand",
    "A detach() in the loop: on the dotted line the values go on, and no gradient comes back.",
    viz.draw(total(losses), gradients=True),
)

# Vanishing, healthy, exploding: W_hh turns h and makes it ρ times as long. With small inputs tanh is straight.


class Stretched(nn.Module):
    def __init__(self, **rhos):
        self.names = list(rhos)
        for name, rho in rhos.items():
            net = small(nn.RNN, recurrent_init="orthogonal")
            net.weight_hh_l0.assign(rho * net.weight_hh_l0.data)
            setattr(self, name, net)

    def forward(self, x):
        ends = [getattr(self, name).unrolled(x)[0][-1] for name in self.names]
        return [tg.label(h.sum(), "loss", "L") for h in ends]


losses = Stretched(grow=30.0, stay=1.0, fade=0.03)(1e-4 * xs)
show(
    "Vanishing healthy exploding",
    "Read each row from right to left. The same gradient, ∇ 2, arrives at h₃ of all three; at h₁ it has vanished in "
    "the first, is as large as before in the second, and has exploded in the third. They share one scale of colours.",
    viz.draw(tg.graph(*losses, gradients=True), gradients=True, title="Three networks, one scale of colours"),
)

# A cell of your own. Its class names the box.


class Leaky(nn.Cell):
    def step(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * tg.tanh(self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


show(
    "A cell of your own",
    "A cell that the library does not have is drawn as those are that it has, under its own name.",
    viz.draw(judged_at_the_end(small(LeakyNet))),
)
show(
    "Inside a cell of your own",
    "Its inside: there are two ways from one state to the next, one through W_hh and tanh, and one past them.",
    viz.draw(judged_at_the_end(small(LeakyNet)), view="gate"),
)

# The loop that everybody writes.

cell, state, losses = small(nn.LSTMCell), None, []
for x in xs:
    state = h, c = cell(x, state)
    losses.append(squared(h))
show(
    "A loop by hand",
    "A cell in a plain for loop. Nobody has said where a step begins, and the record knows it all the same.",
    viz.draw(total(losses)),
)

# What arrives of a loss at the end: W_hh of the vanilla network turns h without stretching it, and what shrinks the
# gradient is the slope of tanh. On the LSTM's road stands the forget gate, which is the more open the larger its bias.

long = np.random.default_rng(0).standard_normal((100, 1, 4))
deep = {"dtype": np.float64, "rng": 0}
layers = {
    "RNN": nn.RNN(4, 16, recurrent_init="orthogonal", **deep),
    "LSTM, forget_bias 0": nn.LSTM(4, 16, forget_bias=0, **deep),
    "LSTM, forget_bias 3": nn.LSTM(4, 16, forget_bias=3, **deep),
}
flows = {}
for name, layer in layers.items():
    states, _ = layer.unrolled(long)
    flows[name] = tg.gradient_flow((states[-1] ** 2).sum(), states)
show(
    "Gradient flow",
    "A loss at step 100, and what arrives of it at the steps before. The vanilla network's gradient vanishes, and so "
    "does the LSTM's where its forget gate is half open; where it is nearly open, with a bias of 3, much arrives.",
    viz.plot_gradient_flow(flows, title="What arrives of a loss at step 100"),
)

# The ledger of a shared weight: what each of its uses adds to its gradient. Norms do not add up; the parts of the terms
# that lie along their sum do.

rnn = small(nn.RNN, recurrent_init="orthogonal")
states, _ = rnn.unrolled(rng.standard_normal((12, 1, 4)))
terms = [entry.contribution for entry in tg.gradient_ledger(squared(states[-1]), rnn.weight_hh_l0)]
gradient = sum(terms)
along = [(term * gradient).sum() / np.linalg.norm(gradient) for term in terms]
assert np.isclose(sum(along), np.linalg.norm(gradient))

figure = Figure((8, 3.5), layout="constrained")
axes = figure.subplots()
axes.bar(range(1, 13), along, color="#B57A00")
axes.axhline(0, color="#5F6368", linewidth=0.8)
axes.spines[["top", "right"]].set_visible(False)
axes.set(
    xticks=range(1, 13),
    xlabel="step t",
    ylabel="part along the gradient",
    title="Where the gradient of W_hh comes from",
)
look = (
    "One weight, twelve uses, a loss at the end. A bar is what one use adds to the gradient, and all bars together are "
    "its norm. The first is 0, since h₀ = 0. What is far from the loss adds little, and some of it pulls back."
)
show("Ledger of a weight", look, viz.Plot(figure, look))

# A text in the colours of one unit. The net is trained here, on gibberish: is this character in quotes?

text = (
    'she said "to be" and left. he said "or not" and, after a while, "to be" again. so it goes: "to be" or "not to be".'
)
alphabet = sorted(set(text))
one_hot, quote = np.eye(len(alphabet), dtype=np.float32), alphabet.index('"')
gru, head = nn.GRU(len(alphabet), 8, rng=0), nn.Linear(8, 1, rng=1)
adam = tg.optim.Adam([*gru.parameters(), *head.parameters()], lr=0.02)
for _ in range(200):
    ids = rng.integers(len(alphabet), size=(20, 16))
    ids[rng.random(ids.shape) < 0.1] = quote
    inside = np.cumsum(ids == quote, axis=0) % 2
    loss = nn.binary_cross_entropy_with_logits(head(gru(one_hot[ids])[0])[..., 0], inside)
    adam.zero_grad()
    loss.backward()
    adam.step()

ids = np.array([alphabet.index(char) for char in text])
states, _ = gru(one_hot[ids[:, None]])
inside = np.cumsum(ids == quote) % 2
unit = int(np.argmax([abs(np.corrcoef(h, inside)[0, 1]) for h in states.data[:, 0].T]))
show(
    "Text in the colours of a unit",
    "A GRU of eight units, trained on gibberish to tell what stands in quotes, reads a text that it has never seen. "
    "This is the unit of the eight that shows it best: it changes its sign at each quotation mark.",
    viz.colour_text(text, states[:, 0, unit]),
)

# A check that fails has recorded what it tried, and that can be drawn.

testing = Path(__file__).parent / "testing" / "step_by_step.py"
subprocess.run([sys.executable, testing, folder], check=True, stdout=subprocess.DEVNULL)
page.append("The other pictures are drawn by `testing/step_by_step.py`: what a check had recorded when it failed.")
(folder / "README.md").write_text("\n\n".join(page) + "\n", encoding="utf-8", newline="\n")
print(f"All of them are in {folder}")
