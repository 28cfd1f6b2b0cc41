"""Parts of a model closed to one box each."""

import pytest

import viz
from tests.viz.reading import read
from tests.viz.topologies import TOPOLOGIES
from tinygrad_rnn.errors import OptionError


def closed(name, fold, **options):
    return read(viz.draw(TOPOLOGIES[name](), fold=fold, **options).dot)


def parts(page):
    return [shape for shape in page.drawn if shape.kind == "part"]


@pytest.mark.parametrize("view", ["cell", "gate", "op"])
def test_a_part_that_runs_through_time_is_one_box_for_all_its_steps(view):
    page = closed("sequence to sequence", "encoder", view=view)
    (encoder,) = parts(page)
    assert encoder.label == "encoder: Encoder\n3 steps"
    assert encoder.attributes["shape"] == "folder"
    assert not [shape for shape in page.drawn if "encoder" in shape.label and shape is not encoder]
    assert {line.target for line in page.uses if line.source == encoder.id}


def test_a_part_inside_each_step_is_one_box_at_each_step():
    page = closed("character model, lstm, step by step", "head")
    assert [shape.label for shape in parts(page)] == [f"head: Linear\nt = {t}" for t in (1, 2, 3)]
    assert [line.uses for line in page.uses if line.source in {shape.id for shape in parts(page)}]


def test_several_parts_by_name_or_by_path():
    named = closed("sequence to sequence", ["encoder", "decoder"])
    assert [shape.label.split(":")[0] for shape in parts(named)] == ["encoder", "decoder"]
    (inner,) = parts(closed("sequence to sequence", "encoder/embedding"))
    assert inner.label.startswith("embedding")
    assert closed("sequence to sequence", []).shapes == closed("sequence to sequence", ()).shapes
    assert not parts(closed("sequence to sequence", ()))


@pytest.mark.parametrize("fold", ["coder", "rnn/encoder", "", 3, ["encoder", "x"]])
def test_a_part_that_there_is_not_is_refused_with_those_there_are(fold):
    wrong = fold[-1] if isinstance(fold, list) else fold
    if not isinstance(fold, str | list):
        fold = [fold]
    with pytest.raises(OptionError) as refused:
        viz.draw(TOPOLOGIES["sequence to sequence"](), fold=fold)
    first, expected, *_ = str(refused.value).splitlines()
    assert first == f"viz.draw: fold={wrong!r} is not a part of this graph"
    assert "one of Seq2Seq, " in expected
    assert ", Seq2Seq/encoder, Seq2Seq/encoder/embedding, Seq2Seq/encoder/rnn, " in expected


def test_without_scopes_nothing_can_be_closed():
    with pytest.raises(OptionError, match="expected  a graph with scopes"):
        viz.draw(TOPOLOGIES["square"](), fold="head")
