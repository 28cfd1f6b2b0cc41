"""A language model over words, as in torch's "Word-level language modeling": tied weights, a state that is handed on.

The text is made by a small grammar: "the old farmer sees a dog that sleeps ." Words as ids (T, B) → embedding
(T, B, 32) → GRU → logits (T, B, V), by the embedding's own matrix: a word that is read and a word that is written share
their row. Watch the perplexity, exp of the loss: among how many equal words the model hesitates. Whoever knows nothing
hesitates among all 22.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 300
NOUNS = ["farmer", "dog", "cat", "child", "teacher", "bird", "horse", "friend"]
VERBS = ["sees", "hears", "follows", "likes"]
ENDS = ["sleeps", "sings", "waits", "laughs"]
WORDS = [*NOUNS, *VERBS, *ENDS, "the", "a", "old", "small", "that", "."]


def sentence(rng: np.random.Generator) -> list[str]:
    def phrase() -> list[str]:
        return [rng.choice(["the", "a"]), *rng.choice(["old", "small"], rng.integers(2)), rng.choice(NOUNS)]

    if rng.random() < 0.3:
        return [*phrase(), rng.choice(ENDS), "."]
    return [*phrase(), rng.choice(VERBS), *phrase(), *(["that", rng.choice(ENDS)] if rng.random() < 0.5 else []), "."]


def text(words: int, seed: int) -> np.ndarray:
    """So many ids, sentence after sentence."""
    rng, ids = np.random.default_rng(seed), []
    while len(ids) < words:
        ids += [WORDS.index(word) for word in sentence(rng)]
    return np.array(ids[:words])


class WordModel(tg.nn.Module):
    def __init__(self) -> None:
        self.embedding = tg.nn.Embedding(len(WORDS), 32)
        self.rnn = tg.nn.GRU(32, 32)
        self.head = tg.nn.Linear(32, len(WORDS))
        self.embedding.weight.assign(0.1 * self.embedding.weight.data)
        self.head.weight = self.embedding.weight  # tied: one matrix

    def forward(self, ids: np.ndarray, state: tg.Tensor | None = None) -> tuple[tg.Tensor, tg.Tensor]:
        output, state = self.rnn(self.embedding(ids), state)
        return self.head(output), state


def model() -> WordModel:
    with tg.nn.seeded(0):
        return WordModel()


def train(net: WordModel, steps: int) -> Iterator[float]:
    ids = text(10 * 20 * steps + 1, seed=0)
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    state = None
    for x, y in tg.train.stream_batches(ids, batch=10, bptt=20):
        logits, state = net(x, state)
        loss = tg.nn.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        state = tg.train.detach_state(state)
        yield loss.item()


def quality(net: WordModel) -> tuple[str, float]:
    ids = text(1001, seed=1)
    with tg.no_grad():
        logits, _ = net(ids[:-1, None])
        return "perplexity of a new text", tg.exp(tg.nn.cross_entropy(logits[:, 0], ids[1:])).item()


def write(net: WordModel, words: int = 25) -> str:
    """What it writes, drawn word by word."""
    rng, ids, state = np.random.default_rng(0), [WORDS.index(".")], None
    with tg.no_grad():
        for _ in range(words):
            logits, state = net(np.array([[ids[-1]]]), state)
            ids.append(int(tg.train.sample_logits(logits[0, 0], rng=rng)))
    return " ".join(WORDS[k] for k in ids[1:])


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 50 == 0:
            print(f"step {step:3}: {loss:.3f} nats a word")
    print("{}: {:.2f}".format(*quality(net)))
    print(write(net))


if __name__ == "__main__":
    main()
