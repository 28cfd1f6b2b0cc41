# %% [markdown]
# # 0. Build the engine yourself, in fewer than 120 lines
#
# *What does a program have to remember of a computation, so that it can say how the result depends on every number in
# it?*
#
# Only this: of each result, which op made it, from which inputs, and the slope of that op for each input. Then the
# chain rule does the rest, from the result back. This lesson builds such an engine from a blank file, a recurrent
# network on it, and a drawing of what it recorded. No line of the library is used until the end, where the two are
# compared.
#
# ## What is remembered
#
# A node is a value and where it came from. `slopes` holds one function for each input: it is given the gradient of
# the result, and returns what that means for the input.

# %%
import sys
from inspect import getsource
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pygraphviz

import tinygrad_rnn as tg


class Node:
    def __init__(self, value, op="", inputs=(), slopes=()):
        self.value = np.asarray(value, dtype=float)
        self.op, self.inputs, self.slopes = op, inputs, slopes
        self.grad = None


def add(a, b):
    return Node(a.value + b.value, "+", (a, b), (lambda g: g, lambda g: g))


def multiply(a, b):
    return Node(a.value * b.value, "×", (a, b), (lambda g: g * b.value, lambda g: g * a.value))


# %% [markdown]
# A change of a changes a + b by as much, and a · b by b times as much. That is all that the slopes say.
#
# **Predict, with a pencil.** Let y = a · b + a with a = 3 and b = 2. What is y? What are ∂y/∂a and ∂y/∂b? a is used
# twice, and each use adds a term.
#
# ## From the result back
#
# Each node may pass on its gradient when all that was made of it has passed on to it. So we need an order in which
# every node stands after its inputs, and go through it backwards. The gradient of y with respect to itself is 1.


# %%
def order(result):
    """Every node that the result was made of, each after its inputs."""
    found, seen, waiting = [], set(), [(result, False)]
    while waiting:
        node, inputs_are_done = waiting.pop()
        if inputs_are_done:
            found.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting.extend((each, False) for each in reversed(node.inputs))
    return found


def backward(result):
    nodes = order(result)
    for node in nodes:
        node.grad = None
    result.grad = np.ones_like(result.value)
    for node in reversed(nodes):
        for each, slope in zip(node.inputs, node.slopes, strict=True):
            term = slope(node.grad)
            each.grad = term if each.grad is None else each.grad + term  # terms add up


a, b = Node(3.0), Node(2.0)
y = add(multiply(a, b), a)
backward(y)
print(f"y = {y.value:.0f}, ∂y/∂a = {a.grad:.0f}, ∂y/∂b = {b.grad:.0f}")
assert (y.value, a.grad, b.grad) == (9, 3, 3)

# %% [markdown]
# y = 3 · 2 + 3 = 9. The use of a in the product adds b = 2, the other use adds 1: together 3. And ∂y/∂b = a = 3.
#
# ## The wrong way
#
# What if `backward` wrote `each.grad = term`, and the next term took its place? This mistake is made again and again.
# In a recurrent network it is fatal, as each weight is used at every step.


# %%
def careless_backward(result):
    nodes = order(result)
    result.grad = np.ones_like(result.value)
    for node in reversed(nodes):
        for each, slope in zip(node.inputs, node.slopes, strict=True):
            each.grad = slope(node.grad)


careless_backward(y)
print(f"without adding up, ∂y/∂a = {a.grad:.0f}: only the use that came last is left")
assert a.grad in (1, 2)

# %% [markdown]
# ## Matrices, and a tanh
#
# The state of a network is an array, and its weights are matrices. For Y = A·B the slopes are G·Bᵀ for A and Aᵀ·G for
# B, with G the gradient of Y: the only products of these matrices that have the right shapes. The slope of tanh is 1
# − tanh², and each element of a sum has the gradient of the sum.


# %%
def matmul(a, b):
    return Node(a.value @ b.value, "·", (a, b), (lambda g: g @ b.value.T, lambda g: a.value.T @ g))


def tanh(a):
    y = np.tanh(a.value)
    return Node(y, "tanh", (a,), (lambda g: g * (1 - y * y),))


def subtract(a, b):
    return Node(a.value - b.value, "−", (a, b), (lambda g: g, lambda g: -g))


def total(a):
    return Node(a.value.sum(), "Σ", (a,), (lambda g: g * np.ones_like(a.value),))


# %% [markdown]
# ## A recurrent network
#
# It is a loop, and nothing else: h_t = tanh(W · h_{t−1} + U · x_t) with the same W and the same U at each step, from
# h_0 = 0. Beside the number that it reads, x_t has a constant 1, so that U holds the bias too. At the end v makes one
# number of the state.
#
# Its job: to read four numbers, each 1 or −1, and then to say which one was the *first*. It reads all 16 sequences
# side by side, one in each column.


# %%
def network(W, U, v, xs, target):
    h = Node(np.zeros((len(W.value), xs.shape[2])))
    for x in xs:
        h = tanh(add(matmul(W, h), matmul(U, Node(x))))
    miss = subtract(matmul(v, h), Node(target))
    return total(multiply(miss, miss))


def train(weights, xs, target, steps, rate):
    losses = []
    for _ in range(steps):
        loss = network(*weights, xs, target)
        backward(loss)
        for w in weights:
            w.value = w.value - rate * w.grad
        losses.append(float(loss.value))
    return losses


# %% [markdown]
# ## A drawing of what was recorded
#
# The nodes remember their inputs, so the picture is there already: a shape for each node, and an arrow for each
# input. This is the language of Graphviz, which finds a place for everything.


# %%
def drawing(result, names):
    lines = ["digraph { rankdir=LR node [fontname=sans fontsize=12 style=filled fillcolor=white]"]
    numbers = {node: k for k, node in enumerate(order(result))}
    for node, k in numbers.items():
        if node in names:
            lines.append(f'{k} [label="{names[node]}" shape=box fillcolor=moccasin]')
        elif node.op:
            lines.append(f'{k} [label="{node.op}" shape=circle]')
        else:
            lines.append(f'{k} [label="{" × ".join(map(str, node.value.shape))}" shape=ellipse fillcolor=aliceblue]')
        lines.extend(f"{numbers[each]} -> {k}" for each in node.inputs)
    return "\n".join([*lines, "}"])


# %% [markdown]
# **Predict.** Before it has learnt anything the network says a number near 0 for each of the 16 sequences, and ±1
# would be right. What is its first loss, about? And the best loss that is there for one who never looks at the first
# number?

# %%
engine = Node.__init__, add, multiply, order, backward, matmul, tanh, subtract, total, network, train, drawing
code = [line for part in engine for line in getsource(part).splitlines() if line.strip()]
print(f"engine, network, training and drawing: {len(code) + 1} lines of code")  # and one that says `class Node:`
assert len(code) < 120

signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, 1, 16)  # (T, 1, B): all sequences of four signs
xs = np.concatenate([signs, np.ones((4, 1, 16))], axis=1)
target = signs[0]
rng = np.random.default_rng(0)
start = [0.5 * rng.standard_normal((8, 8)), 0.5 * rng.standard_normal((8, 2)), 0.1 * rng.standard_normal((1, 8))]

weights = [Node(w) for w in start]
losses = train(weights, xs, target, steps=300, rate=0.01)
for step in (1, 100, 300):
    print(f"step {step:>3}: loss {losses[step - 1]:.3f}")
assert losses[-1] < 0.2

# %% [markdown]
# Sixteen times (0 − (±1))² is 16, so it begins near 16, and whoever does not know the first number can do no better
# than to say 0. The network gets far below: the first number has come through four steps to its end. Nobody told it
# to keep that number; the gradient came back through the same W four times, and said so.
#
# ## Is it right?
#
# The library has the same ops. From the same start, do both give the same loss after 300 steps? To the last digit?
# Its own tanh writes the slope in another form, which is exact even where 1 − y² rounds to 0; so that only the
# engines are compared, it is given our tanh, with our slope.

# %%


@tg.elementwise(x=lambda y, x: 1 - y * y)
def tanh_of_ours(x):
    return np.tanh(x)


ours = [tg.tensor(w, requires_grad=True) for w in start]
W, U, v = ours
for _ in range(300):
    h = np.zeros((8, 16))
    for x in xs:
        h = tanh_of_ours(W @ h + U @ x)
    miss = v @ h - target
    loss = (miss * miss).sum()
    for w in ours:
        w.grad = None
    loss.backward()
    for w in ours:
        w.assign(w.data - 0.01 * w.grad.data)

print(f"after 300 steps: the engine {losses[-1]:.17g}, the library {loss.item():.17g}")
assert losses[-1] == loss.item()
assert all(np.array_equal(mine.value, w.data) for mine, w in zip(weights, ours, strict=True))

# %% [markdown]
# Both are the same, in every digit of every weight. What the library adds is speed, many more ops, checks and
# pictures; the idea is these lines.
#
# ## Look at what was recorded

# %%
pictures = Path(sys.argv[1] if len(sys.argv) == 2 else mkdtemp(prefix="lesson-0-"))
result = network(*weights, xs, target)
dot = drawing(result, dict(zip(weights, ("W", "U", "v"), strict=True)))
path = pictures / "the-engine-s-drawing.svg"
path.write_bytes(pygraphviz.AGraph(string=dot).draw(format="svg", prog="dot"))
print(f"picture: {path}")
assert dot.count("->") == sum(len(node.inputs) for node in order(result))

# %% [markdown]
# Find the box W: an arrow leads from it to each of the four products. One weight, four uses; its gradient is the sum
# of four terms.
#
# **Exercise.** Write `slope_of_matmul(A, B, G)`, the gradients of A and of B for Y = A·B, as a pair. Write
# `gradient_of_a(a, b)`: ∂y/∂a for y = (a · b + a) · a. Then: `tinygrad-rnn lesson 0 --check FILE`.
#
# **Try.** Ask for the last number instead of the first: does it learn faster? Read eight numbers instead of four.
#
# **Next.** Lesson 1: what such a network computes, by hand.
