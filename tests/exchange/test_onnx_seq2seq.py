"""Seq2Seq as ONNX: what onnxruntime writes from a source is what the model writes here."""

import numpy as np
import pytest

from tests.exchange.oracles import run_onnx
from tests.exchange.test_onnx_cells import LeakyNet
from tests.exchange.test_onnx_export import CLOSE, exported
from tinygrad_rnn import GraphError, OptionError, nn

ATTENTION = {
    "none": None,
    "dot": nn.DotAttention,
    "scaled dot": lambda *sizes, **options: nn.DotAttention(*sizes, scaled=True, **options),
    "additive": nn.AdditiveAttention,
}
SOURCE, TARGET = 9, 7  # how many ids there are


def model_of(layer, attention=None, bidirectional=False, layers=1, **options):
    H = 4 * (1 + bidirectional)
    look = ATTENTION[attention or "none"]
    encoder = nn.Encoder(
        layer(3, 4, layers, bidirectional=bidirectional, rng=0, **options), nn.Embedding(SOURCE, 3, rng=1)
    )
    decoder = nn.Decoder(
        layer(3, H, layers, rng=2, **options), nn.Embedding(TARGET, 3, rng=3), look and look(H, H, rng=4), rng=5
    )
    return nn.Seq2Seq(encoder, decoder, start=0, stop=1)


def sources(rng, with_lengths):
    """Sources of several S and B, one of a single step; those that are read to the end first."""
    for S, B in ((5, 7), (1, 2), (8, 1)):
        lengths = rng.integers(1, S + 1, B).astype(np.int32) if with_lengths else None
        yield rng.integers(0, SOURCE, (S, B)), lengths


def fed(source, lengths, **others):
    return {"source": source, **others, **({} if lengths is None else {"lengths": lengths})}


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN, LeakyNet])
def test_logits_of_a_target(layer, attention, bidirectional, lengths, tmp_path):
    model = model_of(layer, attention, bidirectional, layers=1 + (layer is nn.GRU))
    path, rng = exported(model, tmp_path / "seq2seq.onnx", lengths=lengths), np.random.default_rng(0)
    for (source, own), T in zip(sources(rng, lengths), (4, 7, 1), strict=True):
        target = rng.integers(0, TARGET, (T, source.shape[1]))
        found = run_onnx(path, **fed(source, own, target=target))
        np.testing.assert_allclose(found["y"], model(source, target, own).data, **CLOSE)


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("attention", ["none", "additive"])
def test_greedy_search(attention, lengths, tmp_path):
    model = model_of(nn.GRU, attention, bidirectional=True)
    path, rng = exported(model, tmp_path / "seq2seq.onnx", lengths=lengths, greedy=True), np.random.default_rng(0)
    stopped, apart = set(), False
    for weight in (*model.encoder.parameters(), *model.decoder.parameters()):
        weight.assign(4 * weight.data)  # so that rows write different things
    for favour in (-9.0, 0.0, 1.0, 2.0, 3.0, 20.0):  # of the stop: never, in some rows, at once
        bias = model.decoder.head.bias
        bias.assign(np.where(np.arange(TARGET) == model.stop, favour, bias.data))
        exported(model, path, lengths=lengths, greedy=True)
        for (source, own), limit in zip(sources(rng, lengths), (6, 3, 9), strict=True):
            found = run_onnx(path, **fed(source, own, limit=np.array(limit)))
            expected = nn.greedy_search(model, source, own, limit=limit)
            stopped |= {written.stopped for written in expected}
            apart |= len({len(written.ids) for written in expected}) > 1
            for row, written in enumerate(expected):
                ids = [*written.ids, *([model.stop] if written.stopped else [])]
                rest = found["ids"][len(ids) :, row]
                assert found["ids"][: len(ids), row].tolist() == ids
                assert (rest == model.stop).all()
                np.testing.assert_allclose(found["log_p"][row], written.log_p, **CLOSE)
            assert len(found["ids"]) == max(len(w.ids) + w.stopped for w in expected)
    assert stopped == {True, False}
    assert apart, "no row went on when another had stopped"


def test_vectors_as_a_source_and_cells_that_run_alone(tmp_path):
    encoder = nn.Encoder(nn.GRUCell(3, 4, rng=0))
    decoder = nn.Decoder(nn.GRUCell(3, 4, rng=1), nn.Embedding(TARGET, 3, rng=2), nn.DotAttention(4, 4, rng=3), rng=4)
    model, rng = nn.Seq2Seq(encoder, decoder, start=0, stop=1), np.random.default_rng(0)
    path = exported(model, tmp_path / "seq2seq.onnx", lengths=True)
    source, target = rng.standard_normal((5, 2, 3)).astype(np.float32), rng.integers(0, TARGET, (3, 2))
    lengths = np.array([2, 5], np.int32)
    source[2:, 0] = np.nan
    found = run_onnx(path, source=source, target=target, lengths=lengths)
    np.testing.assert_allclose(found["y"], model(source, target, lengths).data, **CLOSE)


def test_what_is_refused(tmp_path):
    class Other(nn.Encoder):
        def forward(self, source, lengths=None):
            return super().forward(source, lengths)

    model = model_of(nn.GRU)
    encoder = Other(model.encoder.rnn, model.encoder.embedding)
    with pytest.raises(GraphError, match="Other has a forward of its own"):
        exported(nn.Seq2Seq(encoder, model.decoder, start=0, stop=1), tmp_path / "model.onnx")
    with pytest.raises(OptionError, match="greedy=True is for a Seq2Seq"):
        exported(nn.Linear(2, 2), tmp_path / "model.onnx", greedy=True)
