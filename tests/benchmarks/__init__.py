"""Timings, as ratios between contenders run side by side. Not tests: they assert nothing about time.

python -m tests.benchmarks.eager           an LSTM from primitives, beside torch eager, autograd and MyGrad
python -m tests.benchmarks.charmodel …     the character model, beside the same network in torch.nn
"""
