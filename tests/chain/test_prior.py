"""The prior is the user's."""

from __future__ import annotations

import tomllib

import pytest

from dualsense.cli import run


def test_the_prior_of_the_command_line_is_the_recipes(capsys):
    assert run(["recipe", "--set", "fusion.prior=0.3", "--prior", "0.05"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["fusion"]["prior"] == 0.05


@pytest.mark.parametrize("prior", ("0", "1", "nan", "much"))
def test_what_is_no_probability_is_refused(prior, capsys):
    assert run(["recipe", "--prior", prior]) == 2
    assert "prior" in capsys.readouterr().err
