"""What the command line takes is what the settings, the registries and the defaults say."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tinygrad_rnn.cli import COMMANDS, Command, main, parser
from tinygrad_rnn.train import Recipe, Settings
from tinygrad_rnn.train.charmodel import KINDS
from tinygrad_rnn.train.config import options_of
from viz.views import VIEWS

NAMES = [command.name for command in COMMANDS]


@pytest.fixture
def help_of(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")

    def text(*words):
        with pytest.raises(SystemExit) as exit:
            main([*words, "--help"])
        assert exit.value.code == 0
        return f"{' '.join(capsys.readouterr().out.split())} "

    return text


def test_the_help_lists_every_command(help_of):
    said = help_of()
    for command in COMMANDS:
        assert f" {command.name} {command.help} " in said


@pytest.mark.parametrize("name", NAMES)
def test_the_help_shows_defaults_that_hold_and_none_that_is_none(name, help_of):
    said = help_of(name)
    assert "None" not in said
    assert "%(" not in said
    assert "threads for matrix products (1)" in said


@pytest.mark.parametrize(("name", "config"), [("train", Settings), ("translate", Recipe)])
def test_every_setting_is_an_option_with_its_help_and_its_default(name, config, help_of):
    said = help_of(name)
    for setting, option in options_of(config).items():
        flag = f"--{setting.replace('_', '-')}"
        assert flag in said
        if setting != "epochs":
            assert f" {option.help} ({option.shown}) " in said
    epochs = {"train": "(10)", "translate": "(dates: 2; addition: 5; a file: 20)"}[name]
    assert f"{options_of(config)['epochs'].help} {epochs}" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "--text", "x", "--hidden", "0"], "argument --hidden: '0' is not an integer of at least 1;"),
        (["train", "--text", "x", "--hidden", "1.5"], "argument --hidden: '1.5' is not an integer of at least 1;"),
        (["train", "--text", "x", "--dropout", "1"], "'1' is not a number of at least 0 and below 1;"),
        (["train", "--text", "x", "--forget-bias", "inf"], "'inf' is not a finite number;"),
        (["translate", "--teacher-forcing", "x"], "'x' is not a number of at least 0 and of at most 1;"),
        (["sample", "x", "--temperature", "-1"], "argument --temperature: '-1' is not a number of at least 0;"),
        (["sample", "x", "--top-p", "0"], "argument --top-p: '0' is not a number above 0 and of at most 1;"),
        (["draw", "--view", "all"], "argument --view: invalid choice: 'all'"),
        (["draw", "--theme", "grey"], "argument --theme: invalid choice: 'grey'"),
    ],
)
def test_what_is_out_of_range_says_what_is_allowed(arguments, said, refused):
    line = refused(*arguments)
    assert said in line
    assert line.startswith(f"tinygrad-rnn {arguments[0]}: ")
    assert line.endswith(f"see tinygrad-rnn {arguments[0]} --help\n")


def test_views_themes_and_models_are_those_of_the_registries(help_of, monkeypatch):
    sideways = replace(VIEWS["cell"], name="sideways", shows="the same from the side")
    monkeypatch.setitem(VIEWS, "sideways", sideways)
    monkeypatch.setitem(KINDS, "mine", KINDS["rnn"])
    said = help_of("draw")
    assert "{rolled,cell,gate,op,sideways}" in said
    assert f"{{{','.join(KINDS)}}}" in said
    assert "{light,dark}" in said
    assert "the same from the side" in said


def test_a_command_is_a_line_of_the_list(monkeypatch, capsys):
    def add_options(to):
        to.add_argument("word")

    monkeypatch.setattr(
        "tinygrad_rnn.cli.COMMANDS", [Command("say", "say a word", add_options, lambda o: print(o.word))]
    )
    assert main(["say", "hello"]) == 0
    assert capsys.readouterr().out == "hello\n"


def test_options_are_added_once_however_often_one_parser_is_asked():
    twice = parser()
    assert [twice.parse_args(["check", "--seed", seed]).seed for seed in ("1", "2")] == [1, 2]


def test_no_command_but_those_that_draw_imports_the_pictures():
    code = (
        "import sys; from tinygrad_rnn.cli import main; status = main(['sample', 'nowhere']); "
        "print(status, 'viz' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["2", "False"]
