"""Whoever waits for a compilation is told, once it takes long, and only for as long as it wants to be."""

from __future__ import annotations

import pytest

from dualsense.runtime import compiling
from dualsense.runtime.compiling import compilation_begins, compilation_ends, told_of_compilation


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(compiling, "monotonic", lambda: now[0])
    return now


def compile_one(clock, spent_s, *inner_s):
    compilation_begins()
    for each in inner_s:
        compile_one(clock, each)
    clock[0] += spent_s - sum(inner_s)
    compilation_ends()


def test_a_kernel_or_two_go_without_a_word(clock):
    told = []
    with told_of_compilation(told.append):
        compile_one(clock, 0.2)
        compile_one(clock, 0.2)
    assert told == []


def test_from_half_a_second_on_it_is_told_how_many_were_compiled(clock):
    told = []
    with told_of_compilation(told.append):
        for _ in range(4):
            compile_one(clock, 0.3)
    assert told == [2, 3]


def test_kernels_that_are_called_count_but_their_time_is_not_added_twice(clock):
    told = []
    with told_of_compilation(told.append):
        compile_one(clock, 0.4, 0.2, 0.1)
        compile_one(clock, 0.2)
        compile_one(clock, 0.1)
    assert told == [4]


def test_after_the_block_nobody_is_told(clock):
    told = []
    with told_of_compilation(told.append):
        compile_one(clock, 1.0)
    compile_one(clock, 1.0)
    assert told == []
