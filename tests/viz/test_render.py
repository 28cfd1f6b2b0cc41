"""Pictures come out of either engine, say what they show, and never as boxes instead of letters."""

import re
import stat
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import viz
from tests.viz.samples import net
from tinygrad_rnn.errors import OptionError, TinygradError
from viz.paint import render

SVG = "{http://www.w3.org/2000/svg}"


def test_svg_is_xml_with_role_title_and_a_description_that_names_steps_and_shared_weights():
    root = ET.fromstring(viz.draw(net("LSTM")).svg())
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "LSTM, 3 steps: the same 6 weights at every step"
    description = root.find(f"{SVG}desc").text
    assert "steps 1, 2, 3" in description
    assert "W_hh (16, 4) ×3" in description
    assert root.get("aria-labelledby").split() == [root.find(f"{SVG}{name}").get("id") for name in ("title", "desc")]


def test_two_pictures_can_share_a_page():
    drawing = viz.draw(net("RNN"))
    one, two = (set(re.findall(r'\bid="([^"]+)"', drawing.svg())) for _ in range(2))
    assert one
    assert not one & two


def test_png_has_its_signature_and_the_size_of_the_picture():
    data = viz.draw(net("RNN")).png()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width > height > 500


@pytest.mark.parametrize("suffix", [".svg", ".png", ".dot"])
def test_save_writes_what_the_suffix_says(tmp_path, suffix):
    path = viz.draw(net("GRU")).save(tmp_path / f"net{suffix}")
    assert path.read_bytes()[:4] == {".svg": b"<svg", ".png": b"\x89PNG", ".dot": b"digr"}[suffix]


def test_save_refuses_another_suffix(tmp_path):
    with pytest.raises(OptionError, match=r"'net\.gif'\n  expected  a name that ends in \.svg or \.png or \.dot"):
        viz.draw(net("RNN")).save(tmp_path / "net.gif")


def test_repr_is_one_line_with_the_size_that_is_painted():
    drawing = viz.draw(net("RNN", 2), title="two\nlines")
    root = ET.fromstring(drawing.svg())
    width, height = (float(root.get(side).removesuffix("pt")) for side in ("width", "height"))
    assert drawing.size == pytest.approx((width, height), abs=8)  # Graphviz measures arrows and title for itself
    picture = [node.get("class") or "" for node in root.iter()]
    shapes, arrows = (sum(name.startswith(kind) for name in picture) for kind in ("node", "edge"))
    w, h = drawing.size
    assert repr(drawing) == f"<Drawing 'two\\nlines', {w} × {h} pt, {shapes} shapes, {arrows} arrows>"


def test_repr_never_raises(monkeypatch):
    drawing = viz.draw(net("RNN"))
    assert drawing._repr_mimebundle_()["image/svg+xml"].startswith("<svg")
    monkeypatch.setattr(render, "_run", lambda *_: (_ for _ in ()).throw(RuntimeError(render.NO_GRAPHVIZ)))
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "pip install pygraphviz" in bundle["text/plain"]


def test_without_any_graphviz_the_error_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(render.shutil, "which", lambda _: None)
    monkeypatch.setattr(render, "find_spec", lambda _: None)
    with pytest.raises(RuntimeError, match="apt install graphviz") as refused:
        viz.draw(net("RNN")).svg()
    assert isinstance(refused.value, TinygradError)
    assert str(refused.value).splitlines()[0] == "viz: there is no Graphviz on this machine"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")
def test_a_program_on_the_path_is_used_without_its_own_layout(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\ncat >/dev/null\necho "$@" > "$0.args"\necho "<svg width=\'1\'>"\necho "</svg>"\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert viz.draw(net("RNN")).svg().startswith("<svg role=")
    assert {"-Kneato", "-n2"} <= set((tmp_path / "dot.args").read_text().split())


def test_a_machine_without_fonts_gets_matplotlibs_or_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(render, "_system_fonts", lambda: iter(()))
    monkeypatch.setattr(render, "_matplotlib_fonts", lambda: None)
    with pytest.raises(RuntimeError, match="no font on this machine"):
        viz.draw(net("RNN")).png()
    monkeypatch.setattr(render, "_matplotlib_fonts", lambda: Path("/usr/share/fonts"))
    assert viz.draw(net("RNN")).png()[:4] == b"\x89PNG"
