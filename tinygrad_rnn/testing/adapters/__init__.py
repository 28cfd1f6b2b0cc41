"""Functions of other libraries as functions on our Tensors, so that every check and law takes them.

adapted      what all adapters share: f as one recorded op       numpy      from_numpy: a function and its own rules
framework    what those share whose framework differentiates     jax, …     from_jax, from_torch, from_autograd,
                                                                            from_mygrad: by the framework's rules

A framework is imported when its adapter is called, and not before.

adapted → numpy          adapted → framework → jax  torch  autograd  mygrad
"""

from tinygrad_rnn.testing.adapters.autograd import from_autograd
from tinygrad_rnn.testing.adapters.jax import from_jax
from tinygrad_rnn.testing.adapters.mygrad import from_mygrad
from tinygrad_rnn.testing.adapters.numpy import from_numpy
from tinygrad_rnn.testing.adapters.torch import from_torch

__all__ = ["from_autograd", "from_jax", "from_mygrad", "from_numpy", "from_torch"]
