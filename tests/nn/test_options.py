"""Which keywords a class takes, and what is said of a wrong one."""

import inspect

import numpy as np
import pytest

from tinygrad_rnn import nn
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError

EVERY_CELL = {"bias", "recurrent_init", "layer_norm", "learn_initial", "dtype", "rng"}
EVERY_LAYER = EVERY_CELL | {
    "num_layers", "batch_first", "dropout", "bidirectional", "variational", "recurrent_dropout",
}  # fmt: skip
OWN = {
    nn.RNNCell: {"nonlinearity"},
    nn.LSTMCell: {"forget_bias", "proj_size", "peepholes"},
    nn.GRUCell: {"reset_after"},
}


class Leaky(nn.Cell):
    """h′ = a h + (1 − a) (W_ih x + W_hh h), a fixed."""

    def __init__(self, *sizes, leak=0.9, **options):
        super().__init__(*sizes, **options)
        self.leak = leak

    def step(self, x, state):
        (h,) = state
        return (self.leak * h + (1 - self.leak) * (self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


class Popping(nn.Cell):
    """It takes its option out of those that it hands on, unnamed."""

    def __init__(self, *sizes, **options):
        self.hidden = options.pop("hidden", 1)
        super().__init__(*sizes, **options)

    def step(self, x, state):
        return state


class PoppingNet(nn.Recurrent):
    cell_type = Popping


def names(kind):
    return set(inspect.signature(kind).parameters) - {"input_size", "hidden_size"}


def test_a_signature_shows_every_option():
    for cell, own in OWN.items():
        assert names(cell) == EVERY_CELL | own
        layer = getattr(nn, cell.__name__.removesuffix("Cell"))
        assert names(layer) == EVERY_LAYER | own
    assert names(Leaky) == EVERY_CELL | {"leak"}
    assert names(LeakyNet) == EVERY_LAYER | {"leak"}
    assert list(inspect.signature(nn.LSTM).parameters)[:4] == ["input_size", "hidden_size", "num_layers", "bias"]
    assert inspect.signature(nn.LSTM).parameters["forget_bias"].default == 0.0
    assert "hidden_size" not in inspect.signature(nn.LSTM(2, 3)).parameters  # calling it is something else


def test_what_a_class_does_not_hand_on_by_position_is_taken_by_name():
    class OneHot(nn.LSTMCell):
        def __init__(self, vocabulary, **options):
            super().__init__(vocabulary, **options)

    parameters = inspect.signature(OneHot).parameters
    assert [name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == ["vocabulary"]
    assert {"hidden_size", "forget_bias", "rng"} <= set(parameters)
    assert OneHot(5, hidden_size=3).weight_hh.shape == (12, 3)


@pytest.mark.parametrize(
    ("make", "owner", "wrong", "nearest"),
    [
        (nn.LSTM, "LSTM", "forget_bas", "forget_bias"),
        (nn.LSTMCell, "LSTMCell", "forget_bas", "forget_bias"),
        (nn.RNN, "RNN", "non_linearity", "nonlinearity"),
        (nn.GRU, "GRU", "batchfirst", "batch_first"),
        (nn.GRU, "GRU", "layernorm", "layer_norm"),
        (LeakyNet, "LeakyNet", "leek", "leak"),
        (Leaky, "Leaky", "leek", "leak"),
    ],
)
def test_an_option_that_there_is_not(make, owner, wrong, nearest):
    with pytest.raises(OptionError) as raised:
        make(3, 4, **{wrong: 1})
    said = str(raised.value)
    assert said.startswith(f"{owner}: there is no option '{wrong}'\n")
    assert f"did you mean '{nearest}'?" in said


def test_an_option_that_a_cell_takes_unnamed_reaches_it():
    assert PoppingNet(3, 4, hidden=2).cells["l0"].hidden == 2
    with pytest.raises(OptionError, match="PoppingNet: there is no option 'hiden'"):
        PoppingNet(3, 4, hiden=2)
    with pytest.raises(OptionError, match="Popping: layer_norm=3 is not a truth value"):
        PoppingNet(3, 4, hidden=2, layer_norm=3)


def test_what_a_cell_itself_refuses_stays_what_it_says():
    class Strict(Leaky):
        def __init__(self, *sizes, leak=0.9, **options):
            if leak > 1:
                raise TypeError("leak: too much")
            super().__init__(*sizes, leak=leak, **options)

    class StrictNet(nn.Recurrent):
        cell_type = Strict

    with pytest.raises(TypeError, match="leak: too much"):
        StrictNet(3, 4, leak=2)
    assert StrictNet(3, 4)(np.ones((2, 3)))[0].shape == (2, 4)


X = np.ones((4, 2, 3))
PAIR = nn.Encoder(nn.RNN(2, 3), nn.Embedding(4, 2)), nn.Decoder(nn.RNN(2, 3), nn.Embedding(4, 2))
MODEL = nn.Seq2Seq(*PAIR, start=0, stop=1)
SOURCE = np.array([[2], [3]])
PROBABILITY = r"(.|\n)*expected  a probability, 0 ≤ {} < 1"
WRONG = [
    (lambda: nn.Dropout("0.5"), OptionError, "Dropout: p='0.5' is out of range" + PROBABILITY.format("p")),
    (lambda: nn.Dropout(np.array([0.5])), OptionError, "Dropout: p=array"),
    (lambda: nn.Dropout(True), OptionError, "Dropout: p=True"),
    (lambda: nn.Dropout(rng="0"), OptionError, "Dropout: rng='0' is not a source of random numbers"),
    (lambda: nn.GRU(3, 4, dropout=1), OptionError, "GRU: dropout=1 is out" + PROBABILITY.format("dropout")),
    (lambda: nn.GRU(3, 4, dropout=float("nan")), OptionError, "GRU: dropout=nan"),
    (lambda: nn.GRU(3, 4, recurrent_dropout=-0.1), OptionError, "GRU: recurrent_dropout=-0.1"),
    (lambda: nn.GRU(3, 4, batch_first=1), OptionError, "GRU: batch_first=1 is not a truth value"),
    (lambda: nn.GRU(3, 4, bidirectional="yes"), OptionError, "GRU: bidirectional='yes'"),
    (lambda: nn.GRU(3, 4, variational=None), OptionError, "GRU: variational=None"),
    (lambda: nn.GRU(3, 4, rng=1.5), OptionError, "GRU: rng=1.5"),
    (lambda: nn.GRU(3, 4, rng=-1), OptionError, "GRU: rng=-1"),
    (lambda: nn.GRU(3, 4, reset_after=0), OptionError, "reset_after=0 is not a truth value"),
    (lambda: nn.GRUCell(3, 4, dtype=int), DTypeError, "GRUCell: parameters of dtype int64 cannot learn"),
    (lambda: nn.GRUCell(3, 4, dtype="float31"), DTypeError, "GRUCell: dtype='float31' is not a dtype"),
    (lambda: nn.GRUCell(3, 4, learn_initial=2), OptionError, "GRUCell: learn_initial=2"),
    (lambda: nn.GRUCell(3, 4, layer_norm="on"), OptionError, "GRUCell: layer_norm='on'"),
    (lambda: nn.GRUCell(3, 4, bias=None), OptionError, "GRUCell: bias=None is not a truth value"),
    (lambda: nn.GRUCell(3, True), ShapeError, "GRUCell: sizes must be positive(.|\n)*hidden_size=True"),
    (lambda: nn.GRUCell(3, 4, recurrent_init="orthogonl"), OptionError, "did you mean 'orthogonal'"),
    (lambda: nn.RNNCell(3, 4, nonlinearity=None), OptionError, "RNNCell: nonlinearity=None is not an option"),
    (lambda: nn.LSTMCell(3, 4, forget_bias="1"), OptionError, "LSTMCell: forget_bias='1' is not a number"),
    (lambda: nn.LSTMCell(3, 4, False, forget_bias=1), OptionError, "forget_bias needs bias=True(.|\n)*bias=False"),
    (lambda: nn.LSTMCell(3, 4, peepholes="both"), OptionError, "peepholes='both' is not a truth value"),
    (lambda: nn.LSTM(3, "4", proj_size=2), ShapeError, "sizes must be positive"),
    (lambda: nn.LSTMCell(3, 4, proj_size="2"), ShapeError, "proj_size='2' is out of range"),
    (lambda: nn.Linear("3", 2), ShapeError, "Linear: sizes must not be negative(.|\n)*at least 0"),
    (lambda: nn.Linear(3, 2, bias=0), OptionError, "Linear: bias=0"),
    (lambda: nn.Linear(3, 2, dtype=complex), DTypeError, "Linear: parameters of dtype complex128 cannot learn"),
    (lambda: nn.Embedding(4, -1), ShapeError, "Embedding: sizes must not be negative"),
    (lambda: nn.Embedding(4.0, 2), ShapeError, "Embedding: sizes must be positive"),
    (lambda: nn.Embedding(4, 2, dtype=int), DTypeError, "Embedding: parameters of dtype int64"),
    (lambda: nn.LayerNorm("4"), ShapeError, r"LayerNorm: sizes must be positive(.|\n)*normalized_shape\[0\]='4'"),
    (lambda: nn.LayerNorm(()), ShapeError, "LayerNorm: sizes must be positive"),
    (lambda: nn.LayerNorm(4, eps=0), OptionError, "LayerNorm: eps=0"),
    (lambda: nn.LayerNorm(4, 1e-5, 1), OptionError, "LayerNorm: elementwise_affine=1"),
    (lambda: nn.LayerNorm(4, dtype=bool), DTypeError, "LayerNorm: parameters of dtype bool"),
    (lambda: nn.OneToMany(nn.RNN(3, 3), feed="zero"), OptionError, "OneToMany: feed='zero'(.|\n)*did you mean 'zeros'"),
    (lambda: nn.OneToMany(nn.RNN(3, 3))(X[0], 2.5), ShapeError, "OneToMany: 2.5 steps"),
    (lambda: nn.DotAttention(3, 0), ShapeError, "DotAttention: sizes must be positive"),
    (lambda: nn.AdditiveAttention(3, 5, 0), ShapeError, "AdditiveAttention: sizes must be positive(.|\n)*size=0"),
    (lambda: nn.DotAttention(3, 5, scaled=1), OptionError, "DotAttention: scaled=1"),
    (lambda: nn.AdditiveAttention(3, 5, rng=0.5), OptionError, "AdditiveAttention: rng=0.5"),
    (lambda: nn.Seq2Seq(*PAIR, start=0, stop=4), ShapeError, r"Seq2Seq: stop=4 is not an id(.|\n)*0 … 3"),
    (lambda: nn.Seq2Seq(*PAIR, start="a", stop=1), ShapeError, "Seq2Seq: start='a' is not an id"),
    (lambda: MODEL(SOURCE, SOURCE, teacher_forcing="1"), OptionError, "Seq2Seq: teacher_forcing='1'"),
    (lambda: MODEL(SOURCE, SOURCE, teacher_forcing=0.5, rng="a"), OptionError, "Seq2Seq: rng='a'"),
    (lambda: nn.Decoder(nn.RNN(2, 3), nn.Embedding(4, 2), rng="a"), OptionError, "Decoder: rng='a'"),
    (lambda: nn.greedy_search(MODEL, SOURCE, limit=2.5), OptionError, "greedy_search: limit=2.5"),
    (lambda: nn.beam_search(MODEL, SOURCE, limit=2, beam=0), OptionError, "beam_search: beam=0"),
    (lambda: nn.beam_search(MODEL, SOURCE, limit=2, length_power=-1), OptionError, "beam_search: length_power=-1"),
    (lambda: nn.checkpointed(nn.RNN(3, 4), X, segments="2"), ShapeError, "checkpointed: '2' segments of 4 steps"),
    (lambda: nn.checkpointed(nn.RNN(3, 4), X, segments=1.5), ShapeError, "expected  an integer, 1 ≤ segments ≤ T"),
    (lambda: nn.mse_loss(X, X, "meen"), OptionError, "mse_loss: reduction='meen' is(.|\n)*did you mean 'mean'"),
    (lambda: nn.cross_entropy(X[0], [0, 1], None), OptionError, "cross_entropy: reduction=None"),
    (
        lambda: nn.sequence_loss(X, np.zeros((4, 2), int), reduction="mean"),
        OptionError,
        "sequence_loss: reduction='mean'",
    ),
    (lambda: nn.init.uniform((2,), 1.0, rng="a"), OptionError, "init.uniform: rng='a'"),
    (
        lambda: list(nn.rtrl(nn.RNNCell(2, 3), lambda h, _: h.sum(), np.ones((2, 2)), targets=[1])),
        ShapeError,
        "rtrl: xs and",
    ),
]


@pytest.mark.parametrize(("call", "error", "said"), WRONG)
def test_a_value_out_of_range_is_said_in_one_form(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_numpys_own_numbers_and_bools_are_taken():
    layer = nn.GRU(
        np.int64(3), np.int32(4), np.int8(2), dropout=np.float32(0.5), bidirectional=np.True_, dtype="float64"
    )
    assert layer.weight_ih_l0_reverse.shape == (12, 3)
    assert layer.dtype == np.float64


def test_every_class_refuses_a_keyword_that_it_does_not_take():
    class Net(nn.Module):
        def __init__(self, width, depth=1):
            self.width, self.depth = width, depth

    class Deeper(Net):
        def __init__(self, width, **options):
            super().__init__(width, **options)

    class Bare(nn.Module):
        pass

    assert Deeper(3, depth=2).depth == 2
    assert list(inspect.signature(Net).parameters) == ["width", "depth"]
    for kind in (Net, Deeper):
        with pytest.raises(OptionError, match=f"{kind.__name__}: there is no option 'dept'(.|\n)*'depth'"):
            kind(3, dept=2)
    with pytest.raises(OptionError, match="Bare: there is no option 'width'"):
        Bare(width=3)
    with pytest.raises(TypeError):
        Bare(3)
    with pytest.raises(OptionError, match=r"Linear: there is no option 'bais'(.|\n)*did you mean 'bias'"):
        nn.Linear(3, 4, bais=False)
    with pytest.raises(OptionError, match=r"OneToMany: there is no option 'fed'(.|\n)*'feed'"):
        nn.OneToMany(nn.RNN(3, 3), fed="output")


def test_a_class_beside_module_gets_its_own_arguments():
    class Sized:
        def __init__(self, size):
            self.size = size

    class Net(Sized, nn.Module):
        pass

    assert Net(size=3).size == 3
