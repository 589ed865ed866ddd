"""A program in a child process: its end, whatever it is, is a status and at most one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import os, signal, sys, time
from dualsense.runtime.supervised import is_supervised, report_subject, supervised

def put_away(number, _frame):
    time.sleep(0.2)
    os.write(1, b"put away\\n")  # not print, which the signal may have interrupted
    raise SystemExit(128 + number)

signal.signal(signal.SIGTERM, put_away)
def work():
    assert is_supervised()
    report_subject("first.h5")
    report_subject("scan.h5")
    print(os.getpid(), flush=True)
    {work}
    return 3

before = not is_supervised()
status = supervised(work, lambda text: print("told:", text))
print("status", status, before)
sys.exit(status)
"""


def _start(work):
    command = [sys.executable, "-c", PROGRAM.format(work=work)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("work", "said", "status"),
    (
        ("pass", "", 3),
        ("sys.exit(2)", "", 2),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "scan.h5: ended the process that worked at it (SIGSEGV)", 1),
        ("os.kill(os.getpid(), signal.SIGBUS)", "scan.h5: ended the process that worked at it (SIGBUS)", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL, most likely for want of memory", 1),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "scan.h5: took too long to be read", 1),
        ("signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGTERM)", "", 143),
    ),
)
def test_every_end_is_a_status_and_at_most_one_line(work, said, status):
    process = _start(work)
    out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert err == ""
    assert out.count("told:") == bool(said)
    assert said in out


def test_signals_from_other_processes_are_passed_on_and_heeded_once():
    process = _start("time.sleep(30)")
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 143
    assert out.count("put away") == 1


def test_the_child_does_not_outlive_who_waits_for_it():
    process = _start("time.sleep(30)")
    child = int(process.stdout.readline())
    process.kill()
    process.wait(20)
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("it goes on")
    process.communicate()


def _command(*words):
    command = [sys.executable, "-m", "dualsense", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


CRASH = """
import os, signal, sys
import dualsense.io._opening as opening
import h5py
def crash(*_):
    os.kill(os.getpid(), signal.SIGSEGV)
opening.look_at_heaps = crash
from dualsense.cli import main
sys.argv = ["dualsense", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("verb", ("info", "process"))
def test_a_file_that_ends_the_reader_is_one_line(sample_dir, tmp_path, verb):
    scan = sample_dir / "pmn_sand.h5"
    words = [verb, str(scan), *(["-o", str(tmp_path / "out")] if verb == "process" else [])]
    done = subprocess.run(
        [sys.executable, "-c", CRASH, *words], capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"dualsense: error: {scan}: ended the process that worked at it (SIGSEGV), the file is damaged\n"
    )
    alone = subprocess.run(
        [sys.executable, "-c", CRASH, *words, "--no-isolated"], capture_output=True, check=False, timeout=100
    )
    assert alone.returncode == -signal.SIGSEGV


def test_nothing_else_changes(sample_dir):
    together = _command("info", sample_dir / "pmn_sand.h5")
    alone = _command("info", sample_dir / "pmn_sand.h5", "--no-isolated")
    assert (together.returncode, together.stdout, together.stderr) == (0, alone.stdout, alone.stderr)
    assert _command("info", sample_dir / "gone.h5").returncode == 1
    assert _command("info").returncode == 2


LIMITED = """
import resource, time
from dualsense.runtime.supervised import limit_reading
for _ in range(3):  # one file after another: time and memory count anew
    limit_reading(10**6)
    until = time.process_time() + 1.1
    while time.process_time() < until:
        pass
used, (most, _) = time.process_time(), resource.getrlimit(resource.RLIMIT_CPU)
assert 118 < most - used + 1.1 < 123, (most, used)
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
assert held < resource.getrlimit(resource.RLIMIT_AS)[0] < held + 2**32
try:
    bytearray(2**33)
except MemoryError:
    print("refused")
"""


def test_what_only_reads_is_bounded_from_where_it_is():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("refused\n", "")
