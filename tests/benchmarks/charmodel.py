"""The character model beside the same network in torch.nn: same text, split, chunks, optimiser, schedule and clipping.

    python -m tests.benchmarks.charmodel TEXT [--model lstm] [--epochs 1] [--plain]

Both sides start from the same values and differ only in the masks of dropout. As it stands, with the command's own
defaults; with --plain, with what torch.nn does unasked: U(±1/√H), one-hot inputs, Adam at 5e-3, no dropout.
"""

import argparse
import json
import math
import sys
import time

import numpy as np

from tests.benchmarks.child import run
from tinygrad_rnn.train import Corpus, Run, Settings, stream_batches


def settings(options):
    given = {"model": options.model, "epochs": options.epochs, "seed": options.seed}
    if options.plain:
        given |= {"optimizer": "adam", "lr": 5e-3, "warmup": 0, "dropout": 0.0, "embedding": 0}
        given |= {"recurrent_init": "uniform", "forget_bias": 0.0}
    return Settings(**given)


def ours(options):
    found = Run(settings(options), Corpus.from_file(options.text))
    found.fit(on_epoch=lambda p: print(p.history[-1], file=sys.stderr))
    last = found.progress.history[-1]
    return {"valid": last["valid"], "chars_per_second": last["chars_per_second"]}


def torch(options):
    import torch

    torch.set_num_threads(1)
    s, corpus = settings(options), Corpus.from_file(options.text)
    torch.manual_seed(s.seed)
    train, valid = corpus.split(s.fraction)
    twin = Run(s, corpus).model  # for its initial values
    V, features = len(corpus.vocabulary), twin.embedding.embedding_dim if twin.embedding else 0
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[s.model]
    embed = torch.nn.Embedding(V, features) if features else lambda ids: torch.nn.functional.one_hot(ids, V).float()
    rnn, head = kind(features or V, s.hidden, s.layers, dropout=s.dropout), torch.nn.Linear(s.hidden, V)
    modules = {"rnn": rnn, "head": head} | ({"embedding": embed} if features else {})
    for name, module in modules.items():
        state = getattr(twin, name).state_dict()
        module.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
    parameters = [*rnn.parameters(), *head.parameters(), *(embed.parameters() if features else ())]
    make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[s.optimizer]
    optimizer = make(parameters, lr=s.lr, **({"weight_decay": s.weight_decay} if s.optimizer == "adamw" else {}))
    total = s.epochs * len(list(stream_batches(train, s.batch, s.bptt)))
    k = 0

    def loss_of(x, y, state):
        output, state = rnn(embed(torch.tensor(x)), state)
        state = tuple(p.detach() for p in state) if isinstance(state, tuple) else state.detach()
        return torch.nn.functional.cross_entropy(head(output).reshape(-1, V), torch.tensor(y).reshape(-1)), state

    for epoch in range(s.epochs):
        began, state = time.perf_counter(), None
        for x, y in stream_batches(train, s.batch, s.bptt):
            loss, state = loss_of(x, y, state)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, s.clip)
            warm = min(1.0, (k + 1) / s.warmup) if s.warmup else 1.0
            optimizer.param_groups[0]["lr"] = warm * 0.5 * s.lr * (1 + math.cos(math.pi * k / total))
            optimizer.step()
            k += 1
        seconds = time.perf_counter() - began
        rnn.eval()
        with torch.no_grad():
            state, sums = None, [0.0, 0]
            for x, y in stream_batches(valid, s.batch, s.bptt):
                loss, state = loss_of(x, y, state)
                sums = [sums[0] + loss.item() * x.size, sums[1] + x.size]
        rnn.train()
        print({"epoch": epoch + 1, "valid": sums[0] / sums[1]}, file=sys.stderr)
    return {"valid": sums[0] / sums[1], "chars_per_second": train.size / seconds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--one", choices=("ours", "torch"))
    options = parser.parse_args()
    if options.one:
        print(json.dumps({"ours": ours, "torch": torch}[options.one](options)))
        return
    rows = {name: run("tests.benchmarks.charmodel", *sys.argv[1:], "--one", name) for name in ("ours", "torch")}
    for name, row in rows.items():
        print(
            f"{name:<6} {options.model:<5} valid {row['valid']:.4f} nats/char  {row['chars_per_second']:8,.0f} chars/s"
        )
    print(f"difference {rows['ours']['valid'] - rows['torch']['valid']:+.4f} nats/char, "
          f"speed {rows['ours']['chars_per_second'] / rows['torch']['chars_per_second']:.2f} × torch.nn")  # fmt: skip


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
