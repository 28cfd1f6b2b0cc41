"""Every seeded bug: a small mistake, where it is put, and the random examples in which it is looked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from tests.seeded import (
    axes,
    engine,
    indexing,
    memory,
    modules,
    networks,
    products,
    reductions,
    second_order,
    slopes,
    trials,
)
from tests.seeded.patches import Patch
from tinygrad_rnn.testing import Kink
from tinygrad_rnn.testing.draw.source import RandomSource


class Catch(NamedTuple):
    """In which example a bug was found, by which check, and what that said."""

    example: int
    check: str
    said: str


class Bug(NamedTuple):
    """A mistake to be found.

    Attributes:
        kind: what sort of mistake it is.
        name: which one.
        patch: puts it in place.
        trial: random examples in which it can be seen.
    """

    kind: str
    name: str
    patch: Callable[[], AbstractContextManager[Any]]
    trial: trials.Trial

    def caught(self, examples: int) -> Catch | None:
        """The first of so many examples in which a check fails; a Kink is no failure."""
        for n in range(1, examples + 1):
            with self.patch(), np.errstate(all="ignore"):
                found = self._tried(n)
            if found is not None:
                return found
        return None

    def _tried(self, n: int) -> Catch | None:
        source = RandomSource(np.random.default_rng([crc32(self.name.encode()), n]))
        try:
            for name, check in self.trial(source):
                try:
                    check()
                except Kink:
                    continue
                except NameError:  # not a wrong rule, but a slip in writing one
                    raise
                except Exception as error:
                    return Catch(n, name, _first_line(error))
        except NameError:
            raise
        except Exception as error:  # the example could not even be drawn
            return Catch(n, "drawn", _first_line(error))
        return None


def _first_line(error: Exception) -> str:
    line = str(error).splitlines()[0] if str(error) else ""
    return line if type(error).__name__ == "GradMismatch" else f"{type(error).__name__}: {line}"


def _of_patches(table: dict[str, dict[str, Patch]]) -> list[Bug]:
    return [
        Bug(kind, name, patch.place, _trial(patch.where))
        for kind, patches in table.items()
        for name, patch in patches.items()
    ]


def _trial(where: str) -> trials.Trial:
    return trials.of_programs(tuple(where.split()[1:])) if where.startswith("programs") else trials.of_op(where)


def _of_layers() -> list[Bug]:
    return [
        Bug(kind, name, nullcontext, trials.of_layer(layer, lengths=kind == "lengths"))
        for kind, layers in networks.BUGS.items()
        for name, layer in layers.items()
    ]


def _of_modules() -> list[Bug]:
    return [
        Bug(kind, name, nullcontext, trials.of_module(module))
        for kind, found in modules.BUGS.items()
        for name, module in found.items()
    ]


TABLES = (slopes, reductions, products, axes, indexing, memory, second_order, engine)
BUGS = [
    *(bug for table in TABLES for bug in _of_patches(table.BUGS)),
    *_of_layers(),
    *_of_modules(),
]
