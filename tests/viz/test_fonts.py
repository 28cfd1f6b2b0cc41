"""Characters that no font has are named; letters that all have, and machines that cannot say, are left in peace."""

import os
import shutil
import sys
import warnings
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import tinygrad_rnn as tg
import viz
from viz.paint import fonts
from viz.paint.failures import MissingGlyphs, RenderError
from viz.paint.fonts import labels_can_be_painted, missing_characters

LATIN = {(0x20, 0x7E), (0xA0, 0x17F), (0x2080, 0x2089), (0x2207, 0x2207)}


@pytest.fixture
def latin(monkeypatch):
    """A machine whose fonts have Latin letters, ∇ and subscripts."""
    monkeypatch.setattr(fonts, "_covered", lambda: LATIN)


def said(dot):
    with pytest.warns(MissingGlyphs) as warned, labels_can_be_painted(dot):
        pass
    (one,) = warned
    return str(one.message)


def test_a_name_in_another_script_is_painted_and_said_to_be_missing(latin):
    a = tg.tensor(1.0, requires_grad=True, name="权重")
    drawing = viz.draw(a * a)
    with pytest.warns(MissingGlyphs) as warned:
        assert drawing.png()[:4] == b"\x89PNG"
    message, where = str(warned[0].message), warned[0].filename
    assert message.startswith(
        "viz: this machine has no font for 2 of the characters in the picture: 权 (U+6743), 重 (U+"
    )
    assert "install a font that has them (apt install fonts-dejavu-core for signs such as ∇, fonts-noto-cjk" in message
    assert where == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "权重" in drawing.svg()  # the reader's fonts show it


def test_only_labels_count_and_entities_are_read(latin):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with labels_can_be_painted('digraph { a [id="权", tooltip="权", label="W₁ &amp; ∇ é"]; }'):
            pass
    assert "1 of the characters in the picture: 权 (U+6743)." in said('digraph { a [tooltip="x", label="&#26435;"]; }')
    assert "1 of the characters" in said('digraph { graph [label="权\\n权"]; }')


def test_many_are_counted_and_ten_are_named(latin):
    message = said(f'digraph {{ a [label="{"".join(map(chr, range(0x4E00, 0x4E20)))}"]; }}')
    assert "no font for 32 of the characters" in message
    assert "丁 (U+4E01)" in message
    assert message.count("(U+") == 10
    assert "(U+4E09) …. There are boxes" in message


def test_what_has_no_picture_of_its_own_is_not_missed(latin):
    assert missing_characters("a\u00ad\u200b\u3000\ufeff\nb") == []
    assert missing_characters("\U0001f600 z ж") == ["ж", "\U0001f600"]


@pytest.mark.parametrize("folder", [".fonts", ".local/share/fonts", "Library/Fonts"])
@pytest.mark.parametrize("suffix", [".ttf", ".otf", ".ttc"])
def test_a_font_of_the_user_s_own_is_a_font(tmp_path, monkeypatch, folder, suffix):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    before = set(fonts._system_fonts())
    file = tmp_path / folder / "of" / f"one{suffix}"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    assert set(fonts._system_fonts()) - before == {file}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")
def test_the_fonts_of_fontconfig_are_read_as_it_lists_them(tmp_path, monkeypatch, capfd):
    program = tmp_path / "fc-list"
    lines = r"/a b.ttf\t20-7e a0-ff 374\n/c.otf\t20-7e 4e00-9fff\n/LastResort.otf\t0-10ffff\n"
    asked = "--format %{file}\t%{charset}\n"
    program.write_text(f"#!/bin/sh\necho 'Fontconfig warning' >&2\n[ \"$*\" = '{asked}' ] && printf '{lines}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert fonts._covered() == {(0x20, 0x7E), (0xA0, 0xFF), (0x374, 0x374), (0x4E00, 0x9FFF)}
    assert missing_characters("é\u0374权∇") == ["∇"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a shell script")
def test_a_fontconfig_that_fails_keeps_no_picture_back(tmp_path, monkeypatch):
    program = tmp_path / "fc-list"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert missing_characters("权") == []


def test_without_fontconfig_the_fonts_are_read_where_fonttools_is(monkeypatch):
    pytest.importorskip("fontTools")
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(fonts, "_system_fonts", lambda: iter(()))  # then matplotlib's DejaVu counts
    assert missing_characters("Wₕ₁∇ж 权") == ["权"]


def test_where_nothing_can_be_known_nothing_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(fonts, "find_spec", lambda _: None)
    assert missing_characters("权") == []


def test_fonts_brought_by_matplotlib_are_shown_to_fontconfig_for_this_picture_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "_system_fonts", lambda: iter(()))
    monkeypatch.setattr(fonts, "_matplotlib_fonts", lambda: tmp_path / "a&b")
    for before in ("/etc/fonts/fonts.conf", None):
        if before:
            monkeypatch.setenv("FONTCONFIG_FILE", before)
        else:
            monkeypatch.delenv("FONTCONFIG_FILE")
        with labels_can_be_painted("digraph {}"):
            config = Path(os.environ["FONTCONFIG_FILE"]).read_text(encoding="utf-8")
        assert config == f"<fontconfig><dir>{tmp_path}/a&amp;b</dir></fontconfig>"
        assert os.environ.get("FONTCONFIG_FILE") == before


def test_a_pdf_needs_a_font_too(monkeypatch):
    monkeypatch.setattr(fonts, "_system_fonts", lambda: iter(()))
    monkeypatch.setattr(fonts, "_matplotlib_fonts", lambda: None)
    with pytest.raises(RenderError, match=r"no font on this machine: there would be boxes, not letters\n.*apt install"):
        viz.paint.render.pdf("digraph {}")


def test_where_matplotlib_is_missing_or_brings_no_fonts_there_are_none_of_its(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "find_spec", lambda _: None)
    assert fonts._matplotlib_fonts() is None
    monkeypatch.setattr(
        fonts, "find_spec", lambda _: ModuleSpec("matplotlib", None, origin=str(tmp_path / "__init__.py"))
    )
    assert fonts._matplotlib_fonts() is None
    (tmp_path / "mpl-data/fonts/ttf").mkdir(parents=True)
    assert fonts._matplotlib_fonts() == tmp_path / "mpl-data/fonts/ttf"
