"""Recurrent networks from the engine's primitives.

Module, Parameter                     a tree of parameters with a forward
Linear, Embedding, Dropout            what stands around a recurrence
RNNCell, LSTMCell, GRUCell            one step:   new_state = f_W(x, old_state)
RNN, LSTM, GRU                        L layers of cells over a sequence
unroll                                the one time loop that they all use
functional_call                       a module with other values for its parameters
cross_entropy, mse_loss               losses
init                                  first values
"""

from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.cell import Cell
from tinygrad_rnn.nn.dropout import Dropout
from tinygrad_rnn.nn.embedding import Embedding
from tinygrad_rnn.nn.functional import functional_call
from tinygrad_rnn.nn.gru import GRU, GRUCell
from tinygrad_rnn.nn.linear import Linear
from tinygrad_rnn.nn.losses import cross_entropy, mse_loss
from tinygrad_rnn.nn.lstm import LSTM, LSTMCell
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.nn.rnn import RNN, RNNCell
from tinygrad_rnn.nn.unroll import unroll

__all__ = [
    "GRU", "LSTM", "RNN", "Cell", "Dropout", "Embedding", "GRUCell", "LSTMCell", "Linear", "Module", "Parameter",
    "RNNCell", "Recurrent", "cross_entropy", "functional_call", "init", "mse_loss", "unroll",
]  # fmt: skip
