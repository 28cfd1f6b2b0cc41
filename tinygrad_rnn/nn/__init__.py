"""Recurrent networks from the engine's primitives.

Module, Parameter                     a tree of parameters, buffers and hooks with a forward
Linear, Embedding, OneHot, Dropout,
LayerNorm, WeightNorm                 what stands around a recurrence
ReLU, Tanh, Softmax, …, Function      ops and plain functions as modules
Sequential, ModuleList, ModuleDict    modules one after another, by number, by name
RNNCell, LSTMCell, GRUCell            one step:   new_state = f_W(x, old_state)
variants                              the same with peepholes, a projection, …: an option chooses them
RNN, LSTM, GRU                        L layers of cells over a sequence, in one direction or both
Recurrent                             the same, of a cell of your own
unroll                                the one time loop that they all use
functional_call                       a module with other values for its parameters
checkpointed                          a layer over a long sequence in √T of the memory
rtrl                                  the gradient online, forward through time
ManyToMany, ManyToOne, OneToMany      which steps read, and which answer
Encoder, Decoder, Seq2Seq             one reads a sequence, the other writes one
DotAttention, AdditiveAttention       what was read, looked at again
greedy_search, beam_search,
sample_search                         what a Seq2Seq writes on its own: each is a Written
cross_entropy, nll_loss, sequence_loss
mse_loss, l1_loss, smooth_l1_loss, …  losses
init, seeded                          first values, and one seed for all of them
"""

from tinygrad_rnn.nn import init, variants
from tinygrad_rnn.nn.activations import (
    ELU,
    GELU,
    Activation,
    Function,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from tinygrad_rnn.nn.attention import AdditiveAttention, Attention, DotAttention
from tinygrad_rnn.nn.cell import Cell
from tinygrad_rnn.nn.containers import ModuleDict, ModuleList
from tinygrad_rnn.nn.cosine import cosine_embedding_loss, cosine_similarity
from tinygrad_rnn.nn.dropout import Dropout
from tinygrad_rnn.nn.embedding import Embedding, OneHot
from tinygrad_rnn.nn.functional import functional_call
from tinygrad_rnn.nn.gru import GRU, GRUCell
from tinygrad_rnn.nn.layernorm import LayerNorm
from tinygrad_rnn.nn.likelihood import cross_entropy, nll_loss, sequence_loss
from tinygrad_rnn.nn.linear import Linear
from tinygrad_rnn.nn.losses import (
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from tinygrad_rnn.nn.lstm import LSTM, LSTMCell
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.nn.online import rtrl
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.nn.rnn import RNN, RNNCell
from tinygrad_rnn.nn.search import Written, beam_search, greedy_search, sample_search
from tinygrad_rnn.nn.seeding import seeded
from tinygrad_rnn.nn.segments import checkpointed
from tinygrad_rnn.nn.seq2seq import Decoder, Encoder, Seq2Seq
from tinygrad_rnn.nn.sequential import Sequential
from tinygrad_rnn.nn.timeloop import unroll
from tinygrad_rnn.nn.topologies import ManyToMany, ManyToOne, OneToMany
from tinygrad_rnn.nn.weightnorm import WeightNorm

__all__ = [
    "ELU", "GELU", "GRU", "LSTM", "RNN",
    "Activation", "AdditiveAttention", "Attention", "Cell", "Decoder", "DotAttention", "Dropout", "Embedding",
    "Encoder", "Function", "GRUCell", "LSTMCell", "LayerNorm", "LeakyReLU", "Linear",
    "LogSigmoid", "LogSoftmax", "ManyToMany", "ManyToOne", "Module", "ModuleDict", "ModuleList", "OneHot",
    "OneToMany", "Parameter", "RNNCell", "ReLU", "Recurrent", "Seq2Seq", "Sequential", "SiLU", "Sigmoid", "Softmax",
    "Softplus", "Tanh", "WeightNorm", "Written", "beam_search", "binary_cross_entropy_with_logits", "checkpointed",
    "cosine_embedding_loss", "cosine_similarity", "cross_entropy", "functional_call", "greedy_search", "huber_loss",
    "init", "kl_div", "l1_loss", "mse_loss", "nll_loss", "rtrl", "sample_search", "seeded", "sequence_loss",
    "smooth_l1_loss", "unroll", "variants",
]  # fmt: skip
