"""Seq2Seq against torch with the same weights, row by row, and under every kind of forcing."""

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.nn.seq2seq import coins
from tinygrad_rnn.testing import check_module

CLOSE = {"rtol": 1e-10, "atol": 1e-10}  # float64: both sum the same terms in another order
RNG = np.random.default_rng(0)
SOURCE, TARGET = RNG.integers(0, 7, (5, 3)), RNG.integers(0, 6, (4, 3))
LENGTHS = np.array([5, 2, 4])
ATTENTIONS = [None, nn.DotAttention, nn.AdditiveAttention]


def build(kind="LSTM", attention=None, layers=1, bidirectional=False, cell=False, dtype=np.float64):
    """S2S of 7 source ids and 6 target ids; with bidirectional, a decoder of twice the features."""
    rng, wide = np.random.default_rng(3), 10 if bidirectional else 5
    options = {"dtype": dtype, "rng": rng}
    if cell:
        make = getattr(nn, f"{kind}Cell")
        reads, writes = make(4, 5, **options), make(4, 5, **options)
    else:
        make = getattr(nn, kind)
        reads = make(4, 5, layers, bidirectional=bidirectional, **options)
        writes = make(4, wide, layers, **options)
    look = None if attention is None else attention(wide, wide, **options)
    decoder = nn.Decoder(writes, nn.Embedding(6, 4, **options), look, **options)
    return nn.Seq2Seq(nn.Encoder(reads, nn.Embedding(7, 4, **options)), decoder, start=0, stop=1)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_logits_and_every_gradient_are_torchs(attention):
    torch = require_torch()
    model = build("LSTM", attention, layers=2)
    logits = model(SOURCE, TARGET, LENGTHS)
    nn.sequence_loss(logits, TARGET).backward()

    p = {name: torch.tensor(v, requires_grad=True) for name, v in model.state_dict().items()}
    hs, cs = [], []
    outputs = torch.zeros(5, 3, 5, dtype=torch.float64)
    for b, n in enumerate(LENGTHS):
        x = p["encoder.embedding.weight"][torch.tensor(SOURCE[:n, [b]])]
        output, (h, c) = functional_lstm(torch, p, "encoder.rnn", x, None)
        outputs = torch.cat([outputs[:, :b], torch.cat([output, torch.zeros(5 - n, 1, 5)]), outputs[:, b + 1 :]], 1)
        hs.append(h)
        cs.append(c)
    x = p["decoder.embedding.weight"][torch.tensor(np.vstack([np.zeros((1, 3), int), TARGET[:-1]]))]
    h, _ = functional_lstm(torch, p, "decoder.rnn", x, (torch.cat(hs, 1), torch.cat(cs, 1)))
    if attention is not None:
        keys = outputs @ p["decoder.attention.key.weight"].T
        if attention is nn.DotAttention:
            scores = torch.einsum("tbh,sbh->tbs", h, keys)
        else:
            query = h @ p["decoder.attention.query.weight"].T + p["decoder.attention.query.bias"]
            scores = (torch.tanh(query[:, None] + keys) @ p["decoder.attention.energy.weight"][0]).swapaxes(1, 2)
        pads = torch.tensor(np.arange(5) >= LENGTHS[:, None])
        weights = torch.softmax(scores.masked_fill(pads, -torch.inf), -1)
        context = torch.einsum("tbs,sbh->tbh", weights, outputs)
        h = torch.tanh(torch.cat([context, h], -1) @ p["decoder.combine.weight"].T + p["decoder.combine.bias"])
    expected = h @ p["decoder.head.weight"].T + p["decoder.head.bias"]
    torch.nn.functional.cross_entropy(expected.reshape(-1, 6), torch.tensor(TARGET).reshape(-1)).backward()

    np.testing.assert_allclose(logits.data, expected.detach(), **CLOSE)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad.data, p[name].grad, err_msg=name, **CLOSE)


def functional_lstm(torch, p, prefix, x, state):
    layer = torch.nn.LSTM(4, 5, 2, dtype=torch.float64)
    weights = {name.removeprefix(f"{prefix}."): v for name, v in p.items() if name.startswith(prefix)}
    return torch.func.functional_call(layer, weights, (x, state))


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_row_of_a_padded_batch_is_that_row_alone(attention, bidirectional):
    model = build("GRU", attention, layers=2, bidirectional=bidirectional)
    logits = model(SOURCE, TARGET, LENGTHS)
    for b, n in enumerate(LENGTHS):
        np.testing.assert_allclose(logits.data[:, [b]], model(SOURCE[:n, [b]], TARGET[:, [b]]).data, **CLOSE)


def test_a_token_depends_on_the_true_ones_before_it_and_on_none_after():
    model = build(attention=nn.DotAttention)
    other = TARGET.copy()
    other[2] = (other[2] + 1) % 6
    same = model(SOURCE, TARGET).data == model(SOURCE, other).data
    assert same[:3].all()
    assert not same[3].all()


def test_without_forcing_it_reads_what_it_wrote_whatever_the_truth():
    model = build(attention=nn.DotAttention)
    free = model(SOURCE, TARGET, LENGTHS, teacher_forcing=0.0)
    assert np.array_equal(free.data, model(SOURCE, TARGET[::-1], LENGTHS, teacher_forcing=0.0).data)
    # forced to read what it writes, it writes the same
    np.testing.assert_allclose(model(SOURCE, np.argmax(free.data, -1), LENGTHS).data, free.data, **CLOSE)


def test_the_coins_fall_as_often_as_they_should_and_are_the_generators():
    heads = coins((100, 200), 0.3, 0)
    assert abs(heads.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 20_000)  # four standard deviations of 20,000 coins
    rng = np.random.default_rng(5)
    coins((2, 2), 1.0, rng), coins((2, 2), 0.0, rng)
    assert rng.random() == np.random.default_rng(5).random()  # nothing was drawn
    assert coins((2,), 1.0).all()
    assert not coins((2,), 0.0).any()
    model = build()
    once, again = (model(SOURCE, TARGET, teacher_forcing=0.5, rng=1).data for _ in range(2))
    assert np.array_equal(once, again)
    with pytest.raises(ValueError, match=r"teacher_forcing=1\.5"):
        model(SOURCE, TARGET, teacher_forcing=1.5)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_cells_do_what_layers_do(kind):
    whole, cells = build(kind, nn.DotAttention), build(kind, nn.DotAttention, cell=True)
    cells.load_state_dict({name.replace("_l0", ""): v for name, v in whole.state_dict().items()})
    np.testing.assert_allclose(whole(SOURCE, TARGET, LENGTHS).data, cells(SOURCE, TARGET, LENGTHS).data, **CLOSE)


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_the_decoder_starts_from_both_directions_of_the_layer_it_stands_for(kind):
    encoder = build(kind, layers=2, bidirectional=True).encoder
    _, state = encoder(SOURCE, LENGTHS)
    _, last = encoder.rnn(encoder.embedding(SOURCE), lengths=LENGTHS)
    for part, ends in zip(state, last, strict=True) if kind == "LSTM" else [(state, last)]:
        for k in range(2):
            both = [ends.data[2 * k], ends.data[2 * k + 1]]
            np.testing.assert_array_equal(part.data[k], np.concatenate(both, axis=-1))


def test_a_source_of_vectors_needs_no_embedding():
    model = build("GRU")
    vectors = model.encoder.embedding(SOURCE)
    logits = model(SOURCE, TARGET).data
    model.encoder.embedding = None
    np.testing.assert_allclose(model(vectors, TARGET).data, logits, **CLOSE)


def test_it_learns_in_float32_and_stays_there():
    model = build("GRU", nn.AdditiveAttention, dtype=np.float32)
    logits = model(SOURCE, TARGET, LENGTHS)
    nn.sequence_loss(logits, TARGET).backward()
    assert logits.dtype == np.float32
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_gradients_in_both_modes(attention):
    check_module(build("GRU", attention, bidirectional=True), SOURCE[:3], TARGET[:2])


def test_the_decoder_writes_in_a_passage_of_its_own_behind_the_encoders():
    model = build("GRU", nn.DotAttention)
    graph = tg.graph(nn.sequence_loss(model(SOURCE, TARGET), TARGET))
    states = [(n.scope[1], n.passage, n.step) for n in graph.nodes if n.role == "hidden_state"]
    assert states == [("encoder", 1, t) for t in range(1, 6)] + [("decoder", 2, t) for t in range(1, 5)]
    assert [(p.start, p.after) for p in graph.passages] == [(0, None), (0, (1, 5))]
    for name in ("y", "context"):
        assert [(n.passage, n.step) for n in graph.nodes if n.name == name] == [(2, t) for t in range(1, 5)]


def test_the_picture_shows_both_and_names_what_joins_them():
    model = build("GRU", nn.DotAttention)
    dot = viz.draw(nn.sequence_loss(model(SOURCE[:2], TARGET[:2]), TARGET[:2])).dot
    for label in ("h₁", "h₂", "ŷ₁", "ŷ₂", "memory", "keys", "context₁", "context₂", "h₀ = 0"):
        assert label in dot, label
    assert dot.count('label="h₁"') == 2  # each counts its own steps
    assert dot.count('label="h₀ = 0"') == 1  # the decoder starts from what the encoder ended with


def test_what_does_not_fit_is_said():
    model = build("GRU")
    with pytest.raises(tg.DTypeError, match="targets are float64"):
        model(SOURCE, TARGET * 1.0)
    with pytest.raises(tg.ShapeError, match="targets are not a batch"):
        model(SOURCE, TARGET[:, 0])
    for read in (model.encode, lambda source: nn.greedy_search(model, source, limit=3)):
        with pytest.raises(tg.ShapeError, match="source is not a batch"):
            read(SOURCE[:, 0])
    with pytest.raises(tg.ShapeError, match=r"state does not fit(.|\n)*decoder/rnn, step 1 of 4"):
        model(SOURCE, TARGET[:, :2])
    with pytest.raises(tg.ShapeError, match="batch_first"):
        nn.Encoder(nn.GRU(4, 5, batch_first=True))
    with pytest.raises(ValueError, match="nothing to look at"):
        build("GRU", nn.DotAttention).decoder([0, 0, 0], np.zeros((1, 3, 5)))


def pair(reader, writer, start=0, stop=1):
    encoder = nn.Encoder(reader, nn.Embedding(7, 4, rng=1))
    return nn.Seq2Seq(encoder, nn.Decoder(writer, nn.Embedding(6, 4, rng=3), rng=4), start=start, stop=stop)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: pair(nn.GRU(4, 5), nn.GRU(4, 6)), r"cannot start from the encoder's state"),
        (lambda: pair(nn.GRU(4, 5), nn.LSTM(4, 5)), r"state h \(1, 5\), c \(1, 5\)"),
        (lambda: pair(nn.GRU(4, 5, bidirectional=True), nn.GRU(4, 5)), r"expected  state h \(1, 10\)"),
        (lambda: pair(nn.GRU(4, 5, 2), nn.GRU(4, 5)), r"expected  state h \(2, 5\)"),
        (lambda: pair(nn.GRUCell(4, 5), nn.GRU(4, 5)), r"expected  state h \(5\)"),
        (lambda: pair(nn.GRU(4, 5), nn.GRU(4, 5, bidirectional=True)), "Decoder: its layer is bidirectional"),
        (lambda: pair(nn.GRU(4, 5), nn.GRU(4, 5), stop=6), "stop=6"),
        (lambda: pair(nn.GRU(4, 5), nn.GRU(4, 5), start=-1), "start=-1"),
    ],
)
def test_two_that_do_not_fit_are_refused_when_they_meet(made, said):
    with pytest.raises(tg.ShapeError, match=said):
        made()


class Letters(nn.Module):
    """An embedding that is none of the library's: of two tables, added up."""

    def __init__(self, rng):
        self.first, self.second = (nn.Embedding(6, 4, dtype=np.float64, rng=rng) for _ in range(2))

    def forward(self, ids):
        return self.first(ids) + self.second(ids)


def fed(kind="LSTM", cell=False, layers=1, embedding=None, **options):
    """A Seq2Seq whose decoder is fed with what it attended to."""
    rng = np.random.default_rng(3)
    common = {"dtype": np.float64, "rng": rng}
    make = getattr(nn, f"{kind}Cell" if cell else kind)
    sizes = () if cell else (layers,)
    reads, writes = make(4, 5, *sizes, **common), make(9, 5, *sizes, **common)
    look = nn.DotAttention(5, 5, **common)
    embedding = nn.Embedding(6, 4, **common) if embedding is None else embedding
    decoder = nn.Decoder(writes, embedding, look, input_feeding=True, **options, **common)
    return nn.Seq2Seq(nn.Encoder(reads, nn.Embedding(7, 4, **common)), decoder, start=0, stop=1)


@pytest.mark.parametrize("cell", [False, True])
def test_input_feeding_is_that_of_luong_in_torch(cell):
    torch = require_torch()
    model = fed(cell=cell)
    logits = model(SOURCE, TARGET)
    nn.sequence_loss(logits, TARGET).backward()
    p = {name.replace("_l0", ""): torch.tensor(v, requires_grad=True) for name, v in model.state_dict().items()}

    def step(prefix, x, state):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = {name: p[f"{prefix}.{name}"] for name in names}
        lstm = torch.nn.LSTMCell(weights["weight_ih"].shape[1], 5, dtype=torch.float64)
        return torch.func.functional_call(lstm, weights, (x, state))

    state = (torch.zeros(3, 5, dtype=torch.float64),) * 2
    memory = []
    for ids in SOURCE:
        state = step("encoder.rnn", p["encoder.embedding.weight"][torch.tensor(ids)], state)
        memory.append(state[0])
    memory = torch.stack(memory)
    attended, token, expected = torch.zeros(3, 5, dtype=torch.float64), np.zeros(3, int), []
    for ids in TARGET:
        x = torch.cat([p["decoder.embedding.weight"][torch.tensor(token)], attended], -1)
        state = step("decoder.rnn", x, state)
        scores = torch.einsum("bh,sbh->bs", state[0], memory @ p["decoder.attention.key.weight"].T)
        context = torch.einsum("bs,sbh->bh", torch.softmax(scores, -1), memory)
        both = torch.cat([context, state[0]], -1)
        attended = torch.tanh(both @ p["decoder.combine.weight"].T + p["decoder.combine.bias"])
        expected.append(attended @ p["decoder.head.weight"].T + p["decoder.head.bias"])
        token = ids
    expected = torch.stack(expected)
    torch.nn.functional.cross_entropy(expected.reshape(-1, 6), torch.tensor(TARGET).reshape(-1)).backward()
    np.testing.assert_allclose(logits.data, expected.detach(), **CLOSE)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad.data, p[name.replace("_l0", "")].grad, err_msg=name, **CLOSE)


@pytest.mark.parametrize("layers", [1, 2])
def test_input_feeding_under_every_kind_of_forcing_in_rows_and_in_a_plan(layers):
    model = fed("GRU", layers=layers)
    logits = model(SOURCE, TARGET, LENGTHS)
    for b, n in enumerate(LENGTHS):
        np.testing.assert_allclose(logits.data[:, [b]], model(SOURCE[:n, [b]], TARGET[:, [b]]).data, **CLOSE)
    free = model(SOURCE, TARGET, LENGTHS, teacher_forcing=0.0)
    np.testing.assert_allclose(model(SOURCE, np.argmax(free.data, -1), LENGTHS).data, free.data, **CLOSE)
    check_module(model, SOURCE[:3], TARGET[:2])
    planned = tg.compile(lambda source, target: nn.sequence_loss(model(source, target), target))
    for _ in range(2):
        assert planned(SOURCE, TARGET).item() == pytest.approx(nn.sequence_loss(model(SOURCE, TARGET), TARGET).item())
    greedy = nn.greedy_search(model, SOURCE, LENGTHS, limit=6)
    beams = nn.beam_search(model, SOURCE, LENGTHS, limit=6, beam=1)
    assert [w.ids for w in greedy] == [found[0].ids for found in beams]
    nn.beam_search(model, SOURCE, LENGTHS, limit=6, beam=3)


def test_what_is_fed_is_seen_in_the_record_and_in_the_picture():
    model = fed("GRU")
    loss = nn.sequence_loss(model(SOURCE[:2], TARGET[:2]), TARGET[:2])
    graph = tg.graph(loss)
    assert [(n.passage, n.step) for n in graph.nodes if n.name == "attended"] == [(2, 0), (2, 1), (2, 2)]
    states = [(n.scope[1], n.passage, n.step) for n in graph.nodes if n.role == "hidden_state"]
    assert states == [("encoder", 1, 1), ("encoder", 1, 2), ("decoder", 2, 1), ("decoder", 2, 2)]
    dot = viz.draw(loss).dot
    for text in ("attended₀ = 0", "attended₁", "x+attended₂"):
        assert text in dot, text


def test_a_decoder_over_any_embedding_with_dropout():
    model = fed("GRU", embedding=Letters(0), vocabulary_size=6, dropout=0.5)
    assert model.decoder.dropout == 0.5
    assert not np.array_equal(model(SOURCE, TARGET).data, model(SOURCE, TARGET).data)
    assert np.array_equal(model.eval()(SOURCE, TARGET).data, model(SOURCE, TARGET).data)
    model.train()
    planned = tg.compile(model)
    first, second = planned(SOURCE, TARGET).data, planned(SOURCE, TARGET).data
    assert not np.array_equal(first, second)  # a plan draws anew as well
    model.decoder.dropout = 0.0
    assert np.array_equal(model(SOURCE, TARGET).data, model(SOURCE, TARGET).data)
    assert "dropout" in dict(model.decoder.named_modules())
    one_hot = nn.Decoder(nn.GRU(6, 5, rng=0), nn.OneHot(6), rng=0)
    logits, _ = one_hot([0, 1, 5], np.zeros((1, 3, 5), np.float32))
    assert (logits.shape, logits.dtype) == ((3, 6), np.float32)
    assert "Decoder(vocabulary_size=6, dropout=0.1)" in repr(nn.Decoder(nn.GRU(6, 5), nn.OneHot(6), dropout=0.1))


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        (
            lambda: nn.Decoder(nn.GRU(4, 5), Letters(0)),
            tg.OptionError,
            "Letters does not say how many(.|\n)*vocabulary",
        ),
        (lambda: nn.Decoder(nn.GRU(4, 5), Letters(0), vocabulary_size=0), tg.ShapeError, "vocabulary_size=0"),
        (lambda: nn.Decoder(nn.GRU(3, 5), nn.Embedding(6, 4)), tg.ShapeError, "input_size 4: 4 of the embedding"),
        (
            lambda: nn.Decoder(nn.GRU(4, 5), nn.Embedding(6, 4), nn.DotAttention(5, 5), input_feeding=True),
            tg.ShapeError,
            r"input_size 9: 4 of the embedding \+ 5 that are fed",
        ),
        (lambda: nn.Decoder(nn.GRU(9, 5), nn.Embedding(6, 4), input_feeding=True), tg.OptionError, "without attention"),
        (lambda: nn.Decoder(nn.GRU(4, 5), nn.Embedding(6, 4), dropout=1.0), tg.OptionError, "Decoder: dropout=1.0"),
        (lambda: nn.Decoder(nn.GRU(4, 5), nn.Embedding(6, 4), input_feeding=1), tg.OptionError, "input_feeding=1"),
        (lambda: setattr(build().decoder, "dropout", "0"), tg.OptionError, "Decoder: dropout='0'"),
    ],
)
def test_a_decoder_that_cannot_be_is_said(made, error, said):
    with pytest.raises(error, match=said):
        made()
