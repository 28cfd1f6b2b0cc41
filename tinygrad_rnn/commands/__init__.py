"""The commands of tinygrad-rnn, a file each; cli.py says what their options are."""

PROGRAM = "tinygrad-rnn"
