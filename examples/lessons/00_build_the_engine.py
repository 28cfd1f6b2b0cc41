# %% [markdown]
# # 0. Build the engine yourself, in fewer than 120 lines
#
# *What does a program have to remember of a computation, so that it can say how the result depends on every number in
# it?*
#
# Only this: of each result, which operation (*op*) made it, from which inputs, and the slope of that op for each
# input. Then the chain rule does the rest, from the result back. This lesson builds such an engine from a blank file,
# a recurrent network on it, and a drawing of what it recorded. No line of the library is used until the end, where
# the two are compared.
#
# ## What is remembered
#
# A node is a value and where it came from. Its *gradient* says how much the last result of all, y, grows for each
# unit that the node grows, as long as the change is small: for a node a it is written ∂y/∂a. `slopes` holds one
# function for each input. It is given the gradient g of what the op made, and multiplies it by the slope of the op:
# that is the chain rule.

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
# When a grows, a + b grows by as much, and a · b by b times as much. That is all that the slopes say.
#
# **Predict, with a pencil.** Let y = a · b + a with a = 3 and b = 2. What is y? What are ∂y/∂a and ∂y/∂b? a is used
# twice, and its gradient is the sum of two terms, one for each use.
#
# ## From the result back
#
# The gradient of a node is complete when every node that was made from it has added its term. Only then may it be
# passed on to the node's own inputs. So we need an order in which every node stands after its inputs, and go through
# it backwards. The gradient of y with respect to itself is 1.


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
assert a.grad == 2

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
# It is a loop, and nothing else: h_t = tanh(W_hh · h_{t−1} + W_xh · x_t), with the same W_hh and the same W_xh at
# each step, from h_0 = 0. h_t is called the *state* after step t; here it is 8 numbers. Beside the number that it
# reads, x_t has a constant 1, so the second column of W_xh is added at every step, whatever is read: it is the
# *bias*. At the end v, one row, makes one number of the last state.
#
# Its job: to read four numbers, each 1 or −1, and then to say which one was the *first*. It reads all 16 sequences
# side by side, one in each column. The *loss* says how far off its answers are: it is the sum of (answer − target)²
# over the 16. To learn, each weight is moved a little against its gradient, as that makes the loss smaller.


# %%
def network(W_hh, W_xh, v, xs, target):
    h = Node(np.zeros((len(W_hh.value), xs.shape[2])))
    for x in xs:
        h = tanh(add(matmul(W_hh, h), matmul(W_xh, Node(x))))
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
# would be right. What is its first loss, about? And what is the best loss when the first number is hidden? Then the
# sequences come in 8 pairs that look alike, one with the target 1 and one with −1. Whoever says c to both has the
# loss (c − 1)² + (c + 1)² for that pair.

# %%
engine = Node.__init__, add, multiply, order, backward, matmul, tanh, subtract, total, network, train, drawing
code = [line for part in engine for line in getsource(part).splitlines() if line.strip()]  # blank ones do not count
print(f"engine, network, training and drawing: {len(code) + 1} lines of code")  # and one that says `class Node:`
assert len(code) < 120

signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, 1, 16)  # (4 steps, 1 number, 16 sequences)
xs = np.concatenate([signs, np.ones((4, 1, 16))], axis=1)  # and the constant 1
target = signs[0]
rng = np.random.default_rng(0)
start = [0.5 * rng.standard_normal((8, 8)), 0.5 * rng.standard_normal((8, 2)), 0.1 * rng.standard_normal((1, 8))]

weights = [Node(w) for w in start]
losses = train(weights, xs, target, steps=300, rate=0.01)
for step in (1, 100, 300):
    print(f"step {step:>3}: loss {losses[step - 1]:.3f}")
assert abs(losses[0] - 16) < 2
assert losses[-1] < 0.01

blind = xs.copy()
blind[0, 0] = 0  # the first number is hidden
losses_of_blind = train([Node(w) for w in start], blind, target, steps=300, rate=0.01)
print(f"step 300, when the first number is hidden: loss {losses_of_blind[-1]:.3f}")
assert abs(losses_of_blind[-1] - 16) < 0.01

# %% [markdown]
# Sixteen times (0 − (±1))² is 16. It begins at 17.34, as its first answers are not quite 0. When the first number is
# hidden, a pair has the loss 2 + 2 · c², which is smallest at c = 0: 8 · 2 = 16. The network gets far below: the
# first number has come through four steps to the last state. Nobody told it to keep that number. The gradient did, on
# its way from h_4 back to h_1, through the same W_hh three times.
#
# ## Is it right?
#
# The library has the same ops. From the same start, do both give the same loss after 300 steps? To the last digit?
# Its own tanh writes the slope in another form, which is exact even where 1 − y² rounds to 0. So that only the
# engines are compared, it is given our tanh: `elementwise` makes an op of a NumPy function and a slope, with y for
# what the function made of x.

# %%


@tg.elementwise(x=lambda y, x: 1 - y * y)
def tanh_of_ours(x):
    return np.tanh(x)


ours = [tg.tensor(w, requires_grad=True) for w in start]
W_hh, W_xh, v = ours
for _ in range(300):
    h = np.zeros((8, 16))
    for x in xs:
        h = tanh_of_ours(W_hh @ h + W_xh @ x)
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
dot = drawing(result, dict(zip(weights, ("W_hh", "W_xh", "v"), strict=True)))
path = pictures / "the-engine-s-drawing.svg"
path.write_bytes(pygraphviz.AGraph(string=dot).draw(format="svg", prog="dot"))
print(f"picture: {path}")

backward(result)
W_hh = weights[0]
terms = [node.slopes[0](node.grad) for node in order(result) if W_hh in node.inputs]
print(f"W_hh is used {len(terms)} times. Norms of the terms: " + ", ".join(f"{np.linalg.norm(g):.3f}" for g in terms))
assert len(terms) == 4
assert np.allclose(sum(terms), W_hh.grad)
assert np.all(terms[0] == 0)

# %% [markdown]
# Time goes from left to right. An orange box is a weight, and a circle is an op. An ellipse is an array that is
# given, with its shape: h_0 is 8 × 16, each x_t is 2 × 16, and the target is 1 × 16. Find the box W_hh: an arrow
# leads from it to each of the four products. One weight, four uses, and its gradient is the sum of four terms. The
# norm of a term, the root of the sum of its squares, says how large it is. The first term is 0, as W_hh is multiplied
# by h_0 = 0 there. The others are small, as little is left to learn.
#
# **Exercise.** Write `slope_of_matmul(A, B, G)`, the gradients of A and of B for Y = A·B, as a pair. Write
# `gradient_of_a(a, b)`: ∂y/∂a for y = (a · b + a) · a. Then: `tinygrad-rnn lesson 0 --check FILE`.
#
# **Try.** Ask for the last number instead of the first: does it learn faster? Read eight numbers instead of four.
#
# **Next.** Lesson 1: what such a network computes, by hand.
