"""Profiles of instruments from shots with known answers: mirrors under dipoles, spheres under simulated coils."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from dualsense import gpr, induction
from dualsense.cli import run
from dualsense.errors import UsageError
from dualsense.gpr._soil.antennas import Antennas, fields
from dualsense.io import read_scan, write_scan
from dualsense.scan import EmiData, GprData, Pose, Scan, ScanHeader
from dualsense.simulate import Detector
from dualsense.simulate._coils import coils
from dualsense.workbench import (
    Plate,
    Sphere,
    calibrated_scan,
    instrument_profile,
    profile_text,
    radar_shots,
    read_instrument_profile,
    sphere_shot,
)

HEAD = Antennas("d", "dipoles", ("bench head",))
FREQUENCY = np.arange(0.8e9, 3.2e9, 40e6)
DELAY_S, APART_M, HEIGHT_M = 3.17e-9, 0.10, 0.15
MIRROR = -1e9j
SPHERE = Sphere(0.010, 1.0e6, (0.20, 0.01, 0.0), 1.0, 0.0005)


def header(name="bench head"):
    return ScanHeader("shot", "2026-03-01T10:00:00Z", name)


def still(n):
    return Pose(np.arange(n) / 10.0, np.tile([0.0, 0.0, HEIGHT_M], (n, 1)))


def shot(spectrum, rng, noise=1e-3, n=40):
    """Soundings of one spectrum behind cables, with noise in parts of its mean level."""
    level = np.sqrt(np.mean(np.abs(spectrum) ** 2))
    noisy = spectrum * np.exp(-2j * np.pi * FREQUENCY * DELAY_S)
    noisy = noisy + noise * level * (
        rng.normal(size=(n, FREQUENCY.size)) + 1j * rng.normal(size=(n, FREQUENCY.size))
    )
    places = np.array([[-APART_M / 2, 0.0, 0.0]]), np.array([[APART_M / 2, 0.0, 0.0]])
    data = GprData("sfcw", np.arange(n) / 10.0, noisy, *places, np.zeros(n, np.intp), frequency_hz=FREQUENCY)
    return Scan(header(), still(n), data, None)


def over(permittivity, height_m=HEIGHT_M):
    eps = np.full((1, FREQUENCY.size), permittivity, complex)
    direct, echo = fields(HEAD, FREQUENCY, np.array([height_m]), eps, distance_m=APART_M)
    return direct, echo[0, :, 0]


@pytest.fixture(scope="module")
def shots():
    rng = np.random.default_rng(3)
    direct, echo = over(MIRROR)
    return shot(direct, rng), shot(direct + echo, rng)


def test_delay_and_plate_are_those_that_the_shots_were_made_with(shots):
    found = radar_shots(*shots, Plate(HEIGHT_M, 0.0005))
    assert abs(found.system_delay_s - DELAY_S) < 3.0 * found.system_delay_std_s
    assert found.system_delay_std_s < 20e-12
    direct, echo = over(MIRROR)
    off = np.abs(found.ratio - echo / direct)
    assert np.mean(off < 2.0 * found.ratio_std) > 0.9
    np.testing.assert_allclose(
        found.reference, direct * np.exp(-2j * np.pi * FREQUENCY * DELAY_S), atol=1e-3 * np.abs(direct).max()
    )
    assert found.reference_std.mean() == pytest.approx(
        1e-3 * np.sqrt(np.mean(np.abs(direct) ** 2)) * np.sqrt(2.0 / 40), rel=0.2
    )


@pytest.mark.parametrize("wrong_m", (0.0, 0.01))
def test_the_errors_of_the_delay_hold_that_of_the_plates_height(shots, wrong_m):
    found = radar_shots(*shots, Plate(HEIGHT_M + wrong_m, 0.01))
    assert found.system_delay_std_s > 50e-12
    assert abs(found.system_delay_s - DELAY_S) < 2.0 * found.system_delay_std_s


def test_delays_of_many_draws_scatter_as_they_say():
    direct, echo = over(MIRROR)
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found.append(
            radar_shots(shot(direct, rng, 0.02, 20), shot(direct + echo, rng, 0.02, 20), Plate(HEIGHT_M, 0.0))
        )
    delays, stated = (
        np.array([getattr(one, name) for one in found]) for name in ("system_delay_s", "system_delay_std_s")
    )
    assert 0.4 < delays.std() / np.median(stated) < 1.6


def test_impulses_tell_the_same_delay():
    rng = np.random.default_rng(4)
    time_s = np.arange(0.0, 10e-9, 25e-12)
    late_s = np.hypot(APART_M, 2.0 * HEIGHT_M) / 299792458.0

    def pulse(at_s):
        u = np.pi * 1.8e9 * (time_s - at_s)
        return (1.0 - 2.0 * u**2) * np.exp(-(u**2))

    def scan(trace):
        data = trace + 0.002 * rng.normal(size=(30, time_s.size))
        places = np.array([[-APART_M / 2, 0.0, 0.0]]), np.array([[APART_M / 2, 0.0, 0.0]])
        made = GprData("impulse", np.arange(30) / 10.0, data, *places, np.zeros(30, np.intp), sample_time_s=time_s)
        return Scan(header(), still(30), made, None)

    direct = pulse(DELAY_S + APART_M / 299792458.0)
    found = radar_shots(scan(direct), scan(direct - 0.4 * pulse(DELAY_S + late_s)), Plate(HEIGHT_M, 0.0))
    assert found.system_delay_s == pytest.approx(DELAY_S, abs=max(3.0 * found.system_delay_std_s, 2e-12))
    assert found.system_delay_std_s < 5e-12
    with pytest.raises(UsageError, match="plate: its echo is not to be told"):
        radar_shots(scan(direct), scan(direct), Plate(HEIGHT_M, 0.0))  # two recordings of noise about one echo
    air = scan(direct)
    with pytest.raises(UsageError, match="plate: its echo is not to be told"):
        radar_shots(air, air, Plate(HEIGHT_M, 0.0))


def test_shots_that_do_not_belong_together_or_show_no_plate_are_refused(shots):
    air, plate = shots
    other = replace(plate, gpr=replace(plate.gpr, frequency_hz=FREQUENCY + 1.0))
    with pytest.raises(UsageError, match="plate: recorded with other frequencies than air"):
        radar_shots(air, other, Plate(HEIGHT_M))
    with pytest.raises(UsageError, match="plate: its echo is not to be told"):
        radar_shots(air, air, Plate(HEIGHT_M))
    with pytest.raises(UsageError, match="air: found no radar"):
        radar_shots(replace(air, gpr=None))
    assert radar_shots(air).system_delay_s is None
    lost = plate.gpr.data * np.where(np.arange(FREQUENCY.size) > 0, 1.0, np.nan)
    dumb = replace(plate, gpr=replace(plate.gpr, data=lost))
    with pytest.raises(UsageError, match=r"plate: 1 of \d+ columns hold no number"):
        radar_shots(air, dumb, Plate(HEIGHT_M))


GAIN = np.array([1.8 * np.exp(0.3j), 0.7 * np.exp(-0.1j), 1.1])


def passes(gain, seed=1, noise=2e-3, modality="frequency"):
    """Passes over the sphere, its metal as the simulator has it."""
    rng = np.random.default_rng(seed)
    detector = Detector(modality=modality)
    time_s = np.arange(0.0, 24.0, 0.02)
    y_m = -0.06 + 0.02 * np.floor(time_s / 3.0)
    x_m = 0.2 - 0.3 * np.cos(np.pi * time_s / 3.0)
    place = np.column_stack([x_m, y_m, np.full(time_s.size, 0.08)])
    metal = induction.spheroid_spectrum(
        semi_axis_m=SPHERE.radius_m,
        polar_semi_axis_m=SPHERE.radius_m,
        conductivity_s_m=SPHERE.conductivity_s_m,
        relative_permeability=1.0,
    )
    level = np.tile(np.eye(3), (time_s.size, 1, 1))
    response = coils._dipole(np.array(SPHERE.position_m), coils._tensor(metal, detector), detector, place, level)
    data = response * gain
    data = data + noise * np.abs(data).max(axis=0) * rng.normal(size=data.shape)
    data = data + 1e-6 * (1.0 + time_s[:, None] / 50.0)
    emi = EmiData(
        modality,
        time_s,
        data,
        np.array([detector.tx_radius_m]),
        np.array([detector.rx_radius_m]),
        np.array([detector.tx_position_m]),
        np.array([detector.rx_position_m]),
        np.ones(1),
        np.ones(1),
        np.zeros(time_s.size, np.intp),
        frequency_hz=np.array(detector.frequency_hz) if modality == "frequency" else None,
        gate_time_s=np.array(detector.gate_time_s) if modality == "pulse" else None,
    )
    return Scan(header(), Pose(time_s, place), None, emi)


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_gains_and_phases_are_those_that_the_detector_was_given(modality):
    columns = 3 if modality == "frequency" else len(Detector().gate_time_s)
    gain = GAIN if modality == "frequency" else np.linspace(0.8, 1.3, columns)
    found = sphere_shot(passes(gain, modality=modality), SPHERE)
    assert found.gain.shape == (1, columns)
    off = np.abs(found.gain[0] - gain)
    assert (off < 3.0 * np.hypot(found.gain_std[0], 3e-3 * np.abs(gain))).all()
    assert (found.gain_std[0] < 0.06 * np.abs(gain)).all()


def test_the_errors_of_the_gains_hold_that_of_the_spheres_place():
    sphere = replace(SPHERE, position_m=(0.20, 0.01, 0.004), position_std_m=0.004)
    found = sphere_shot(passes(GAIN), sphere)
    off = np.abs(found.gain[0] - GAIN)
    assert (off > 0.02 * np.abs(GAIN)).all()
    assert (off < 2.0 * found.gain_std[0]).all()


def test_a_sphere_that_is_not_seen_is_refused():
    scan = passes(GAIN)
    noise = 1e-7 * np.random.default_rng(8).normal(size=(2, *scan.emi.data.shape))
    with pytest.raises(UsageError, match="columns of channel 0 do not see it"):
        sphere_shot(replace(scan, emi=replace(scan.emi, data=noise[0] + 1j * noise[1])), SPHERE)
    with pytest.raises(UsageError, match="no metal detector"):
        sphere_shot(replace(passes(GAIN), emi=None), SPHERE)


def test_the_command_makes_a_profile_and_puts_scans_right(shots, tmp_path):
    """To the end: the ground's echo of a scan that was put right tells the ground that it was made over."""
    metal = passes(GAIN)
    rng = np.random.default_rng(9)
    ground = shot(sum(over(9.0, 0.08)), rng)
    ground = replace(ground, emi=replace(metal.emi, time_s=metal.emi.time_s / 10.0))
    for name, scan in (("air", shots[0]), ("plate", shots[1]), ("sphere", metal), ("ground", ground)):
        write_scan(scan, tmp_path / f"{name}.h5")
    words = ["--air", "air.h5", "--plate", "plate.h5", "--plate-height", HEIGHT_M, "--sphere", "sphere.h5"]
    words += ["--sphere-radius", SPHERE.radius_m, "--sphere-conductivity", SPHERE.conductivity_s_m, "--sphere-at"]
    words = [str(tmp_path / word) if str(word).endswith(".h5") else str(word) for word in words]
    profile, right = tmp_path / "profile.json", tmp_path / "right.h5"
    assert run(["calibrate", *words, "0.2", "0.01", "0.0", "-o", str(profile)]) == 0
    assert run(["calibrate", str(tmp_path / "ground.h5"), "--profile", str(profile), "-o", str(right)]) == 0
    scan = read_scan(right)
    assert scan.gpr.system_delay_s == pytest.approx(DELAY_S, abs=20e-12)
    direct = over(9.0)[0] * np.exp(-2j * np.pi * FREQUENCY * DELAY_S)
    np.testing.assert_allclose(scan.gpr.reference, direct, atol=2e-3 * np.abs(direct).max())
    np.testing.assert_allclose(scan.emi.data * GAIN, metal.emi.data, rtol=0.05)
    antennas = gpr.find_antennas(scan.imported["antennas"])
    assert antennas.kind == "plate"
    _, told = fields(
        antennas, FREQUENCY, np.array([0.08]), np.full((1, FREQUENCY.size), 9.0 + 0j), distance_m=APART_M
    )
    truth = over(9.0, 0.08)[1] / over(9.0)[0]
    assert np.median(np.abs(told[0, :, 0] / truth)) == pytest.approx(1.0, abs=0.15)
    assert run(["calibrate", str(right), "--profile", str(profile), "-o", str(tmp_path / "twice.h5")]) == 2
    own, before = tmp_path / "ground.h5", (tmp_path / "ground.h5").read_bytes()
    assert run(["calibrate", str(own), "--profile", str(profile), "-o", str(own), "--overwrite"]) == 2
    assert own.read_bytes() == before


def test_profiles_that_are_none_or_of_another_head_are_refused(shots, tmp_path):
    text = instrument_profile("bench head", radar=radar_shots(*shots, Plate(HEIGHT_M)))
    path = tmp_path / "p.json"
    path.write_text(text)
    profile = read_instrument_profile(path)
    with pytest.raises(UsageError, match="the scan is of 'other', the profile of bench head"):
        calibrated_scan(replace(shots[0], header=header("other")), profile)
    with pytest.raises(UsageError, match="radar: the profile is of sfcw data on another axis"):
        calibrated_scan(replace(shots[0], gpr=replace(shots[0].gpr, frequency_hz=FREQUENCY + 1e6)), profile)
    for wrong in (profile["radar"]["reference_real"][:5], [None] * FREQUENCY.size, [0.0] * FREQUENCY.size):
        radar = profile["radar"] | {"reference_real": wrong, "reference_imag": [0.0] * len(wrong)}
        with pytest.raises(UsageError, match="radar: the profile's reference"):
            calibrated_scan(shots[0], profile | {"radar": radar})
    nameless = json.dumps(profile | {"instruments": 5})
    for broken in ("[]", "{", nameless, json.dumps({"instruments": ["a"], "kind": "plate"})):
        path.write_text(broken)
        with pytest.raises(UsageError, match=r"p.json: "):
            read_instrument_profile(path)
    metal = passes(GAIN)
    tiny = {name: [[1e-300] * 3] for name in ("gain_real", "gain_imag")}
    emi = {"modality": "frequency", "frequency_hz": list(metal.emi.frequency_hz), **tiny}
    with pytest.raises(UsageError, match=r"emi: the profile has gains of 1\.41e-300 to .*, expected 1e-18"):
        calibrated_scan(metal, {"instruments": [metal.header.instrument], "emi": emi})
    with pytest.raises(UsageError, match="not as `calibrate` makes it"):
        calibrated_scan(shots[0], {"instruments": ["bench head"], "radar": {}})
    with pytest.raises(UsageError, match="a profile needs"):
        instrument_profile("bench head")
    assert gpr.find_antennas('{"kind": "plate"}') is None
    told = profile_text(radar_shots(*shots, Plate(HEIGHT_M)), None)
    assert re.search(r"system delay 31[67]\d\.\d ± \d\.\d ps", told)
