"""The twins hold no tests, and import torch."""

from tests.ports import NAMES

collect_ignore = [f"{name}.py" for name in NAMES]
