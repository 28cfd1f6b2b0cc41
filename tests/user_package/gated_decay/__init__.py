"""What is known fades while nothing new comes in: y = x·exp(−max(rate, 0)).

decay       the op, with its two rules
Decay       a module: x fades by a learned rate for each feature and unit of time
DecayCell   a cell: what it remembers fades before every step
DecayRNN    layers of those

Source: Che et al. 2018, arXiv:1606.01865 (GRU-D).
"""

from gated_decay.nets import Decay, DecayCell, DecayRNN
from gated_decay.op import decay

__all__ = ["Decay", "DecayCell", "DecayRNN", "decay"]
