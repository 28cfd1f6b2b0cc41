"""Names to languages: torch's "Classifying names with a character-level RNN".

A name is read character by character, and only at its end the network says from which language it comes, many to one:
ids (T, B) → one-hot (T, B, V) → RNN → the last state of each row (B, 32) → logits (B, 3). Names are of unequal length,
so `lengths` says where each ends. Watch how soon the loss on the list is near 0 while of the new names a third stays
wrong: 90 names are few. The share swings: one of the 30 new names is 3 points, and another start changes several.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 200
NAMES = {
    "Italian": "alessandra alessio antonio beatrice benedetta carlo chiara claudio cristina domenico elisabetta "
    "emanuele enrico federica filippo francesca gabriele giacomo giorgia giovanni giulia giuseppe ilaria "
    "leonardo lorenzo luca lucia marcello matteo michele nicola paolo pietro raffaele riccardo roberto "
    "salvatore silvia stefano vincenzo",
    "Japanese": "akemi akira asuka ayumi chiyo daisuke emiko fumiko haruki haruto hideo hiroshi isamu izumi kaito "
    "katsumi kazuko keiko kenji kiyoshi makoto mariko masato michiko midori naoki natsumi noboru sakura "
    "satoshi shigeru shinji takashi takeshi tomoko tsubasa yasuo yoshiko yuki yumiko",
    "Finnish": "aino aleksi annikki antti eero eija eino elina erkki hannele heikki helmi jaakko jari jouko juhani "
    "jukka kaarina kalevi katri kyösti lauri liisa maija marjatta markku matti mikko olavi päivi pekka "
    "pirjo raimo riitta seppo sirkka tapio tuomas tuula väinö",
}
LANGUAGES = list(NAMES)
LETTERS = sorted(set("".join(NAMES.values())) - {" "})


def split() -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(name, language) to train on, and a quarter to be asked for."""
    every = [(name, k) for k, names in enumerate(NAMES.values()) for name in names.split()]
    order = np.random.default_rng(0).permutation(len(every))
    chosen = [every[k] for k in order]
    return chosen[30:], chosen[:30]


def batch(names: list[tuple[str, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ids (T, B), lengths (B,), languages (B,))."""
    ids, lengths = tg.data.pad_sequences([[LETTERS.index(letter) for letter in name] for name, _ in names])
    return ids, lengths, np.array([language for _, language in names])


class Classifier(tg.nn.Module):
    def __init__(self) -> None:
        self.one_hot = tg.nn.OneHot(len(LETTERS))
        self.rnn = tg.nn.RNN(len(LETTERS), 32)
        self.head = tg.nn.Linear(32, len(LANGUAGES))

    def forward(self, ids: np.ndarray, lengths: np.ndarray) -> tg.Tensor:
        _, h_n = self.rnn(self.one_hot(ids), lengths=lengths)
        return self.head(h_n[0])


def model() -> Classifier:
    with tg.nn.seeded(0):
        return Classifier()


def train(net: Classifier, steps: int) -> Iterator[float]:
    ids, lengths, languages = batch(split()[0])
    optimizer = tg.optim.AdamW(net.parameters(), lr=0.002, weight_decay=5.0)
    for _ in range(steps):
        loss = tg.nn.cross_entropy(net(ids, lengths), languages)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def quality(net: Classifier) -> tuple[str, float]:
    ids, lengths, languages = batch(split()[1])
    with tg.no_grad():
        return "new names right", float((net(ids, lengths).data.argmax(-1) == languages).mean())


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 25 == 0:
            print(f"step {step:3}: {loss:.3f} nats a name")
    print("{}: {:.0%}".format(*quality(net)))
    asked = [("marinella", 0), ("takumi", 1), ("hilkka", 2)]
    with tg.no_grad():
        p = tg.softmax(net(*batch(asked)[:2]), axis=-1).data
    for (name, _), row in zip(asked, p, strict=True):
        shares = (f"{language} {share:.0%}" for language, share in zip(LANGUAGES, row, strict=True))
        print(f"{name:<10}", ", ".join(shares))


if __name__ == "__main__":
    main()
