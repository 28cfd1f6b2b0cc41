"""Settings: a value out of range is refused where it is built, whoever builds it, and what is allowed is said."""

import math
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.cli.sketch import Sketch
from tinygrad_rnn.tasks import Adding, Job, Outcome, TrialConfig
from tinygrad_rnn.train import Recipe, Settings
from tinygrad_rnn.train.config import Config, options_of, setting


@pytest.mark.parametrize(
    ("config", "options", "said"),
    [
        (Settings, {"hidden": 0}, "Settings: hidden=0 is out of range\n  expected  an integer of at least 1"),
        (Settings, {"hidden": 8.0}, "Settings: hidden=8.0 is out of range"),
        (Settings, {"hidden": True}, "Settings: hidden=True is out of range"),
        (Settings, {"layers": "2"}, "Settings: layers='2' is out of range"),
        (Settings, {"embedding": -1}, "Settings: embedding=-1 is out of range"),
        (Settings, {"dropout": 1.0}, "expected  a number of at least 0 and below 1"),
        (Settings, {"lr": math.nan}, "Settings: lr=nan is out of range"),
        (Settings, {"lr": math.inf}, "Settings: lr=inf is out of range"),
        (Settings, {"clip": None}, "Settings: clip=None is out of range"),
        (Settings, {"forget_bias": math.inf}, "expected  a finite number"),
        (Settings, {"fraction": 1}, "expected  a number above 0 and below 1"),
        (Settings, {"model": "lsmt"}, "Settings: model='lsmt' is not an option"),
        (Settings, {"optimizer": "adamm"}, "did you mean 'adam"),
        (Settings, {"recurrent_init": "zeros"}, "Settings: recurrent_init='zeros' is not an option"),
        (Recipe, {"teacher_forcing": 1.5}, "Recipe: teacher_forcing=1.5 is out of range"),
        (Recipe, {"attention": "much"}, "Recipe: attention='much' is not an option"),
        (Recipe, {"reverse": "no"}, "expected  True or False"),
        (Recipe, {"seed": -1}, "Recipe: seed=-1 is out of range"),
        (TrialConfig, {"model": "rnn", "hidden": 0}, "TrialConfig: hidden=0 is out of range"),
        (TrialConfig, {"model": "rnn", "hidden": 4, "clip_norm": 0}, "expected  a number above 0"),
    ],
)
def test_what_is_out_of_range_names_the_class_and_the_option(config, options, said):
    with pytest.raises(tg.OptionError) as caught:
        config(**options)
    assert said in str(caught.value)


def test_the_edges_of_a_range_and_none_where_it_may_be():
    assert Settings(embedding=None, dropout=0, lr=0, clip=0, warmup=0).embedding is None
    assert Settings(hidden=np.int64(3), lr=np.float32(0.5), embedding=0).hidden == 3
    assert Recipe(teacher_forcing=1, seed=0).teacher_forcing == 1
    assert TrialConfig("rnn", 1, clip_norm=None, clip_value=1.0).clip_norm is None


def test_a_changed_copy_is_checked_too():
    with pytest.raises(tg.OptionError, match="epochs=0"):
        replace(Settings(), epochs=0)


@pytest.mark.parametrize("config", [Settings, Recipe, TrialConfig])
def test_every_default_holds_and_every_setting_says_what_it_is(config):
    for name, option in options_of(config).items():
        assert option.help, name
        default = getattr(config, name, None)
        if default is not None:
            option.check(config.__name__, name, default)


JOB = Job(Adding, "gru", seed=0, budget=1)
EACH = [Settings(), Recipe(), TrialConfig("rnn", 1), JOB, Outcome(JOB, 1, True, False, 0.0, 1.0, 1.0), Sketch()]


@pytest.mark.parametrize("made", EACH, ids=lambda made: type(made).__name__)
def test_what_was_checked_stays_as_it_was(made):
    first = fields(made)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(made, first, getattr(made, first))


def test_a_config_of_ones_own():
    @dataclass(frozen=True)
    class Mine(Config):
        width: int = setting(3, "how wide", least=2, most=5)
        note: str = "anything"

    assert Mine(note=7).width == 3
    with pytest.raises(tg.OptionError, match=r"Mine: width=6(.|\n)*at least 2 and of at most 5"):
        Mine(width=6)
