"""tg.draw is viz.draw; where another viz is found first, the error names its file."""

import subprocess
import sys

import pytest

import tinygrad_rnn as tg
import viz


def test_it_is_viz_draw():
    a = tg.tensor(3.0, requires_grad=True, name="a")
    assert tg.draw(a * a, view="op", title="a²") == viz.draw(a * a, view="op", title="a²")
    with pytest.raises(tg.OptionError, match="view='opp' is not an option"):
        tg.draw(a * a, view="opp")


@pytest.mark.parametrize("name", ["viz.py", "viz/__init__.py"])
def test_another_viz_is_named(tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    code = "import tinygrad_rnn as tg; tg.draw(tg.tensor(1.0, requires_grad=True) * 2)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "ShadowedError: draw: another package called viz is found before" in done.stderr
    assert str(file) in done.stderr
    assert "rename that file or folder" in done.stderr


def test_viz_is_imported_when_it_is_first_used():
    code = "import sys, tinygrad_rnn; print([name for name in sys.modules if name.split('.')[0] == 'viz'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
