"""Files that are replaced as a whole or not at all: arrays as safetensors, and checkpoints."""
