"""Views: one value each, in the registry that draw() and the command line read."""

import pytest

import viz
from tests.viz.samples import net
from tinygrad_rnn.cli import parser
from viz.scene.groups import contracted
from viz.views import VIEWS, View


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_says_what_it_shows_wherever_one_can_choose_it(name, capsys):
    assert f"    {name}: {VIEWS[name].shows}" in viz.draw.__doc__.splitlines()
    with pytest.raises(SystemExit):
        parser().parse_args(["draw", "--help"])
    assert f"{name}: {VIEWS[name].shows}" in " ".join(capsys.readouterr().out.split())


def test_a_view_that_is_added_to_the_registry_can_be_drawn_at_once(monkeypatch):
    loose = View("loose", "boxes with an arrow for each use", contracted, opened=False, merged=False)
    monkeypatch.setitem(VIEWS, "loose", loose)
    assert parser().parse_args(["draw", "--view", "loose"]).view == "loose"
    boxes, arrows = viz.draw(net("GRU"), view="cell"), viz.draw(net("GRU"), view="loose")
    assert boxes.shapes == arrows.shapes
    assert boxes.arrows < arrows.arrows
