"""The view of cells with one column opened: as clear and as true as every other picture, of every topology."""

import pytest

from tests.viz.geometry import offences
from tests.viz.reading import read
from tests.viz.topologies import TOPOLOGIES
from tests.viz.truth import lies
from viz.fit import fitted
from viz.layout.captions import captions
from viz.paint.dot import source
from viz.paint.theme import LIGHT
from viz.views import picture


def columns(graph):
    """The first, a middle and the last column in which a layer is closed to a box."""
    found = sorted({item.column for item in picture(graph).items if item.kind == "box"})
    return sorted({found[0], found[len(found) // 2], found[-1]}) if found else []


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_it_is_clear_and_true(name):
    graph = TOPOLOGIES[name]().graph(values=True, gradients=True)
    for column in columns(graph):
        drawn = picture(graph, gradients=True, values=True, brief=True, opened_at=column)
        plan = fitted(drawn)
        page = read(source(plan, captions(plan, []), LIGHT, ""))
        assert [str(offence) for offence in offences(page)] == []
        assert [str(lie) for lie in lies(page, graph, "cell", gradients=True)] == []
        framed = {item.column for item in plan.picture.items if plan.picture.is_framed(item)}
        assert framed <= {column}
