"""Files that are there whole or not at all: arrays as safetensors, and checkpoints."""
