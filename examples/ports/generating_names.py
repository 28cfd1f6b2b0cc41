"""Names that nobody has: torch's "Generating names with a character-level RNN".

One language is asked for, and letters are written until the model says that the name is over, one to many. While
training it reads the letter before at each step, with the language beside it as a one-hot vector: x (T, B, V + 3) →
GRU → logits (T, B, V + 1), the last for the end. At the end it reads what it has just written. Watch the loss of names
that were not shown: it falls for a while and then rises again, when the model begins to know the others by heart.
"""

from collections.abc import Iterator

import numpy as np

import tinygrad_rnn as tg

STEPS = 120
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
V = len(LETTERS)
END = V


def one_hot(letters: list[int], language: int) -> np.ndarray:
    """(T, V + 3): a letter and the language; before the first letter there is none."""
    rows = np.zeros((len(letters), V + len(LANGUAGES)), np.float32)
    for t, letter in enumerate(letters):
        if letter != END:
            rows[t, letter] = 1
        rows[t, V + language] = 1
    return rows


def batch(shown: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x (T, B, V + 3), targets (T, B), lengths (B,)) of the names to learn from, or of every eighth, kept back."""
    every = [(name, k) for k, names in enumerate(NAMES.values()) for name in names.split()]
    chosen = [pair for n, pair in enumerate(every) if (n % 8 != 0) == shown]
    names = [([LETTERS.index(letter) for letter in name], k) for name, k in chosen]
    x, lengths = tg.data.pad_sequences([one_hot([END, *letters], k) for letters, k in names])
    return x, tg.data.pad_sequences([[*letters, END] for letters, _ in names])[0], lengths


class Writer(tg.nn.Module):
    def __init__(self) -> None:
        self.rnn = tg.nn.GRU(V + len(LANGUAGES), 64)
        self.head = tg.nn.Linear(64, V + 1)

    def forward(self, x: np.ndarray, lengths: np.ndarray) -> tg.Tensor:
        return self.head(self.rnn(x, lengths=lengths)[0])


def model() -> Writer:
    with tg.nn.seeded(0):
        return Writer()


def train(net: Writer, steps: int) -> Iterator[float]:
    x, targets, lengths = batch()
    optimizer = tg.optim.Adam(net.parameters(), lr=0.005)
    for _ in range(steps):
        loss = tg.nn.sequence_loss(net(x, lengths), targets, lengths)
        optimizer.zero_grad()
        loss.backward()
        tg.train.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def write(net: Writer, language: int, rng: np.random.Generator) -> str:
    """One name, letter by letter, each read by the next step."""
    letters, state = [END], None
    with tg.no_grad():
        while len(letters) < 15:
            h, state = net.rnn.step(one_hot(letters[-1:], language), state)
            letters.append(int(tg.train.sample_logits(net.head(h)[0], temperature=0.7, rng=rng)))
            if letters[-1] == END:
                break
    return "".join(LETTERS[letter] for letter in letters[1:] if letter != END)


def quality(net: Writer) -> tuple[str, float]:
    x, targets, lengths = batch(shown=False)
    with tg.no_grad():
        return "nats a letter of names that were not shown", tg.nn.sequence_loss(
            net(x, lengths), targets, lengths
        ).item()


def main() -> None:
    net = model()
    for step, loss in enumerate(train(net, STEPS)):
        if step % 25 == 0:
            print(f"step {step:3}: {loss:.3f} nats a letter")
    print("{}: {:.2f}".format(*quality(net)))
    rng = np.random.default_rng(1)
    for k, language in enumerate(LANGUAGES):
        print(f"{language:<9}", ", ".join(write(net, k, rng) for _ in range(6)))


if __name__ == "__main__":
    main()
