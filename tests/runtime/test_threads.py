"""Two things at once give what they give in turn, and an error of either comes up."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import numba
import numpy as np
import pytest

import dualsense
from dualsense.runtime.threads import GivenUpError, aside, begun, go_on, in_threads, shares, side_by_side


@pytest.mark.usefixtures("two_threads")
def test_both_are_done_at_the_same_time():
    meeting = threading.Barrier(2, timeout=20.0)  # neither passes it alone
    assert side_by_side(lambda: (meeting.wait(), "radar")[1], lambda: (meeting.wait(), "metal")[1]) == (
        "radar",
        "metal",
    )


def test_with_one_thread_they_are_done_in_turn():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        names = side_by_side(lambda: threading.current_thread().name, lambda: threading.current_thread().name)
    finally:
        numba.set_num_threads(before)
    assert names == (threading.current_thread().name,) * 2


@pytest.mark.usefixtures("two_threads")
def test_the_second_has_the_context_of_the_caller():
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        side_by_side(lambda: None, lambda: np.ones(1) / np.zeros(1))


@pytest.mark.usefixtures("two_threads")
def test_the_second_is_finished_when_the_first_raises():
    done = []

    def fails():
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        side_by_side(fails, lambda: done.append(1))
    assert done == [1]


@pytest.mark.usefixtures("two_threads")
def test_what_is_begun_goes_on_meanwhile():
    meeting = threading.Barrier(2, timeout=20.0)

    def work():
        meeting.wait()
        go_on()
        return "done"

    with begun(work) as result:
        meeting.wait()
        assert result() == "done"


@pytest.mark.usefixtures("two_threads")
def test_what_nobody_waits_for_goes_on_no_further():
    left, told = threading.Event(), []

    def work():
        assert left.wait(20.0)
        while True:
            try:
                side_by_side(go_on, go_on)
            except GivenUpError:
                told.append("given up")
                raise

    with begun(work):
        left.set()
    assert told == ["given up"]


def test_with_one_thread_what_is_begun_is_done_when_it_is_asked_for():
    before, done = numba.get_num_threads(), []
    numba.set_num_threads(1)
    try:
        with begun(lambda: threading.current_thread().name) as result:
            done.append("first")
            assert result() == threading.current_thread().name
    finally:
        numba.set_num_threads(before)
    assert done == ["first"]


@pytest.mark.usefixtures("two_threads")
def test_what_is_done_aside_goes_on_meanwhile_one_after_the_other():
    meeting, order = threading.Barrier(2, timeout=20.0), []
    with aside() as begin:
        first = begin(lambda: (meeting.wait(), order.append(1))[0])
        second = begin(lambda: order.append(2))
        assert not first.done()
        meeting.wait()
        second.result()
    assert order == [1, 2]


def test_with_one_thread_what_is_aside_is_done_at_once():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with aside() as begin:
            assert begin(lambda: threading.current_thread().name).result() == threading.current_thread().name
    finally:
        numba.set_num_threads(before)


def test_the_same_is_done_with_each_in_order():
    assert in_threads(lambda n: n * n, range(7)) == [0, 1, 4, 9, 16, 25, 36]


@pytest.mark.usefixtures("two_threads")
def test_several_are_done_at_the_same_time():
    meeting = threading.Barrier(2, timeout=20.0)
    assert len(in_threads(lambda _: meeting.wait(), range(2))) == 2


@pytest.mark.parametrize("count", (0, 1, 2, 3, 17))
def test_shares_are_the_whole_in_order(count):
    assert [n for part in shares(count) for n in range(count)[part]] == list(range(count))


@pytest.mark.parametrize("room", ("emi", "induction"))
def test_the_metal_detectors_kernels_start_no_threads(room):
    for path in (Path(dualsense.__file__).parent / room).rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        parallel = [k for call in calls for k in call.keywords if k.arg == "parallel"]
        assert not any(getattr(k.value, "value", False) for k in parallel), path.name
