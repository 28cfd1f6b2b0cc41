"""draw: every option does what it says, what is drawn goes where it should, and a trained model reads a text."""

import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import viz
from tinygrad_rnn.cli import draw, main
from tinygrad_rnn.cli.draw import Reading
from tinygrad_rnn.cli.options import Parser
from tinygrad_rnn.cli.sketch import TOPOLOGIES, Sketch
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.train import Corpus, Run, Settings
from tinygrad_rnn.train.charmodel import KINDS
from viz.drawing import FORMATS

NETWORK = [
    (["--model", "gru"], {"model": "gru"}),
    (["--topology", "many-to-one"], {"topology": "many-to-one"}),
    (["--steps", "5"], {"steps": 5}),
    (["--layers", "2"], {"layers": 2}),
    (["--hidden", "5"], {"hidden": 5}),
    (["--bidirectional"], {"bidirectional": True}),
]
PICTURE = [
    *((["--view", view], {"view": view}) for view in ("rolled", "gate", "op")),
    (["--gradients"], {"gradients": True}),
    (["--values"], {"values": True}),
    (["--show", "2-3"], {"steps": (2, 3)}),
    (["--show", "2"], {"steps": (2, 2)}),
    (["--fold", "head"], {"fold": "head"}),
    (["--fold", "head", "--fold", "rnn"], {"fold": ("head", "rnn")}),
    (["--no-legend"], {"legend": False}),
    (["--theme", "dark"], {"theme": "dark"}),
    (["--title", "mine"], {"title": "mine"}),
    (["--title", ""], {"title": ""}),
    (["--width", "300"], {"width": 300}),
]
OTHERS = {"--help", "--text", "--dpi", "--out", "--format", "--twins"}  # each has a test of its own below


@pytest.fixture
def drawn(capsysbinary):
    """drawn(argument, …): what `draw` writes to standard output, DOT unless another format is asked for."""

    def written(*arguments):
        format = () if "--format" in arguments else ("--format", "dot")
        assert main(["draw", "-o", "-", *format, *map(str, arguments)]) == 0
        out, err = capsysbinary.readouterr()
        assert err == b""
        return out if "--format" in arguments else out.decode()

    return written


@pytest.mark.parametrize(("arguments", "settings"), NETWORK)
def test_options_of_the_network_make_that_network(arguments, settings, drawn):
    assert drawn(*arguments) == viz.draw(Sketch(**settings).loss()).dot != drawn()


@pytest.mark.parametrize(("arguments", "keywords"), PICTURE)
def test_options_of_the_picture_are_those_of_viz_draw(arguments, keywords, drawn):
    assert drawn(*arguments) == viz.draw(Sketch().loss(), **keywords).dot != drawn()


def test_every_option_is_tested():
    to = Parser()
    draw.add_options(to)
    known = {action.option_strings[-1].replace("--no-b", "--b") for action in to._actions if action.option_strings}
    assert known == {words[0] for words, _ in [*NETWORK, *PICTURE]} | OTHERS


@pytest.mark.parametrize(
    ("topology", "inputs", "outputs"),
    [("many-to-many", 4, 4), ("many-to-one", 4, 1), ("one-to-many", 1, 4), ("seq2seq", 8, 4)],
)
def test_each_topology_reads_and_writes_at_its_steps(topology, inputs, outputs):
    roles = [node.role for node in Sketch(topology=topology, steps=4, model="rnn").loss().graph().nodes]
    assert (roles.count("input"), roles.count("output")) == (inputs, outputs)
    assert topology in TOPOLOGIES


LOSSES = {
    "many-to-many": (6.20449, 6.14844), "many-to-one": (2.20119, 2.19455), "one-to-many": (2.22133, 2.24368),
    "seq2seq": (2.07002, 2.12031),
}  # fmt: skip


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_same_network_is_drawn_each_time(topology):
    small = Sketch(topology=topology).loss().item()
    large = Sketch("gru", topology, layers=2, bidirectional=topology != "one-to-many").loss().item()
    assert (small, large) == pytest.approx(LOSSES[topology], abs=2e-5)  # as they were; the last digit is float32's


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("model", KINDS)
def test_every_network_can_be_drawn(topology, model, drawn):
    both = ["--bidirectional"] * (topology != "one-to-many")
    picture = drawn("--topology", topology, "--model", model, "--layers", 2, "--steps", 2, *both, "--gradients")
    assert ("W_hh_l1_reverse" in picture) == bool(both)
    assert "W_hh_l1 " in picture


# where it goes


BEGINS = {
    ".svg": b"<svg",
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".html": b"<!doctype html>",
    ".dot": b"digraph",
    ".json": b"{",
    ".mmd": b"---",
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_is_what_its_suffix_says_in_any_case(suffix, tmp_path, capsys):
    for name in (f"a{suffix}", f"B{suffix.upper()}"):
        path = tmp_path / "new" / name
        assert main(["draw", "-o", str(path)]) == 0
        assert path.read_bytes().startswith(BEGINS[suffix])
        assert capsys.readouterr().out == f"drawn: {path}\n"


@pytest.mark.parametrize("suffix", FORMATS)
def test_standard_output_has_the_picture_and_nothing_else(suffix, drawn):
    written = drawn("--format", suffix[1:])
    assert written.startswith(BEGINS[suffix])
    if suffix != ".pdf":  # it has a date
        assert written == FORMATS[suffix](viz.draw(Sketch().loss()))


def test_standard_output_is_an_svg_unless_told_otherwise(capsysbinary):
    assert main(["draw", "-o", "-"]) == 0
    assert capsysbinary.readouterr().out == viz.draw(Sketch().loss()).svg().encode()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_behind_standard_output_is_said_in_a_line():
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "tinygrad_rnn", "draw", "-o", "-"]
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "tinygrad-rnn draw: [Errno 28] No space left on device\n")


def test_without_a_name_it_is_unrolled_svg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["draw"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["unrolled.svg"]


def test_formats_are_those_of_the_registry(tmp_path, monkeypatch, drawn):
    monkeypatch.setitem(FORMATS, ".txt", lambda drawing: drawing.title.encode())
    title = viz.draw(Sketch().loss()).title.encode()
    assert drawn("--format", "txt") == title
    assert main(["draw", "-o", str(tmp_path / "a.txt")]) == 0
    assert (tmp_path / "a.txt").read_bytes() == title


def test_dpi_makes_more_pixels_of_the_same_picture(drawn):
    usual, fewer = drawn("--format", "png"), drawn("--format", "png", "--dpi", 72)
    assert width(usual) == pytest.approx(2 * width(fewer), abs=2)


def width(png):
    return int.from_bytes(png[16:20], "big")


def test_a_character_that_no_font_has_is_said_in_a_line(tmp_path, monkeypatch, capsys):
    def png(_):
        warnings.warn("no font on this machine has ☃", viz.MissingGlyphs, stacklevel=2)
        return b"png"

    monkeypatch.setitem(FORMATS, ".png", png)
    assert main(["draw", "-o", str(tmp_path / "a.png")]) == 0
    assert capsys.readouterr().err == "tinygrad-rnn: no font on this machine has ☃\n"


def test_an_old_picture_survives_and_the_reason_is_said(tmp_path, monkeypatch, refused):
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    monkeypatch.setattr("viz.paint.files.os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    assert (
        refused("draw", "-o", str(path)) == f"tinygrad-rnn draw: viz: {path} cannot be written (got: No space left)\n"
    )
    assert path.read_bytes() == b"old"
    assert "cannot be written (got: " in refused("draw", "-o", str(path / "b.svg"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.jpg"], "argument -o/--out: 'a.jpg' is not a name with .svg, .png, .pdf, .html, .dot, .json or .mmd"),
        (["-o", ""], "argument -o/--out: '' is not a name with .svg,"),
        (["-o", ".svg"], "argument -o/--out: '.svg' is not a name with .svg,"),
        (["-o", "-", "--format", "gif"], "argument --format: invalid choice: 'gif'"),
        (["--format", "png"], "--format: the name of the file says it already (help: leave it out, or write to -o -)"),
        (["--dpi", "9"], "argument --dpi: '9' is not an integer of at least 10 and of at most 2400;"),
        (["--dpi", "100"], "--dpi: a .svg has no pixels (help: leave it out, or write a .png)"),
        (["--dpi", "100", "-o", "-", "--format", "pdf"], "--dpi: a .pdf has no pixels"),
        (["--width", "49"], "argument --width: '49' is not a number of at least 50;"),
        (["--show", "3-2"], "argument --show: '3-2' is not a range of steps, such as 2-5, or a step, such as 3;"),
        (["--show", "two"], "argument --show: 'two' is not a range of steps"),
        (["--show", "7-9"], "leaves nothing to draw (expected: steps from 1 to 3)"),
        (["--show", "1", "--view", "rolled"], "--show: the view rolled draws all steps as one (help: leave one"),
        (["--fold", "tail"], "fold='tail' is not a part of this graph (expected: one of head, rnn, rnn/l0)"),
        (["--topology", "all"], "argument --topology: invalid choice: 'all'"),
        (["--bidirectional", "--topology", "one-to-many"], "--bidirectional: a network that writes cannot read from"),
        (["--text", "hello"], "--text: there is no model to read it (help: name the DIR where train saved one)"),
        (["RUN"], "RUN: --text is missing (help: it says what the model reads)"),
        (["RUN", "--text", "hello", "--steps", "3", "--hidden", "4"], "--steps, --hidden: a trained model has its own"),
        (["RUN", "--text", ""], "--text is too short (expected: two characters or more: each is predicted from"),
        (["RUN", "--text", "h"], "got: 'h')"),
        (["RUN", "--text", "hex"], "1 character is not in the vocabulary (expected: only the 4 that the model has"),
        (["RUN", "--text", "hex"], "the model has seen: 'ehlo'; got: 'x')"),
        (["RUN", "--text", "axe"], "2 characters are not in the vocabulary"),
        (["nowhere", "--text", "hello"], "nowhere: no checkpoint here"),
        (["--twins"], "--twins writes a page (help: give it a name that ends in .html, as "),
        (["--twins", "--model", "gru", "-o", "a.html"], "--twins draws one network of each kind (help: leave out"),
        (["RUN", "--twins", "--text", "hello", "-o", "a.html"], "--twins draws one network of each kind"),
        (["--twins", "--show", "1-2", "-o", "a.html"], "--show: the twins are drawn whole (help: leave it out with"),
        (["--twins", "--fold", "head", "-o", "a.html"], "--fold: the twins are drawn whole"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said_before_anything_is_written(
    arguments, said, trained, refused, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    trained.save("RUN")
    assert said in refused("draw", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["RUN"]


def test_twins_are_written_with_the_options_that_were_given(tmp_path, capsys):
    path = tmp_path / "twins.html"
    options = ["--steps", "4", "--title", "three", "--view", "gate", "--theme", "dark"]
    assert main(["draw", "--twins", *options, "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"drawn: {path}\n"

    def page(steps, **options):
        sketches = {name: Sketch(model=kind, topology="many-to-one", steps=steps) for name, kind in draw.TWINS.items()}
        return viz.twins({name: sketch.loss() for name, sketch in sketches.items()}, **options).html()

    assert path.read_text(encoding="utf-8") == page(4, title="three", view="gate", theme="dark")
    assert main(["draw", "--twins", "-o", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == page(12)


def test_a_wrong_suffix_is_refused_before_the_work(monkeypatch, refused):
    monkeypatch.setattr("tinygrad_rnn.cli.draw.run", lambda _: 1 / 0)
    monkeypatch.setattr(Sketch, "loss", lambda _: 1 / 0)
    refused("draw", "-o", "a.jpg")


# a trained model that reads a text


@pytest.fixture
def trained():
    return Run(Settings(hidden=6, layers=2, dropout=0.5), Corpus("hello"))


def named(graph, role):
    return [node.name for node in graph.nodes if node.role == role and node.step]


@pytest.mark.parametrize("model", KINDS)
def test_characters_stand_on_the_nodes_with_what_the_model_makes_of_them(model):
    run = Run(Settings(model=model, hidden=6, layers=1), Corpus("hello"))
    graph = Reading(run, "hello").graph(values=True)
    assert named(graph, "input") == ["x 'h'", "x 'e'", "x 'l'", "x 'l'"]
    assert named(graph, "target") == ["target 'e'", "target 'l'", "target 'l'", "target 'o'"]
    logits = run.model(run.corpus.encode("hell")[:, None])[0].numpy()[:, 0]
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert named(graph, "output") == [f"ŷ {'ehlo'[k]!r} {row[k]:.0%}" for k, row in zip(p.argmax(-1), p, strict=True)]
    losses = [-np.log(row["ehlo".index(c)]) for row, c in zip(p, "ello", strict=True)]
    assert named(graph, "loss") == [f"L = {loss:.3g}" for loss in losses]
    assert graph.nodes[graph.outputs[0]].value.numbers[0] == pytest.approx(sum(losses), rel=1e-5)


def test_it_reads_without_dropout_and_trains_on_with_it(trained):
    assert Reading(trained, "hello").graph() == Reading(trained, "hello").graph()
    assert trained.model.training
    with evaluating(trained.model):
        loss = trained.model.step_losses(*(trained.corpus.encode(part)[:, None] for part in ("hell", "ello")))[0]
    graph = Reading(trained, "hello").graph(values=True)
    assert graph.nodes[graph.outputs[0]].value.numbers[0] == loss.item()


def test_the_picture_of_a_run_that_reads(trained, tmp_path, drawn):
    trained.save(tmp_path)
    read = [tmp_path, "--text", "hello"]
    svg = drawn(*read, "--format", "svg").decode()
    assert {"x₁ &#39;h&#39;", "x₂ &#39;e&#39;", "target₄ &#39;o&#39;"} <= set(re.findall("<text[^>]*>([^<]*)", svg))
    assert "A trained LSTM reads &#39;hell&#39;: which character comes next?" in svg
    assert re.search(r"L₁ = \d", svg)
    assert "∇" not in svg
    assert "∇" in drawn(*read, "--gradients")
    assert 'label="mine"' in drawn(*read, "--title", "mine")
    assert not re.search(r"L₁ = \d", drawn(*read, "--values"))  # the number stands below


def test_two_characters_are_one_step_and_its_loss(trained, tmp_path, drawn):
    trained.save(tmp_path)
    assert re.search(r"L₁ = \d", drawn(tmp_path, "--text", "he"))


def test_a_long_text_is_drawn_without_its_middle_and_its_title_is_cut(trained, tmp_path, drawn):
    trained.save(tmp_path)
    picture = drawn(tmp_path, "--text", "hello" * 20)
    assert "⋯ 94 steps ⋯" in picture
    assert f"reads '{('hello' * 8)[:39]}…': which" in picture.replace("&#39;", "'")
    assert re.findall(r'"(n_L\w*_elided\w*)" \[', picture) == ["n_L_elided_4"]  # whatever the losses are


def test_a_text_of_forty_characters_stands_whole_in_the_title(trained):
    assert f"reads {'h' * 39!r}: which" in draw.reading_title(trained, "h" * 40)
    assert f"reads {'h' * 39 + '…'!r}: which" in draw.reading_title(trained, "h" * 41)


def test_every_step_of_a_text_is_one_shape_when_rolled(trained, tmp_path, drawn):
    trained.save(tmp_path)
    picture = drawn(tmp_path, "--text", "hello", "--view", "rolled")
    for letter in ("xₜ", "ŷₜ", "targetₜ", "Lₜ"):
        assert f'"{letter} ×4"' in picture
