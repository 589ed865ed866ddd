"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# compilation makes the first example slow, and a CI run that fails must fail again when it is repeated
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def sample_dir() -> Path:
    return ROOT / "sample_data"


@pytest.fixture(scope="session")
def processed_sample(sample_dir, tmp_path_factory):
    """What ``dualsense process`` really makes of a sample scan, once: the folder, and what the command said."""
    out = tmp_path_factory.mktemp("processed") / "out"
    words = [sys.executable, "-m", "dualsense", "process", sample_dir / "pmn_sand.h5", "-o", out]
    return out, subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)


@pytest.fixture
def two_threads():
    """Two threads of kernels, or none of the test."""
    import numba

    before = numba.get_num_threads()
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine has one core")
    numba.set_num_threads(2)
    yield
    numba.set_num_threads(before)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recordings beside the project that may not be copied into it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the folder shared/data beside the project")
    return folder


def pytest_collection_finish():
    """Where several processes share the tests, each starts its share of threads, not one for every core.

    A mask, and no limit in the environment: tests that need a second thread can still have it, and programs that
    tests start run as users' do.

    And what is there by now stays to the end: the collector of garbage need not look through it again and again.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1 and "numba" in sys.modules:
        import numba

        numba.set_num_threads(max(1, numba.config.NUMBA_NUM_THREADS // workers))
    if workers > 1:  # threads of BLAS that wait spend the processor time of those that work
        threadpool_limits(max(1, (os.cpu_count() or 1) // workers), user_api="blas")
    gc.collect()
    gc.freeze()


def browser_required():
    return os.environ.get("DUALSENSE_REQUIRE_BROWSER") == "1"


def pytest_configure():
    """With DUALSENSE_REQUIRE_BROWSER=1, as in CI, do not even start without a browser.

    And a run that was started in the background ignores Ctrl-C, and so would all it starts: the tests that press
    it need it back.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    missing = []
    if browser_required() and shutil.which("chromium") is None:
        missing.append("the program chromium")
    if browser_required() and find_spec("playwright") is None:
        missing.append("the package playwright")
    if missing:
        msg = f"browser tests are required here, and there is no {' and no '.join(missing)}"
        raise pytest.UsageError(msg)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Where a browser is required, a browser test that is skipped has failed."""
    report = yield
    if (
        browser_required()
        and item.get_closest_marker("browser")
        and report.skipped
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"a browser test was skipped where it is required: {report.longrepr}"
    return report
