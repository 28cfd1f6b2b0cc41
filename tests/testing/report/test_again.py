"""What a report prints runs where nothing else is known, and fails again; and the text that values are given."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.fuzz.again import KINDS, executed, first_line, printed, report
from tests.testing.report import wrong
from tinygrad_rnn.testing import GradMismatch, check_vjp
from tinygrad_rnn.testing.report.again import Script, rerun


def test_what_reports_of_every_kind_print_runs_and_fails_again():
    seeds = [[0, n] for n in range(8)]
    texts = {kind: next(filter(None, (report(kind, seed) for seed in seeds)), None) for kind in KINDS}
    assert [kind for kind, text in texts.items() if text is None] == []
    ends = executed([printed(text) for text in texts.values()])
    assert [*map(first_line, ends)] == [*map(first_line, texts.values())]


def back(value, name="x"):
    """The value that its text gives, and the text."""
    script = Script()
    words = script.expression(value, name)
    names = {}
    exec(str(script), names)
    return eval(words, names), f"{script}\n{words}"


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "c16", "i4", "u1", "?", ">f8"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (30, 40), (4, 5, 6)])
def test_an_array_keeps_every_bit_and_the_order_of_its_axes(shape, dtype):
    rng = np.random.default_rng(0)
    x = np.array(100 * rng.standard_normal(shape)).astype(dtype)
    for value in (x, np.asfortranarray(x), np.ones_like(x), np.zeros_like(x)):
        found, _ = back(value)
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.tobytes() == value.tobytes()
        assert found.size < 2 or found.flags.f_contiguous == value.flags.f_contiguous
        assert found.flags.writeable


def test_what_is_not_finite_has_a_text_too():
    for x in (np.array([np.nan, -np.inf, -0.0]), np.float32(np.nan), float("inf"), np.full(100, np.nan)):
        found, _ = back(x)
        assert type(found) is type(x)
        np.testing.assert_array_equal(found, x, strict=True)
        assert np.array_equal(np.signbit(found), np.signbit(x))


def test_values_that_stand_inside_others():
    w = np.arange(200.0)
    found, text = back(
        {"w": [w, (w, None)], 3: slice(1, None), "k": {1, 2}, "kind": np.float32, "dtype": np.dtype("i2")}
    )
    assert found["w"][0] is found["w"][1][0]  # one array
    assert text.count("base64.b85decode") <= 1
    assert (found[3], found["k"], found["kind"], found["dtype"]) == (slice(1, None), {1, 2}, np.float32, np.dtype("i2"))


def test_functions_are_imported_where_they_can_be():
    for f, words in ((tg.tanh, "tg.tanh"), (np.square, "np.square"), (wrong.half, "half"), (wrong.bent, "bent"),
                     (tg.nn.LSTM, "tg.nn.LSTM"), (max, "max"), (wrong.Scale.method, "Scale.method")):  # fmt: skip
        found, text = back(f)
        assert found is f
        assert text.splitlines()[-1] == words
        assert "def " not in text


def test_closures_whose_names_are_the_same_stay_apart():
    def longer(f, k):
        return lambda x: k * f(x) + x

    f = longer(longer(longer(np.sin, 2), 3), 4)
    found, _ = back(f)
    assert found(0.3) == f(0.3)


def test_lambdas_of_one_line_are_told_apart():
    k = 5
    first, second, third = lambda x: x + 1, lambda x: x * k, lambda x: [lambda y: y - k * x, max][0](x)
    for f in (first, second, third):
        assert back(f)[0](3) == f(3)


def test_names_of_its_own_do_not_hide_numpy():
    np_ = 3

    def make(np, tg):
        return lambda x: (x + np) * tg.pi

    found, _ = back([make(2, __import__("math")), np.ones(2) * np_])
    assert found[0](1) == 3 * np.pi
    assert found[1].tolist() == [3, 3]


def test_what_defaults_and_annotations_meant_is_kept():
    def make(k, kind):
        def f(x: kind, y: "kind" = k, *, z=k + 1) -> kind:
            return x + y + z

        return f

    assert back(make(3, int))[0](1) == 1 + 3 + 4


def test_an_object_is_made_without_its_constructor():
    class Meter:
        __slots__ = ("unit", "x")

        def __init__(self):
            self.x, self.unit = np.ones(3), None
            raise_if_called.append(1)

        def __call__(self):
            return self.x

    raise_if_called = []
    meter = Meter()
    found, _ = back(meter)
    assert found().tolist() == [1, 1, 1]
    assert found.unit is None


def test_a_module_keeps_its_values_its_state_and_what_it_shares():
    layer = tg.nn.LSTM(2, 3, 2, dropout=0.5, bidirectional=True, rng=0).eval()
    layer.weight_ih_l0.assign(np.zeros(layer.weight_ih_l0.shape))
    found, _ = back(layer)
    assert repr(found) == repr(layer)
    assert not found.training
    x = np.ones((4, 1, 2))
    assert found(x)[0].numpy().tobytes() == layer(x)[0].numpy().tobytes()
    layer.train(), found.train()
    assert found(x)[0].numpy().tobytes() == layer(x)[0].numpy().tobytes()  # the generator's state
    tied, _ = back(wrong.Tied(0))
    assert tied.first.weight is tied.second.weight


def test_what_has_no_text_is_told_in_words_and_the_rest_is_there():
    f = eval("lambda x: x * x.detach()")
    with pytest.raises(GradMismatch) as caught:
        check_vjp(f, np.linspace(0, 1, 100))
    found = caught.value.report.mismatch
    assert found.again == "check_vjp(f, x, seed=0)"
    assert "# f: your own function <lambda>, of which no text is known" in found.needs
    names = {"f": f}
    exec(found.needs, names)
    with pytest.raises(GradMismatch):
        eval(found.again, names)


def test_an_object_that_cannot_be_taken_apart_does_not_spoil_the_report():
    class Sealed:
        def __call__(self, x):
            return x * x.detach()

        def __reduce_ex__(self, protocol):
            raise RuntimeError("sealed")

    with pytest.raises(GradMismatch, match=r"again     check_vjp\(sealed, np\.array") as caught:
        check_vjp(Sealed(), np.array([1.0]))
    assert "# sealed: your own Sealed" in str(caught.value)


def test_an_array_that_was_written_to_since_is_printed_as_it_was():
    x = np.array([1.0, 2.0])
    with pytest.raises(GradMismatch) as caught:
        check_vjp(wrong.half, x)
    x[:] = 7
    assert "np.array([1.0, 2.0])" in str(caught.value)


def test_the_line_is_short_and_says_what_was_asked():
    assert rerun("check_vjp", tg.tanh, np.zeros(300), order=2, wrt=(0,), seed=3).again == (
        "check_vjp(tg.tanh, np.full((300,), 0.0), order=2, wrt=(0,), seed=3)"
    )
