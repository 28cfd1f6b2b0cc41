"""Texts and settings as they come: learnt from whole, or refused in one line that says why; never a traceback."""

import os

import pytest

from tinygrad_rnn.cli import main
from tinygrad_rnn.train import Run, Translator

LINE = "the quick brown fox jumps over the lazy dog.\n"
TEXT = LINE * 20
FRENCH = "où êtes-vous, à l'été de Noël ? garçon, forêt, cœur.\n" * 20
RUSSIAN = "съешь ещё этих мягких французских булок.\n" * 20
PAIRS = "".join(f"{a}{b}{c}\t{c}{b}{a}\n" for a in "abc" for b in "abc" for c in "abc")
TINY = ["--hidden", "3", "--batch", "2", "--epochs", "1", "--eager"]
TRAIN, TRANSLATE = ["train", "--bptt", "10", "--layers", "1", *TINY], ["translate", "--embedding", "3", *TINY]

LEARNT = {
    "ASCII": TEXT, "accents": FRENCH, "Cyrillic": RUSSIAN, "Chinese": "学而时习之，不亦说乎？\n" * 30,
    "emoji, and joined ones": "👩‍👩‍👧 🇩🇪 e\u0301 👍🏽\n" * 40, "right to left": "שלום עולם مرحبا\u200f\n" * 40,
    "Windows' line ends": TEXT.replace("\n", "\r\n"), "old Macs' line ends": TEXT.replace("\n", "\r"),
    "a mark at the start": "\ufeff" + TEXT, "NUL inside": TEXT + "a\0b" * 20, "controls": TEXT + "\x07\x1b[31m\x7f" * 9,
    "other spaces": TEXT.replace(" ", "\u00a0\u2028"), "one character, often": "a" * 500,
    "two characters": "ab" * 100, "no line end": TEXT.strip(), "one long line": TEXT.replace("\n", " ") * 200,
    "empty lines": "\n" * 400 + TEXT, "private and unassigned": "\ue000\U000e0fff\uffff" * 60,
    "beyond the first plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢\n" * 40, "a template": "{0} %s $HOME `ls` <b>&amp;\\n\n" * 30,
}  # fmt: skip
REFUSED = {
    "nothing": (b"", "empty"),
    "a mark alone": ("\ufeff".encode(), "empty"),
    "one character": (b"a", "too short"),
    "two characters": (b"ab", "too short"),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-16"),
    "UTF-16 without its mark": (FRENCH.encode("utf-16-le"), "UTF-16 without its mark"),
    "UTF-32": (TEXT.encode("utf-32"), "UTF-32"),
    "Windows-1252": (FRENCH.encode("cp1252"), "Windows-1252"),
    "KOI8-R": (RUSSIAN.encode("koi8-r"), "find out in which encoding"),
    "Shift JIS": (("これは日本語です。" * 40).encode("shift-jis"), "find out in which encoding"),
    "cut off": (RUSSIAN.encode()[:-3], "cut off"),
    "a surrogate": (b"abc\xed\xa0\x80" * 50, "not UTF-8"),
    "too long a form": (b"\xc0\xaf" * 50, "not UTF-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 30, "not UTF-8"),
    "packed": (b"\x1f\x8b\x08" + bytes(range(256)) * 3, "not UTF-8"),
}
SETTINGS = {
    "more rows than text": ["--batch", "5000"], "chunks of nothing": ["--bptt", "0"],
    "no training": ["--fraction", "0"], "no validation": ["--fraction", "1"], "all dropped": ["--dropout", "1"],
    "a rate below 0": ["--lr", "-1"], "a rate that is no number": ["--lr", "nan"], "an infinite rate": ["--lr", "inf"],
    "no rows": ["--batch", "0"], "half a layer": ["--layers", "0.5"], "a clip below 0": ["--clip", "-1"],
    "a huge model": ["--hidden", "10000000"], "epochs below 0": ["--epochs", "-3"], "no such model": ["--model", "gur"],
    "a seed below 0": ["--seed", "-1"], "an option misspelt": ["--hiden", "3"],
}  # fmt: skip
PAIRED = {
    "no tab": ("abc\nabd\n", "tab"), "two tabs": ("a\tb\tc\n" * 9, "2 tabs"), "nothing": ("", "is empty"),
    "a side is empty": ("a\t\n" * 9, "nothing after the tab"), "one pair": ("a\tb\n", "held out"),
    "the same pair": ("a\tb\n" * 30, "held out"),
}  # fmt: skip


def said(capsys, command, *options, status):
    """What a command says on stderr; argparse's own refusals leave by SystemExit."""
    try:
        found = main([*command, *options])
    except SystemExit as leaving:
        found = leaving.code
    error = capsys.readouterr().err
    assert found == status, error
    assert len(error.splitlines()) <= 1
    return error


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", LEARNT)
def test_a_text_is_learnt_from_whole(here, capsys, name):
    (here / "t.txt").write_bytes(LEARNT[name].encode())
    said(capsys, TRAIN, "--text", "t.txt", "--out", "run", status=0)
    assert Run.load(here / "run").corpus.vocabulary == "".join(sorted(set(LEARNT[name].removeprefix("\ufeff"))))
    said(capsys, ["sample", "run", "--length", "30"], status=0)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_text_is_refused_by_name_and_leaves_nothing(here, capsys, name):
    content, words = REFUSED[name]
    (here / "t.txt").write_bytes(content)
    assert words in said(capsys, TRAIN, "--text", "t.txt", "--out", "run", status=2)
    assert not (here / "run").exists()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_out_of_range_is_refused_and_leaves_nothing(here, capsys, name):
    (here / "t.txt").write_text(TEXT, encoding="utf-8")
    assert said(capsys, TRAIN, "--text", "t.txt", "--out", "run", *SETTINGS[name], status=2)
    assert not (here / "run").exists()


@pytest.mark.parametrize("name", PAIRED)
def test_pairs_that_are_none_are_refused_and_leave_nothing(here, capsys, name):
    content, words = PAIRED[name]
    (here / "p.tsv").write_text(content, encoding="utf-8")
    assert words in said(capsys, TRANSLATE, "--pairs", "p.tsv", "--out", "run", status=2)
    assert not (here / "run").exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
def test_paths_that_are_no_files_are_refused(here, capsys):
    (here / "folder").mkdir()
    os.mkfifo(here / "pipe")
    (here / "loop").symlink_to(here / "loop")
    for path in ("folder", "pipe", "loop", "missing", "/dev/full", "a\0b", "x" * 300, ""):
        assert said(capsys, TRAIN, "--text", path, "--out", "run", status=2)
    assert not (here / "run").exists()


@pytest.mark.parametrize("change", [TEXT + "!", TEXT[1:], "", None])
def test_a_text_that_changed_under_a_run_is_said_and_the_run_is_left(here, capsys, change):
    text = here / "t.txt"
    text.write_text(TEXT, encoding="utf-8")
    said(capsys, TRAIN, "--text", "t.txt", "--out", "run", status=0)
    before = (here / "run" / "checkpoint.json").read_bytes()
    if change is None:
        text.unlink()
    else:
        text.write_text(change, encoding="utf-8")
    assert said(capsys, TRAIN, "--text", "t.txt", "--out", "run", "--resume", "--epochs", "2", status=2)
    assert (here / "run" / "checkpoint.json").read_bytes() == before


@pytest.mark.parametrize("change", [PAIRS + "x\ty\n", PAIRS[:-8], ""])
def test_pairs_that_changed_under_a_training_are_said_and_it_is_left(here, capsys, change):
    (here / "p.tsv").write_text(PAIRS, encoding="utf-8")
    said(capsys, TRANSLATE, "--pairs", "p.tsv", "--out", "run", status=0)
    before = Translator.load(here / "run").model.state_dict()
    (here / "p.tsv").write_text(change, encoding="utf-8")
    assert said(capsys, TRANSLATE, "--pairs", "p.tsv", "--out", "run", "--resume", "--epochs", "2", status=2)
    after = Translator.load(here / "run").model.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
