"""gprMax as the radar's engine: a stand-in for the program, its failures, and a real run where it is installed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dualsense.cli import run as dualsense
from dualsense.errors import DualsenseError, ScanError, UsageError
from dualsense.gpr import find_antennas
from dualsense.io import read_scan, write_scan
from dualsense.simulate import _soil as soil
from dualsense.simulate._gprmax import engine as gprmax
from dualsense.simulate._gprmax.engine import simulate_with_gprmax
from dualsense.simulate._gprmax.plan import plan_runs
from dualsense.simulate._gprmax.program import GprmaxEngine
from dualsense.simulate._radar import radar as gpr
from dualsense.simulate._record import simulate_scan
from dualsense.simulate._scene.handling import SILENT, Motion
from dualsense.simulate._scene.instrument import Detector, Radar
from dualsense.simulate._scene.scene import Scene, Soil
from oracles import fake_gprmax

FAKE = str(Path(fake_gprmax.__file__))
SCENE = Scene(
    soil=Soil(relative_permittivity=4.0, permittivity_std=0.0, roughness_rms_m=0.0),
    motion=Motion(length_m=0.1, width_m=0.01, height_m=0.06, line_std_m=0.0, height_std_m=0.0, speed_m_s=0.2),
    radar=Radar(start_hz=0.8e9, stop_hz=1.6e9, step_hz=0.1e9, rate_hz=5.0),
    detector=Detector(rate_hz=10.0),
    noise=replace(SILENT, emi_std_v_per_hz=3e-13),
)
TOML = """
[soil]
relative_permittivity = 4.0
[motion]
length_m = 0.1
width_m = 0.01
[radar]
stop_hz = 1.6e9
rate_hz = 5.0
"""


def stand_in(how="works", **rest):
    return GprmaxEngine(command=(sys.executable, FAKE, how), **rest)


def mirrored(radar, frequency):
    baseline = np.subtract(radar.rx_position_m, radar.tx_position_m)
    image = baseline - [0, 0, 2 * fake_gprmax.SURFACE_M]
    wave = gpr.direct_wave(baseline, frequency) + fake_gprmax.MIRRORED * gpr.direct_wave(image, frequency)
    delay = np.exp(-2j * np.pi * frequency * radar.system_delay_s)
    return -1j * radar.gain_m * frequency / 2e9 * delay * wave


def test_a_known_field_comes_back_as_the_scan_of_the_scene(tmp_path):
    scan = simulate_with_gprmax(SCENE, seed=3, engine=stand_in())
    own = simulate_scan(SCENE, seed=3)
    wanted = mirrored(SCENE.radar, scan.gpr.frequency_hz)
    # the stand-in is exact; what is left is the end of the time window
    assert np.abs(scan.gpr.data - wanted).max() < 2e-3 * np.abs(wanted).max()
    np.testing.assert_array_equal(scan.gpr.time_s, own.gpr.time_s)
    np.testing.assert_array_equal(scan.emi.data, own.emi.data)
    np.testing.assert_array_equal(scan.pose.position_m, own.pose.position_m)
    assert "gprMax 4.0.stand-in" in scan.header.notes
    assert scan.header.instrument == gprmax.INSTRUMENT
    assert find_antennas(gprmax.INSTRUMENT) == find_antennas(own.header.instrument)
    assert find_antennas(gprmax.INSTRUMENT) is not None
    assert "simulated with seed 3" in scan.header.notes
    assert scan.header.source == "simulated"
    assert scan.sha256 not in {"", own.sha256}
    write_scan(scan, tmp_path / "scan.h5")
    assert "direct wave in free air within" in read_scan(tmp_path / "scan.h5").header.notes


def test_an_impulse_radar_gets_the_traces_of_its_own_wavelet():
    radar = replace(SCENE.radar, modality="impulse", center_hz=1.2e9)
    scan = simulate_with_gprmax(replace(SCENE, radar=radar, detector=None), seed=1, engine=stand_in())
    frequency = gpr._frequencies(radar)
    wanted = gpr._traces(mirrored(radar, frequency)[None], frequency, scan.gpr.sample_time_s, radar)
    assert np.abs(scan.gpr.data - wanted).max() < 5e-3 * np.abs(wanted).max()


def test_tilted_heads_get_receivers_on_the_nearest_nodes():
    tilted = replace(SCENE, motion=replace(SCENE.motion, tilt_std_deg=8.0), detector=None)
    ground = soil.realise_ground(SCENE.soil, low_m=(-0.5, -0.5), high_m=(0.5, 0.5), rng=np.random.default_rng(0))
    tx, rx = np.array([[-0.05, 0.0, 0.06], [0.0, 0.0, 0.06]]), np.array([[0.05, 0.002, 0.054], [0.1, 0.0, 0.06]])
    air, *over = plan_runs((), ground, SCENE.radar, tx, rx, GprmaxEngine())
    assert len(air.rx) == 2
    for one, from_m, to_m in zip(over, tx, rx, strict=True):
        np.testing.assert_allclose(one.grid.point_m(one.tx), from_m, atol=1e-12)
        assert np.abs(one.grid.point_m(one.rx[0]) - to_m).max() <= one.grid.step_m / 2
        inside = np.array(one.grid.shape) - 1 - one.rx[0]
        assert min(inside.min(), one.rx[0].min(), one.tx.min()) > 10  # beyond the absorbing layer
    assert simulate_with_gprmax(tilted, seed=0, engine=stand_in()).pose.orientation is not None


@pytest.mark.parametrize(
    ("how", "error", "message"),
    (
        ("fails", DualsenseError, "air.in: gprMax failed with status 3: the model has 3 materials too many"),
        ("forgets", ScanError, "air.h5: gprMax wrote no such output"),
        ("truncated", ScanError, "air.h5: not a whole gprMax output"),
        ("old", ScanError, "air.h5: not a whole gprMax output"),
        ("short", ScanError, "air.h5: found .* samples of .* s, expected"),
        ("louder", DualsenseError, "air.h5: the direct wave in free air differs from its closed form by 200 %"),
    ),
)
def test_a_failure_of_gprmax_is_one_line_that_names_it(how, error, message):
    with pytest.raises(error, match=message) as caught:
        simulate_with_gprmax(SCENE, seed=0, engine=stand_in(how))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "command",
    (("/no/such/program",), (sys.executable, "-m", "gprMax_that_is_not_there")),
    ids=["none", "no module"],
)
def test_without_gprmax_the_error_says_how_to_get_it(command):
    with pytest.raises(DualsenseError, match="pip install gprmax") as caught:
        simulate_with_gprmax(SCENE, seed=0, engine=GprmaxEngine(command=command))
    assert command[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_done_is_refused_before_any_run(tmp_path):
    with pytest.raises(UsageError, match="more than 1"):
        simulate_with_gprmax(SCENE, seed=0, engine=stand_in(most_runs=1, folder=tmp_path))
    with pytest.raises(UsageError, match="no radar"):
        simulate_with_gprmax(replace(SCENE, radar=None), seed=0, engine=stand_in())
    with pytest.raises(UsageError, match="reflecting head"):
        simulate_with_gprmax(
            replace(SCENE, radar=replace(SCENE.radar, head_reflection=0.2)),
            seed=0,
            engine=stand_in(folder=tmp_path),
        )
    close = replace(SCENE, radar=replace(SCENE.radar, rx_position_m=(-0.045, 0.0, 0.0)))
    with pytest.raises(UsageError, match="m apart"):
        simulate_with_gprmax(close, seed=0, engine=stand_in())
    assert not list(tmp_path.iterdir())


def test_models_are_run_once_and_again_only_when_they_change(tmp_path):
    announced = []
    first = simulate_with_gprmax(SCENE, seed=0, engine=stand_in(folder=tmp_path, announce=announced.append))
    assert "million cells" in announced[0]
    # nothing is run any more: the command would fail
    again = simulate_with_gprmax(SCENE, seed=0, engine=stand_in("fails", folder=tmp_path))
    assert again.sha256 == first.sha256
    wetter = replace(SCENE, soil=replace(SCENE.soil, conductivity_s_m=0.02))
    with pytest.raises(DualsenseError, match=r"sounding-0001\.in"):
        simulate_with_gprmax(wetter, seed=0, engine=stand_in("fails", folder=tmp_path))
    assert not (tmp_path / "sounding-0001.h5").exists()


def test_command_line_writes_models_and_reads_their_outputs_back(tmp_path, capsys):
    scene, models, scan = tmp_path / "scene.toml", tmp_path / "models", tmp_path / "scan.h5"
    scene.write_text(TOML)
    arguments = ["simulate", str(scene), "--seed", "2", "--engine", "gprmax"]
    assert dualsense([*arguments, "--write-only", "-o", str(models)]) == 0
    inputs = sorted(models.glob("*.in"))
    assert inputs[0].name == "air.in"
    assert len(inputs) > 2
    for model in inputs:
        subprocess.run([sys.executable, FAKE, "works", model.name], cwd=models, check=True, capture_output=True)
    fails = shlex.join([sys.executable, FAKE, "fails"])
    assert dualsense([*arguments, "--gprmax-models", str(models), "--gprmax-command", fails, "-o", str(scan)]) == 0
    assert len(read_scan(scan).gpr.time_s) == len(inputs) - 1
    assert "simulated with gprMax" in capsys.readouterr().out
    gpu = shlex.join([sys.executable, FAKE, "works"])
    assert dualsense([*arguments, "--gprmax-gpu", "--gprmax-command", gpu, "--overwrite", "-o", str(scan)]) == 0
    (models / "air.h5").unlink()
    again = [*arguments, "--gprmax-gpu", "--gprmax-models", str(models), "--gprmax-command", gpu, "--overwrite"]
    assert dualsense([*again, "-o", str(scan)]) == 0
    assert "-gpu" in (models / "air.log").read_text()


@pytest.mark.parametrize(
    "wrong",
    (
        ["--gprmax-gpu"],
        ["--write-only"],
        ["--engine", "gprmax", "--write-only", "--gprmax-models", "somewhere"],
        ["--engine", "gprmax", "--gprmax-runs", "0"],
    ),
)
def test_options_that_do_not_go_together_are_wrong_usage(wrong, tmp_path):
    scene = tmp_path / "scene.toml"
    scene.write_text(TOML)
    assert dualsense(["simulate", str(scene), "--seed", "2", *wrong, "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_a_scene_cannot_put_commands_into_a_model(tmp_path):
    evil = replace(SCENE, scan_id="x\n#python:\nprint(1)\n#end_python:", site="#python:")
    simulate_with_gprmax(evil, seed=0, engine=stand_in(folder=tmp_path, write_only=True))
    for model in tmp_path.glob("*.in"):
        assert "python" not in model.read_text()


@pytest.mark.slow
def test_the_real_program_agrees_with_the_exact_flat_surface():
    command = shlex.split(os.environ.get("DUALSENSE_GPRMAX", ""))
    if not command:
        pytest.skip('gprMax is not installed here; DUALSENSE_GPRMAX="…/python -m gprMax" names one')
    still = replace(SCENE, motion=replace(SCENE.motion, length_m=0.02), radar=replace(SCENE.radar, rate_hz=3.0))
    scan = simulate_with_gprmax(still, seed=0, engine=GprmaxEngine(command=tuple(command)))
    own = simulate_scan(still, seed=0)
    wrong = np.linalg.norm(scan.gpr.data - own.gpr.data) / np.linalg.norm(own.gpr.data)
    assert wrong < 0.02
