"""Training a character model on a text.

text → Corpus → stream_batches → CharModel.loss → backward → clip → optimizer.step     (fit)
                                     ↓
                 checkpoint ← Run    sample → text

text        Corpus: characters as ids               clip         gradients kept in bounds
stream      truncated backprop through time         fit          the loop
charmodel   the language model                      run          settings, model and progress, saved and loaded
sample      the model writes                        checkpoint   arrays and facts in files
metrics     perplexity, bits per character
"""

from tinygrad_rnn.train.charmodel import CharModel
from tinygrad_rnn.train.checkpoint import load_checkpoint, save_checkpoint
from tinygrad_rnn.train.clip import clip_grad_norm_, clip_grad_value_
from tinygrad_rnn.train.fit import Progress, evaluate, fit
from tinygrad_rnn.train.metrics import bits_per_char, perplexity
from tinygrad_rnn.train.run import Run, Settings
from tinygrad_rnn.train.sample import sample, stream_sample
from tinygrad_rnn.train.stream import detach_state, stream_batches
from tinygrad_rnn.train.text import Corpus

__all__ = [
    "CharModel", "Corpus", "Progress", "Run", "Settings", "bits_per_char", "clip_grad_norm_", "clip_grad_value_",
    "detach_state", "evaluate", "fit", "load_checkpoint", "perplexity", "sample", "save_checkpoint", "stream_batches",
    "stream_sample",
]  # fmt: skip
