"""Where the gradient went.

flow        ‖∂loss/∂h_t‖ at every step: does it vanish?       ledger      a shared weight's gradient, use by use
jacobians   ∂h_t/∂h_{t−1}, and their products                 recorded    values found again by their label
"""
