"""What is learnt from: texts, pairs of texts, sequences, and the streams and batches they are cut into.

text      Corpus: characters as ids                  pairs    texts to read and texts to write
stream    a text as chunks, the state carried        dates    "the third of march 1998" → "1998-03-03"
addition  "123+456" → "579"
batches   a data set of sequences, shuffled, padded, resumable        padding  rows of unequal lengths in one array
"""

from tinygrad_rnn.data.batches import Batches
from tinygrad_rnn.data.padding import Padded, pad_sequences
from tinygrad_rnn.data.pairs import START, STOP, Alphabet, Pair, read_pairs, shuffled, split_pairs
from tinygrad_rnn.data.stream import chunks, detach_state, stream_batches
from tinygrad_rnn.data.text import Corpus

__all__ = [
    "START", "STOP", "Alphabet", "Batches", "Corpus", "Padded", "Pair", "chunks", "detach_state", "pad_sequences",
    "read_pairs", "shuffled", "split_pairs", "stream_batches",
]  # fmt: skip
