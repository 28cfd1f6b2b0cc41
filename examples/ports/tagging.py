"""Parts of speech: torch's "LSTM for part-of-speech tagging", with a second direction.

Each word of a sentence gets a tag: ids (T, B) → embedding (T, B, 16) → bidirectional LSTM (T, B, 32) → logits
(T, B, 5), many to many. Some words are two things: "the watch ticks" and "they watch birds". What stands before tells
them apart, and for "her" only what stands behind: "i saw her" and "i saw her dog". Watch the last figure, the share of
words of new sentences that get the right tag. There are only 21 of those: another start can miss four of them.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 150
TAGS = ["article", "noun", "verb", "pronoun", "possessive"]
SENTENCES = """
the/article dog/noun barks/verb
the/article watch/noun ticks/verb
they/pronoun watch/verb the/article birds/noun
i/pronoun saw/verb her/pronoun
i/pronoun saw/verb her/possessive dog/noun
they/pronoun saw/verb the/article saw/noun
the/article saw/noun cuts/verb
we/pronoun watch/verb her/pronoun
we/pronoun watch/verb her/possessive birds/noun
they/pronoun play/verb
the/article play/noun ends/verb
i/pronoun play/verb the/article drum/noun
her/possessive play/noun ends/verb
her/possessive watch/noun ticks/verb
we/pronoun saw/verb the/article play/noun
""".strip().splitlines()
NEW = """
we/pronoun play/verb the/article drum/noun
they/pronoun saw/verb her/pronoun
they/pronoun saw/verb her/possessive watch/noun
i/pronoun watch/verb her/possessive play/noun
the/article dog/noun cuts/verb
i/pronoun watch/verb her/pronoun
""".strip().splitlines()


def pairs(sentence: str) -> list[list[str]]:
    return [word.split("/") for word in sentence.split()]


WORDS = sorted({word for sentence in SENTENCES for word, _ in pairs(sentence)})


def batch(sentences: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ids (T, B), tags (T, B), lengths (B,)); shorter sentences are filled up with 0."""
    ids = [[WORDS.index(word) for word, _ in pairs(sentence)] for sentence in sentences]
    tags = [[TAGS.index(tag) for _, tag in pairs(sentence)] for sentence in sentences]
    x, lengths = tg.data.pad_sequences(ids)
    return x, tg.data.pad_sequences(tags)[0], lengths


class Tagger(tg.nn.Module):
    def __init__(self) -> None:
        self.embedding = tg.nn.Embedding(len(WORDS), 16)
        self.rnn = tg.nn.LSTM(16, 16, bidirectional=True)
        self.head = tg.nn.Linear(32, len(TAGS))

    def forward(self, ids: np.ndarray, lengths: np.ndarray) -> tg.Tensor:
        output, _ = self.rnn(self.embedding(ids), lengths=lengths)
        return self.head(output)


def model() -> Tagger:
    with tg.nn.seeded(0):
        return Tagger()


def train(net: Tagger, steps: int) -> Iterator[float]:
    ids, tags, lengths = batch(SENTENCES)
    optimizer = tg.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        loss = tg.nn.sequence_loss(net(ids, lengths), tags, lengths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def quality(net: Tagger) -> tuple[str, float]:
    ids, tags, lengths = batch(NEW)
    with tg.no_grad():
        found = net(ids, lengths).data.argmax(-1)
    own = np.arange(len(ids))[:, None] < lengths
    return "words of new sentences right", float((found == tags)[own].mean())


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 25 == 0:
            print(f"step {step:3}: {loss:.3f} nats a word")
    print("{}: {:.0%}".format(*quality(net)))


if __name__ == "__main__":
    main()
