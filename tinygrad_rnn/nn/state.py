"""A module's state by name: its parameters and buffers, written out and put back.

state_dict()            {"rnn.weight_ih_l0": array, …}, each once, under the first of its names
load_state_dict(state)  under any of its names; on any error nothing has been assigned
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import CheckpointError, TinygradError, check_flags, check_type

__all__ = ["Loaded"]


class Loaded(NamedTuple):
    """What `load_state_dict` skipped: names that only the module has, and names that only the state has."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load(module: Any, state: Any, strict: bool) -> Loaded:
    """What Module.load_state_dict does."""
    check_type("load_state_dict", "state", state, Mapping, "a mapping of names to arrays")
    check_flags("load_state_dict", strict=strict)
    tensors = dict(module._named_state())
    names: dict[int, list[str]] = {}  # of each tensor, the first one first
    for name, tensor in tensors.items():
        names.setdefault(id(tensor), []).append(name)
    faults: list[str] = []
    values: dict[str, Tensor] = {}
    for first, *others in names.values():
        arrays = [
            (name, _array(name, state[name], tensors[first], faults)) for name in (first, *others) if name in state
        ]
        for name, array in arrays:
            if array is None:
                continue
            chosen = values.setdefault(first, array)
            if not np.array_equal(chosen.data, array.data, equal_nan=True):
                faults.append(f"{arrays[0][0]} and {name} differ, and here they are one parameter")
    missing = [first for first, *others in names.values() if not any(name in state for name in (first, *others))]
    told = Loaded(missing, [name for name in state if name not in tensors])
    if strict:
        faults += [f"{name} is missing" for name in told.missing_keys]
        faults += [f"{name} is unexpected" for name in told.unexpected_keys]
    if faults:
        raise CheckpointError(
            f"load_state_dict: the state does not fit {type(module).__name__}",
            expected=f"{len(names)} parameters: {', '.join(first for first, *_ in names.values())}",
            got="; ".join(faults),
            help="build the model with the sizes it was saved with",
        )
    for name, value in values.items():
        tensors[name].assign(value)
    if names and not values:
        warnings.warn(
            f"load_state_dict: none of the {len(names)} parameters was loaded: this {type(module).__name__} has "
            f"{', '.join(tensors):.200}, and the state has {', '.join(state):.200}",
            stacklevel=3,
        )
    return told


def _array(name: str, given: Any, own: Tensor, faults: list[str]) -> Tensor | None:
    """The values for a tensor; None, and a line in `faults`, where they are not."""
    try:
        array = np.asarray(as_array(given))
        if array.shape != own.shape:
            faults.append(f"{name} has shape {array.shape}, the model's is {own.shape}")
            return None
        value = Tensor(array)
    except TinygradError as error:
        faults.append(f"{name}: {str(error).splitlines()[0]}")
        return None
    if not np.can_cast(value.dtype, own.dtype, "same_kind"):
        faults.append(f"{name} is {value.dtype}, the model's is {own.dtype}")
        return None
    return value
