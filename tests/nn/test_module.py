import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.nn.module import evaluating


class Tied(nn.Module):
    def __init__(self):
        self.encoder = nn.Linear(4, 4, rng=0)
        self.decoder = nn.Linear(4, 4, rng=1)
        self.decoder.weight = self.encoder.weight
        self.extra = [nn.Linear(4, 2, bias=False, rng=2), nn.Dropout(0.5)]

    def forward(self, x):
        return self.extra[0](self.decoder(self.encoder(x)))


def test_a_shared_parameter_is_listed_once_under_its_first_name():
    names = [name for name, _ in Tied().named_parameters()]
    assert names == ["encoder.weight", "encoder.bias", "decoder.bias", "extra.0.weight"]


def test_parameters_are_leaves_labelled_with_their_attribute():
    p = nn.Linear(2, 3, rng=0).weight
    assert p.requires_grad
    assert p.is_leaf
    assert p.node.label == ("parameter", "weight")


def test_calls_open_a_scope_named_after_the_attribute():
    model = Tied()
    found = tg.graph(model(np.ones((1, 4), np.float32)).sum())
    assert {node.scope for node in found.nodes if node.op == "inner"} == {
        ("Tied", "encoder"),
        ("Tied", "decoder"),
        ("Tied", "extra.0"),
    }


def test_state_dict_is_a_copy_and_loads_back():
    a, b = Tied(), nn.Linear(4, 4, rng=3)
    state = a.state_dict()
    state["encoder.weight"][:] = 7
    assert not (a.encoder.weight.data == 7).any()
    b.load_state_dict(a.encoder.state_dict())
    assert np.array_equal(b.weight.data, a.encoder.weight.data)


def test_a_state_that_does_not_fit_names_every_fault_and_changes_nothing():
    model = nn.Linear(4, 3, rng=0)
    before = model.state_dict()
    with pytest.raises(tg.CheckpointError) as raised:
        model.load_state_dict({"weight": np.zeros((3, 5)), "offset": np.zeros(3)})
    message = str(raised.value)
    assert "weight has shape (3, 5), the model's is (3, 4)" in message
    assert "bias is missing" in message
    assert "offset is unexpected" in message
    assert all(np.array_equal(before[k], model.state_dict()[k]) for k in before)


@pytest.mark.parametrize("bad", [np.array([1j]), [["a"]], [[1.0], [1.0, 2.0]]], ids=["complex", "text", "ragged"])
def test_what_is_no_array_of_real_numbers_is_refused_before_anything_is_assigned(bad):
    model = nn.Linear(1, 1, rng=0)
    before = model.weight.item()
    with pytest.raises(tg.CheckpointError, match="bias"):
        model.load_state_dict({"weight": [[9.0]], "bias": bad})
    assert model.weight.item() == before


def test_torchs_state_and_numpys_files_load(tmp_path):
    torch = require_torch()
    theirs, ours = torch.nn.LSTM(3, 4, 2), nn.LSTM(3, 4, 2, rng=0)
    ours.load_state_dict(theirs.state_dict())
    np.savez(tmp_path / "a.npz", **ours.state_dict())
    again = nn.LSTM(3, 4, 2, rng=1)
    again.load_state_dict(np.load(tmp_path / "a.npz"))
    for name, values in theirs.state_dict().items():
        assert np.array_equal(again.state_dict()[name], values.numpy()), name


def test_parameters_in_lists_and_dicts_are_found():
    class Many(nn.Module):
        def __init__(self):
            self.weights = [nn.Parameter([1.0]), nn.Parameter([2.0])]
            self.named = {"a": nn.Parameter([3.0])}

    assert [name for name, _ in Many().named_parameters()] == ["weights.0", "weights.1", "named.a"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_a_copy_computes_with_its_own_parameters(copied):
    model = nn.LSTM(3, 4, 2, rng=0)
    twin = copied(model)
    twin(np.ones((2, 3)))[0].sum().backward()
    assert all(p.grad is not None for p in twin.parameters())
    assert all(p.grad is None for p in model.parameters())
    assert list(twin.state_dict()) == list(model.state_dict())


def test_arrays_lists_and_integers_take_the_layers_dtype():
    for layer in (nn.Linear(2, 4), nn.GRUCell(2, 4), lambda x: nn.GRU(2, 4)(x)[0]):
        for x in ([[1, 2]], np.ones((1, 2)), tg.tensor([[1, 2]])):
            assert layer(x).dtype == np.float32
    prediction = tg.tensor(np.ones(2, np.float32))
    assert nn.mse_loss(prediction, np.zeros(2)).dtype == np.float32
    assert nn.cross_entropy([[0.0, 0.0]], [1]).item() == pytest.approx(np.log(2))


def test_names_on_one_side_only_may_be_skipped():
    model = nn.Linear(2, 2, rng=0)
    model.load_state_dict({"bias": np.ones(2), "more": np.ones(9)}, strict=False)
    assert model.bias.tolist() == [1, 1]


def test_train_and_eval_reach_every_module():
    model = Tied()
    assert not model.eval().extra[1].training
    assert model.train().extra[1].training


def test_evaluating_puts_every_module_back_into_its_own_mode_also_after_an_exception():
    model = Tied()
    model.encoder.eval()
    before = [module.training for module in model.modules()]
    assert before == [True, False, True, True, True]
    with evaluating(model):
        assert not any(module.training for module in model.modules())
        with evaluating(model.decoder):  # within one another
            pass
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before
    with pytest.raises(ZeroDivisionError), evaluating(model):
        1 / 0
    assert [module.training for module in model.modules()] == before


def test_the_base_classes_say_what_is_missing():
    with pytest.raises(TypeError, match="defines no forward"):
        nn.Module()(1)
    with pytest.raises(TypeError, match="defines no step"):
        nn.Cell(2, 2)(np.ones(2, np.float32))


def test_dropout_keeps_the_mean_and_stops_in_eval():
    x = tg.tensor(np.ones((200, 200), np.float32), requires_grad=True)
    drop = nn.Dropout(0.25, rng=0)
    y = drop(x)
    assert y.dtype == np.float32
    assert set(np.unique(y.data)) == {0, np.float32(1 / 0.75)}
    assert abs(y.mean().item() - 1) < 0.01  # 40,000 draws: the mean's standard deviation is 0.003
    y.sum().backward()
    assert np.array_equal(x.grad.data, y.data)
    assert drop.eval()(x) is x
    with pytest.raises(ValueError, match="a probability"):
        nn.Dropout(1.0)


def test_embedding_is_one_hot_times_its_table_and_adds_up_duplicates():
    layer = nn.Embedding(5, 3, rng=0, dtype=np.float64)
    ids = np.array([[1, 1], [4, 0]])
    weights = np.arange(12.0).reshape(2, 2, 3)
    (layer(ids) * weights).sum().backward()
    one_hot = np.eye(5)[ids]
    assert np.allclose(layer(ids).data, one_hot @ layer.weight.data)
    assert np.allclose(layer.weight.grad.data, np.einsum("abv,abe->ve", one_hot, weights))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: nn.Linear(3, 2)(np.ones((4, 5), np.float32)), tg.ShapeError, "x has 5 features, the layer takes 3"),
        (lambda: nn.Linear(3, 2)(1.0), tg.ShapeError, "x has no features"),
        (lambda: nn.Linear(-3, 2), tg.ShapeError, "must not be negative"),
        (lambda: nn.Embedding(-3, 2), tg.ShapeError, "sizes must be positive"),
        (lambda: nn.GRUCell(3, 2)(np.ones(3), ([[1], [1, 2]],)), tg.ShapeError, "not a rectangular"),
        (lambda: nn.Embedding(3, 2)([0, 3]), tg.ShapeError, "outside the table of 3 rows"),
        (lambda: nn.Embedding(3, 2)([0.5]), tg.DTypeError, "the ids are float64"),
        (
            lambda: nn.LSTMCell(10, 4)(np.ones((2, 12), np.float32)),
            tg.ShapeError,
            "x has 12 features, the cell takes 10",
        ),
        (lambda: nn.LSTMCell(3, 4)(np.ones((2, 3)), np.ones((2, 4))), tg.ShapeError, "state does not fit"),
        (lambda: nn.GRUCell(3, 4)(np.ones((5, 2, 3))), tg.ShapeError, "takes one step; GRU takes sequences"),
        (lambda: nn.GRU(3, 4)(np.ones((5, 2, 4))), tg.ShapeError, "x has 4 features, the layer takes 3"),
        (lambda: nn.RNN(3, 4)(np.ones(3)), tg.ShapeError, "x has 1 axes"),
        (lambda: nn.RNN(3, 4)(np.ones((0, 2, 3))), tg.ShapeError, "no steps"),
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3)), np.ones((1, 2, 4))), tg.ShapeError, "initial state does not fit"),
        (lambda: nn.GRU(3, 4, 0), tg.ShapeError, "num_layers=0"),
        (lambda: nn.GRU(3, 0), tg.ShapeError, "sizes must be positive"),
        (lambda: nn.RNN(3, 4, nonlinearity="cubic"), ValueError, "'tanh' or 'relu'"),
        (lambda: nn.RNN(3, 4, recurrent_init="odd"), ValueError, "'orthogonal'"),
        (lambda: nn.LSTM(3, 4, bias=False, forget_bias=1.0), ValueError, "needs bias=True"),
        (
            lambda: nn.cross_entropy(tg.tensor(np.ones((2, 3))), [0, 3]),
            tg.ShapeError,
            "a target is not one of the classes",
        ),
        (lambda: nn.cross_entropy(tg.tensor(np.ones((2, 3))), [0]), tg.ShapeError, "do not match"),
        (lambda: nn.cross_entropy(tg.tensor(np.ones((2, 3))), [0.0, 1.0]), tg.DTypeError, "targets are float64"),
        (lambda: nn.mse_loss(tg.tensor(np.ones(2)), np.ones(3)), tg.ShapeError, "the shapes differ"),
        (lambda: nn.mse_loss(tg.tensor(np.ones(2)), np.ones(2), "max"), ValueError, "'mean', 'sum' or 'none'"),
        (lambda: nn.init.orthogonal((2, 3, 4)), tg.ShapeError, "only for matrices"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_an_error_says_where_in_the_model_it_happened():
    class Model(nn.Module):
        def __init__(self):
            self.encoder = nn.Linear(3, 2)

        def forward(self, x):
            return nn.unroll(lambda x_t, s: (self.encoder(x_t), s), x, None)

    with pytest.raises(tg.ShapeError, match=r"where +Model/encoder, step 1 of 4"):
        Model()(np.ones((4, 2, 5), np.float32))
