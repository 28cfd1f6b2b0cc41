"""Files that are replaced as a whole or not at all: arrays as safetensors, and checkpoints."""

from tinygrad_rnn.saving.arrays import encoded, read_arrays, write_file
from tinygrad_rnn.saving.checkpoint import load_checkpoint, save_checkpoint

__all__ = ["encoded", "load_checkpoint", "read_arrays", "save_checkpoint", "write_file"]
