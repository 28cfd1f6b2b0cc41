"""Training: a character model on a text, a translator on pairs of texts.

text → Corpus → stream_batches → CharModel.loss → training_step     (fit)
                                 ↓
             checkpoint ← Run    sample → text

step        the one training step         loop        fit: epochs of chunks, and how far they are
clip        gradients kept in bounds      tbptt       truncated backprop through time
charmodel   the language model            generate    the model writes          choice    one of V by its logits
metrics     perplexity, bits per character
config      a setting: its name, type, default, range and help
run         settings, model and progress, saved and loaded
translator  a Seq2Seq over characters, to be asked          translation   one that learns pairs of texts
"""

from tinygrad_rnn.data.pairs import read_pairs, split_pairs
from tinygrad_rnn.data.stream import detach_state, stream_batches
from tinygrad_rnn.data.text import Corpus
from tinygrad_rnn.saving.checkpoint import load_checkpoint, save_checkpoint
from tinygrad_rnn.train.bar import progress_bar
from tinygrad_rnn.train.charmodel import CharModel
from tinygrad_rnn.train.choice import sample_logits
from tinygrad_rnn.train.clip import ClipStatistics, clip_grad_norm_, clip_grad_value_
from tinygrad_rnn.train.generate import sample, stream_sample
from tinygrad_rnn.train.loop import Progress, evaluate, fit
from tinygrad_rnn.train.metrics import bits_per_char, perplexity
from tinygrad_rnn.train.parallel import DataParallel
from tinygrad_rnn.train.run import Run, Settings
from tinygrad_rnn.train.step import training_step
from tinygrad_rnn.train.tbptt import Chunk, truncated
from tinygrad_rnn.train.translation import Translation, train_translator
from tinygrad_rnn.train.translator import Recipe, Translator, exact_match, forced_match

__all__ = [
    "CharModel",
    "Chunk",
    "ClipStatistics",
    "Corpus",
    "DataParallel",
    "Progress",
    "Recipe",
    "Run",
    "Settings",
    "Translation",
    "Translator",
    "bits_per_char",
    "clip_grad_norm_",
    "clip_grad_value_",
    "detach_state",
    "evaluate",
    "exact_match",
    "fit",
    "forced_match",
    "load_checkpoint",
    "perplexity",
    "progress_bar",
    "read_pairs",
    "sample",
    "sample_logits",
    "save_checkpoint",
    "split_pairs",
    "stream_batches",
    "stream_sample",
    "train_translator",
    "training_step",
    "truncated",
]  # fmt: skip
