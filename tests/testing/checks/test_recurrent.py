"""check_recurrent passes what is right, and each of its laws catches what breaks it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.testing.networks import RIGHT, BothWays, Memory, Recurrent, Vanilla
from tinygrad_rnn import nn
from tinygrad_rnn.testing import GradMismatch, check_recurrent
from tinygrad_rnn.testing.laws import through_time
from tinygrad_rnn.testing.laws.recurrence import Recurrence
from tinygrad_rnn.testing.laws.through_time import BATCHED, ONE_WAY, PADDED, STARTED

X = np.random.default_rng(5).standard_normal((5, 3, 2))
LENGTHS = [5, 2, 3]
ALL = {law.__name__: law for law in (*STARTED, *ONE_WAY, *BATCHED, *PADDED)}


@pytest.mark.parametrize("layer", RIGHT)
def test_right_layers_pass_with_and_without_lengths(layer):
    assert check_recurrent(layer(), X).passed
    report = check_recurrent(layer(), X, lengths=LENGTHS)
    assert report.laws[-3:] == ("batch permutation", "rows alone", "pads")
    assert report.worst < 1e-12


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_the_librarys_layers_pass(kind):
    assert check_recurrent(kind(2, 3, 2, rng=0), X).passed
    assert check_recurrent(kind(2, 3, rng=0, batch_first=True), X.swapaxes(0, 1)).passed
    assert "batch permutation" not in check_recurrent(kind(2, 3, rng=0), X[:, 0]).laws  # there is no batch


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_cells_are_run_over_the_sequence(kind):
    assert check_recurrent(kind(2, 3, rng=0), X).passed


def test_a_cell_of_ones_own_is_known_by_its_name():
    class LeakyCell(nn.Module):
        def __init__(self):
            self.W = nn.Parameter(np.eye(2))

        def forward(self, x, state=None):
            state = {"h": np.zeros(x.shape)} if state is None else state
            return {"h": 0.5 * state["h"] + tg.tanh(x @ self.W)}

    assert check_recurrent(LeakyCell(), X).passed


def test_a_state_may_count_its_steps():
    class Counting(Vanilla):
        """h is let in more and more, by a count that is part of the state and no float."""

        parts = 2

        def start(self, x, hx):
            count = np.zeros((*x.shape[1:-1], 1), int)
            return (*super().start(x, None)[:1], tg.tensor(count)) if hx is None else hx

        def step(self, x, state):
            h, count = state
            share = 1 / (2.0 + np.asarray(count))
            return super().step(x, (h * share,))[0], count + 1

    assert check_recurrent(Counting(), X).passed
    assert check_recurrent(Counting(), X, lengths=LENGTHS).passed


def test_a_state_that_is_given_is_where_it_starts():
    h0 = (np.ones((3, 3)), -np.ones((3, 3)))
    assert check_recurrent(Memory(), X, h0).passed


def test_a_row_without_steps_keeps_its_state():
    for layer in (Vanilla, Memory, BothWays):
        assert check_recurrent(layer(), X, lengths=[0, 5, 1]).passed


def test_float32_layers_are_run_in_float64():
    layer = Vanilla(dtype=np.float32)
    assert check_recurrent(layer, X.astype(np.float32)).worst < 1e-12  # float32 would leave 1e-7
    assert layer.bias.dtype == np.float32


# what is wrong, and which law says so


class Detached(Vanilla):
    """The textbook's bug: a detach in the loop."""

    def carried(self, alive, new, old):
        return tuple(part.detach() for part in new)


class StartsAtOne(Vanilla):
    def start(self, x, hx):
        return (np.ones((*x.shape[1:-1], self.hidden_size)),) if hx is None else (hx,)


class RowsDiffer(Vanilla):
    def emitted(self, alive, new):
        return new[0] * np.linspace(1, 2, new[0].shape[0])[:, None]


class Positional(Vanilla):
    """It counts its steps from the beginning of the call."""

    def read(self, x, t, alive):
        return x[t] + 0.1 * t


class ForgetsItsState(Vanilla):
    def start(self, x, hx):
        return super().start(x, None)


class Leaks(Vanilla):
    """It holds on to the last state and lets a gradient through to it, in no value at all."""

    _last = None

    def start(self, x, hx):
        (h,) = super().start(x, hx)
        last = self._last
        fits = last is not None and hx is not None and (last.shape, last.dtype) == (h.shape, h.dtype)
        return (h + (last - last.detach()),) if fits else (h,)

    def handed_back(self, state):
        self._last = state[0]
        return state[0]


class Peeks(Vanilla):
    def read(self, x, t, alive):
        return x[t] + x[min(t + 1, len(x) - 1)]


class OffByOne(Vanilla):
    def alive(self, t, lengths):
        return (t <= lengths)[:, None]


class LastStepsState(Vanilla):
    """h_n of the last step, not of the last one that is data."""

    def carried(self, alive, new, old):
        return new


class OneMaskForAll(Vanilla):
    """The first step's mask at every step."""

    def alive(self, t, lengths):
        return super().alive(0, lengths)


class Multiplies(Vanilla):
    """0 · NaN is NaN."""

    def read(self, x, t, alive):
        return x[t] if alive is None else x[t] * alive


class PadsEmit(Vanilla):
    def emitted(self, alive, new):
        return new[0]


class RowsMix(Vanilla):
    """Each row sees the mean of them all, in whatever order they stand."""

    def step(self, x, state):
        (h,) = super().step(x, state)
        return (h - 0.1 * h.mean(axis=0),)


WRONG = [
    ("zero_start", StartsAtOne),
    ("state_used", ForgetsItsState),
    ("batch_permutation", RowsDiffer),
    ("by_hand", Positional),
    ("by_hand", ForgetsItsState),
    ("split", Positional),
    ("split", ForgetsItsState),
    ("detached", Leaks),
    ("untied", Positional),
    ("causal", Peeks),
    ("reversal", Positional),
    ("rows_alone", RowsMix),
    ("rows_alone", OffByOne),
    ("rows_alone", LastStepsState),
    ("rows_alone", OneMaskForAll),
    ("rows_alone", PadsEmit),
    ("pads", Multiplies),
    ("pads", PadsEmit),
    ("pads", OneMaskForAll),
]


@pytest.mark.parametrize(("law", "layer"), WRONG)
def test_each_law_catches_what_breaks_it(law, layer):
    lengths = LENGTHS if law in ("rows_alone", "pads") else None
    assert ALL[law](Recurrence.of(layer(), X, None, lengths, 0)) is not None
    with pytest.raises(GradMismatch, match=r"law '.*' is broken"):
        check_recurrent(layer(), X, lengths=lengths)


def test_every_law_is_in_the_table_above_or_tested_by_itself():
    assert set(ALL) == {law for law, _ in WRONG} | {"ledger"}


# parameters, states, calls


class ForgetsItsBias(Vanilla):
    def projected(self, x, h):
        return tg.inner(x, self.weight_ih) + tg.inner(h, self.weight_hh)


class NothingRecurs(Vanilla):
    def step(self, x, state):
        zeros = np.zeros(state[0].shape)
        return (tg.tanh(self.projected(x, self.weight_hh.sum() * 0 + zeros)),)


class RemembersTheLongest(Vanilla):
    _largest = 0.0

    def start(self, x, hx):
        self._largest = max(self._largest, float(abs(x.data).max()))
        return tuple(part + self._largest for part in super().start(x, hx))


class FirstCallIsAnother(Vanilla):
    _called = False

    def start(self, x, hx):
        first, self._called = not self._called, True
        return tuple(part + (1.0 if first else 0.0) for part in super().start(x, hx))


class StartsInFloat64(Vanilla):
    def start(self, x, hx):
        return (tg.tensor(np.zeros((*x.shape[1:-1], self.hidden_size))),) if hx is None else (hx,)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (ForgetsItsBias, "law 'parameters used' is broken(.|\n)*'bias'"),
        (NothingRecurs, "law '(parameters|state) used' is broken"),
        (RemembersTheLongest, "law 'stateless' is broken"),
        (lambda: StartsInFloat64(dtype=np.float32), "law 'float32 kept' is broken"),
    ],
)
def test_what_is_not_used_or_is_kept(layer, words):
    with pytest.raises(GradMismatch, match=words):
        check_recurrent(layer(), X)


def test_a_gate_need_not_be_used():
    class Coupled(Memory):
        """f = 1 − i, in the weights of an LSTM."""

        def gated(self, z):
            i, _, g, o = tg.split(z, 4, axis=-1)
            i = tg.sigmoid(i)
            return i, 1 - i, tg.tanh(g), tg.sigmoid(o)

    assert check_recurrent(Coupled(), X).passed


def test_a_layer_may_hold_what_cannot_be_copied():
    class Keeps(Vanilla):
        def handed_back(self, state):
            self.last = state[0]
            return super().handed_back(state)

    layer = Keeps()
    layer(tg.tensor(X))
    assert check_recurrent(layer, X).passed


def test_the_first_call_is_compared_with_later_ones():
    with pytest.raises(tg.GraphError, match="run again, it gives other values"):
        check_recurrent(FirstCallIsAnother(), X)


def test_what_is_not_to_be_used_is_named():
    assert check_recurrent(ForgetsItsBias(), X, unused=("bias",)).passed
    with pytest.raises(tg.TinygradError, match="check_recurrent: unused="):
        check_recurrent(Vanilla(), X, unused=("no such",))


def test_a_cell_is_known_by_what_it_takes_and_gives():
    class Decay(nn.Module):
        """h′ = ½h + tanh(x W), and how much came in: not called a cell, and no nn.Cell."""

        def __init__(self):
            self.W = nn.Parameter(np.eye(2))

        def forward(self, x, state=None):
            h, total = (np.zeros(x.shape), np.zeros(x.shape)) if state is None else state
            new = tg.tanh(x @ self.W)
            return 0.5 * h + new, total + new * new

    class NotACell(Vanilla):
        """A layer."""

    assert check_recurrent(Decay(), X).passed
    assert check_recurrent(Decay(), X, cell=True).passed
    assert check_recurrent(NotACell(), X).passed
    assert Recurrence.of(NotACell(), X, None, None, 0).is_cell is False
    assert Recurrence.of(Decay(), X, None, None, 0).is_cell is True


def test_a_step_that_raises_says_which_law_and_what():
    class Squeezes(Vanilla):
        """A sequence of one step comes back without its axis."""

        def forward(self, x, hx=None, *, lengths=None):
            output, last = super().forward(x, hx, lengths=lengths)
            return (output[0] if len(output) == 1 else output), last

    with pytest.raises(GradMismatch, match=r"Squeezes: law '.*' is broken"):
        check_recurrent(Squeezes(), X)


@pytest.mark.parametrize("change", [lambda terms: terms[1:], lambda terms: [*terms[1:], terms[1]]])
def test_a_ledger_that_leaves_out_or_repeats_a_term_is_caught(monkeypatch, change):
    whole = through_time.gradient_ledger
    monkeypatch.setattr(through_time, "gradient_ledger", lambda *args: change(whole(*args)))
    with pytest.raises(GradMismatch, match="law 'ledger' is broken"):
        check_recurrent(Vanilla(), X)


def test_a_ledger_that_names_the_wrong_steps_is_caught(monkeypatch):
    whole = through_time.gradient_ledger
    shifted = lambda *args: [e._replace(step=1 + e.step % 5) for e in whole(*args)]  # noqa: E731
    monkeypatch.setattr(through_time, "gradient_ledger", shifted)
    with pytest.raises(GradMismatch, match="in step"):
        check_recurrent(Vanilla(), X)


def test_a_detach_in_the_loop_is_found_by_differences():
    with pytest.raises(GradMismatch, match="rules is wrong"):
        check_recurrent(Detached(), X)


def test_a_broken_law_says_which_where_and_how_to_ask_again():
    with pytest.raises(GradMismatch) as raised:
        check_recurrent(Positional(), X, seed=3)
    message = str(raised.value)
    assert message.startswith("Positional: law 'by hand' is broken: the gradient is what each step's pullback gives")
    assert "argument  the gradient of" in message
    assert "again     check_recurrent(positional, x, seed=3)" in message


# what cannot be checked


def test_a_layer_without_lengths_says_so():
    class Plain(Recurrent):
        def forward(self, x, hx=None):
            return super().forward(x, hx)

    with pytest.raises(tg.GraphError, match="check_recurrent: Plain takes no lengths"):
        check_recurrent(Plain(), X, lengths=LENGTHS)


@pytest.mark.parametrize("lengths", [[5, 2], [6, 2, 3], [-1, 2, 3]])
def test_lengths_that_do_not_fit(lengths):
    with pytest.raises(tg.ShapeError, match="lengths do not fit"):
        check_recurrent(Vanilla(), X, lengths=lengths)


def test_one_step_is_no_recurrence():
    with pytest.raises(tg.ShapeError, match="T ≥ 2"):
        check_recurrent(Vanilla(), X[:1])


def test_a_layer_with_dropout_is_told_to_eval():
    layer = nn.GRU(2, 3, 2, dropout=0.5, rng=0)
    with pytest.raises(tg.GraphError, match=r"eval\(\)"):
        check_recurrent(layer, X)
    assert check_recurrent(layer.eval(), X).passed


# options


def plain_layer(parameters, x, h0):
    W, U, b = (parameters[name] for name in ("weight_ih", "weight_hh", "bias"))
    h, outputs = h0, []
    for x_t in x:
        h = np.tanh(x_t @ W.T + h @ U.T + b)
        outputs.append(h)
    return np.stack(outputs), h


def test_a_reference_gets_the_parameters_the_sequence_and_the_first_state():
    assert check_recurrent(Vanilla(), X, reference=plain_layer).passed
    assert check_recurrent(Vanilla(), X, lengths=LENGTHS, reference=plain_layer).passed

    class Doubled(Vanilla):
        """Twice the bias: right in every law."""

        def projected(self, x, h):
            return super().projected(x, h) + self.bias

    assert check_recurrent(Doubled(), X).passed
    for lengths in (None, LENGTHS):
        with pytest.raises(GradMismatch, match="Doubled: the values are not the reference's"):
            check_recurrent(Doubled(), X, lengths=lengths, reference=plain_layer)


def test_tolerances_are_those_of_the_slopes():
    assert check_recurrent(Vanilla(), X, rtol=1e-3, step=1e-3).passed
    with pytest.raises(tg.OptionError, match="check_recurrent: there is no option 'rtoll'"):
        check_recurrent(Vanilla(), X, rtoll=1e-3)
