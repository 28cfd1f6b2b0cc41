"""Who is compared: each makes the same training step of its own library, a function that runs it and returns the loss.

One-hot characters in, a recurrent network, a linear head, softmax loss, gradients clipped at norm 5, Adam; float32.
"""

import sys
from pathlib import Path

import numpy as np

V = 65


def data(B, T, seed=0):
    """(ids, targets, one-hot vectors), with time first."""
    rng = np.random.default_rng(seed)
    ids, targets = rng.integers(0, V, (T, B)), rng.integers(0, V, (T, B))
    return ids, targets, np.eye(V, dtype=np.float32)[ids]


def ours(kind, B, T, H, L, *, compiled=True):
    import tinygrad_rnn as tg

    _, targets, x = data(B, T)
    rnn = {"rnn": tg.nn.RNN, "lstm": tg.nn.LSTM, "gru": tg.nn.GRU}[kind](V, H, num_layers=L, rng=0)
    head = tg.nn.Linear(H, V, rng=1)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = tg.optim.Adam(parameters, lr=1e-3)

    def loss(x, y):
        output, _ = rnn(x)
        return tg.nn.cross_entropy(head(output), y)

    loss = tg.compile(loss) if compiled else loss

    def step():
        optimizer.zero_grad()
        value = loss(x, targets)
        value.backward()
        tg.train.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        return value.item()

    return step


def eager(*row):
    return ours(*row, compiled=False)


def torch_nn(kind, B, T, H, L, *, wrap=lambda f: f):
    import torch

    _, targets, x = data(B, T)
    rnn = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](V, H, L)
    head = torch.nn.Linear(H, V)
    x, y = torch.tensor(x), torch.tensor(targets)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)

    def loss(x, y):
        output, _ = rnn(x)
        return torch.nn.functional.cross_entropy(head(output).reshape(-1, V), y.reshape(-1))

    loss = wrap(loss)

    def step():
        optimizer.zero_grad()
        value = loss(x, y)
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        return value.item()

    return step


def torch_compile(*row):
    import torch

    return torch_nn(*row, wrap=torch.compile)


def torch_primitives(kind, B, T, H, L):
    """The cell written out in torch's own ops, a step at a time."""
    import torch

    _, targets, x = data(B, T)
    x, y, G = torch.tensor(x), torch.tensor(targets), {"rnn": 1, "lstm": 4, "gru": 3}[kind]
    bound = H**-0.5

    def weight(*shape):
        return torch.nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))

    layers = [[weight(G * H, V if k == 0 else H), weight(G * H, H), weight(G * H), weight(G * H)] for k in range(L)]
    head = torch.nn.Linear(H, V)
    parameters = [*(p for layer in layers for p in layer), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)

    def cell(x, h, c, W, U, b, d):
        a, z = x @ W.T + b, h @ U.T + d
        if kind == "rnn":
            return torch.tanh(a + z), c
        if kind == "lstm":
            i, f, g, o = (a + z).chunk(4, -1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c
        (a_r, a_z, a_n), (z_r, z_z, z_n) = a.chunk(3, -1), z.chunk(3, -1)
        r, u = torch.sigmoid(a_r + z_r), torch.sigmoid(a_z + z_z)
        n = torch.tanh(a_n + r * z_n)
        return (1 - u) * n + u * h, c

    def step():
        optimizer.zero_grad()
        xs = list(x)
        for layer in layers:
            h = c = torch.zeros(B, H)
            for t, each in enumerate(xs):
                h, c = cell(each, h, c, *layer)
                xs[t] = h
        loss = torch.nn.functional.cross_entropy(head(torch.stack(xs)).reshape(-1, V), y.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        return loss.item()

    return step


def jax_scan(kind, B, T, H, L):
    """jit of the whole step, the loop a lax.scan, the products with the inputs before it."""
    import jax
    import jax.numpy as jnp
    from jax import lax, nn

    _, targets, x = data(B, T)
    x, y, G = jnp.asarray(x), jnp.asarray(targets), {"rnn": 1, "lstm": 4, "gru": 3}[kind]
    rng, bound = np.random.default_rng(0), H**-0.5

    def weight(*shape):
        return jnp.asarray(rng.uniform(-bound, bound, shape), jnp.float32)

    p = {
        "layers": [
            (weight(V if k == 0 else H, G * H), weight(H, G * H), weight(G * H), weight(G * H)) for k in range(L)
        ],
        "head": (weight(H, V), weight(V)),
    }

    def cell(state, a, U, d):
        h, c = state
        z = h @ U + d
        if kind == "rnn":
            h = jnp.tanh(a + z)
        elif kind == "lstm":
            i, f, g, o = jnp.split(a + z, 4, -1)
            c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
            h = nn.sigmoid(o) * jnp.tanh(c)
        else:
            (a_r, a_z, a_n), (z_r, z_z, z_n) = jnp.split(a, 3, -1), jnp.split(z, 3, -1)
            r, u = nn.sigmoid(a_r + z_r), nn.sigmoid(a_z + z_z)
            h = (1 - u) * jnp.tanh(a_n + r * z_n) + u * h
        return (h, c), h

    def loss(p, x, y):
        for W, U, b, d in p["layers"]:
            start = jnp.zeros((B, H)), jnp.zeros((B, H))
            _, x = lax.scan(lambda s, a, U=U, d=d: cell(s, a, U, d), start, x @ W + b)
        W, b = p["head"]
        scores = nn.log_softmax(x @ W + b)
        return -jnp.take_along_axis(scores, y[..., None], -1).mean()

    tree = jax.tree_util

    @jax.jit
    def update(p, m, v, k, x, y):
        value, g = jax.value_and_grad(loss)(p, x, y)
        norm = jnp.sqrt(sum((leaf**2).sum() for leaf in tree.tree_leaves(g)))
        scale = jnp.minimum(1.0, 5.0 / (norm + 1e-6))
        g = tree.tree_map(lambda g: g * scale, g)
        m = tree.tree_map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = tree.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, b = 1e-3 / (1 - 0.9**k), 1 / jnp.sqrt(1 - 0.999**k)
        p = tree.tree_map(lambda p, m, v: p - a * m / (jnp.sqrt(v) * b + 1e-8), p, m, v)
        return p, m, v, value

    held = [p, tree.tree_map(jnp.zeros_like, p), tree.tree_map(jnp.zeros_like, p), 0]

    def step():
        *held[:3], value = update(*held[:3], held[3] + 1, x, y)
        held[3] += 1
        return float(value)

    return step


def by_hand(kind, B, T, H, L, folder=None):
    """What was written out by hand for these networks alone, in a folder that is not part of the project."""
    sys.path.insert(0, str(Path(folder)))
    import by_hand as lstm
    import by_hand_rnn as others

    return lstm.make(B, T, H, L)[0] if kind == "lstm" else others.make(kind, B, T, H, L)


CONTENDERS = {
    "compiled, fast": ours,
    "compiled, NumPy": ours,
    "eager": eager,
    "torch.nn": torch_nn,
    "torch primitives": torch_primitives,
    "torch.compile": torch_compile,
    "JAX jit(scan)": jax_scan,
    "by hand": by_hand,
}
