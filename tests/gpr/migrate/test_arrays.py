"""Migration by operations on whole arrays, as a graphics card does it, against the compiled loops."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dualsense.chain.provenance import versions
from dualsense.errors import UsageError
from dualsense.gpr._migrate import _stolt_kernels, arrays, stolt, sums
from dualsense.gpr._migrate.geometry import geometry
from dualsense.gpr._migrate.kirchhoff import weighted_mean
from dualsense.gpr._traces import Traces
from dualsense.result import Grid
from dualsense.runtime import devices

DT_S = 13e-12


def card():
    """CuPy, or why there is none."""
    cupy = pytest.importorskip("cupy", reason="needs dualsense[gpu]")
    try:
        found = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"CuPy finds no card: {error}")
    if not found:
        pytest.skip("CuPy finds no card")
    return cupy


@pytest.fixture(params=("numpy", "cupy"))
def on_arrays(request, monkeypatch):
    """Let migration work on arrays of that module; gives what counts how often it was asked for them."""
    module = np if request.param == "numpy" else card()
    asked = []

    def given():
        asked.append(request.param)
        return module

    def switch():
        for user in (sums, stolt):
            monkeypatch.setattr(user, "array_module", given)
        return asked

    return switch


def smooth(rng, n, samples, kind):
    spectrum = rng.standard_normal((n, samples)) + 1j * rng.standard_normal((n, samples))
    spectrum[:, samples // 24 :] = 0.0
    traces = np.fft.ifft(spectrum, axis=1)
    return (traces / np.abs(traces).std()).astype(kind)


def plan(rng, *, nx=17, ny=9, cell=0.02, weighting="heard", soundings=60, reach=0.25):
    """A tilted, turning head over and beside a map."""
    tx = np.column_stack([rng.uniform(-reach, reach, (soundings, 2)), rng.uniform(0.004, 0.09, soundings)])
    turn = rng.uniform(0, 2 * np.pi, soundings)
    rx = tx + np.column_stack([0.1 * np.cos(turn), 0.1 * np.sin(turn), 0.01 * rng.uniform(-0.2, 1.0, soundings)])
    grid = Grid(-0.1 + cell * np.arange(nx), -0.07 + cell * np.arange(ny), cell)
    depth = np.linspace(0.0, 0.2, 11)
    return geometry(
        tx, rx, rng.uniform(0.5, 2.0, soundings), grid, depth,
        aperture_m=np.linspace(0.08, 0.16, depth.size), relative_permittivity=6.0, weighting=weighting,
    )  # fmt: skip


@pytest.mark.parametrize("kind", (np.complex64, np.complex128))
@pytest.mark.parametrize("weighting", ("heard", "even"))
def test_the_sum_is_that_of_the_compiled_loops(on_arrays, kind, weighting):
    rng = np.random.default_rng(3)
    laid, values = plan(rng, weighting=weighting), smooth(rng, 60, 160, kind)
    compiled = sums.gather(laid, values, DT_S)
    asked = on_arrays()
    found = sums.gather(laid, values, DT_S)
    assert asked
    limit = 2e-4 if kind == np.complex64 else 1e-9
    for one, other in zip(found, compiled, strict=True):
        assert isinstance(one, np.ndarray)
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert np.abs(one - other).max() < limit * np.abs(other).max()
    heard = compiled[1] > 1e-3 * compiled[1].max()
    assert 0.3 < heard.mean() <= 1.0
    again = sums.gather(laid, values, DT_S)
    assert all(one.tobytes() == other.tobytes() for one, other in zip(found, again, strict=True))


def test_many_soundings_are_summed_in_parts_and_far_ones_pass(on_arrays, monkeypatch):
    rng = np.random.default_rng(4)
    laid, values = plan(rng, reach=1.0, nx=30, ny=31, cell=0.011), smooth(rng, 60, 160, np.complex64)
    compiled = sums.gather(laid, values, DT_S)
    on_arrays()
    monkeypatch.setattr(arrays, "ROOM", 50_000)
    for one, other in zip(sums.gather(laid, values, DT_S), compiled, strict=True):
        assert np.abs(one - other).max() < 2e-4 * np.abs(other).max()


def test_a_line_has_one_row_of_cells(on_arrays):
    rng = np.random.default_rng(5)
    laid, values = plan(rng, nx=90, ny=1, cell=0.004), smooth(rng, 60, 160, np.complex64)
    traces = Traces(values, DT_S, np.array([1e9]), np.ones((60, 1), complex))
    compiled = weighted_mean(laid, traces, 1.0)
    on_arrays()
    found = weighted_mean(laid, traces, 1.0)
    assert np.abs(found.amplitude - compiled.amplitude).max() < 2e-4 * np.abs(compiled.amplitude).max()
    assert np.abs(found.coherence - compiled.coherence).max() < 1e-3


def test_small_maps_stay_with_the_processor(on_arrays):
    rng = np.random.default_rng(6)
    laid, values = plan(rng, nx=8, ny=8), smooth(rng, 60, 160, np.complex64)
    asked = on_arrays()
    sums.gather(laid, values, DT_S)
    assert asked == []


@pytest.mark.parametrize("air", (0.0, 1.5e8))
def test_stolts_map_is_that_of_the_compiled_loops(on_arrays, air):
    on_arrays()
    module = stolt.array_module()
    rng = np.random.default_rng(7)
    modes, count, depth = 23, 60, np.linspace(0.0, 0.2, 9)
    data = rng.standard_normal((modes, count, 2)).astype(np.float32)
    k, given = rng.uniform(0.0, 80.0, modes), (2e8, 6e7, air, 0.05, 1e-9, 2.0, depth)
    compiled, found = np.empty((modes, depth.size, 2), np.float32), np.empty((modes, depth.size, 2), np.float32)
    _stolt_kernels.stolt_map(data, k, *given, compiled)
    arrays.stolt_map(module, data, k, *given, found)
    assert np.abs(found - compiled).max() < 1e-5 * np.abs(compiled).max()


def test_moveout_is_that_of_the_compiled_loops(on_arrays):
    on_arrays()
    module = stolt.array_module()
    rng = np.random.default_rng(8)
    trace, time = rng.standard_normal((12, 50, 2)).astype(np.float32), rng.uniform(-10.0, 60.0, (12, 30))
    compiled, found = np.empty((12, 30, 2), np.float32), np.empty((12, 30, 2), np.float32)
    _stolt_kernels.move_out(trace, 1.0, time, compiled)
    arrays.move_out(module, trace, 1.0, time, found)
    assert found == pytest.approx(compiled, abs=1e-6)
    assert (compiled == 0.0).any()


def test_the_processor_works_unless_a_card_is_asked_for(monkeypatch):
    monkeypatch.delenv(devices.VARIABLE, raising=False)
    assert devices.array_module() is None
    assert "device" not in versions(), "results of the processor say what they always said"
    monkeypatch.setenv(devices.VARIABLE, "tpu")
    with pytest.raises(UsageError, match="must be cpu or gpu, got tpu"):
        devices.array_module()


def test_a_card_that_is_not_there_is_told_and_not_passed_over(monkeypatch):
    monkeypatch.setenv(devices.VARIABLE, "gpu")

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(devices, "import_module", absent)
    with pytest.raises(UsageError, match=r"needs CuPy and a card.*dualsense\[gpu\]"):
        devices.array_module()


def test_a_result_of_a_card_says_so(monkeypatch):
    runtime = SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: 1))
    monkeypatch.setenv(devices.VARIABLE, "gpu")
    monkeypatch.setattr(devices, "import_module", lambda _: SimpleNamespace(cuda=runtime, __version__="13.0"))
    assert versions()["device"] == "gpu"
    assert versions()["version_cupy"] == "13.0"
