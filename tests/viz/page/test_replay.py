"""The page's frames are the run: in the order of the tape, with the numbers that an independent replay finds."""

import re

import numpy as np
import pytest

import viz
from tests.viz.page.nets import NETS
from tests.viz.page.replay import Replayed

ROWS = """() => [...document.querySelectorAll("details.table tbody tr")].map((row) =>
    [row.cells[0].textContent, row.cells[6].textContent, row.cells[7].textContent, row.cells[8].textContent])"""


def numbers(said):
    """The numbers in a text of the page, whose minus is a minus."""
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", said.replace("−", "-"))]


def shown(x):
    """A number with the digits that are shown."""
    return float(f"{x:.3e}")


def same(x, y):
    """Equal to the digits shown; the last digit may fall to either side of a half."""
    return x == y or abs(x - y) <= 1.001 * 10.0 ** (np.floor(np.log10(abs(y))) - 3) if y else abs(x) < 1e-14


def check_value(said, value):
    if value.size <= 16:
        expected = value.ravel()
    else:
        expected = np.array([np.linalg.norm(value), value.min(), value.max()])
    found = numbers(said)
    assert len(found) == len(expected)
    assert all(same(a, shown(b)) for a, b in zip(found, expected, strict=True)), (said, expected)


@pytest.mark.parametrize("name", NETS)
def test_every_frame_has_the_numbers_of_an_independent_replay(name, opened):
    loss, parameters = NETS[name]()
    replayed = Replayed(loss)
    page = opened(viz.draw(loss).html())
    page.locator("details.table summary").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="first frame").click()
    page.get_by_role("button", name="by op").click()
    ops = [id for id, node in enumerate(replayed.nodes) if node.op]
    back = [id for id in reversed(ops) if replayed.nodes[id].requires_grad]
    order = [("start", None), *(("forward", id) for id in ops), ("seed", None), *(("backward", id) for id in back)]
    counts = [0] * len(replayed.nodes)
    made = {id for id, node in enumerate(replayed.nodes) if node.op is None}
    checked = 0
    for k, (phase, id) in enumerate(order):
        made |= {id} if phase == "forward" else set()
        if phase == "backward":
            for used, _ in zip(replayed.nodes[id].inputs, replayed.nodes[id].args, strict=True):
                if used is not None and used.requires_grad:
                    counts[replayed.ids[used]] += 1
        for node, (_, value, norm, terms) in enumerate(page.evaluate(ROWS)):
            if node not in made:
                assert value == "not computed yet"
                continue
            check_value(value, replayed.values[node])
            total = len(replayed.sums[node])
            if node == len(counts) - 1 and (phase in ("seed", "backward")):
                assert norm == "1"
            elif counts[node]:
                assert terms == f"{counts[node]} of {total}"
                assert same(numbers(norm)[0], shown(np.linalg.norm(replayed.sums[node][counts[node] - 1])))
                checked += 1
            else:
                assert norm == "–"
        assert page.locator("footer .frame").inner_text() == f"{k} / {len(order) - 1}"
        page.keyboard.press(".")
    assert checked > len(order)
    loss.backward()
    for parameter in parameters:
        if parameter.grad is not None:
            node = replayed.ids[parameter.node]
            np.testing.assert_allclose(replayed.sums[node][-1], parameter.grad.data, rtol=1e-10, atol=1e-14)
            norm = page.evaluate(ROWS)[node][2]
            assert same(numbers(norm)[0], shown(np.linalg.norm(parameter.grad.data)))
