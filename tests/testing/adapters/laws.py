"""The laws for what an adapted function has: ⟨Jᵀu, dx⟩ = ⟨u, J·dx⟩ needs both modes."""

from tinygrad_rnn.testing import DEFAULT


def laws_of(f):
    return [law for law in DEFAULT if law != "adjoint" or "jvp" in f.modes]
