"""python -m tinygrad_rnn: the command line."""

from tinygrad_rnn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
