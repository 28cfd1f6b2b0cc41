"""Optimisers, in rising complexity: each is the one before with one idea more.

    SGD        p ← p − lr·g                      momentum: g is averaged over time
    Adagrad    g / √Σg²                          each number its own step size
    RMSProp    g / √(average of g²)              … that can grow again
    Adadelta   g·√(average of Δ²) / √(… of g²)   … in units of p, so that a rate of 1 will do
    Adam       average of g / √(average of g²)   both, corrected for starting at 0
    AdamW      and p shrinks by itself           weight decay apart from the gradient
    NAdam      Adam, a step ahead                Nesterov's momentum

groups      parameters that share their options, and what an option may be
optimizer   what all of them do: groups, step, state
vector      the parameters of a group as one vector, which is faster
schedules   the rate as a function of the step: `optimizer.lr = schedule(k)`
plateau     a rate that falls when the loss does not
scipy       L-BFGS and the rest of scipy.optimize, on the parameters of a model
"""

from collections.abc import Callable

from tinygrad_rnn.optim.adadelta import Adadelta
from tinygrad_rnn.optim.adagrad import Adagrad
from tinygrad_rnn.optim.adam import Adam, AdamW
from tinygrad_rnn.optim.groups import Flag, Group, Number, Option, Pair
from tinygrad_rnn.optim.nadam import NAdam
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.plateau import ReduceLROnPlateau
from tinygrad_rnn.optim.rmsprop import RMSProp
from tinygrad_rnn.optim.schedules import (
    chained,
    constant,
    cosine_decay,
    exponential_decay,
    one_cycle,
    sequential,
    step_decay,
)
from tinygrad_rnn.optim.scipy import minimize
from tinygrad_rnn.optim.sgd import SGD

__all__ = [
    "OPTIMIZERS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Flag", "Group", "NAdam", "Number", "Optimizer",
    "Option", "Pair", "RMSProp", "ReduceLROnPlateau", "chained", "constant", "cosine_decay",
    "exponential_decay", "minimize", "one_cycle", "sequential", "step_decay",
]  # fmt: skip

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD, "adagrad": Adagrad, "rmsprop": RMSProp, "adadelta": Adadelta, "adam": Adam, "adamw": AdamW,
    "nadam": NAdam,
}  # fmt: skip
