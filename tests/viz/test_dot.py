"""The text: the same bytes every time, and names that stay text whatever they contain."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.samples import net

HOSTILE = '<b>&amp;"{x|y}\\N\\ é'


@pytest.mark.parametrize("view", ["cell", "op"])
def test_same_graph_same_bytes_whatever_the_hash_seed(view):
    code = f"""
import sys, viz
from tests.viz.samples import net
sys.stdout.write(viz.draw(net('LSTM', 2, 2), view={view!r}).dot)
"""
    there = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={**there, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    ]
    assert runs[0] == runs[1] == viz.draw(net("LSTM", 2, 2), view=view).dot.encode()


def test_hostile_names_come_out_as_text():
    w = tg.tensor([1.0], requires_grad=True, name=HOSTILE)
    drawing = viz.draw(w * w, title=HOSTILE)
    texts = ["".join(node.itertext()) for node in ET.fromstring(drawing.svg()).iter() if node.tag.endswith("}text")]
    assert HOSTILE in texts
    assert f"{HOSTILE} (1,) ×2" in texts


def test_every_shape_and_edge_has_an_id_a_class_and_a_tooltip():
    lines = [line for line in viz.draw(net("GRU"), view="op").dot.splitlines() if line.lstrip().startswith('"n_')]
    assert len(lines) > 100
    assert all(all(f" {key}=" in line or f"[{key}=" in line for key in ("id", "class", "tooltip")) for line in lines)


def test_a_shared_weight_is_marked():
    line = next(line for line in viz.draw(net("RNN")).dot.splitlines() if line.startswith('  "n_W_hh" ['))
    assert 'class="node-param shared"' in line
    assert 'peripheries="2"' in line
    assert 'label="W_hh (4, 4) ×3"' in line


def test_the_three_kinds_of_no_gradient_never_look_alike():
    from viz.paint.heat import HEAT, heat

    looks = [heat(None), heat(0.0), heat(float("nan")), heat(1e-30)]
    assert len(set(looks)) == 4
    assert heat(float("inf")) == heat(float("nan"))
    assert looks[3][0] == HEAT[0]
