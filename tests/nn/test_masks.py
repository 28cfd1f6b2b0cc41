"""A mask over the steps: each row as if its own steps were all that there is."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn

T, B, I, H = 6, 4, 3, 5
OWN = np.array([[0, 0, 1, 1, 1, 1], [1, 1, 0, 1, 0, 1], [1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]], bool).T
LAYERS = [
    (nn.RNN, {}), (nn.LSTM, {}), (nn.GRU, {}), (nn.LSTM, {"num_layers": 2, "bidirectional": True}),
    (nn.GRU, {"bidirectional": True, "batch_first": True}), (nn.LSTM, {"proj_size": 2, "learn_initial": True}),
]  # fmt: skip


def made(cls, options):
    layer = cls(I, H, dtype=np.float64, rng=0, **options)
    x = np.random.default_rng(1).standard_normal((T, B, I))
    x[~OWN] = np.nan
    return layer, x


def gradients(layer, loss):
    layer.zero_grad()
    loss.backward()
    return [p.grad.numpy() for p in layer.parameters()]


@pytest.mark.parametrize(("cls", "options"), LAYERS)
def test_each_row_is_as_if_its_own_steps_were_all(cls, options):
    layer, x = made(cls, options)
    first = options.get("batch_first", False)
    turned = (lambda a: np.swapaxes(a, 0, 1)) if first else (lambda a: a)
    y, last = layer(turned(x), mask=turned(OWN))
    y = tg.swapaxes(y, 0, 1) if first else y
    assert (y.data[~OWN] == 0).all()
    last = last if isinstance(last, tuple) else (last,)
    total, apart = (y * y).sum() + sum((s[:, :3] ** 2).sum() for s in last), 0  # the last row has no step
    for b in range(B):
        own = x[OWN[:, b], b]
        if not len(own):
            continue
        z, ends = layer(own)
        np.testing.assert_allclose(y.data[OWN[:, b], b], z.data, rtol=1e-12)
        for end, whole in zip(ends if isinstance(ends, tuple) else (ends,), last, strict=True):
            np.testing.assert_allclose(whole.data[:, b], end.data, rtol=1e-12)
            apart = apart + (end * end).sum()
        apart = apart + (z * z).sum()
    for one, other in zip(gradients(layer, total), gradients(layer, apart), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU])
def test_a_mask_of_lengths_is_lengths(cls):
    layer, _ = made(cls, {})
    x, lengths = np.random.default_rng(0).standard_normal((T, B, I)), np.array([6, 2, 0, 4])
    mask = np.arange(T)[:, None] < lengths
    by_lengths, by_mask = layer(x, lengths=lengths), layer(x, mask=mask.astype(int))
    assert np.array_equal(by_lengths[0].data, by_mask[0].data)
    assert np.array_equal(layer(x[:, 0], mask=mask[:, 1])[0].data, layer(x[:, 0], lengths=2)[0].data)


@pytest.mark.parametrize("as_tensor", [True, False])
def test_a_compiled_layer_takes_another_mask_each_time(as_tensor):
    layer, x = made(nn.LSTM, {})
    f = lambda x, mask: (layer(x, mask=mask)[0] ** 2).sum()  # noqa: E731
    compiled = tg.compile(f)
    for shift in range(4):
        mask = np.roll(OWN, shift, axis=1)
        each = np.where(mask[..., None], np.nan_to_num(x), np.nan)
        given = tg.tensor(mask) if as_tensor else mask
        np.testing.assert_allclose(compiled(each, given).item(), f(each, mask).item(), rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"mask": OWN.T}, tg.ShapeError, r"expected +mask \(6, 4\)"),
        ({"mask": OWN * 0.5}, tg.DTypeError, "the mask is float64"),
        ({"mask": OWN * 2}, tg.DTypeError, "True and False, or the integers 1 and 0"),
        ({"mask": OWN, "lengths": [1, 2, 3, 4]}, tg.OptionError, "lengths and a mask"),
    ],
)
def test_a_mask_that_is_none_is_refused(given, error, said):
    with pytest.raises(error, match=said):
        nn.LSTM(I, H)(np.ones((T, B, I)), **given)
