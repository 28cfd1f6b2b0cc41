"""Memory over long sequences: what grows, what stays, and what it costs; printed, one line each.

    python -m tests.benchmarks.memory            all of it, several minutes
    python -m tests.benchmarks.memory stream     truncated backprop over a million steps of a sequence that never ends
    python -m tests.benchmarks.memory steps      100,000 training steps of a character model, compiled and eager
    python -m tests.benchmarks.memory whole      backprop through all of 5,000 steps of an LSTM, H = 64, B = 8
    python -m tests.benchmarks.memory segments   plain beside checkpointed, the loss reading the last state: T to 16,000

Resident memory is the operating system's word, not Python's: VmRSS now and VmHWM at its highest, in MB; each line of
`whole` and `segments` is a process of its own.
"""

import gc
import json
import sys
import time
from itertools import cycle, islice

import numpy as np

from tests.benchmarks.child import run

B, I, H = 8, 32, 64


def resident(which="VmRSS"):
    """MB of this process, from Linux's /proc."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


def stream(steps=1_000_000, k1=50):
    """One update every 50 steps of a vanilla network that learns to continue a noisy wave, from an iterator."""
    from tinygrad_rnn import nn, optim
    from tinygrad_rnn.train import ClipStatistics, clip_grad_norm_, truncated

    rng = np.random.default_rng(0)
    layer, head = nn.RNN(1, 16, rng=rng), nn.Linear(16, 1, rng=rng)
    parameters = [*layer.parameters(), *head.parameters()]
    optimizer, clipped = optim.Adam(parameters, lr=1e-3), ClipStatistics(max_norm=1.0)
    wave = np.sin(np.arange(2000) * 2 * np.pi / 20).astype(np.float32) + 0.1 * rng.standard_normal(2000, np.float32)
    pairs = (([a], [b]) for a, b in islice(zip(cycle(wave), cycle(np.roll(wave, -1)), strict=False), steps))

    def loss_of(pair, state):
        x, y = pair
        output, state = layer(x, state)
        return nn.mse_loss(head(output), y), state

    rows, total, began = [], 0.0, time.process_time()
    for k, chunk in enumerate(truncated(loss_of, pairs, k1=k1), 1):
        optimizer.zero_grad()
        chunk.output.backward()
        clipped.add(clip_grad_norm_(parameters, clipped.max_norm))
        optimizer.step()
        total += chunk.output.item()
        if k in (100, steps // k1 // 2, steps // k1) or k % (steps // k1 // 10) == 0:
            rows.append({"step": k * k1, "MB": resident(), "loss": total / k})
    return {"rows": rows, "share clipped": clipped.share, "seconds": time.process_time() - began}


def steps(way, count=100_000):
    """Training steps of a small character model, with dropout and a sentence now and then."""
    from tinygrad_rnn.train import Corpus, Run, Settings, sample

    text = "".join(np.random.default_rng(0).choice(list("abcdefgh \n"), 4 * 10 * 250))
    run = Run(Settings(hidden=12, layers=2, batch=4, bptt=10, epochs=1 + count // 237), Corpus(text))
    rows, k = [], 0

    def look(progress, loss):
        nonlocal k
        k += 1
        if k % 500 == 0:
            sample(run.model, run.corpus, length=20, rng=0)
        if k in (1_000, 10_000) or k % (count // 5) == 0:
            rows.append({"step": k, "MB": resident(), "loss": loss})

    began = time.process_time()
    run.fit(eager=way == "eager", on_chunk=look)
    return {"rows": rows, "seconds": time.process_time() - began}


def passed(T, way, judged):
    """Forward and backward over all of T steps, the loss reading every output or the last state; the peak."""
    from tinygrad_rnn import nn

    layer, x = nn.LSTM(I, H, rng=0), np.random.default_rng(0).standard_normal((T, B, I), np.float32)
    run = nn.checkpointed if way == "checkpointed" else layer.__class__.__call__
    run(layer, x[:50])[0].sum().backward()  # what the first run loads stays out
    layer.zero_grad()
    gc.collect()
    before, began = resident(), time.process_time()
    output, (last, _) = run(layer, x)
    forward = time.process_time() - began
    judged = output if judged == "every" else last
    (judged * judged).mean().backward()
    norm = float(sum(np.linalg.norm(p.grad.data) for p in layer.parameters()))
    seconds = {"forward": forward, "backward": time.process_time() - began - forward}
    return {"before": before, "peak": resident("VmHWM"), "norm": norm, **seconds}


def line(T, way, judged):
    row = run("tests.benchmarks.memory", "--one", str(T), way, judged)
    print(
        f"T = {T:<6} {way:<13} peak {row['peak']:7.0f} MB, {row['peak'] - row['before']:7.0f} more than before   "
        f"forward {row['forward']:6.2f} s, backward {row['backward']:6.2f} s   gradient norm {row['norm']:.6g}"
    )
    return row["peak"] - row["before"]


def main(parts):
    if "stream" in parts:
        found = run("tests.benchmarks.memory", "--stream")
        for row in found["rows"]:
            print(f"step {row['step']:>9,}   resident {row['MB']:6.1f} MB   mean loss so far {row['loss']:.4f}")
        print(f"{found['share clipped']:.1%} of the updates clipped, {found['seconds']:.0f} s of CPU")
    for way in ("compiled", "eager") if "steps" in parts else ():
        found = run("tests.benchmarks.memory", "--steps", way)
        told = "   ".join(f"{row['step']:,}: {row['MB']:.1f}" for row in found["rows"])
        print(f"{way:<9} MB after so many steps: {told}   {found['seconds']:.0f} s of CPU")
    if "whole" in parts:
        line(5000, "plain", "every")
    if "segments" in parts:
        for T in (1000, 4000, 16000):
            plain, segmented = line(T, "plain", "last"), line(T, "checkpointed", "last")
            given = 4 * T * B * (I + H) / 2**20
            print(f"T = {T:<6} ratio {plain / segmented:.1f}; x and the output alone are {given:.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stream"]:
        print(json.dumps(stream()))
    elif sys.argv[1:2] == ["--steps"]:
        print(json.dumps(steps(sys.argv[2])))
    elif sys.argv[1:2] == ["--one"]:
        print(json.dumps(passed(int(sys.argv[2]), *sys.argv[3:])))
    else:
        main(sys.argv[1:] or ["stream", "steps", "whole", "segments"])
