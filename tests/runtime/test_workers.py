"""Worker processes: every task is answered once, and a death costs one task."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from dualsense.runtime import workers
from dualsense.runtime.workers import Crew, LastingWorker, WorkerDiedError, _interrupts_withheld, run_tasks

WORK = """
import os, pathlib, signal, sys, time

def double(task):
    return 2 * task

def threads(task):
    return os.environ["NUMBA_NUM_THREADS"], "numba" in sys.modules

def fragile(task):
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "leaves":
        os._exit(3)
    return os.getpid()

READY = []

def get_ready():
    READY.append(True)

def unable():
    raise ImportError("no such library")

def long():
    time.sleep(60)

def pid_and_ready(task):
    return os.getpid(), READY == [True]

def slow(task):
    if task == "quick":
        return "quick"
    folder = pathlib.Path(task)
    try:
        (folder / "half").touch()
        time.sleep(60)
    finally:
        (folder / "half").unlink()
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A module that the worker processes can import."""
    (tmp_path / "some_work.py").write_text(WORK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import some_work

    yield some_work
    del sys.modules["some_work"]


@pytest.mark.parametrize("workers", (1, 2, 9))
def test_every_task_is_answered_once(work, workers):
    tasks = list(range(5))
    assert sorted(run_tasks(tasks, work.double, workers=workers, threads=1)) == [(t, 2 * t) for t in tasks]


def test_no_tasks_no_workers(work):
    assert list(run_tasks([], work.double, workers=2, threads=1)) == []


def test_threads_are_limited_before_anything_is_loaded(work):
    assert list(run_tasks(["x"], work.threads, workers=1, threads=3)) == [("x", ("3", False))]


def test_a_worker_that_dies_fails_its_own_task_only(work):
    tasks = ["a", "dies", "b", "leaves", "c"]
    answers = dict(run_tasks(tasks, work.fragile, workers=1, threads=1))
    assert set(answers) == set(tasks)
    assert "SIGKILL, most likely for want of memory" in str(answers["dies"])
    assert "status 3" in str(answers["leaves"])
    assert isinstance(answers["dies"], WorkerDiedError)
    assert [type(answers[task]) for task in "abc"] == [int] * 3


def test_leaving_early_ends_the_workers_and_lets_them_put_away(work, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    began = time.monotonic()
    with closing(run_tasks([str(folder), "quick"], work.slow, workers=2, threads=1)) as answers:
        assert next(answers) == ("quick", "quick")
        while not (folder / "half").exists():
            assert time.monotonic() - began < 30.0
            time.sleep(0.01)
    assert time.monotonic() - began < 40.0
    assert multiprocessing.active_children() == []
    assert list(folder.iterdir()) == []


def test_ctrl_c_of_the_terminal_leaves_workers_to_their_parent(work, tmp_path):
    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    folder = tmp_path / "work"
    folder.mkdir()
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 3.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(run_tasks([str(folder)], work.slow, workers=1, threads=1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert list(folder.iterdir()) == []
    assert multiprocessing.active_children() == []


def test_an_end_that_a_callback_swallows_is_not_told(capfd):
    class Dying:
        def __init__(self, error):
            self.error = error

        def __del__(self):
            raise self.error

    before = sys.unraisablehook
    sys.unraisablehook = workers._unless_ending
    try:
        Dying(SystemExit(143))
        assert capfd.readouterr().err == ""
        Dying(ValueError("told"))
        assert "ValueError: told" in capfd.readouterr().err
    finally:
        sys.unraisablehook = before


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be withheld here")
def test_ctrl_c_reaches_no_process_that_is_being_started():
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with _interrupts_withheld():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_lasting_worker_is_started_afresh_after_it_died(work):
    worker = LastingWorker(work.fragile, threads=1)
    try:
        first = worker.ask("a", most_s=60.0)
        assert worker.ask("b", most_s=60.0) == first == worker.pid
        assert "SIGKILL" in str(worker.ask("dies", most_s=60.0))
        assert worker.ask("c", most_s=60.0) not in {first, None}
    finally:
        worker.stop()
    assert isinstance(worker.ask("d", most_s=60.0), WorkerDiedError)


def test_a_lasting_worker_that_goes_round_in_circles_is_ended(work, tmp_path):
    worker = LastingWorker(work.slow, threads=1)
    try:
        assert worker.ask("quick", most_s=60.0) == "quick"
        assert "took longer than" in str(worker.ask(str(tmp_path), most_s=0.3))
        assert not (tmp_path / "half").exists()
        assert worker.ask("quick", most_s=60.0) == "quick"
    finally:
        worker.stop()


def test_a_crew_gets_ready_before_its_tasks_are_known(work, tmp_path):
    with Crew(work.pid_and_ready, workers=2, threads=1, get_ready=work.get_ready) as crew:
        answers = list(crew.do(range(5)))
    assert sorted(task for task, _ in answers) == list(range(5))
    assert all(ready for _, (_, ready) in answers)
    assert len({pid for _, (pid, _) in answers}) <= 2
    assert multiprocessing.active_children() == []


def test_who_cannot_get_ready_still_answers(work):
    with Crew(work.double, workers=1, threads=1, get_ready=work.unable) as crew:
        assert list(crew.do([3])) == [(3, 6)]


def test_a_crew_that_is_given_up_ends_at_once(work):
    def give_up():
        with Crew(work.double, workers=2, threads=1, get_ready=work.long):
            raise LookupError

    began = time.monotonic()
    with pytest.raises(LookupError):
        give_up()
    assert time.monotonic() - began < workers.GRACE_S
    assert multiprocessing.active_children() == []


def test_a_worker_without_a_task_left_ends_while_others_go_on(work, tmp_path):
    with Crew(work.slow, workers=2, threads=1) as crew, closing(crew.do([str(tmp_path), "quick"])) as answers:
        assert next(answers) == ("quick", "quick")
        until = time.monotonic() + 30.0
        while len(multiprocessing.active_children()) > 1:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert multiprocessing.active_children() == []
    assert not (tmp_path / "half").exists()
