from __future__ import annotations

import math

import pytest

from vidtext.errors import OptionError
from vidtext.models.base import GenerationOptions


def test_decoding_is_greedy_and_remembers_nothing_unless_told() -> None:
    options = GenerationOptions()

    assert (options.temperature, options.top_p, options.memory_key) == (0, 1, "")


@pytest.mark.parametrize("temperature", [0, 0.7, 2])
@pytest.mark.parametrize("top_p", [0.01, 1])
def test_what_is_allowed_is_taken(temperature: float, top_p: float) -> None:
    GenerationOptions(temperature=temperature, top_p=top_p)


@pytest.mark.parametrize("temperature", [-0.1, 2.1, math.nan, math.inf])
def test_a_temperature_that_is_not_allowed_is_told(temperature: float) -> None:
    with pytest.raises(OptionError, match=rf"temperature is {temperature}; it must be from 0, .*, to 2\."):
        GenerationOptions(temperature=temperature)


@pytest.mark.parametrize("top_p", [0, -1, 1.01, math.nan])
def test_a_top_p_that_is_not_allowed_is_told(top_p: float) -> None:
    with pytest.raises(OptionError, match=rf"top_p is {top_p}; it must be greater than 0, and 1 at most\."):
        GenerationOptions(top_p=top_p)


def test_no_tokens_at_all_are_refused() -> None:
    with pytest.raises(OptionError, match="max_new_tokens is 0"):
        GenerationOptions(max_new_tokens=0)
