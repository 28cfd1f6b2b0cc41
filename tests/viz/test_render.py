"""Pictures come out of either engine, say what they show, and never as boxes instead of letters."""

import io
import math
import re
import shutil
import stat
import struct
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import viz
from tests.viz.samples import net
from tinygrad_rnn.errors import OptionError, TinygradError
from viz.paint import fonts, render
from viz.paint.dot import quote
from viz.paint.failures import RenderError
from viz.paint.heat import heat
from viz.paint.theme import FALLBACK, FONT
from viz.scene.words import plain_text

SVG = "{http://www.w3.org/2000/svg}"


def test_svg_is_xml_with_role_title_and_a_description_that_names_steps_and_shared_weights():
    root = ET.fromstring(viz.draw(net("LSTM")).svg())
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "LSTM, 3 steps: the same 6 weights at every step"
    description = root.find(f"{SVG}desc").text
    assert "steps 1, 2, 3" in description
    assert "W_hh (16, 4) ×3" in description
    assert root.get("aria-labelledby").split() == [root.find(f"{SVG}{name}").get("id") for name in ("title", "desc")]


def ids(svg):
    return set(re.findall(r'\bid="([^"]+)"', svg))


def test_two_pictures_can_share_a_page():
    one, two = (ids(viz.draw(net("RNN"), view=view).svg()) for view in ("cell", "op"))
    assert one
    assert not one & two
    dot = viz.draw(net("RNN")).dot
    assert not ids(render.svg(dot, "one", "a net")) & ids(render.svg(dot, "two", "a net"))


def test_the_same_picture_is_the_same_svg_each_time():
    drawing = viz.draw(net("RNN"))
    assert drawing.svg() == drawing.svg() == viz.draw(net("RNN")).svg()


def test_png_has_its_signature_and_the_size_of_the_picture():
    data = viz.draw(net("RNN")).png()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width > height > 500


@pytest.mark.parametrize("suffix", [".svg", ".png", ".PDF", ".dot"])
def test_save_writes_what_the_suffix_says(tmp_path, suffix):
    path = viz.draw(net("GRU")).save(tmp_path / f"net{suffix}")
    assert path.read_bytes()[:4] == {".svg": b"<svg", ".png": b"\x89PNG", ".PDF": b"%PDF", ".dot": b"digr"}[suffix]


def test_save_refuses_another_suffix(tmp_path):
    formats = r"\.svg or \.png or \.pdf or \.html or \.dot or \.json or \.mmd"
    with pytest.raises(OptionError, match=rf"'net\.gif'\n  expected  a name that ends in {formats}"):
        viz.draw(net("RNN")).save(tmp_path / "net.gif")


def test_repr_is_one_line_with_the_size_that_is_painted():
    drawing = viz.draw(net("RNN", 2), title="two\nlines", legend=False)
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
    monkeypatch.setattr(fonts, "_system_fonts", lambda: iter(()))
    monkeypatch.setattr(fonts, "_matplotlib_fonts", lambda: None)
    with pytest.raises(RuntimeError, match="no font on this machine"):
        viz.draw(net("RNN")).png()
    monkeypatch.setattr(fonts, "_matplotlib_fonts", lambda: Path("/usr/share/fonts"))
    assert viz.draw(net("RNN")).png()[:4] == b"\x89PNG"


# what follows is tried with the program, where there is one, and with the library


@pytest.fixture(params=["program", "library"])
def engine(request, monkeypatch):
    """Paint with one of the two engines, whatever else the machine has."""
    which = shutil.which
    if request.param == "program" and not which("dot"):
        pytest.skip("there is no dot on this machine")
    if request.param == "library":
        pytest.importorskip("pygraphviz")
        monkeypatch.setattr(shutil, "which", lambda name: None if name == "dot" else which(name))
    return request.param


def size_of(data):
    return struct.unpack(">II", data[16:24])


def test_each_engine_paints_each_format(engine, capfd):
    drawing = viz.draw(net("LSTM", 2), gradients=True)
    root = ET.fromstring(render.svg(drawing.dot, drawing.title, drawing.description))
    assert root.find(f"{SVG}title").text == drawing.title
    assert render.png(drawing.dot)[:8] == b"\x89PNG\r\n\x1a\n"
    assert render.pdf(drawing.dot)[:5] == b"%PDF-"
    assert capfd.readouterr() == ("", "")  # neither Graphviz nor fontconfig says anything


def test_positions_are_those_of_the_text(engine):
    node = 'digraph unrolled {\n  graph [bb="0,0,300,50"];\n  %s [pos="%d,20"];\n  %s [pos="%d,20"];\n}\n'
    root = ET.fromstring(render.svg(node % ("a", 30, "b", 270), "t", "d"))
    xs = [float(ellipse.get("cx")) for ellipse in root.iter(f"{SVG}ellipse")]
    assert abs(xs[0] - xs[1]) == pytest.approx(240, abs=0.1)


def test_dpi_is_the_number_of_pixels_to_an_inch(engine):
    dot = viz.draw(net("RNN")).dot
    for dpi in (36, 72, 100.5):
        for side, points in zip(size_of(render.png(dot, dpi)), render._points(dot), strict=True):
            assert side == pytest.approx(points * dpi / 72, rel=0.01)  # Graphviz measures arrows and title for itself
    assert render.png(dot) == render.png(dot, 144)


@pytest.mark.parametrize("dpi", [0, -1, 0.5, float("nan"), float("inf"), "144", None, True])
def test_a_dpi_that_makes_no_picture_is_refused(dpi):
    with pytest.raises(OptionError, match=r"Drawing.png: dpi=.* is out of range\n  expected  a number of at least 1"):
        render.png("digraph {}", dpi)


def wide(width, height=72, title="t"):
    """A picture of this size in points, with a node in two of its corners."""
    head = f'graph [bb="0,0,{width},{height}", pad="0", label="{title}"]'
    nodes = f'a [pos="27,18"];\n  b [pos="{width - 27},{height - 18}"]'
    return f"digraph unrolled {{\n  {head};\n  {nodes};\n}}\n"


def test_a_png_that_would_be_shrunk_is_refused_with_what_fits():
    with pytest.raises(RenderError) as refused:
        render.png(wide(20_000))
    assert str(refused.value).splitlines() == [
        "viz: at 144 dpi the picture is too large for a PNG",
        "  expected  at most 32,500 pixels on a side, and 200,000,000 in all",
        "  got       40,000 × 144 pixels",
        "  help      use dpi=117, draw fewer steps with steps=(first, last), or write .svg or .pdf, "
        "which have no pixels",
    ]
    assert size_of(render.png(wide(20_000), 117))[0] == pytest.approx(32_500, abs=60)


def test_no_dpi_is_advised_at_which_letters_cannot_be_read():
    assert "use dpi=60, " in too_large(wide(39_000))
    assert "dpi=" not in too_large(wide(39_700))


def too_large(dot, dpi=144):
    with pytest.raises(RenderError) as refused:
        render.png(dot, dpi)
    return str(refused.value)


def test_all_pixels_count_together_too():
    assert "use dpi=101, " in too_large(wide(10_000, 10_000))
    assert size_of(render.png(wide(72, title="W" * 20 + r"\n" + "W" * 20), 72))[0] < 500


def test_the_size_is_that_of_the_box_or_the_longest_line_of_the_title_with_the_space_around():
    text = 'digraph u {{\n  graph [bb="10,20,110.5,220", lp="1,2", pad="0.5", label="{}"];\n  a [label="{}"];\n}}'
    assert render._points(text.format("t", "x" * 500)) == (172.5, 272)
    assert render._points(text.format(r"one\nseventeen signs &amp;\ntwo", "t")) == (170 + 72, 272)
    small = text.format("t", "t").replace("pad=", 'size="1.198,9", pad=')
    assert render._points(small) == pytest.approx((86.256, 136), rel=1e-3)  # Graphviz shrinks it to that
    assert render._points("digraph { a -> b }") == pytest.approx((8.64, 8.64))  # Graphviz will find out


def test_letters_are_those_of_the_reader_whatever_the_machine_has():
    root = ET.fromstring(render.svg(wide(200), "t", "d"))
    families = {text.get("font-family") for text in root.iter(f"{SVG}text")}
    assert families == {"Helvetica, Arial, 'DejaVu Sans', 'Liberation Sans', sans-serif"}
    assert FALLBACK.startswith(f"{FONT}, ")


def test_a_shape_is_named_by_its_tooltip_and_not_by_its_id():
    root = ET.fromstring(
        render.svg('digraph {\n  graph [bb="0,0,9,9"];\n  a [pos="9,9", tooltip="h & c"];\n}', "t", "d")
    )
    assert [title.text for title in root.iter(f"{SVG}title")] == ["t", "h & c"]
    assert not root.text.strip()


def test_what_graphviz_cannot_read_is_said_in_words(engine, capfd):
    with pytest.raises(RenderError) as refused:
        render.svg('digraph { a [label="', "t", "d")
    first, got, help = str(refused.value).splitlines()
    assert first == "viz: Graphviz could not paint this picture as svg"
    assert "yntax error" in got or "Invalid Input" in got
    assert "Drawing.dot is the text that Graphviz was given" in help
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")
@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 3\n", "#!/nowhere/at/all\n"])
def test_a_program_that_does_not_run_is_said_in_words(monkeypatch, tmp_path, script):
    program = tmp_path / "dot"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match=r"could not paint this picture as pdf\n  got       \S"):
        render.pdf(wide(72))


@pytest.mark.parametrize(
    "sign",
    ["\x1b", "\0", "\ufffe", "\ud800", '"', "&", "\\", r"\N", r"\G", r"\l", "%n", "&lt;", "&#26435;", "<b>", "{|}",
     "]];", "-->", "字" * 6000, "&" * 9000],
)  # fmt: skip
def test_whatever_stands_in_a_name_the_svg_is_xml_and_has_it_as_text(engine, sign):
    name = plain_text(f"a{sign}b")
    node = f'a [pos="9,9", label={quote(name)}];'
    dot = f'digraph unrolled {{\n  graph [bb="0,0,90,90", label={quote(name)}];\n  {node}\n}}'
    root = ET.fromstring(render.svg(dot, f"a{sign}b", f"a{sign}b"))
    assert root.find(f"{SVG}title").text == name
    assert [text.text for text in root.iter(f"{SVG}text")] == [name, name]


def test_the_description_is_not_cut():
    root = ET.fromstring(render.svg(wide(72), "t", "one step after another " * 1000))
    assert root.find(f"{SVG}desc").text == "one step after another " * 1000


HEATS = [("none", None), ("zero", 0.0), ("small", 1e-9), ("healthy", 1.0), ("exploding", 1e5), ("nan", math.nan)]


def test_each_heat_is_another_sight_in_pixels(engine):
    """Neither engine loses a style: the pixels of each of them differ from the others' by more than a few."""
    image = pytest.importorskip("PIL.Image")

    def pixels(norm):
        fill, style = heat(norm)
        look = f'style="{",".join(filter(None, ["filled", style]))}", fillcolor="{fill}"'
        node = f'a [shape=ellipse, label="", pos="40,20", width=1, height=0.5, fixedsize=true, {look}];'
        data = render.png(f'digraph unrolled {{\n  graph [bb="0,0,80,40"];\n  {node}\n}}', 72)
        return np.asarray(image.open(io.BytesIO(data)).convert("RGB"), int)

    seen = {name: pixels(norm) for name, norm in HEATS}
    for one, other in combinations(seen, 2):
        assert (np.abs(seen[one] - seen[other]).max(axis=2) > 12).sum() > 40, f"{one} and {other}"
