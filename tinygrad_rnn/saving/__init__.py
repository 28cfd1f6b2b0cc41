"""Files that are replaced as a whole or not at all: arrays as safetensors, and checkpoints.

files       content → draft → path                     arrays       by name, in one file with a checksum
claim       one writer a directory                     checkpoint   arrays, and the facts that name them
"""

from tinygrad_rnn.saving.arrays import encoded, read_arrays
from tinygrad_rnn.saving.checkpoint import load_checkpoint, save_checkpoint
from tinygrad_rnn.saving.claim import claimed, saving
from tinygrad_rnn.saving.files import write_file

__all__ = ["claimed", "encoded", "load_checkpoint", "read_arrays", "save_checkpoint", "saving", "write_file"]
